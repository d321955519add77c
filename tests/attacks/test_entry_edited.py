"""Somebody changes what an entry says: whom, when, or what became of it."""

from dataclasses import replace

import pytest

DEEDS = {
    "who": lambda entry: entry.replace(b"SE-3", b"SE-9"),
    "what": lambda entry: entry.replace(b'"read"', b'"none"'),
    "a space": lambda entry: entry + b" ",
    "nothing of it is left": lambda entry: b"{}",
}


@pytest.mark.parametrize("pretend", ["nothing", "leaves", "all"])
@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
def test_an_entry_that_was_edited_is_found(world, found, deed, pretend):
    rows = list(world.rows)
    rows[13] = replace(rows[13], entry=deed(rows[13].entry))
    if pretend == "all" and deed(b"x") == b"x ":
        return  # written anew, it says what it said
    hub, _ = found(world.forged(rows, pretend))
    if pretend == "nothing":
        assert "entry 13" in hub


def test_what_is_kept_beside_an_entry_cannot_be_changed_either(place):
    from hub.store.audit_log import Leaf

    place.store.audit.append(Leaf(11, {"action": "search"}, kept={"withheld": [{"rule": "R48", "entries": 3}]}))
    world = place.world()
    assert world.hub() == ""
    rows = list(world.rows)
    rows[-1] = replace(rows[-1], kept=rows[-1].kept.replace(b'"entries":3', b'"entries":0'))
    assert "entry 30 keeps something else" in world.forged(rows, "nothing").hub()
