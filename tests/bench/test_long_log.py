"""The long log of the bench is one that entries are appended to as to any other, on both databases, by the same statements."""

import pytest
from psycopg import RawCursor
from sqlalchemy import event

from bench import long_log
from hub.store.audit_log import AuditLog
from hub.store.audit_reading import entries, head_of
from hub.store.database import Database

SIZES = (1_000, 20_000)


def test_a_long_log_is_written_by_sql_and_goes_on(database_url, monkeypatch, tmp_path):
    monkeypatch.setattr(long_log, "ROUNDS", 3)
    results = long_log.appending(f"sqlite:///{tmp_path / 'short.db'}", database_url, "", long=20_000)
    assert [(each.what, each.unit) for each in results] == [
        ("log: to 1e+03, remembered", "us"),
        ("log: to 2e+04, remembered", "us"),
        ("log: 2e+04 by 1e+03, remembered", "times"),
        ("log: to 1e+03, of another day", "us"),
        ("log: to 2e+04, of another day", "us"),
        ("log: 2e+04 by 1e+03, of another day", "times"),
    ]
    assert all(each.value > 0 for each in results)
    database = Database(database_url)
    connection = database.reader()
    assert head_of(connection).size == 20_000 + 8 * long_log.BATCH
    assert [each.number for each in entries(connection, pk=1, after=19_999)] == [11, 12, 13, 14, 15]
    database.close()


@pytest.fixture
def held(database_url):
    database = Database(database_url)
    database.migrate()
    yield database
    database.close()


def sent(held, work):
    """(text, values) of each statement that `work` sends."""
    found = []

    def seen(_connection, _cursor, statement, parameters, *_):
        found.append((statement, parameters))

    engine = held.reader().engine
    event.listen(engine, "before_cursor_execute", seen)
    try:
        with held.count() as counter:
            work()
    finally:
        event.remove(engine, "before_cursor_execute", seen)
    return found, list(counter.statements)


def plan(held, statement, parameters):
    driver = held.reader().connection.dbapi_connection
    if held.sqlite:
        rows = driver.execute("EXPLAIN QUERY PLAN " + statement, parameters)
    else:
        driver.execute("SET enable_seqscan = off")  # what is in a few pages is read whole: a long log is asked by index
        rows = (RawCursor(driver) if "$1" in statement else driver.cursor()).execute("EXPLAIN " + statement, parameters)
        driver.execute("RESET enable_seqscan")
    return "\n".join(str(row[-1]) for row in rows.fetchall())


def test_an_entry_is_appended_by_the_same_statements_and_by_index_alone_however_long_the_log_is(held):
    """What an append costs is counted; the bench tells what it takes."""
    told = {"of another day": [], "remembered": []}
    for size in SIZES:
        persons = long_log.fill(held, size)
        log = AuditLog(held, lambda: long_log.NOW)
        for what, counted in told.items():
            before = head_of(held.reader()).size
            statements, count = sent(held, lambda log=log, persons=persons: log.append_all(long_log.leaves(persons, 0)))
            assert head_of(held.reader()).size == before + long_log.BATCH
            counted.append(count)
            looked = [(text, values) for text, values in statements if "FROM audit" in text]
            assert bool(looked)
            for text, values in looked:
                shown = plan(held, text, values)
                assert ("SCAN audit" if held.sqlite else "Seq Scan") not in shown, (what, size, shown)
    for counts in told.values():
        assert counts[0] == counts[1]
        assert len(counts[0]) < 8
