"""Whose a resource is: the search parameters by which a type lies in a patient's compartment.

Source: http://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from tools.definitions.package import Package, Table

PATIENT = "http://hl7.org/fhir/CompartmentDefinition/patient"


def make(package: Package) -> dict[str, list[str]]:
    """Resource type -> names of search parameters, in the definition's order; without types that lie in no compartment."""
    [found] = [each for each in package.of("CompartmentDefinition") if each["url"] == PATIENT]
    return {held["code"]: held["param"] for held in found["resource"] if held.get("param")}


COMPARTMENTS = Table(name="compartments", make=make)
