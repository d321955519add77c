"""Consents are seen by the patient and by the one unit that they are for; whoever registered one can end it."""

import pytest


def seen(house, consent, *who):
    return [house.get(f"/fhir/Consent/{consent['id']}", each).status_code for each in who]


def near_all(house, patient, kit):
    """Everyone is near, the patient shares with everyone and consents to everyone."""
    me = house.patient_person(patient)
    for who, unit in (("doctor", kit.U1), ("sister", kit.U2), ("elsewhere", kit.U3)):
        house.near(patient, who)
        assert house.post("/access/shares", me, json={"patient": patient.id, "unit": unit}).status_code == 201
        assert house.consent(patient, who, unit).status_code == 201
    return me


def test_a_consent_of_a_unit_is_seen_by_that_unit_and_the_patient(shared, kit):
    house, patient = shared, shared.enroll()
    me = near_all(house, patient, kit)
    consent = house.consent(patient, "doctor").json()
    assert seen(house, consent, me, "doctor", "sister", "elsewhere", "social") == [200, 200, 404, 404, 404]
    assert consent["id"] in house.found(f"/fhir/Consent?patient={patient.id}", "doctor")
    for who in ("sister", "elsewhere"):
        assert consent["id"] not in house.found(f"/fhir/Consent?patient={patient.id}", who)


def test_a_patients_permit_is_seen_by_the_unit_that_it_names(shared, kit):
    house, patient = shared, shared.enroll()
    me = near_all(house, patient, kit)
    consent = house.consent(patient, me, kit.U2).json()
    assert seen(house, consent, me, "sister", "doctor", "elsewhere") == [200, 200, 404, 404]
    moved = consent | {"provision": kit.consent(patient, kit.U3)["provision"]}
    assert house.do("PUT", f"/fhir/Consent/{consent['id']}", me, resource=moved).status_code == 200
    assert seen(house, consent, me, "sister", "doctor", "elsewhere") == [200, 404, 404, 200]


@pytest.mark.parametrize("custodian", ["P1", "P2", "U2"])
def test_a_patients_denial_is_seen_by_the_patient_alone(shared, kit, custodian):
    house, patient = shared, shared.enroll()
    me = near_all(house, patient, kit)
    denial = house.post("/fhir/Consent", me, resource=kit.denial(patient, getattr(kit, custodian))).json()
    assert seen(house, denial, me, "doctor", "sister", "elsewhere", "social") == [200, 404, 404, 404, 404]
    assert denial["id"] in house.found("/fhir/Consent", me)


def test_a_patients_permit_for_two_units_is_seen_by_neither(shared, kit):
    house, patient = shared, shared.enroll()
    me = near_all(house, patient, kit)
    both = kit.consent(patient, kit.U1)
    both["provision"]["actor"] += kit.consent(patient, kit.U2)["provision"]["actor"]
    consent = house.post("/fhir/Consent", me, resource=both).json()
    assert seen(house, consent, me, "doctor", "sister") == [200, 404, 404]


def test_a_unit_ends_its_consent_without_a_relation(shared, kit):
    house, patient = shared, shared.enroll()
    first, second = house.consent(patient, "elsewhere", kit.U3).json(), house.consent(patient, "elsewhere", kit.U3).json()
    where = f"/fhir/Consent/{first['id']}"
    assert house.get(where, "elsewhere").status_code == 404
    assert house.do("DELETE", where, "sister").status_code == 404
    assert house.do("DELETE", where, "elsewhere").status_code == 204
    ended = house.do("PUT", f"/fhir/Consent/{second['id']}", "elsewhere", resource=second | {"status": "inactive"})
    assert (ended.status_code, ended.json()["status"]) == (200, "inactive")
