"""A circuit breaker: a source that keeps failing is left alone for a while, then tried with exactly one question."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.sources import Fault, SourceFailed

COUNTED = frozenset({Fault.NAME, Fault.REFUSED, Fault.TLS, Fault.TIMEOUT, Fault.HTTP})
"""Faults of the source itself. A fault in one answer (SOAP, form, refusal) says nothing about the next patient's."""


class Breaker:
    """Closed: all pass. Open after `threshold` failures in a row: none pass for `rest` seconds. Then one probe decides.

    It has state since that is its whole purpose; it is used from one event loop only.
    """

    def __init__(self, clock: Callable[[], float], threshold: int = 5, rest: float = 30.0) -> None:
        self._clock = clock
        self._threshold = threshold
        self._rest = rest
        self._failures = 0
        self._opened = 0.0
        self._probing = False

    @property
    def is_resting(self) -> bool:
        """No question passes now, but perhaps a probe."""
        return self._failures >= self._threshold

    @contextmanager
    def passage(self) -> Iterator[None]:
        """Let one question through and learn from what becomes of it.

        Raises: SourceFailed: it is resting.
        """
        probe = self._admit()
        try:
            yield
        except SourceFailed as failure:
            self._learn(failure.fault in COUNTED)
            raise
        else:
            self._learn(failed=False)
        finally:
            if probe:
                self._probing = False

    def _admit(self) -> bool:
        """Whether this question is the probe."""
        if not self.is_resting:
            return False
        if self._probing or self._clock() - self._opened < self._rest:
            raise SourceFailed(Fault.BREAKER)
        self._probing = True
        return True

    def _learn(self, failed: bool) -> None:
        self._failures = self._failures + 1 if failed else 0
        if failed and self.is_resting:
            self._opened = self._clock()
