"""Values as columns hold them: times as microseconds, truths as 0 and 1, parameters as numbers."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, LargeBinary, Table, Text, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from hub.fhir.custody import COLUMNS, Custody
from hub.fhir.index_plan import kept_under
from hub.store.prepared import Prepared

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
KEY_LENGTH = 256
"""Characters of an index key: two of them, four bytes each, fit the 2,704 bytes of an index row of PostgreSQL."""


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(written: int) -> datetime:
    """The inverse of `micros`, in UTC."""
    return _EPOCH + timedelta(microseconds=written)


def instant(written: int) -> str:
    """A FHIR instant, to the microsecond."""
    return moment(written).isoformat(timespec="microseconds").replace("+00:00", "Z")


def custody_columns(custody: Custody) -> dict[str, Any]:
    """Custody as the columns of `entry` and `resource` hold it."""
    return {name: _column(getattr(custody, name)) for name in COLUMNS}


def _column(value: object) -> object:
    match value:
        case bool():
            return int(value)
        case datetime():
            return micros(value)
        case _:
            return value


@cache
def parameter_number(resource_type: str, index: str) -> int:
    """The number under which a search parameter's keys are kept: 31 bits of a hash of type and name, the same for ever.

    What every type has (its name begins with `_`) has one number for all types, so that they can be searched together.
    """
    of = "Resource" if index.startswith("_") else resource_type
    return int.from_bytes(hashlib.sha256(f"{of}.{index}".encode()).digest()[:4], "big") >> 1


@cache
def parameter_numbers(resource_type: str, index: str) -> tuple[int, ...]:
    """The numbers under which a parameter's keys are found: its own, or those of the parameters that it is made of."""
    return tuple(parameter_number(resource_type, each) for each in kept_under(resource_type, index))


def fitted(text: str) -> str:
    """A text as index keys hold it: a long one by its beginning and a digest; without NUL, which PostgreSQL does not take."""
    if len(text) <= KEY_LENGTH and "\0" not in text:
        return text
    if len(text) > KEY_LENGTH:
        text = text[: KEY_LENGTH - 64] + hashlib.sha256(text.encode()).hexdigest()
    return text.replace("\0", "\ufffd")


def in_parts(values: Iterable[T]) -> Iterator[list[T]]:
    """Lists of at most a thousand, as many as one statement should name."""
    held = iter(values)
    while part := list(islice(held, 1000)):
        yield part


def insert_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert whole rows."""
    insert_rows(connection, table, [[row[name] for name in _names(table)] for row in rows])


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert whole rows that are not there yet, by primary key; the rest is left as it is."""
    insert_rows(connection, table, [[row[name] for name in _names(table)] for row in rows], new=True)


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]], new: bool = False) -> None:
    """Insert whole rows, each in the order of the table's columns; `new`: only those that are not there yet."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        _insert(table, new).write_as_they_are(connection, rows)
    else:
        columns = zip(table.columns, zip(*rows, strict=True), strict=True)
        arrays = {column.name: as_array(values, column.type) for column, values in columns}
        _insert_columns(table, new).rows(connection, arrays)


@cache
def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


@cache
def _insert(table: Table, new: bool) -> Prepared:
    statement = sqlite.insert(table)
    return Prepared(statement.on_conflict_do_nothing() if new else statement)


@cache
def _insert_columns(table: Table, new: bool) -> Prepared:
    """Rows as one array for each column: PostgreSQL runs a statement once, not once for each row."""
    columns = [unnested(each.name, each.type) for each in table.columns]
    statement = postgresql.insert(table).from_select(_names(table), select(*columns))
    return Prepared(statement.on_conflict_do_nothing() if new else statement)


def unnested(name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    """What is bound under a name by `as_array`, one value a row. An array has no collation, unlike a column."""
    return func.unnest(bindparam(name, type_=postgresql.ARRAY(Text() if isinstance(kind, Text) else kind)))


def as_array(values: Iterable[Any], kind: TypeEngine[Any]) -> str:
    """Values of a column as PostgreSQL writes an array; the driver takes several times as long over a list.

    Source: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    if isinstance(kind, LargeBinary):
        values = ('"\\\\x' + each.hex() + '"' for each in values)
    elif isinstance(kind, Text):
        values = ('"' + each.replace("\\", "\\\\").replace('"', '\\"') + '"' if each is not None else None for each in values)
    return "{" + ",".join(["NULL" if each is None else str(each) for each in values]) + "}"


def upsert(
    connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], **renewed: Sequence[ColumnElement[Any]]
) -> None:
    """Insert, or where the primary key is there already, set the columns `renewed`.

    Takes: for each column what stands in for a new value of NULL, in order.
    """
    if rows:
        _upsert(table, connection.dialect.name, tuple((name, tuple(instead)) for name, instead in renewed.items())).write(
            connection, rows
        )


@cache
def _upsert(table: Table, kind: str, renewed: tuple[tuple[str, tuple[ColumnElement[Any], ...]], ...]) -> Prepared:
    statement = (sqlite if kind == "sqlite" else postgresql).insert(table)
    values = {
        name: func.coalesce(statement.excluded[name], *instead) if instead else statement.excluded[name]
        for name, instead in renewed
    }
    key = [column.name for column in table.primary_key.columns]
    return Prepared(statement.on_conflict_do_update(index_elements=key, set_=values))
