"""Somebody shows an earlier checkpoint again, as if nothing had come after it."""

from dataclasses import replace

import pytest

ROWS = {
    "the last one twice": lambda notes: (*notes, notes[-1]),
    "an earlier one last": lambda notes: (*notes, notes[0]),
    "one in the middle left out": lambda notes: (notes[0], notes[2]),
    "in another order": lambda notes: (notes[1], notes[0], notes[2]),
    "the first one left out": lambda notes: notes[1:],
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_row_of_checkpoints_with_one_replayed_or_left_out_is_found(world, found, row):
    notes = row(world.notes)
    found(replace(world, notes=notes, kept=notes))


def test_an_earlier_checkpoint_with_the_log_of_its_time_is_found_by_whoever_kept_a_later_one(world, found):
    found(replace(world.forged(list(world.rows[:10])), notes=world.notes[:1]))
