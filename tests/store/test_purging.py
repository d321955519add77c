"""Search keys of versions that no page can show any more go, and nothing else does."""

from sqlalchemy import func, select, text

from hub.fhir.query import read_query
from hub.store import purging
from hub.store.cursor import LIFE
from hub.store.keys_written import KEYS
from hub.store.purging import purge_keys
from hub.store.tables import ix_token, resource


def _keys(store):
    """(rid, version) of all that has keys, by table."""
    with store.database.writing() as connection:
        return {each.name: set(connection.execute(select(each.c.rid, each.c.version).distinct()).all()) for each in KEYS}


def _rewritten(store, write, times, number=1):
    for day in range(1, times + 1):
        store.put(write.record(number, write.observation(f"o{number}", effectiveDateTime=f"2024-05-{day:02}")))


def _all(store, now, step=purging.STEP):
    counts = []
    while count := purge_keys(store.database, now, step):
        counts.append(count)
    return counts


def test_keys_of_closed_versions_go_once_no_page_can_show_them(store, write):
    _rewritten(store, write, 3)
    store.put(gone=(1,))
    _rewritten(store, write, 2, number=2)
    before = _keys(store)
    closed = store.now()
    assert _all(store, closed) == []
    assert _keys(store) == before
    assert _all(store, closed + LIFE) == [4]
    left = _keys(store)
    with store.database.writing() as connection:
        current = set(connection.execute(select(resource.c.rid, resource.c.version).where(text("rec_to = 4611686018427387904"))))
    assert left["ix_token"] <= current
    assert left == {name: rows & current for name, rows in before.items()}
    assert left["ix_token"]
    assert _all(store, closed + LIFE) == []


def test_history_and_search_are_as_they_were(store, write):
    _rewritten(store, write, 3)
    _rewritten(store, write, 1, number=2)
    query = read_query("Observation", [("date", "ge2024-05-01")], now=store.clock())
    found = store.search.page(store.reader(), store.view(), query)
    past = store.versions("o1")
    assert _all(store, store.now() + LIFE) == [2]
    assert store.search.page(store.reader(), store.view(), query).hits == found.hits
    assert store.versions("o1") == past
    assert len(past) == 3


def test_what_was_replaced_in_one_moment_goes_together_however_much_it_is(store, write):
    for day in (1, 2):
        one_moment = [
            write.record(n, write.observation(f"o{n}", effectiveDateTime=f"2024-05-{day:02}"), write.observation(f"p{n}"))
            for n in range(5)
        ]
        store.put(*one_moment)
    _rewritten(store, write, 3, number=9)
    assert _all(store, store.now() + LIFE, step=2) == [5, 2]
    with store.database.writing() as connection:
        counted = connection.execute(select(func.max(ix_token.c.version))).scalar()
    assert counted == 3


def test_what_is_due_is_found_by_the_index_over_closed_versions(other_database):
    asked = str(purging._MOMENTS.compile()).replace(":since", "0").replace(":until", "9").replace(":step", "9")
    plan = list(other_database.reader().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}"))
    assert ["resource_closed" in row[-1] for row in plan] == [True]
