"""Two readings of the rules, made apart, agree on every record: the demo's own table, and the hub's decision."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.caller import Caller
from hub.consent.decision import decide
from hub.consent.grounds import Assertion, Block, Consent, Grounds, Need, PatientFacts, Relation, Share, after
from hub.consent.release import outcome_of
from hub.demo.expected import judge
from hub.demo.personas import PERSONAS, Persona
from hub.demo.world.model import Fact, Person, Prescription, World
from hub.demo.world.organisations import OWN
from hub.demo.world.scribe import STOCKHOLM
from hub.fhir.custody import Custody

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=STOCKHOLM)
TIMES = (NOW, NOW + timedelta(days=3), NOW + timedelta(days=120))
READERS = [one for one in PERSONAS if one.kind not in ("patient", "guardian")]
INDIVIDUALS = [one for one in PERSONAS if one.kind in ("patient", "guardian")]


def caller(world: World, one: Persona) -> Caller:
    return Caller(
        kind=one.kind,
        subject=one.employee or one.name,
        client="demo",
        issuer="demo",
        loa=one.loa,
        purpose=one.purpose,
        scope=one.scope,
        provider=one.provider,
        unit=one.unit,
        social_unit=world.units[one.unit].social if one.unit else None,
        role=one.role,
        officer=one.officer,
        source=one.source,
    )


def row(number: int, start: datetime, end: datetime | None, state: str = "active") -> dict[str, Any]:
    return {
        "id": str(number),
        "start": start,
        "end": end and after(end),
        "state": state,
        "recorded": start,
        "recorded_by": "demo",
    }


def commissioned(world: World, staff: str, unit: str) -> dict[str, str]:
    return {"employee": staff, "unit": unit, "provider": world.units[unit].provider}


def grounds(world: World, one: Persona, person: Person, now: datetime) -> Grounds:
    """The scenario's grounds as the hub keeps them."""
    access, start = world.access, NOW - timedelta(days=1)
    names = {"valid": "active", "ended": "ended", "annulled": "annulled"}
    mine = [a for a in access.assertions if a.person in person.numbers]
    return Grounds(
        caller=caller(world, one),
        now=now,
        patient=PatientFacts(born=person.born, deceased=person.deceased is not None, protected=bool(person.protected)),
        named=True,
        request="care",
        services_up=True,
        relations=tuple(
            Relation(**row(n, r.start, r.end), **commissioned(world, r.staff, r.unit))
            for n, r in enumerate(access.relations)
            if r.person in person.numbers
        ),
        needs=tuple(
            Need(**row(n, r.start, r.end), **commissioned(world, r.staff, r.unit), type="relevance", reason="care")
            for n, r in enumerate(access.needs)
            if r.person in person.numbers
        ),
        consents=tuple(
            Consent(
                **row(n, c.start, c.end, names[c.state]), **commissioned(world, c.staff, c.unit), regime="SVOD", represented_by=""
            )
            for n, c in enumerate(access.consents)
            if c.person in person.numbers
        ),
        blocks=tuple(
            Block(
                **row(n, start, None),
                type=b.kind,
                regime="SVOD",
                provider=b.provider,
                unit=b.unit,
                information_start=b.information_from,
                information_end=b.information_to and after(b.information_to),
                excluded=b.excludes,
            )
            for n, b in enumerate(access.blocks)
            if b.person in person.numbers
        ),
        assertions=tuple(
            Assertion(
                **row(n, a.start, a.end),
                **commissioned(world, a.staff, a.unit),
                type=a.kind,
                step=a.step,
                follows=str(n - 1) if a.step == 2 else "",
                reason="care",
                providers=a.providers,
                units=(),
                attestations=(),
            )
            for n, a in enumerate(mine)
        ),
        shares=tuple(
            Share(
                **row(n, start, s.end),
                provider="" if s.organization in world.units else s.organization,
                unit=s.organization if s.organization in world.units else "",
            )
            for n, s in enumerate(access.shares)
            if s.person in person.numbers
        ),
    )


def custody(world: World, fact: Fact) -> Custody:
    """A fact's custody as the hub keeps it."""
    held, own = fact.custody, fact.custody.system == OWN
    first, last = fact.span
    return Custody(
        source=held.system,
        provider=held.provider if held.names_provider and not own else None,
        unit=held.unit if held.names_unit and not own else None,
        info_type="caa-gmh" if isinstance(fact, Prescription) else "general",
        regime="OWN" if own else "SVOD",
        social=None if own or not held.names_unit else world.units[held.unit].social,
        time_from=first,
        time_to=last,
        released=held.released,
        secret=False,
        nullified=held.nullified,
        insurance=False,
        purpose="care",
        incapacity=False,
    )


def differences(world: World, one: Persona, number: str, now: datetime) -> list[tuple[str, object, object]]:
    """Records on which the two readings differ: key, ours, the hub's."""
    person = world.persons[number]
    release = decide(grounds(world, one, person, now))
    found = []
    for fact in world.of_person(number):
        ours = judge(world, one, fact, now)
        outcome, rule = outcome_of(release, custody(world, fact))
        if (ours.outcome, ours.rule) != (outcome.value, rule):
            found.append((fact.key, ours, (outcome.value, rule)))
    return found


@pytest.mark.parametrize("one", READERS, ids=lambda one: one.name)
def test_the_two_readings_agree_on_every_record_for_staff_and_machines(world: World, one: Persona) -> None:
    assert [each for now in TIMES for number in world.persons for each in differences(world, one, number, now)] == []


@pytest.mark.parametrize("one", INDIVIDUALS, ids=lambda one: one.name)
def test_the_two_readings_agree_on_what_individuals_see_of_themselves_and_theirs(world: World, one: Persona) -> None:
    def theirs(person: Person) -> bool:
        return one.person in (person.numbers if one.kind == "patient" else person.guardians)

    numbers = [number for number, person in world.persons.items() if theirs(person)]
    assert numbers
    assert [each for now in TIMES for number in numbers for each in differences(world, one, number, now)] == []
