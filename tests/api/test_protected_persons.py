"""Who wrote in a protected person's record is told by name, and nothing leads from there to a unit.

Each probe is put to a person without protection too, whose record leads there: one that found nothing in both would ask nothing.
"""

import pytest

from hub.references import directory_id
from tests.api.conftest import E1, KEYS, U1

DOCTOR = directory_id(KEYS.identity, "Practitioner", E1)
ROLE = directory_id(KEYS.identity, "PractitionerRole", f"{E1}/{U1}")
UNIT = directory_id(KEYS.identity, "Organization", U1)
LEADS = (E1, U1, DOCTOR, ROLE, UNIT, "Aspen")
HSA = "urn:oid:1.2.752.129.2.1.4.1"
BY_REFERENCE = {"reference": f"Practitioner/{DOCTOR}", "display": "Doris Dahl"}
BY_NUMBER = {"type": "Practitioner", "identifier": {"system": HSA, "value": E1}, "display": "Doris Dahl"}
IN_ROLE = {"reference": f"PractitionerRole/{ROLE}", "display": "Doris Dahl, Aspen"}
CONTAINED = {
    "resourceType": "PractitionerRole",
    "id": "author",
    "practitioner": BY_NUMBER,
    "organization": {"type": "Organization", "identifier": {"system": HSA, "value": U1}},
}


def resources(subject):
    """What a source pushes, each kind of reference to staff among it."""
    about = {"subject": {"reference": subject}}
    individuals = [BY_REFERENCE, BY_NUMBER, IN_ROLE, {"reference": "#author"}]
    visit = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, "contained": [CONTAINED]}
    yield visit | about | {"participant": [{"individual": each} for each in individuals]}
    coded = {"status": "final", "code": {"text": "Hb"}, "effectiveDateTime": "2040-10-25T08:00:00Z"}
    note = [{"authorReference": BY_REFERENCE, "text": "x"}]
    yield {"resourceType": "Observation"} | coded | about | {"performer": [BY_REFERENCE, IN_ROLE], "note": note}


@pytest.fixture(scope="module")
def persons(shared):
    """(protected person, ids of what is kept), and another who is not protected."""

    def person(**facts):
        patient = shared.enroll(**facts)
        mine = {"resourceType": "Patient", "id": f"p{patient.pk}", "name": [{"text": "P"}]}
        mine["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
        assert shared.do("PUT", f"/fhir/Patient/{mine['id']}", "alfa-client", resource=mine).status_code == 201
        ids = {}
        for each in resources(f"Patient/{mine['id']}"):
            made = shared.post("/fhir/" + each["resourceType"], "alfa-client", resource=each)
            assert made.status_code == 201, made.text
            ids[each["resourceType"]] = made.json()["id"]
        shared.near(patient)
        message = {"resourceType": "Communication", "status": "completed", "subject": {"reference": f"Patient/{patient.id}"}}
        made = shared.post("/fhir/Communication", "doctor", resource=message | {"sender": BY_REFERENCE, "recipient": [IN_ROLE]})
        assert made.status_code == 201, made.text
        return patient, ids

    return person(protected="sekretessmarkering"), person()


PROBES = (
    "Encounter/{Encounter}",
    "Encounter/{Encounter}/_history",
    "Observation/{Observation}",
    "Encounter?patient={patient}",
    "Encounter?patient={patient}&_include=Encounter:participant",
    "Encounter?patient={patient}&_include=Encounter:practitioner&_revinclude:iterate=PractitionerRole:practitioner",
    "Observation?patient={patient}&_include=Observation:performer&_include:iterate=PractitionerRole:organization",
    "Observation?patient={patient}&_include=*",
    "Patient/{patient}/$everything",
)
"""What leads to the unit of somebody who is not protected."""
MATCHES = (
    f"Encounter?patient={{patient}}&practitioner=Practitioner/{DOCTOR}",
    f"Encounter?patient={{patient}}&practitioner.identifier={HSA}|{E1}",
    f"Observation?patient={{patient}}&performer=Practitioner/{DOCTOR}",
    f"Observation?patient={{patient}}&performer:Practitioner._has:PractitionerRole:practitioner:organization={UNIT}",
    f"Observation?patient={{patient}}&performer:PractitionerRole=PractitionerRole/{ROLE}",
    "Encounter?patient={patient}&participant:Practitioner.name=Doris",
    f"Encounter?patient={{patient}}&practitioner:identifier={HSA}|{E1}",
    f"Encounter?patient={{patient}}&_content={E1}",
    f"Communication?patient={{patient}}&sender=Practitioner/{DOCTOR}",
)
"""What is met by whoever the doctor has written of, if the record tells."""


@pytest.mark.parametrize("probe", PROBES)
def test_no_answer_about_a_protected_person_leads_from_staff_to_a_unit(shared, persons, probe):
    protected, other = (shared.get("/fhir/" + probe.format(patient=patient.id, **ids), "doctor").text for patient, ids in persons)
    assert [lead for lead in LEADS if lead in protected] == []
    assert [lead for lead in LEADS if lead in other], other


@pytest.mark.parametrize("match", MATCHES)
def test_no_search_tells_by_a_hit_who_of_which_unit_has_written_of_a_protected_person(shared, persons, match):
    protected, other = (
        shared.get("/fhir/" + match.format(patient=patient.id, **ids), "doctor").json()["total"] for patient, ids in persons
    )
    assert (protected, other) == (0, 1)


def test_who_has_written_is_told_by_name(shared, persons):
    (patient, ids), _ = persons
    found = shared.get(f"/fhir/Encounter/{ids['Encounter']}", "doctor").json()["participant"]
    assert [each["individual"].get("display") for each in found] == ["Doris Dahl", "Doris Dahl", None, "Doris Dahl"]
    for who in (shared.patient_person(patient), "alfa-client"):
        assert "Doris Dahl" in shared.get(f"/fhir/Encounter/{ids['Encounter']}", who).text


def test_who_becomes_protected_has_the_hub_s_own_tasks_as_they_were(shared, kit):
    patient = shared.enroll()
    told = {"patient": patient.id, "type": "emergency", "reason": "medvetslös"}
    assert shared.post("/access/assertions", "doctor", json=told).status_code == 201
    asked = {"patient": patient.id, "provider": kit.P2, "for": "unit", "reason": "vård"}
    assert shared.post("/access/requests-to-lift", "doctor", json=asked).status_code == 201

    def listed():
        held = shared.get("/access/follow-ups", "reviewer").json()["follow-ups"]
        waiting = shared.get("/access/requests-to-lift", "blocker2").json()["requests-to-lift"]
        return [each for each in (*held, *waiting) if each["patient"] == patient.id]

    before = listed()
    assert len(before) == 2
    shared.enroll(number=patient.number, protected="sekretessmarkering")
    assert listed() == before


def test_a_denial_by_author_closes_all_that_staff_may_have_written_of_a_protected_person(shared, kit):
    denied = {"data": [{"meaning": "authoredby", "reference": {"reference": f"Practitioner/{DOCTOR}"}}]}
    seen = []
    for facts in ({"protected": "sekretessmarkering"}, {}):
        patient = shared.enroll(**facts)
        shared.hold(patient, resource=kit.observation(patient, performer=[{"reference": f"Patient/{patient.id}"}]))
        shared.near(patient)
        provision = kit.consent(patient)["provision"] | {"provision": [{"type": "deny"} | denied]}
        assert shared.consent(patient, provision=provision).status_code == 201
        seen.append(len(shared.found(f"/fhir/Observation?patient={patient.id}", "doctor")))
    assert seen == [0, 1]


@pytest.mark.parametrize("protected", [None, "sekretessmarkering"])
def test_a_guardian_of_a_protected_child_is_not_told_which_units_are_to_read(shared, kit, protected):
    guardian = shared.enroll()
    born = kit.NOW.date().replace(year=kit.NOW.year - 8)
    child = shared.enroll(born=born, guardians=(guardian.number,))
    consent = shared.consent(child).json()["id"]
    shared.enroll(number=child.number, born=born, guardians=(guardian.number,), protected=protected)
    me = shared.patient_person(guardian, "guardian")
    assert shared.get(f"/fhir/Consent/{consent}", shared.patient_person(child)).status_code == 200
    assert shared.get(f"/fhir/Consent/{consent}", me).status_code == (404 if protected else 200)
    assert shared.found(f"/fhir/Consent?patient={child.id}", me) == ([] if protected else [consent])
    everything = shared.get(f"/fhir/Patient/{child.id}/$everything", me).text
    assert [lead for lead in LEADS if lead in everything] == ([] if protected else [U1])
