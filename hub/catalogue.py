"""The directory as FHIR: Organization, Location, Practitioner, PractitionerRole. Any signed-in person sees it.

Staff and places with protected identity are masked before they are stored, so that no search, sort or include can tell.
"""

from collections.abc import Iterator, Mapping

from hub.directory import Directory, Provider, Staff, Unit
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identifiers import HSA_ID
from hub.fhir.identity import rid
from hub.fhir.resource import Resource
from hub.references import directory_id
from hub.store.deposit import Record, deposit, entries_of
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

SOURCE = "directory"
FAMILY = "directory"
BEFATTNING = "urn:oid:1.2.752.129.2.2.1.4"
ORGANISATION_NUMBER = "urn:oid:2.5.4.97"
PROTECTED = "Skyddad uppgift"


def called(places: Mapping[str, Provider] | Mapping[str, Unit], id: str | None) -> str:
    """What everybody may know a care provider or unit by, of one of these; empty: there is none of that id."""
    held = places.get(id) if id else None
    return "" if held is None else PROTECTED if isinstance(held, Unit) and held.protected else held.name


def deposit_directory(store: Store, directory: Directory) -> None:
    """Bring the stored directory up to date with the configured one; what is no longer in it is withdrawn."""
    key = store.keys.identity
    custody = Custody(source=SOURCE, provider=None, unit=None, info_type=SOURCE, regime="SVOD")
    records = [
        Record(rid(key, "entry", f"{SOURCE}\0{each['resourceType']}/{each['id']}"), FAMILY, custody, (encoded(each),))
        for each in resources(directory, key)
    ]
    with store.database.writing() as connection:
        gone = entries_of(connection, NO_PATIENT, SOURCE, FAMILY) - {record.entry for record in records}
        deposit(connection, key, NO_PATIENT, records, gone, store.now())


def resources(directory: Directory, key: bytes) -> Iterator[Resource]:
    """Every resource of the directory, with its id."""
    for provider in directory.providers.values():
        held = {"identifier": [_hsa(provider.hsa_id)], "active": True, "name": provider.name}
        if provider.org_number:
            held["identifier"] = [_hsa(provider.hsa_id), {"system": ORGANISATION_NUMBER, "value": provider.org_number}]
        yield {"resourceType": "Organization", "id": directory_id(key, "Organization", provider.hsa_id)} | held
    for unit in directory.units.values():
        yield from _unit(unit, key)
    for person in directory.staff.values():
        yield from _person(person, key)


def _unit(unit: Unit, key: bytes) -> Iterator[Resource]:
    name = PROTECTED if unit.protected else unit.name
    owner = {"reference": f"Organization/{directory_id(key, 'Organization', unit.provider)}"}
    named = {"identifier": [_hsa(unit.hsa_id)], "active": True, "name": name, "partOf": owner}
    yield {"resourceType": "Organization", "id": directory_id(key, "Organization", unit.hsa_id)} | named
    itself = {"reference": f"Organization/{directory_id(key, 'Organization', unit.hsa_id)}"}
    place = {"identifier": [_hsa(unit.hsa_id)], "status": "active", "name": name, "managingOrganization": itself}
    address = {"address": {"city": unit.city}} if unit.city and not unit.protected else {}
    yield {"resourceType": "Location", "id": directory_id(key, "Location", unit.hsa_id)} | place | address


def _person(person: Staff, key: bytes) -> Iterator[Resource]:
    id = directory_id(key, "Practitioner", person.hsa_id)
    name = {"text": PROTECTED} if person.protected else {"given": [person.given], "family": person.family}
    yield {"resourceType": "Practitioner", "id": id, "identifier": [_hsa(person.hsa_id)], "active": True, "name": [name]}
    if person.protected:
        return
    for unit in person.units:
        role: Resource = {
            "resourceType": "PractitionerRole",
            "id": directory_id(key, "PractitionerRole", f"{person.hsa_id}/{unit}"),
            "active": True,
            "practitioner": {"reference": f"Practitioner/{id}", "display": f"{person.given} {person.family}"},
            "organization": {"reference": f"Organization/{directory_id(key, 'Organization', unit)}"},
        }
        coding = {"coding": [{"system": BEFATTNING, "code": person.role}]} if person.role else {}
        text = {"text": person.title} if person.title else {}
        yield role | ({"code": [coding | text]} if coding or text else {})


def _hsa(value: str) -> Resource:
    return {"system": HSA_ID, "value": value}
