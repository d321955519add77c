"""A source that keeps failing is left alone, then tried with exactly one question."""

import pytest

from hub.sources import Fault, SourceFailed
from hub.sources._breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, fault: Fault = Fault.TIMEOUT) -> Fault:
    with pytest.raises(SourceFailed) as failure, breaker.passage():
        raise SourceFailed(fault)
    return failure.value.fault


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(clock, threshold=3, rest=30)
    for _ in range(3):
        fail(breaker)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_then_asks_nobody() -> None:
    breaker = opened(Clock())
    assert breaker.is_resting
    reached = False
    with pytest.raises(SourceFailed) as failure, breaker.passage():
        reached = True
    assert (failure.value.fault, reached) == (Fault.BREAKER, False)


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(Clock(), threshold=3)
    for _ in range(5):
        fail(breaker)
        fail(breaker)
        with breaker.passage():
            pass
    assert not breaker.is_resting


@pytest.mark.parametrize("fault", [Fault.SOAP, Fault.FORM, Fault.LOGICAL, Fault.TOO_LARGE])
def test_a_fault_in_one_answer_never_closes_the_way_for_other_patients(fault: Fault) -> None:
    breaker = Breaker(Clock(), threshold=3)
    for _ in range(10):
        assert fail(breaker, fault) is fault
    assert not breaker.is_resting


def test_half_open_lets_one_probe_through_and_no_one_beside_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 31
    with breaker.passage():
        assert fail_at_the_door(breaker)
        assert fail_at_the_door(breaker)
    assert not breaker.is_resting
    with breaker.passage():
        pass


def test_a_probe_that_fails_rests_it_again_from_then() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 31
    fail(breaker)
    clock.now = 60
    assert fail_at_the_door(breaker)
    clock.now = 62
    with breaker.passage():
        pass


def test_a_probe_that_is_called_off_makes_way_for_the_next() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 31
    with pytest.raises(KeyboardInterrupt), breaker.passage():
        raise KeyboardInterrupt
    assert breaker.is_resting
    with breaker.passage():
        pass
    assert not breaker.is_resting


def fail_at_the_door(breaker: Breaker) -> bool:
    try:
        with breaker.passage():
            return False
    except SourceFailed as failure:
        return failure.fault is Fault.BREAKER
