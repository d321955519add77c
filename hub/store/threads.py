"""A few threads that answer for the event loop, many requests in a turn: their work, one commit of all their log entries, and
one wake-up of the loop that gives every answer.

A turn takes what waits when it begins and what comes while it works, so the busier the hub, the more requests share a turn.
One thread serves as a rule, and always the same, whose connection remembers most; it and the loop take turns, since they would
only wait for each other for the interpreter. Another comes in where the first is held up, and takes over all that waits behind
it, the entries not yet committed among it.
"""

import asyncio
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from hub.errors import AuditUnavailable
from hub.store.audit_log import AuditLog, Leaf

Work = Callable[[Any], tuple[Any, Leaf | None]]
"""Takes what was looked up of the place that it begins at, or None. Gives what it found out and the entry that must be durable
before anybody hears of it; None: nothing to log."""
TRIES = 8
"""How often work is done again when the grounds move under it, before the hub gives up."""
MOST = 32
"""Tasks that are done in one transaction."""
TURN = 0.05
"""Seconds after which a thread commits what it has done, though more is waiting."""
FULL = 64
"""As many requests that wait do not wait for more."""


class Joint(NamedTuple):
    """Work that is done for many at once: `many` gives what came of each, or what is wrong with it. Raises: nothing was done."""

    many: Callable[[Sequence[Any]], Sequence[Any]]
    given: Any


class Task:
    """One request's work, and who waits for it. State: what has come of it so far."""

    __slots__ = ("fault", "joint", "leaf", "loop", "moved", "place", "result", "start", "tries", "waiter", "work")

    def __init__(self, work: Work, loop: asyncio.AbstractEventLoop, joint: Joint | None, place: int | None) -> None:
        self.work = work
        self.joint = joint
        self.place = place
        self.start: Any = None
        self.loop = loop
        self.waiter: asyncio.Future[Any] = loop.create_future()
        self.result: Any = None
        self.leaf: Leaf | None = None
        self.fault: BaseException | None = None
        self.tries = 0
        self.moved = False

    def run(self) -> None:
        """Do the work."""
        self.moved = False
        try:
            self.result, self.leaf = self.work(self.start)
        except BaseException as fault:  # whatever it is, it is for whoever waits
            self.leaf, self.fault = None, fault

    def came(self, outcome: Any) -> None:
        """What came of it, done together with others."""
        if isinstance(outcome, Exception):
            self.fault = outcome
        else:
            self.result = outcome

    def again(self) -> None:
        """The grounds have moved since it was done."""
        self.tries += 1
        self.moved = self.tries < TRIES
        if not self.moved:
            self.fault = AuditUnavailable("the grounds move faster than the answer can be logged")

    def tell(self) -> None:
        """Tell who waits. On the loop's own thread."""
        if self.waiter.done():  # who has gone away waits for nothing
            return
        if self.fault is None:
            self.waiter.set_result((self.result, self.leaf))
        else:
            self.waiter.set_exception(self.fault)


class Threads:
    """State: the threads, how many of them rest, the work that waits, and what is done but not told."""

    def __init__(
        self,
        count: int,
        name: str,
        patience: float,
        log: AuditLog,
        look_up: Callable[[Collection[int]], Mapping[int, Any]] = lambda _: {},
    ) -> None:
        """`patience`: seconds that work waits behind a thread that is held up; `look_up`: gives what work that begins at these
        places needs first."""
        self._patience = patience
        self._log = log
        self._look_up = look_up
        self._waiting: deque[Task] = deque()
        self._done: deque[Task] = deque()
        self._lock = threading.Lock()
        self._called: asyncio.AbstractEventLoop | None = None
        self._came = 0
        self._watching: asyncio.AbstractEventLoop | None = None
        self._moved = 0.0
        self._resting = [threading.Lock() for _ in range(count)]
        self._closed = False
        self.turns = 0
        """How many there were: each wakes the loop once."""
        self._threads = [
            threading.Thread(target=self._serve, args=(wake,), name=f"{name}_{n}", daemon=True)
            for n, wake in enumerate(self._resting)
        ]
        for wake in self._resting:
            wake.acquire()
        for each in self._threads:
            each.start()

    async def run(self, work: Work, joint: Joint | None = None, place: int | None = None) -> tuple[Any, Leaf | None]:
        """What `work` gives, on one of the threads, its entry durable.

        Takes: `joint`: how it is done together with others that wait for the same; `work` is for when that fails; `place`: what
        it begins by looking up.
        Raises: AuditUnavailable: closed, or the entry cannot be written; and what `work` raises.
        """
        loop = asyncio.get_running_loop()
        task = Task(work, loop, joint, place)
        with self._lock:  # nothing waits behind the end, where nobody would take it
            if self._closed:
                raise AuditUnavailable("the store is closed")
            self._waiting.append(task)
        self._call_soon(loop)
        found: tuple[Any, Leaf | None] = await task.waiter
        return found

    def close(self) -> None:
        """Finish what is waiting, then end the threads."""
        with self._lock:
            self._closed = True
            roused, self._resting = self._resting, []
        for wake in roused:
            wake.release()
        for each in self._threads:
            each.join()

    def _call_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._called is not loop:  # all that the loop hands over in one round is one call
            self._called, self._came = loop, 0
            loop.call_soon(self._call, loop)

    def _call(self, loop: asyncio.AbstractEventLoop) -> None:
        """Rouse a thread, once a round of the loop brings nothing more: the more share a turn, the less each costs."""
        waiting = len(self._waiting)
        if self._came < waiting < FULL:
            self._came = waiting
            loop.call_soon(self._call, loop)
            return
        self._called = None
        with self._lock:
            if waiting and len(self._resting) == len(self._threads):
                self._rouse()
        self._watch(loop)

    def _rouse(self) -> None:
        self._moved = time.monotonic()
        self._resting.pop().release()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._watching is not loop:
            self._watching = loop
            loop.call_later(self._patience, self._look_after, loop)

    def _look_after(self, loop: asyncio.AbstractEventLoop) -> None:
        """Rouse another thread where nothing has moved for a while."""
        self._watching = None
        with self._lock:
            left = bool(self._waiting or self._done)
            if left and self._resting and time.monotonic() - self._moved >= self._patience:
                self._rouse()
        if left:
            self._watch(loop)

    def _serve(self, wake: threading.Lock) -> None:
        closed = False
        while not closed:
            wake.acquire()
            closed = self._closed  # then nothing comes any more, and this turn is the last
            while self._turn(wake):
                pass

    def _turn(self, wake: threading.Lock) -> bool:
        """Do what waits, commit and tell. Gives: whether to go on; if not, the thread rests until `wake` is released."""
        began = self._moved = time.monotonic()
        self._begin()
        for task in _drained(self._waiting):
            self._moved = time.monotonic()
            if not task.waiter.done():  # who has gone away waits for nothing
                self._do(task)
            if self._moved - began > TURN:
                break
        done = list(_drained(self._done))
        told = self._finish(done) if done else {}
        with self._lock:
            left = bool(self._waiting or self._done)
            alone = len(self._resting) == len(self._threads) - 1
            goes_on = left and (self._closed or not told or not alone)  # else it is the loop's turn, which calls for what is left
            if not goes_on:
                self._resting.append(wake)
                if self._closed:
                    self._rouse()
        for loop, tasks in told.items():
            with suppress(RuntimeError):  # the loop is closed: nobody waits
                loop.call_soon_threadsafe(self._tell, loop, tasks)
        return goes_on

    def _begin(self) -> None:
        """Look up for all that waits where it begins. Who comes during the turn looks up for itself: a place that was looked up
        before somebody came may have changed since."""
        waiting = {task: task.place for task in self._waiting.copy() if task.place is not None}
        found: Mapping[int, Any] = {}
        if len(waiting) > 1:
            with suppress(Exception):  # whatever it is, it meets those who look for themselves, and is theirs
                found = self._look_up(set(waiting.values()))
        for task, place in waiting.items():
            task.start = found.get(place)

    def _do(self, task: Task) -> None:
        if task.joint is None:
            task.run()
            self._done.append(task)
            return
        many = task.joint.many
        waiting = list(_drained(self._waiting))
        alike = [task, *(each for each in waiting if each.joint and each.joint.many is many and not each.waiter.done())][:MOST]
        self._waiting.extendleft(each for each in reversed(waiting) if each not in alike)
        try:
            for each, outcome in zip(alike, many([each.joint.given for each in alike if each.joint]), strict=True):
                each.came(outcome)
        except Exception:  # whatever it is, it is for whom it concerns, and each finds out by itself
            for each in alike:
                each.run()
        self._done.extend(alike)

    def _tell(self, loop: asyncio.AbstractEventLoop, tasks: Sequence[Task]) -> None:
        for task in tasks:
            task.tell()
        if self._waiting:
            self._call_soon(loop)

    def _finish(self, done: Sequence[Task]) -> Mapping[asyncio.AbstractEventLoop, Sequence[Task]]:
        """Commit. Gives: whom to tell, by their loop; who is not among them is done again."""
        self.turns += 1
        logged = [(task, task.leaf) for task in done if task.leaf is not None]
        try:
            numbers = self._log.append_all([leaf for _, leaf in logged]) if logged else ()
        except AuditUnavailable as fault:
            for task, _ in logged:
                task.fault = fault
        else:
            for (task, _), number in zip(logged, numbers, strict=True):
                if number is None:
                    task.again()
        self._waiting.extendleft(task for task in done if task.moved)
        told: dict[asyncio.AbstractEventLoop, list[Task]] = defaultdict(list)
        for task in done:
            if not task.moved:
                told[task.loop].append(task)
        return told


def _drained(tasks: deque[Task]) -> Iterator[Task]:
    """Each of them, taken out; others may take of them meanwhile."""
    while True:
        try:
            yield tasks.popleft()
        except IndexError:
            return
