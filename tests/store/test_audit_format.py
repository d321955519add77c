"""What an entry binds: its place in the tree, in its patient's list, in its shard; and what an older log keeps."""

import hashlib

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, select, text

from hub.audit import HASH_SIZE, frontier, leaf_hash, root_of
from hub.store import audit_reading
from hub.store.audit_check import whole
from hub.store.audit_log import AuditLog, Leaf
from hub.store.database import MIGRATIONS, Database
from hub.store.tables import audit


@pytest.mark.parametrize("size", [*range(1, 18), 50])
def test_the_root_level_by_level_is_the_root_of_the_tree(size):
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    assert root_of(leaves) == frontier(leaves).root


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert root_of([]) == hashlib.sha256(b"").digest()


def test_each_entry_says_its_place_in_its_patients_list(store, write):
    for pk in (write.PK, 0, write.PK, write.PK + 1, write.PK):
        store.audit.append(Leaf(pk, {}))
    found = [
        (each.content["key"], each.content["number"], each.content["prev"]) for each in audit_reading.entries(store.reader())
    ]
    leaves = [each.leaf.hex() for each in audit_reading.entries(store.reader())]
    nothing = bytes(HASH_SIZE).hex()
    assert found == [
        (write.PK, 1, nothing),
        (0, 1, nothing),
        (write.PK, 2, leaves[0]),
        (write.PK + 1, 1, nothing),
        (write.PK, 3, leaves[2]),
    ]
    assert whole(store.reader()) == (5, "")


def test_what_is_remembered_of_a_list_is_forgotten_when_another_appends_or_a_change_is_undone(store, write):
    other = Database(store.database.url)
    log = AuditLog(other, store.now)
    for each in (store.audit, log, log, store.audit):
        each.append(Leaf(write.PK, {}))
    with pytest.raises(RuntimeError), store.database.writing() as connection:  # noqa: PT012  (undone after it was appended)
        store.audit.append_in(connection, Leaf(write.PK, {"undone": True}))
        raise RuntimeError
    store.audit.append(Leaf(write.PK, {}))
    assert [each.number for each in audit_reading.entries(store.reader())] == [1, 2, 3, 4, 5]
    assert whole(store.reader()) == (5, "")
    other.close()


def test_with_shards_a_patients_list_lies_in_one_of_them_and_what_has_no_patient_in_the_first(store, write):
    log = AuditLog(store.database, store.now, shards=4)
    log.append_all([Leaf(pk, {}) for pk in (0, 1, 2, 3, 5, 1, 0)])
    held = {
        head.shard: [each.pk for each in audit_reading.every(store.reader(), head.size, head.shard)]
        for head in audit_reading.heads(store.reader())
    }
    assert held == {0: [0, 0], 1: [1, 5, 1], 2: [2], 3: [3]}
    assert whole(store.reader()) == (7, "")


def test_when_the_clock_goes_back_the_log_does_not_and_says_what_the_clock_said(store, write):
    times = iter([5_000, 4_000, 6_000])
    log = AuditLog(store.database, lambda: next(times))
    for _ in range(3):
        log.append(Leaf(write.PK, {}))
    found = [each.content for each in audit_reading.entries(store.reader())]
    assert [(each["at"], each.get("clock")) for each in found] == [(5_000, None), (5_000, 4_000), (6_000, None)]
    assert whole(store.reader()) == (3, "")


def _migrated_to(url, revision):
    engine = create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_an_older_log_keeps_its_bytes_and_its_tree_and_goes_on(tmp_path):
    """Entries of the first form say nothing of their patient's list: their numbers are worked out, and the list goes on."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    engine = _migrated_to(url, "0001")
    entries = [f'{{"seq":{seq},"at":{seq + 10}}}'.encode() for seq in range(5)]
    keys = [7, 0, 7, 8, 7]
    with engine.begin() as connection:
        for seq, (entry, pk) in enumerate(zip(entries, keys, strict=True)):
            row = {"pk": pk, "seq": seq, "at": seq + 10, "leaf": leaf_hash(entry), "entry": entry}
            connection.execute(
                text("INSERT INTO audit (pk, shard, seq, at, leaf, entry) VALUES (:pk, 0, :seq, :at, :leaf, :entry)"), row
            )
        grown = frontier(map(leaf_hash, entries))
        connection.execute(text("INSERT INTO audit_head VALUES (0, 5, :frontier, 14)"), {"frontier": grown.to_bytes()})
    engine.dispose()
    database = Database(url)
    database.migrate()
    assert whole(database.reader()) == (5, "")
    log = AuditLog(database, lambda: 1_000)
    log.append(Leaf(7, {}))
    found = database.reader().execute(select(audit.c.pk, audit.c.number, audit.c.entry).order_by(audit.c.seq)).all()
    assert [row.number for row in found] == [1, 1, 2, 1, 3, 4]
    assert [row.entry for row in found[:5]] == entries
    assert whole(database.reader()) == (6, "")
    database.close()
