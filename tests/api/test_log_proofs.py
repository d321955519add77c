"""Proofs by the API, the witness, and the alarm when the log does not continue from what was signed."""

import json

import pytest
from sqlalchemy import text

from hub.audit import consistent, included, leaf_hash
from hub.checkpoint_keys import load
from hub.checkpoints import read, read_all


@pytest.fixture
def signed(house):
    """A patient whose record was searched, and the log signed twice."""
    patient = house.enroll()
    house.near(patient)
    own = house.hold(patient, provider="SE2321990018-P1", unit="SE2321990018-U1")
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    house.run(house.running.background.checkpoint())
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    house.run(house.running.background.checkpoint())
    return patient, own


def search_of(house):
    return next(each for each in house.get("/access/log", "reviewer").json()["entries"] if each["action"] == "search")


def test_an_entry_is_proven_to_whom_it_concerns_and_to_nobody_else(house, signed):
    patient, _ = signed
    place = {name: search_of(house)[name] for name in ("shard", "seq")}
    for who, status in (("reviewer", 200), (house.patient_person(patient), 200), ("reviewer2", 404), ("doctor", 403)):
        answer = house.get("/access/log/proof", who, params=place)
        assert answer.status_code == status, answer.text
        if status == 200:
            held = answer.json()
            [head] = read(held["checkpoint"], load(house.folder).keys).shards
            path = [bytes.fromhex(each) for each in held["path"]]
            assert included(leaf_hash(held["entry"].encode()), held["seq"], head.size, path, head.root)


def test_what_an_answer_held_is_proven_against_the_root_in_its_entry(house, signed):
    place = {name: search_of(house)[name] for name in ("shard", "seq")}
    row = house.store.reader().execute(text(f"SELECT kept FROM audit WHERE seq = {place['seq']}")).scalar_one()
    [line] = json.loads(bytes(row))["released"]
    held = house.get("/access/log/proof", "reviewer", params=place | {"resource": line}).json()
    assert json.loads(held["entry"])["root"] == leaf_hash(line.encode()).hex()  # one leaf is its own root
    assert held["released"]["path"] == []
    assert house.get("/access/log/proof", "reviewer", params=place | {"resource": "x/1"}).status_code == 404


def test_the_log_is_proven_to_have_only_grown(house, signed):
    held = house.get("/access/log/consistency", "reviewer", params={"first": 1, "second": 2}).json()
    first, second = (read(note, load(house.folder).keys) for note in held["checkpoints"])
    [step] = held["shards"]
    path = [bytes.fromhex(each) for each in step["path"]]
    assert consistent(step["from"], step["to"], path, first.shards[0].root, second.shards[0].root)
    assert house.get("/access/log/consistency", "reviewer", params={"first": 1, "second": 99}).status_code == 404


def test_the_hub_signs_at_start_and_when_it_is_told_to_and_nothing_twice(house):
    notes = house.running.background.checkpoints.notes()
    house.run(house.running.background.checkpoint())
    assert house.running.background.checkpoints.notes() == notes
    house.get("/fhir/Observation?patient=x", "doctor")
    house.run(house.running.background.checkpoint())
    assert len(read_all(house.running.background.checkpoints.notes(), load(house.folder).keys)) == len(notes) + 1


def test_a_log_that_does_not_continue_is_told_of_and_not_signed(house, signed):
    before = house.running.background.checkpoints.notes()
    with house.store.database.writing() as connection:
        connection.execute(text("UPDATE audit SET leaf = (SELECT leaf FROM audit WHERE seq = 0) WHERE seq = 1"))
        connection.execute(text("DELETE FROM audit_node"))
    house.get("/fhir/Observation?patient=x", "doctor")
    house.run(house.running.background.checkpoint())
    assert house.running.background.checkpoints.notes() == before
    assert "the access log cannot be signed" in house.lines.getvalue()
    assert b"hub_audit_checkpoints_refused_total 1.0" in house.running.metrics.exposition()[0]
    assert house.get("/fhir/Observation?patient=x", "doctor").status_code == 200


def test_a_witness_gets_every_checkpoint_in_order_and_what_it_did_not_take_again(house, signed):
    taken, answers = [], iter([True, False, True, True])

    async def send(note):
        if next(answers):
            taken.append(note)
            return True
        return False

    signed_by = house.running.background.checkpoints
    notes = signed_by.notes()
    assert house.run(signed_by.witness(send)) == 1
    assert house.run(signed_by.witness(send)) == len(notes) - 1
    assert house.run(signed_by.witness(send)) == 0
    assert taken == notes
