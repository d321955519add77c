"""Somebody dates an entry back, or sets the clock back under the hub."""

from dataclasses import replace

import pytest

from hub.fhir.json import dumps, loads


@pytest.mark.parametrize("pretend", ["nothing", "leaves", "all"])
def test_an_entry_that_was_dated_back_is_found(world, found, pretend):
    rows = list(world.rows)
    at = rows[9].at
    rows[14] = replace(rows[14], at=at, entry=dumps(loads(rows[14].entry) | {"at": at}))
    found(world.forged(rows, pretend))


def test_when_the_clock_goes_back_the_log_goes_on_and_says_what_the_clock_said(place):
    clock = place.store.audit._clock
    before = place.world().rows[-1].at
    clock.now -= 3_600_000_000
    place.log(3)
    place.signed.make(place.store)
    world = place.world()
    assert [row.at for row in world.rows[-3:]] == [before] * 3
    assert all(row.content["clock"] < before for row in world.rows[-3:])
    assert (world.hub(), world.alone()) == ("", "")
