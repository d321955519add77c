"""The beginning of the log that was removed once its retention had passed: what the database keeps in its place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.audit import Frontier, frontier, inclusion, over
from hub.checkpoints import Checkpoint, Invalid
from hub.removals import Removal, check_removals, list_line, parsed
from hub.store.tables import audit_ended, audit_removal

End = tuple[int, int, bytes]
"""Of a list that removed entries stood in: patient key, number and leaf hash of the last of them."""


@dataclass(frozen=True, slots=True)
class Begun:
    """From where a shard goes on: the tree over what was removed, and the ends of the lists there."""

    tree: Frontier
    ends: Mapping[int, tuple[int, bytes]]


def removal_notes(connection: Connection) -> list[str]:
    """Every statement of removal, oldest first, unread."""
    return list(connection.execute(select(audit_removal.c.note).order_by(audit_removal.c.number)).scalars())


def removed_sizes(connection: Connection) -> dict[int, int]:
    """How many entries of each shard are removed, as the last statement says, believed or not."""
    notes = removal_notes(connection)
    said = parsed(notes[-1].partition("\n\n")[0] + "\n").shards if notes else ()
    return {each.shard: each.frontier.size for each in said}


def ends_of(connection: Connection, shard: int) -> Iterator[End]:
    """The ends of the lists of a shard, by patient key."""
    wanted = select(audit_ended.c.pk, audit_ended.c.number, audit_ended.c.leaf).where(audit_ended.c.shard == shard)
    yield from (tuple(row) for row in connection.execute(wanted.order_by(audit_ended.c.pk)))


def end_of(connection: Connection, pk: int) -> tuple[int, End] | None:
    """The shard of a list and its end; None: nothing of it was removed."""
    wanted = select(audit_ended.c.shard, audit_ended.c.pk, audit_ended.c.number, audit_ended.c.leaf)
    row = connection.execute(wanted.where(audit_ended.c.pk == pk)).first()
    return (row.shard, (row.pk, row.number, row.leaf)) if row else None


def begun(removals: Sequence[Removal], row: Sequence[Checkpoint], ends: Callable[[int], Iterable[End]]) -> dict[int, Begun]:
    """From where each shard goes on, once the removals fit the checkpoints, and what is kept of the lists is what they signed.

    Takes: `ends`: those of a shard, by patient key.
    Raises: Invalid.
    """
    check_removals(removals, row)
    found = {}
    for each in removals[-1].shards if removals else ():
        held = list(ends(each.shard))
        lists = frontier(list_line(*end) for end in held)
        if (lists.size, lists.root) != (each.lists, each.root):
            raise Invalid("the ends of the lists that were removed are not those that were signed")
        found[each.shard] = Begun(each.frontier, {key: (number, leaf) for key, number, leaf in held})
    return found


def proof_of_end(connection: Connection, shard: int, end: End) -> dict[str, object]:
    """The end of one list, with its path to the root that the last removal signed."""
    held = list(ends_of(connection, shard))
    index = held.index(end)
    leaves = [list_line(*each) for each in held]
    path = [step.hex() for step in inclusion(index, len(leaves), over(leaves))]
    key, number, leaf = end
    return {"shard": shard, "ended": {"key": key, "number": number, "leaf": leaf.hex()}, "index": index, "path": path}
