"""The access log as it stands in the database: entries in order, the heads of its trees."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, select

from hub.fhir.json import loads
from hub.store.tables import audit, audit_head

PART = 1000
"""Entries that are read at once."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry."""

    shard: int
    seq: int
    pk: int
    number: int
    at: int
    leaf: bytes
    entry: bytes
    kept: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The entry, read."""
        held: dict[str, Any] = loads(self.entry)
        return held

    @property
    def readable(self) -> dict[str, Any] | None:
        """The entry, read; None where what lies there is none."""
        try:
            held = loads(self.entry)
        except ValueError:
            return None
        return held if isinstance(held, dict) else None

    @property
    def unshown(self) -> dict[str, Any]:
        """What no reader is shown, read."""
        held: dict[str, Any] = loads(self.kept) if self.kept else {}
        return held


@dataclass(frozen=True, slots=True)
class Head:
    """A shard's tree in short: its size and its frontier as bytes."""

    shard: int
    size: int
    frontier: bytes


def heads(connection: Connection) -> list[Head]:
    """The trees of all shards."""
    columns = (audit_head.c.shard, audit_head.c.size, audit_head.c.frontier)
    return [Head(*row) for row in connection.execute(select(*columns).order_by(audit_head.c.shard))]


def head_of(connection: Connection, shard: int = 0) -> Head:
    """The tree of one shard; an empty one where nothing was written yet."""
    return next((each for each in heads(connection) if each.shard == shard), Head(shard, 0, b""))


def entries(connection: Connection, pk: int | None = None, after: int = -1, limit: int = PART, shard: int = 0) -> list[Logged]:
    """Entries of a shard in order, of one patient key or of all, from sequence number `after` + 1."""
    wanted = select(*COLUMNS).where(audit.c.shard == shard, audit.c.seq > after)
    if pk is not None:
        wanted = wanted.where(audit.c.pk == pk)
    return [Logged(*row) for row in connection.execute(wanted.order_by(audit.c.seq).limit(limit))]


def newest(connection: Connection, count: int) -> list[Logged]:
    """The newest entries of all shards, oldest first."""
    ends = (entries(connection, after=head.size - count - 1, limit=count, shard=head.shard) for head in heads(connection))
    return sorted(chain.from_iterable(ends), key=lambda each: (each.at, each.shard, each.seq))[-count:]


def of_patient(connection: Connection, pk: int, after: int, limit: int) -> list[Logged]:
    """A patient key's entries in order, from running number `after` + 1."""
    wanted = select(*COLUMNS).where(audit.c.pk == pk, audit.c.number > after)
    return [Logged(*row) for row in connection.execute(wanted.order_by(audit.c.shard, audit.c.seq).limit(limit))]


def every(connection: Connection, size: int, shard: int = 0, after: int = -1) -> Iterator[Logged]:
    """A shard as it was when it had `size` entries, a thousand at a time, from sequence number `after` + 1."""
    while after < size - 1 and (found := entries(connection, after=after, limit=min(PART, size - 1 - after), shard=shard)):
        yield from found
        after = found[-1].seq


COLUMNS = tuple(audit.c[name] for name in ("shard", "seq", "pk", "number", "at", "leaf", "entry", "kept"))
