"""The access log: durable in groups, never behind the grounds, and verifiable."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, update

from hub.audit import Frontier, frontier, leaf_hash, node_hash
from hub.errors import AuditUnavailable
from hub.store import audit_reading
from hub.store.audit_check import judge
from hub.store.audit_log import AuditLog, EpochMoved, Leaf
from hub.store.database import Database
from hub.store.tables import audit, patient


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    held = Database(database_url)
    with held.writing() as connection:
        connection.execute(insert(patient), {"pk": 7, "fhir_id": "seven", "recorded": 1, "epoch": 3, "facts": "{}"})
    yield held
    held.close()


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database, clock=lambda: 1_000)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 2.1.1, as it is written."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


@pytest.mark.parametrize("size", range(1, 40))
def test_the_frontier_has_the_root_of_the_recursive_definition(size: int) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    grown = frontier(leaves)
    assert grown.root == naive_root(leaves)
    assert Frontier.from_bytes(size, grown.to_bytes()) == grown


def test_entries_stand_in_order_and_verify(database: Database, log: AuditLog) -> None:
    assert [log.append(Leaf(7, {"n": n}, ((7, 3),))) for n in range(5)] == list(range(5))
    found = audit_reading.entries(database.reader())
    assert [entry.content["n"] for entry in found] == list(range(5))
    assert judge([audit_reading.head_of(database.reader())], lambda _: found, ()).fault == ""


def test_a_leaf_decided_on_older_grounds_is_refused(database: Database, log: AuditLog) -> None:
    with pytest.raises(EpochMoved):
        log.append(Leaf(7, {}, ((7, 2),)))
    with pytest.raises(EpochMoved):
        log.append(Leaf(8, {}, ((8, 1),)))
    assert log.append(Leaf(7, {}, ((7, 3),))) == 0


@pytest.mark.parametrize("deed", ["edited", "deleted", "swapped", "cut"])
def test_what_is_done_to_the_log_is_found(database: Database, log: AuditLog, deed: str) -> None:
    for n in range(6):
        log.append(Leaf(7, {"n": n}))
    head = audit_reading.head_of(database.reader())
    found = audit_reading.entries(database.reader())
    if deed == "edited":
        with database.writing() as connection:
            connection.execute(update(audit).where(audit.c.seq == 2).values(entry=found[3].entry))
    if deed == "deleted":
        with database.writing() as connection:
            connection.execute(audit.delete().where(audit.c.seq == 4))
    found = audit_reading.entries(database.reader())
    if deed == "swapped":
        found[1], found[2] = found[2], found[1]
    if deed == "cut":
        found = found[:-1]
    assert judge([head], lambda _: found, ()).fault != ""


def test_without_a_log_there_is_no_answer(database: Database, log: AuditLog) -> None:
    with database.writing() as connection:
        audit.drop(connection)
    with pytest.raises(AuditUnavailable):
        log.append(Leaf(7, {}))
