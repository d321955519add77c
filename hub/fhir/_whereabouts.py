"""What tells where somebody is, taken out of an object: found by the types that HL7's definitions give its elements.

A reference that does not say what it is to goes as well, unless nothing but harmless types can stand there: in Swedish practice a
unit is mostly named by its HSA-id and a name, with neither a literal reference nor a type. Of staff the name stays, so that a
reader knows who wrote; the reference and the HSA-id go, for they lead on to where somebody works, and an HSA-id tells for whom.
Source: http://hl7.org/fhir/R4/references.html
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub.fhir.elements import Written, definition, is_primitive, resource_types
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES, PERSONNUMMER, SAMORDNINGSNUMMER
from hub.fhir.resource import Resource

PLACES = frozenset(("Location", "Organization", "HealthcareService", "PractitionerRole", "Endpoint"))
PEOPLE = frozenset(("Patient", "RelatedPerson", "Person", "Practitioner"))
_PLACE_ELEMENTS = frozenset(
    ("location", "locationReference", "serviceProvider", "managingOrganization", "onBehalfOf")
) | frozenset(("custodian", "origin", "destination", "provider", "facility", "manufacturer", "authority"))
_PLACE_CODES = frozenset(("locationCode", "facilityType"))
"""Codes and texts that name a place."""
_WHEREABOUTS = frozenset(("address", "telecom", "valueAddress", "valueContactPoint"))
_WHERE = frozenset(("Address", "ContactPoint"))
_ELSEWHERE = frozenset(("network", "site", "fullUrl"))
"""Whence somebody asked, of an AuditEvent; where a resource lies, of one that is contained in a Bundle."""
_REFERENCE = frozenset(("reference", "identifier", "display"))
_OF_REFERENCE = _REFERENCE | {"type", "id", "extension", "_reference", "_display", "_type"}
_HSA_IDS = frozenset((HSA_ID, HSA_ID_OF_BASE_PROFILES))
STAFF = "Practitioner"
_OURS = "urn:hub:"
_LOCAL_SYSTEM = re.compile(r"urn:hub:|[A-Z]{2}[0-9]{10}-", re.IGNORECASE)
"""A namespace of identifiers or codes that the name or HSA-id of a source or unit is part of."""
_HSA_ID = re.compile(r"[A-Z]{2}[0-9]{10}-[A-Z0-9]+[:|^.]?", re.IGNORECASE)
"""As sources put their own before a number that is unique only among theirs."""
_WORDS = frozenset(("string", "markdown"))
_UNTOLD = "(skyddad uppgift)"
"""What stands for an HSA-id in a text."""
PROTECTED_SYSTEM = "urn:hub:protected"
"""What stands in its place."""
_NO_NARRATIVE: Resource = {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Skyddad uppgift</div>'}
_MASKED: Resource = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


class Contained(NamedTuple):
    """A contained resource, as references to it need it."""

    kind: str
    employee: str = ""
    """Of a PractitionerRole: the name of whose it is."""


def veiled(held: Resource, type_name: str, contained: Mapping[str, Contained]) -> Resource:
    """An object without what tells a place, its structure still as its type has it.

    Takes: `type_name`: of a resource, a datatype or an element, as the definitions name it; `contained`: by the reference to it.
    """
    known = _elements(type_name)
    return {name: _veiled(name, value, known.get(name), contained) for name, value in held.items()}


def _elements(type_name: str) -> Mapping[str, Written]:
    try:
        return definition(type_name).written
    except KeyError:  # beside a value, or nothing of R4's: judged by names alone
        return {}


def _veiled(name: str, value: Any, element: Written | None, contained: Mapping[str, Contained]) -> Any:
    if isinstance(value, list):
        return [_veiled(name, each, element, contained) for each in value]
    if isinstance(value, str):
        said = element is not None and element.type in _WORDS and name != "value"  # that of an identifier is looked at with it
        return _HSA_ID.sub(_UNTOLD, value) if said else value
    if not isinstance(value, dict):
        return value
    kind = "" if element is None or is_primitive(element.type) else element.type
    if kind == "Narrative" or "div" in value:
        return _NO_NARRATIVE
    if kind == "Resource" and value.get("resourceType") in PLACES | PEOPLE:
        return {"resourceType": value["resourceType"]}
    if kind in _WHERE or name in _WHEREABOUTS or name in _PLACE_CODES or value.get("system") in _HSA_IDS:
        return _MASKED
    if kind == "Reference" or (not kind and value.keys() <= _OF_REFERENCE):
        left = _of_reference(name, value, element if kind else None, contained)
        if left is not value:
            return left
    inside = {each: part for each, part in value.items() if each not in _ELSEWHERE}
    type_name = _text(value.get("resourceType")) if kind == "Resource" else kind or ("Extension" if _is_extension(name) else "")
    return _neutral(veiled(inside, type_name, contained), kind == "Identifier" or name == "identifier")


def _is_extension(name: str) -> bool:
    return name in ("extension", "modifierExtension")


def _of_reference(name: str, value: Resource, element: Written | None, contained: Mapping[str, Contained]) -> Resource:
    """What is left of a Reference that is to a place or to staff, or may be; itself, where it is to neither."""
    if value.keys().isdisjoint(_REFERENCE):
        return value
    found = _kinds(value, contained)
    if "PractitionerRole" in found and (who := contained.get(_text(value.get("reference")), Contained("")).employee):
        return _named({"display": who})
    if name in _PLACE_ELEMENTS or not PLACES.isdisjoint(found):
        return _MASKED
    if found or _is_harmless(value):
        return _named(value) if STAFF in found else value
    targets = element.element.targets if element else frozenset()
    if not targets or not PLACES.isdisjoint(targets):
        return _MASKED
    return _named(value) if STAFF in targets else value


def _named(employee: Resource) -> Resource:
    """A reference to staff: by name, or to what is contained, of which the name is left."""
    shown = {"display": _HSA_ID.sub(_UNTOLD, _text(employee["display"]))} if "display" in employee else {}
    if _text(employee.get("reference")).startswith("#"):
        return {"reference": employee["reference"]} | shown
    return {"type": STAFF} | shown if shown else _MASKED


def _kinds(value: Resource, contained: Mapping[str, Contained]) -> set[str]:
    """The resource types that a reference says that it is to."""
    written = _text(value.get("reference"))
    held = contained.get(written, Contained("")).kind
    said = {held, *written.split("?")[0].split("/"), _text(value.get("type")).rsplit("/", 1)[-1]}
    return said & resource_types()


def _is_harmless(reference: Resource) -> bool:
    """Whether a reference names a person by number, or by an identifier of the hub's own, and nothing else."""
    identifier = reference.get("identifier")
    system = _text(identifier.get("system")) if isinstance(identifier, dict) else ""
    return system in (PERSONNUMMER, SAMORDNINGSNUMMER) or (system.startswith(_OURS) and "display" not in reference)


def _neutral(held: Resource, identifies: bool) -> Resource:
    """An identifier or a code whose namespace does not tell whose it is; nor does how an identifier begins."""
    value = _text(held.get("value"))
    if identifies and _HSA_ID.search(value):
        left = _HSA_ID.sub("", value)
        held = held | {"value": left} if left else {each: part for each, part in held.items() if each != "value"}
    if not _LOCAL_SYSTEM.search(_text(held.get("system"))):
        return held
    return {name: value for name, value in held.items() if name != "assigner"} | {"system": PROTECTED_SYSTEM}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
