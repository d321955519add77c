"""Grounds are counted, so that no one can make a record too heavy to open: there is an end to them, and it says what to do."""

from datetime import timedelta

import pytest

from hub.consent.facts import MOST_BLOCKS as MOST_TOLD
from hub.consent.grounds import Block
from hub.interactions.room import MOST, MOST_BLOCKS


@pytest.fixture
def patient(light):
    return light.enroll()


def block(house, who, patient, **body):
    return house.post("/access/blocks", who, json={"patient": patient.id} | body)


def apart(number):
    """A time that meets none of the others."""
    year, month = divmod(number, 12)
    return {"information_start": f"{1900 + year}-{month + 1:02}-01", "information_end": f"{1900 + year}-{month + 1:02}-10"}


def test_a_block_that_stands_is_given_again(light, kit, patient):
    me = light.patient_person(patient)
    first = block(light, me, patient, type="outer", provider=kit.P2, excluded=["lak", "upp"])
    again = block(light, me, patient, type="outer", provider=kit.P2.lower(), excluded=["upp", "lak"])
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert light.log()[-1]["grounds"] == [first.json()["id"]]
    assert len(light.get(f"/access/blocks?patient={patient.id}", me).json()["blocks"]) == 1
    narrower = block(light, me, patient, type="outer", provider=kit.P2)
    assert narrower.json()["id"] != first.json()["id"]
    lifted = light.do("DELETE", f"/access/blocks/{first.json()['id']}", "blocker2")
    assert lifted.status_code == 200, lifted.text
    anew = block(light, me, patient, type="outer", provider=kit.P2, excluded=["lak", "upp"])
    assert anew.json()["id"] != first.json()["id"]


def test_a_patient_has_so_many_blocks_and_the_record_still_opens(light, kit, patient):
    me = light.patient_person(patient)
    own = light.hold(patient, provider=kit.P1, unit=kit.U1)
    light.near(patient)
    for number in range(MOST_BLOCKS):
        assert block(light, me, patient, type="outer", provider=kit.P2, **apart(number)).status_code == 201
    one_more = block(light, me, patient, type="outer", provider=kit.P2, **apart(MOST_BLOCKS))
    assert one_more.status_code == 409
    assert "block a whole care provider" in one_more.text
    assert block(light, "blocker2", patient, type="outer", provider=kit.P2, **apart(MOST_BLOCKS)).status_code == 409
    refused = light.post("/fhir/Consent", me, resource=kit.denial(patient, kit.P1))
    assert refused.status_code == 409, refused.text
    assert light.log()[-1]["outcome"] == "refuse"
    assert light.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [own]


def test_blocks_of_a_consent_are_counted_too(light, kit, patient):
    me = light.patient_person(patient)
    for number in range(MOST_BLOCKS - 1):
        assert block(light, me, patient, type="outer", provider=kit.P2, **apart(number)).status_code == 201
    given = light.post("/fhir/Consent", me, resource=kit.denial(patient, kit.P1))
    assert given.status_code == 201, given.text
    held = given.json()
    assert light.do("PUT", f"/fhir/Consent/{held['id']}", me, resource=held).status_code in (200, 201)
    assert light.post("/fhir/Consent", me, resource=kit.denial(patient, kit.P2)).status_code == 409


def test_one_person_registers_so_many_of_a_kind_for_a_patient(light, kit, patient):
    for _ in range(MOST):
        assert light.post("/access/relations", "doctor", json={"patient": patient.id}).status_code == 201
    answer = light.post("/access/relations", "doctor", json={"patient": patient.id})
    assert answer.status_code == 409
    assert "end some first" in answer.text
    assert light.post("/access/relations", "nurse", json={"patient": patient.id}).status_code == 201
    assert light.post("/access/relations", "doctor", json={"patient": light.enroll().id}).status_code == 201
    light.clock.move(days=8)
    assert light.post("/access/relations", "doctor", json={"patient": patient.id}).status_code == 201
    light.clock.move(days=-8)


@pytest.mark.parametrize("count", [120, 600])
def test_a_record_with_more_blocks_than_may_be_set_still_opens_for_its_own_unit(shared, kit, count):
    patient, start = shared.enroll(), kit.NOW - timedelta(days=5000)
    own, others = shared.hold(patient, provider=kit.P1, unit=kit.U1), shared.hold(patient)
    shared.near(patient)
    shared.consent(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    assert sorted(shared.found(path, "doctor")) == sorted([own, others])
    for number in range(count):
        begins = start + timedelta(days=2 * number)
        given = Block(
            id=f"b{number}",
            start=kit.NOW - timedelta(days=1),
            end=None,
            state="active",
            recorded=kit.NOW,
            recorded_by="p",
            type="outer",
            regime="SVOD",
            provider=kit.P2,
            unit="",
            information_start=begins,
            information_end=begins + timedelta(days=1),
            excluded=(),
        )
        shared.ground(patient, given)
    assert sorted(shared.found(path, "doctor")) == sorted([own] if count > MOST_TOLD else [own, others])
