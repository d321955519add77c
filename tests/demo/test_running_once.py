"""`hub demo --once`: every question is asked, the table is told, and one wrong answer is a failure."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from hub.demo import once as scenario
from hub.demo.expected import Sight, asks
from hub.demo.once import Answer, table
from hub.demo.personas import PERSONAS, persona
from hub.demo.running import demo
from hub.demo.systems import free_port
from hub.demo.world.model import CarePlan
from hub.demo.world.stories.ingrid import INGRID
from hub.store.log_outbox import positions


def answers(world, wrong: int = -1) -> list[Answer]:
    """An answer to every question; the one at place `wrong` is not as it must be."""
    given = []
    for n, (one, number) in enumerate(asks(world, PERSONAS)):
        saw = frozenset({Sight("CarePlan", "1")} if n % 3 == 0 else ())
        must = frozenset({Sight("CarePlan", "2")}) if n == wrong else saw
        given.append(Answer(one, number, saw, must, ("region-norrdal",), ("relation-required",), {"R21": n}))
    return given


def written(world, held: list[Answer], width: int) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(table(world, held))
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 160])
def test_the_table_names_every_persona_and_fits(world, width):
    told = written(world, answers(world), width)
    assert all(len(line) <= width for line in told.splitlines())
    assert all(f" {one.name} " in told for one in PERSONAS)
    assert "relation-required" in told
    assert "…" not in told


def test_the_table_names_every_person_once_for_each_persona(world):
    told = ", ".join(table(world, answers(world)).columns[0].cells)
    for person in world.persons.values():
        assert told.count(person.name) == len(PERSONAS)


def test_a_wrong_answer_has_a_row_of_its_own(world):
    told = written(world, answers(world, wrong=1), 160)
    assert told.count("✗") == 2  # one in the legend
    assert written(world, answers(world), 160).count("✗") == 1


@pytest.mark.timeout(240)
@pytest.mark.anyio
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_every_answer_is_as_the_worlds_table_has_it_and_an_altered_table_fails(tmp_path, kind, request):
    url = request.getfixturevalue("empty_database") if kind == "postgresql" else ""
    console = Console(file=StringIO(), width=160)
    async with demo(free_port(), tmp_path / "demo", url) as running:
        assert await scenario.once(running, console), console.file.getvalue()
        told = console.file.getvalue()
        assert f"{len(PERSONAS) * len(running.world.persons)} questions" in told
        assert "0 answers not as" in told
        record = next(fact for fact in running.world.of_person(INGRID) if isinstance(fact, CarePlan))
        fewer = replace(running.world, held=tuple(fact for fact in running.world.held if fact is not record))
        told = Console(file=StringIO(), width=160)
        assert not await scenario.once(replace(running, world=fewer), told, personas=(persona("patient-ingrid"),))
        assert "patient-ingrid about Ingrid Sandell: unexpected CarePlan of unknown origin" in told.file.getvalue()
        assert await running.hub.background.outbox.round() == ""
        assert sum(each.left for each in positions(running.hub.hub.store.reader())) <= 1
        assert {each.activity for each in running.systems.log.taken.values()} >= {"Läsa"}
