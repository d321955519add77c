"""A resource is its JSON object. Nothing here copies or changes one in place."""

from typing import Any

Resource = dict[str, Any]
"""A FHIR resource as its JSON object; decimals are `decimal.Decimal`."""


def reference(resource_type: str, system: str, value: str, display: str | None = None) -> Resource:
    """A Reference to what has this business identifier, for `hub.ingest` to resolve.

    Gives: `{"reference": "Type?identifier=system|value", …}`; mappers write no other literal references.
    """
    written: Resource = {"reference": f"{resource_type}?identifier={system}|{value}"}
    return written | ({"display": display} if display else {})
