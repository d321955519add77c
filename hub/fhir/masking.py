"""Protected identity: what tells where a person lives or is cared for is taken out, before it is indexed or shown.

Deciding who needs the whole is the caller's. Allow-lists: an element that is not known to be harmless goes.
Source: HL7 Sweden, CodeSystem SecurityLabel; Skatteverket: sekretessmarkering, skyddad folkbokföring.
"""

from collections.abc import Mapping
from types import MappingProxyType

from hub.fhir._whereabouts import PLACES, STAFF, Contained, veiled
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
_EMPLOYEE = frozenset(("resourceType", "id", "name"))
"""Of somebody of the staff who is contained: who it is, and nothing that leads on."""


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
    return veiled(held, resource["resourceType"], {})


def hidden(resource: Resource) -> Resource:
    """What may be kept of a protected person's resource, whatever its type."""
    return masked(resource) if resource["resourceType"] in ("Patient", "RelatedPerson") else without_places(resource)


def without_places(resource: Resource) -> Resource:
    """A resource about a protected person, without the places it names: references, addresses, phone numbers, narrative.

    Gives: the same structure, still valid: what must be there is marked as masked (`data-absent-reason`).
    """
    kind = resource.get("resourceType", "")
    gone, readers = _TOLD.get(kind, frozenset()) | {"text", "meta", "contained"}, _READERS.get(kind, frozenset())
    said = {name: value for name, value in resource.get("meta", {}).items() if name != "source"}  # the system tells the region
    meta = veiled(said, "Meta", {})
    contained = [each for each in resource.get("contained", ()) if isinstance(each, dict)]
    shown = [made for each in contained if (made := _contained(each, bool(readers)))]
    places = {f"#{each.get('id')}": _as_contained(each) for each in contained}
    kept = {name: value for name, value in resource.items() if name not in gone}
    clear = veiled({name: value for name, value in kept.items() if name not in readers}, kind, places)
    body = {name: value if name in readers else clear[name] for name, value in kept.items()}
    return body | ({"meta": meta} if meta else {}) | ({"contained": shown} if shown else {})


def _as_contained(held: Resource) -> Contained:
    employee = held.get("practitioner")
    name = employee.get("display") if isinstance(employee, dict) else None
    return Contained(str(held.get("resourceType", "")), name if isinstance(name, str) else "")


def _contained(held: Resource, of_consent: bool) -> Resource | None:
    """What may be kept of a contained resource; None: it is a place."""
    kind = held.get("resourceType", "")
    if kind == "PractitionerRole" and of_consent:
        return {name: value for name, value in held.items() if name in _ROLE}
    if kind == STAFF:
        return veiled({name: value for name, value in held.items() if name in _EMPLOYEE}, STAFF, {})
    return None if kind in PLACES else hidden(held) if kind else without_places(held)
