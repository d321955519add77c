"""Somebody removes entries and says that their time was over. What the hub removed after its time is none of that."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from hub import checkpoint_keys, expiring
from hub.checkpoints import Invalid, read_all, signed
from hub.config import Config, LegalHoldConfig, RetentionConfig
from hub.removals import name_of, parsed, read_removals
from hub.store import audit_retention
from hub.store.audit_check import verify_all
from hub.store.audit_export import ended_line, ended_lines, header, list_of, part_lines, whole, whole_lines
from hub.store.audit_list import verify_list
from hub.store.audit_log import Leaf
from hub.store.audit_proofs import growth, proof
from hub.store.audit_reading import entries, head_of
from hub.store.audit_removed import end_of, removal_notes
from hub.store.tables import audit, audit_ended, audit_removal

YEAR = 366 * 86_400 * 1_000_000
LEAF = Leaf(0, {"action": "expire-log", "outcome": "permit", "who": {"kind": "operator", "subject": "op"}})


def config(place, **more) -> Config:
    return Config(data=place.folder, audit_checkpoints=place.signed.path, **more)


def expire(place, **more) -> int:
    held = config(place, **more)
    due, _ = expiring.look(place.store, held, {})
    return expiring.expire(place.store, held, due, LEAF) if due else 0


def hub(place) -> str:
    """What the hub's own check says."""
    key = checkpoint_keys.load(place.folder)
    try:
        row, removals = read_all(place.signed.notes(), key.keys), read_removals(removal_notes(place.store.reader()), key.keys)
        found = verify_all(place.store.reader(), row, 0, removals).fault
        return found or next((v for pk in (11, 22, 33) if (v := verify_list(place.store.reader(), pk, row, removals).fault)), "")
    except Invalid as fault:
        return str(fault)


def exported(place, pk=None, removals=None, begun=None, chosen=None) -> str:
    connection, key, notes = place.store.reader(), checkpoint_keys.load(place.folder), place.signed.notes()
    last = read_all(notes, key.keys)[-1]
    said = removal_notes(connection) if removals is None else removals
    if pk is None:
        lines = (*ended_lines(connection), *whole_lines(whole(connection, last)))
    else:
        rows = list(list_of(connection, pk, (0,))) if chosen is None else chosen
        lines = (*(ended_line(connection, pk) if begun is None else begun), *part_lines(connection, rows, last))
    return b"".join((header("list" if pk else "whole", key.origin, key.keys, notes, {}, said), *lines)).decode()


def alone(place, verifier, export="") -> str:
    """What the verifier without the hub says."""
    known, kept = (place.folder / checkpoint_keys.PUBLIC_FILE).read_text(), "".join(place.signed.notes())
    try:
        verifier.verify(export or exported(place), known, kept)
    except (verifier.Broken, ValueError, KeyError, TypeError) as fault:
        return str(fault) or type(fault).__name__
    return ""


@pytest.fixture
def aged(place):
    """Thirty entries of long ago, and eight of now: of one patient there is none among these."""
    place.store.now.now += 11 * YEAR
    for number in range(8):
        place.store.audit.append(
            Leaf((11, 22)[number % 2], {"action": "read", "who": {"subject": f"SE-{number}", "provider": "SE1"}})
        )
    place.signed.make(place.store)
    return place


@pytest.fixture
def expired(aged):
    assert expire(aged) == 30
    return aged


# What is removed by the rules


def test_what_remains_is_verified_by_both_and_both_say_what_they_cannot_show(expired, verifier):
    assert (hub(expired), alone(expired, verifier)) == ("", "")
    assert [each.seq for each in entries(expired.store.reader())] == [*range(30, 39)]
    told = verifier.verify(exported(expired))
    assert any("first 30 entries were removed" in line and "cannot be shown" in line for line in told)
    key = checkpoint_keys.load(expired.folder)
    removals = read_removals(removal_notes(expired.store.reader()), key.keys)
    found = verify_all(expired.store.reader(), read_all(expired.signed.notes(), key.keys), 0, removals)
    assert (found.removed, found.entries, found.covered) == (30, 9, 9)


def test_a_list_goes_on_where_it_was_removed_and_is_proven_whole_from_there(expired, verifier):
    connection = expired.store.reader()
    assert [each.number for each in entries(connection, pk=11)] == [13, 14, 15, 16]
    expired.store.audit.append(Leaf(33, {"action": "read"}))  # all that there was of this patient is gone
    assert entries(connection, pk=33)[0].number == 10
    expired.signed.make(expired.store)
    assert (hub(expired), alone(expired, verifier)) == ("", "")
    for pk in (11, 22, 33):
        assert alone(expired, verifier, exported(expired, pk)) == ""


def test_removal_follows_removal(expired, verifier):
    expired.store.now.now += 11 * YEAR
    expired.log(6)
    expired.signed.make(expired.store)
    assert expire(expired) == 9  # the entry of the first removal is among them
    expired.log(3)
    expired.signed.make(expired.store)
    assert (hub(expired), alone(expired, verifier)) == ("", "")
    for pk in (11, 22, 33):
        assert alone(expired, verifier, exported(expired, pk)) == ""


def test_what_remains_is_proven_and_what_is_gone_is_not(expired):
    connection, row = expired.store.reader(), read_all(expired.signed.notes(), checkpoint_keys.load(expired.folder).keys)
    for seq in range(30, row[-1].size):
        assert proof(connection, 0, seq, row[-1])["seq"] == seq
    with pytest.raises(ValueError, match="no such entry"):
        proof(connection, 0, 29, row[-1])
    assert growth(connection, row[2], row[-1])
    with pytest.raises(ValueError, match="was removed"):
        growth(connection, row[0], row[-1])


def test_a_removal_that_was_interrupted_goes_on(aged, verifier, monkeypatch):
    monkeypatch.setattr(audit_retention, "AT_ONCE", 7)
    swept = audit_retention.sweep
    monkeypatch.setattr(audit_retention, "sweep", lambda _: 0)
    assert expire(aged) == 0
    assert (hub(aged), alone(aged, verifier), alone(aged, verifier, exported(aged, 11))) == ("", "", "")
    assert swept(aged.store.database) == 30
    assert (hub(aged), alone(aged, verifier)) == ("", "")


def test_an_entry_that_must_be_kept_holds_all_that_follow(aged):
    reader, look = aged.store.reader(), lambda **more: expiring.look(aged.store, config(aged, **more), more.pop("taken", {}))
    assert look()[0].entries == 30
    assert look(audit_years=11)[0].entries == 30
    assert look(audit_years=12)[0] is None
    assert look(legal_holds=(LegalHoldConfig(provider="se1"),))[0].entries == 30  # its first entry is a later one
    rules = replace(expiring.rules_of(config(aged), aged.store), held_keys=frozenset({22}))
    row = read_all(aged.signed.notes(), checkpoint_keys.load(aged.folder).keys)
    due, [held] = audit_retention.due(reader, rules, aged.store.now(), row, {})
    assert (due, held.seq, held.why) == (None, 1, "a legal hold")
    due, [held] = expiring.look(aged.store, config(aged), {0: 25})
    assert (due.entries, held.seq, held.why) == (20, 25, "the log service has not taken it yet")  # whole ranges alone


def test_the_longer_retention_of_one_provider_holds_the_entries_of_another(place):
    place.store.audit.append(Leaf(11, {"action": "read", "who": {"provider": "SE2"}}))
    place.log(4)
    place.signed.make(place.store)
    place.store.now.now += 11 * YEAR
    longer = {"retention": (RetentionConfig(provider="se2", years=15),)}
    assert expiring.look(place.store, config(place), {})[0].entries == 35
    due, [held] = expiring.look(place.store, config(place, **longer), {})
    assert (due.entries, held.seq, held.why) == (30, 30, "its retention")


# What is not


def forge(place, *statements):
    with place.store.database.writing() as connection:
        for each in statements:
            connection.execute(each)


def restated(place, **changed):
    """The statement with something else in it, signed by the log's own key."""
    said = parsed(removal_notes(place.store.reader())[0].partition("\n\n")[0] + "\n")
    note = signed(replace(said, **changed), checkpoint_keys.load(place.folder).private)
    return update(audit_removal).values(note=note)


def found_by_both(place, verifier, words=""):
    said = hub(place), alone(place, verifier)
    assert all(words in each and each for each in said), said


@pytest.mark.parametrize("upto", [1, 10, 30])
def test_entries_that_are_gone_without_a_statement_are_missed(aged, verifier, upto):
    forge(aged, delete(audit).where(audit.c.seq < upto))
    found_by_both(aged, verifier, "missing")


def test_a_statement_that_the_log_s_key_did_not_sign_is_none(expired, verifier, tmp_path):
    said = parsed(removal_notes(expired.store.reader())[0].partition("\n\n")[0] + "\n")
    stranger = checkpoint_keys.load_or_create(tmp_path / "stranger", 1)
    forge(expired, update(audit_removal).values(note=signed(said, stranger.private)))
    found_by_both(expired, verifier, "not known")


def test_a_statement_that_came_too_early_is_found_whoever_signed_it(expired, verifier):
    young = read_all(expired.signed.notes(), checkpoint_keys.load(expired.folder).keys)[3]
    forge(expired, restated(expired, checkpoint=name_of(young)))
    found_by_both(expired, verifier, "before the time")
    said = parsed(removal_notes(expired.store.reader())[0].partition("\n\n")[0] + "\n")
    old = read_all(expired.signed.notes(), checkpoint_keys.load(expired.folder).keys)[2]
    forge(expired, restated(expired, checkpoint=name_of(old), at=old.at + 4 * YEAR))
    found_by_both(expired, verifier, "before the time")
    longer = tuple(replace(each, years=20) for each in said.kept)
    forge(expired, restated(expired, checkpoint=name_of(old), at=said.at, kept=longer))
    found_by_both(expired, verifier, "before the time")


def test_what_stands_for_the_removed_is_what_was_signed_there(expired, verifier):
    said = parsed(removal_notes(expired.store.reader())[0].partition("\n\n")[0] + "\n")
    [shard] = said.shards
    tree = replace(shard.frontier, roots=(bytes(32), *shard.frontier.roots[1:]))
    forge(expired, restated(expired, shards=(replace(shard, frontier=tree),)))
    found_by_both(expired, verifier, "not the tree")


@pytest.mark.parametrize("deed", [delete(audit_ended).where(audit_ended.c.pk == 33), update(audit_ended).values(number=1)])
def test_a_list_cannot_be_begun_anew(expired, verifier, deed):
    forge(expired, deed)
    found_by_both(expired, verifier, "ends of the lists")


def test_more_than_was_stated_cannot_go_along(expired, verifier):
    forge(expired, delete(audit).where(audit.c.seq == 30))
    found_by_both(expired, verifier, "missing")


def test_a_statement_cannot_be_withdrawn_or_said_of_less(expired, verifier):
    note = removal_notes(expired.store.reader())[0]
    forge(expired, delete(audit_removal))
    found_by_both(expired, verifier, "missing")
    forge(expired, audit_removal.insert().values(number=1, note=note), audit_removal.insert().values(number=2, note=note))
    found_by_both(expired, verifier, "does not follow")


def test_what_remains_of_a_list_cannot_be_left_out_as_if_it_were_removed(expired, verifier):
    connection = expired.store.reader()
    rows = list(list_of(connection, 11, (0,)))
    assert "left out" in alone(expired, verifier, exported(expired, 11, chosen=rows[1:]))
    assert "left out" in alone(expired, verifier, exported(expired, 11, begun=()))
    _, (_, number, _) = end_of(connection, 11)
    [line] = ended_line(connection, 11)
    pretended = json.loads(line)
    pretended["ended"] |= {"number": number + 1, "leaf": rows[0].leaf.hex()}
    said = json.dumps(pretended).encode() + b"\n"
    assert "not what the removal signed" in alone(expired, verifier, exported(expired, 11, begun=(said,), chosen=rows[1:]))
    assert head_of(connection).size == 39
