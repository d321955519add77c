"""What each shape of search costs, and a transaction, among few patients and among many times as many. In turns, so that both
meet the same machine."""

import http.client
import statistics
from collections.abc import Callable
from urllib.parse import urlsplit

from bench import client, requests, server
from bench.client import Request
from bench.measures import _once
from bench.server import Server
from bench.site import Site
from bench.table import Result
from hub.fhir.json import dumps, loads

SEARCHES = {
    "token": "Observation?patient={patient}&code=NPU02319",
    "date": "Observation?patient={patient}&date=ge2026-01-01&date=lt2026-09-01",
    "string": "Patient?_id={patient}&family={family}",
    "quantity": "Observation?patient={patient}&value-quantity=gt100",
    "chained": "Observation?patient={patient}&subject:Patient.birthdate=lt1900",
    "_include": "Observation?patient={patient}&_include=Observation:subject",
    "sorted": "Observation?patient={patient}&_sort=code,-date",
    "first page of 5": "Observation?patient={patient}&_count=5",
}
"""What is measured -> the search."""
TENTH = "tenth page of 5"
TRANSACTION = "transaction of 50"
ENTRIES = 50


def shapes(small: Site, large: Site, patients: int, times: int, rounds: int, count: int) -> list[Result]:
    """Microseconds of each shape among `patients`, and how many times that it is among `times` as many."""
    few, many = server.start(small), server.start(large)
    try:
        cases: list[tuple[str, Callable[[Server], list[Request]]]] = [
            *((f"search: {what}", _searching(search, patients, count)) for what, search in SEARCHES.items()),
            (f"search: {TENTH}", _tenth(patients, count)),
            (TRANSACTION, _transactions(max(count // ENTRIES, 4))),
        ]
        return [each for what, make in cases for each in _measured(what, few, many, make, times, rounds)]
    finally:
        few.stop()
        many.stop()


def _measured(
    what: str, few: Server, many: Server, make: Callable[[Server], list[Request]], times: int, rounds: int
) -> list[Result]:
    costs, ratios = [], []
    for number in range(rounds + 1):
        [least], [cost] = _once(few, make(few)), _once(many, make(many))
        if number:
            costs.append(least)
            ratios.append(cost / least)
    return [
        Result(what, statistics.median(costs), "us", min(costs), "sqlite"),
        Result(f"{what}, {times} times the patients", statistics.median(ratios), "times", min(ratios), "sqlite"),
    ]


def _searching(search: str, patients: int, count: int) -> Callable[[Server], list[Request]]:
    def make(running: Server) -> list[Request]:
        token = running.site.physician()
        found = []
        for row, _ in requests.visits(patients, False, count):
            patient = requests._patient(running.site, row)
            family = f"provperson{row}"
            found.append(client.get("/fhir/" + search.format(patient=patient, family=family), token))
        return found

    return make


def _tenth(patients: int, count: int) -> Callable[[Server], list[Request]]:
    """The tenth page of each of some patients, asked for again and again: its link says nothing of a session."""

    def make(running: Server) -> list[Request]:
        token = running.site.physician()
        rows = dict.fromkeys(row for row, _ in requests.visits(patients, False, 40))
        links = [_tenth_link(running, requests._patient(running.site, row), token) for row in rows]
        return [client.get(links[n % len(links)], token) for n in range(count)]

    return make


def _tenth_link(running: Server, patient: str, token: str) -> str:
    link = f"/fhir/Observation?patient={patient}&_count=5"
    for _ in range(9):
        connection = http.client.HTTPConnection("127.0.0.1", running.port)
        connection.request("GET", link, headers={"Authorization": f"Bearer {token}"})
        bundle = loads(connection.getresponse().read())
        connection.close()
        parts = urlsplit(next(each["url"] for each in bundle["link"] if each["relation"] == "next"))
        link = f"{parts.path}?{parts.query}"
    return link


def _transactions(count: int) -> Callable[[Server], list[Request]]:
    """Bundles of a source's client: a Patient and what is measured of the patient."""

    def make(running: Server) -> list[Request]:
        token = running.site.system()
        return [client.post("/fhir", token, _bundle(), 200) for _ in range(count)]

    return make


def _bundle() -> bytes:
    name = "urn:uuid:5a6f2c2e-6f0e-4d0e-8a38-0b8f6a5f8c11"
    patient = {"resourceType": "Patient", "name": [{"family": "Prov"}]}
    entries = [{"fullUrl": name, "resource": patient, "request": {"method": "POST", "url": "Patient"}}]
    for number in range(ENTRIES - 1):
        observation = {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
            "subject": {"reference": name},
            "effectiveDateTime": f"2026-10-{number % 28 + 1:02d}T08:00:00+02:00",
            "valueQuantity": {"value": 50 + number, "unit": "slag/min", "system": "http://unitsofmeasure.org", "code": "/min"},
        }
        entries.append({"resource": observation, "request": {"method": "POST", "url": "Observation"}})
    return dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
