"""Somebody puts an entry where the tree does not reach: into a list that a patient or reviewer reads, and no check walks."""

import pytest
from sqlalchemy import delete, insert, select, update

from hub.checkpoint_keys import load
from hub.checkpoints import read_all
from hub.store import audit_index, audit_reading
from hub.store.audit_check import verify_all
from hub.store.audit_list import verify_list
from hub.store.audit_proofs import proof
from hub.store.tables import audit, audit_ended, audit_head, audit_node
from hub.store.tables import audit_index as index

PLACES = {
    "before the first": ({"seq": -1}, "no tree"),
    "after the head": ({"seq": 30}, "no tree"),
    "in a shard that has no tree": ({"shard": 7}, "no tree"),
    "in the place of the last one": ({"seq": 29}, "two of entry 29"),
    "in another's place": ({"seq": 12}, "entry 13 is missing"),
}
OTHER_MONTH = 1_000_000_000_000_000


def check(place, since=0):
    return verify_all(place.store.reader(), row(place), since).fault


def row(place):
    return read_all(place.signed.notes(), load(place.folder).keys)


def forge(place, *statements):
    with place.store.database.writing() as connection:
        for each in statements:
            connection.execute(each)


def test_an_entry_that_no_tree_counts_is_found(place, monkeypatch):
    first = dict(place.store.reader().execute(select(audit).where(audit.c.seq == 0)).mappings().one())
    for name, (changed, words) in PLACES.items():
        forge(place, insert(audit).values(first | {"pk": 44} | changed))
        assert words in check(place), name
        assert check(place, since=2), name
        forge(place, delete(audit).where(audit.c.pk == 44))
        assert check(place) == "", name
    monkeypatch.setattr(audit_reading, "PART", 10)  # the second one begins where a part that is read at once ends
    forge(place, insert(audit).values(first | {"pk": 44, "seq": 9}))
    assert "two of entry 9" in check(place)


def test_an_entry_that_lies_in_two_months_is_found(place):
    if place.store.database.sqlite:
        return  # one table, whose key forbids it
    [last] = place.store.reader().execute(select(audit).where(audit.c.seq == 29)).mappings()
    forge(place, insert(audit).values(dict(last) | {"at": OTHER_MONTH}))
    assert check(place)


def test_a_head_that_says_another_time_is_found(place):
    for moved in (-1, 10**15):
        forge(place, update(audit_head).values(at=audit_head.c.at + moved))
        assert "time" in check(place)
        forge(place, update(audit_head).values(at=audit_head.c.at - moved))
    assert check(place) == ""


NOTHING = dict.fromkeys(("provider", "unit", "person", "action", "outcome", "rules"), "") | {"emergency": 0, "draw": 0}
INDEXED = {
    "hidden": delete(index).where(index.c.seq == 7),
    "hidden from the provider": update(index).where(index.c.seq == 7).values(provider="SE9"),
    "said of another": update(index).where(index.c.seq == 7).values(person="SE-8"),
    "dated back": update(index).where(index.c.seq == 7).values(at=1),
    "reviewed by another that it is not": update(index).where(index.c.seq == 7).values(about="0.3"),
    "reviewed by one that is not there": insert(index).values(
        NOTHING | {"shard": 0, "seq": 99, "at": 1, "pk": 11, "about": "0.3"}
    ),
    "reviewed in another shard": insert(index).values(NOTHING | {"shard": 7, "seq": 0, "at": 1, "pk": 11, "about": "0.3"}),
}


def test_what_reviewers_look_in_is_held_to_the_entries(place):
    audit_index.bring_up(place.store.database, place.store.reader())
    place.log(3)  # not indexed yet
    assert check(place) == ""
    for name, deed in INDEXED.items():
        forge(place, deed)
        assert "index" in check(place), name
        forge(place, delete(index))
        audit_index.bring_up(place.store.database, place.store.reader())
        assert check(place) == "", name


def test_roots_that_are_kept_for_proofs_are_held_to_the_entries(place):
    place.log(512 - 30 + 5)
    place.signed.make(place.store)
    for level, forged in ((8, 0), (8, 1)):
        node = (audit_node.c.level == level) & (audit_node.c.at == forged)
        [was] = place.store.reader().execute(select(audit_node.c.hash).where(node)).scalars()
        forge(place, update(audit_node).where(node).values(hash=bytes(32)))
        assert "kept for proofs" in check(place)
        forge(place, update(audit_node).where(node).values(hash=was))
    assert check(place) == ""


def test_a_list_that_is_said_to_have_ended_where_nothing_was_removed_is_found(place):
    forge(place, insert(audit_ended).values(pk=44, shard=0, number=3, leaf=bytes(32)))
    assert "ended" in check(place)


def test_one_patient_s_list_is_held_to_all_that_its_entries_say(place):
    connection = place.store.reader()
    last = max(each.seq for each in audit_reading.of_patient(connection, 22, 0, 99))
    [was] = connection.execute(select(audit).where(audit.c.seq == last)).mappings()
    for changed in ({"at": OTHER_MONTH}, {"kept": b'{"released":[]}'}):
        assert verify_list(place.store.reader(), 22, row(place)).fault == ""
        forge(place, update(audit).where(audit.c.leaf == was["leaf"]).values(**changed))
        assert f"entry {last}" in verify_list(place.store.reader(), 22, row(place)).fault
        forge(place, update(audit).where(audit.c.leaf == was["leaf"]).values(dict(was)))


def test_one_patient_s_list_cannot_be_proven_where_the_tree_over_it_has_a_hole(place):
    forge(place, delete(audit).where(audit.c.seq == 4))
    assert "missing" in verify_list(place.store.reader(), 33, row(place)).fault
    with pytest.raises(ValueError, match="missing"):  # what a command or an interface tells in words
        proof(place.store.reader(), 0, 5, row(place)[-1])
