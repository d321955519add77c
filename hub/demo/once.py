"""`hub demo --once`: every persona asks about every person; what each saw is held against the world's own table.

The table comes from `expected`, computed from the simulated world's custody facts by an evaluator of its own, never from the hub.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from hub.demo.expected import Sight, asks, seen, withheld
from hub.demo.own_measurements import SYSTEM as OWN_MEASUREMENT
from hub.demo.personas import PERSONAS, Persona
from hub.demo.registering import Registrar
from hub.demo.running import Demo
from hub.demo.visitor import TYPES, Found, Visitor
from hub.demo.world.model import World
from hub.demo.world.organisations import OWN

AT_ONCE = 4
"""Personas who ask at the same time."""
TRIES = 5
PAUSE = 3.0
"""Seconds between tries: a security service that was late is left alone for ten."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one persona saw of one person, beside what must be seen."""

    persona: Persona
    number: str
    saw: frozenset[Sight]
    must: frozenset[Sight]
    sources: tuple[str, ...]
    why_not: tuple[str, ...]
    """What the hub itself said of it."""
    rules: Mapping[str, int]
    """The rules by which records must not be seen, and how many each."""

    @property
    def right(self) -> bool:
        return self.saw == self.must


async def fill(demo: Demo, stack: AsyncExitStack) -> Registrar:
    """Register the scenario in a running demo."""
    registrar = Registrar(demo.world, stack, lambda name: Visitor(demo.base, demo.token(name)))
    await registrar.all()
    return registrar


async def once(demo: Demo, console: Console, personas: Iterable[Persona] = PERSONAS) -> bool:
    """Ask every question of the scenario and print the table. Gives: whether every answer was right."""
    async with AsyncExitStack() as stack:
        registrar = await fill(demo, stack)
        few = asyncio.Semaphore(AT_ONCE)

        async def ask(persona: Persona, numbers: list[str]) -> list[Answer]:
            async with few:
                return [await _answer(demo.world, registrar, persona, number, demo.began) for number in numbers]

        asked = groupby(asks(demo.world, personas), key=itemgetter(0))
        asking = [ask(persona, [number for _, number in rows]) for persona, rows in asked]
        answers = [answer for given in await asyncio.gather(*asking) for answer in given]
    console.print(table(demo.world, answers))
    wrong = [each for each in answers if not each.right]
    for each in wrong:
        more, fewer = _keys(each.saw - each.must), _keys(each.must - each.saw)
        console.print(
            f"[red]{each.persona.name} about {demo.world.persons[each.number].name}: unexpected {more}, missing {fewer}"
        )
    shown = sum(len(each.saw) for each in answers)
    console.print(f"{len(answers)} questions, {shown} records shown, {len(wrong)} answers not as the world's own table has them.")
    return not wrong


async def _answer(world: World, registrar: Registrar, persona: Persona, number: str, now: datetime) -> Answer:
    visitor = await registrar.visitor(persona.name)
    patient = await registrar.patient(number)
    found = {each: await _whole(visitor, each, patient) for each in TYPES}
    saw = _seen(found, {fact.key for fact in world.of_person(number)})
    must = frozenset(each for each in seen(world, persona, number, now) if each.resource_type in TYPES)
    return Answer(persona, number, saw, must, _sources(found, world), _why_not(found), withheld(world, persona, number, now))


async def _whole(visitor: Visitor, resource_type: str, patient: str) -> Found:
    """A search, asked again where a source was too late for it: on a slow machine the simulated ones can be."""
    found = await visitor.search(resource_type, patient)
    for _ in range(TRIES - 1):
        if not any(code.endswith("SynchFailed") for code, _ in found.said):
            break
        await asyncio.sleep(PAUSE)
        found = await visitor.search(resource_type, patient)
    return found


def _key(resource: dict[str, Any], keys: set[str]) -> str:
    """The world's key of a resource, among its identifiers; of one that the world does not know, its id."""
    values = [str(each.get("value", "")) for each in _identifiers(resource)]
    for value in values:
        for written in (value, value.rpartition(":")[2], value.split("/")[0]):
            if written in keys:
                return written
    return f"of unknown origin {resource['id']}"


def _seen(found: Mapping[str, Found], keys: set[str]) -> frozenset[Sight]:
    """What was seen, by the world's keys. What the world counts as a part of a record goes with it: results, a plan's team."""
    plans = found["CarePlan"].resources
    teams = {str(each.get("reference")) for plan in plans if _key(plan, keys) in keys for each in plan.get("careTeam", ())}
    sights = {
        Sight(kind, _key(held, keys)): f"{kind}/{held['id']}"
        for kind, each in found.items()
        for held in each.resources
        if not _is_of_a_report(held)
    }
    return frozenset(each for each, place in sights.items() if each.key in keys or place not in teams)


def _is_of_a_report(resource: dict[str, Any]) -> bool:
    """Whether it is a single result of a laboratory report, which the world counts as one record."""
    if resource["resourceType"] != "Observation":
        return False
    return any(code.get("code") == "laboratory" for each in resource.get("category", ()) for code in each.get("coding", ()))


def _identifiers(resource: dict[str, Any]) -> list[dict[str, Any]]:
    held = resource.get("identifier", [])
    return held if isinstance(held, list) else [held]


def _sources(found: dict[str, Found], world: World) -> tuple[str, ...]:
    """The systems that what was seen comes from, by name; of persons with protected identity the hub does not tell."""
    names = {system.hsa_id: system.name for system in world.systems.values() if system.hsa_id}

    def source(resource: dict[str, Any]) -> str:
        if any(each.get("system") == OWN_MEASUREMENT for each in _identifiers(resource)):
            return OWN
        return names.get(resource.get("meta", {}).get("source", "").rpartition("#")[2], "untold")

    return tuple(sorted({source(held) for each in found.values() for held in each.resources}))


def _why_not(found: dict[str, Found]) -> tuple[str, ...]:
    """HTTP refusals, and what the hub said that depends on the grounds alone."""
    refused = sorted({f"{each.status}" for each in found.values() if each.status != 200})
    said = sorted({code for each in found.values() for code, _ in each.said})
    return (*refused, *(code for code in said if code.endswith("-required") or code == "own-unit-only"))


def _keys(sights: frozenset[Sight]) -> str:
    return ", ".join(sorted(f"{each.resource_type} {each.key}" for each in sights)) or "nothing"


def table(world: World, answers: Iterable[Answer]) -> Table:
    """Who asked about whom and saw what. Persons of whom a persona saw nothing, for the same reasons, share a row."""
    made = Table(title="Who saw what", caption="✓ as the world's own table has it, ✗ not so", box=box.SIMPLE_HEAD, pad_edge=False)
    made.add_column("who asked about whom", width=26, overflow="fold")
    made.add_column("saw, from which sources", ratio=1, overflow="fold")
    made.add_column("why not the rest", width=18, overflow="fold")
    made.add_column("", width=1)
    made.expand = True
    for persona, given in groupby(answers, key=attrgetter("persona")):
        made.add_section()
        made.add_row(f"[bold]{persona.name}")
        rows: dict[tuple[object, ...], list[Answer]] = {}
        for each in given:
            rows.setdefault((each.why_not, each.right) if not each.saw else (each.number,), []).append(each)
        for alike in rows.values():
            rules = Counter({rule: sum(each.rules.get(rule, 0) for each in alike) for each in alike for rule in each.rules})
            why = (*alike[0].why_not, *(f"{rule}×{count}" for rule, count in sorted(rules.items())))
            mark = "[green]✓" if alike[0].right else "[red]✗"
            names = ", ".join(world.persons[each.number].name for each in alike)
            made.add_row(names, _saw(alike[0]), ", ".join(why) or "–", mark)
    return made


def _saw(answer: Answer) -> str:
    if not answer.saw:
        return "–"
    counted = Counter(sight.resource_type for sight in answer.saw)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) + f"; from {', '.join(answer.sources)}"
