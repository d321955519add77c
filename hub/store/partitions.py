"""The log by month, on PostgreSQL: a partition for each month, made ahead, and one for what no month was made for.

So nothing is ever refused for want of a partition: what fell into the last one is moved to its month when that is made. Whoever
may only add to the log makes none; the tables' owner does, at its start or by `hub audit partitions`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from hub.store.database import Database
from hub.store.values import micros, moment

AHEAD = 12
"""Months after this one."""
OTHERS = "audit_of_others"
"""The partition of what no month was made for."""
_LOCK = 727_003
Month = tuple[int, int]
"""Year, and month from 1."""


def keep_months(database: Database, now: int) -> list[Month]:
    """Make the partitions that are missing: of months that something lies in, of this month and of those to come.

    Gives: which were made; none on SQLite, or where the hub's role may not.
    """
    made: list[Month] = []
    if database.sqlite:
        return made
    try:
        for month in missing(database.reader(), now):
            with database.writing() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
                if month not in held(connection):  # another process may have been first
                    _make(connection, month)
                    made.append(month)
    except ProgrammingError as fault:
        if getattr(fault.orig, "sqlstate", "") != _MAY_NOT:
            raise
    return made


def missing(connection: Connection, now: int) -> list[Month]:
    """Months without a partition that should have one, oldest first."""
    lying = text(
        "SELECT DISTINCT extract(year FROM t)::int, extract(month FROM t)::int"
        f" FROM (SELECT to_timestamp(at / 1000000) AT TIME ZONE 'UTC' AS t FROM {OTHERS}) AS times"  # our own name
    )
    there: set[Month] = {(row[0], row[1]) for row in connection.execute(lying)}
    return sorted((there | set(_ahead(now))) - set(held(connection)))


def held(connection: Connection) -> list[Month]:
    """Months that have a partition, oldest first."""
    named = text("SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'audit'::regclass")
    names = [name.removeprefix(_PREFIX) for name in connection.execute(named).scalars() if name != OTHERS]
    return sorted((int(name[:4]), int(name[5:])) for name in names)


def drop_empty(database: Database, before: int) -> list[Month]:
    """Drop the partitions that end before a time and hold nothing any more. Gives: which."""
    if database.sqlite:
        return []
    dropped = []
    for month in held(database.reader()):
        if bounds(month)[1] > before:
            continue
        with database.writing() as connection:
            name = _name(month)
            if connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first() is None:  # our own name
                connection.execute(text(f"DROP TABLE {name}"))
                dropped.append(month)
    return dropped


def bounds(month: Month) -> tuple[int, int]:
    """From when a month is, and until before when, in microseconds."""
    return micros(datetime(*month, 1, tzinfo=UTC)), micros(datetime(*_next(month), 1, tzinfo=UTC))


def _make(connection: Connection, month: Month) -> None:
    """Make a month's partition with what lies among the others of it."""
    name, (low, high) = _name(month), bounds(month)
    connection.execute(text(f"CREATE TABLE {name} (LIKE audit INCLUDING ALL)"))
    moved = f"DELETE FROM {OTHERS} WHERE at >= {low} AND at < {high} RETURNING *"  # numbers of our own
    connection.execute(text(f"WITH moved AS ({moved}) INSERT INTO {name} SELECT * FROM moved"))
    connection.execute(text(f"ALTER TABLE audit ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})"))


def _ahead(now: int) -> Iterator[Month]:
    then = moment(now)
    month = (then.year, then.month)
    for _ in range(AHEAD + 1):
        yield month
        month = _next(month)


def _next(month: Month) -> Month:
    year, number = month
    return (year, number + 1) if number < 12 else (year + 1, 1)


def _name(month: Month) -> str:
    return f"{_PREFIX}{month[0]:04}_{month[1]:02}"


_PREFIX = "audit_of_"
_MAY_NOT = "42501"
"""https://www.postgresql.org/docs/current/errcodes-appendix.html"""
