"""What tells where somebody is, taken out of an object: found by the types that HL7's definitions give its elements.

A reference that does not say what it is to goes as well, unless nothing but harmless types can stand there: in Swedish practice a
unit is mostly named by its HSA-id and a name, with neither a literal reference nor a type.
Source: http://hl7.org/fhir/R4/references.html
"""

import re
from collections.abc import Mapping
from typing import Any

from hub.fhir.elements import Written, definition, is_primitive, resource_types
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES, PERSONNUMMER, SAMORDNINGSNUMMER
from hub.fhir.resource import Resource

PLACES = frozenset(("Location", "Organization", "HealthcareService", "PractitionerRole", "Endpoint"))
_PLACE_ELEMENTS = frozenset(
    ("location", "locationReference", "serviceProvider", "managingOrganization", "onBehalfOf")
) | frozenset(("custodian", "origin", "destination", "provider", "facility", "manufacturer", "authority"))
_PLACE_CODES = frozenset(("locationCode", "facilityType"))
"""Codes and texts that name a place."""
_WHEREABOUTS = frozenset(("address", "telecom", "valueAddress", "valueContactPoint"))
_WHERE = frozenset(("Address", "ContactPoint"))
_MACHINES = frozenset(("network", "site"))
"""Of an AuditEvent: whence somebody asked."""
_REFERENCE = frozenset(("reference", "identifier", "display"))
_OF_REFERENCE = _REFERENCE | {"type", "id", "extension"}
_OURS = "urn:hub:"
_LOCAL_SYSTEM = re.compile(r"urn:hub:|[A-Z]{2}[0-9]{10}-", re.IGNORECASE)
"""A namespace of identifiers or codes that the name or HSA-id of a source or unit is part of."""
_HSA_ID = re.compile(r"[A-Z]{2}[0-9]{10}-[A-Z0-9]+[:|^.]?", re.IGNORECASE)
"""As sources put their own before a number that is unique only among theirs."""
PROTECTED_SYSTEM = "urn:hub:protected"
"""What stands in its place."""
_NO_NARRATIVE: Resource = {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Skyddad uppgift</div>'}
_MASKED: Resource = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}


def veiled(held: Resource, type_name: str, contained: Mapping[str, str]) -> Resource:
    """An object without what tells a place, its structure still as its type has it.

    Takes: `type_name`: of a resource, a datatype or an element, as the definitions name it; `contained`: the type of each
    contained resource, by the reference to it.
    """
    known = _elements(type_name)
    return {name: _veiled(name, value, known.get(name), contained) for name, value in held.items()}


def _elements(type_name: str) -> Mapping[str, Written]:
    try:
        return definition(type_name).written
    except KeyError:  # beside a value, or nothing of R4's: judged by names alone
        return {}


def _veiled(name: str, value: Any, element: Written | None, contained: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_veiled(name, each, element, contained) for each in value]
    if not isinstance(value, dict):
        return value
    kind = "" if element is None or is_primitive(element.type) else element.type
    if kind == "Narrative" or "div" in value:
        return _NO_NARRATIVE
    if kind in _WHERE or name in _WHEREABOUTS or name in _PLACE_CODES or _is_to_place(name, value, kind, element, contained):
        return _MASKED
    inside = {each: part for each, part in value.items() if each not in _MACHINES}
    type_name = _text(value.get("resourceType")) if kind == "Resource" else kind or ("Extension" if _is_extension(name) else "")
    return _neutral(veiled(inside, type_name, contained), name)


def _is_extension(name: str) -> bool:
    return name in ("extension", "modifierExtension")


def _is_to_place(name: str, value: Resource, kind: str, element: Written | None, contained: Mapping[str, str]) -> bool:
    """Whether it is a Reference that is to a place, or may be."""
    looks = value.keys() <= _OF_REFERENCE and not value.keys().isdisjoint(_REFERENCE)
    if kind not in ("Reference", "") or not (kind or looks):
        return False
    if name in _PLACE_ELEMENTS and not value.keys().isdisjoint(_REFERENCE):
        return True
    found = _kinds(value, contained)
    if found:
        return not PLACES.isdisjoint(found)
    targets = element.element.targets if element and kind else frozenset()
    return looks and not _is_harmless(value) and not (targets and PLACES.isdisjoint(targets))


def _kinds(value: Resource, contained: Mapping[str, str]) -> set[str]:
    """The resource types that a reference says that it is to."""
    written = _text(value.get("reference"))
    said = {contained.get(written, ""), *written.split("?")[0].split("/"), _text(value.get("type")).rsplit("/", 1)[-1]}
    return said & resource_types()


def _is_harmless(reference: Resource) -> bool:
    """Whether a reference names a person by number, or by an identifier of the hub's own, and nothing else."""
    identifier = reference.get("identifier")
    system = _text(identifier.get("system")) if isinstance(identifier, dict) else ""
    return system in (PERSONNUMMER, SAMORDNINGSNUMMER) or (system.startswith(_OURS) and "display" not in reference)


def _neutral(held: Resource, name: str) -> Resource:
    """An identifier or a code whose namespace does not tell whose it is; nor does how an identifier begins, but for staff."""
    value = _text(held.get("value"))
    if name == "identifier" and held.get("system") not in (HSA_ID, HSA_ID_OF_BASE_PROFILES) and _HSA_ID.search(value):
        left = _HSA_ID.sub("", value)
        held = held | {"value": left} if left else {each: part for each, part in held.items() if each != "value"}
    if not _LOCAL_SYSTEM.search(_text(held.get("system"))):
        return held
    return {name: value for name, value in held.items() if name != "assigner"} | {"system": PROTECTED_SYSTEM}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
