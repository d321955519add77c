"""Filling a store: persons, records, grounds and freshness through the store's own write path, a hundred persons a commit.

PostgreSQL gets the rows of the SQLite database, table by table, by COPY: the same bytes, in a tenth of the time.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
from sqlalchemy import create_engine, make_url, select, text

from bench import world
from hub.keys import Keys
from hub.store import reindexing
from hub.store.database import Connection, Database
from hub.store.deposit import DIRECTORY_RECORD, deposit, open_record
from hub.store.known import Freshness, note_freshness, put_ground
from hub.store.patients import Facts, enroll, facts_of
from hub.store.tables import METADATA
from hub.store.values import micros

BATCH = 100
"""Persons of one commit."""


def load(database: Database, keys: Keys, patients: int, say: Callable[[str], None]) -> None:
    """Migrate and fill. Persons in even rows have grounds; those in odd rows have none (see `bench.measures.overhead`)."""
    database.migrate()
    with database.writing() as connection:
        reindexing.check(connection)  # an empty database begins with this version's search keys
        open_record(connection, *DIRECTORY_RECORD)
    began, now = time.monotonic(), datetime.now(UTC)
    for start in range(0, patients, BATCH):
        with database.writing() as connection:
            for row in range(start, min(start + BATCH, patients)):
                _person(connection, keys.identity, world.person(row), now)
        if start % (BATCH * 10) == 0:
            say(f"  {start + BATCH} of {patients} persons, {time.monotonic() - began:.0f} s")


def granted(row: int) -> bool:
    """Whether the physician has grounds for this person."""
    return row % 2 == 0 or world.withholding(row)


def _person(connection: Connection, key: bytes, one: world.Person, now: datetime) -> None:
    clock = micros(now)
    facts = Facts((one.number,), one.born, registered=True)
    pk = enroll(connection, key, facts)
    fhir_id, _ = facts_of(connection, pk)
    deposit(connection, key, pk, list(world.records(key, one, fhir_id)), (), clock)
    if granted(one.row):
        for ground in world.grounds(one, now):
            put_ground(connection, pk, ground, world.PHYSICIAN, clock)
    asked = clock - one.row * 1_000_003  # no two persons were asked about at one time
    fresh = [Freshness(name, contract, asked, asked, "", "") for name in world.SOURCES.values() for contract in world.CONTRACTS]
    note_freshness(connection, pk, fresh)


def copy(source: Database, url: str, say: Callable[[str], None]) -> None:
    """Every row of a SQLite store into an empty PostgreSQL database, then VACUUM ANALYZE, as autovacuum would in time."""
    target = Database(url)
    target.migrate()
    target.close()
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        for table in METADATA.sorted_tables:
            columns = ", ".join(f'"{column.name}"' for column in table.columns)
            with connection.cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as writing:
                for row in _rows(source, table):
                    writing.write_row(row)
            say(f"  {table.name}")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("VACUUM ANALYZE"))
        connection.execute(text("CHECKPOINT"))
    engine.dispose()


def _rows(source: Database, table: object) -> Iterator[tuple[object, ...]]:
    for row in source.reader().execution_options(yield_per=5000).execute(select(table)):  # type: ignore[call-overload]  # a table
        yield tuple(row)
