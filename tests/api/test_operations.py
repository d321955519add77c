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
        parameters(resource=PRACTITIONER, mode="update"),
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
    assert [each["name"] for each in rest["operation"]] == ["meta"]
    assert held["Practitioner"] == {"meta", "validate"}
    assert held["Patient"] == {"everything", "meta", "validate"}
    codes = {each["type"]: {one["code"] for one in each["interaction"]} for each in rest["resource"]}
    assert {"patch", "history-type", "history-instance"} <= codes["Practitioner"]
    assert "history-system" in {each["code"] for each in rest["interaction"]}


# $meta of a type and of everything


def gathered(answer):
    assert answer.status_code == 200, answer.text
    return next((each["valueMeta"] for each in answer.json().get("parameter", ())), {})


def test_meta_of_a_type_and_of_all_is_of_what_is_there_each_label_once(house):
    assert gathered(house.get("/fhir/$meta", CLIENT)) == {}
    tag, other = {"system": "urn:t", "code": "A", "display": "Ett"}, {"system": "urn:t", "code": "b"}
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    profile = "http://example.org/StructureDefinition/mine"
    for name, meta in (
        ("Practitioner", {"tag": [tag]}),
        ("Practitioner", {"tag": [tag, other], "profile": [profile]}),
        ("Organization", {"security": [label]}),
        ("Organization", {"source": "http://example.org/nothing-else"}),
    ):
        assert house.post(f"/fhir/{name}", CLIENT, resource={"resourceType": name, "meta": meta}).status_code == 201
    gone = house.post(
        "/fhir/Practitioner", CLIENT, resource={"resourceType": "Practitioner", "meta": {"tag": [{"code": "gone"}]}}
    )
    house.do("DELETE", f"/fhir/Practitioner/{gone.json()['id']}", CLIENT)
    for method in ("GET", "POST"):
        of_type = gathered(house.do(method, "/fhir/Practitioner/$meta", CLIENT))
        assert (sorted(of_type["tag"], key=str), of_type["profile"]) == (sorted([tag, other], key=str), [profile])
        assert "security" not in of_type
        assert gathered(house.do(method, "/fhir/$meta", CLIENT))["security"] == [label]
    assert gathered(house.get("/fhir/Practitioner/$meta", "beta-client")) == {}
    assert house.get("/fhir/Practitioner/$meta?x=1", CLIENT).status_code == 400
    assert house.log()[-1]["outcome"] == "refuse"


def test_meta_of_a_type_is_of_what_is_released_alone(shared, kit):
    patient = shared.enroll()
    me = shared.patient_person(patient)
    for code, secret in (("seen", False), ("hidden", True)):
        shared.hold(patient, resource=kit.observation(patient, meta={"tag": [{"system": "urn:t", "code": code}]}), secret=secret)
    assert gathered(shared.get("/fhir/Observation/$meta", me)) == {"tag": [{"system": "urn:t", "code": "seen"}]}
    assert gathered(shared.get("/fhir/$meta", me)) == {"tag": [{"system": "urn:t", "code": "seen"}]}


# $validate of what is to be done


def tried(house, path, resource=None, mode="", who=CLIENT):
    sent = parameters(**({"resource": resource} if resource else {}), mode=mode)
    answer = house.post(f"/fhir/{path}/$validate", who, resource=sent)
    assert answer.status_code == 200, answer.text
    return said(answer)


WELL = [("information", "")]


def test_validate_tells_whether_it_could_be_done_and_does_nothing(shared):
    house = shared
    made = house.post("/fhir/Patient", CLIENT, resource={"resourceType": "Patient"}).json()
    path, observed = f"Patient/{made['id']}", {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    stranger = observed | {"subject": {"reference": "Patient/never-issued"}}
    before = house.get("/fhir/_history?_count=0", CLIENT).json()["total"]
    assert tried(house, "Observation", observed | {"subject": {"reference": path}}, "create") == WELL
    assert tried(house, "Observation", stranger, "create") == [("error", "Observation.subject")]
    assert tried(house, "Observation", stranger) == WELL
    absolute = house.get(f"/fhir/Patient?_id={made['id']}", CLIENT).json()["entry"][0]["fullUrl"]
    assert tried(house, "Observation", observed | {"subject": {"reference": absolute}}, "create") == WELL
    by_search = observed | {"subject": {"reference": f"Patient?_id={made['id']}"}}
    assert tried(house, "Observation", by_search, "create") == [("error", "Observation.subject.reference")]
    assert tried(house, "Observation", by_search) == WELL
    assert tried(house, path, {"active": True}, "delete") == [("error", "resourceType")]
    assert tried(house, "Observation", observed | {"status": "x"}, "create") == [("error", "Observation.status")]
    assert tried(house, path, made | {"active": True}, "update") == WELL
    assert tried(house, "Patient", made | {"active": True}, "update") == WELL
    assert tried(house, path, made | {"active": "x"}, "update") == [("error", "Patient.active")]
    assert tried(house, path, mode="delete") == WELL
    assert house.get(f"/fhir/{path}/$validate?mode=delete", CLIENT).status_code == 200
    assert house.get("/fhir/_history?_count=0", CLIENT).json()["total"] == before
    assert house.get(f"/fhir/{path}", CLIENT).json() == made


def test_validate_tells_who_may_not_do_it(shared, kit):
    patient = shared.enroll()
    me, seen = shared.patient_person(patient), shared.hold(patient)
    own = kit.observation(patient)
    assert tried(shared, "Observation", own, "create", me) == WELL
    assert tried(shared, f"Observation/{seen}", own | {"id": seen}, "update", me) == [("error", "")]
    assert tried(shared, f"Observation/{seen}", mode="delete", who=me) == [("error", "")]
    other = kit.observation(shared.enroll())
    assert tried(shared, "Observation", other, "create", me)[0][0] == "error"
    assert shared.get("/fhir/Observation?_summary=count", me).json()["total"] == 1
    assert {each["action"] for each in shared.log()[-6:-1] if each["outcome"] == "permit"} == {"validate", "read"}
