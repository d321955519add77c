"""Patient/[id]/$everything: the released part of the record. http://hl7.org/fhir/R4/patient-operation-everything.html"""

import pytest


@pytest.fixture
def patient(shared):
    return shared.enroll()


def answer(house, patient, who="doctor", query=""):
    return house.get(f"/fhir/Patient/{patient.id}/$everything{query}", who)


def types(bundle):
    return [each["resource"]["resourceType"] for each in bundle["entry"] if each["search"]["mode"] != "outcome"]


def test_it_is_the_released_record_with_the_patient_and_what_it_points_at(shared, kit, patient):
    own = shared.hold(patient, provider=kit.P1, unit=kit.U1)
    elsewhere = shared.hold(patient)
    shared.near(patient)
    bundle = answer(shared, patient).json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    ids = {each["resource"].get("id") for each in bundle["entry"]}
    assert {own, patient.id} <= ids
    assert elsewhere not in ids
    shared.consent(patient)
    assert elsewhere in {each["resource"].get("id") for each in answer(shared, patient).json()["entry"]}


def test_it_pages_with_every_resource_once(shared, kit, patient):
    held = {shared.hold(patient, provider=kit.P1, unit=kit.U1) for _ in range(5)}
    shared.near(patient)
    seen, url = [], f"/fhir/Patient/{patient.id}/$everything?_count=2&_type=Observation"
    while url:
        bundle = shared.get(url, "doctor").json()
        seen += [each["resource"]["id"] for each in bundle["entry"] if each["search"]["mode"] == "match"]
        url = next((each["url"] for each in bundle["link"] if each["relation"] == "next"), None)
    assert sorted(seen) == sorted(held)


def test_it_takes_since_and_types_by_get_and_by_post(shared, kit, patient):
    shared.hold(patient, provider=kit.P1, unit=kit.U1)
    shared.near(patient)
    body = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "_type", "valueCode": "Observation"},
            {"name": "_type", "valueCode": "Condition"},
            {"name": "_since", "valueInstant": "2040-01-01T00:00:00Z"},
        ],
    }
    posted = shared.post(f"/fhir/Patient/{patient.id}/$everything", "doctor", json=body).json()
    got = answer(shared, patient, query="?_type=Observation,Condition&_since=2040-01-01T00:00:00Z").json()
    assert types(posted) == types(got) == ["Observation"]
    late = answer(shared, patient, query="?_type=Observation&_since=2999-01-01").json()
    assert late["total"] == 0


def test_what_it_does_not_take_is_refused(shared, patient):
    assert answer(shared, patient, query="?start=2020-01-01").status_code == 400
    assert answer(shared, patient, query="?_type=Nonsense").status_code == 400
    assert shared.post(f"/fhir/Patient/{patient.id}/$everything", "doctor", json={"resourceType": "Patient"}).status_code == 400


def test_who_is_not_there_is_answered_as_any_id_that_was_never_issued(shared, kit, patient):
    never = shared.get("/fhir/Patient/never-issued/$everything", "doctor")
    assert never.status_code == 404
    for who in ("reviewer", shared.patient_person(shared.enroll()), "alfa-client"):
        withheld, absent = answer(shared, patient, who), shared.get("/fhir/Patient/never-issued/$everything", who)
        assert (withheld.status_code, withheld.content) == (absent.status_code, absent.content), who
        assert withheld.status_code == 404
