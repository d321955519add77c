"""Emergencies are followed up: a Task for the log reviewer of the employee's care provider."""

import pytest

PATH = "/access/follow-ups"


@pytest.fixture
def patient(shared):
    return shared.enroll()


def emergency(house, patient, who="doctor", **body):
    told = {"patient": patient.id, "type": "emergency", "reason": "medvetslös"} | body
    answer = house.post("/access/assertions", who, json=told)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def listed(house, patient, who="reviewer", query=""):
    found = house.get(f"{PATH}{query}", who).json()["follow-ups"]
    return [each for each in found if each["patient"] == patient.id]


def test_both_steps_of_an_emergency_are_one_task_that_the_reviewer_closes(shared, kit, patient):
    first = emergency(shared, patient)
    [held] = listed(shared, patient)
    assert (held["status"], held["employee"], held["unit"], held["reason"]) == ("requested", kit.E1, kit.U1, "medvetslös")
    second = emergency(shared, patient, step=2, providers=[kit.P2], reason="hjärtstopp")
    [held] = listed(shared, patient, query="?status=requested")
    assert (held["assertions"], held["reason"]) == ([first, second], "hjärtstopp")
    done = shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "befogad"})
    assert (done.status_code, done.json()["status"], done.json()["conclusion"]) == (200, "completed", "befogad")
    assert shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "igen"}).status_code == 409
    assert listed(shared, patient, query="?status=requested") == []
    entry = [each for each in shared.log() if each["action"] == "conclude-follow-up" and each["outcome"] == "permit"][-1]
    assert (entry["action"], entry["patient"], entry["grounds"]) == ("conclude-follow-up", patient.id, [first, second])


def test_a_second_step_opens_what_was_concluded_after_the_first(shared, kit, patient):
    emergency(shared, patient)
    [held] = listed(shared, patient)
    shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "befogad"})
    emergency(shared, patient, step=2, providers=[kit.P2])
    assert [each["status"] for each in listed(shared, patient)] == ["requested"]


def test_it_is_the_own_care_provider_s_reviewer_s_and_nobody_else_s(shared, kit, patient):
    emergency(shared, patient)
    [held] = listed(shared, patient)
    assert listed(shared, patient, "reviewer2") == []
    conclusion = {"json": {"conclusion": "x"}}
    assert shared.post(f"{PATH}/{held['id']}/conclude", "reviewer2", **conclusion).status_code == 404
    shared.near(patient)
    for who in ("doctor", "sister", "quality", shared.patient_person(patient), "alfa-client", "technician"):
        assert shared.get(PATH, who).status_code == 403
        assert shared.post(f"{PATH}/{held['id']}/conclude", who, **conclusion).status_code == 403
    for who in ("doctor", "sister", "quality", "reviewer", shared.patient_person(patient), "alfa-client"):
        assert shared.get(f"/fhir/Task/{held['id']}", who).status_code == 404
        assert shared.found(f"/fhir/Task?patient={patient.id}", who) == []


def test_the_patient_reads_of_it_in_the_own_log(shared, patient):
    first = emergency(shared, patient)
    entries = shared.get("/access/log?count=1000", shared.patient_person(patient)).json()["entries"]
    [entry] = [each for each in entries if first in each.get("grounds", ())]
    assert (entry["action"], entry["details"]["type"], entry["details"]["reason"]) == (
        "register-assertion",
        "emergency",
        "medvetslös",
    )


def test_other_assertions_need_no_follow_up(shared, patient):
    emergency(shared, patient, type="incapacity")
    emergency(shared, patient, "officer", type="inner_emergency")
    assert [each["employee"] for each in listed(shared, patient)] == ["SE2321990018-E7"]
