"""Somebody changes the file that the log was written out to: what is in it is verified, or the file is refused."""

import json

import pytest

from hub.checkpoint_keys import read_public
from hub.checkpoints import read_all
from hub.fhir.json import dumps, loads
from hub.store.audit_export import header, list_of, part_lines, whole_lines
from hub.store.audit_log import Leaf


@pytest.fixture
def export(world):
    """The lines of a whole export."""
    origin, keys = read_public(world.public)
    return b"".join((header("whole", origin, keys, world.notes, {}), *whole_lines(world.rows))).decode().split("\n")[:-1]


def refused(verifier, world, lines, words):
    with pytest.raises(verifier.Broken, match=words):
        verifier.verify("\n".join(lines) + "\n", world.known, "".join(world.kept))


def following(world, pk):
    """An entry as it would come next, which nobody ever signed."""
    last = [row for row in world.rows if row.pk == pk][-1]
    content = {"seq": len(world.rows), "number": last.number + 1, "prev": last.leaf.hex(), "at": world.rows[-1].at}
    return dumps(loads(last.entry) | content | {"who": {"subject": "SE-99"}}).decode()


def test_an_entry_that_was_added_after_the_last_checkpoint_is_found(verifier, world, export):
    added = json.dumps({"shard": 0, "seq": 30, "entry": following(world, 11)})
    refused(verifier, world, [*export[:-1], added, '{"entries":31}'], "no checkpoint")
    other = json.dumps(
        {"shard": 3, "seq": 0, "entry": following(world, 11).replace('"seq":30', '"seq":0').replace('"shard":0', '"shard":3')}
    )
    refused(verifier, world, [*export[:-1], other, '{"entries":31}'], ".")


def test_what_stands_after_the_count_is_found(verifier, world, export):
    added = json.dumps({"shard": 0, "seq": 30, "entry": following(world, 11)})
    refused(verifier, world, [*export, added, export[-1]], "after its count")
    refused(verifier, world, [*export, export[-1]], "after its count")


@pytest.mark.parametrize(
    ("at", "was", "now"),
    [(5, '"entry":', '"entry":"{}","entry":'), (0, '"kind":', '"kind":"part","kind":'), (-1, "{", '{"entries":9,')],
)
def test_a_line_that_says_two_things_is_refused(verifier, world, export, at, was, now):
    lines = list(export)
    lines[at] = lines[at].replace(was, now, 1)
    refused(verifier, world, lines, "twice")


def test_an_entry_may_hold_any_character(place, verifier):
    """Some end a line elsewhere: in Unicode, though not in JSON."""
    place.store.audit.append(Leaf(11, {"action": "read", "who": {"subject": "a\u2028b\u2029c\x85d\x0be\x1cf\u0000g\U0001f600"}}))
    place.signed.make(place.store)
    assert (place.world().hub(), place.world().alone()) == ("", "")


def test_entries_that_are_shown_by_their_hash_alone_are_counted(place, verifier):
    connection, world = place.store.reader(), place.world()
    origin, keys = read_public(world.public)
    last = read_all(world.notes, keys)[-1]
    whole = list(list_of(connection, 22, (0,)))
    lines = part_lines(connection, whole, last, lambda each: each is not whole[3])
    told = verifier.verify(b"".join((header("list", origin, keys, world.notes, {}), *lines)).decode(), world.public)
    assert [line for line in told if "1 of them are shown by their hash alone" in line], told
