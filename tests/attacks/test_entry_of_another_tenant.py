"""Somebody moves an entry out of one patient's list into another's, or gives it to another care provider."""

from dataclasses import replace

import pytest


@pytest.mark.parametrize("pretend", ["nothing", "all"])
def test_an_entry_that_was_given_to_another_patient_is_found(world, pretend):
    rows = list(world.rows)
    rows[12] = replace(rows[12], pk=22)
    forged = world.forged(rows, pretend)
    assert forged.hub()
    if pretend == "all":
        assert forged.alone()  # what is exported is the entry's own text, and that alone


@pytest.mark.parametrize("pretend", ["nothing", "leaves", "all"])
def test_an_entry_that_was_given_to_another_care_provider_is_found(world, found, pretend):
    rows = list(world.rows)
    rows[12] = replace(rows[12], entry=rows[12].entry.replace(b'"who":{', b'"who":{"provider":"SE2",'))
    found(world.forged(rows, pretend))


def test_in_the_list_of_one_patient_an_entry_of_another_is_found(place, verifier):
    from hub.checkpoint_keys import read_public
    from hub.checkpoints import read_all
    from hub.store.audit_export import header, list_of, part_lines

    connection, world = place.store.reader(), place.world()
    origin, keys = read_public(world.public)
    last = read_all(world.notes, keys)[-1]
    mine, other = list(list_of(connection, 22, (0,))), list(list_of(connection, 33, (0,)))
    mixed = [*mine[:2], other[2], *mine[3:]]
    lines = b"".join((header("list", origin, keys, world.notes, {}), *part_lines(connection, mixed, last)))
    with pytest.raises(verifier.Broken, match="another patient's list"):
        verifier.verify(lines.decode(), world.public)
