"""Two write at once: by the rules one waits for the other; one who does not keep to them is found."""

import threading
from dataclasses import replace

from hub.audit import Frontier, leaf_hash
from hub.fhir.json import dumps, loads
from hub.store.audit_log import AuditLog, Leaf
from hub.store.audit_reading import Head
from hub.store.database import Database


def test_two_processes_that_write_by_the_rules_make_one_log(place):
    others = [Database(place.store.database.url) for _ in range(2)]
    logs = [AuditLog(each, place.store.audit._clock) for each in others]

    def write(log):
        for number in range(20):
            log.append(Leaf((11, 22, 33)[number % 3], {"action": "read"}))

    threads = [threading.Thread(target=write, args=(log,)) for log in logs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    place.signed.make(place.store)
    world = place.world()
    assert len(world.rows) == 70
    assert (world.hub(), world.alone()) == ("", "")
    for each in others:
        each.close()


def test_a_second_entry_in_one_place_of_a_list_is_found(world, found):
    """A writer that did not wait, and wrote the tree to fit: two entries of one patient follow the same one."""
    rows = list(world.rows)
    twin = replace(rows[27], seq=30, at=rows[29].at, entry=dumps(loads(rows[27].entry) | {"seq": 30, "at": rows[29].at}))
    twin = replace(twin, leaf=leaf_hash(twin.entry))
    tree = Frontier.from_bytes(world.head.size, world.head.frontier).grown(twin.leaf)
    for said in found(replace(world, rows=(*rows, twin), head=Head(0, 31, tree.to_bytes()))):
        assert "does not follow the one before it" in said


def test_two_entries_with_one_number_are_found(world, found):
    rows = [*world.rows[:12], world.rows[11], *world.rows[12:]]
    found(world.forged(rows, "nothing"))
