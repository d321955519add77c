"""Somebody takes an entry out of the middle."""

import pytest


@pytest.mark.parametrize("pretend", ["nothing", "leaves", "all"])
@pytest.mark.parametrize("at", [0, 7, 29])
def test_an_entry_that_was_deleted_is_found(world, found, at, pretend):
    rows = [row for row in world.rows if row.seq != at]
    hub, alone = found(world.forged(rows, pretend))
    if pretend == "nothing" and at < 29:
        assert f"entry {at} is missing" in hub
        assert f"entry {at} is missing" in alone


def test_the_list_of_one_patient_without_one_of_its_entries_is_found_by_whoever_has_that_list_alone(place, verifier):
    from hub.checkpoint_keys import read_public
    from hub.checkpoints import read_all
    from hub.store.audit_export import header, list_of, part_lines

    connection, world = place.store.reader(), place.world()
    origin, keys = read_public(world.public)
    last = read_all(world.notes, keys)[-1]
    whole = list(list_of(connection, 22, (0,)))
    for chosen, holds in ((whole, True), (whole[:3] + whole[4:], False), (whole[1:], False)):
        lines = b"".join((header("list", origin, keys, world.notes, {}), *part_lines(connection, chosen, last)))
        if holds:
            assert verifier.verify(lines.decode(), world.public)
        else:
            with pytest.raises(verifier.Broken, match="left out"):
                verifier.verify(lines.decode(), world.public)
