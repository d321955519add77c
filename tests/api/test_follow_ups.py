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
    assert (held["assertions"], held["reason"]) == ([first, second], "medvetslös; hjärtstopp")
    done = shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "befogad"})
    assert (done.status_code, done.json()["status"], done.json()["conclusion"]) == (200, "completed", "befogad")
    assert shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "igen"}).status_code == 409
    assert listed(shared, patient, query="?status=requested") == []
    entry = [each for each in shared.log() if each["action"] == "conclude-follow-up" and each["outcome"] == "permit"][-1]
    assert (entry["action"], entry["patient"], entry["grounds"]) == ("conclude-follow-up", patient.id, [first, second])


def test_every_second_step_of_an_emergency_is_told_with_its_reason(shared, kit, patient):
    steps = [emergency(shared, patient)]
    for provider, reason in ((kit.P2, "hjärtstopp"), (kit.M1, "hjärtstopp"), (kit.P1, "medvetslös")):
        shared.clock.move(seconds=1)
        steps.append(emergency(shared, patient, step=2, providers=[provider], reason=reason))
    [held] = listed(shared, patient)
    assert (held["assertions"], held["reason"]) == (steps, "medvetslös; hjärtstopp")


def test_a_second_step_opens_what_was_concluded_after_the_first(shared, kit, patient):
    emergency(shared, patient)
    [held] = listed(shared, patient)
    shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "befogad"})
    emergency(shared, patient, step=2, providers=[kit.P2])
    assert [each["status"] for each in listed(shared, patient)] == ["requested"]


def verdict(house, opened, said, who="reviewer"):
    entries = house.get("/access/log?count=1000&action=register-assertion", who).json()["entries"]
    [entry] = [each for each in entries if opened in each["grounds"]]
    body = {"shard": entry["shard"], "seq": entry["seq"], "verdict": said, "note": "vikarie"}
    return house.post("/access/log/verdicts", who, json=body)


def test_a_verdict_on_the_emergency_s_entry_closes_its_task_or_sets_it_to_work(shared, kit, patient):
    first = emergency(shared, patient)
    second = emergency(shared, patient, step=2, providers=[kit.P2])
    [held] = listed(shared, patient)
    for opened, said, status in (
        (first, "investigated", "in-progress"),
        (second, "justified", "completed"),
        (second, "investigated", "in-progress"),  # taken up again
        (second, "unjustified", "completed"),
    ):
        answer = verdict(shared, opened, said)
        assert (answer.status_code, answer.json()["follow-up"]) == (201, held["id"])
        [now] = listed(shared, patient, query=f"?status={status}")
        assert (now["verdict"], now["assertions"]) == (said, [first, second])
        entry = shared.log()[-2]  # the last is of this list
        assert (entry["action"], entry["verdict"], entry["details"]) == ("review", said, {"task": held["id"]})
    assert "vikarie" not in str(now)


def test_what_is_being_investigated_is_closed_with_a_conclusion_and_keeps_its_verdict(shared, patient):
    opened = emergency(shared, patient)
    verdict(shared, opened, "investigated")
    [held] = listed(shared, patient)
    done = shared.post(f"{PATH}/{held['id']}/conclude", "reviewer", json={"conclusion": "klart"}).json()
    assert (done["status"], done["conclusion"], done["verdict"]) == ("completed", "klart", "investigated")


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
