"""Statements that are written once and run often: SQLAlchemy writes their text, the driver itself runs it.

On the answer path SQLAlchemy's own way of running a statement costs several times what the database does (STORE.md).
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from threading import Lock
from typing import Any

from cachetools import LRUCache
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.dialects.sqlite import pysqlite as sqlite

_DIALECTS: Mapping[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # the dialect says no types
}


class Prepared:
    """One statement. State: its text, once it was asked for, for each kind of database."""

    __slots__ = ("_statement", "_texts")

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._texts: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def rows(self, connection: Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Run it. Gives: what it selects, column by column as it was written."""
        text, names, fixed = self._text(connection)
        given = fixed | values if fixed else values
        return _run(connection, text, [given[name] for name in names])

    def row(self, connection: Connection, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The one row that it selects at most."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def write(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
        """Run it for each of `rows`."""
        text, names, fixed = self._text(connection)
        _run_each(connection, text, [[(fixed | row)[name] for name in names] for row in rows])

    def _text(self, connection: Connection) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        kind = connection.dialect.name
        held = self._texts.get(kind)
        if held is None:
            written = self._statement.compile(dialect=_DIALECTS[kind])
            names = tuple(written.positiontup or ())
            fixed = {name: value for name, value in written.params.items() if value is not None}
            held = self._texts[kind] = (written.string, names, fixed)
        return held


class Kept(LRUCache[Hashable, Prepared]):
    """Statements by their shape. State: those that are kept; bounded, since callers choose shapes: the longest unused goes."""

    def __init__(self, most: int = 512) -> None:
        super().__init__(most)
        self._lock = Lock()

    def made(self, shape: Hashable, write: Callable[[], Any]) -> Prepared:
        """The statement of a shape, written by `write` where it is not kept."""
        with self._lock:
            held = self.get(shape)
        if held is None:
            held = Prepared(write())
            with self._lock:
                self[shape] = held
        return held


def _run(connection: Connection, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    _told(connection, text, values)
    driver: Any = connection.connection.dbapi_connection
    try:
        if connection.dialect.name == "postgresql":
            cursor = _cursor(driver)
            cursor.execute(text, values, prepare=True)
            return cursor.fetchall() if cursor.description else []
        return driver.execute(text, values).fetchall()  # type: ignore[no-any-return]  # rows are tuples
    except Exception as fault:
        _lost(connection, driver, fault)
        raise


def _run_each(connection: Connection, text: str, rows: Iterable[Sequence[Any]]) -> None:
    _told(connection, text, rows)
    driver: Any = connection.connection.dbapi_connection
    try:
        cursor = _cursor(driver) if connection.dialect.name == "postgresql" else driver
        cursor.executemany(text, rows)
    except Exception as fault:
        _lost(connection, driver, fault)
        raise


def _cursor(driver: Any) -> Any:
    """A cursor that takes $1, $2, … as they stand, and reads rows in binary: a body is not written out in hexadecimal."""
    from psycopg import RawCursor  # here, since SQLite needs none of it
    from psycopg.pq import Format

    cursor: Any = RawCursor(driver)
    cursor.format = Format.BINARY
    return cursor


def _told(connection: Connection, text: str, values: Any) -> None:
    """Those who count statements see these too."""
    for listener in connection.engine.dispatch.before_cursor_execute:
        listener(connection, None, text, values, None, False)


def _lost(connection: Connection, driver: Any, fault: Exception) -> None:
    """A connection that the database has ended is not used again."""
    if connection.dialect.is_disconnect(fault, driver, None):  # type: ignore[arg-type]  # it takes any exception of the driver
        connection.invalidate(fault)
