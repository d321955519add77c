"""Asking a care provider to lift its block: a Task for the owner, who lifts it for a while or refuses. API.md section 2."""

import re

import pytest

PATH = "/access/requests-to-lift"


@pytest.fixture
def patient(shared):
    return shared.enroll()


def blocked(house, kit, patient, **body):
    """A patient's outer block at the second care provider, whose data the doctor would else be shown. Gives: its id."""
    house.hold(patient)
    house.near(patient)
    house.consent(patient)
    body = {"patient": patient.id, "type": "outer", "provider": kit.P2} | body
    return house.post("/access/blocks", house.patient_person(patient), json=body).json()["id"]


def ask(house, who, patient, provider, **more):
    return house.post(PATH, who, json={"patient": patient.id, "provider": provider, "reason": "inför operation"} | more)


def answer(house, who, id, how, **body):
    return house.post(f"{PATH}/{id}/{how}", who, json=body)


def listed(house, who, query=""):
    return [each["id"] for each in house.get(f"{PATH}{query}", who).json()["requests-to-lift"]]


def test_a_request_becomes_a_task_that_its_owner_grants_for_a_while(shared, kit, patient):
    block = blocked(shared, kit, patient)
    path = f"/fhir/Observation?patient={patient.id}"
    assert shared.found(path, "doctor") == []
    asked = ask(shared, "doctor", patient, kit.P2)
    assert asked.status_code == 201
    held = asked.json()
    assert (held["status"], held["provider"], held["for_unit"], held["requester"]) == ("requested", kit.P2, kit.U1, kit.E1)
    assert held["id"] in listed(shared, "blocker2", "?status=requested")
    assert listed(shared, "doctor", f"?patient={patient.id}") == [held["id"]]
    granted = answer(shared, "blocker2", held["id"], "grant", block=block, reason="patient_consent")
    assert granted.status_code == 200
    revoke = granted.json()["ground"]
    assert (revoke["kind"], revoke["unit"], revoke["employee"], revoke["block"]) == ("revoke", kit.U1, "", block)
    assert (granted.json()["status"], granted.json()["granted"]) == ("completed", revoke["id"])
    assert len(shared.found(path, "doctor")) == 1
    assert held["id"] not in listed(shared, "blocker2", "?status=requested")
    assert shared.do("DELETE", f"/access/revokes/{revoke['id']}", "blocker2").status_code == 200
    assert shared.found(path, "doctor") == []


def test_it_is_granted_for_seven_days_at_most_and_to_whom_it_names(shared, kit, patient):
    block = blocked(shared, kit, patient)
    id = ask(shared, "doctor", patient, kit.P2, **{"for": "employee"}).json()["id"]
    late = answer(shared, "blocker2", id, "grant", block=block, reason="emergency", end="2040-11-28T09:00:01Z")
    assert late.status_code == 400
    granted = answer(shared, "blocker2", id, "grant", block=block, reason="emergency")
    assert (granted.json()["ground"]["employee"], granted.json()["ground"]["end"]) == (kit.E1, "2040-11-28T09:00:00+00:00")
    for again in ("grant", "refuse"):
        body = {"block": block, "reason": "emergency"} if again == "grant" else {"reason": "nej"}
        assert answer(shared, "blocker2", id, again, **body).status_code == 409


def test_the_patient_asks_for_the_end_of_a_block_or_for_a_unit(shared, kit, patient):
    block = blocked(shared, kit, patient)
    me = shared.patient_person(patient)
    id = ask(shared, me, patient, kit.P2).json()["id"]
    assert answer(shared, "blocker2", id, "grant", block=block, reason="emergency").status_code == 400
    ended = answer(shared, "blocker2", id, "grant", block=block)
    assert (ended.status_code, ended.json()["ground"]["kind"], ended.json()["ground"]["state"]) == (200, "block", "ended")
    assert len(shared.found(f"/fhir/Observation?patient={patient.id}", "doctor")) == 1
    for_unit = ask(shared, me, patient, kit.P2, for_unit=kit.U1.lower()).json()
    assert (for_unit["for_unit"], for_unit["requester"]) == (kit.U1, f"Patient/{patient.id}")
    assert set(listed(shared, me, f"?patient={patient.id}")) == {id, for_unit["id"]}


def test_a_refusal_has_a_reason_that_who_asked_is_told(shared, kit, patient):
    blocked(shared, kit, patient)
    id = ask(shared, "doctor", patient, kit.P2).json()["id"]
    assert answer(shared, "blocker2", id, "refuse").status_code == 400
    refused = answer(shared, "blocker2", id, "refuse", reason="patienten vill inte")
    assert (refused.status_code, refused.json()["status"]) == (200, "rejected")
    [told] = shared.get(f"{PATH}?patient={patient.id}", "doctor").json()["requests-to-lift"]
    assert told["refusal"] == "patienten vill inte"


def test_nobody_but_the_owner_answers_and_nobody_but_the_asker_takes_back(shared, kit, patient):
    block = blocked(shared, kit, patient)
    id = ask(shared, "doctor", patient, kit.P2).json()["id"]
    for who, status in {"doctor": 403, "elsewhere": 403, "officer": 403, "blocker": 404, "reviewer": 403}.items():
        for how, body in {"grant": {"block": block, "reason": "emergency"}, "refuse": {"reason": "nej"}}.items():
            assert answer(shared, who, id, how, **body).status_code == status, (who, how)
    for who in ("nurse", "elsewhere", "blocker2", shared.patient_person(patient)):
        assert shared.do("DELETE", f"{PATH}/{id}", who).status_code == 404
    never = answer(shared, "blocker", "never-issued", "refuse", reason="nej")
    assert never.status_code == 404
    taken = shared.do("DELETE", f"{PATH}/{id}", "doctor")
    assert (taken.status_code, taken.json()["status"]) == (200, "cancelled")
    assert answer(shared, "blocker2", id, "grant", block=block, reason="emergency").status_code == 409


def test_what_is_told_is_the_same_whether_there_is_a_block_or_not(shared, kit):
    """A request is no way to learn whether, or where, a patient has blocked anything (LEAKS rows 27 and 28)."""
    with_block, without = shared.enroll(), shared.enroll()
    blocked(shared, kit, with_block)
    shared.near(without)
    answers = [ask(shared, "doctor", each, kit.P2) for each in (with_block, without)]
    assert [each.status_code for each in answers] == [201, 201]
    told = [{name: value for name, value in each.json().items() if name not in ("id", "task", "patient")} for each in answers]
    assert told[0] == told[1]


def test_a_request_needs_relation_or_emergency_and_a_care_provider_that_is_known(shared, kit, patient):
    shared.hold(patient)
    assert ask(shared, "doctor", patient, kit.P2).status_code == 409
    body = {"patient": patient.id, "type": "emergency", "reason": "medvetslös"}
    assert shared.post("/access/assertions", "doctor", json=body).status_code == 201
    assert ask(shared, "doctor", patient, kit.P2).status_code == 201
    for wrong in ({"provider": "SE-nowhere"}, {"unit": kit.U1}, {"reason": " "}, {"for": "all"}, {"more": 1}):
        assert (
            shared.post(PATH, "doctor", json={"patient": patient.id, "provider": kit.P2, "reason": "x"} | wrong).status_code
            == 400
        )
    for who in ("quality", "reviewer", "technician", "alfa-client", shared.patient_person(patient, "guardian")):
        refused = [ask(shared, who, each, kit.P2) for each in (patient, shared.enroll())]
        assert {each.status_code for each in refused} == {403}, who
        assert refused[0].content == refused[1].content


def test_the_task_is_shown_to_the_patient_and_hidden_from_readers_of_the_record(shared, kit, patient):
    blocked(shared, kit, patient)
    held = ask(shared, "doctor", patient, kit.P2).json()
    me = shared.patient_person(patient)
    shown = shared.get(f"/fhir/{held['task']}", me)
    assert (shown.status_code, shown.json()["status"], shown.json()["code"]["coding"][0]["code"]) == (
        200,
        "requested",
        "lift-block",
    )
    shared.post("/access/relations", "elsewhere", json={"patient": patient.id})
    for who in ("doctor", "sister", "elsewhere", "nurse", "alfa-client"):
        assert shared.get(f"/fhir/{held['task']}", who).status_code == 404, who
        assert shared.found(f"/fhir/Task?patient={patient.id}", who) == [] if who != "alfa-client" else True
    changed = shared.do("PUT", f"/fhir/{held['task']}", me, json=shown.json() | {"status": "completed"})
    assert changed.status_code == 403


def test_each_step_is_in_the_log_with_its_reason(shared, kit, patient):
    block = blocked(shared, kit, patient)
    id = ask(shared, "doctor", patient, kit.P2).json()["id"]
    listed(shared, "blocker2")
    revoke = answer(shared, "blocker2", id, "grant", block=block, reason="emergency").json()["granted"]
    entries = [entry for entry in shared.log() if "lift" in entry["action"]][-3:]
    assert [entry["action"] for entry in entries] == ["request-to-lift", "list-requests-to-lift", "grant-request-to-lift"]
    asked, _, granted = entries
    assert (asked["patient"], asked["details"]["owner"], "reason" in asked["details"]) == (patient.id, kit.P2, False)
    read = shared.get("/access/log?count=1000", shared.patient_person(patient)).json()["entries"]
    assert [each["details"]["reason"] for each in read if each["action"] == "request-to-lift"] == ["inför operation"]
    assert (granted["grounds"], granted["details"]["block"], granted["details"]["task"]) == ([revoke], block, id)


def test_open_requests_of_one_asker_have_a_bound(shared, kit, patient):
    shared.near(patient)
    asked = [ask(shared, "doctor", patient, kit.P2).status_code for _ in range(21)]
    assert asked == [201] * 20 + [409]


def test_a_guardian_is_told_neither_who_asked_nor_whose_block_it_may_be(shared, kit):
    guardian = shared.enroll()
    child = shared.enroll(born=kit.NOW.date().replace(year=kit.NOW.year - 8), guardians=(guardian.number,))
    me = shared.patient_person(guardian, "guardian")
    shared.near(child)
    own = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": f"Patient/{child.id}"}}
    seen = shared.post("/fhir/Task", "doctor", resource=own).json()["id"]
    held = ask(shared, "doctor", child, kit.P2).json()["id"]
    assert [shared.get(f"/fhir/Task/{id}", me).status_code for id in (seen, held)] == [200, 404]
    assert shared.get(f"/fhir/Task/{held}", shared.patient_person(child)).status_code == 200
    assert shared.found(f"/fhir/Task?patient={child.id}", me) == [seen]
    for path in (f"Task/{held}/_history", f"Patient/{child.id}/$everything", f"Task?patient={child.id}&owner:missing=false"):
        assert not {held, kit.P2, kit.E1} & set(re.findall(r"[\w-]+", shared.get(f"/fhir/{path}", me).text))
