"""A writing transaction is done again where others stood in its way, and its log entries with it."""

import threading

import pytest

from hub.errors import Conflict, NotFound
from hub.store.audit_log import Leaf
from hub.store.deposit import lock_patient


def test_transactions_that_wait_for_each_other_are_done_again(shared_store, write):
    pks = (write.PK + 9_001, write.PK + 9_002)
    for pk in pks:
        shared_store.patient(pk)
    both, tried, done = threading.Barrier(2), [], []

    def carried_out(order):
        def work(connection):
            tried.append(order)
            lock_patient(connection, order[0], 1)
            if not shared_store.database.sqlite and tried.count(order) == 1:
                both.wait(timeout=20)
            lock_patient(connection, order[1], 1)
            return order, [Leaf(order[0], {"did": "write"})]

        done.append(shared_store.write(work))

    together = [threading.Thread(target=carried_out, args=(order,)) for order in (pks, pks[::-1])]
    for each in together:
        each.start()
    for each in together:
        each.join(timeout=60)
    assert sorted(done) == sorted((pks, pks[::-1]))
    if shared_store.database.sqlite:
        assert len(tried) == 2
    else:  # the one that was stopped may be back before the other has what it waited for
        assert len(tried) >= 3


def test_grounds_that_go_on_moving_are_told_as_a_conflict_and_faults_at_once(shared_store, write):
    pk, tried = shared_store.patient(write.PK + 9_003), []

    def moved(connection):
        tried.append(1)
        return None, [Leaf(pk, {"did": "write"}, ((pk, -1),))]

    with pytest.raises(Conflict):
        shared_store.write(moved)
    assert len(tried) == 5

    def failing(connection):
        tried.append(1)
        raise NotFound("there is no such resource")

    with pytest.raises(NotFound):
        shared_store.write(failing)
    assert len(tried) == 6
