"""The stories hold together: who is in them exists, what they refer to exists, and time runs one way."""

import re
from collections import Counter
from datetime import date, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.demo.world import organisations as o
from hub.demo.world.build import build
from hub.demo.world.model import (
    Booking,
    CareContact,
    CarePlan,
    CareTeam,
    Fact,
    LaboratoryReport,
    Measurement,
    Prescription,
    World,
)
from hub.demo.world.scribe import STOCKHOLM, Calendar
from hub.demo.world.stories.ingrid import INGRID
from hub.demo.world.stories.newcomers import SAMUEL, SAMUEL_BEFORE, autumn_night
from hub.demo.world.values import Quantity

KINDS = (Booking, CareContact, CarePlan, CareTeam, LaboratoryReport, Measurement, Prescription)


def employees(fact: Fact) -> set[str]:
    """Everyone that a fact names by HSA-id."""
    named = {fact.custody.author, fact.custody.signer}
    match fact:
        case Prescription():
            named |= {fact.prescriber, *(given.by for given in fact.administrations)}
            named |= {fact.authorization.by} if fact.authorization else set()
        case LaboratoryReport():
            named |= {fact.requester}
        case Booking():
            named |= {fact.performer}
        case CareTeam():
            named |= {member.staff for member in fact.members}
        case _:
            pass
    return named - {""}


def places(fact: Fact) -> set[str]:
    """Every unit that a fact names."""
    match fact:
        case CarePlan():
            return {fact.custody.unit, *fact.units}
        case LaboratoryReport():
            return {fact.custody.unit, fact.laboratory}
        case CareTeam():
            return {fact.custody.unit, *(member.unit for member in fact.members if member.unit)}
        case _:
            return {fact.custody.unit}


def test_every_person_carries_a_published_test_number(world: World, published: frozenset[str]) -> None:
    numbers = [number for person in world.persons.values() for number in person.numbers]
    assert len(world.persons) >= 12
    assert set(numbers) <= published
    assert len(set(numbers)) == len(numbers)


def test_a_person_s_number_tells_the_birth_date_and_the_sex(world: World) -> None:
    for person in world.persons.values():
        day = int(person.number[6:8])
        assert person.born == date(int(person.number[:4]), int(person.number[4:6]), day - 60 if day > 60 else day)
        assert person.sex == ("male" if int(person.number[10]) % 2 else "female")


def test_every_guardian_is_an_adult_in_the_world(world: World) -> None:
    children = [person for person in world.persons.values() if person.guardians]
    assert children
    for child in children:
        for guardian in child.guardians:
            assert world.persons[guardian].born.year + 18 <= child.born.year


def test_every_fact_is_held_by_a_known_system_of_the_unit_s_own_provider(world: World) -> None:
    for fact in world.held:
        custody = fact.custody
        if custody.system == o.OWN:
            assert (custody.provider, custody.unit, custody.author) == ("", "", fact.person)
            continue
        assert world.units[custody.unit].provider == custody.provider
        assert world.systems[custody.system].owner == custody.provider


def test_every_employee_and_every_unit_that_a_fact_names_exists(world: World) -> None:
    for fact in world.held:
        if fact.custody.system != o.OWN:
            assert employees(fact) <= world.staff.keys(), fact.key
            assert places(fact) <= world.units.keys(), fact.key


def test_an_author_works_for_the_provider_that_holds_the_fact(world: World) -> None:
    for fact in world.held:
        if fact.custody.system != o.OWN:
            employers = {world.units[unit].provider for unit in world.staff[fact.custody.author].units}
            assert fact.custody.provider in employers, fact.key


def test_every_employee_works_at_a_unit_in_the_directory(world: World) -> None:
    for person in world.staff.values():
        assert person.units
        assert set(person.units) <= world.units.keys()


def test_every_fact_is_about_someone_in_the_world(world: World) -> None:
    assert all(world.person(fact.person) for fact in world.held)


def test_no_key_is_used_twice_in_a_system_and_none_holds_a_personal_number(world: World) -> None:
    used = Counter((fact.custody.system, type(fact), fact.key) for fact in world.held)
    assert used.most_common(1)[0][1] == 1
    assert not [fact.key for fact in world.held if re.search(r"\d{8}", fact.key)]


def test_what_is_recorded_lies_in_the_past_and_after_birth(world: World) -> None:
    tonight = datetime.combine(world.today, datetime.max.time(), STOCKHOLM)
    for fact in world.held:
        person = world.person(fact.person)
        assert person
        assert person.born < fact.custody.time.date() <= tonight.date(), fact.key
        assert person.deceased is None or fact.custody.time.date() <= person.deceased


def test_a_chain_of_prescriptions_is_whole_and_agrees_on_the_drug(world: World) -> None:
    held = {(fact.custody.system, fact.key): fact for fact in world.held if isinstance(fact, Prescription)}
    linked = [fact for fact in held.values() if fact.preceding]
    assert linked
    for fact in linked:
        before = held[fact.custody.system, fact.preceding]
        assert before.succeeding == fact.key
        assert (before.chain, before.drug.atc) == (fact.chain, fact.drug.atc)
        assert not before.active
        assert before.custody.time < fact.custody.time


def test_every_analysis_stands_on_a_specimen_of_its_report(world: World) -> None:
    for report in world.held:
        if isinstance(report, LaboratoryReport):
            taken = {specimen.key: specimen for specimen in report.specimens}
            for analysis in report.analyses:
                assert analysis.time >= taken[analysis.specimen].collected, report.key
                assert all(related.specimen == analysis.specimen for related in analysis.related)


def test_a_result_s_flag_agrees_with_its_interval(world: World) -> None:
    checked = 0
    for report in world.held:
        for analysis in report.analyses if isinstance(report, LaboratoryReport) else ():
            if isinstance(analysis.value, Quantity) and analysis.reference and not analysis.value.comparator:
                low, high, value = analysis.reference.low, analysis.reference.high, float(analysis.value.value)
                expected = "L" if low and value < float(low) else "H" if high and value > float(high) else ""
                assert analysis.interpretation == expected
                checked += 1
    assert checked > 80


def test_booked_times_lie_ahead_and_end_after_they_start(world: World) -> None:
    bookings = [fact for fact in world.held if isinstance(fact, Booking)]
    ahead = [b for b in bookings if b.start.date() > world.today]
    assert len(ahead) >= 12
    assert all(b.end is None or b.start < b.end for b in bookings)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fact_is_in_the_world(world: World, kind: type[Fact]) -> None:
    assert any(isinstance(fact, kind) for fact in world.held)


def test_the_main_story_has_data_in_all_systems_and_own_measurements(world: World) -> None:
    assert {fact.custody.system for fact in world.of_person(INGRID)} == world.systems.keys() - {o.POPULATION, o.INDEX, o.SECURITY}


def test_the_main_story_has_twenty_laboratory_dates_unevenly_spaced_and_a_change_of_unit(world: World) -> None:
    reports = [fact for fact in world.of_person(INGRID) if isinstance(fact, LaboratoryReport) and fact.discipline == "chemistry"]
    dates = sorted({report.span[0].date() for report in reports})
    assert len(dates) >= 20
    assert len({later - earlier for earlier, later in pairwise(dates)}) > 10
    units = {
        analysis.value.unit
        for report in reports
        for analysis in report.analyses
        if analysis.code.code == "NTPBNP" and isinstance(analysis.value, Quantity)
    }
    assert units == {"pmol/L", "ng/L"}


def test_the_main_story_has_a_stopped_a_changed_and_a_doubled_drug(world: World) -> None:
    drugs = [fact for fact in world.of_person(INGRID) if isinstance(fact, Prescription)]
    assert len({fact.drug.substance for fact in drugs}) >= 8
    assert [fact.drug.substance for fact in drugs if fact.decision == "U"] == ["spironolakton"]
    assert [fact.drug.substance for fact in drugs if fact.preceding and fact.decision == "I"] == ["ramipril"]
    holders = {fact.custody.provider for fact in drugs if fact.drug.substance == "metoprolol"}
    assert holders == {o.NORRDAL, o.VASTVIK}


def test_facts_of_a_person_are_found_under_all_the_person_s_numbers(world: World) -> None:
    found = {fact.person for fact in world.facts(o.REGION_VASTVIK, SAMUEL, Fact)}
    assert found == {SAMUEL, SAMUEL_BEFORE}
    assert world.facts(o.REGION_VASTVIK, SAMUEL_BEFORE, Fact) == world.facts(o.REGION_VASTVIK, SAMUEL, Fact)


def test_somebody_has_no_data_and_somebody_is_known_to_the_municipality_alone(world: World) -> None:
    systems = {number: {fact.custody.system for fact in world.of_person(number)} for number in world.persons}
    assert set() in systems.values()
    assert {o.MUNICIPALITY} in systems.values()


def test_the_autumn_night_is_an_hour_that_occurs_twice() -> None:
    for year in range(2024, 2040):
        night = autumn_night(date(year, 12, 1))
        assert night.utcoffset() != night.replace(fold=1).utcoffset()
        assert autumn_night(date(year, 6, 1)).year == year - 1


def test_the_same_day_gives_the_same_world() -> None:
    assert build(date(2027, 2, 3)) == build(date(2027, 2, 3))


@given(st.dates(date(2026, 10, 1), date(2031, 1, 1)), st.integers(-900, 90))
@settings(max_examples=100)
def test_a_weekday_is_a_weekday_on_the_same_side_of_today(today: date, offset: int) -> None:
    moved = Calendar(today).weekday(offset).date()
    assert moved.weekday() < 5
    assert abs((moved - Calendar(today).day(offset)).days) <= 2
    assert (moved <= today) if offset <= 0 else (moved > today)


@pytest.mark.parametrize("today", [date(2026, 3, 29), date(2026, 10, 25), date(2027, 12, 31), date(2028, 2, 29)])
def test_the_world_can_be_built_on_odd_days(today: date) -> None:
    assert len(build(today).held) == len(build(date(2026, 11, 21)).held)
