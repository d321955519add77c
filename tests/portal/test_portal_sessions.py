"""Sessions: found by cookie alone, unreadable in the database, over when idle or long; and what browsers carry for us."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from hub.keys import Keys
from hub.store import sessions
from hub.store.store import Store
from hub.store.tables import session

START = datetime(2026, 11, 21, 9, tzinfo=UTC)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, clock: Clock) -> Iterator[Store]:
    held = Store(database_url, Keys(b"i" * 32, b"c" * 32), clock)
    yield held
    held.close()


def test_a_session_is_found_by_its_cookie_and_no_other(store: Store) -> None:
    made = sessions.begin(store, {"who": "anna"})
    found = sessions.resume(store, made.secret)
    assert found
    assert found.content == {"who": "anna"}
    assert sessions.resume(store, made.secret + "x") is None
    assert sessions.resume(store, "") is None


def test_the_database_holds_neither_cookie_nor_content(store: Store) -> None:
    made = sessions.begin(store, {"who": "anna-lindqvist"})
    row = store.reader().execute(select(session)).one()
    assert made.secret not in row.id
    assert b"anna" not in bytes(row.content)


@pytest.mark.parametrize(("minutes", "alive"), [(29, True), (30, False), (31, False)])
def test_an_idle_session_is_over_after_half_an_hour(store: Store, clock: Clock, minutes: int, alive: bool) -> None:
    made = sessions.begin(store, {})
    clock.now = START + timedelta(minutes=minutes)
    assert (sessions.resume(store, made.secret) is not None) is alive


def test_use_moves_the_end_on_but_never_past_seven_hours(store: Store, clock: Clock) -> None:
    made = sessions.begin(store, {})
    for _ in range(20):
        clock.now += timedelta(minutes=20)
        assert sessions.resume(store, made.secret)
    clock.now = START + timedelta(hours=7)
    assert sessions.resume(store, made.secret) is None


def test_reading_a_page_does_not_cost_a_commit(store: Store) -> None:
    made = sessions.begin(store, {})
    before = store.database.commits
    assert sessions.resume(store, made.secret)
    assert store.database.commits == before


def test_content_is_kept_and_an_ended_session_is_gone(store: Store) -> None:
    made = sessions.begin(store, {"a": 1})
    sessions.keep(store, made, {"a": 2})
    found = sessions.resume(store, made.secret)
    assert found
    assert found.content == {"a": 2}
    sessions.end(store, made.secret)
    assert sessions.resume(store, made.secret) is None


def test_content_moved_to_another_row_is_not_read(store: Store) -> None:
    one, other = sessions.begin(store, {"who": "one"}), sessions.begin(store, {"who": "other"})
    rows = {row.id: row.content for row in store.reader().execute(select(session)).all()}
    first, second = sorted(rows)
    with store.database.writing() as connection:
        connection.execute(session.update().where(session.c.id == first).values(content=rows[second]))
    assert [sessions.resume(store, each.secret) for each in (one, other)].count(None) == 1


def test_sessions_that_are_over_are_cleared_away(store: Store, clock: Clock) -> None:
    sessions.begin(store, {})
    clock.now = START + timedelta(hours=1)
    sessions.begin(store, {})
    assert len(store.reader().execute(select(session)).all()) == 1


def test_what_a_browser_carries_comes_back_whole_and_in_time_only(store: Store, clock: Clock) -> None:
    written = sessions.carry(store, {"state": "s"}, sessions.MINUTE)
    assert sessions.carried(store, written) == {"state": "s"}
    assert sessions.carried(store, written[:-4] + "AAAA") is None
    assert sessions.carried(store, "") is None
    assert sessions.carried(store, "å") is None
    clock.now += timedelta(minutes=2)
    assert sessions.carried(store, written) is None
