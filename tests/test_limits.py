"""Who asks too much is told so, others are not disturbed; a flood of refusals becomes one record."""

import anyio
import pytest

from hub import limits
from hub.caller import Caller
from hub.errors import AuditUnavailable, Throttled
from hub.limits import Limit, Limits, Refusals, Refused, Summary, network


@pytest.fixture
def anyio_backend():
    return "asyncio"


def caller(kind="clinician", subject="SE1-E1", client="app"):
    return Caller(kind=kind, subject=subject, client=client, issuer="https://idp.example.org", loa=3)


def taken(act, times):
    """How many of `times` go through."""
    passed = 0
    for _ in range(times):
        try:
            act()
        except Throttled:
            continue
        passed += 1
    return passed


def test_a_person_may_ask_so_often_and_no_more():
    bounds = Limits(per_minute=5, identifiers_per_minute=2)
    assert taken(lambda: bounds.request(caller()), 20) == 5
    assert taken(lambda: bounds.request(caller(subject="SE1-E2")), 20) == 5
    assert taken(lambda: bounds.identifier(caller()), 20) == 2


def test_a_system_client_is_counted_as_a_client():
    bounds = Limits(per_minute=3, identifiers_per_minute=2)
    assert taken(lambda: bounds.request(caller("system", "lab", "lab")), 20) == 3
    assert taken(lambda: bounds.request(caller("system", "other", "other")), 20) == 3


def test_a_person_does_not_get_more_look_ups_by_changing_client():
    bounds = Limits(per_minute=100, identifiers_per_minute=2)
    assert taken(lambda: bounds.identifier(caller(client="a")), 5) == 2
    assert taken(lambda: bounds.identifier(caller(client="b")), 5) == 0


def test_what_is_refused_is_not_named():
    bound = Limit("look-ups", 1)
    bound.take("191212121212")
    with pytest.raises(Throttled) as refused:
        bound.take("191212121212")
    assert "1912" not in str(refused.value)


def test_the_window_moves_on():
    now = 600.0
    bound = Limit("tries", 10, clock=lambda: now)
    assert taken(lambda: bound.take("k"), 20) == 10
    now = 630.0
    assert taken(lambda: bound.take("k"), 20) == 0
    now = 660.0 + 30  # half of the minute before still lies in the window
    assert taken(lambda: bound.take("k"), 20) == 5
    assert taken(lambda: bound.take("another"), 20) == 10
    now = 720.0 + 59
    assert 9 <= taken(lambda: bound.take("k"), 20) <= 10


def test_nobody_has_more_than_the_limit_in_a_minute_and_who_stays_below_it_is_never_refused():
    """Against a list of every moment: of steady callers, for whom two counters say what the list says."""
    for every in (7.0, 6.0, 5.9, 2.0, 0.5):
        moments, passed = [n * every for n in range(2000) if n * every < 600], []
        now = 0.0
        bound = Limit("tries", 10, clock=lambda: now)  # noqa: B023  # the clock of this round
        for now in moments:
            passed += [now] * taken(lambda: bound.take("k"), 1)  # noqa: B023
        if every > 6:
            assert passed == moments
        assert all(sum(start <= at < start + 60 for at in passed) <= 11 for start in passed)


def test_what_is_remembered_of_callers_ends():
    now = 0.0
    bound = Limit("tries", 10, clock=lambda: now)
    for number in range(1000):
        bound.take(str(number))
    now = 60.0
    bound.take("k")
    now = 120.0
    bound.take("k")
    assert len(bound._counts) + len(bound._before) == 2


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.17", "192.0.2.0/24"),
        ("::ffff:192.0.2.17", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", "unknown"),
        ("canary", "unknown"),
    ],
)
def test_an_address_is_counted_by_its_network(address, expected):
    assert network(address) == expected


class Log:
    """Where summaries go; `broken` while it cannot be written."""

    def __init__(self):
        self.held, self.broken, self.now, self.written = [], False, 1000.0, anyio.Event()

    async def record(self, summary):
        if self.broken:
            raise AuditUnavailable("the log cannot be written")
        self.held.append(summary)
        self.written.set()

    def refusals(self, interval=60.0):
        return Refusals(self.record, interval, clock=lambda: self.now)


@pytest.mark.anyio
async def test_a_flood_becomes_one_record():
    log = Log()
    refusals = log.refusals()
    for number in range(1000):
        refusals.count("", f"192.0.2.{number % 256}", "no bearer token")
    refusals.count("https://idp.example.org", "192.0.2.1", "expired")
    log.now = 1060.0
    await refusals.flush()
    await refusals.flush()
    rows = (
        Refused("", "192.0.2.0/24", "no bearer token", 1000),
        Refused("https://idp.example.org", "192.0.2.0/24", "expired", 1),
    )
    assert log.held == [Summary(1000.0, 1060.0, rows)]


@pytest.mark.anyio
async def test_memory_is_bounded_and_nothing_goes_uncounted():
    log = Log()
    refusals = log.refusals()
    for number in range(limits.MAX_KEYS + 5000):
        refusals.count("", f"10.{number % 256}.{number // 256}.1", "no bearer token")
    await refusals.flush()
    rows = log.held[0].rows
    assert len(rows) == limits.MAX_KEYS + 1
    assert sum(row.count for row in rows) == limits.MAX_KEYS + 5000


@pytest.mark.anyio
async def test_what_could_not_be_recorded_is_recorded_the_next_time():
    log = Log()
    log.broken = True
    refusals = log.refusals()
    refusals.count("", "192.0.2.1", "no bearer token")
    log.now = 1060.0
    await refusals.flush()
    log.broken, log.now = False, 1120.0
    refusals.count("", "192.0.2.1", "no bearer token")
    await refusals.flush()
    assert log.held == [Summary(1000.0, 1120.0, (Refused("", "192.0.2.0/24", "no bearer token", 2),))]


@pytest.mark.anyio
async def test_the_running_counter_flushes_by_itself_and_when_it_ends():
    log = Log()
    refusals = log.refusals(interval=0.01)
    async with anyio.create_task_group() as group:
        group.start_soon(refusals.run)
        refusals.count("", "192.0.2.1", "no bearer token")
        with anyio.fail_after(5):
            await log.written.wait()
        refusals.count("", "192.0.2.1", "expired")
        group.cancel_scope.cancel()
    assert sum(row.count for summary in log.held for row in summary.rows) == 2
