"""Somebody changes the order of two entries: the opening before the need for it, the reading before the consent."""

import pytest


@pytest.mark.parametrize("pretend", ["nothing", "leaves", "all"])
@pytest.mark.parametrize(("one", "other"), [(4, 5), (3, 6), (0, 29)])
def test_entries_that_were_swapped_are_found(world, found, one, other, pretend):
    rows = list(world.rows)
    rows[one], rows[other] = rows[other], rows[one]
    found(world.forged(rows, pretend))
