"""Statements are kept within bounds, however many shapes callers think of."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from sqlalchemy import column, literal, select, table

from hub.fhir.query import read_query
from hub.store.prepared import Kept, Prepared


def test_the_longest_unused_goes_first() -> None:
    kept, written = Kept(2), []

    def made(shape: str):
        return kept.made(shape, lambda: written.append(shape) or select(literal(1)))

    for shape in ("a", "b", "a", "c", "a", "b"):
        made(shape)
    assert written == ["a", "b", "c", "b"]
    assert len(kept) == 2


def test_many_threads_keep_within_bounds() -> None:
    kept = Kept(8)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: kept.made(n % 20, lambda: select(literal(1))), range(4000)))
    assert len(kept) == 8


def test_searches_of_ever_new_shapes_do_not_grow_what_is_kept(store) -> None:
    store.patient()
    store.search._prepared = Kept(10)
    shapes = [
        ("code", "a"),
        ("code", "s|a"),
        ("date", "2020"),
        ("date", "ge2020"),
        ("status", "final"),
        ("_lastUpdated", "gt2020"),
    ]
    for one, other in product(shapes, shapes):
        store.search.page(store.reader(), store.view(), read_query("Observation", [one, other], now=store.clock()))
    assert len(store.search._prepared) == 10


def test_a_connection_keeps_statements_of_many_shapes_ready(store) -> None:
    connection = store.reader()
    for number in range(200):
        Prepared(select(literal(number).label(f"n{number}"))).rows(connection, {})
    ready = "sqlite_stmt" if store.database.sqlite else "pg_prepared_statements"
    if store.database.sqlite and "ENABLE_STMTVTAB" not in connection.exec_driver_sql("PRAGMA compile_options").scalars().all():
        pytest.skip("this SQLite does not tell what it has prepared")
    assert connection.exec_driver_sql(f"SELECT count(*) FROM {ready}").scalar() >= 200


def test_a_statement_that_fails_leaves_the_next_as_it_is(store) -> None:
    connection, one = store.reader(), Prepared(select(literal(1)))
    assert one.rows(connection, {}) == [(1,)]
    with pytest.raises(Exception, match="nowhere"):
        Prepared(select(column("a")).select_from(table("nowhere"))).rows(connection, {})
    assert one.rows(connection, {}) == [(1,)]
