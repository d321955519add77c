"""No answer whose audit commit follows the acknowledgement of a withdrawal; and a log that holds whatever is killed when."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from hub.consent.grounds import Consent
from hub.store import audit_reading
from hub.store.audit_check import whole
from hub.store.audit_log import AuditLog, EpochMoved, Leaf
from hub.store.database import Database
from hub.store.known import known, put_ground

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _consent(state: str = "active") -> Consent:
    return Consent(
        id="c1",
        employee="",
        provider="SE1",
        unit="SE1-U1",
        start=NOW,
        end=NOW + timedelta(days=9),
        regime="SVOD",
        represented_by="",
        state=state,
        recorded=NOW,
        recorded_by="SE-DOCTOR",
    )


def _verified(store) -> int:
    size, fault = whole(store.reader())
    assert fault == ""
    return size


def _given(store, write, state: str = "active", log: bool = False) -> None:
    with store.database.writing() as connection:
        put_ground(connection, write.PK, _consent(state), "SE-DOCTOR", store.now())
        if log:
            epoch = known(connection, write.PK, store.now()).epoch
            store.audit.append_in(connection, Leaf(write.PK, {"epoch": epoch, "withdrawal": True}))


def test_a_leaf_decided_before_a_withdrawal_is_refused_after_it(store, write) -> None:
    _given(store, write)
    told = store.known()
    leaf = Leaf(write.PK, {"n": 1}, ((write.PK, told.epoch),))
    _given(store, write, "ended")
    with pytest.raises(EpochMoved):
        store.audit.append(leaf)
    with pytest.raises(EpochMoved), store.database.writing() as connection:
        store.audit.append_in(connection, leaf)
    assert _verified(store) == 0
    assert store.audit.append(Leaf(write.PK, {}, ((write.PK, store.known().epoch),))) == 0


@pytest.mark.parametrize(("seconds", "stands"), [(-1, False), (0, False), (1, True)])
def test_a_leaf_whose_grounds_lapsed_while_it_waited_is_refused_and_those_beside_it_are_not(
    store, write, seconds, stands
) -> None:
    now = store.now()
    clock, store.audit._clock = store.audit._clock, lambda: now
    lasting = Leaf(write.PK, {"n": 1}, until=now + seconds * 1_000_000)
    numbers = store.audit.append_all([Leaf(write.PK, {"n": 0}), lasting, Leaf(write.PK, {"n": 2})])
    store.audit._clock = clock
    assert numbers == ([0, 1, 2] if stands else [0, None, 1])
    assert _verified(store) == 2 + stands


@pytest.mark.parametrize("round_", range(3))
def test_no_answer_is_committed_after_a_withdrawal_was_acknowledged(store, write, round_) -> None:
    """Readers decide and commit as fast as they can, in a process of their own and here, while consent comes and goes."""
    acknowledged: list[tuple[int, float]] = []
    committed: list[tuple[int, float]] = []
    stop = threading.Event()
    other = Database(store.database.url)
    own = AuditLog(other, store.now)

    def answer(log: AuditLog) -> None:
        database = Database(store.database.url)
        while not stop.is_set():
            epoch = known(database.reader(), write.PK, store.now()).epoch
            begun = time.monotonic()
            try:
                log.append(Leaf(write.PK, {"epoch": epoch}, ((write.PK, epoch),)))
            except EpochMoved:
                continue
            committed.append((epoch, begun))
        database.close()

    threads = [threading.Thread(target=answer, args=(log,)) for log in (store.audit, store.audit, own)]
    for thread in threads:
        thread.start()
    for number in range(12):
        _given(store, write, "ended" if number % 2 else "active", log=True)
        acknowledged.append((store.known().epoch, time.monotonic()))
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    other.close()
    assert committed
    for epoch, begun in committed:
        assert not any(moved > epoch and at < begun for moved, at in acknowledged), "submitted on grounds that had moved"
    logged = [entry.content for entry in audit_reading.every(store.reader(), _verified(store))]
    order = [each["epoch"] for each in logged]
    assert order == sorted(order), "an answer on older grounds was committed after the grounds had moved"
    assert sum("withdrawal" in each for each in logged) == 12


def test_writers_that_log_within_their_own_transaction_and_the_committer_wait_for_each_other_in_one_order(store, write) -> None:
    """Each writer holds its patient, then the log's head; were the committer to do it the other way round, both would stop."""
    store.patient(write.PK + 1)
    faults: list[Exception] = []

    def write_grounds(pk: int) -> None:
        for _ in range(15):
            try:
                with store.database.writing() as connection:
                    put_ground(connection, pk, _consent(), "SE-DOCTOR", store.now())
                    store.audit.append_in(connection, Leaf(pk, {"did": "write"}))
            except Exception as fault:
                faults.append(fault)

    def answer(pk: int) -> None:
        for _ in range(40):
            try:
                store.audit.append(Leaf(pk, {"did": "read"}, ((pk, store.known(pk).epoch),)))
            except EpochMoved:
                continue
            except Exception as fault:
                faults.append(fault)

    threads = [threading.Thread(target=work, args=(pk,)) for work in (write_grounds, answer) for pk in (write.PK, write.PK + 1)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert _verified(store) >= 30
    assert time.monotonic() - began < 60


def test_a_change_that_is_rolled_back_leaves_no_entry(store, write) -> None:
    store.audit.append(Leaf(write.PK, {"n": 0}))

    def fail() -> None:
        with store.database.writing() as connection:
            store.audit.append_in(connection, Leaf(write.PK, {"n": 1}))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.audit.append(Leaf(write.PK, {"n": 2})) == 1
    assert [entry.content["n"] for entry in audit_reading.entries(store.reader())] == [0, 2]
    assert _verified(store) == 2


def test_two_logs_that_begin_at_once_are_one(store, write) -> None:
    databases = [Database(store.database.url) for _ in range(3)]
    logs = [AuditLog(database, store.now) for database in databases]
    with ThreadPoolExecutor(len(logs)) as threads:
        given = [log for log in logs for _ in range(5)]
        numbers = list(threads.map(lambda log: log.append(Leaf(write.PK, {})), given))
    assert sorted(numbers) == list(range(15))
    assert _verified(store) == 15
    for each in databases:
        each.close()


def _append_for_ever(url: str, path: str) -> None:
    from hub.store.audit_log import AuditLog, Leaf
    from hub.store.database import Database

    log, number = AuditLog(Database(url), lambda: time.time_ns() // 1000), 0
    with open(path, "w", buffering=1) as said:
        while True:
            said.write(f"{log.append(Leaf(0, {'n': number}))}\n")
            number += 1


@pytest.mark.parametrize("after", [0.05, 0.3])
def test_a_process_killed_while_it_writes_leaves_a_log_that_holds_all_it_said(store, write, tmp_path, after) -> None:
    said = tmp_path / "said"
    worker = multiprocessing.get_context("spawn").Process(target=_append_for_ever, args=(store.database.url, str(said)))
    worker.start()
    while worker.is_alive() and not (said.exists() and said.read_text()):
        time.sleep(0.01)
    time.sleep(after)
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    lines = said.read_text().split("\n")[:-1]
    assert lines
    assert _verified(store) >= len(lines)
    assert store.audit.append(Leaf(write.PK, {})) >= len(lines)
    _verified(store)
