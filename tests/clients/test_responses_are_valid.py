"""Answers of every shape are valid FHIR R4, by the hub's own validator and by fhirkit, Google's and Medplum's."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
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


HERE = Path(__file__).parent
JUDGES = {
    "google": (HERE.parents[1] / "var" / "google-fhir" / "bin" / "python", HERE / "google_fhir" / "judge.py"),
    "medplum": (Path(shutil.which("node") or "node"), HERE / "node" / "judge.mjs"),
}
"""Validators that run beside the tests, each in an environment of its own, which `make clients` makes."""


@pytest.fixture(scope="module", params=JUDGES)
def judge(request: pytest.FixtureRequest) -> Iterator[Callable[[bytes], str]]:
    """What a validator has against a resource; empty: nothing."""
    runs, program = JUDGES[request.param]
    if not runs.exists() or (request.param == "medplum" and not (HERE / "node" / "node_modules").is_dir()):
        pytest.skip(f"the validator of {request.param} is not installed: make clients")
    with subprocess.Popen([str(runs), str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout

        def judged(content: bytes) -> str:
            process.stdin.write(content.replace(b"\n", b" ") + b"\n")
            process.stdin.flush()
            return str(json.loads(process.stdout.readline()))

        yield judged
        process.stdin.close()


def resources(patient: str) -> list[dict[str, Any]]:
    """One of many types, as a source would write it."""
    subject = {"reference": patient}
    code = {"coding": [{"system": "http://loinc.org", "code": "29463-7"}], "text": "Kroppsvikt"}
    active = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}
    return [
        {"resourceType": "Observation", "status": "final", "code": code, "subject": subject, "valueString": "å"},
        {"resourceType": "Condition", "code": code, "subject": subject},
        {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": subject},
        {"resourceType": "Goal", "lifecycleStatus": "active", "description": {"text": "gå"}, "subject": subject},
        {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, "subject": subject},
        {"resourceType": "Procedure", "status": "completed", "subject": subject},
        {"resourceType": "AllergyIntolerance", "patient": subject, "clinicalStatus": active},
        {"resourceType": "Immunization", "status": "completed", "vaccineCode": code, "patient": subject, "occurrenceString": "x"},
        {"resourceType": "Task", "status": "requested", "intent": "order", "for": subject},
        {"resourceType": "QuestionnaireResponse", "status": "completed", "subject": subject},
        {"resourceType": "Flag", "status": "active", "code": code, "subject": subject},
        {"resourceType": "List", "status": "current", "mode": "working", "subject": subject},
        {"resourceType": "CareTeam", "status": "active", "subject": subject},
        {"resourceType": "Communication", "status": "completed", "subject": subject},
        {"resourceType": "DiagnosticReport", "status": "final", "code": code, "subject": subject},
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": subject,
            "content": [{"attachment": {"title": "t"}}],
        },
        {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": subject}
        | {"medicationCodeableConcept": code},
        {"resourceType": "MedicationStatement", "status": "active", "medicationCodeableConcept": code, "subject": subject},
        {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "subject": subject},
        {"resourceType": "Specimen", "subject": subject},
        {
            "resourceType": "Provenance",
            "target": [subject],
            "recorded": "2026-01-01T00:00:00Z",
            "agent": [{"who": {"display": "x"}}],
        },
        {"resourceType": "Appointment", "status": "proposed", "participant": [{"actor": subject, "status": "accepted"}]},
        {"resourceType": "Medication", "code": code},
        {"resourceType": "Practitioner", "name": [{"family": "Ek"}]},
        {"resourceType": "Location", "name": "Plats", "position": {"longitude": 18.06850, "latitude": 59.3293}},
        {"resourceType": "Questionnaire", "status": "active"},
        {"resourceType": "Organization", "name": "Enhet"},
        {"resourceType": "ValueSet", "status": "active", "url": "http://example.org/ValueSet/a"},
    ]


def made_version(http: httpx.Client, address: str) -> str:
    return str(http.get(f"/{address}").json()["meta"]["versionId"])


def bundle(kind: str, patient: str) -> dict[str, Any]:
    read = {"request": {"method": "GET", "url": patient}}
    made = {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "active": True}}
    found = {"request": {"method": "GET", "url": "Patient?_summary=count"}}
    return {"resourceType": "Bundle", "type": kind, "entry": [made, read, found]}


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
        "version": http.get(f"/{patient}/_history/{made_version(http, patient)}"),
        "history of a type": http.get("/Patient/_history?_count=2"),
        "history of all": http.get("/_history?_count=2"),
        "meta": http.get(f"/{patient}/$meta"),
        "validated": http.post("/Patient/$validate", content=json.dumps({"resourceType": "Patient", "active": "x"})),
        "valid": http.post("/Patient/$validate", content=json.dumps({"resourceType": "Patient", "active": True})),
        "updated": http.put(f"/{patient}", content=json.dumps({"resourceType": "Patient", "id": patient[8:], "active": True})),
        "batch": http.post("", content=json.dumps(bundle("batch", patient))),
        "transaction": http.post("", content=json.dumps(bundle("transaction", patient))),
        "refused transaction": http.post("", content=json.dumps(bundle("transaction", "Patient/never-issued"))),
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


def test_every_answer_is_valid_by_validators_of_other_houses(
    answers: dict[str, httpx.Response], judge: Callable[[bytes], str]
) -> None:
    assert {what: said for what, answer in answers.items() if (said := judge(answer.content))} == {}


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Observation", "status": "final"},
        {"resourceType": "Patient", "active": "x"},
        {"resourceType": "Patient", "colour": "x"},
        {"resourceType": "Patient", "name": {"family": "x"}},
    ],
)
def test_those_validators_find_what_is_wrong(resource: dict[str, Any], judge: Callable[[bytes], str]) -> None:
    assert judge(json.dumps(resource).encode())
    assert judge(b'{"resourceType":"Patient","active":true}') == ""


def test_what_was_asked_was_answered_as_meant(answers: dict[str, httpx.Response]) -> None:
    expected = {"create": 201, "refused": (400, 404, 422), "not": 404, "no": (404, 401, 405)}
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
