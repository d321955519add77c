"""How long an answer takes tells nothing: what is withheld and what was never there take the same time. LEAKS.md row 25.

Pairs are asked in turn, in an order that changes, so that whatever slows the machine slows both. What is measured is the time
until the answer is there, its log entry on the disk; also of ids that are asked for for the first time, since one try of each is
enough for who has many. The interval of the ratio of the two medians (95 %, by bootstrap) must lie within the bound: that they
are equal is shown, and not just that no difference was found. `make leaks` does it, on a machine at rest.
"""

import os
import random
import statistics
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fhir.across import without
from hub.fhir.json import loads
from hub.interactions.pointed import FEWEST, beside, nowhere
from tests.api.conftest import observation
from tests.leaks.twins import ENTRIES, Asked

PAIRS = int(os.environ.get("HUB_TIMING_PAIRS", "0"))
BOUND = 0.05
"""Of the ratio of medians, from 1."""
SAMPLES = 200
OTHERS = 100
"""Patients beside the one who is asked about."""
measured = pytest.mark.skipif(not PAIRS, reason="measured by `make leaks`")
CLASSES = {
    "read": "/fhir/Observation/{}",
    "vread": "/fhir/Observation/{}/_history/x",
    "history": "/fhir/Observation/{}/_history",
    "search by id": "/fhir/Observation?patient={patient}&_id={}",
    "search by reference": "/fhir/Observation?patient={patient}&has-member=Observation/{}",
    "meta": "/fhir/Observation/{}/$meta",
}
RECORD = {
    "search": "/fhir/Observation?patient={patient}&code=8480-6",
    "read": "/fhir/Observation/{}",
    "history": "/fhir/Observation/{}/_history",
}
"""Of what is shown, and speaks of what is withheld."""


def interval(pairs):
    """Where the ratio of the medians lies, with 95 % confidence."""
    chance = random.Random(1)
    found = []
    for _ in range(SAMPLES):
        drawn = chance.choices(pairs, k=len(pairs))
        found.append(statistics.median(one for one, _ in drawn) / statistics.median(other for _, other in drawn))
    found.sort()
    return found[SAMPLES // 40], found[-1 - SAMPLES // 40]


def within(pairs):
    low, high = interval(pairs)
    return 1 - BOUND < low <= high < 1 + BOUND


@pytest.fixture(scope="module")
def ids(readers):
    """Ids of what is withheld, and as many that were never there."""
    withheld = [each.id for each in readers.entries if each.type == "Observation" and each.number in readers.withheld("doctor")]
    absent = [
        f"{n:02}".translate({ord(each): chr(ord("a") + int(each)) for each in "0123456789"}) * 13 for n in range(len(withheld))
    ]
    return list(zip(withheld, absent, strict=True))


@pytest.fixture(scope="module")
def rested(readers):
    """The worlds among others, and as autovacuum leaves them in time: PostgreSQL knows how much lies in its tables, and looks no
    patient up by reading what it has of everybody."""
    for world in (readers.full, readers.absent("doctor"), readers.bare("doctor")):
        for _ in range(OTHERS):
            other = world.house.enroll()
            for n in range(ENTRIES // 2):
                world.house.hold(other, resource=observation(other, effectiveDateTime=f"2040-09-{n + 1:02}"))
        with world.house.store.database.writing() as connection:
            connection.exec_driver_sql("ANALYZE")
    return readers


@pytest.fixture(scope="module")
def seen(readers):
    """The id of an Observation that is shown to the doctor, and refers to something withheld."""
    hidden = readers.withheld("doctor")
    ids = [each.id for each in readers.entries if each.number in hidden]
    for each in readers.entries:
        if each.type == "Observation" and not each.gone and each.number not in hidden:
            said = str(each.resource(readers.full.patient, readers.entries, int(each.number % 3 == 0), None))
            if any(id in said for id in ids):
                return each.id
    raise AssertionError("none speaks of what is withheld")


@measured
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("often", [True, False], ids=["again", "for the first time"])
@pytest.mark.parametrize("name", CLASSES)
def test_absent_and_withheld_take_the_same_time(rested, ids, name, often):
    pairs, chance = [], random.Random(2)
    for n in range(PAIRS + len(ids)):
        both = list(enumerate(ids[n % len(ids)]))
        chance.shuffle(both)
        took = {which: _seconds(rested, rested.full, CLASSES[name], id, often) for which, id in both}
        pairs.append((took[0], took[1]))
    assert within(pairs[len(ids) :]), interval(pairs)  # the first of each id is remembered by nobody


@measured
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("spoken", [True, False], ids=["and spoken of all the same", "and never spoken of"])
@pytest.mark.parametrize("name", RECORD)
def test_a_record_with_and_without_what_is_withheld_takes_the_same_time(rested, seen, name, spoken):
    other = rested.absent("doctor") if spoken else rested.bare("doctor")
    worlds, pairs, chance = [(0, rested.full), (1, other)], [], random.Random(3)
    for _ in range(PAIRS + 5):
        chance.shuffle(worlds)
        took = {which: _seconds(rested, world, RECORD[name], seen) for which, world in worlds}
        pairs.append((took[0], took[1]))
    assert within(pairs[5:]), interval(pairs)


@pytest.mark.parametrize("name", RECORD)
def test_a_record_costs_the_same_statements_whether_or_not_it_speaks_of_what_is_withheld(readers, seen, name):
    """Letter for letter, and as much is asked for in them: the numbers of what a body refers to, and of what it does not."""
    sent = []
    for world in (readers.full, readers.absent("doctor"), readers.bare("doctor")):
        _seconds(readers, world, RECORD[name], seen)
        with world.house.store.database.count() as counter:
            _seconds(readers, world, RECORD[name], seen)
        sent.append([each for each in counter.statements if "audit" not in each])  # where a chain ends is looked up now and then
    assert sent[0] == sent[1] == sent[2]
    assert any("found.fhir_id" in each for each in sent[0]), "targets are asked for"
    assert len(sent[0]) <= 4 + 1, "the epochs that the log entry must find unmoved are looked at besides"


@given(st.integers(0, 300), st.integers(1, 100))
def test_as_many_targets_are_asked_for_as_the_next_power_of_two_and_one_for_each_body(targets, bodies):
    asked = targets + len(list(nowhere("Observation", targets, bodies)))
    assert asked >= max(targets, bodies, FEWEST) > asked / 2
    assert asked.bit_count() == 1


@given(st.integers(0, 300), st.integers(1, 100))
def test_as_many_references_are_left_out_as_the_next_power_of_two_and_a_few_for_each_body(references, bodies):
    made = loads(beside(references, bodies))
    handled = references + len(made["extension"])
    assert handled >= max(references, FEWEST * bodies) > handled / 2
    assert handled.bit_count() == 1
    assert not without(made, lambda _: True).get("extension")


@pytest.mark.parametrize("often", ["again", "for the first time", "for the first time, of whom was just asked about"])
@pytest.mark.parametrize("name", CLASSES)
def test_absent_and_withheld_cost_the_same_statements(readers, ids, name, often):
    """Letter for letter, in whatever order: what is withheld is weighed by a longer Release than what nobody has, and each is
    weighed by both."""
    sent = []
    for id in (*ids[0], *ids[0]):
        if often != "again":
            _forget(readers.full)
        if often.endswith("about"):
            _seconds(readers, readers.full, "/fhir/Observation?patient={patient}&code=8480-6{}", "")
        with readers.full.house.store.database.count() as counter:
            _seconds(readers, readers.full, CLASSES[name], id)
        sent.append(sorted(counter.statements))
    assert sent[2] == sent[3]


def _seconds(readers, world, template, id, often=True):
    if not often:
        _forget(world)
    asked = Asked("timing", "doctor", "GET", template.format(id, patient=world.patient.id))
    readers.asked += 1
    begun = time.perf_counter()
    world.answers([asked], readers.asked)
    return time.perf_counter() - begun


def _forget(world):
    """As if none of the ids had been asked for; whom the caller last asked about is another matter."""
    world.house.store.memory._held.clear()


@pytest.mark.parametrize(("slower", "found"), [(1.0, True), (1.0 + 2 * BOUND, False), (1 / (1 + 2 * BOUND), False)])
def test_a_difference_of_twice_the_bound_is_found(slower, found):
    chance = random.Random(4)
    pairs = [(slower * chance.lognormvariate(0, 0.2), chance.lognormvariate(0, 0.2)) for _ in range(2_000)]
    assert within(pairs) is found
