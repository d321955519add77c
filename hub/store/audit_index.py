"""What a reviewer looks for in the log: columns worked out from the entries after they are written: no answer waits for it.

It holds nothing that the entries do not; it may be thrown away and is made anew (`bring_up`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, or_, select, true, tuple_

from hub.store.audit_reading import COLUMNS, PART, Logged, entries, heads
from hub.store.database import Database
from hub.store.tables import audit, audit_index
from hub.store.values import insert_new

DRAWS = 2**31
"""`draw` is below this: a part of the leaf hash, which nobody can choose."""
OPENINGS = frozenset({"emergency", "inner_emergency"})
"""Types of assertion by which a record is opened in an emergency."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reviewer asks for. Empty: not asked about. Times in microseconds, half open."""

    provider: str
    since: int | None = None
    until: int | None = None
    unit: str = ""
    person: str = ""
    pk: int | None = None
    actions: Sequence[str] = ()
    outcomes: Sequence[str] = ()
    """Any of these; likewise the rules."""
    rules: Sequence[str] = ()
    emergency: bool = False
    unreviewed: bool = False
    share: float = 1.0
    """The part of the entries that is drawn."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, and the number by which verdicts name it."""

    logged: Logged
    verdicts: Sequence[Logged] = field(default=())


def is_opening(content: Mapping[str, Any]) -> bool:
    """Whether an entry is of a record that was opened in an emergency."""
    opened = content.get("action") == "register-assertion" and content.get("outcome") == "permit"
    return opened and content.get("details", {}).get("type") in OPENINGS


Place = tuple[int, int, int]
"""Time, shard and number: in this order entries are listed."""


def bring_up(database: Database, connection: Connection, most: int | None = None) -> int:
    """Index what was written since the last time, or the oldest of it. Gives: how many.

    Takes: `most`: about as many entries as are indexed; not set: all.
    """
    count = 0
    for head in heads(connection):
        held = select(func.coalesce(func.max(audit_index.c.seq), -1)).where(audit_index.c.shard == head.shard)
        after = connection.execute(held).scalar_one()
        while (
            after < head.size - 1
            and (most is None or count < most)
            and (found := entries(connection, after=after, shard=head.shard))
        ):
            with database.writing() as writing:
                insert_new(writing, audit_index, [row_of(each) for each in found])
            count, after = count + len(found), found[-1].seq
    return count


def search(connection: Connection, wanted: Wanted, after: Place | None, limit: int) -> list[Found]:
    """Entries of one care provider in the order of time, after a place."""
    index = audit_index.c
    place = tuple_(index.at, index.shard, index.seq)
    chosen = (
        select(index.shard, index.seq, index.at)
        .where(_where(wanted), place > tuple_(*after) if after else true())
        .order_by(index.at, index.shard, index.seq)
        .limit(limit)
        .subquery()
    )
    rows = connection.execute(
        select(*COLUMNS).join_from(chosen, audit, _same(chosen.c)).order_by(audit.c.at, audit.c.shard, audit.c.seq)
    )
    found = [Logged(*row) for row in rows]
    said = _verdicts(connection, wanted.provider, found)
    return [Found(each, said.get(_about(each.shard, each.seq), ())) for each in found]


def are_more(connection: Connection, wanted: Wanted, most: int) -> bool:
    """Whether there are more entries of one care provider than `most`."""
    return connection.execute(select(audit_index.c.seq).where(_where(wanted)).offset(most).limit(1)).first() is not None


def has(connection: Connection, provider: str, name: str, value: str) -> bool:
    """Whether any entry of one care provider has this. Takes: `name`: action, unit, person or rule."""
    column = audit_index.c.rules.contains(f" {value} ", autoescape=True) if name == "rule" else audit_index.c[name] == value
    there = select(audit_index.c.seq).where(audit_index.c.provider == provider, column).limit(1)
    return connection.execute(there).first() is not None


def one(database: Database, connection: Connection, provider: str, shard: int, seq: int) -> Logged | None:
    """One entry of a care provider; None: there is none of that number."""
    bring_up(database, connection)
    index = audit_index.c
    held = select(index.seq).where(index.provider == provider, index.shard == shard, index.seq == seq)
    if connection.execute(held).first() is None:
        return None
    return entries(connection, after=seq - 1, limit=1, shard=shard)[0]


def near(connection: Connection, provider: str, person: str, since: int, until: int) -> list[tuple[int, int, str]]:
    """What one person did within a span: (time, patient key, outcome)."""
    index = audit_index.c
    rows = connection.execute(
        select(index.at, index.pk, index.outcome).where(
            index.provider == provider, index.person == person, index.at >= since, index.at < until
        )
    )
    return [(row.at, row.pk, row.outcome) for row in rows]


def watched(connection: Connection, provider: str, patient: str) -> bool:
    """Whether a care provider's reviewer last said that a patient is to be watched over."""
    index = audit_index.c
    said = (
        select(index.action)
        .where(index.provider == provider, index.about == f"Patient/{patient}", index.outcome == "permit")
        .order_by(index.at.desc(), index.shard.desc(), index.seq.desc())
        .limit(1)
    )
    return connection.execute(said).scalar() == "watch"


def _where(wanted: Wanted) -> ColumnElement[bool]:
    index = audit_index.c
    tests: list[ColumnElement[bool]] = [index.provider == wanted.provider]
    tests += [index.at >= wanted.since] if wanted.since is not None else []
    tests += [index.at < wanted.until] if wanted.until is not None else []
    tests += [index.pk == wanted.pk] if wanted.pk is not None else []
    tests += [index[name] == value for name, value in (("unit", wanted.unit), ("person", wanted.person)) if value]
    tests += [index[name].in_(any_of) for name, any_of in (("action", wanted.actions), ("outcome", wanted.outcomes)) if any_of]
    tests += [or_(*(index.rules.contains(f" {rule} ", autoescape=True) for rule in wanted.rules))] if wanted.rules else []
    tests += [index.emergency == 1] if wanted.emergency else []
    tests += [index.draw < int(wanted.share * DRAWS)] if wanted.share < 1 else []
    if wanted.unreviewed:
        other = audit_index.alias("other")
        named = cast(index.shard, Text) + "." + cast(index.seq, Text)
        tests.append(~select(other.c.seq).where(other.c.provider == wanted.provider, other.c.about == named).exists())
    return and_(*tests)


def _verdicts(connection: Connection, provider: str, found: Sequence[Logged]) -> Mapping[str, Sequence[Logged]]:
    """What was said of entries, oldest first, by the number they are named by."""
    named = [_about(each.shard, each.seq) for each in found]
    index = audit_index.c
    rows = connection.execute(
        select(index.about, *COLUMNS)
        .join_from(audit_index, audit, _same(index))
        .where(index.provider == provider, index.about.in_(named or [""]), index.about != "")
        .order_by(index.at, index.shard, index.seq)
    )
    held: dict[str, list[Logged]] = {}
    for about, *row in rows:
        held.setdefault(about, []).append(Logged(*row))
    return held


def _same(index: Any) -> ColumnElement[bool]:
    """The entry that is indexed; with its time, by which PostgreSQL looks into one month alone."""
    return and_(audit.c.shard == index.shard, audit.c.seq == index.seq, audit.c.at == index.at)


def _about(shard: int, seq: int) -> str:
    return f"{shard}.{seq}"


def indexed(connection: Connection, shard: int, begin: int) -> Iterator[dict[str, Any]]:
    """What the index holds of a shard from number `begin` on, in order."""
    after = begin - 1
    while True:
        wanted = select(audit_index).where(audit_index.c.shard == shard, audit_index.c.seq > after)
        found = [dict(row) for row in connection.execute(wanted.order_by(audit_index.c.seq).limit(PART)).mappings()]
        yield from found
        if len(found) < PART:
            return
        after = found[-1]["seq"]


def row_of(each: Logged) -> dict[str, Any]:
    """What the index holds of an entry."""
    content = each.content
    who = content.get("who", {})
    return {
        "shard": each.shard,
        "seq": each.seq,
        "at": each.at,
        "pk": each.pk,
        "provider": who.get("provider", ""),
        "unit": who.get("unit", ""),
        "person": who.get("subject", ""),
        "action": content.get("action", ""),
        "outcome": content.get("outcome", ""),
        "rules": f" {' '.join(content.get('rules', ()))} ",
        "emergency": int(is_opening(content)),
        "draw": int.from_bytes(each.leaf[:4], "big") >> 1,
        "about": content.get("about", ""),
    }
