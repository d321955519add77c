"""The hash tree of a shard as the database has it: roots of any size it had, and proofs, from few hashes.

Roots of full subtrees of 256 and 65,536 leaves are kept once somebody asked for them to be (`keep_nodes`); where one is not
kept, it is worked out from the leaves. They are no more to be believed than the leaves: a proof from wrong ones does not hold.
Where the beginning of the log was removed, the roots of its frontier are kept too: what goes on from there needs no others.
"""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import ColumnElement, Connection, Row, func, select

from hub.audit import Frontier, Subtree, consistency, inclusion, node_hash, root_of, split
from hub.store.tables import audit, audit_node
from hub.store.values import insert_new

LEVELS = (8, 16)
"""Of the subtrees whose roots are kept: each holds 256 of the level below it."""


class Missing(LookupError, ValueError):
    """Entries are not there, and nothing is kept in their place: whoever asked for a proof gets none, in words."""


def subtree(connection: Connection, shard: int) -> Subtree:
    """Roots over the leaves of a shard, from one place up to another, where the first is a multiple of the size they span."""
    return partial(_root, connection, shard)


def root_at(connection: Connection, shard: int, size: int) -> bytes:
    """The root that the tree had when it had `size` leaves."""
    return _root(connection, shard, 0, size)


def inclusion_of(connection: Connection, shard: int, seq: int, size: int) -> list[bytes]:
    """The path of entry `seq` in the tree of `size`. Raises: ValueError: it has no such entry."""
    return inclusion(seq, size, subtree(connection, shard))


def consistency_of(connection: Connection, shard: int, first: int, size: int) -> list[bytes]:
    """The path from the tree of `first` to that of `size`. Raises: ValueError: it was never that large."""
    return consistency(first, size, subtree(connection, shard))


def keep_nodes(connection: Connection, shard: int, size: int) -> None:
    """Keep the roots of the full subtrees of a tree of `size` that are not kept yet."""
    for level in LEVELS:
        held = select(func.coalesce(func.max(audit_node.c.at), -1)).where(*_of(shard, level))
        first = connection.execute(held).scalar_one() + 1
        for at in range(first, size >> level):
            row = {"shard": shard, "level": level, "at": at, "hash": _node(connection, shard, level, at)}
            insert_new(connection, audit_node, [row])


def keep_frontier(connection: Connection, shard: int, tree: Frontier) -> None:
    """Keep the roots of a tree's small full subtrees, for when its leaves are gone; those of large ones are kept already."""
    at, roots, rows = 0, iter(tree.roots), []
    for level in reversed(range(tree.size.bit_length())):
        if tree.size >> level & 1:
            row = {"shard": shard, "level": level, "at": at >> level, "hash": next(roots)}
            rows += [row] if level < LEVELS[0] else []
            at += 1 << level
    insert_new(connection, audit_node, rows)


def nodes_hold(connection: Connection, shard: int, size: int, root: bytes) -> bool:
    """Whether the roots that are kept are those over the leaves, where `root` is known to be that of the tree of `size`.

    The large ones and the last small ones make that root; of each other one, the large one over it is made.
    """
    try:
        if root_at(connection, shard, size) != root:
            return False
    except LookupError:
        return False
    small, large = LEVELS
    count = 1 << large - small
    for at, held in enumerate(_kept(connection, shard, large, 0, size >> large)):
        below = [each for each in _kept(connection, shard, small, at * count, count) if each is not None]
        if held is not None and len(below) == count and root_of(below) != held:
            return False
    return True


def _root(connection: Connection, shard: int, start: int, end: int) -> bytes:
    for level in reversed(LEVELS):
        full = (end - start) >> level
        if full:
            first, rest = start >> level, start + (full << level)
            hashes = [
                _node(connection, shard, level, first + at, found)
                for at, found in enumerate(_kept(connection, shard, level, first, full))
            ]
            return root_of([*hashes, _root(connection, shard, rest, end)] if rest < end else hashes)
    return _of_leaves(connection, shard, start, end)


def _node(connection: Connection, shard: int, level: int, at: int, kept: bytes | None = None) -> bytes:
    if kept is not None:
        return kept
    if level == LEVELS[0]:
        return _of_leaves(connection, shard, at << level, at + 1 << level)
    below, first = LEVELS[LEVELS.index(level) - 1], at << level - LEVELS[LEVELS.index(level) - 1]
    count = 1 << level - below
    found = _kept(connection, shard, below, first, count)
    return root_of([_node(connection, shard, below, first + place, each) for place, each in enumerate(found)])


def _kept(connection: Connection, shard: int, level: int, first: int, count: int) -> list[bytes | None]:
    wanted = select(audit_node.c.at, audit_node.c.hash).where(
        *_of(shard, level), audit_node.c.at >= first, audit_node.c.at < first + count
    )
    held = {row.at: row.hash for row in connection.execute(wanted)}
    return [held.get(first + place) for place in range(count)]


def _of_leaves(connection: Connection, shard: int, start: int, end: int) -> bytes:
    """The root over leaves, or over what is kept in the place of some of them.

    Raises: Missing.
    """
    wanted = (
        select(audit.c.seq, audit.c.leaf)
        .where(audit.c.shard == shard, audit.c.seq >= start, audit.c.seq < end)
        .order_by(audit.c.seq)
    )
    found: list[Row[tuple[int, bytes]]] = list(connection.execute(wanted))
    if [row.seq for row in found] == list(range(start, end)):
        return root_of([row.leaf for row in found])
    small = select(audit_node.c.level, audit_node.c.at, audit_node.c.hash).where(
        audit_node.c.shard == shard, audit_node.c.level < LEVELS[0]
    )
    held = {(row.at << row.level, row.at + 1 << row.level): row.hash for row in connection.execute(small)}
    return _joined(held | {(row.seq, row.seq + 1): row.leaf for row in found}, start, end)


def _joined(held: Mapping[tuple[int, int], bytes], start: int, end: int) -> bytes:
    if (start, end) in held:
        return held[start, end]
    if end - start < 2:
        raise Missing("entries of the log are missing, so that nothing can be proven over them")
    middle = start + split(end - start)
    return node_hash(_joined(held, start, middle), _joined(held, middle, end))


def _of(shard: int, level: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return audit_node.c.shard == shard, audit_node.c.level == level
