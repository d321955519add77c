"""Protected identity: what tells where a person lives or is cared for is taken out, before it is indexed or shown.

Deciding who needs the whole is the caller's. Allow-lists: an element that is not known to be harmless goes.
Source: HL7 Sweden, CodeSystem SecurityLabel; Skatteverket: sekretessmarkering, skyddad folkbokföring.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from hub.fhir.resource import Resource

SECURITY_LABEL = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
LABELS = frozenset(("sekretessmarkering", "skyddadFolkbokforing"))

_ALWAYS = frozenset(("resourceType", "id", "meta", "implicitRules", "identifier", "active"))
_KEPT: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Patient": _ALWAYS
        | {"name", "gender", "birthDate", "deceasedBoolean", "deceasedDateTime", "multipleBirthBoolean", "multipleBirthInteger"}
        | {"maritalStatus", "communication", "link"},
        "RelatedPerson": _ALWAYS | {"patient", "relationship"},
        "Location": _ALWAYS | {"status", "mode"},
    }
)
"""Of a protected person, of someone close to them, and of a protected place."""
_PLACES = frozenset(("Location", "Organization", "HealthcareService", "PractitionerRole", "Endpoint"))
_PLACE_ELEMENTS = frozenset(
    ("location", "locationReference", "serviceProvider", "managingOrganization", "onBehalfOf")
) | frozenset(("custodian", "origin", "destination", "provider", "facility", "manufacturer", "authority"))
_WHEREABOUTS = frozenset(("address", "telecom", "valueAddress", "valueContactPoint"))
_MACHINES = frozenset(("network", "site"))
"""Of an AuditEvent: whence somebody asked."""
_TOLD: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "Appointment": frozenset(("description", "comment", "patientInstruction", "supportingInformation", "slot")),
        "Encounter": frozenset(("location", "hospitalization")),
    }
)
"""Free text and places that have no use without their content."""
_READERS: Mapping[str, frozenset[str]] = MappingProxyType({"Consent": frozenset(("organization", "provision"))})
"""Who may read: the use of a consent, and no place of care in itself."""
_ROLE = frozenset(("resourceType", "id", "practitioner", "organization"))
"""Of a role contained in a consent: which employee, in which unit."""
_LOCAL_SYSTEM = re.compile(r"urn:hub:|[A-Z]{2}[0-9]{10}-", re.IGNORECASE)
"""A namespace of identifiers that a source's name or HSA-id is part of."""
PROTECTED_SYSTEM = "urn:hub:protected"
"""What stands in its place."""
_NO_NARRATIVE: Resource = {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Skyddad uppgift</div>'}
_MASKED: Resource = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


def is_protected(patient: Resource) -> bool:
    """Whether a Patient is labelled as a person with protected identity."""
    security = patient.get("meta", {}).get("security", ())
    return any(label.get("system") == SECURITY_LABEL and label.get("code") in LABELS for label in security)


def masked(resource: Resource) -> Resource:
    """A protected person's Patient or RelatedPerson, or a protected Location, with only what tells no place.

    Raises: ValueError: a resource of another type (`without_places` is for those).
    """
    kept = _KEPT.get(resource.get("resourceType", ""))
    if kept is None:
        raise ValueError("only Patient, RelatedPerson and Location are masked whole")
    held = {name: value for name, value in resource.items() if name in kept or name.removeprefix("_") in kept}
    return held | ({"identifier": _neutral(held["identifier"])} if "identifier" in held else {})


def hidden(resource: Resource) -> Resource:
    """What may be kept of a protected person's resource, whatever its type."""
    return masked(resource) if resource["resourceType"] in ("Patient", "RelatedPerson") else without_places(resource)


def without_places(resource: Resource) -> Resource:
    """A resource about a protected person, without the places it names: references, addresses, phone numbers, narrative.

    Gives: the same structure, still valid: what must be there is marked as masked (`data-absent-reason`).
    """
    told = _TOLD.get(resource.get("resourceType", ""), frozenset())
    kept = {name: value for name, value in resource.items() if name not in told | {"text", "meta"}}
    meta = {name: value for name, value in resource.get("meta", {}).items() if name != "source"}  # the system tells the region
    contained = {each.get("id"): each for each in kept.pop("contained", ()) if isinstance(each, dict)}
    readers = _READERS.get(resource.get("resourceType", ""), frozenset())
    roles = {name for name, each in contained.items() if readers and each.get("resourceType") == "PractitionerRole"}
    places = {f"#{name}" for name, each in contained.items() if each.get("resourceType") in _PLACES and name not in roles}
    shown = [
        {part: value for part, value in each.items() if part in _ROLE} if name in roles else without_places(each)
        for name, each in contained.items()
        if f"#{name}" not in places
    ]
    shared = ({"meta": meta} if meta else {}) | ({"contained": shown} if shown else {})
    return {name: value if name in readers else _clean(name, value, frozenset(places)) for name, value in kept.items()} | shared


def _clean(name: str, value: Any, places: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_clean(name, each, places) for each in value]
    if not isinstance(value, dict):
        return value
    if "div" in value:
        return _NO_NARRATIVE
    if _is_place(name, value, places) or name in _WHEREABOUTS:
        return _MASKED
    inside = {inner: _clean(inner, each, places) for inner, each in value.items() if inner not in _MACHINES}
    return _neutral(inside) if name == "identifier" else inside


def _neutral(identifier: Any) -> Any:
    """Identifiers whose namespace does not tell whose they are."""
    if isinstance(identifier, list):
        return [_neutral(each) for each in identifier]
    if not isinstance(identifier, dict) or not _LOCAL_SYSTEM.search(_text(identifier.get("system"))):
        return identifier
    return {name: value for name, value in identifier.items() if name != "assigner"} | {"system": PROTECTED_SYSTEM}


def _is_place(name: str, value: Resource, places: frozenset[str]) -> bool:
    """A Reference to a place, or an element that can hold nothing else."""
    written = value.get("reference")
    parts = written.split("?")[0].split("/") if isinstance(written, str) else []
    if _text(value.get("type")) in _PLACES or _text(written) in places or not _PLACES.isdisjoint(parts):
        return True
    return name in _PLACE_ELEMENTS and not value.keys().isdisjoint(("reference", "identifier", "display"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
