"""Roots and proofs from few hashes are those from all of them, whether the roots of subtrees are kept or not."""

from functools import cache

import pytest
from sqlalchemy import delete, func, insert, select, update

from hub.audit import consistent, included, leaf_hash, root_of
from hub.store.audit_tree import consistency_of, inclusion_of, keep_nodes, nodes_hold, root_at
from hub.store.tables import audit, audit_node

SIZE = 66_400
"""More than one subtree of 65,536, some of 256, and a rest."""


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A log of so many leaves, and the leaves."""
    from hub.store.database import Database

    database = Database(f"sqlite:///{tmp_path_factory.mktemp('tree') / 'hub.db'}")
    database.migrate()
    leaves = [leaf_hash(str(number).encode()) for number in range(SIZE)]
    row = {"pk": 7, "shard": 0, "at": 1, "entry": b"", "kept": b""}
    with database.writing() as connection:
        connection.execute(
            insert(audit), [row | {"seq": seq, "number": seq + 1, "leaf": leaf} for seq, leaf in enumerate(leaves)]
        )
    yield database, leaves
    database.close()


@pytest.fixture(scope="module", params=["kept", "kept in part"])
def held(grown, request):
    database, leaves = grown
    with database.writing() as connection:
        connection.execute(delete(audit_node))
        keep_nodes(connection, 0, SIZE if request.param == "kept" else 20_000)
    return database.reader(), cache(lambda size: root_of(leaves[:size])), leaves


@pytest.mark.parametrize("size", [1, 255, 256, 300, 65_536, SIZE])
def test_a_root_of_any_size_is_that_of_its_leaves(held, size):
    connection, root, _ = held
    assert root_at(connection, 0, size) == root(size)


@pytest.mark.parametrize(("seq", "size"), [(0, 1), (SIZE - 1, SIZE), (255, 256), (256, 300), (40_000, 65_536)])
def test_an_inclusion_path_proves_its_leaf(held, seq, size):
    connection, root, leaves = held
    assert included(leaves[seq], seq, size, inclusion_of(connection, 0, seq, size), root(size))


@pytest.mark.parametrize(("first", "size"), [(1, 300), (255, 256), (256, SIZE), (65_536, SIZE)])
def test_a_consistency_path_proves_that_the_log_grew(held, first, size):
    connection, root, _ = held
    assert consistent(first, size, consistency_of(connection, 0, first, size), root(first), root(size))


def test_a_kept_root_that_is_not_over_its_leaves_is_told_of(grown):
    database, leaves = grown
    with database.writing() as connection:
        connection.execute(delete(audit_node))
        keep_nodes(connection, 0, SIZE)
    root = root_of(leaves)
    assert nodes_hold(database.reader(), 0, SIZE, root)
    assert not nodes_hold(database.reader(), 0, SIZE - 1, root)
    for level, at in ((16, 0), (8, 0), (8, 255), (8, 258)):
        node = (audit_node.c.level == level) & (audit_node.c.at == at)
        [was] = database.reader().execute(select(audit_node.c.hash).where(node)).scalars()
        for now, holds in ((bytes(32), False), (was, True)):
            with database.writing() as connection:
                connection.execute(update(audit_node).where(node).values(hash=now))
            assert nodes_hold(database.reader(), 0, SIZE, root) is holds


def test_roots_are_kept_once_and_only_of_full_subtrees(grown):
    database, _ = grown
    counts = []
    for size in (1_000, 1_000, SIZE):
        with database.writing() as connection:
            if not counts:
                connection.execute(delete(audit_node))
            keep_nodes(connection, 0, size)
        by_level = select(audit_node.c.level, func.count()).group_by(audit_node.c.level).order_by(audit_node.c.level)
        counts.append([tuple(row) for row in database.reader().execute(by_level)])
    assert counts == [[(8, 3)], [(8, 3)], [(8, 259), (16, 1)]]


def test_a_proof_reads_hundreds_of_hashes_and_not_all(grown):
    database, _ = grown
    with database.writing() as connection:
        keep_nodes(connection, 0, SIZE)
    with database.count() as counter:
        inclusion_of(database.reader(), 0, 40_000, SIZE)
    assert len(counter.statements) < 40


def test_a_leaf_that_is_missing_is_told_of(grown):
    database, _ = grown
    with pytest.raises(LookupError):
        root_at(database.reader(), 0, SIZE + 1)
