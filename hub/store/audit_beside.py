"""What lies beside the trees of the log, and is read all the same: rows in no tree, kept roots, the index, and the like.

A list is read by patient key, and the reviewers' by the index: neither goes by the tree, so a row beside it would be believed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select

from hub.audit import Frontier
from hub.store.audit_index import indexed, row_of
from hub.store.audit_reading import Head, every
from hub.store.audit_tree import nodes_hold
from hub.store.tables import audit, audit_ended, audit_head, audit_index


def beside(connection: Connection, held: Sequence[Head], removed: Mapping[int, int]) -> str:
    """The first thing beside the trees that does not fit, in words; empty if all does.

    Takes: `held`: the trees, whose entries were found to hold; `removed`: how many entries of a shard were removed.
    """
    return (
        _uncounted(connection, held)
        or next((fault for head in held if (fault := _doubled(connection, head, removed.get(head.shard, 0)))), "")
        or _times(connection)
        or _ends(connection, removed)
        or next((fault for head in held if (fault := _nodes(connection, head))), "")
        or next((fault for head in held if (fault := _index(connection, head, removed.get(head.shard, 0)))), "")
    )


def _uncounted(connection: Connection, held: Sequence[Head]) -> str:
    for table, words in (
        (audit, "lies in the table, and in no tree"),
        (audit_index, "is in the reviewers' index, and not in the log"),
    ):
        found = next((row for test in _outside(table.c, held) if (row := connection.execute(test).first())), None)
        if found:
            return f"shard {found.shard}: entry {found.seq} {words}"
    return ""


def _outside(row: Any, held: Sequence[Head]) -> Iterator[Select[int, int]]:
    """Rows that no tree counts; the size is asked in the same statement, so that what is appended meanwhile is no fault."""
    one = select(row.shard, row.seq).limit(1)
    yield one.where(row.shard.not_in([each.shard for each in held]))
    for each in held:
        size = select(audit_head.c.size).where(audit_head.c.shard == each.shard).scalar_subquery()
        yield one.where(row.shard == each.shard, row.seq < 0)
        yield one.where(row.shard == each.shard, row.seq >= size)


def _doubled(connection: Connection, head: Head, begin: int) -> str:
    row = audit.c
    inside = (row.shard == head.shard, row.seq >= begin, row.seq < head.size)
    if connection.execute(select(func.count()).where(*inside)).scalar_one() == head.size - begin:
        return ""
    twice = select(row.seq).where(*inside).group_by(row.seq).having(func.count() > 1).order_by(row.seq).limit(1)
    return f"shard {head.shard}: there are two of entry {connection.execute(twice).scalar()}"


def _times(connection: Connection) -> str:
    last = (audit.c.shard == audit_head.c.shard) & (audit.c.seq == audit_head.c.size - 1)
    wrong = select(audit_head.c.shard).join_from(audit_head, audit, last).where(audit.c.at != audit_head.c.at).limit(1)
    found = connection.execute(wrong).scalar()
    return "" if found is None else f"the head of shard {found} has another time than its last entry"


def _ends(connection: Connection, removed: Mapping[int, int]) -> str:
    """Where nothing was removed, no list can go on from what was; where something was, the removal signed from what."""
    wrong = select(audit_ended.c.shard).where(audit_ended.c.shard.not_in(list(removed))).limit(1)
    found = connection.execute(wrong).scalar()
    return "" if found is None else f"shard {found}: a list is said to have ended where nothing was removed"


def _nodes(connection: Connection, head: Head) -> str:
    root = Frontier.from_bytes(head.size, head.frontier).root
    if nodes_hold(connection, head.shard, head.size, root):
        return ""
    return f"shard {head.shard}: the roots that are kept for proofs are not those over its entries"


def _index(connection: Connection, head: Head, begin: int) -> str:
    """The index goes up to some entry: of each before it, it says what the entry says."""
    for entry, row in zip(
        every(connection, head.size, head.shard, begin - 1), indexed(connection, head.shard, begin), strict=False
    ):
        if row != row_of(entry):
            return f"shard {head.shard}: the reviewers' index is not what entry {entry.seq} says"
    return ""
