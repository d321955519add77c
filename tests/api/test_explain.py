"""Why a resource is or is not shown, to whom and when: in full to the patient and the reviewer, to staff only whether it is."""

import pytest

SQL_CASES = [
    {},
    {"purpose": None},
    {"purpose": "quality"},
    {"nullified": True},
    {"nullified": None},
    {"insurance": True},
    {"insurance": None},
    {"unit": None},
    {"provider": None},
    {"social": None},
    {"time_from": None},
]


@pytest.fixture
def patient(shared):
    return shared.enroll()


def explain(house, who, id, **asked):
    return house.get("/access/explain", who, params={"resource": f"Observation/{id}"} | asked)


def block(house, kit, patient):
    body = {"patient": patient.id, "type": "outer", "provider": kit.P2}
    return house.post("/access/blocks", house.patient_person(patient), json=body).json()["id"]


def test_the_patient_is_told_the_rule_the_law_and_the_consent(shared, kit, patient):
    id, me = shared.hold(patient), shared.patient_person(patient)
    own = explain(shared, me, id).json()
    assert (own["outcome"], own["rule"], own["shown"], own["assumed"]) == ("PERMIT", "R70", True, [])
    shared.near(patient)
    asked = {"unit": kit.U1, "employee": kit.E1}
    before = explain(shared, me, id, **asked).json()
    assert (before["outcome"], before["rule"], before["shown"], before["consents"]) == ("EXISTS", "R48", False, [])
    given = shared.consent(patient).json()["id"]
    after = explain(shared, me, id, **asked).json()
    assert (after["rule"], after["basis"], after["consents"]) == ("R47", "SVOD 3:1", [given])
    assert sorted(each["kind"] for each in after["grounds"]) == ["consent", "need", "relation"]
    assert after["words"] == {"sv": "Patienten har samtyckt.", "en": "The patient has consented."}
    blocked = block(shared, kit, patient)
    closed = explain(shared, me, id, **asked).json()
    assert (closed["rule"], closed["grounds"]) == ("R42", [{"kind": "block", "id": blocked}])


def test_a_reader_who_is_not_named_is_supposed_to_take_part_in_the_care(shared, kit, patient):
    id, me = shared.hold(patient), shared.patient_person(patient)
    told = explain(shared, me, id, unit=kit.U1).json()
    assert (told["rule"], told["assumed"], told["reader"]["employee"]) == ("R48", ["relation", "need"], "")
    assert explain(shared, me, id, unit=kit.U3).json()["rule"] == "R20"
    assert explain(shared, me, id, unit=kit.S1).json()["reader"]["kind"] == "social"


def test_the_past_is_explained_by_what_the_hub_knew_then(house, kit):
    patient = house.enroll()
    id, me = house.hold(patient), house.patient_person(patient)
    house.near(patient)
    house.clock.move(minutes=1)
    start = house.clock.now.isoformat()
    house.clock.move(minutes=10)
    consent = house.consent(patient).json()
    house.clock.move(minutes=10)
    open_at = house.clock.now.isoformat()
    house.clock.move(minutes=10)
    assert house.do("DELETE", f"/fhir/Consent/{consent['id']}", "doctor").status_code in (200, 204)
    asked = {"unit": kit.U1, "employee": kit.E1}
    assert [explain(house, me, id, **asked, **at).json()["rule"] for at in ({"at": start}, {"at": open_at}, {})] == [
        "R48",
        "R47",
        "R48",
    ]
    later = (house.clock.now.replace(year=2041)).isoformat()
    assert explain(house, me, id, at=later).status_code == 400
    assert explain(house, me, id, at="2040-11-21T09:00:00").status_code == 400
    assert explain(house, me, id, at="2039-11-21T09:00:00Z").status_code == 404


def test_the_past_is_explained_by_the_custody_and_the_facts_of_then(house, kit):
    patient = house.enroll()
    id, me, times = house.hold(patient, "changed"), house.patient_person(patient), []
    house.near(patient)
    house.consent(patient)
    for change in ({"unit": kit.U1, "provider": kit.P1}, {"purpose": "quality"}, {}):
        house.clock.move(minutes=10)
        times.append(house.clock.now.isoformat())
        house.clock.move(minutes=10)
        house.hold(patient, "changed", **change)
    house.clock.move(minutes=10)
    times.append(house.clock.now.isoformat())
    house.clock.move(minutes=10)
    house.enroll(number=patient.number, deceased=house.clock.now.date())
    asked = {"unit": kit.U1, "employee": kit.E1}
    told = [explain(house, me, id, **asked, **at).json()["rule"] for at in (*({"at": each} for each in times), {})]
    assert told == ["R47", "R20", "R40", "R47", "R41"]
    could = [
        [(each["provider"]["id"], each["rule"]) for each in house.get("/access/could-see", me, params=at).json()["sees"]]
        for at in (*(asked | {"patient": patient.id, "at": each} for each in times), asked | {"patient": patient.id})
    ]
    assert could == [[(kit.P2, "R47")], [(kit.P1, "R20")], [], [(kit.P2, "R47")], []]


def test_what_is_not_the_patient_s_to_know_of_is_not_there(shared, kit, patient):
    me = shared.patient_person(patient)
    hidden = [shared.hold(patient, released=False), shared.hold(patient, secret=True), shared.hold(shared.enroll())]
    absent = explain(shared, me, "aaaaaaaaaaaaaaaaaaaaaaaaaa")
    for id in hidden:
        for asked in ({}, {"unit": kit.U3}):
            answer = explain(shared, me, id, **asked)
            assert (answer.status_code, answer.content) == (404, absent.content)


def test_staff_are_told_what_a_reading_tells_and_no_more(shared, kit, patient):
    id = shared.hold(patient)
    shared.near(patient)
    block(shared, kit, patient)
    answers = [explain(shared, "doctor", each).json() for each in (id, "aaaaaaaaaaaaaaaaaaaaaaaaaa")]
    assert [each["shown"] for each in answers] == [False, False]
    assert all(each.keys() == {"resource", "shown"} for each in answers)
    mine = shared.hold(patient, provider=kit.P1, unit=kit.U1)
    assert explain(shared, "doctor", mine).json()["shown"] is True
    assert explain(shared, "doctor", mine, unit=kit.U1).status_code == 403


def test_a_reviewer_asks_about_own_readers_and_of_what_is_own_or_was_shown(shared, kit, patient):
    theirs, own = shared.hold(patient), shared.hold(patient, provider=kit.P1, unit=kit.U2)
    asked = {"unit": kit.U1, "employee": kit.E1}
    assert explain(shared, "reviewer", own, **asked).json()["rule"] == "R21"
    assert explain(shared, "reviewer", theirs, **asked).status_code == 404
    shared.near(patient)
    shared.consent(patient)
    assert explain(shared, "reviewer", theirs, **asked).json()["rule"] == "R47"
    for other in ({"unit": kit.U3, "employee": kit.E1}, {"unit": kit.U1}):
        assert explain(shared, "reviewer", theirs, **other).status_code == 400
    assert explain(shared, "reviewer", own).status_code == 400
    for who in ("alfa-client", "technician", shared.patient_person(patient, "guardian")):
        assert explain(shared, who, own, **({} if who == "x" else asked)).status_code == 403


@pytest.mark.parametrize("custody", SQL_CASES, ids=str)
def test_the_explanation_agrees_with_what_the_database_shows(shared, kit, patient, custody):
    shared.near(patient)
    shared.consent(patient)
    me = shared.patient_person(patient)
    for held in ({}, {"provider": kit.P1, "unit": kit.U2}, {"provider": kit.P1, "unit": kit.U1}):
        id = shared.hold(patient, **(held | custody))
        answer = explain(shared, me, id, unit=kit.U1, employee=kit.E1)
        if explain(shared, me, id).status_code == 404:  # nullified or held by nobody: not the patient's to know of either
            assert answer.status_code == 404
            continue
        told = answer.json()
        shown = shared.get(f"/fhir/Observation/{id}", "doctor").status_code == 200
        assert told["shown"] is shown, (held, told)


def test_explaining_is_logged(shared, kit, patient):
    id, me = shared.hold(patient), shared.patient_person(patient)
    explain(shared, me, id, unit=kit.U1)
    entry = shared.log()[-1]
    assert (entry["action"], entry["patient"], entry["details"]) == ("explain", patient.id, {"unit": kit.U1})
