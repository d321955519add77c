"""What a source's client writes lies in the record of whom it names, or is refused: nothing vanishes with a 201."""

from dataclasses import replace

import pytest

MADE_UP = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}


def of(number):
    return {"system": number.system, "value": number.value}


def wrong(number):
    return {"system": number.system, "value": number.value[:-1] + str((int(number.value[-1]) + 1) % 10)}


@pytest.mark.parametrize("by", ["id", "number", "both"])
def test_what_names_a_patient_of_the_hub_lies_in_that_record(shared, kit, by):
    house, patient = shared, shared.enroll()
    subject = {"reference": f"Patient/{patient.id}"} if by != "number" else {}
    subject |= {"type": "Patient", "identifier": of(patient.number)} if by != "id" else {}
    made = house.post("/fhir/Observation", "alfa-client", resource=kit.observation(patient, subject=subject))
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    house.near(patient)
    house.near(patient, "elsewhere")
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [id]
    assert house.found(f"/fhir/Observation?patient={patient.id}", "elsewhere") == []
    assert house.found("/fhir/Observation", house.patient_person(patient)) == [id]
    assert house.get(f"/fhir/Observation/{id}", "alfa-client").status_code == 200
    assert house.get(f"/fhir/Observation/{id}", "beta-client").status_code == 404


def test_of_a_number_never_seen_is_known_no_more_than_that_somebody_has_it(shared, kit):
    number = shared._number()
    made = shared.post("/fhir/Observation", "alfa-client", resource=MADE_UP | {"subject": {"identifier": of(number)}})
    assert made.status_code == 201
    patient = shared.enroll(number=number)
    shared.near(patient)
    assert shared.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [made.json()["id"]]


def test_what_names_nobody_whom_the_hub_knows_is_refused(shared, kit):
    house, patient, other = shared, shared.enroll(), shared.enroll()
    person = {"resourceType": "Patient", "id": f"w{patient.pk}"}
    assert house.do("PUT", f"/fhir/Patient/{person['id']}", "beta-client", resource=person).status_code == 201
    for subject in (
        {"reference": "Patient/nobody"},
        {"reference": f"Patient/{person['id']}"},
        {"reference": f"http://other.example.org/fhir/Patient/{patient.id}"},
        {"identifier": wrong(patient.number)},
        {"reference": f"Patient/{patient.id}", "identifier": of(other.number)},
    ):
        refused = house.post("/fhir/Observation", "alfa-client", resource=MADE_UP | {"subject": subject})
        [place] = refused.json()["issue"][0]["expression"]
        assert (refused.status_code, place.removesuffix(".identifier")) == (422, "Observation.subject")


def test_what_has_no_subject_is_kept_apart(shared):
    for more in ({}, {"subject": {"reference": "Group/g"}}, {"subject": {"display": "Kontrollserum"}}):
        made = shared.post("/fhir/Observation", "alfa-client", resource=MADE_UP | more)
        assert made.status_code == 201
        assert shared.get(f"/fhir/Observation/{made.json()['id']}", "alfa-client").status_code == 200


def test_a_patient_has_the_numbers_of_one_person(shared):
    house, patient, other = shared, shared.enroll(), shared.enroll()
    person = {"resourceType": "Patient", "id": f"n{patient.pk}"}

    def put(*identifiers):
        told = person | {"identifier": list(identifiers)}
        return house.do("PUT", f"/fhir/Patient/{person['id']}", "alfa-client", resource=told).status_code

    unseen = of(house._number())
    assert put(of(patient.number), of(other.number)) == 422
    assert put(of(patient.number), unseen) == 422
    assert put(wrong(patient.number)) == 422
    assert put(of(patient.number), wrong(other.number)) == 422
    local = {"system": "urn:oid:1.2.3.4", "value": "17"}
    assert put(local, of(patient.number), of(patient.number)) == 201


@pytest.mark.parametrize("unit", ["", "SE2321990018-NONE", "SE2321990018-U3"])
def test_a_source_that_writes_for_no_known_unit_is_told_what_to_configure(kit, light, monkeypatch, unit):
    patient = light.enroll()
    alfa = light.hub.source("alfa")
    monkeypatch.setattr(type(light.hub), "source", lambda self, name: replace(alfa, unit=unit))
    refused = light.post("/fhir/Observation", "alfa-client", resource=kit.observation(patient))
    assert refused.status_code == 422
    assert "`unit`" in refused.text
    kept = light.post("/fhir/Practitioner", "alfa-client", resource={"resourceType": "Practitioner", "name": [{"text": "P"}]})
    assert kept.status_code == 201
