"""Every type of the house: a source's client keeps it, nobody sees it who may not, and staff and patients write their own."""

import pytest
from sqlalchemy import select

from hub.fhir.types import TYPES
from hub.store.tables import resource

TEXT = {"text": "x"}
SOMEBODY = {"display": "Någon"}
MINIMAL = {
    # what R4 requires and no more; where a type lies in a patient's compartment, with the patient
    "AllergyIntolerance": lambda who: {"patient": who},
    "Appointment": lambda who: {"status": "proposed", "participant": [{"actor": who, "status": "accepted"}]},
    "AuditEvent": lambda who: {
        "type": {"code": "rest"},
        "recorded": "2026-11-21T09:00:00Z",
        "agent": [{"requestor": True}],
        "source": {"observer": SOMEBODY},
        "entity": [{"what": who}],
    },
    "Binary": lambda who: {"contentType": "text/plain", "securityContext": who},
    "Bundle": lambda _: {"type": "collection"},
    "CapabilityStatement": lambda _: {
        "status": "draft",
        "date": "2026",
        "kind": "requirements",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "description": "x",
    },
    "CarePlan": lambda who: {"status": "active", "intent": "plan", "subject": who},
    "CareTeam": lambda who: {"subject": who},
    "CodeSystem": lambda _: {"status": "draft", "content": "not-present"},
    "Communication": lambda who: {"status": "completed", "subject": who},
    "CommunicationRequest": lambda who: {"status": "active", "subject": who},
    "Composition": lambda who: {
        "status": "final",
        "type": TEXT,
        "subject": who,
        "date": "2026",
        "author": [SOMEBODY],
        "title": "x",
    },
    "ConceptMap": lambda _: {"status": "draft"},
    "Condition": lambda who: {"subject": who},
    "Consent": lambda who: {"status": "active", "scope": TEXT, "category": [TEXT], "patient": who, "policyRule": TEXT},
    "DeviceRequest": lambda who: {"intent": "order", "codeCodeableConcept": TEXT, "subject": who},
    "DiagnosticReport": lambda who: {"status": "final", "code": TEXT, "subject": who},
    "DocumentReference": lambda who: {"status": "current", "subject": who, "content": [{"attachment": {"title": "x"}}]},
    "Encounter": lambda who: {"status": "finished", "class": {"code": "AMB"}, "subject": who},
    "Endpoint": lambda _: {
        "status": "active",
        "connectionType": {"code": "hl7-fhir-rest"},
        "payloadType": [TEXT],
        "address": "https://other.example.org/fhir",
    },
    "EpisodeOfCare": lambda who: {"status": "active", "patient": who},
    "Flag": lambda who: {"status": "active", "code": TEXT, "subject": who},
    "Goal": lambda who: {"lifecycleStatus": "active", "description": TEXT, "subject": who},
    "HealthcareService": lambda _: {"name": "x"},
    "Immunization": lambda who: {"status": "completed", "vaccineCode": TEXT, "patient": who, "occurrenceDateTime": "2026"},
    "List": lambda who: {"status": "current", "mode": "working", "subject": who},
    "Location": lambda _: {"name": "x"},
    "Medication": lambda _: {"code": TEXT},
    "MedicationAdministration": lambda who: {
        "status": "completed",
        "medicationCodeableConcept": TEXT,
        "subject": who,
        "effectiveDateTime": "2026",
    },
    "MedicationDispense": lambda who: {"status": "completed", "medicationCodeableConcept": TEXT, "subject": who},
    "MedicationRequest": lambda who: {
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": TEXT,
        "subject": who,
    },
    "MedicationStatement": lambda who: {"status": "active", "medicationCodeableConcept": TEXT, "subject": who},
    "Observation": lambda who: {"status": "final", "code": TEXT, "subject": who},
    "OperationOutcome": lambda _: {"issue": [{"severity": "information", "code": "informational"}]},
    "Organization": lambda _: {"name": "x"},
    "Patient": lambda _: {"active": True},
    "Practitioner": lambda _: {"active": True},
    "PractitionerRole": lambda _: {"active": True},
    "Procedure": lambda who: {"status": "completed", "subject": who},
    "Provenance": lambda who: {"target": [who], "recorded": "2026-11-21T09:00:00Z", "agent": [{"who": SOMEBODY}]},
    "Questionnaire": lambda _: {"status": "draft"},
    "QuestionnaireResponse": lambda who: {"status": "completed", "subject": who},
    "RelatedPerson": lambda who: {"patient": who},
    "Schedule": lambda who: {"actor": [who]},
    "SearchParameter": lambda _: {
        "url": "urn:x",
        "name": "X",
        "status": "draft",
        "description": "x",
        "code": "x",
        "base": ["Patient"],
        "type": "token",
        "expression": "Patient.active",
    },
    "ServiceRequest": lambda who: {"status": "active", "intent": "order", "subject": who},
    "Slot": lambda _: {
        "schedule": SOMEBODY,
        "status": "free",
        "start": "2026-11-21T09:00:00Z",
        "end": "2026-11-21T09:30:00Z",
    },
    "Specimen": lambda who: {"subject": who},
    "StructureDefinition": lambda _: {
        "url": "urn:x",
        "name": "X",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
    },
    "Subscription": lambda _: {
        "status": "requested",
        "reason": "x",
        "criteria": "Observation?",
        "channel": {"type": "rest-hook"},
    },
    "Task": lambda who: {"status": "requested", "intent": "order", "for": who},
    "ValueSet": lambda _: {"status": "draft"},
}
OWN = ("Communication", "QuestionnaireResponse", "Task")
"""What staff and patients write at the hub, besides Consents and a patient's own measurements."""


def minimal(name, patient=None):
    return {"resourceType": name} | MINIMAL[name]({"reference": f"Patient/{patient.id}"} if patient else SOMEBODY)


@pytest.fixture(scope="module")
def patient(light):
    held = light.enroll()
    light.near(held)
    return held


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_source_s_client_keeps_every_type_and_no_other_client_sees_it(light, patient, name):
    made = light.post(f"/fhir/{name}", "alfa-client", resource=minimal(name, patient))
    assert made.status_code == 201, made.text
    path = f"/fhir/{name}/{made.json()['id']}"
    assert light.get(path, "alfa-client", headers={"accept": "application/fhir+json"}).content == made.content
    assert light.found(f"/fhir/{name}?_id={made.json()['id']}", "alfa-client") == [made.json()["id"]]
    assert light.get(path, "beta-client").status_code == 404
    assert light.found(f"/fhir/{name}?_id={made.json()['id']}", "beta-client") == []


@pytest.fixture(scope="module")
def listing(light, patient):
    """The doctor may list the own unit's, and does."""
    need = light.post("/access/needs", "doctor", json={"type": "worklist", "reason": "dagens lista"})
    assert need.status_code == 201
    made = light.post("/fhir/Appointment", "alfa-client", resource=minimal("Appointment", patient)).json()
    assert made["id"] in light.found("/fhir/Appointment", "doctor")
    return patient


@pytest.mark.parametrize("name", sorted(TYPES.keys() - {"Patient", "AuditEvent"}))
def test_what_names_no_patient_is_seen_by_the_client_that_wrote_it_alone(light, listing, name):
    made = light.post(f"/fhir/{name}", "alfa-client", resource=minimal(name))
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    for who in ("doctor", light.patient_person(listing)):
        assert light.get(f"/fhir/{name}/{id}", who).status_code == 404
        assert id not in light.found(f"/fhir/{name}", who)
        assert light.found(f"/fhir/{name}?_id={id}", who) == []


@pytest.mark.parametrize("name", sorted(TYPES))
def test_an_id_is_chosen_by_a_source_s_client_as_the_capability_statement_says_and_by_nobody_else(light, patient, name):
    [told] = [each for each in light.get("/fhir/metadata").json()["rest"][0]["resource"] if each["type"] == name]
    chosen = f"/fhir/{name}/chosen-{name.lower()}"
    resource = minimal(name, patient) | {"id": chosen.rpartition("/")[2]}
    for who in ("doctor", light.patient_person(patient)):
        assert light.do("PUT", chosen, who, resource=resource).status_code in (403, 404)
    made = light.do("PUT", chosen, "alfa-client", resource=resource)
    assert (made.status_code == 201) is told["updateCreate"]


@pytest.mark.parametrize("name", OWN)
def test_staff_and_patients_write_what_the_hub_keeps_itself(shared, name):
    house, patient, other = shared, shared.enroll(), shared.enroll()
    house.near(patient)
    me = house.patient_person(patient)
    for who in ("doctor", me):
        made = house.post(f"/fhir/{name}", who, resource=minimal(name, patient))
        assert made.status_code == 201, made.text
        path = f"/fhir/{name}/{made.json()['id']}"
        assert house.get(path, who).content == made.content
        assert house.do("PUT", path, who, resource=made.json() | {"language": "sv"}).status_code == 200
        assert house.get(path, house.patient_person(other)).status_code == 404
        assert house.do("DELETE", path, house.patient_person(other)).status_code == 404
        assert house.do("DELETE", path, who).status_code == 204
    for who in ("doctor", me):
        assert house.post(f"/fhir/{name}", who, resource=minimal(name)).status_code == 422
    assert house.post(f"/fhir/{name}", me, resource=minimal(name, other)).status_code == 422
    assert house.post(f"/fhir/{name}", "reviewer", resource=minimal(name, patient)).status_code == 403


@pytest.mark.parametrize("name", sorted(TYPES.keys() - {*OWN, "Consent", "Observation"}))
def test_other_types_are_written_by_their_owners_alone(light, patient, name):
    for who in ("doctor", light.patient_person(patient)):
        assert light.post(f"/fhir/{name}", who, resource=minimal(name, patient)).status_code == 403


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("AllergyIntolerance", "upp"),
        ("Flag", "upp"),
        ("MedicationDispense", "caa-gmh"),
        ("Immunization", "caa-gvh"),
        ("Task", "task"),
    ],
)
def test_what_a_client_writes_is_of_the_information_type_that_blocks_and_indexes_know_it_by(light, patient, name, category):
    id = light.post(f"/fhir/{name}", "alfa-client", resource=minimal(name, patient)).json()["id"]
    with light.store.database.writing() as connection:
        held = connection.execute(select(resource.c.info_type).where(resource.c.type == name, resource.c.fhir_id == id))
        assert held.scalars().all() == [category]
