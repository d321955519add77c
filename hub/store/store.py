"""The store: the one door to the database. Work that touches it hops to a small pool of threads, once per request."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from hub.keys import Keys
from hub.store.audit_log import AuditLog, Leaf
from hub.store.database import Database
from hub.store.deposit import DIRECTORY_RECORD, open_record
from hub.store.known import Memory
from hub.store.search import Searcher
from hub.store.threads import Threads, WayBack
from hub.store.values import micros

P = ParamSpec("P")
T = TypeVar("T")
THREADS = {True: 2, False: 4}
"""SQLite, PostgreSQL. More would only wait for each other: work in a thread holds the interpreter or the database."""


class Store:
    """State: connections, threads, prepared statements, what was known a moment ago, the audit committer."""

    def __init__(
        self,
        url: str,
        keys: Keys,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        observe: Callable[[int], None] = lambda size: None,
    ) -> None:
        self.database = Database(url)
        self.keys = keys
        self.clock = clock
        self.memory = Memory()
        self.search = Searcher("sqlite" if self.database.sqlite else "postgresql")
        self.audit = AuditLog(self.database, self.now, observe)
        self._back = WayBack()
        self._threads = Threads(THREADS[self.database.sqlite], "store", self._back)
        self.hops = 0
        """How many times work hopped to a thread: tests count them."""

    def open(self) -> None:
        """Bring the tables up to date and make the record of what belongs to no patient."""
        self.database.migrate()
        with self.database.writing() as connection:
            open_record(connection, *DIRECTORY_RECORD)

    def now(self) -> int:
        """Microseconds since 1970-01-01T00:00Z."""
        return micros(self.clock())

    def reader(self) -> Connection:
        """This thread's reading connection."""
        return self.database.reader()

    async def __call__(self, work: Callable[Concatenate["Store", P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(store, …)` on one of the store's threads."""
        self.hops += 1
        return await self._threads.run(lambda: work(self, *args, **kwargs))

    async def commit(self, leaf: Leaf) -> int:
        """Make a log entry durable, together with others that wait.

        Raises: EpochMoved; AuditUnavailable.
        """
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.audit.submit(leaf).add_done_callback(partial(self._tell, waiter))
        return await waiter

    def _tell(self, waiter: "asyncio.Future[int]", done: "Future[int]") -> None:
        fault = done.exception()
        self._back.settle(waiter, None if fault else done.result(), fault)

    def close(self) -> None:
        """Finish what is running and let go of everything."""
        self._threads.close()
        self.audit.close()
        self.database.close()
