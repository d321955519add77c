"""Somebody cuts the end off the log, and the head with it. Only what was kept elsewhere shows it."""

from dataclasses import replace

import pytest


@pytest.mark.parametrize("left", [0, 10, 20, 29])
@pytest.mark.parametrize("pretend", ["nothing", "all"])
def test_a_log_without_its_end_is_found(world, found, left, pretend):
    found(world.forged(list(world.rows[:left]), pretend))


def test_a_log_that_is_cut_off_together_with_its_checkpoints_is_found_by_those_that_were_kept(world, found):
    cut = replace(world.forged(list(world.rows[:20])), notes=world.notes[:2])
    _, alone = found(cut)
    assert "20" in alone or "19" in alone


def test_without_kept_checkpoints_it_cannot_be_shown_and_the_verifier_says_so(world, verifier):
    from hub.checkpoint_keys import read_public
    from hub.store.audit_export import header, whole_lines

    cut = world.forged(list(world.rows[:20]))
    origin, keys = read_public(cut.public)
    lines = b"".join((header("whole", origin, keys, cut.notes[:2], {}), *whole_lines(cut.rows)))
    told = verifier.verify(lines.decode())
    assert any("cut off together with them does not show" in line for line in told)


def test_the_hub_itself_signs_nothing_over_a_log_that_was_cut_off(place):
    from sqlalchemy import delete

    from hub.checkpoints import Invalid
    from hub.store.tables import audit, audit_head

    cut = place.world().forged(list(place.world().rows[:25]))
    with place.store.database.writing() as connection:
        connection.execute(delete(audit).where(audit.c.seq >= 25))
        connection.execute(audit_head.update().values(size=cut.head.size, frontier=cut.head.frontier))
    with pytest.raises(Invalid, match="shorter"):
        place.signed.make(place.store)
    place.log(9)
    with pytest.raises(Invalid, match="another"):
        place.signed.make(place.store)
    assert len(place.signed.notes()) == 3
