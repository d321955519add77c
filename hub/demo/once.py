"""`hub demo --once`: every persona asks about every person; what each saw is held against the world's own table.

The table comes from `expected`, computed from the simulated world's custody facts by an evaluator of its own, never from the hub.
"""

from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from hub.demo.expected import Sight, asks, seen, withheld
from hub.demo.personas import PERSONAS, Persona
from hub.demo.registering import Registrar
from hub.demo.running import Demo
from hub.demo.visitor import TYPES, Found, Visitor
from hub.demo.world.model import World


@dataclass(frozen=True, slots=True)
class Answer:
    """What one persona saw of one person, beside what must be seen."""

    persona: Persona
    number: str
    saw: frozenset[Sight]
    must: frozenset[Sight]
    sources: tuple[str, ...]
    why_not: tuple[str, ...]

    @property
    def right(self) -> bool:
        return self.saw == self.must


async def fill(demo: Demo, stack: AsyncExitStack) -> Registrar:
    """Register the scenario in a running demo."""
    registrar = Registrar(demo.world, stack, lambda name: Visitor(demo.base, demo.token(name)))
    await registrar.all()
    return registrar


async def once(demo: Demo, console: Console) -> bool:
    """Ask every question of the scenario and print the table. Gives: whether every answer was right."""
    async with AsyncExitStack() as stack:
        registrar = await fill(demo, stack)
        answers = [await _answer(demo.world, registrar, persona, number) for persona, number in asks(demo.world, PERSONAS)]
    console.print(_table(demo.world, answers))
    wrong = [each for each in answers if not each.right]
    for each in wrong:
        more, fewer = _keys(each.saw - each.must), _keys(each.must - each.saw)
        console.print(
            f"[red]{each.persona.name} about {demo.world.persons[each.number].name}: unexpected {more}, missing {fewer}"
        )
    shown = sum(len(each.saw) for each in answers)
    console.print(f"{len(answers)} questions, {shown} records shown, {len(wrong)} answers not as the world's own table has them.")
    return not wrong


async def _answer(world: World, registrar: Registrar, persona: Persona, number: str) -> Answer:
    visitor = await registrar.visitor(persona.name)
    patient = await registrar.patient(number)
    found = {each: await visitor.search(each, patient) for each in TYPES}
    known = {(fact.custody.system, fact.key): fact for fact in world.of_person(number)}
    keys = {key for _, key in known}
    saw = frozenset(Sight(kind, key) for kind, each in found.items() for held in each.resources if (key := _key(held, keys)))
    now = datetime.now(UTC)
    must = frozenset(each for each in seen(world, persona, number, now) if each.resource_type in TYPES)
    return Answer(persona, number, saw, must, _sources(found, world), _why_not(world, persona, number, found, now))


def _key(resource: dict[str, Any], keys: set[str]) -> str | None:
    """The world's key of a resource, among its identifiers."""
    values = [str(each.get("value", "")) for each in _identifiers(resource)]
    for value in values:
        for written in (value, value.rpartition(":")[2], value.split("/")[0]):
            if written in keys:
                return written
    return None


def _identifiers(resource: dict[str, Any]) -> list[dict[str, Any]]:
    held = resource.get("identifier", [])
    return held if isinstance(held, list) else [held]


def _sources(found: dict[str, Found], world: World) -> tuple[str, ...]:
    """The systems that what was seen comes from, by title."""
    titles = {system.hsa_id: system.title for system in world.systems.values()}
    sources = {held.get("meta", {}).get("source", "").rpartition("#")[2] for each in found.values() for held in each.resources}
    return tuple(sorted(titles[each] for each in sources if each in titles))


def _why_not(world: World, persona: Persona, number: str, found: dict[str, Found], now: datetime) -> tuple[str, ...]:
    refused = sorted({f"{each.status}" for each in found.values() if each.status != 200})
    notices = Counter(
        code for each in found.values() for code, _ in each.said if code.endswith("-required") or code == "own-unit-only"
    )
    rules = withheld(world, persona, number, now)
    return (*refused, *notices, *(f"{rule} ×{count}" for rule, count in sorted(rules.items())))


def _keys(sights: frozenset[Sight]) -> str:
    return ", ".join(sorted(f"{each.resource_type} {each.key}" for each in sights)) or "nothing"


def _table(world: World, answers: list[Answer]) -> Table:
    table = Table(title="Who saw what", show_lines=False)
    for heading in ("who", "asked about", "saw", "from", "why not the rest", ""):
        table.add_column(heading, overflow="fold")
    for each in answers:
        counted = Counter(sight.resource_type for sight in each.saw)
        saw = ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "–"
        mark = "[green]as it must be" if each.right else "[red]WRONG"
        table.add_row(
            each.persona.name, world.persons[each.number].name, saw, ", ".join(each.sources), ", ".join(each.why_not), mark
        )
    return table
