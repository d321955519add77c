"""A Consent that a source's client pushes never permits, and denies what it says of its own care provider's data, or all."""

from datetime import timedelta

import pytest

from hub.consent.grounds import Block
from tests.api.conftest import NOW

BLOCK = {"start": NOW, "end": None, "state": "active", "recorded": NOW, "recorded_by": "test"}
BLOCK |= {"type": "outer", "unit": "", "regime": "SVOD", "excluded": ()}
BREAK_GLASS = {"type": "permit", "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "BTG"}]}


@pytest.fixture
def at_two(shared, kit):
    """A patient of whom the care providers of both source clients hold data, seen from a third: what is found of each."""
    patient = shared.enroll()
    ids = {kit.P1: shared.hold(patient, provider=kit.P1, unit=kit.U1), kit.P2: shared.hold(patient)}
    mine = {"resourceType": "Patient", "id": f"p{patient.pk}", "name": [{"text": "P"}]}
    mine["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
    for client in ("alfa-client", "beta-client"):
        shared.do("PUT", f"/fhir/Patient/{mine['id']}", client, resource=mine)
    for who, unit in (("doctor", kit.U1), ("elsewhere", kit.U3)):
        shared.near(patient, who)
        assert shared.consent(patient, who, unit).status_code == 201

    def found():
        """What the doctor of P1 sees of P2, and the doctor of P2 of P1."""
        seen = [shared.found(f"/fhir/Observation?patient={patient.id}", who) for who in ("elsewhere", "doctor")]
        return {provider for provider, its in zip(ids, seen, strict=True) if ids[provider] in its}

    return patient, found


def pushed(house, patient, consent, client="alfa-client"):
    written = consent | {"id": f"c{patient.pk}", "patient": {"reference": f"Patient/p{patient.pk}"}}
    written["performer"] = [{"reference": f"Patient/p{patient.pk}"}]
    answer = house.do("PUT", f"/fhir/Consent/{written['id']}", client, resource=written)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


SAID = (
    ({}, False),
    ({"modifierExtension": [{"url": "urn:x:unknown", "valueBoolean": True}]}, True),
    ({"policy": [{"uri": "https://example.org/law"}], "status": "draft"}, False),
    ({"policy": [{"uri": "https://example.org/law"}]}, True),
    ({"policy": [{"uri": "https://example.org/law"}], "status": "inactive"}, False),
    ({"provision": {"type": "permit", "code": [{"text": "HIV"}]}}, True),
    ({"scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}]}}, False),
    ({"provision": {"type": "deny"}}, True),
    ({"provision": {"type": "deny", "provision": [BREAK_GLASS]}}, True),
    ({"provision": {"type": "deny", "dataPeriod": {"start": "2040-10"}}}, True),
)
"""What a Consent says otherwise than one that permits, and whether that closes what its care provider holds."""


def test_a_source_s_consent_closes_its_own_care_provider_s_data_where_it_denies_or_cannot_be_read(shared, kit, at_two):
    patient, found = at_two
    for changed, closes in SAID:
        kept = pushed(shared, patient, kit.consent(patient) | changed)
        assert found() == ({kit.P2} if closes else {kit.P1, kit.P2}), changed
        assert kept["status"] == changed.get("status", "active")


def test_a_source_s_consent_never_permits(shared, kit):
    patient = shared.enroll()
    shared.hold(patient)
    shared.near(patient)
    mine = {"resourceType": "Patient", "id": f"p{patient.pk}", "name": [{"text": "P"}]}
    mine["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
    shared.do("PUT", f"/fhir/Patient/{mine['id']}", "alfa-client", resource=mine)
    pushed(shared, patient, kit.consent(patient))
    assert shared.found(f"/fhir/Observation?patient={patient.id}", "doctor") == []


def test_a_source_s_block_closes_the_custodian_it_names_if_that_is_its_own(shared, kit, at_two):
    patient, found = at_two
    for custodian, left in ((kit.P1, {kit.P2}), (kit.U2, {kit.P1, kit.P2}), (kit.U1, {kit.P2}), (kit.P2, {kit.P1, kit.P2})):
        pushed(shared, patient, kit.denial(patient, custodian))
        assert found() == left, custodian


def test_what_a_source_denied_opens_when_it_takes_it_back(shared, kit, at_two):
    patient, found = at_two
    unreadable = kit.consent(patient) | {"policy": [{"uri": "https://example.org/law"}]}
    pushed(shared, patient, unreadable, "beta-client")
    for back in (unreadable | {"status": "inactive"}, kit.consent(patient), None):
        pushed(shared, patient, unreadable)
        assert found() == set()
        if back:
            pushed(shared, patient, back)
        else:
            assert shared.do("DELETE", f"/fhir/Consent/c{patient.pk}", "alfa-client").status_code == 204
        assert found() == {kit.P1}


def test_a_source_s_denial_is_a_block_that_its_care_provider_lifts_and_the_patient_is_told_of(shared, kit, at_two):
    patient, found = at_two
    pushed(shared, patient, kit.consent(patient) | {"policy": [{"uri": "https://example.org/law"}]}, "beta-client")
    [block] = shared.get(f"/access/blocks?patient={patient.id}", shared.patient_person(patient)).json()["blocks"]
    assert (block["type"], block["provider"], block["state"]) == ("outer", kit.P2, "active")
    assert found() == {kit.P1}
    lifted = {"patient": patient.id, "block": block["id"], "unit": kit.U1, "reason": "patient_consent"}
    assert shared.post("/access/revokes", "blocker2", json=lifted).status_code == 201
    assert found() == {kit.P1, kit.P2}


def test_denials_come_by_create_patch_and_transaction_alike(shared, kit, at_two):
    patient, found = at_two
    unreadable = kit.consent(patient) | {"policy": [{"uri": "https://example.org/law"}]}
    unreadable |= {"patient": {"reference": f"Patient/p{patient.pk}"}}
    created = shared.post("/fhir/Consent", "alfa-client", resource=unreadable)
    assert (created.status_code, found()) == (201, {kit.P2})
    patch = [{"op": "replace", "path": "/status", "value": "inactive"}]
    headers = {"content-type": "application/json-patch+json"}
    path = f"/fhir/Consent/{created.json()['id']}"
    assert shared.do("PATCH", path, "alfa-client", resource=patch, headers=headers).status_code == 200
    assert found() == {kit.P1, kit.P2}
    entry = {"resource": unreadable, "request": {"method": "POST", "url": "Consent"}}
    both = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert shared.post("/fhir", "alfa-client", resource=both).status_code == 200
    assert found() == {kit.P2}


def test_how_many_blocks_others_have_set_is_not_told_to_a_source_that_denies(shared, kit, at_two):
    patient, _ = at_two
    for number in range(64):
        times = {"information_start": kit.NOW - timedelta(days=number + 1), "information_end": kit.NOW - timedelta(days=number)}
        shared.ground(patient, Block(id=f"b{number}", provider=kit.P2, **BLOCK, **times))
    refused = []
    unreadable = kit.consent(patient) | {"policy": [{"uri": "https://example.org/law"}]}
    unreadable |= {"patient": {"reference": f"Patient/p{patient.pk}"}}
    for number in range(18):
        written = unreadable | {"id": f"c{patient.pk}-{number}"}
        refused.append(shared.do("PUT", f"/fhir/Consent/{written['id']}", "alfa-client", resource=written).status_code == 409)
    assert refused == [False] * 16 + [True] * 2
