"""Needs of worklists lie under nobody's key: whoever is nobody is looked for as quickly as ever, and nobody else's are read."""

import pytest

from hub.interactions.room import MOST
from hub.store.known import known
from hub.store.tables import NO_PATIENT


def worklist(house, who):
    return house.post("/access/needs", who, json={"type": "worklist", "reason": "dagens lista"})


@pytest.fixture
def needs(shared):
    """More than one person's."""
    made = [worklist(shared, who).json()["id"] for who in ("doctor", "nurse", "sister") for _ in range(3)]
    yield made
    for who in ("doctor", "nurse", "sister"):
        for id in made:
            shared.do("DELETE", f"/access/needs/{id}", who)


def test_nobodys_row_brings_no_grounds_along(shared, needs):
    reader, now = shared.store.reader(), shared.store.now()
    assert known(reader, NO_PATIENT, now).grounds == ()
    own = known(reader, NO_PATIENT, now, "SE2321990018-E1", now).grounds
    assert len(own) == 3
    assert {each.employee for each in own} == {"SE2321990018-E1"}


def test_absent_and_withheld_cost_the_same_statements_however_many_needs_there_are(shared, kit, needs):
    hidden = shared.hold(shared.enroll(), released=False)
    counted = []
    for id in (hidden, "never-issued"):
        with shared.store.database.count() as counter:
            assert shared.get(f"/fhir/Observation/{id}", "doctor").status_code == 404
        counted.append(
            [
                each.split()[:2]
                for each in counter.statements
                if not each.startswith("SELECT patient.pk, patient.epoch") and "audit" not in each
            ]
        )
    assert counted[0] == counted[1]


def test_own_needs_are_ended_and_no_others(shared, needs):
    assert shared.do("DELETE", f"/access/needs/{needs[0]}", "nurse").status_code == 404
    assert shared.do("DELETE", f"/access/needs/{needs[0]}", "doctor").status_code == 200


def test_what_is_over_is_not_read_for_answers_but_what_has_a_past_is(light):
    patient = light.enroll()
    light.near(patient)
    reader, now = light.store.reader(), light.store.now()
    day = 24 * 3600 * 1_000_000
    kinds = [[each.KIND for each in known(reader, patient.pk, now, since=now + days * day).grounds] for days in (0, 30)]
    assert kinds == [["need", "relation"], ["relation"]]


def test_one_person_has_so_many_worklist_needs(light):
    for _ in range(MOST):
        assert worklist(light, "doctor").status_code == 201
    assert worklist(light, "doctor").status_code == 409
    assert worklist(light, "nurse").status_code == 201
