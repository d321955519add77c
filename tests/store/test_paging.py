"""Paging: page n belongs to page 1, whatever is written meanwhile; the link to it says nothing, and opens nothing else."""

import random
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, insert, literal_column, select, tuple_
from sqlalchemy.types import BigInteger

from hub.errors import Expired
from hub.fhir.query import MAX_PARAMETERS, read_query
from hub.store.cursor import LIFE, Cursor, seal, unseal
from hub.store.search import View
from hub.store.tables import FOREVER, ix_token, resource

CURSOR_KEY = b"c" * 32


def _query(store, count=7, **more):
    return read_query("Observation", [("_count", str(count)), *more.items()], now=store.clock())


def _walk(store, view, query, meanwhile=lambda: None):
    """Every hit, page by page, with something done between pages."""
    page = store.search.page(store.reader(), view, query)
    yield from page.hits
    while page.more:
        meanwhile()
        last = page.hits[-1]
        page = store.search.page(store.reader(), view, query, (*last.keys, last.rid))
        yield from page.hits


@pytest.mark.parametrize("sort", ["date", "-date", "-_lastUpdated", "code,-date", "_id"])
def test_writes_and_deletions_between_pages_leave_the_walk_as_it_was(store, write, sort) -> None:
    drawn = random.Random(3)

    def one(number, day):
        return write.record(number, write.observation(f"o{number}", effectiveDateTime=f"2024-05-{day:02}"))

    store.put(*(one(number, number % 28 + 1) for number in range(60)))
    view, query = store.view(), _query(store, _sort=sort)
    before = [(each.fhir_id, each.version_id, each.bytes) for each in _walk(store, view, query)]

    def meanwhile():
        number = drawn.randrange(60)
        store.put(one(number, drawn.randrange(1, 29)), gone=(drawn.randrange(60),))
        store.put(one(drawn.randrange(60, 99), drawn.randrange(1, 29)))

    assert [(each.fhir_id, each.version_id, each.bytes) for each in _walk(store, view, query, meanwhile)] == before
    assert [(each.fhir_id, each.version_id, each.bytes) for each in _walk(store, store.view(), query)] != before


def test_a_record_made_secret_between_pages_is_on_no_later_page(store, write) -> None:
    """What custody says today holds for every version; the moved epoch then has the page decided again."""
    from hub.consent.release import TRUE, Flag, Outcome, Release, Row, closed

    not_secret = Release(closed([Row(Flag("secret"), Outcome.HIDE, "R10"), Row(TRUE, Outcome.PERMIT, "R47")]))
    store.put(*(write.record(number, write.observation(f"o{number}")) for number in range(20)))
    view, query = store.view(not_secret), _query(store)
    epoch = store.known().epoch
    later = [each.entry for each in _walk(store, view, query)][7:]
    page = store.search.page(store.reader(), view, query)
    store.put(*(write.record(number, write.observation(f"o{number}"), secret=True) for number in later))
    last = page.hits[-1]
    assert store.search.page(store.reader(), view, query, (*last.keys, last.rid)).hits == ()
    assert store.known().epoch > epoch


def test_a_key_that_follows_an_in_column_is_no_trap_on_this_sqlite(store, write) -> None:
    """STORE.md, trap 1: SQLite 3.40.1 ignores a range on a key column after an IN column. No key here has such a column."""
    drawn = random.Random(11)
    rows, tokens = [], []
    for number in range(1, 120):
        for version in range(1, drawn.randrange(2, 9)):
            custody = {"source": "s", "info_type": "t", "regime": "SVOD"}
            at = {"pk": write.PK, "rid": number * 7919 % 997, "version": version}
            row = {"type": "Observation", "version_id": "v", "rec_from": version * 100, "rec_to": version * 100 + 100, "sort": 0}
            rows.append(row | at | {"entry": number, "fhir_id": "x", "gone": 0, "digest": ""} | custody)
            tokens += [at | {"param": 5, "code": code, "system": ""} for code in drawn.sample("abcdef", 3)]
    with store.database.writing() as connection:
        connection.execute(insert(resource), rows)
        connection.execute(insert(ix_token), tokens)
        connection.exec_driver_sql("ANALYZE")
    hits = select(ix_token.c.rid, ix_token.c.version).where(
        ix_token.c.pk == write.PK, ix_token.c.param == 5, ix_token.c.code.in_(bindparam("codes", expanding=True))
    )
    wanted = select(resource.c.rid, resource.c.version, resource.c.rec_from, resource.c.rec_to).where(
        resource.c.pk == write.PK,
        resource.c.type == "Observation",
        tuple_(resource.c.rid, resource.c.version).in_(hits),
        literal_column("+resource.rec_from", BigInteger) <= bindparam("asof"),
        resource.c.rec_to > bindparam("asof"),
    )
    having = {(row["rid"], row["version"]): set() for row in tokens}
    for row in tokens:
        having[row["rid"], row["version"]].add(row["code"])
    for _ in range(200):
        asof, codes = drawn.randrange(50, 900), drawn.sample("abcdef", 2)
        found = {(row.rid, row.version) for row in store.reader().execute(wanted, {"asof": asof, "codes": codes})}
        expected = {
            (row["rid"], row["version"])
            for row in rows
            if row["rec_from"] <= asof < row["rec_to"] and having[row["rid"], row["version"]] & set(codes)
        }
        assert found == expected, sqlite3.sqlite_version


def test_no_key_of_resource_holds_what_a_snapshot_is_cut_by() -> None:
    keys = [resource.primary_key, *resource.indexes]
    assert not any({"rec_from", "secret", "time_from"} & {column.name for column in key.columns} for key in keys)


def test_what_is_current_ends_for_ever_away(store, write) -> None:
    store.put(write.record(1, write.observation("o1")))
    assert store.reader().execute(select(resource.c.rec_to)).scalars().all() == [FOREVER]


NUMBERS = st.integers(0, 2**62)
KEYS = st.one_of(NUMBERS, st.text(max_size=40))


@settings(max_examples=300, deadline=None)
@given(NUMBERS, NUMBERS, st.one_of(st.none(), st.integers(0, 10**9)), KEYS, KEYS, NUMBERS)
def test_a_cursor_is_as_long_as_any_other_with_as_many_keys(issued, asof, total, one, two, rid) -> None:
    issued %= 10**17
    bound = "ab" * 16
    for after, length in (((one, rid), 542), ((one, two, rid), 872)):
        cursor = Cursor(issued, asof, total, bound, after)
        written = seal(CURSOR_KEY, cursor)
        assert len(written) == length
        assert unseal(CURSOR_KEY, written, bound, issued) == cursor


def test_a_cursor_holds_every_sort_that_a_search_may_ask_for() -> None:
    after = ("\x1f" * 40,) * MAX_PARAMETERS
    assert (
        unseal(CURSOR_KEY, seal(CURSOR_KEY, Cursor(2**56, 2**62, 10**9, "f" * 32, (*after, 2**62))), "f" * 32, 2**56).after[0]
        == after[0]
    )


@pytest.mark.parametrize(
    ("at", "bound"),
    [(LIFE + 1, "b"), (-1, "b"), (0, "other"), (0, "")],
    ids=["too old", "from the future", "another's", "nobody's"],
)
def test_a_cursor_of_another_time_or_binding_is_expired(at: int, bound: str) -> None:
    written = seal(CURSOR_KEY, Cursor(1_000, 1, 1, "b", (1, 2)))
    with pytest.raises(Expired):
        unseal(CURSOR_KEY, written, bound, 1_000 + at)


@pytest.mark.parametrize("place", range(0, 400, 31))
def test_a_cursor_with_one_bit_changed_is_expired(place: int) -> None:
    held = bytearray(urlsafe_b64decode(seal(CURSOR_KEY, Cursor(1_000, 1, 1, "b", (1, 2))) + "=="))
    held[place % len(held)] ^= 1
    with pytest.raises(Expired):
        unseal(CURSOR_KEY, urlsafe_b64encode(bytes(held)).decode(), "b", 1_000)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_written_for_a_cursor_is_expired_and_no_other_fault(written: str) -> None:
    with pytest.raises(Expired):
        unseal(CURSOR_KEY, written, "b", 1_000)


def test_a_cursor_of_another_key_is_expired() -> None:
    with pytest.raises(Expired):
        unseal(b"d" * 32, seal(CURSOR_KEY, Cursor(1_000, 1, 1, "b", (1, 2))), "b", 1_000)


def test_the_same_cursor_is_never_written_the_same() -> None:
    cursor = Cursor(1_000, 1, 1, "b", (1, 2))
    assert seal(CURSOR_KEY, cursor) != seal(CURSOR_KEY, cursor)


def test_a_view_of_a_unit_or_a_source_shows_what_is_current(store, write) -> None:
    store.put(*(write.record(number, write.observation(f"o{number}")) for number in range(9)))
    release = write.EVERYTHING
    for view in (View("unit", release, provider="SE1", unit="SE1-U1"), View("source", release, source="north")):
        store.put(gone=(3,))
        found = [each.fhir_id for each in _walk(store, view, _query(store, 2))]
        assert sorted(found) == ["o0", "o1", "o2", "o4", "o5", "o6", "o7", "o8"]
