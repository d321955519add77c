"""The long log of the bench is one that entries are appended to as to any other, on both databases."""

from bench import long_log
from hub.store.audit_reading import entries, head_of
from hub.store.database import Database


def test_a_long_log_is_written_by_sql_and_goes_on(database_url, monkeypatch):
    monkeypatch.setattr(long_log, "ROUNDS", 3)
    results = long_log.appending(database_url, "", long=20_000)
    assert [each.what for each in results] == [
        "log: to 1e+03, remembered",
        "log: to 1e+03, of another day",
        "log: to 2e+04, remembered",
        "log: to 2e+04, of another day",
    ]
    assert all(each.value > 0 for each in results)
    database = Database(database_url)
    connection = database.reader()
    assert head_of(connection).size == 20_000 + 8 * long_log.BATCH
    assert [each.number for each in entries(connection, pk=1, after=19_999)] == [11, 12, 13, 14, 15]
    database.close()
