"""Whose record a written resource is to lie in."""

from collections.abc import Callable, Iterator
from typing import Any

from hub.caller import Caller
from hub.errors import Unprocessable
from hub.fhir import pointing
from hub.fhir.compartment import patients as compartments
from hub.fhir.compartment import references
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier, is_sound
from hub.fhir.identity import rid
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.interactions.scopes import GIVEN, chosen
from hub.store import patients
from hub.store.database import Connection
from hub.store.deposit import open_record
from hub.store.held_entry import source_at
from hub.store.patients import Facts
from hub.store.tables import NO_PATIENT

STRANGER = "names a Patient whom this server does not know: write the Patient first, or refer to the hub's"


def patient_key(connection: Connection, key: bytes, caller: Caller, resource: Resource) -> int:
    """The patient key of the one record that a resource names.

    Raises: Unprocessable: it names nobody that the caller may write of, or several.
    """
    if caller.kind == "system":
        return _of_source(connection, key, caller.source, resource)
    named = compartments(resource)
    found = {patients.locate(connection, key, "Patient", each) for each in named}
    if len(named) == 1 and None not in found:
        [pk] = found
        assert pk is not None
        if caller.kind != "patient" or caller.person in map(str, patients.facts_of(connection, pk)[1].numbers):
            return pk
    raise Unprocessable("name exactly one patient whom you may write of, by a reference to the hub's Patient", _place(resource))


def _of_source(connection: Connection, key: bytes, source: str, resource: Resource) -> int:
    """The record of the Patient that a resource names: the source's own, the hub's, or a person by number. What names no
    Patient at all lies apart from every record.

    Raises: Unprocessable: it names a Patient whom nobody here knows, or several.
    """
    if resource["resourceType"] == "Patient":
        return _of_person(connection, key, source, resource)
    found: set[int] = set()
    for each in references(resource):
        found.update(_meant(connection, key, source, resource, each))
        if len(found) > 1:
            raise Unprocessable("names another patient than what stands before it", _at(resource, each))
    return next(iter(found), NO_PATIENT)


def _meant(connection: Connection, key: bytes, source: str, resource: Resource, reference: Resource) -> Iterator[int]:
    """The records of the Patients that one reference of a resource means, by id and by number."""
    written, identifier = reference.get("reference"), reference.get("identifier")
    if isinstance(written, str) and written.startswith("Patient/"):
        fhir_id = written.split("/")[1]
        pk = _own_patient(connection, key, source, fhir_id)
        pk = _person(connection, key, fhir_id) if pk is None else pk
        if pk is None:
            raise Unprocessable(STRANGER, _at(resource, reference))
        yield pk
    elif isinstance(written, str) and "/Patient/" in written:
        raise Unprocessable("a Patient is referred to as Patient/[id], of this server", _at(resource, reference))
    if isinstance(identifier, dict) and reference.get("type") in (None, "Patient"):
        numbers = _numbers([identifier], lambda _: f"{_at(resource, reference)}.identifier")
        yield from (patients.enroll(connection, key, Facts((each,))) for each in numbers)


def _person(connection: Connection, key: bytes, fhir_id: str) -> int | None:
    """The record of a person whom the hub knows by this id; a Patient that another source made up is none."""
    pk = patients.locate(connection, key, "Patient", fhir_id)
    if not pk:
        return None
    known_as, facts = patients.facts_of(connection, pk)
    return pk if facts.numbers and known_as == fhir_id else None


def _numbers(identifiers: Any, place: Callable[[int], str]) -> list[Identifier]:
    """The personal numbers among identifiers, each once. Takes: `place`: where the one at that place in the list is.

    Raises: Unprocessable: one that has a wrong form or check digit.
    """
    found: dict[Identifier, None] = {}
    for at, each in enumerate(identifiers):
        number = Identifier(each.get("system", ""), each.get("value", ""))
        if number.system in (PERSONNUMMER, SAMORDNINGSNUMMER) and number.value:
            if not is_sound(number):
                raise Unprocessable("a personal number has a wrong form or check digit", place(at))
            found[number] = None
    return list(found)


def _own_patient(connection: Connection, key: bytes, source: str, fhir_id: str) -> int | None:
    """The record of a Patient that this source has written; other Patients do not exist for it."""
    for scope in (GIVEN, chosen(source)):
        number = rid(key, f"{scope}Patient", fhir_id)
        if source_at(connection, number, "Patient") == source:
            return patients.locate(connection, key, f"{scope}Patient", fhir_id)
    return None


def _of_person(connection: Connection, key: bytes, source: str, resource: Resource) -> int:
    """The record that a source's own Patient lies in: the person's, if a number tells who it is; otherwise one of its own.

    Raises: Unprocessable: a wrong number, or several that the hub does not know to be one person's.
    """
    numbers = _numbers(resource.get("identifier", []), lambda at: f"Patient.identifier[{at}]")
    if len(numbers) > 1:
        known = patients.pks_of(connection, key, numbers)
        if len(known) < len(numbers) or len(set(known)) > 1:
            raise Unprocessable("the numbers are not known to be one person's", "Patient.identifier")
    if numbers:
        return patients.enroll(connection, key, Facts((numbers[0],)))
    pk = rid(key, "patient-key", f"{source}/{resource['id']}") or 1
    open_record(connection, resource["id"], pk)
    return pk


def _at(resource: Resource, reference: Resource) -> str:
    """Where in a resource a reference is, as FHIRPath."""
    return next((place for place, each in pointing.references(resource) if each is reference), _place(resource))


def _place(resource: Resource) -> str:
    """Where a resource says whose it is."""
    paths = TYPES[resource["resourceType"]].patient
    return f"{resource['resourceType']}.{paths[0]}" if paths else resource["resourceType"]
