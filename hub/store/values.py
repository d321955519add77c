"""Values as columns hold them: times as microseconds, truths as 0 and 1, parameters as numbers."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from hub.fhir.custody import COLUMNS, Custody

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
    """The number under which a search parameter's keys are kept: 31 bits of a hash of type and name, the same for ever."""
    return int.from_bytes(hashlib.sha256(f"{resource_type}.{index}".encode()).digest()[:4], "big") >> 1


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert what is not there yet, by primary key; the rest is left as it is."""
    if not rows:
        return
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))
