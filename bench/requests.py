"""The requests of the bench: which person, which resource, in which order."""

from collections.abc import Iterator

from bench import client, world
from bench.client import Request
from bench.load import granted
from bench.site import Site
from hub.fhir.json import dumps
from hub.store.patients import patient_id

VISIT = 10
"""Requests about one person in a row, as an overview makes them."""


def _patient(site: Site, row: int) -> str:
    return patient_id(site.keys.identity, world.person(row).number)


def visits(patients: int, bare: bool, count: int, length: int = VISIT) -> Iterator[tuple[int, int]]:
    """(row, number in the visit). `bare`: persons without any grounds."""
    rows = [row for row in range(patients) if not world.withholding(row) and granted(row) is not bare]
    for number in range(count):
        yield rows[number // length % len(rows)], number % length


def reads(site: Site, patients: int, count: int, bare: bool = False, length: int = VISIT) -> list[Request]:
    """Reads of Observations by id."""
    token, key = site.physician(), site.keys.identity
    return [
        client.get(f"/fhir/Observation/{world.observation_id(key, row, n % world.REPORTS, n % world.RESULTS)}", token)
        for row, n in visits(patients, bare, count, length)
    ]


def searches(site: Site, patients: int, count: int, bare: bool = False, length: int = VISIT) -> list[Request]:
    """Searches that give fifty Observations."""
    asked = {row: search_of(site, row) for row, _ in visits(patients, bare, count, length)}
    return [asked[row] for row, _ in visits(patients, bare, count, length)]


def search_of(site: Site, row: int) -> Request:
    """A search that gives a person's fifty Observations."""
    return client.get(f"/fhir/Observation?patient={_patient(site, row)}&_count=50", site.physician())


def creates(site: Site, patients: int, count: int, persons: int = 64) -> list[Request]:
    """Patients' own measurements, written by themselves."""
    own = [(_patient(site, row), site.patient(world.person(row), _patient(site, row))) for row in range(min(persons, patients))]
    return [client.post("/fhir/Observation", own[n % len(own)][1], _measurement(own[n % len(own)][0], n)) for n in range(count)]


def _measurement(patient: str, number: int) -> bytes:
    return dumps(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [
                {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
            ],
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}], "text": "Puls"},
            "subject": {"reference": f"Patient/{patient}"},
            "performer": [{"reference": f"Patient/{patient}"}],
            "effectiveDateTime": f"2026-10-{number % 28 + 1:02d}T08:{number % 60:02d}:00+02:00",
            "valueQuantity": {
                "value": 50 + number % 60,
                "unit": "slag/min",
                "system": "http://unitsofmeasure.org",
                "code": "/min",
            },
        }
    )
