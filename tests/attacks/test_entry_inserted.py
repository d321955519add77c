"""Somebody puts an entry where there was none: to accuse, or to explain afterwards."""

from dataclasses import replace

import pytest


@pytest.mark.parametrize("pretend", ["nothing", "leaves", "all"])
@pytest.mark.parametrize("at", [0, 15])
def test_an_entry_that_was_inserted_is_found(world, found, at, pretend):
    rows = list(world.rows)
    rows.insert(at, replace(rows[at], entry=rows[at].entry.replace(b"SE-", b"SE-X")))
    found(world.forged(rows, pretend))
