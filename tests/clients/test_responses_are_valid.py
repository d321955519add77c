"""Answers of every shape are valid FHIR R4, by the hub's own validator and by one of other hands (fhirkit)."""

import json
from collections.abc import Iterator
from typing import Any

import fhirkit
import httpx
import pytest

from hub.fhir.json import loads
from hub.fhir.validation import validate
from hub.fhir.xml_reader import loads_xml
from tests.clients.conftest import Served


@pytest.fixture(scope="module")
def http(served: Served) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {served.token}", "Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=served.base, headers=headers) as made:
        yield made


def resources(patient: str) -> list[dict[str, Any]]:
    """One of many types, as a source would write it."""
    subject = {"reference": patient}
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}], "text": "Kroppsvikt"}
    return [
        {"resourceType": "Observation", "status": "final", "code": code, "subject": subject, "valueString": "å"},
        {"resourceType": "Condition", "code": code, "subject": subject},
        {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": subject},
        {"resourceType": "Goal", "lifecycleStatus": "active", "description": {"text": "gå"}, "subject": subject},
        {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, "subject": subject},
        {"resourceType": "Procedure", "status": "completed", "subject": subject},
        {"resourceType": "AllergyIntolerance", "patient": subject},
        {"resourceType": "Immunization", "status": "completed", "vaccineCode": code, "patient": subject, "occurrenceString": "x"},
        {"resourceType": "Task", "status": "requested", "intent": "order", "for": subject},
        {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": subject},
        {"resourceType": "Flag", "status": "active", "code": code, "subject": subject},
        {"resourceType": "List", "status": "current", "mode": "working", "subject": subject},
        {"resourceType": "Organization", "name": "Enhet"},
        {"resourceType": "ValueSet", "status": "active", "url": "http://example.org/ValueSet/a"},
    ]


@pytest.fixture(scope="module")
def answers(http: httpx.Client) -> dict[str, httpx.Response]:
    """What was asked -> the answer."""
    made = http.post("/Patient", content=json.dumps({"resourceType": "Patient", "name": [{"family": "Giltig"}]}))
    patient = f"Patient/{made.json()['id']}"
    found = {"create Patient": made, "metadata": http.get("/metadata")}
    for each in resources(patient):
        name = each["resourceType"]
        found[f"create {name}"] = made = http.post(f"/{name}", content=json.dumps(each))
        id = made.json()["id"]
        found[f"read {name}"] = http.get(f"/{name}/{id}")
        found[f"history of {name}"] = http.get(f"/{name}/{id}/_history")
        found[f"search {name}"] = http.get(f"/{name}?_count=2&_total=accurate")
    found |= {
        "everything": http.get(f"/{patient}/$everything"),
        "included": http.get(f"/Observation?patient={patient}&_include=*"),
        "summary": http.get(f"/Observation?patient={patient}&_summary=true"),
        "elements": http.get(f"/Observation?patient={patient}&_elements=code"),
        "of all types": http.get("?_type=Observation,Condition&_count=3"),
        "nothing found": http.get("/Observation?code=nothing"),
        "not found": http.get("/Observation/never-issued"),
        "refused parameter": http.get("/Observation?nonsense=1"),
        "refused resource": http.post("/Observation", content=json.dumps({"resourceType": "Observation", "status": "x"})),
        "refused body": http.post("/Observation", content="{"),
        "no such type": http.get("/Nonsense"),
        "no token": httpx.get(f"{http.base_url}Observation/x"),
        "no such method": http.request("TRACE", "/Observation"),
    }
    return found


def test_every_answer_is_valid_by_two_validators(answers: dict[str, httpx.Response]) -> None:
    wrong = {
        what: problems
        for what, answer in answers.items()
        if (problems := [*map(str, validate(loads(answer.content))), *_by_another(answer.content)])
    }
    assert wrong == {}


def test_what_was_asked_was_answered_as_meant(answers: dict[str, httpx.Response]) -> None:
    expected = {"create": 201, "refused": (400, 422), "not": 404, "no": (404, 401, 405)}
    for what, answer in answers.items():
        wanted = expected.get(what.partition(" ")[0], 200)
        wanted = 200 if what == "nothing found" else wanted
        assert answer.status_code in (wanted if isinstance(wanted, tuple) else (wanted,)), what


def test_every_answer_says_the_same_in_xml(http: httpx.Client, answers: dict[str, httpx.Response]) -> None:
    for what, answer in answers.items():
        if what.startswith(("read", "metadata")):
            xml = http.get(str(answer.request.url), headers={"Accept": "application/fhir+xml"})
            assert xml.headers["content-type"].startswith("application/fhir+xml"), what
            assert loads_xml(xml.content) == loads(answer.content), what


def _by_another(content: bytes) -> list[str]:
    return [f"{each.path}: {each.message}" for each in fhirkit.validate(content) if each.severity == "error"]
