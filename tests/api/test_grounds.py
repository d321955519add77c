"""Registering, listing and ending grounds at /access: who may, for how long, and what it opens. API.md section 2."""

import json
from datetime import UTC, datetime

import pytest

from hub.errors import InvalidRequest
from hub.interactions.body import Body
from hub.interactions.registered import LONGEST_REVOKE


@pytest.fixture
def patient(shared):
    return shared.enroll()


def register(house, who, kind, patient, **body):
    return house.post(f"/access/{kind}", who, json={"patient": patient.id} | body)


def test_a_ground_is_registered_listed_and_ended_by_whose_it_is(shared, kit, patient):
    made = register(shared, "doctor", "relations", patient)
    assert made.status_code == 201
    held = made.json()
    assert (held["kind"], held["unit"], held["employee"], held["state"]) == ("relation", kit.U1, kit.E1, "active")
    assert held["end"] == "2040-11-28T09:00:00+00:00"
    assert shared.get(f"/access/relations?patient={patient.id}", "doctor").json() == {"relations": [held]}
    for other in ("nurse", "sister", "doctor-vg", shared.patient_person(patient)):
        answer = shared.get(f"/access/relations?patient={patient.id}", other)
        if other != "doctor-vg":  # the same person in the same unit, under another commission
            assert answer.json() == {"relations": []}
            assert shared.do("DELETE", f"/access/relations/{held['id']}", other).status_code == 404
    ended = shared.post(f"/access/relations/{held['id']}/end", "doctor")
    assert (ended.status_code, ended.json()["state"]) == (200, "ended")
    assert shared.do("DELETE", f"/access/blocks/{held['id']}", "doctor").status_code == 404
    assert [entry["action"] for entry in shared.log() if held["id"] in entry.get("grounds", ())] == [
        "register-relation",
        "end-relation",
    ]


def test_what_is_listed_is_ones_own(shared, kit, patient):
    me = shared.patient_person(patient)
    shared.near(patient)
    given = shared.consent(patient).json()["id"]
    block = register(shared, me, "blocks", patient, type="outer", provider=kit.P2).json()["id"]
    share = register(shared, me, "shares", patient, unit=kit.U1).json()["id"]

    def ids(kind, who):
        return [each["id"] for each in shared.get(f"/access/{kind}?patient={patient.id}", who).json()[kind]]

    assert (ids("consents", me), ids("blocks", me), ids("shares", me)) == ([given], [block], [share])
    assert (ids("consents", "doctor"), ids("blocks", "doctor"), ids("shares", "doctor")) == ([given], [], [])
    assert (ids("consents", "sister"), ids("blocks", "blocker2"), ids("blocks", "blocker")) == ([], [block], [])
    assert shared.get(f"/access/blocks?patient={patient.id}", shared.patient_person(shared.enroll())).status_code == 404
    for who in ("reviewer", "technician", "alfa-client", shared.patient_person(patient, "guardian")):
        for id in (patient.id, "nobody"):
            refused = shared.get(f"/access/blocks?patient={id}", who)
            assert (refused.status_code, "listed for the staff" in refused.text) == (403, True)
    for who in (me, "doctor"):
        assert "name the patient" in shared.get("/access/blocks", who).text


def test_a_worklist_need_names_the_unit_and_opens_its_list(shared, kit, patient):
    id = shared.hold(patient, provider=kit.P1, unit=kit.U2)
    assert shared.get("/fhir/Observation", "sister").json()["total"] == 0
    need = shared.post("/access/needs", "sister", json={"type": "worklist", "reason": "dagens lista"})
    assert need.status_code == 201
    assert id in shared.found("/fhir/Observation", "sister")
    assert shared.get("/fhir/Observation", "doctor").json()["total"] == 0
    assert shared.do("DELETE", f"/access/needs/{need.json()['id']}", "sister").status_code == 200
    assert shared.get("/fhir/Observation", "sister").json()["total"] == 0


def test_an_emergency_shows_and_opens_in_two_steps_of_ones_own_for_an_hour(house, kit):
    patient, other = house.enroll(), house.enroll()
    id, others = house.hold(patient), house.hold(other)
    path = f"/fhir/Observation?patient={patient.id}"
    told = {"type": "emergency", "reason": "medvetslös", "providers": [kit.P2.lower()]}
    house.post("/access/needs", "doctor", json={"patient": patient.id, "type": "relevance", "reason": "vård"})
    assert register(house, "doctor", "assertions", patient, step=2, **told).status_code == 409
    first = register(house, "doctor", "assertions", patient, **told)
    assert first.status_code == 201
    assert house.found(path, "doctor") == []
    assert register(house, "nurse", "assertions", patient, step=2, **told).status_code == 409
    assert register(house, "doctor-vg", "assertions", other, step=2, **told).status_code == 409
    second = register(house, "doctor", "assertions", patient, step=2, **told)
    assert (second.status_code, second.json()["follows"]) == (201, first.json()["id"])
    assert house.found(path, "doctor") == [id]
    assert house.get(f"/fhir/Observation/{others}", "doctor").status_code == 404
    entry = house.log()[-3]
    assert (entry["action"], entry["details"]["step"]) == ("register-assertion", 2)
    assert "medvetslös" not in json.dumps(house.log(), ensure_ascii=False)  # what may be clinical lies beside the entry
    read = house.get(f"/access/log?count=1000&patient={patient.id}", "reviewer").json()["entries"]
    assert [each["details"]["reason"] for each in read if each["action"] == "register-assertion"] == ["medvetslös"] * 2
    house.clock.move(minutes=59)
    assert house.found(path, "doctor") == [id]
    house.clock.move(minutes=1)
    house.near(patient)
    assert house.found(path, "doctor") == []


def test_a_second_step_comes_within_the_hour(house, kit):
    patient = house.enroll()
    told = {"type": "incapacity", "reason": "x", "attestations": ["necessary", "attitude_clarified", "no_refusal"]}
    assert register(house, "doctor", "assertions", patient, **told).status_code == 201
    house.clock.move(minutes=61)
    assert register(house, "doctor", "assertions", patient, step=2, providers=[kit.P2], **told).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"), [({"end": "2040-11-22T09:00:00Z"}, 201), ({"end": "2040-11-22T09:00:01Z"}, 400), ({}, 201)]
)
def test_an_emergency_lasts_a_day_at_most(light, body, status):
    patient = light.enroll()
    answer = register(light, "doctor", "assertions", patient, type="emergency", reason="x", **body)
    assert answer.status_code == status
    if not body:
        assert answer.json()["end"] == "2040-11-21T10:00:00+00:00"


@pytest.mark.parametrize("named", [{"providers": ["SE-NOWHERE"]}, {"units": ["SE-NOWHERE"]}, {"providers": ["SE2321990018-U1"]}])
def test_a_second_step_of_whom_the_directory_does_not_know_is_refused_and_not_taken_for_an_opening(light, named):
    patient = light.enroll()
    register(light, "doctor", "assertions", patient, type="emergency", reason="x")
    answer = register(light, "doctor", "assertions", patient, type="emergency", reason="x", step=2, **named)
    assert (answer.status_code, next(iter(named)) in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        ("2027-10-28", "2027-11-03", True),  # an hour more: the clocks are set back on the 31st
        ("2027-10-28", "2027-11-04", False),
        ("2027-10-28T00:00:00+02:00", "2027-11-04T00:00:00+01:00", True),
        ("2027-10-28T00:00:00+02:00", "2027-11-04T00:00:01+01:00", False),
        ("2027-03-25", "2027-03-31", True),  # an hour less
        ("2027-03-25", "2027-04-01", False),
        ("2027-03-25T00:00:00+01:00", None, True),
        ("2027-06-01", "2027-06-07", True),
        ("2027-06-01", "2027-06-08", False),
    ],
)
def test_seven_days_are_seven_days_when_the_clocks_are_set(start, end, kept):
    held = {"start": start} | ({"end": end} if end else {})
    body = Body(held, datetime(2027, 1, 1, tzinfo=UTC))
    if kept:
        body.period(LONGEST_REVOKE, LONGEST_REVOKE)
    else:
        with pytest.raises(InvalidRequest):
            body.period(LONGEST_REVOKE, LONGEST_REVOKE)


def test_a_reason_for_a_need_is_not_written_in_the_log(light):
    patient = light.enroll()
    register(light, "doctor", "needs", patient, type="relevance", reason="kanariefagel")
    assert "kanariefagel" not in str(light.log()[-1])


def test_blocks_are_set_by_the_patient_or_their_owner_and_lifted_by_their_owner_for_a_while(shared, kit, patient):
    me = shared.patient_person(patient)
    id = shared.hold(patient)
    shared.near(patient)
    shared.consent(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    for who in ("doctor", "officer", "blocker", "social", "reviewer", "alfa-client", "technician"):
        assert register(shared, who, "blocks", patient, type="outer", provider=kit.P2).status_code == 403, who
    assert (
        register(shared, shared.patient_person(shared.enroll()), "blocks", patient, type="outer", provider=kit.P2).status_code
        == 404
    )
    assert register(shared, me, "blocks", patient, type="outer", provider="SE-nowhere").status_code == 400
    assert register(shared, me, "blocks", patient, type="inner", provider=kit.P2, unit=kit.U1).status_code == 400
    assert register(shared, me, "blocks", patient, type="inner", provider=kit.P2).status_code == 400
    block = register(shared, me, "blocks", patient, type="outer", provider=kit.P2.lower()).json()["id"]
    assert shared.found(path, "doctor") == []
    assert shared.do("DELETE", f"/access/blocks/{block}", me).status_code == 404
    assert shared.do("DELETE", f"/access/blocks/{block}", "blocker").status_code == 404
    revoke = {"block": block, "unit": kit.U1, "reason": "patient_consent"}
    assert register(shared, "blocker", "revokes", patient, **revoke).status_code == 403
    assert register(shared, me, "revokes", patient, **revoke).status_code == 403
    assert register(shared, "blocker2", "revokes", patient, **revoke, end="2040-11-29T09:00:00Z").status_code == 400
    lifted = register(shared, "blocker2", "revokes", patient, **revoke)
    assert (lifted.status_code, lifted.json()["end"]) == (201, "2040-11-28T09:00:00+00:00")
    assert shared.found(path, "doctor") == [id]
    assert shared.do("DELETE", f"/access/revokes/{lifted.json()['id']}", "doctor").status_code == 404
    assert shared.do("DELETE", f"/access/revokes/{lifted.json()['id']}", "blocker2").status_code == 200
    assert shared.found(path, "doctor") == []
    assert shared.do("DELETE", f"/access/blocks/{block}", "blocker2").status_code == 200
    assert shared.found(path, "doctor") == [id]


def test_who_may_not_register_is_told_alike_of_everyone(shared, patient):
    for who in (
        "reviewer",
        "technician",
        "alfa-client",
        shared.patient_person(shared.enroll(), "guardian"),
        "quality",
        "doctor-low",
    ):
        answers = [shared.post("/access/relations", who, json={"patient": each}) for each in (patient.id, "never-issued")]
        assert {each.status_code for each in answers} == {403}
        assert answers[0].content == answers[1].content


def test_the_routes_are_told_of_in_openapi(light):
    paths = light.get("/openapi.json").json()["paths"]
    assert {
        "/access/relations",
        "/access/needs",
        "/access/assertions",
        "/access/blocks",
        "/access/revokes",
        "/access/shares",
    } <= paths.keys()
    schema = paths["/access/blocks"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["patient", "type", "provider"]
