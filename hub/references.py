"""Business identifiers in a mapped entry become literal references, or go. Pure but for the keyed hash it is given.

What an entry may point at: its own resources, its patient, and the directory. A reference to another entry is left out, since the
reader may not be allowed to know that the other exists (LEAKS.md row 10); the source's bytes keep it.
"""

from collections.abc import Callable, Mapping
from operator import is_not
from typing import Any

from hub.directory import Directory
from hub.fhir.bounded import Bounded
from hub.fhir.encoded import Encoded, encoded, in_json, of_elements
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES, Identifier, hsa_id
from hub.fhir.identity import logical_id
from hub.fhir.json import dumps
from hub.fhir.resource import Resource

MARK = "?identifier="
_MARK = MARK.encode()
_SETTLED: Bounded[bytes] = Bounded(4096)
"""Elements in which nothing is to be resolved and nothing is empty: most are met again (codes, units)."""
_LONG = 1024
"""Bytes of an element: a longer one is not remembered."""
_NOTHING = frozenset(("id", "url"))
"""What an element that lost its value may still have, and says nothing by: an extension's name."""
DIRECTORY_TYPES = frozenset(("Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService"))

Resolve = Callable[[str, Identifier], str | None]
"""(type, business identifier) -> literal reference, or None: nothing that may be pointed at."""


def resolver(
    patient: Identifier, patient_id: str, own: Mapping[tuple[str, Identifier], str], directory: Directory, key: bytes
) -> Resolve:
    """Resolve what one entry may point at. `own`: (type, key) -> id of the entry's resources."""

    def resolve(resource_type: str, identifier: Identifier) -> str | None:
        if resource_type == "Patient":
            return f"Patient/{patient_id}" if identifier == patient else None
        if (resource_type, identifier) in own:
            return f"{resource_type}/{own[resource_type, identifier]}"
        if resource_type in DIRECTORY_TYPES and identifier.system in (HSA_ID, HSA_ID_OF_BASE_PROFILES):
            return in_directory(resource_type, hsa_id(identifier.value) or "", directory, key)
        return None

    return resolve


def settled(resource: Resource, resolve: Resolve, met: dict[bytes, tuple[Any, bytes]]) -> Encoded:
    """A resource as `resolved` gives it, in JSON: what holds nothing that is to be resolved or left out is not looked into.

    Takes: `met`: what elements of the same entry became, by how they were written: whose it is is said in each of its resources.
    What is met now is added.
    """
    elements = in_json(resource)
    changed: dict[str, Any] = {}
    renewed: dict[str, bytes] = {}
    for name, written in elements.items():
        if written not in _SETTLED and _is_unsettled(written):
            if written not in met:
                value = _within(resource[name], resolve)
                met[written] = value, dumps(value)
            changed[name], renewed[name] = met[written]
    if None in changed.values():
        return encoded({name: value for name, value in (resource | changed).items() if value is not None})
    return of_elements(resource | changed, elements | renewed)


def _is_unsettled(written: bytes) -> bool:
    """Whether something may be to be resolved or left out in an element that was not met before."""
    if _MARK in written or b"{}" in written or b"[]" in written or b":null" in written:
        return True
    if len(written) <= _LONG:
        _SETTLED.remember(written)
    return False


def resolved(element: Resource, resolve: Resolve) -> Any:
    """The element with every business reference made literal, or without it. None: nothing is left of it.

    Gives: the same object where nothing in it changes, as in most.
    """
    changed: dict[str, Any] = {}
    for name, value in element.items():
        if type(value) is not str:
            new = _within(value, resolve)
            if new is not value or new is None:
                changed[name] = new
        elif MARK in value and name == "reference":
            return _reference(element, value, resolve)
        elif MARK in value and name == "url" and value.startswith("Binary"):
            changed[name] = resolve(*_parts(value))
    if not changed:
        return element or None
    left = {name: value for name, value in (element | changed).items() if value is not None}
    lost = len(left) < len(element)
    return None if not left or (lost and left.keys() <= _NOTHING) else left


def _within(value: Any, resolve: Resolve) -> Any:
    if type(value) is dict:
        return resolved(value, resolve)
    if type(value) is not list:
        return value
    made = [_within(each, resolve) for each in value]
    if not any(map(is_not, made, value)):
        return value or None
    kept = [new for new, written in zip(made, value, strict=True) if new is not None or written is None]
    return kept or None  # a null keeps its place


def _reference(element: Resource, written: str, resolve: Resolve) -> Resource | None:
    resource_type, identifier = _parts(written)
    literal = resolve(resource_type, identifier)
    if literal:
        return element | {"reference": literal}
    if resource_type not in DIRECTORY_TYPES:
        return None
    left = {"type": resource_type} | {name: value for name, value in element.items() if name != "reference"}
    return left if left.keys() & {"identifier", "display"} else None


def _parts(written: str) -> tuple[str, Identifier]:
    resource_type, _, identifier = written.partition(MARK)
    system, _, value = identifier.partition("|")
    return resource_type, Identifier(system, value)


def directory_id(key: bytes, resource_type: str, hsa: str) -> str:
    """The id of a resource of the directory."""
    return logical_id(key, resource_type, "directory", hsa)


def in_directory(resource_type: str, hsa: str, directory: Directory, key: bytes) -> str | None:
    """The literal reference of an employee, provider or unit; None: the directory knows no such."""
    held: Mapping[str, tuple[Mapping[str, Any], ...]] = {
        "Practitioner": (directory.staff,),
        "Organization": (directory.providers, directory.units),
        "Location": (directory.units,),
    }
    known = any(hsa in each for each in held.get(resource_type, ()))
    return f"{resource_type}/{directory_id(key, resource_type, hsa)}" if known else None
