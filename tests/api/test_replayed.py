"""Every decision in the log comes out again from the log and the history alone; a history that was changed shows."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from hub.audit import included, leaf_hash
from hub.checkpoint_keys import load
from hub.checkpointing import Checkpoints
from hub.checkpoints import read_all
from hub.fhir.json import dumps, loads
from hub.interactions.replaying import replay
from hub.store.audit_proofs import proof, seen_by
from hub.store.audit_reading import every, heads


def replayed(house):
    """(action, what came out otherwise) of every decision in the log."""
    store, found = house.store, []
    for head in heads(store.reader()):
        for entry in every(store.reader(), head.size, head.shard):
            again = replay(store, house.hub, entry)
            if again.decision:
                found.append((entry.content["action"], again.fault))
    return found


@pytest.fixture
def lived(house, kit):
    """A hub where much was asked, allowed, withheld and refused, while consent came and went and the record grew."""
    patient = house.enroll()
    me = house.patient_person(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    own = house.hold(patient, provider=kit.P1, unit=kit.U1, key="own")
    other = house.hold(patient, key="other")
    for step in (
        lambda: None,
        lambda: house.near(patient),
        lambda: house.consent(patient),
        lambda: house.hold(patient, key="late"),
    ):
        step()
        house.clock.now += timedelta(minutes=1)
        for who in ("doctor", "elsewhere", "social", "doctor-low", "reviewer", me):
            house.get(path, who)
            house.get(f"/fhir/Observation/{own}", who)
            house.get(f"/fhir/Observation/{other}", who)
            house.get(f"/fhir/Patient/{patient.id}", who)
        house.get("/fhir/Observation?patient=never-issued", "doctor")
        house.get("/fhir/Observation/never-issued", "doctor")
    return patient


def test_decisions_come_out_as_they_did_whatever_has_happened_since(house, kit, lived):
    before = replayed(house)
    assert len(before) > 60
    assert {fault for _, fault in before} == {""}
    house.clock.now += timedelta(days=400)
    house.near(lived, "elsewhere")
    house.hold(lived, key="much-later")
    assert replayed(house)[: len(before)] == before


def test_decisions_come_out_as_they_did_under_the_custody_and_the_facts_of_then(house, kit, lived):
    before = replayed(house)
    house.clock.now += timedelta(minutes=1)
    house.hold(lived, key="other", released=False, secret=True, provider=kit.P1, unit=kit.U2)
    house.hold(lived, key="own", nullified=True)
    house.enroll(number=lived.number, deceased=house.clock.now.date())
    house.clock.now += timedelta(minutes=1)
    house.get(f"/fhir/Observation?patient={lived.id}", "doctor")
    after = replayed(house)
    assert after[: len(before)] == before
    assert {fault for _, fault in after} == {""}


def test_a_search_and_a_history_of_several_types_come_out_as_they_did(house, kit, lived):
    me = house.patient_person(lived)
    asked = (
        f"?_type=Observation,Patient&patient={lived.id}",
        f"?_type=Patient,Observation&patient={lived.id}",
        f"Patient/{lived.id}/*",
        "_history",
        "?_type=Practitioner,Organization",
        "?_type=Practitioner,Observation",
    )
    before = len(house.log())
    answers = [house.get(f"/fhir/{path}", who).status_code for who in ("doctor", "elsewhere", "reviewer", me) for path in asked]
    assert answers.count(200) > 16
    assert len([entry for entry in house.log()[before:] if entry.get("type") == "" and "decided" in entry]) > 16
    house.get("/fhir/Practitioner", me)
    entries = [each for head in heads(house.store.reader()) for each in every(house.store.reader(), head.size, head.shard)]
    assert all(replay(house.store, house.hub, each).decision for each in entries if "decided" in each.content)
    assert {fault for _, fault in replayed(house)} == {""}
    with house.store.database.writing() as connection:
        connection.execute(text("UPDATE ground SET payload = replace(payload, 'active', 'ended') WHERE kind = 'consent'"))
    assert {fault for _, fault in replayed(house)} != {""}


def test_what_a_worklist_held_is_judged_again_by_the_custody_it_had(house, kit):
    patients = [house.enroll() for _ in range(2)]
    for number, each in enumerate(patients):
        house.hold(each, provider=kit.P1, unit=kit.U2, key=f"listed-{number}")
    house.get("/fhir/Observation", "sister")  # no need is stated yet
    house.post("/access/needs", "sister", json={"type": "worklist", "reason": "dagens lista"})
    assert house.get("/fhir/Observation", "sister").json()["total"] == 2
    house.clock.now += timedelta(minutes=1)
    house.hold(patients[0], provider=kit.P1, unit=kit.U1, key="listed-0")
    house.get("/fhir/Observation", "sister")
    house.get("/fhir/Practitioner", "sister")
    house.clock.now += timedelta(days=400)
    found = replayed(house)
    assert found == [("search", "")] * 4
    with house.store.database.writing() as connection:
        connection.execute(text("DELETE FROM ground WHERE pk = 0"))
    assert any("grounds" in fault for _, fault in replayed(house))


def written(house, who, patient, **more):
    """What a source's client writes of a patient under ids of its own choice, and reads in every way."""
    number = {"system": patient.number.system, "value": patient.number.value}
    resources = (
        {"resourceType": "Patient", "id": "one", "identifier": [number]},
        {
            "resourceType": "Observation",
            "id": "one",
            "status": "final",
            "code": {"text": "x"},
            "subject": {"reference": "Patient/one"},
        }
        | more,
        {"resourceType": "Schedule", "id": "one", "actor": [{"display": "rum"}]},
    )
    for each in resources:
        assert house.do("PUT", f"/fhir/{each['resourceType']}/one", who, resource=each).status_code in (200, 201)
    for path in (
        "Observation/one",
        "Observation/one/_history/1",
        "Observation/one/_history",
        "Observation?_include=Observation:subject",
        "Observation?patient=one",
        f"Observation?patient={patient.id}",
        "Patient?_revinclude=Observation:subject",
        "Patient/one/$everything",
        "Schedule/one",
        "Schedule",
        "Observation/never-written",
        "_history",
    ):
        assert house.get(f"/fhir/{path}", who).status_code in (200, 404), path


def test_a_source_s_own_view_comes_out_again_whoever_else_uses_its_ids(house, kit):
    patient = house.enroll()
    written(house, "alfa-client", patient)
    written(house, "beta-client", patient)
    house.clock.now += timedelta(minutes=1)
    written(house, "alfa-client", patient, status="amended")
    found = replayed(house)
    assert len(found) > 30
    assert {fault for _, fault in found} == {""}
    with house.store.database.writing() as connection:
        connection.execute(text("UPDATE resource SET source = 'alfa' WHERE source = 'beta'"))
    assert "what was released would be withheld by R02" in {fault for _, fault in replayed(house)}


def test_the_entry_of_a_source_s_client_names_its_source(light):
    light.get("/fhir/Observation", "alfa-client")
    assert light.log()[-1]["who"]["source"] == "alfa"


def test_an_entry_that_does_not_say_enough_is_told_of_and_not_passed_over(light):
    light.get("/fhir/Observation", "alfa-client")
    [head] = [each for each in heads(light.store.reader()) if each.size]
    *_, entry = every(light.store.reader(), head.size, head.shard)
    assert (replay(light.store, light.hub, entry).decision, replay(light.store, light.hub, entry).too_little) == (True, False)
    older = entry.content | {"who": {name: value for name, value in entry.content["who"].items() if name != "source"}}
    again = replay(light.store, light.hub, replace(entry, entry=dumps(older)))
    assert (again.decision, again.fault, again.too_little) == (False, "", True)


def test_whether_somebody_saw_a_resource_is_answered_with_a_proof(house, kit, lived):
    shown = house.get(f"/fhir/Observation?patient={lived.id}", "doctor").json()["entry"]
    fhir_id = next(each["resource"]["id"] for each in shown if each["resource"]["resourceType"] == "Observation")
    house.run(house.running.background.checkpoint())
    connection = house.store.reader()
    found = list(seen_by(connection, lived.pk, kit.E1, fhir_id))
    assert len(found) >= 4
    entry, line = found[-1]
    signed = Checkpoints(house.folder / "audit-checkpoints.txt", house.folder)
    last = read_all(signed.notes(), load(house.folder).keys)[-1]
    held = proof(connection, entry.shard, entry.seq, last, line)
    said, path = held["released"], [bytes.fromhex(each) for each in held["released"]["path"]]
    root = bytes.fromhex(loads(held["entry"].encode())["root"])
    assert included(leaf_hash(line.encode()), said["index"], said["size"], path, root)
    assert not included(leaf_hash(b"another/1"), said["index"], said["size"], path, root)
    assert list(seen_by(connection, lived.pk, kit.E2, "never-issued")) == []
    with pytest.raises(ValueError, match="did not hold"):
        proof(connection, entry.shard, entry.seq, last, "another/1")


def test_a_refusal_comes_out_by_its_rule(light):
    light.get("/fhir/Observation?patient=x", "doctor-low")
    assert ("search", "") in replayed(light)


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (
            'UPDATE ground SET payload = replace(payload, \'"state":"active"\', \'"state":"ended"\') WHERE kind = \'consent\'',
            "grounds",
        ),
        ("DELETE FROM ground WHERE kind = 'relation'", "grounds"),
        ("UPDATE resource SET provider = 'SE9' WHERE type = 'Observation'", "would be withheld"),
        ("DELETE FROM resource WHERE type = 'Observation'", "not there any more"),
    ],
    ids=str,
)
def test_a_history_that_was_changed_gives_another_decision(house, lived, deed, said):
    with house.store.database.writing() as connection:
        connection.execute(text(deed.replace(":", "\\:")))
    assert any(said in fault for _, fault in replayed(house))
