"""What of the log may be removed since its retention has passed, and its removal: whole, from the beginning, up to a checkpoint.

An entry that must still be kept holds all that follows it: without the entries between, no list could be proven whole.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from hub.audit import Frontier, frontier
from hub.checkpoints import Checkpoint
from hub.removals import NOBODY, KeptFor, RemovedShard, list_line
from hub.store.audit_check import FROM_THE_FIRST, Check
from hub.store.audit_log import AuditLog, Leaf
from hub.store.audit_reading import Logged, every, heads
from hub.store.audit_removed import Begun, ends_of, removed_sizes
from hub.store.audit_tree import keep_frontier, keep_nodes
from hub.store.database import Database
from hub.store.partitions import drop_empty
from hub.store.tables import audit, audit_ended, audit_index, audit_removal
from hub.store.values import in_parts, micros, moment

AT_ONCE = 10_000
"""Rows that one transaction deletes: the hub waits for it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How long entries are kept. Providers by HSA-id in upper case; holds: whose entries are kept until further notice."""

    years: int
    by_provider: Mapping[str, int]
    held_providers: Collection[str]
    held_keys: Collection[int]

    def of(self, provider: str) -> int:
        """The years of one care provider's entries."""
        return self.by_provider.get(provider, self.years)

    def why_kept(self, entry: Logged, now: int) -> str:
        """Why an entry must be kept still; empty: it need not."""
        provider = provider_of(entry)
        if provider in self.held_providers or entry.pk in self.held_keys:
            return "a legal hold"
        return "its retention" if entry.at > years_before(now, self.of(provider)) else ""


@dataclass(frozen=True, slots=True)
class Due:
    """What may be removed: everything under a checkpoint. `kept`: of each provider the years and how many entries."""

    checkpoint: Checkpoint
    kept: tuple[KeptFor, ...]

    @property
    def entries(self) -> int:
        """How many in all."""
        return sum(each.entries for each in self.kept)


@dataclass(frozen=True, slots=True)
class Held:
    """The first entry of a shard that must be kept, and why."""

    shard: int
    seq: int
    at: int
    why: str


def provider_of(entry: Logged) -> str:
    """The care provider that owns an entry, in upper case; NOBODY: none."""
    return str((entry.readable or {}).get("who", {}).get("provider", "")).upper() or NOBODY


def years_before(now: int, years: int) -> int:
    """The same date and time so many calendar years earlier, in microseconds; of 29 February the day before."""
    then: datetime = moment(now)
    try:
        return micros(then.replace(year=then.year - years))
    except ValueError:
        return micros(then.replace(year=then.year - years, day=28))


def due(
    connection: Connection, rules: Rules, now: int, row: Sequence[Checkpoint], taken: Mapping[int, int]
) -> tuple[Due | None, list[Held]]:
    """What may be removed now, if anything, and what of each shard must be kept first.

    Takes: `row`: checkpoints, oldest first; `taken`: up to where each shard went to a log service that still has to have it;
    a shard that is not named need not.
    """
    removed = removed_sizes(connection)
    held = [
        found
        for head in heads(connection)
        if (found := _first_kept(connection, rules, now, head.shard, head.size, removed.get(head.shard, 0), taken))
    ]
    ends = {each.shard: each.seq for each in held}
    shortest = years_before(now, min((rules.years, *rules.by_provider.values())))
    fitting = [
        each
        for each in row
        if each.at <= shortest
        and each.size > sum(removed.values())
        and all(shard.size <= ends.get(shard.shard, shard.size) for shard in each.shards)
    ]
    if not fitting:
        return None, held
    last = fitting[-1]
    return Due(last, tuple(_counted(connection, rules, last, removed))), held


def _first_kept(
    connection: Connection, rules: Rules, now: int, shard: int, size: int, begin: int, taken: Mapping[int, int]
) -> Held | None:
    for entry in every(connection, size, shard, begin - 1):
        why = rules.why_kept(entry, now)
        if not why and entry.seq >= taken.get(shard, size):
            why = "the log service has not taken it yet"
        if why:
            return Held(shard, entry.seq, entry.at, why)
    return None


def _counted(connection: Connection, rules: Rules, last: Checkpoint, removed: Mapping[int, int]) -> Iterator[KeptFor]:
    found: Counter[str] = Counter()
    for each in last.shards:
        found.update(map(provider_of, every(connection, each.size, each.shard, removed.get(each.shard, 0) - 1)))
    yield from (KeptFor(provider, rules.of(provider), count) for provider, count in sorted(found.items()))


def trees(connection: Connection, last: Checkpoint, after: Mapping[int, Begun]) -> dict[int, Frontier]:
    """The tree of each shard at a checkpoint, once every entry was read again: nothing that does not hold is removed.

    Takes: `after`: from where each shard goes on, where its beginning was removed before.
    Raises: ValueError: it is not what was signed; the text names the first entry that does not hold.
    """
    found = {each.shard: _tree(connection, each.shard, each.size, after.get(each.shard, FROM_THE_FIRST)) for each in last.shards}
    if any(found[each.shard].root != each.root for each in last.shards):
        raise ValueError("the log is not the one that the checkpoint covers: nothing is removed")
    return found


def prepare(connection: Connection, last: Checkpoint, grown: Mapping[int, Frontier]) -> tuple[RemovedShard, ...]:
    """Keep what stands for the log up to a checkpoint: roots, and the ends of its lists. Nothing is deleted.

    Takes: `grown`: the tree of each shard there.
    """
    found = []
    for each in last.shards:
        tree = grown[each.shard]
        keep_nodes(connection, each.shard, each.size)
        keep_frontier(connection, each.shard, tree)
        _keep_ends(connection, each.shard, each.size)
        lists = frontier(list_line(*end) for end in ends_of(connection, each.shard))
        found.append(RemovedShard(each.shard, tree, lists.size, lists.root))
    return tuple(found)


def _tree(connection: Connection, shard: int, size: int, after: Begun) -> Frontier:
    """The tree of a shard when it had `size` entries, each of which holds."""
    check = Check(shard, after)
    for entry in every(connection, size, shard, after.tree.size - 1):
        if fault := check.fault(entry):
            raise ValueError(f"nothing is removed: {fault}")
    return check.tree


def _keep_ends(connection: Connection, shard: int, size: int) -> None:
    last = (
        select(audit.c.pk, func.max(audit.c.seq).label("seq"))
        .where(audit.c.shard == shard, audit.c.seq < size)
        .group_by(audit.c.pk)
        .subquery()
    )
    rows = connection.execute(
        select(audit.c.pk, audit.c.shard, audit.c.number, audit.c.leaf).join(
            last, (audit.c.pk == last.c.pk) & (audit.c.seq == last.c.seq) & (audit.c.shard == shard)
        )
    ).all()
    for part in in_parts(rows):
        connection.execute(delete(audit_ended).where(audit_ended.c.pk.in_([row.pk for row in part])))
        connection.execute(insert(audit_ended), [row._asdict() for row in part])


def state(connection: Connection, log: AuditLog, number: int, note: str, leaf: Leaf) -> None:
    """Say durably that the log is removed up to a checkpoint, with an entry of it; from here on it is."""
    connection.execute(insert(audit_removal), [{"number": number, "note": note}])
    log.append_in(connection, leaf)


def sweep(database: Database) -> int:
    """Delete what is stated to be removed, a part at a time; begun again, it goes on. Gives: how many entries."""
    count = 0
    for shard, size in removed_sizes(database.reader()).items():
        while (first := _oldest(database.reader(), shard)) is not None and first < size:
            upto = min(size, first + AT_ONCE)
            with database.writing() as connection:
                for table in (audit_index, audit):
                    gone = connection.execute(delete(table).where(table.c.shard == shard, table.c.seq < upto)).rowcount
            count += gone
    gone_until = database.reader().execute(select(func.min(audit.c.at))).scalar()
    if gone_until is not None:
        drop_empty(database, gone_until)
    return count


def _oldest(connection: Connection, shard: int) -> int | None:
    found: int | None = connection.execute(select(func.min(audit.c.seq)).where(audit.c.shard == shard)).scalar()
    return found
