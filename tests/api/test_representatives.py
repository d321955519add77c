"""Who may give a consent in a patient's stead."""

import pytest

RELATED = {"resourceType": "RelatedPerson", "name": [{"family": "Nära"}]}


def enrolled(house, kit, years):
    return house.enroll(born=kit.NOW.date().replace(year=kit.NOW.year - years), related=(RELATED,))


def related_of(house, patient):
    house.near(patient)
    [id] = house.found(f"/fhir/RelatedPerson?patient={patient.id}", "doctor")
    return f"RelatedPerson/{id}"


def given_by(house, patient, who, reference):
    return house.consent(patient, who, performer=[{"reference": reference}]).status_code


def test_a_childs_consent_is_given_by_one_whom_the_register_knows(shared, kit):
    child, other = enrolled(shared, kit, 8), enrolled(shared, kit, 8)
    guardian, stranger = related_of(shared, child), related_of(shared, other)
    assert given_by(shared, child, "doctor", guardian) == 201
    for invented in (stranger, "RelatedPerson/hittepå", f"RelatedPerson/{child.id}", f"Patient/{other.id}"):
        assert given_by(shared, child, "doctor", invented) == 422
    unnamed = [{"type": "RelatedPerson", "display": "Nära"}]
    assert shared.consent(child, performer=unnamed).status_code == 422


def test_a_source_makes_nobody_a_representative(shared, kit):
    child = enrolled(shared, kit, 8)
    person = {"resourceType": "Patient", "id": f"r{child.pk}"}
    person["identifier"] = [{"system": child.number.system, "value": child.number.value}]
    assert shared.do("PUT", f"/fhir/Patient/{person['id']}", "alfa-client", resource=person).status_code == 201
    made = RELATED | {"patient": {"reference": f"Patient/{person['id']}"}}
    id = shared.post("/fhir/RelatedPerson", "alfa-client", resource=made).json()["id"]
    assert given_by(shared, child, "doctor", f"RelatedPerson/{id}") == 422


@pytest.mark.parametrize("years", [18, 70])
def test_an_adult_is_represented_only_where_incapacity_is_asserted(house, kit, years):
    patient = enrolled(house, kit, years)
    close = related_of(house, patient)
    assert given_by(house, patient, "doctor", close) == 403
    stated = {"patient": patient.id, "type": "incapacity", "reason": "kan inte", "attestations": ["necessary"]}
    assert house.post("/access/assertions", "nurse", json=stated).status_code == 201
    assert given_by(house, patient, "doctor", close) == 403
    assert house.post("/access/assertions", "doctor", json=stated).status_code == 201
    assert given_by(house, patient, "doctor", close) == 201
    house.clock.move(hours=13)
    house.freshen(patient.pk)
    assert given_by(house, patient, "doctor", close) == 403


def test_a_patient_gives_no_consent_in_anothers_name(shared, kit):
    child = enrolled(shared, kit, 8)
    assert given_by(shared, child, shared.patient_person(child), related_of(shared, child)) == 422


def test_a_consent_in_an_adults_stead_is_ended_when_nothing_is_asserted_any_more(house, kit):
    patient = enrolled(house, kit, 70)
    close = related_of(house, patient)
    stated = {"patient": patient.id, "type": "incapacity", "reason": "kan inte", "attestations": ["necessary"]}
    house.post("/access/assertions", "doctor", json=stated)
    given = house.consent(patient, "doctor", performer=[{"reference": close}]).json()
    house.clock.move(hours=13)
    house.freshen(patient.pk)
    ended = house.do("PUT", f"/fhir/Consent/{given['id']}", "doctor", resource=given | {"status": "inactive"})
    assert ended.status_code == 200
