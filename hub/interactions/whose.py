"""Whose record a written resource is to lie in."""

from hub.caller import Caller
from hub.errors import Unprocessable
from hub.fhir.compartment import patients as compartments
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier, is_sound
from hub.fhir.identity import rid
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.store import patients
from hub.store.database import Connection
from hub.store.deposit import open_record
from hub.store.held_entry import source_at
from hub.store.patients import Facts
from hub.store.tables import NO_PATIENT


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
    """The record of the source's own Patient that a resource names; what names none of them lies apart from every record."""
    if resource["resourceType"] == "Patient":
        return _of_person(connection, key, source, resource)
    found = {pk for each in compartments(resource) if (pk := _own_patient(connection, key, source, each)) is not None}
    if len(found) > 1:
        raise Unprocessable("names several patients", _place(resource))
    return next(iter(found), NO_PATIENT)


def _own_patient(connection: Connection, key: bytes, source: str, fhir_id: str) -> int | None:
    """The record of a Patient that this source has written; other Patients do not exist for it."""
    for scope in ("", f"{source}/"):
        number = rid(key, f"{scope}Patient", fhir_id)
        if source_at(connection, number, "Patient") == source:
            return patients.locate(connection, key, f"{scope}Patient", fhir_id)
    return None


def _of_person(connection: Connection, key: bytes, source: str, resource: Resource) -> int:
    """The record that a source's own Patient lies in: the person's, if a number tells who it is; otherwise one of its own."""
    numbers = [Identifier(each.get("system", ""), each.get("value", "")) for each in resource.get("identifier", [])]
    sound = [each for each in numbers if each.system in (PERSONNUMMER, SAMORDNINGSNUMMER) and is_sound(each)]
    if sound:
        return patients.enroll(connection, key, Facts((sound[0],)))
    pk = rid(key, "patient-key", f"{source}/{resource['id']}") or 1
    open_record(connection, resource["id"], pk)
    return pk


def _place(resource: Resource) -> str:
    paths = TYPES[resource["resourceType"]].patient
    return f"{resource['resourceType']}.{paths[0]}" if paths else resource["resourceType"]
