"""What each persona must see of each patient: worked out from the world's custody facts alone, never from the hub.

An evaluator of its own: a plain reading of the lanes in section 4 of the consent rules (R01 to R92), one function a lane. It
covers what the scenario touches; the national medication list, agents and the incapacity rule of SVOD 2:6 are not among it.
A municipality's health care and its social care are two: what the one wrote is not the other's own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.demo.personas import Persona
from hub.demo.world.access import Assertion, Block, Consent, Need, Relation
from hub.demo.world.model import (
    Booking,
    CareContact,
    CarePlan,
    CareTeam,
    Fact,
    LaboratoryReport,
    Measurement,
    Person,
    Prescription,
    World,
)
from hub.demo.world.organisations import OWN
from hub.demo.world.scribe import STOCKHOLM

Outcome = Literal["PERMIT", "EXISTS", "BLOCKED_EXISTS", "WHO", "WHO_BLOCKED", "ASK", "HIDE"]
PATIENTS_OWN_CHILD, ADULT = 13, 18


@dataclass(frozen=True, slots=True)
class Sight:
    """A record by its resource type and business identifier."""

    resource_type: str
    key: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """An outcome and the number of the rule that gave it."""

    outcome: Outcome
    rule: str


def seen(world: World, persona: Persona, number: str, now: datetime) -> frozenset[Sight]:
    """The records of a patient that a persona must be shown, and no others."""
    return frozenset(
        sight(fact)
        for fact in world.of_person(number)
        if judge(world, persona, fact, now).outcome == "PERMIT" and persona.may_search(sight(fact).resource_type)
    )


def withheld(world: World, persona: Persona, number: str, now: datetime) -> dict[str, int]:
    """Why the rest is not shown: rule -> how many records."""
    counted: dict[str, int] = {}
    for fact in world.of_person(number):
        judgement = judge(world, persona, fact, now)
        rule = judgement.rule if judgement.outcome != "PERMIT" else "scope"
        if judgement.outcome != "PERMIT" or not persona.may_search(sight(fact).resource_type):
            counted[rule] = counted.get(rule, 0) + 1
    return counted


def sight(fact: Fact) -> Sight:
    """Under which type and identifier a fact is found."""
    match fact:
        case Prescription():
            return Sight("MedicationStatement" if fact.self_medication else "MedicationRequest", fact.key)
        case CarePlan():
            return Sight("CarePlan", fact.key)
        case CareTeam():
            return Sight("CareTeam", fact.key)
        case LaboratoryReport():
            return Sight("DiagnosticReport", fact.key)
        case CareContact():
            return Sight("Encounter", fact.key)
        case Booking():
            return Sight("Appointment", fact.key)
        case Measurement():
            return Sight("Observation", fact.key)
        case _:
            raise TypeError(type(fact).__name__)


def judge(world: World, persona: Persona, fact: Fact, now: datetime) -> Judgement:
    """What becomes of one record for one persona."""
    person = world.person(fact.person)
    assert person
    grounds = Grounds.of(world, persona, person, now)
    if persona.kind == "technician" or (persona.kind == "system" and fact.custody.system != persona.source):
        return Judgement("HIDE", "R02")
    if persona.kind == "system":
        return Judgement("PERMIT", "R02")
    if persona.kind == "reviewer":
        return Judgement("HIDE", "R05")
    own_unit, own_provider = _location(world, persona, fact)
    if fact.custody.nullified:
        shown = persona.kind == "clinician" and own_unit and grounds.related
        return Judgement("PERMIT" if shown else "HIDE", "R04")
    if fact.custody.system == OWN:
        return _own_entries(persona, person, grounds, now)
    if not (fact.custody.names_unit and fact.custody.names_provider):
        return Judgement("HIDE", "R09")
    if persona.kind in ("patient", "guardian"):
        return _individuals(persona, person, fact, now)
    if persona.purpose != "care" and not (own_unit or own_provider):
        return Judgement("HIDE", "R10")
    if not own_unit and persona.scope != "SJF" and not (own_provider and persona.scope == "VG"):
        return Judgement("HIDE", "R12")
    if persona.purpose != "care":
        return Judgement("PERMIT", "R11")
    if persona.kind == "social":
        return _social_care(world, persona, person, fact, grounds, own_unit or own_provider)
    if own_unit:
        return Judgement("PERMIT", "R20") if grounds.near else Judgement("ASK", "R21")
    if own_provider:
        return _own_provider(fact, grounds)
    return _elsewhere(world, persona, person, fact, grounds)


# The grounds ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What is registered for one persona about one patient, as it holds now."""

    related: bool
    needed: bool
    consented: bool
    blocks: tuple[Block, ...]
    """Active ones that no revoke lifts for this reader."""
    shared: bool
    child: bool
    incapacity: int
    emergency: int
    """The step of the assertion; 0: none."""
    chosen: frozenset[tuple[str, str]]
    """(assertion, provider) chosen in a second step."""
    unit: str
    provider: str
    age: int

    @property
    def near(self) -> bool:
        return self.related

    @classmethod
    def of(cls, world: World, persona: Persona, person: Person, now: datetime) -> "Grounds":
        access = world.access
        asserted = [a for a in access.assertions if _mine(a, persona, person) and a.start <= now <= a.end]
        steps = {kind: max((a.step for a in asserted if a.kind == kind), default=0) for kind in ("incapacity", "emergency")}
        return cls(
            related=any(_mine(r, persona, person) and r.start <= now <= r.end for r in access.relations),
            needed=any(_mine(n, persona, person) and n.start <= now <= n.end for n in access.needs),
            consented=any(_consents(c, persona, person, now) for c in access.consents),
            blocks=tuple(
                b for b in access.blocks if b.active and b.person in person.numbers and not _revoked(world, b, persona, now)
            ),
            shared=any(
                s.person in person.numbers
                and s.organization in (persona.unit, persona.provider)
                and (s.end is None or now <= s.end)
                for s in access.shares
            ),
            child=any(a.kind == "child" for a in asserted),
            incapacity=steps["incapacity"],
            emergency=steps["emergency"],
            chosen=frozenset((a.kind, provider) for a in asserted if a.step == 2 for provider in a.providers),
            unit=persona.unit,
            provider=persona.provider,
            age=age(person, now),
        )

    def opened(self, kind: str, fact: Fact) -> bool:
        """Whether a second step chose the provider of this record."""
        return (kind, fact.custody.provider) in self.chosen

    def closed(self, fact: Fact) -> bool:
        """Whether a block keeps this reader from this record (the validity of blocks, section 5)."""
        return any(self._closes(block, fact) for block in self.blocks)

    def _closes(self, block: Block, fact: Fact) -> bool:
        custody = fact.custody
        if block.provider != custody.provider or ("lak" in block.excludes and isinstance(fact, Prescription)):
            return False
        first, last = fact.span
        if block.information_from and last < block.information_from:
            return False
        if block.information_to and first > block.information_to:
            return False
        if block.kind == "outer":
            return self.provider != block.provider
        return custody.unit == block.unit and self.unit != block.unit


def age(person: Person, now: datetime) -> int:
    """Whole years on the Swedish day of `now`; a birthday on 29 February falls on 1 March in common years."""
    today = now.astimezone(STOCKHOLM).date()
    return today.year - person.born.year - ((today.month, today.day) < (person.born.month, person.born.day))


def _mine(ground: Relation | Need | Assertion, persona: Persona, person: Person) -> bool:
    """A ground of this employee, at this unit, about this person."""
    return ground.staff == persona.employee and ground.unit == persona.unit and ground.person in person.numbers


def _consents(consent: Consent, persona: Persona, person: Person, now: datetime) -> bool:
    return (
        consent.state == "valid"
        and consent.person in person.numbers
        and consent.unit == persona.unit
        and consent.staff in ("", persona.employee)
        and consent.start <= now
        and (consent.end is None or now <= consent.end)
    )


def _revoked(world: World, block: Block, persona: Persona, now: datetime) -> bool:
    return any(
        r.block == block.key and r.unit == persona.unit and r.staff in ("", persona.employee) and now <= r.end
        for r in world.access.revokes
    )


def _location(world: World, persona: Persona, fact: Fact) -> tuple[bool, bool]:
    """Own unit, own provider. Health care and social care are not each other's own."""
    unit = world.units.get(fact.custody.unit)
    alike = unit is not None and unit.social == (persona.kind == "social")
    return alike and fact.custody.unit == persona.unit, alike and fact.custody.provider == persona.provider


# The lanes ------------------------------------------------------------------------------------------------------------


def _own_entries(persona: Persona, person: Person, grounds: Grounds, now: datetime) -> Judgement:
    if persona.kind == "patient" and persona.person in person.numbers:
        return Judgement("PERMIT", "R90")
    if persona.kind == "guardian" and persona.person in person.guardians and age(person, now) < PATIENTS_OWN_CHILD:
        return Judgement("PERMIT", "R90")
    if persona.kind in ("clinician", "social") and persona.purpose == "care" and grounds.near and grounds.shared:
        return Judgement("PERMIT", "R91")
    return Judgement("HIDE", "R92")


def _individuals(persona: Persona, person: Person, fact: Fact, now: datetime) -> Judgement:
    if persona.kind == "patient":
        own = persona.person in person.numbers
        return Judgement("PERMIT" if own and fact.custody.released else "HIDE", "R70")
    if persona.person not in person.guardians:
        return Judgement("HIDE", "R73")
    if not fact.custody.released:
        return Judgement("HIDE", "R74")
    return Judgement("PERMIT" if age(person, now) < PATIENTS_OWN_CHILD else "HIDE", "R73")


def _own_provider(fact: Fact, grounds: Grounds) -> Judgement:
    if not grounds.near:
        return Judgement("ASK", "R21")
    return Judgement("BLOCKED_EXISTS", "R31") if grounds.closed(fact) else Judgement("PERMIT", "R35")


def _elsewhere(world: World, persona: Persona, person: Person, fact: Fact, grounds: Grounds) -> Judgement:
    social = world.units[fact.custody.unit].social
    if person.deceased:
        return Judgement("HIDE", "R41")
    if not grounds.emergency and not grounds.related:
        return Judgement("ASK", "R44")
    if grounds.closed(fact):
        if social:
            return Judgement("HIDE", "R49")
        return Judgement("WHO_BLOCKED", "R43") if grounds.emergency else Judgement("BLOCKED_EXISTS", "R42")
    if grounds.emergency and social:
        return Judgement("EXISTS", "R54")
    if grounds.needed and grounds.opened("emergency", fact):
        return Judgement("PERMIT", "R51")
    if grounds.emergency == 1 or (grounds.emergency and grounds.needed):
        return Judgement("WHO", "R50")
    if not grounds.needed:
        return Judgement("EXISTS", "R45")
    if grounds.child and grounds.age < ADULT:
        return Judgement("PERMIT", "R46")
    if grounds.incapacity:
        return Judgement("PERMIT", "R53") if grounds.opened("incapacity", fact) else Judgement("WHO", "R52")
    return Judgement("PERMIT", "R47") if grounds.consented else Judgement("EXISTS", "R48")


def _social_care(world: World, persona: Persona, person: Person, fact: Fact, grounds: Grounds, own: bool) -> Judgement:
    social = world.units[fact.custody.unit].social
    if own:
        return Judgement("PERMIT", "R80") if grounds.related else Judgement("ASK", "R21")
    if not grounds.related:
        return Judgement("ASK", "R44")
    if grounds.closed(fact):
        return Judgement("HIDE", "R49")
    if grounds.emergency:
        return Judgement("EXISTS", "R81")
    if not grounds.needed:
        return Judgement("EXISTS", "R45")
    if grounds.child and grounds.age < ADULT:
        return Judgement("PERMIT" if social else "EXISTS", "R82")
    if grounds.incapacity:
        if not social:
            return Judgement("EXISTS", "R83")
        return Judgement("PERMIT" if grounds.opened("incapacity", fact) else "WHO", "R83")
    return Judgement("PERMIT", "R84") if grounds.consented else Judgement("EXISTS", "R48")


def asks(world: World, personas: Iterable[Persona]) -> tuple[tuple[Persona, str], ...]:
    """Every question of the scenario: each persona about each person."""
    return tuple((persona, number) for persona in personas for number in world.persons)
