"""A few threads that work is handed to, and the one way back to the event loop, on which many results travel together.

The standard executor wakes the loop once for each result; under load that costs more than what most results are about.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
Settled = tuple["asyncio.Future[Any]", Any, BaseException | None]


class WayBack:
    """Settles futures of an event loop from other threads. State: what waits to be settled, for each loop."""

    def __init__(self) -> None:
        self._waiting: WeakKeyDictionary[asyncio.AbstractEventLoop, deque[Settled]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def settle(self, waiter: "asyncio.Future[Any]", result: Any, fault: BaseException | None) -> None:
        """Give `waiter` its result or fault, soon."""
        loop = waiter.get_loop()
        with self._lock:
            waiting = self._waiting.setdefault(loop, deque())
            waiting.append((waiter, result, fault))
            first = len(waiting) == 1
        if first and not loop.is_closed():
            loop.call_soon_threadsafe(self._arrive, loop)

    def _arrive(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            arrived = self._waiting.pop(loop, deque())
        for waiter, result, fault in arrived:
            if waiter.done():  # who has gone away waits for nothing
                continue
            if fault is None:
                waiter.set_result(result)
            else:
                waiter.set_exception(fault)


class Threads:
    """State: the threads, and the work that waits for them."""

    def __init__(self, count: int, name: str, back: WayBack) -> None:
        self._work: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._back = back
        self._closed = False
        self._threads = [threading.Thread(target=self._run, name=f"{name}_{n}", daemon=True) for n in range(count)]
        for each in self._threads:
            each.start()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` gives, on one of the threads.

        Raises: RuntimeError: closed; and what `work` raises.
        """
        if self._closed:
            raise RuntimeError("the store is closed")
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._work.put((work, waiter))
        return await waiter

    def close(self) -> None:
        """Finish what is waiting, then end the threads."""
        if not self._closed:
            self._closed = True
            for _ in self._threads:
                self._work.put(None)
        for each in self._threads:
            each.join()

    def _run(self) -> None:
        while (given := self._work.get()) is not None:
            work, waiter = given
            try:
                result = work()
            except BaseException as fault:  # whatever it is, it is for whoever waits
                self._back.settle(waiter, None, fault)
            else:
                self._back.settle(waiter, result, None)
            del given, work, waiter
