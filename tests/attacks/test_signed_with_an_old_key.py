"""Somebody has got hold of a key that was followed by another, or made one."""

from dataclasses import replace

import pytest

from hub import checkpoint_keys
from hub.checkpoints import Invalid, digest, read_all, signed


@pytest.fixture
def rotated(place):
    """The key from before, and the log after its key was followed by another."""
    old = checkpoint_keys.load(place.folder)
    checkpoint_keys.rotate(place.folder, place.store.now())
    place.log(10)
    place.signed.make(place.store)
    return old, place.world()


def test_what_a_key_signed_in_its_time_still_holds(rotated):
    _, world = rotated
    assert (world.hub(), world.alone()) == ("", "")
    assert len(world.notes) == 4


def test_what_a_key_signs_after_its_time_does_not_hold(rotated, found):
    old, world = rotated
    _, keys = checkpoint_keys.read_public(world.known)
    last = read_all(world.notes, keys)[-1]
    forged = signed(replace(last, at=last.at + 1, before=digest(world.notes[-1])), old.private)
    notes = (*world.notes, forged)
    for said in found(replace(world, notes=notes, kept=notes)):
        assert "not the" in said


def test_a_key_that_the_one_before_it_did_not_endorse_is_none(place, found):
    world = place.world()
    stranger = checkpoint_keys.load_or_create(place.folder / "stranger", place.store.now())
    held = checkpoint_keys.load(place.folder)
    ended = replace(held.keys[-1], until=stranger.keys[0].since)
    public = checkpoint_keys.public_json(held.origin, (ended, stranger.keys[0]))
    with pytest.raises(Invalid, match="not endorsed"):
        checkpoint_keys.read_public(public)
    assert "not endorsed" in replace(world, known=public).hub()
    assert "does not follow" in replace(world, known=public).alone()


def test_a_signature_by_nobody_known_does_not_hold(place, found):
    world, stranger = place.world(), checkpoint_keys.load_or_create(place.folder / "stranger", place.store.now())
    _, keys = checkpoint_keys.read_public(world.known)
    notes = (*world.notes[:2], signed(read_all(world.notes, keys)[2], stranger.private))
    for said in found(replace(world, notes=notes, kept=notes)):
        assert "not known" in said
