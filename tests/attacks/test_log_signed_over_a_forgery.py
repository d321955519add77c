"""Somebody rewrites the log under the hub, and waits for the hub itself to sign or to remove what then stands there."""

import asyncio
import resource
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, update

from hub import checkpoint_keys
from hub.checkpoints import Invalid, read_all
from hub.config import Config, RetentionConfig
from hub.expiring import expire, look
from hub.removals import YEAR
from hub.store.audit_check import verify_all
from hub.store.audit_log import Leaf
from hub.store.audit_removed import removal_notes
from hub.store.tables import audit, audit_head


def forge(place, *statements):
    with place.store.database.writing() as connection:
        for each in statements:
            connection.execute(each)


def written_anew(place, rows):
    """The whole log as a forger would have it, the head with it, and the nodes left as they were kept."""
    forged = place.world().forged(rows)
    with place.store.database.writing() as connection:
        connection.execute(delete(audit))
        connection.execute(insert(audit), [{each.name: getattr(row, each.name) for each in audit.c} for row in forged.rows])
        connection.execute(update(audit_head).values(size=forged.head.size, frontier=forged.head.frontier))


def test_a_log_that_is_written_anew_is_not_signed_though_the_nodes_say_what_it_was(place):
    place.log(512 - 30)  # all of it under nodes
    place.signed.make(place.store)
    written_anew(place, [replace(row, entry=row.entry.replace(b"SE-7", b"SE-9")) for row in place.world().rows])
    place.log(1)
    with pytest.raises(Invalid, match="another"):
        place.signed.make(place.store)


@pytest.mark.parametrize("first", [True, False], ids=["the first checkpoint", "a later one"])
def test_a_head_that_is_not_over_the_entries_is_not_signed(place, first):
    if first:
        place.signed.path.unlink()
    place.log(1)
    [frontier] = place.store.reader().execute(select(audit_head.c.frontier)).scalars()
    for forged, words in ((bytes(32) + frontier[32:], "another"), (frontier[:-1], "not written as one")):
        forge(place, update(audit_head).values(frontier=forged))
        with pytest.raises(Invalid, match=words):
            place.signed.make(place.store)
    forge(place, update(audit_head).values(frontier=frontier))
    assert place.signed.make(place.store).size == 31


def settings(place):
    return Config(data=place.folder, audit_checkpoints=place.signed.path, retention=(RetentionConfig(provider="SE5", years=5),))


@pytest.mark.parametrize("deed", ["edited", "moved to another's list", "kept beside it"])
def test_a_forgery_is_not_removed_as_if_its_time_had_passed(place, deed):
    """The leaf hashes are those that were signed: what no longer fits them would be gone with the entry."""
    place.store.now.now += 11 * YEAR
    place.log(1)
    place.signed.make(place.store)
    changed = {"edited": {"entry": b"{}"}, "moved to another's list": {"pk": 44}, "kept beside it": {"kept": b"{}"}}[deed]
    forge(place, update(audit).where(audit.c.seq == 7).values(**changed))
    due, _ = look(place.store, settings(place), {})
    with pytest.raises(ValueError, match="entry 7"):
        expire(place.store, settings(place), due, Leaf(0, {"action": "expire-log"}))
    assert removal_notes(place.store.reader()) == []


# What the hub signs, it can read afterwards: whatever the clock, the disk or another process does


def holds(place):
    row = read_all(place.signed.notes(), checkpoint_keys.load(place.folder).keys)
    return (verify_all(place.store.reader(), row).fault, place.world().hub(), place.world().alone()) == ("", "", "")


def test_a_key_that_is_rotated_while_the_clock_is_behind_ends_no_earlier_than_it_signed(place):
    clock = place.store.now
    clock.now -= 3_600_000_000
    place.signed.rotate(place.store)
    place.log(1)
    place.signed.make(place.store)
    assert holds(place)


def test_a_key_that_is_rotated_before_the_clock_goes_back_signs_from_then_on(place):
    place.signed.rotate(place.store)
    place.store.now.now -= 3_600_000_000
    place.log(1)
    place.signed.make(place.store)
    assert holds(place)


def test_a_rotation_that_was_cut_off_is_ended_at_the_next_checkpoint(place):
    public = place.folder / checkpoint_keys.PUBLIC_FILE
    before = public.read_text()
    place.signed.rotate(place.store)
    public.write_text(before)  # killed before it was written
    place.log(1)
    place.signed.make(place.store)
    assert holds(place)


def test_a_checkpoint_for_which_the_disk_has_no_room_leaves_nothing_of_itself(place):
    place.log(1)
    size = place.signed.path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, limits[1]))
    try:
        with pytest.raises(OSError, match="No space"):
            place.signed.make(place.store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert place.signed.path.stat().st_size == size
    assert place.signed.make(place.store).size == 31
    assert holds(place)


def test_a_witness_gets_a_row_that_was_begun_anew_from_its_first(place):
    taken = []

    async def send(note):
        taken.append(note)
        return True

    assert asyncio.run(place.signed.witness(send)) == 3
    place.signed.path.rename(place.signed.path.with_suffix(".kept"))
    for _ in range(4):
        place.log(1)
        place.signed.make(place.store)
    assert asyncio.run(place.signed.witness(send)) == 4
    assert taken[3:] == place.signed.notes()
