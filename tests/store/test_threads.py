"""Many requests share a turn, a commit and a wake-up; none is answered before its own entry is durable, and none waits long
behind another that is slow."""

import asyncio
import threading
import time

import pytest
from sqlalchemy import update

from hub.errors import AuditUnavailable, InvalidRequest
from hub.store import audit_reading
from hub.store.audit_check import whole
from hub.store.audit_log import Leaf
from hub.store.tables import patient
from hub.store.threads import TRIES, Threads


@pytest.fixture
def anyio_backend():
    return "asyncio"


pytestmark = pytest.mark.anyio


def _logged(store) -> list[dict]:
    size, fault = whole(store.reader())
    assert fault == ""
    return [each.content for each in audit_reading.every(store.reader(), size)]


async def test_thirty_two_that_come_at_once_share_a_commit_and_none_hears_before_it(store, write) -> None:
    before = store.database.commits
    heard = []

    async def ask(number: int) -> None:
        await store.answered(lambda _: (number, Leaf(write.PK, {"n": number})))
        heard.append(store.database.commits)

    await asyncio.gather(*[ask(number) for number in range(32)])
    assert sorted(each["n"] for each in _logged(store)) == list(range(32))
    assert store.database.commits == before + 1
    assert set(heard) == {before + 1}


async def test_what_comes_while_the_log_waits_for_another_writer_shares_the_next_commits(store, write) -> None:
    before = store.database.commits
    with store.database.writing() as connection:
        store.audit.append_in(connection, Leaf(write.PK, {"n": -1}))  # holds the head, so that others wait
        asked = []
        for number in range(32):
            asked.append(asyncio.create_task(store.commit(Leaf(write.PK, {"n": number}))))
            await asyncio.sleep(0.002)
        assert not any(each.done() for each in asked)
    await asyncio.gather(*asked)
    assert sorted(each["n"] for each in _logged(store)) == list(range(-1, 32))
    assert store.database.commits - before - 1 < 16


async def test_who_has_done_its_work_does_not_wait_for_a_slow_one_that_came_after_it(store, write) -> None:
    over = threading.Event()
    slow = [asyncio.create_task(store.answered(lambda _, n=n: (over.wait(10), Leaf(write.PK, {"n": n})))) for n in (-1, -2)]
    quick = [asyncio.create_task(store.answered(lambda _, n=n: (n, Leaf(write.PK, {"n": n})))) for n in range(8)]
    await asyncio.wait_for(asyncio.gather(*quick), 5)
    later = store(lambda _: "later")
    assert await asyncio.wait_for(later, 5) == "later"
    over.set()
    await asyncio.gather(*slow)
    assert len(_logged(store)) == 10


async def test_what_stands_behind_a_slow_one_in_the_same_turn_is_done_by_another_thread(store, write) -> None:
    over = threading.Event()

    async def quick(number: int) -> str:
        await store.answered(lambda _: (number, Leaf(write.PK, {"n": number})))
        return "quick"

    async def slow() -> str:
        await store.answered(lambda _: (over.wait(10), Leaf(write.PK, {"n": -1})))
        return "slow"

    asked = [asyncio.create_task(each) for each in (quick(0), slow(), quick(1), quick(2))]
    done, _ = await asyncio.wait(asked, timeout=5)
    assert sorted(each.result() for each in done) == ["quick"] * 3
    over.set()
    assert await asked[1] == "slow"


async def test_work_is_done_again_where_its_grounds_have_moved(store, write) -> None:
    seen = []

    def work(store):
        told = store.known()
        seen.append(told.epoch)
        if len(seen) == 1:
            with store.database.writing() as connection:
                connection.execute(update(patient).where(patient.c.pk == write.PK).values(epoch=told.epoch + 1))
        return told.epoch, Leaf(write.PK, {"epoch": told.epoch}, ((write.PK, told.epoch),))

    answer, leaf = await store.answered(work)
    assert answer == leaf.content["epoch"] == seen[1] == seen[0] + 1
    assert [each["epoch"] for each in _logged(store)] == [answer]


async def test_work_whose_grounds_never_stand_still_is_given_up(store, write) -> None:
    done = []
    with pytest.raises(AuditUnavailable):
        await store.answered(lambda _: (done.append(1), Leaf(write.PK, {}, ((write.PK, -5),))))
    assert len(done) == TRIES
    assert _logged(store) == []


async def test_a_fault_is_its_own_request_s_alone(store, write) -> None:
    def fails(_):
        raise InvalidRequest("no")

    asked = [store.answered(lambda _, n=n: (n, Leaf(write.PK, {"n": n}))) for n in range(3)]
    found = await asyncio.gather(asked[0], store.answered(fails), *asked[1:], return_exceptions=True)
    assert isinstance(found.pop(1), InvalidRequest)
    assert [result for result, _ in found] == [0, 1, 2]
    assert len(_logged(store)) == 3


async def test_whoever_gives_up_waiting_leaves_nothing_behind_and_stops_nobody(store, write) -> None:
    over = threading.Event()
    first = asyncio.create_task(store(lambda _: over.wait(10)))
    await asyncio.sleep(0.001)
    gone = [asyncio.create_task(store.commit(Leaf(write.PK, {"gone": n}))) for n in range(3)]
    await asyncio.sleep(0)
    for each in gone:
        each.cancel()
    kept = store.commit(Leaf(write.PK, {"n": 1}))
    over.set()
    await asyncio.gather(first, kept)
    assert _logged(store) == [each for each in _logged(store) if "gone" not in each]
    assert len(_logged(store)) == 1


async def test_one_loop_after_another_is_served(store) -> None:
    """A loop that ends with its call still to come does not keep the next one from being heard."""

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(store(lambda _: 1))
        loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.close()

    await asyncio.to_thread(abandon)
    assert await asyncio.wait_for(store(lambda _: 2), 5) == 2


async def test_a_closed_store_finishes_what_waits_and_takes_nothing_more(store, write) -> None:
    asked = [asyncio.create_task(store.commit(Leaf(write.PK, {"n": n}))) for n in range(5)]
    await asyncio.sleep(0)
    await asyncio.to_thread(store.close)
    await asyncio.gather(*asked)
    began = time.monotonic()
    with pytest.raises(AuditUnavailable):
        await store.commit(Leaf(write.PK, {}))
    with pytest.raises(AuditUnavailable):
        await store(lambda _: 1)
    assert time.monotonic() - began < 1
    store.close()


async def test_what_waits_for_the_same_is_done_together_and_each_hears_its_own(store) -> None:
    parts = []

    def many(given):
        parts.append(len(given))
        return [InvalidRequest("no") if each == 3 else each * 2 for each in given]

    asked = [store.together(many, number, lambda *_: "alone") for number in range(8)]
    found = await asyncio.gather(*asked, store(lambda _: "other"), return_exceptions=True)
    assert isinstance(found[3], InvalidRequest)
    assert [each for n, each in enumerate(found) if n != 3] == [0, 2, 4, 8, 10, 12, 14, "other"]
    assert (sum(parts), len(parts) < 8) == (8, True)


async def test_where_what_is_done_together_fails_each_is_done_alone(store) -> None:
    def many(_):
        raise RuntimeError("one of them stands in the way")

    def alone(_, number):
        if number == 3:
            raise InvalidRequest("no")
        return number * 2

    found = await asyncio.gather(*(store.together(many, number, alone) for number in range(8)), return_exceptions=True)
    assert isinstance(found[3], InvalidRequest)
    assert [each for n, each in enumerate(found) if n != 3] == [0, 2, 4, 8, 10, 12, 14]


async def test_one_thread_serves_as_long_as_nothing_holds_it_up(store) -> None:
    """Its connection remembers what it has read; another's would read it again."""
    served = [await store(lambda _: threading.current_thread().name) for _ in range(16)]
    assert len(set(served)) == 1


async def test_what_comes_in_the_rounds_after_the_first_shares_its_turn(store) -> None:
    turns = store.turns

    async def later(rounds: int) -> None:
        for _ in range(rounds):
            await asyncio.sleep(0)
        await store(lambda _: 1)

    await asyncio.gather(*[later(number) for number in range(8)])
    assert store.turns == turns + 1


async def test_threads_end_with_all_done_whatever_they_are_at_when_they_are_closed(store) -> None:
    for number in range(20):
        threads = Threads(1, "few", 0.01, store.audit)
        asked = [asyncio.create_task(threads.run(lambda _, n=n: (n, None))) for n in range(4)]
        await asyncio.sleep(0.0005 * (number % 5))
        await asyncio.to_thread(threads.close)
        assert [result for result, _ in await asyncio.gather(*asked)] == list(range(4))


async def test_who_waits_when_a_turn_begins_is_given_what_was_looked_up_and_who_comes_later_looks_anew(store) -> None:
    """What was looked up before somebody came may have changed, and the change been told, before they came."""
    looked, begun, over = [], threading.Event(), threading.Event()

    def look_up(places):
        looked.append(sorted(places))
        return {place: f"as of turn {len(looked)}" for place in places}

    threads = Threads(1, "few", 10, store.audit, look_up)
    held_up = asyncio.create_task(threads.run(lambda _: ((begun.set(), over.wait(10)), None)))
    waited = [asyncio.create_task(threads.run(lambda start: (start, None), place=place)) for place in (1, 2, 2)]
    await asyncio.to_thread(begun.wait, 10)
    late = asyncio.create_task(threads.run(lambda start: (start, None), place=1))
    await asyncio.sleep(0)
    over.set()
    await held_up
    assert [(await each)[0] for each in waited] == ["as of turn 1"] * 3
    assert ((await late)[0], looked) == (None, [[1, 2]])
    await asyncio.to_thread(threads.close)


async def test_where_nothing_can_be_looked_up_for_all_each_looks_for_itself(store) -> None:
    def look_up(_):
        raise OSError("the database is gone")

    threads = Threads(1, "few", 10, store.audit, look_up)
    asked = [threads.run(lambda start: (start, None), place=place) for place in range(3)]
    assert await asyncio.gather(*asked) == [(None, None)] * 3
    await asyncio.to_thread(threads.close)
