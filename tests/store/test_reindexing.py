"""Search keys of an earlier version are made anew, and a hub does not start on a database that has them."""

import contextlib
from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, update

from hub.fhir.custody import API_FAMILY
from hub.store.keys_written import KEYS
from hub.store.patients import Facts
from hub.store.reindexing import OutdatedKeys, check, definitions, reindex
from hub.store.tables import FOREVER, body, index_made, ix_ref, ix_token, patient, resource

MINUTE = 60_000_000


def rows(store):
    """Every search key, what resources are ordered by, and which bodies refer to other entries."""
    tables = [*KEYS, resource, body]
    with store.database.writing() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table)))) for table in tables}


def outdated(store):
    """As an earlier version could have left it: keys missing, keys of its own, another order."""
    with store.database.writing() as connection:
        for table in KEYS:
            connection.execute(delete(table))
        stale = {"pk": 7, "param": 1, "code": "stale", "system": "", "rid": 1, "version": 1}
        connection.execute(insert(ix_token), stale)
        connection.execute(update(resource).values(sort=5))
        connection.execute(update(body).values(across=None))
        connection.execute(update(index_made).values(digest="another"))


@pytest.fixture
def filled(store, write):
    """Three patients, and what belongs to none; more resources than are taken at once."""
    many = [write.record(number, write.observation(f"o{number}", effectiveDateTime="2026-01-02")) for number in range(505)]
    store.put(*many, pk=store.patient(7))
    pointing = write.observation("a", valueString="text", hasMember=[{"reference": "Observation/o1"}])
    store.put(replace(write.record(1, pointing), family=API_FAMILY), pk=store.patient(8))
    questionnaire = {"resourceType": "Questionnaire", "id": "q", "status": "draft", "url": "urn:q"}
    store.put(write.record(1, questionnaire), pk=0)
    return store


def test_an_empty_database_begins_with_the_keys_of_today(store):
    with store.database.writing() as connection:
        assert connection.execute(select(index_made)).one() == (1, definitions(), FOREVER)
        check(connection)


def test_reindexing_makes_the_keys_that_writing_makes(filled):
    before = rows(filled)
    outdated(filled)
    assert rows(filled) != before
    with pytest.raises(OutdatedKeys, match="hub reindex"):
        filled.open()
    told = []
    assert reindex(filled.database, filled.now(), told.append) == 4
    assert told == [1, 2, 3, 4, 4]
    assert rows(filled) == before
    assert {row[-1] for row in before["body"]} == {0, 1}
    filled.open()
    assert reindex(filled.database, filled.now()) == 0


def test_what_was_done_before_an_interruption_is_not_done_again(filled):
    before = rows(filled)
    outdated(filled)

    def interrupt(done):
        if done == 2:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        reindex(filled.database, filled.now(), interrupt)
    with pytest.raises(OutdatedKeys):
        filled.open()
    assert reindex(filled.database, filled.now()) == 2
    assert rows(filled) == before


def test_a_database_of_before_there_were_such_marks_is_outdated(filled):
    with filled.database.writing() as connection:
        connection.execute(delete(index_made))
    with pytest.raises(OutdatedKeys):
        filled.open()
    before = rows(filled)
    assert reindex(filled.database, filled.now()) == 4
    assert rows(filled) == before


def test_versions_that_no_page_can_reach_have_no_keys_afterwards(filled, write):
    filled.put(write.record(1, write.observation("a", valueString="other")), pk=8)
    outdated(filled)
    reindex(filled.database, filled.now())
    with filled.database.writing() as connection:
        held = connection.execute(select(ix_token.c.version).where(ix_token.c.pk == 8).distinct()).scalars().all()
    assert sorted(held) == [1, 2]
    outdated(filled)
    reindex(filled.database, filled.now() + 16 * MINUTE)
    with filled.database.writing() as connection:
        held = connection.execute(select(ix_token.c.version).where(ix_token.c.pk == 8).distinct()).scalars().all()
    assert held == [2]


def test_what_an_earlier_version_kept_of_a_protected_person_is_masked_anew(store, write):
    leading = {"performer": [{"reference": "Practitioner/p", "display": "Anna Test"}]}
    pks = [store.patient(7), store.patient(8)]
    for pk in pks:
        store.put(write.record(1, write.observation(f"o{pk}", **leading)), pk=pk)
    with store.database.writing() as connection:
        facts = Facts(protected="sekretessmarkering").to_json()
        connection.execute(update(patient).where(patient.c.pk == pks[0]).values(facts=facts))
        connection.execute(update(index_made).values(digest="another"))
    reindex(store.database, store.now())
    with store.database.writing() as connection:
        assert connection.execute(select(ix_ref.c.pk).where(ix_ref.c.target == "Practitioner/p")).scalars().all() == [pks[1]]
        bodies = {row.pk: row.bytes for row in connection.execute(select(body.c.pk, body.c.bytes))}
    assert [b"Practitioner/p" in bodies[pk] for pk in pks] == [False, True]
    assert all(b"Anna Test" in bodies[pk] for pk in pks)
