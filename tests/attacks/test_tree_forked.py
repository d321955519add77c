"""Somebody who has the hub's key shows one log to one reader, and another to the next."""

from dataclasses import replace

from hub import checkpoint_keys
from hub.audit import Frontier
from hub.checkpoints import Checkpoint, ShardHead, digest, read_all, signed


def test_a_second_log_under_checkpoints_of_its_own_is_found_by_whoever_kept_the_first_ones(place, found):
    world = place.world()
    key = checkpoint_keys.load(place.folder)
    rows = list(world.rows)
    del rows[22]
    forked = world.forged(rows)
    row = read_all(world.notes, key.keys)
    tree = Frontier.from_bytes(forked.head.size, forked.head.frontier)
    made = Checkpoint(key.origin, (ShardHead(0, tree.size, tree.root),), row[-1].at, digest(world.notes[1]))
    shown = (*world.notes[:2], signed(made, key.private))
    assert read_all(shown, key.keys)[-1].size == 29  # each signature holds
    _, alone = found(replace(forked, notes=shown))
    assert "others than those that were kept" in alone
    both = replace(forked, notes=shown, kept=shown)
    assert (both.hub(), both.alone()) == ("", "")  # whoever saw nothing else cannot tell
