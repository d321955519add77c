"""A patient says no to all that others may read (IHE PCF's dissent), with and without an exception for emergencies."""

import pytest

from hub.interactions.replaying import replay
from hub.store.audit_reading import every, heads

BREAK_GLASS = {"type": "permit", "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG"}]}


def dissent(kit, patient, **more):
    return kit.consent(patient, provision={"type": "deny"} | more)


@pytest.fixture
def read(shared, kit):
    """A patient with data at another care provider, whom the doctor's unit has the consent of; and what the doctor finds."""
    patient = shared.enroll()
    id = shared.hold(patient)
    shared.near(patient)
    assert shared.consent(patient).status_code == 201

    def found(who="doctor"):
        seen = shared.found(f"/fhir/Observation?patient={patient.id}", who)
        assert (shared.get(f"/fhir/Observation/{id}", who).status_code == 200) is (seen == [id])
        return len(seen)

    assert found() == 1
    return patient, found


def emergency(house, patient, **more):
    told = {"patient": patient.id, "type": "emergency", "reason": "medvetslös"} | more
    assert house.post("/access/assertions", "doctor", json=told).status_code == 201


def exists(house, patient):
    return house.get(f"/access/patients/{patient.id}/existence", "doctor").json()


def why(house, kit, patient):
    id = house.found(f"/fhir/Observation?patient={patient.id}", house.patient_person(patient))[0]
    asked = {"resource": f"Observation/{id}", "unit": kit.U1, "employee": kit.E1}
    return house.get("/access/explain", house.patient_person(patient), params=asked).json()


def test_a_dissent_closes_what_a_consent_opens_and_what_an_emergency_would(shared, kit, read):
    patient, found = read
    me = shared.patient_person(patient)
    given = shared.post("/fhir/Consent", me, resource=dissent(kit, patient))
    assert given.status_code == 201, given.text
    assert found() == 0
    told = why(shared, kit, patient)
    assert (told["shown"], told["rule"], told["outcome"]) == (False, "R42", "BLOCKED_EXISTS")
    assert told["grounds"] == [{"kind": "dissent", "id": given.json()["id"]}]
    assert exists(shared, patient)["blocked"]["elsewhere"] is True
    emergency(shared, patient)
    assert [each["id"] for each in exists(shared, patient)["blocked_by"]["providers"]] == [kit.P2]
    emergency(shared, patient, step=2, providers=[kit.P2])
    assert found() == 0
    assert why(shared, kit, patient)["rule"] == "R43"


def test_a_dissent_but_for_emergencies_opens_in_two_steps_and_to_no_consent(shared, kit, read):
    patient, found = read
    given = shared.post("/fhir/Consent", shared.patient_person(patient), resource=dissent(kit, patient, provision=[BREAK_GLASS]))
    assert given.status_code == 201, given.text
    assert found() == 0
    told = why(shared, kit, patient)
    assert (told["rule"], told["outcome"], told["grounds"]) == ("R55", "EXISTS", [{"kind": "dissent", "id": given.json()["id"]}])
    assert "sagt nej" in told["words"]["sv"]
    assert "said no" in told["words"]["en"]
    assert exists(shared, patient)["exists"] is True
    emergency(shared, patient)
    assert found() == 0
    assert [each["id"] for each in exists(shared, patient)["providers"]] == [kit.P2]
    emergency(shared, patient, step=2, providers=[kit.P2])
    assert found() == 1
    entries = [entry for head in heads(shared.store.reader()) for entry in every(shared.store.reader(), head.size, head.shard)]
    mine = [each for each in entries if each.content["action"] == "search" and each.content.get("patient") == patient.id]
    assert {replay(shared.store, shared.hub, each).fault for each in mine} == {""}


def test_the_patient_takes_a_dissent_back_and_the_consent_counts_again(shared, kit, read):
    patient, found = read
    me = shared.patient_person(patient)
    for ending in ("DELETE", "PUT"):
        given = shared.post("/fhir/Consent", me, resource=dissent(kit, patient)).json()
        assert found() == 0
        [listed] = [
            each
            for each in shared.get(f"/access/dissents?patient={patient.id}", me).json()["dissents"]
            if each["state"] == "active"
        ]
        assert (listed["id"], listed["but_emergencies"]) == (given["id"], False)
        body = {"resource": given | {"status": "inactive"}} if ending == "PUT" else {}
        assert shared.do(ending, f"/fhir/Consent/{given['id']}", me, **body).status_code in (200, 204)
        assert found() == 1


def test_a_consent_that_becomes_a_dissent_does_not_come_back_when_that_is_taken_back(shared, kit):
    patient = shared.enroll()
    shared.hold(patient)
    shared.near(patient)
    me = shared.patient_person(patient)
    given = shared.consent(patient, me).json()
    path = f"/fhir/Consent/{given['id']}"
    seen = []
    for provision, status in ((given["provision"], "active"), ({"type": "deny"}, "active"), ({"type": "deny"}, "inactive")):
        assert shared.do("PUT", path, me, resource=given | {"provision": provision, "status": status}).status_code == 200
        seen.append(len(shared.found(f"/fhir/Observation?patient={patient.id}", "doctor")))
    assert seen == [1, 0, 0]


def test_a_dissent_is_of_whom_it_names_alone(shared, kit, read):
    patient, found = read
    shared.near(patient, "sister")
    assert shared.consent(patient, "sister", kit.U2).status_code == 201
    named = kit.consent(patient)["provision"]["actor"]
    given = shared.post("/fhir/Consent", shared.patient_person(patient), resource=dissent(kit, patient, actor=named))
    assert given.status_code == 201, given.text
    assert (found(), found("sister")) == (0, 1)


def test_a_care_provider_lifts_a_dissent_of_what_it_holds(shared, kit, read):
    patient, found = read
    given = shared.post("/fhir/Consent", shared.patient_person(patient), resource=dissent(kit, patient)).json()
    assert [each["id"] for each in shared.get(f"/access/dissents?patient={patient.id}", "blocker2").json()["dissents"]] == [
        given["id"]
    ]
    lifted = {"patient": patient.id, "block": given["id"], "unit": kit.U1, "reason": "patient_consent"}
    assert shared.post("/access/revokes", "blocker", json=lifted).status_code == 201
    assert found() == 0
    assert shared.post("/access/revokes", "blocker2", json=lifted).status_code == 201
    assert found() == 1


@pytest.mark.parametrize("who", ["doctor", "guardian", "representative"])
def test_nobody_says_no_in_the_patient_s_stead(shared, kit, who):
    patient = shared.enroll()
    shared.near(patient)
    written = dissent(kit, patient) | ({"performer": [{"reference": "RelatedPerson/g"}]} if who == "representative" else {})
    caller = {"doctor": "doctor", "guardian": shared.patient_person(patient, "guardian")}.get(who, shared.patient_person(patient))
    assert shared.post("/fhir/Consent", caller, resource=written).status_code in (403, 422)
    assert shared.get(f"/access/dissents?patient={patient.id}", shared.patient_person(patient)).json()["dissents"] == []


def test_staff_do_not_take_a_dissent_back(shared, kit, read):
    patient, found = read
    given = shared.post("/fhir/Consent", shared.patient_person(patient), resource=dissent(kit, patient)).json()
    assert shared.do("DELETE", f"/fhir/Consent/{given['id']}", "doctor").status_code in (403, 404)
    assert shared.get(f"/access/dissents?patient={patient.id}", "doctor").json()["dissents"] == []
    assert found() == 0
