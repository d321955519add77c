"""Engines, transactions and migrations: SQLite (WAL) or PostgreSQL, one code.

Readers commit by themselves, statement by statement: `asof` and the patient's epoch keep an answer whole (STORE: snapshot
paging; API: section 5). Writers hold one transaction: BEGIN IMMEDIATE on SQLite, row locks on PostgreSQL.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from hub.store.prepared import command
from hub.store.tables import METADATA

__all__ = ["BUSY_TIMEOUT", "Connection", "Counter", "Database", "OperationalError", "SQLAlchemyError", "tables"]

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT = 20_000
"""Milliseconds that a SQLite writer waits for another."""
STATEMENTS = {"sqlite": 512, "postgresql": 256}
"""How many statements a connection keeps ready: any other is read and planned anew, which takes a millisecond or two. A search
takes some 55 kB of a hub with SQLite, and 0.4 MB of PostgreSQL."""


class Database:
    """Two engines on one database, and one held reading connection per thread."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sqlite = make_url(url).get_backend_name() == "sqlite"
        self._readers = _engine(url, self.sqlite, reading=True)
        self._writers = _engine(url, self.sqlite, reading=False)
        self._held = threading.local()
        self._connections: list[Connection] = []
        self._lock = threading.Lock()
        self.commits = 0
        """How many writing transactions were committed: tests count them."""

    def reader(self) -> Connection:
        """This thread's reading connection."""
        connection: Connection | None = getattr(self._held, "connection", None)
        if connection is None or connection.closed or connection.invalidated:
            connection = self._readers.connect()
            self._held.connection = connection
            with self._lock:
                self._connections.append(connection)
        return connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One writing transaction: committed at the end, or nothing of it."""
        with self._writers.begin() as connection:
            yield connection
        self.commits += 1

    @contextmanager
    def appending(self) -> Iterator[Connection]:
        """One writing transaction on this thread's reading connection: SQLite throws away what a connection has read once
        another writes, and keeps it where the connection does so itself. For those who read nothing by `reader` meanwhile.
        """
        connection = self.reader()
        command(connection, "BEGIN IMMEDIATE" if self.sqlite else "BEGIN")
        try:
            yield connection
            command(connection, "COMMIT")
        except BaseException:
            with suppress(Exception):  # the connection may be what has failed
                command(connection, "ROLLBACK")
            raise
        self.commits += 1

    def ping(self) -> None:
        """Ask the database for nothing.

        Raises: SQLAlchemyError: it does not answer.
        """
        self.reader().execute(text("SELECT 1"))

    def count(self) -> "Counter":
        """A counter of the statements that are sent to the database from now on, for tests and metrics."""
        return Counter((self._readers, self._writers))

    def migrate(self) -> None:
        """Bring the tables to the newest form. Safe to run at every start, also by several processes.

        A SQLite file that is made by it is for its owner alone, as are the files that SQLite lays beside it.
        """
        if self.sqlite and (file := make_url(self.url).database):
            Path(file).touch(0o600)
        if self._is_newest():
            return
        from alembic import command  # here, since only a change of the tables needs it, and it is large
        from alembic.config import Config

        with self._writers.begin() as connection:
            if not self.sqlite:
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(727001)")
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _is_newest(self) -> bool:
        """Whether the last migration has run: its number begins the name of its file."""
        last = max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
        with self._readers.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == last

    def close(self) -> None:
        """Give every connection back."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()
        self._readers.dispose()
        self._writers.dispose()


class Counter:
    """Statements seen since it was made; `with` it to stop counting."""

    def __init__(self, engines: tuple[Engine, ...]) -> None:
        self._engines = engines
        self.statements: list[str] = []

    def __enter__(self) -> "Counter":
        for engine in self._engines:
            event.listen(engine, "before_cursor_execute", self._seen)
        return self

    def __exit__(self, *_: object) -> None:
        for engine in self._engines:
            event.remove(engine, "before_cursor_execute", self._seen)

    def _seen(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.statements.append(statement)


def _engine(url: str, sqlite: bool, reading: bool) -> Engine:
    if not sqlite:
        url = url.replace("postgres://", "postgresql://", 1)
        connect_args = {"options": "-c plan_cache_mode=force_generic_plan -c timezone=UTC", "prepare_threshold": 1}
        engine = create_engine(url, connect_args=connect_args, pool_size=16, max_overflow=16, pool_use_lifo=True)
        event.listen(engine, "connect", _postgresql_settings)
        return engine.execution_options(isolation_level="AUTOCOMMIT") if reading else engine
    sqlite_args = {"check_same_thread": False, "timeout": BUSY_TIMEOUT / 1000, "cached_statements": STATEMENTS["sqlite"]}
    engine = create_engine(url, connect_args=sqlite_args, pool_use_lifo=True)  # the last one's pages are still good
    event.listen(engine, "connect", _sqlite_settings)
    if not reading:
        event.listen(engine, "begin", _begin_immediate)
    return engine.execution_options(isolation_level="AUTOCOMMIT") if reading else engine


def _postgresql_settings(connection: Any, _record: Any) -> None:
    connection.prepared_max = STATEMENTS["postgresql"]


def _sqlite_settings(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT}",
        "foreign_keys=ON",
        "cache_size=-65536",
        "wal_autocheckpoint=16000",  # pages: the fewer the times, the more often a page was written meanwhile
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def lock_until_end(connection: Connection, number: int) -> None:
    """Wait for whoever holds this lock, and hold it until the transaction ends. SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"number": number})


def deadlocked(fault: BaseException | None) -> bool:
    """Whether a transaction was ended since it and another waited for each other: done again, it can succeed.

    Takes: SQLAlchemy's fault, the driver's own (`hub.store.prepared` asks the driver), or another.
    """
    return _DEADLOCK in (getattr(fault, "sqlstate", ""), getattr(getattr(fault, "orig", None), "sqlstate", ""))


_DEADLOCK = "40P01"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""
_LOCK = text("SELECT pg_advisory_xact_lock(:number)")


def tables() -> tuple[str, ...]:
    """Every table that the hub keeps, in an order in which they can be copied."""
    return tuple(table.name for table in METADATA.sorted_tables)
