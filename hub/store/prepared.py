"""Statements that are written once and run often: SQLAlchemy writes their text, the driver itself runs it.

On the answer path SQLAlchemy's own way of running a statement costs several times what the database does (STORE.md).
"""

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from operator import itemgetter
from threading import Lock
from typing import Any, NamedTuple

from cachetools import LRUCache
from sqlalchemy import BigInteger, BindParameter, Connection, bindparam
from sqlalchemy.dialects.postgresql import psycopg as postgresql
from sqlalchemy.dialects.sqlite import pysqlite as sqlite
from sqlalchemy.types import TypeEngine

_DIALECTS: Mapping[str, Any] = {
    "sqlite": sqlite.dialect(paramstyle="numeric_dollar"),
    "postgresql": postgresql.dialect(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]  # the dialect says no types
}
_NUMBERED = re.compile(r"\$([0-9]+)")
"""A value's place as PostgreSQL writes it: `$1`. SQLite writes `?1`, and has a meaning of its own for the other."""


class _Text(NamedTuple):
    """A statement as one kind of database takes it."""

    text: str | bytes
    """Octets for PostgreSQL, whose driver finds what is prepared by them: an object of theirs keeps its hash."""
    given: Callable[[Mapping[str, Any]], Sequence[Any]]
    """Values by name -> in the order in which they are bound."""
    fixed: dict[str, Any]


class Prepared:
    """One statement. State: its text, once it was asked for, for each kind of database."""

    __slots__ = ("_statement", "_texts")

    def __init__(self, statement: Any) -> None:
        self._statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it. Gives: what it selects, column by column as it was written."""
        text, given, fixed = self._texts.get(connection.dialect.name) or self._written(connection.dialect.name)
        return _run(connection, text, given({**fixed, **values} if fixed else values))

    def row(self, connection: Connection, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The one row that it selects at most."""
        found = self.rows(connection, values)
        return found[0] if found else None

    def write(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it for each of `rows`."""
        text, given, fixed = self._texts.get(connection.dialect.name) or self._written(connection.dialect.name)
        _run_each(connection, text, [given({**fixed, **row} if fixed else row) for row in rows])

    def write_as_they_are(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Run it for each of `rows`, whose values stand in the order in which the statement names them."""
        held = self._texts.get(connection.dialect.name) or self._written(connection.dialect.name)
        _run_each(connection, held.text, rows)

    def _written(self, kind: str) -> _Text:
        compiled = self._statement.compile(dialect=_DIALECTS[kind])
        names = tuple(compiled.positiontup or ())
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        text = _NUMBERED.sub(r"?\1", compiled.string) if kind == "sqlite" else compiled.string.encode()
        held = self._texts[kind] = _Text(text, _in_order(names), fixed)
        return held


def _in_order(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Sequence[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: [values[name] for name in names]


class ForMany:
    """A statement about several keys, written for 1, 2, 4, 8, … of them: few statements serve any number. State: these.

    Takes: `kind`: of the keys; `most`: how many one statement may name.
    """

    def __init__(
        self, write: Callable[[Sequence[BindParameter[Any]]], Any], kind: type[TypeEngine[Any]] = BigInteger, most: int = 64
    ) -> None:
        self._write = write
        self._kind = kind
        self._most = most
        self._written: dict[int, Prepared] = {}

    def rows(self, connection: Connection, keys: Collection[Any], **others: Any) -> list[tuple[Any, ...]]:
        """What it selects of the keys, which are asked about in their order, each once; `others`: what else it names."""
        wanted, found = sorted(set(keys)), []
        for at in range(0, len(wanted), self._most):
            part = wanted[at : at + self._most]
            size = 1 << (len(part) - 1).bit_length()
            part += [part[-1]] * (size - len(part))
            found += self._of(size).rows(connection, {f"p{n}": key for n, key in enumerate(part)} | others)
        return found

    def _of(self, size: int) -> Prepared:
        if size not in self._written:
            self._written[size] = Prepared(self._write([bindparam(f"p{n}", type_=self._kind) for n in range(size)]))
        return self._written[size]


class Kept(LRUCache[Hashable, Prepared]):
    """Statements by their shape. State: those that are kept; bounded, since callers choose shapes: the longest unused goes."""

    def __init__(self, most: int = 512) -> None:
        super().__init__(most)
        self._lock = Lock()

    def made(self, shape: Hashable, write: Callable[[], Any]) -> Prepared:
        """The statement of a shape, written by `write` where it is not kept."""
        try:
            with self._lock:
                return self[shape]
        except KeyError:
            held = Prepared(write())
        with self._lock:
            self[shape] = held
        return held


def _run(connection: Connection, text: str | bytes, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    _told(connection, text, values)
    driver: Any = connection.connection.dbapi_connection
    try:
        if connection.dialect.name == "postgresql":
            cursor = _cursor(connection)
            cursor.execute(text, values, prepare=True)
            return cursor.fetchall() if cursor.pgresult.nfields else []
        return driver.execute(text, values).fetchall()  # type: ignore[no-any-return]  # rows are tuples
    except Exception as fault:
        _lost(connection, driver, fault)
        raise


def command(connection: Connection, text: str) -> None:
    """Begin or end a transaction."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(text)
    except Exception as fault:
        _lost(connection, driver, fault)
        raise


def _run_each(connection: Connection, text: str | bytes, rows: Iterable[Sequence[Any]]) -> None:
    _told(connection, text, rows)
    driver: Any = connection.connection.dbapi_connection
    try:
        cursor = _cursor(connection) if connection.dialect.name == "postgresql" else driver
        cursor.executemany(text, rows)
    except Exception as fault:
        _lost(connection, driver, fault)
        raise


def _cursor(connection: Connection) -> Any:
    """The one cursor of a connection that takes $1, $2, … as they stand, and reads rows in binary: a body is not written out in
    hexadecimal. It lasts as long as the driver's connection: to make one, and to learn the types anew, is a quarter of what the
    driver does for a statement."""
    from psycopg import RawCursor  # here, since SQLite needs none of it
    from psycopg.pq import Format

    held: Any = connection.connection
    cursor: Any = held.info.get(RawCursor)
    if cursor is None:
        cursor = held.info[RawCursor] = RawCursor(held.dbapi_connection)
        cursor.format = Format.BINARY
    return cursor


def _told(connection: Connection, text: str | bytes, values: Any) -> None:
    """Those who count statements see these too."""
    listeners = connection.engine.dispatch.before_cursor_execute
    if listeners:
        written = text if isinstance(text, str) else text.decode()
        for listener in listeners:
            listener(connection, None, written, values, None, False)


def _lost(connection: Connection, driver: Any, fault: Exception) -> None:
    """A connection that the database has ended is not used again."""
    if connection.dialect.is_disconnect(fault, driver, None):  # type: ignore[arg-type]  # it takes any exception of the driver
        connection.invalidate(fault)
