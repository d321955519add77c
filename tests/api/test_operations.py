"""$meta and $validate, and operations that there are not. http://hl7.org/fhir/R4/operations.html"""

import json

import pytest

CLIENT = "alfa-client"
PRACTITIONER = {"resourceType": "Practitioner", "active": True, "meta": {"tag": [{"system": "urn:t", "code": "x"}]}}


@pytest.fixture(scope="module")
def id(light):
    return light.post("/fhir/Practitioner", CLIENT, resource=PRACTITIONER).json()["id"]


def said(answer):
    assert answer.json()["resourceType"] == "OperationOutcome"
    return [(each["severity"], each.get("expression", [""])[0]) for each in answer.json()["issue"]]


def test_meta_gives_what_the_resource_is_labelled_with(light, id):
    for method in ("GET", "POST"):
        answer = light.do(method, f"/fhir/Practitioner/{id}/$meta", CLIENT)
        [found] = answer.json()["parameter"]
        assert found["name"] == "return"
        assert found["valueMeta"]["tag"] == [{"system": "urn:t", "code": "x"}]
        assert found["valueMeta"] == light.get(f"/fhir/Practitioner/{id}", CLIENT).json()["meta"]
    assert light.get(f"/fhir/Practitioner/{id}/$meta?x=1", CLIENT).status_code == 400


def test_meta_of_what_is_withheld_is_that_of_what_never_was(shared):
    patient = shared.enroll()
    me, hidden = shared.patient_person(patient), shared.hold(patient, secret=True)
    answers = [shared.get(f"/fhir/Observation/{name}/$meta", me) for name in (hidden, "never")]
    assert [each.status_code for each in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def parameters(**given):
    held = [{"name": name, "resource" if isinstance(value, dict) else "valueString": value} for name, value in given.items()]
    return {"resourceType": "Parameters", "parameter": held}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (PRACTITIONER, [("information", "")]),
        (parameters(resource=PRACTITIONER, mode="create"), [("information", "")]),
        (
            parameters(resource=PRACTITIONER, profile="http://hl7.org/fhir/StructureDefinition/Practitioner"),
            [("information", "")],
        ),
        ({"resourceType": "Practitioner", "active": "yes"}, [("error", "Practitioner.active")]),
        (parameters(resource={"resourceType": "Practitioner", "gender": "x"}), [("error", "Practitioner.gender")]),
        ({"resourceType": "Organization", "name": "x"}, [("error", "resourceType")]),
        ({"resourceType": "Nope"}, [("error", "resourceType")]),
    ],
)
def test_validate_says_what_is_wrong_and_where_and_keeps_nothing(light, body, expected):
    before = light.get("/fhir/Practitioner?_count=0", CLIENT).json()["total"]
    answer = light.post("/fhir/Practitioner/$validate", CLIENT, resource=body)
    assert (answer.status_code, said(answer)) == (200, expected)
    assert light.log()[-1]["action"] == "validate"
    assert light.get("/fhir/Practitioner?_count=0", CLIENT).json()["total"] == before


def test_validate_judges_an_instance_as_it_stands_or_as_it_would_stand(light, id):
    path = f"/fhir/Practitioner/{id}/$validate"
    assert said(light.get(path, CLIENT)) == [("information", "")]
    assert said(light.post(path, CLIENT, resource=PRACTITIONER | {"id": id})) == [("information", "")]
    assert said(light.post(path, CLIENT, resource=PRACTITIONER | {"id": "other"})) == [("error", "Practitioner.id")]
    assert light.get("/fhir/Practitioner/never/$validate", CLIENT).status_code == 404
    assert light.post("/fhir/Practitioner/never/$validate", CLIENT, resource=PRACTITIONER).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        parameters(mode="create"),
        parameters(resource=PRACTITIONER, mode="delete"),
        parameters(resource=PRACTITIONER, mode="nope"),
        parameters(resource=PRACTITIONER, profile="http://example.org/other"),
        parameters(resource=PRACTITIONER, other="x"),
        {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": PRACTITIONER}] * 2},
        {"resourceType": "Parameters", "parameter": [{"name": ["x"]}]},
        {"resourceType": "Parameters", "parameter": 7},
    ],
    ids=json.dumps,
)
def test_what_validate_cannot_read_or_do_is_refused(light, body):
    answer = light.post("/fhir/Practitioner/$validate", CLIENT, resource=body)
    assert answer.status_code == 400, answer.text
    assert light.log()[-1]["outcome"] == "refuse"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/fhir/$nope"),
        ("POST", "/fhir/$nope"),
        ("GET", "/fhir/Practitioner/$nope"),
        ("POST", "/fhir/Practitioner/$nope"),
        ("GET", "/fhir/Practitioner/x/$nope"),
        ("POST", "/fhir/Practitioner/x/$nope"),
        ("POST", "/fhir/Practitioner/x/$everything"),
        ("POST", "/fhir/Patient/x/y/$everything"),
    ],
)
def test_an_operation_that_is_not_there_is_404(light, method, path):
    answer = light.do(method, path, CLIENT)
    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_the_statement_names_the_operations_that_there_are(light):
    rest = light.get("/fhir/metadata").json()["rest"][0]
    held = {each["type"]: {one["name"] for one in each.get("operation", ())} for each in rest["resource"]}
    assert held["Practitioner"] == {"meta", "validate"}
    assert held["Patient"] == {"everything", "meta", "validate"}
    codes = {each["type"]: {one["code"] for one in each["interaction"]} for each in rest["resource"]}
    assert {"patch", "history-type", "history-instance"} <= codes["Practitioner"]
    assert "history-system" in {each["code"] for each in rest["interaction"]}
