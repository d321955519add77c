"""Every answer of both regions holds against the national schemas, as sent over a socket."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.demo.rivta.habits import ORDERLY, OTHER, Habit, Manner, Trait
from hub.demo.rivta.markup import Vocabulary, written
from hub.demo.rivta.regions import NORRDAL, VASTVIK, norrdal, vastvik
from hub.demo.rivta.register import PROFILES, SYSTEM, register

pytestmark = pytest.mark.anyio

SHARED = ("GetCarePlans", "GetMedicationHistory", "GetLaboratoryOrderOutcome")
ALL = (*SHARED, "GetCareContacts", "GetSubjectOfCareSchedule")


def items(answer):
    return [child for child in answer if etree.QName(child).localname != "result"]


@pytest.mark.parametrize("operation", ALL)
@pytest.mark.parametrize("manner", [ORDERLY, OTHER], ids=["orderly", "other"])
async def test_every_shape_of_record_is_valid_in_either_manner(operation, manner, samples, calls, schemas):
    async with calls(vastvik(samples.world(*samples.everything), manner), VASTVIK) as caller:
        answer = await caller.ask(operation)
    schemas[operation].assertValid(answer)
    assert items(answer)


@pytest.mark.parametrize("habit", [*Habit, *Trait], ids=str)
async def test_every_habit_and_trait_is_valid_with_all_the_others(habit, samples, calls, schemas):
    operation, fact = samples.of(habit)
    async with calls(vastvik(samples.world(fact)), VASTVIK) as caller:
        schemas[operation].assertValid(await caller.ask(operation))


@pytest.mark.parametrize("operation", SHARED)
async def test_the_orderly_region_is_valid(operation, samples, calls, schemas):
    held = [samples.moved(fact, NORRDAL) for fact in samples.everything]
    async with calls(norrdal(samples.world(*held)), NORRDAL) as caller:
        answer = await caller.ask(operation)
    schemas[operation].assertValid(answer)
    assert items(answer)


@pytest.mark.parametrize("operation", ALL)
async def test_an_empty_answer_is_valid_and_empty(operation, samples, calls, schemas):
    async with calls(vastvik(samples.world()), VASTVIK) as caller:
        answer = await caller.ask(operation)
    schemas[operation].assertValid(answer)
    assert items(answer) == []


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    "number", ["195009072553", "196109732393", "201402192387", "199002222397", "189002029800", "191212121212"]
)
async def test_every_person_is_valid_in_every_profile(profile, number, samples, calls, schemas):
    more = f"<r:profile>{profile}</r:profile>", "<r:ignoreReferredIdentity>true</r:ignoreReferredIdentity>"
    async with calls(register(samples.world()), SYSTEM) as caller:
        schemas["GetPersonsForProfile"].assertValid(await caller.ask("GetPersonsForProfile", number, *more))


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(categories=("L", "N", "P", "S", "Z")), min_size=1))
def test_any_text_survives_either_hand(text):
    """Markup is escaped, CDATA is split where it must be."""
    one, other = Vocabulary("urn:one"), Vocabulary("urn:other")
    tree = one.root("a", other("b", text), one("c", other("d", text, verbatim=True)))
    for manner in (ORDERLY, OTHER, Manner(ORDERLY.hand)):
        root = etree.fromstring(written(tree, manner.hand))
        assert root.findtext("{urn:other}b") == text
        assert root.findtext("{urn:one}c/{urn:other}d") == text
