"""An export carries the checkpoints it is verified by, and no more: whoever kept others holds it to them."""

import json
from dataclasses import replace

import pytest

from hub import checkpoint_keys
from hub.checkpoints import digest, read, signed
from hub.store.audit_export import header, list_of, part_lines, whole, whole_lines


@pytest.fixture
def exported(place):
    """Makes an export of a kind under one checkpoint of the log, from 0."""

    def made(kind, number=-1, notes=None):
        public = (place.folder / checkpoint_keys.PUBLIC_FILE).read_text()
        origin, keys = json.loads(public)["origin"], checkpoint_keys.read_public(public)[1]
        carried = notes or [place.signed.notes()[number]]
        last, connection = read(carried[-1], keys), place.store.reader()
        lines = (
            whole_lines(whole(connection, last))
            if kind == "whole"
            else part_lines(connection, list_of(connection, 11, [0]), last)
        )
        return b"".join((header(kind, origin, keys, carried, {}), *lines)).decode(), public

    return made


@pytest.mark.parametrize("kind", ["whole", "list", "part"])
def test_it_holds_by_its_own_and_by_all_that_were_kept(place, exported, verifier, kind):
    export, keys = exported(kind)
    notes = place.signed.notes()
    for kept in (None, notes, notes[:2], notes[:1]):
        told = " ".join(verifier.verify(export, keys, "".join(kept) if kept else None))
        assert (f"under {len(notes) if kept == notes else len(kept or ()) + 1} checkpoints") in told
        assert ("only later ones show" in told) is (kind != "whole" and kept == notes[:1])


def test_a_list_under_a_checkpoint_that_was_kept_holds_whatever_came_after(place, exported, verifier):
    export, keys = exported("list", 1)
    assert "only later" not in " ".join(verifier.verify(export, keys, "".join(place.signed.notes())))


@pytest.mark.parametrize("kind", ["whole", "list"])
def test_one_of_another_log_of_the_same_key_is_found_by_who_kept_the_log_s(place, exported, verifier, kind):
    """Somebody with the key writes the log anew, and signs it."""
    kept, keys = "".join(place.signed.notes()), (place.folder / checkpoint_keys.PUBLIC_FILE).read_text()
    with place.store.database.writing() as connection:
        for table in ("audit", "audit_head", "audit_node"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    place.store.audit._chains.__init__()
    place.signed.path.unlink()
    place.log(20)
    place.signed.make(place.store)
    export, _ = exported(kind)
    with pytest.raises(verifier.Broken, match="others than those that were kept"):
        verifier.verify(export, keys, kept)


def test_one_that_counts_the_same_and_says_another_root_is_found(place, found):
    notes, key = place.signed.notes(), checkpoint_keys.load(place.folder)
    last = read(notes[-1], key.keys)
    other = replace(last, shards=(replace(last.shards[0], root=bytes(32)),), before=digest(notes[-1]))
    assert any("before" in said for said in found(place.world(kept=(*notes, signed(other, key.private)))))


def test_none_but_the_last_may_be_left_out_of_those_that_are_carried(exported, place, verifier):
    notes = place.signed.notes()
    export, keys = exported("whole", notes=[notes[0], notes[2]])
    assert verifier.verify(export, keys)
    export, keys = exported("list", notes=[notes[2], notes[1]])
    with pytest.raises(verifier.Broken, match="says less"):
        verifier.verify(export, keys)
