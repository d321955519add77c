"""What it costs to decide an entry, in SQLite's own steps: most entries are as most are, and are asked little."""

import sqlite3
from datetime import UTC, datetime

import pytest
from sqlalchemy import MetaData, Table, literal_column, select
from sqlalchemy.dialects import sqlite

from bench import world
from hub.consent.decision import decide
from hub.consent.grounds import Grounds, PatientFacts
from hub.consent.payloads import with_rows
from hub.fhir.custody import COLUMNS
from hub.store.release_shape import bindings, shape
from hub.store.release_sql import rule_number
from hub.store.tables import custody_past
from hub.store.values import micros

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PERSON = world.person(0)
TABLE = Table("custody", MetaData(), *(custody_past.c[name]._copy() for name in COLUMNS))


@pytest.fixture
def connection():
    """The entries of a person of the bench."""
    held = sqlite3.connect(":memory:")
    held.execute(f"CREATE TABLE custody ({', '.join(COLUMNS)})")
    for record in world.records(b"k" * 32, PERSON, "p"):
        values = (getattr(record.custody, name) for name in COLUMNS)
        row = [micros(each) if isinstance(each, datetime) else each for each in values]
        held.execute(f"INSERT INTO custody VALUES ({', '.join('?' * len(row))})", row)
    yield held
    held.close()


def _decision():
    """That of the physician of the bench, about whom there are a relation, a need, a consent and three blocks."""
    caller = world.physician()
    patient = PatientFacts(born=PERSON.born, deceased=False, protected=False)
    given = Grounds(caller=caller, now=NOW, patient=patient, named=True, request="care", services_up=True)
    return decide(with_rows(given, tuple(world.grounds(PERSON, NOW))))


def _steps(connection, what, values):
    """(what each entry is, steps that it took)."""
    text = str(select(what).select_from(TABLE).compile(dialect=sqlite.dialect(paramstyle="named")))
    steps = 0

    def step():
        nonlocal steps
        steps += 1

    connection.set_progress_handler(step, 1)
    rows = connection.execute(text, values).fetchall()
    connection.set_progress_handler(None, 1)
    return [row[0] for row in rows], steps


def test_an_entry_that_is_as_most_are_is_decided_in_few_steps(connection):
    release = _decision()
    places, steps = _steps(connection, rule_number(shape(release), {name: TABLE.c[name] for name in COLUMNS}), bindings(release))
    _, least = _steps(connection, literal_column("1"), {})
    assert {release.rows[place - 1].rule for place in places} == {"R20", "R35", "R47"}
    assert (steps - least) / len(places) < 30
