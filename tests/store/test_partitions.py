"""On PostgreSQL the log lies by month: made ahead, nothing refused for want of a partition, nothing lost on the way there."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from hub.keys import Keys
from hub.store import audit_chains, partitions
from hub.store.audit_check import whole
from hub.store.audit_log import AuditLog, Leaf
from hub.store.audit_reading import entries
from hub.store.database import MIGRATIONS, Database
from hub.store.partitions import AHEAD, bounds, drop_empty, held, keep_months, missing
from hub.store.store import Store
from hub.store.values import micros

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def opened():
    """Never yet: months are made by the tests."""
    return


@pytest.fixture
def url(databases):
    return databases("postgresql")


@pytest.fixture
def database(url):
    held_open = Database(url)
    yield held_open
    held_open.close()


def written(database, *moments, pk=7):
    for each in moments:
        AuditLog(database, lambda at=each: micros(at)).append(Leaf(pk, {"action": "read"}))


def rows(database, name):
    return database.reader().execute(text(f"SELECT count(*) FROM {name}")).scalar()


def test_months_are_made_ahead_when_the_hub_starts_and_as_time_goes_on(url):
    store = Store(url, Keys(b"k" * 32, b"c" * 32), lambda: NOW)
    store.open()
    made = held(store.reader())
    assert (made[0], made[-1], len(made)) == ((2026, 11), (2027, 11), AHEAD + 1)
    assert keep_months(store.database, micros(NOW)) == []
    assert keep_months(store.database, micros(NOW + timedelta(days=31))) == [(2027, 12)]
    store.audit.append(Leaf(7, {"action": "read"}))
    assert rows(store.database, "audit_of_2026_11") == 1
    store.close()


@pytest.mark.parametrize(
    ("month", "low", "high"),
    [
        ((2026, 11), (2026, 11, 1), (2026, 12, 1)),
        ((2027, 12), (2027, 12, 1), (2028, 1, 1)),
        ((2028, 2), (2028, 2, 1), (2028, 3, 1)),
    ],
)
def test_a_month_is_half_open(month, low, high):
    assert bounds(month) == (micros(datetime(*low, tzinfo=UTC)), micros(datetime(*high, tzinfo=UTC)))


def test_what_no_month_was_made_for_is_logged_all_the_same_and_moved_to_its_month_later(database):
    written(database, NOW - timedelta(days=800), NOW, NOW + timedelta(days=40))
    assert rows(database, partitions.OTHERS) == 3
    keep_months(database, micros(NOW))
    assert rows(database, partitions.OTHERS) == 0
    assert (2024, 9) in held(database.reader())
    assert missing(database.reader(), micros(NOW)) == []
    assert whole(database.reader()) == (3, "")


def test_a_list_goes_on_from_however_long_ago(database):
    keep_months(database, micros(NOW))
    written(database, NOW - timedelta(days=900), pk=7)
    written(database, NOW - timedelta(days=41), NOW - timedelta(days=39), pk=8)
    keep_months(database, micros(NOW))
    log = AuditLog(database, lambda: micros(NOW))
    log.append_all([Leaf(pk, {"action": "read"}) for pk in (7, 8, 9, 7)])
    assert [[each.number for each in entries(database.reader(), pk=pk)] for pk in (7, 8, 9)] == [[1, 2, 3], [1, 2, 3], [1]]
    assert whole(database.reader()) == (7, "")


def test_to_append_looks_into_the_newest_months_alone(database):
    written(database, *(NOW - timedelta(days=days) for days in range(900, 0, -30)))
    keep_months(database, micros(NOW))
    found = audit_chains._SINCE._written("postgresql")
    given = found.given({"keys": [7, 8], "shard": 0, "since": micros(NOW) - audit_chains.RECENT, **found.fixed})
    connection = database.reader()
    connection.exec_driver_sql(f"PREPARE newest AS {found.text.decode().replace('%%', '%')}")
    written_out = [f"ARRAY{each}::bigint[]" if isinstance(each, list) else str(each) for each in given]
    plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN EXECUTE newest ({', '.join(written_out)})").scalars())
    assert "Subplans Removed" in plan
    assert "audit_of_2026_11" in plan
    assert "audit_of_2026_09" not in plan


def test_months_that_hold_nothing_any_more_are_dropped(database):
    written(database, NOW - timedelta(days=400), NOW)
    keep_months(database, micros(NOW))
    with database.writing() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 0"))
    assert drop_empty(database, micros(NOW)) == [(2025, 10)]
    assert held(database.reader())[0] == (2026, 11)  # and those to come are there, though they hold nothing yet


def test_several_processes_make_them_at_once(url):
    first, second = Database(url), Database(url)
    assert len(keep_months(first, micros(NOW))) == AHEAD + 1
    assert keep_months(second, micros(NOW)) == []
    first.close()
    second.close()


def test_a_log_in_one_table_is_moved_into_months_without_losing_anything(postgres, url):
    engine = create_engine(url)
    columns = "pk, shard, seq, number, at, leaf, entry, kept"
    source = Database(url)
    written(source, NOW - timedelta(days=800), NOW - timedelta(days=799), NOW)
    before = [tuple(row) for row in source.reader().execute(text(f"SELECT {columns} FROM audit ORDER BY seq"))]
    source.close()
    with engine.begin() as connection:  # as it was before
        connection.execute(text(f"CREATE TABLE plain AS SELECT {columns} FROM audit"))
        connection.execute(text("DROP TABLE audit"))
        connection.execute(text("ALTER TABLE plain RENAME TO audit"))
        connection.execute(text("ALTER TABLE audit ADD CONSTRAINT audit_pkey PRIMARY KEY (pk, shard, seq)"))
        connection.execute(text("CREATE INDEX audit_in_order ON audit (shard, seq)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0009'"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0010")
    database = Database(url)
    after = [tuple(row) for row in database.reader().execute(text(f"SELECT {columns} FROM audit ORDER BY seq"))]
    assert after == before
    assert held(database.reader()) == [(2024, 9), (2026, 11)]
    assert rows(database, partitions.OTHERS) == 0
    assert whole(database.reader()) == (3, "")
    database.close()
    engine.dispose()


def test_sqlite_keeps_the_log_in_one_table(databases):
    database = Database(databases("sqlite"))
    written(database, NOW)
    assert (keep_months(database, micros(NOW)), drop_empty(database, micros(NOW))) == ([], [])
    database.close()
