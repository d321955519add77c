"""What is told of data that are not released: one operation on one patient. API.md section 2; CONSENT.md section 3."""

import pytest

NOT_TOLD = {"inside": None, "elsewhere": None}


@pytest.fixture
def patient(shared):
    return shared.enroll()


def told(house, who, patient):
    answer = house.get(f"/access/patients/{patient.id}/existence", who)
    assert answer.status_code == 200, answer.text
    held = answer.json()
    return {name: held[name] for name in held if name not in ("patient", "notices", "incomplete")}


def block(house, kit, patient, type="outer", **body):
    answer = house.post("/access/blocks", house.patient_person(patient), json={"patient": patient.id, "type": type} | body)
    assert answer.status_code == 201
    return answer.json()["id"]


def assertion(house, patient, who="doctor", **body):
    told = {"patient": patient.id, "type": "emergency", "reason": "medvetslös"} | body
    answer = house.post("/access/assertions", who, json=told)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_without_a_relation_nothing_is_told_whatever_there_is(shared, kit, patient):
    empty = shared.enroll()
    shared.hold(patient)
    shared.hold(patient, provider=kit.P1, unit=kit.U2)
    block(shared, kit, patient, provider=kit.P2)
    for each in (patient, empty):
        assert told(shared, "doctor", each) == {"exists": None, "blocked": NOT_TOLD}


@pytest.mark.parametrize("held", [True, False])
def test_unblocked_data_elsewhere_exist_or_not(shared, kit, patient, held):
    if held:
        shared.hold(patient)
    shared.near(patient)
    assert told(shared, "doctor", patient) == {"exists": held, "blocked": {"inside": False, "elsewhere": False}}


def test_blocked_data_are_told_of_inside_and_elsewhere_apart_and_without_a_name(shared, kit, patient):
    shared.near(patient)
    shared.hold(patient)
    block(shared, kit, patient, provider=kit.P2)
    assert told(shared, "doctor", patient) == {"exists": False, "blocked": {"inside": False, "elsewhere": True}}
    shared.hold(patient, provider=kit.P1, unit=kit.U2)
    block(shared, kit, patient, "inner", provider=kit.P1, unit=kit.U2)
    assert told(shared, "doctor", patient) == {"exists": False, "blocked": {"inside": True, "elsewhere": True}}


def test_a_block_without_data_behind_it_tells_nothing(shared, kit, patient):
    shared.near(patient)
    block(shared, kit, patient, provider=kit.P2)
    block(shared, kit, patient, "inner", provider=kit.P1, unit=kit.U2)
    assert told(shared, "doctor", patient) == {"exists": False, "blocked": {"inside": False, "elsewhere": False}}


def test_who_has_no_right_across_care_providers_is_told_of_the_own_alone(shared, kit, patient):
    shared.near(patient, "doctor-vg")
    shared.hold(patient)
    assert told(shared, "doctor-vg", patient) == {"exists": None, "blocked": {"inside": False, "elsewhere": None}}
    assert told(shared, "doctor-ve", patient) == {"exists": None, "blocked": NOT_TOLD}


def test_the_first_step_of_an_emergency_names_who_holds_and_who_has_blocked(shared, kit, patient):
    shared.hold(patient)
    shared.hold(patient, provider=kit.M1, unit=kit.S1, social=True)
    assertion(shared, patient)
    names = [{"id": kit.P2, "name": "Vårdbolaget Två"}]
    assert told(shared, "doctor", patient) == {
        "exists": True,
        "blocked": {"inside": None, "elsewhere": False},
        "providers": names,
        "blocked_by": {"providers": []},
    }
    block(shared, kit, patient, provider=kit.P2)
    held = told(shared, "doctor", patient)
    assert (held["providers"], held["blocked_by"]) == ([], {"providers": names})
    assert told(shared, "sister", patient) == {"exists": None, "blocked": NOT_TOLD}


def test_the_officer_s_first_step_names_the_units_that_have_blocked(shared, kit, patient):
    shared.hold(patient, provider=kit.P1, unit=kit.U2)
    block(shared, kit, patient, "inner", provider=kit.P1, unit=kit.U2)
    assertion(shared, patient, "officer", type="inner_emergency")
    held = told(shared, "officer", patient)
    assert held["blocked_by"] == {"units": [{"id": kit.U2, "name": "Kliniken Björken"}]}
    assert held["blocked"] == {"inside": True, "elsewhere": None}


def test_social_care_is_told_of_no_block(shared, kit, patient):
    shared.near(patient, "social")
    shared.hold(patient, provider="SE2321990018-M2", unit=kit.S2, social=True)
    assert told(shared, "social", patient) == {"exists": True, "blocked": NOT_TOLD}
    block(shared, kit, patient, provider="SE2321990018-M2")
    assert told(shared, "social", patient) == {"exists": False, "blocked": NOT_TOLD}


def test_what_is_registered_at_the_hub_is_no_sign_of_data(shared, kit, patient):
    shared.near(patient, "elsewhere")
    shared.consent(patient, who="elsewhere", unit=kit.U3)
    shared.post("/access/requests-to-lift", "elsewhere", json={"patient": patient.id, "provider": kit.P2, "reason": "x"})
    shared.near(patient)
    assert told(shared, "doctor", patient) == {"exists": False, "blocked": {"inside": False, "elsewhere": False}}


def test_only_care_staff_ask_and_nothing_can_be_asked_in_particular(shared, kit, patient):
    path = f"/access/patients/{patient.id}/existence"
    for who in (shared.patient_person(patient), "reviewer", "quality", "alfa-client", "technician", "doctor-low"):
        assert shared.get(path, who).status_code == 403, who
    assert shared.get(f"{path}?date=2040", "doctor").status_code == 400
    assert shared.get("/access/patients/nobody/existence", "doctor").status_code == 404


def test_it_is_logged_and_what_was_told_lies_beside_the_entry(shared, kit, patient):
    shared.near(patient)
    shared.hold(patient)
    told(shared, "doctor", patient)
    entry = [each for each in shared.log() if each["action"] == "existence"][-1]
    assert (entry["patient"], entry["rules"], entry["who"]["subject"]) == (patient.id, ["R48"], kit.E1)
    assert "exists" not in str(entry)
    me = shared.get("/access/log?count=1000", shared.patient_person(patient)).json()["entries"]
    assert "existence" in [each["action"] for each in me]


def test_it_is_asked_so_often_and_no_more(kit, tmp_path):
    house = kit.House(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path, identifier_rate_per_minute=2)
    patient = house.enroll()
    path = f"/access/patients/{patient.id}/existence"
    assert [house.get(path, "doctor").status_code for _ in range(3)] == [200, 200, 429]
    house.close()
