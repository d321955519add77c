"""The store: the one door to the database. Work that touches it hops to a small pool of threads, once per request."""

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime
from typing import Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Connection

from hub.errors import Conflict
from hub.keys import Keys
from hub.store import partitions, reindexing
from hub.store.audit_log import AuditLog, EpochMoved, Leaf
from hub.store.database import Database, deadlocked
from hub.store.deposit import DIRECTORY_RECORD, open_record
from hub.store.known import Memory
from hub.store.past import PastVersions
from hub.store.search import Searcher
from hub.store.starts import Start, Starts, look_up
from hub.store.threads import Joint, Threads
from hub.store.values import micros

P = ParamSpec("P")
T = TypeVar("T")
G = TypeVar("G")
THREADS = 4
"""One of which serves as a rule, and another where it is held up."""
ATTEMPTS = 5
"""How often a writing transaction is tried that others stand in the way of."""
PATIENCE = 0.01
"""Seconds that work waits behind a thread that is held up."""


class Store:
    """State: connections, threads, prepared statements, what was known a moment ago."""

    def __init__(
        self,
        url: str,
        keys: Keys,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        observe: Callable[[int], None] = lambda size: None,
        audit_shards: int = 1,
    ) -> None:
        self.database = Database(url)
        self.keys = keys
        self.clock = clock
        self.memory = Memory()
        dialect = "sqlite" if self.database.sqlite else "postgresql"
        self.search = Searcher(dialect)
        self.past = PastVersions(dialect)
        self.audit = AuditLog(self.database, self.now, observe, audit_shards)
        self.starts = Starts()
        self._threads = Threads(THREADS, "store", PATIENCE, self.audit, self._look_up)
        self._inside: Connection | None = None
        self.hops = 0
        """How many times work hopped to a thread: tests count them."""

    def open(self) -> None:
        """Bring the tables up to date and make the record of what belongs to no patient.

        Raises: reindexing.OutdatedKeys: what is there is found by other search parameters than this version's; ValueError: the
        log is kept in another number of shards.
        """
        self.database.migrate()
        with self.database.writing() as connection:
            reindexing.check(connection)
            self.audit.open(connection)
            open_record(connection, *DIRECTORY_RECORD)
        partitions.keep_months(self.database, self.now())

    def now(self) -> int:
        """Microseconds since 1970-01-01T00:00Z."""
        return micros(self.clock())

    def reader(self) -> Connection:
        """This thread's reading connection; inside a transaction its own."""
        return self._inside or self.database.reader()

    def inside(self, connection: Connection) -> "Store":
        """The store as a writing transaction sees it: with what it wrote so far. Nothing of it is remembered afterwards."""
        found = copy(self)
        found._inside, found.memory, found.starts = connection, Memory(), Starts()
        return found

    def within(self, connection: Connection) -> "Within":
        """The same, for interactions that are part of that transaction."""
        found = Within.__new__(Within)
        found.__dict__ |= self.inside(connection).__dict__
        found.leaves = []
        return found

    def write(self, work: Callable[[Connection], tuple[T, list[Leaf]]]) -> T:
        """Run `work` in one writing transaction, which the log entries that it gives are part of; anew where it and another
        waited for each other, or the grounds of an entry moved meanwhile.

        Raises: Conflict: others stood in the way each time; AuditUnavailable; what `work` raises.
        """
        for _ in range(ATTEMPTS):
            try:
                with self.database.writing() as connection:
                    result, leaves = work(connection)
                    self.audit.append_in(connection, *leaves)
                return result
            except EpochMoved:
                continue
            except Exception as fault:  # the driver's own among them: all but a deadlock goes on as it is
                if not (deadlocked(fault) or deadlocked(fault.__cause__)):
                    raise
        raise Conflict("others write the same at the same time: try again")

    async def __call__(self, work: Callable[Concatenate["Store", P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(store, …)` on one of the store's threads."""
        self.hops += 1
        result, _ = await self._threads.run(lambda _: (work(self, *args, **kwargs), None))
        return cast("T", result)

    async def answered(
        self, work: Callable[Concatenate["Store", P], tuple[T, Leaf | None]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, Leaf | None]:
        """Run `work(store, …)` on one of the store's threads and make the log entry that it gives durable, together with
        others that wait; when the grounds moved meanwhile, run it again.

        Takes: `work`: gives (result, None) where there is nothing to log yet.
        Raises: AuditUnavailable; what `work` raises.
        """
        self.hops += 1
        return await self._threads.run(lambda _: work(self, *args, **kwargs))

    async def answered_at(
        self, place: int, work: Callable[Concatenate["Store", P], tuple[T, Leaf | None]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, Leaf | None]:
        """As `answered`, for work that begins by asking to whom `place` belongs (`starts`): that is looked up for all at once."""
        self.hops += 1
        return await self._threads.run(lambda start: self.starts.begun(place, start, work, self, *args, **kwargs), place=place)

    async def together(
        self, many: Callable[[Sequence[G]], Sequence[T | Exception]], given: G, alone: Callable[["Store", G], T]
    ) -> T:
        """Do with what is `given` what is done with all that waits for the same, in one transaction with its log entries.

        Takes: `many`: gives what came of each, or what is wrong with it; where it raises, nothing of it is done, and each is
        done `alone`.
        Raises: what came of it.
        """
        self.hops += 1
        result, _ = await self._threads.run(lambda _: (alone(self, given), None), Joint(many, given))
        return cast("T", result)

    async def commit(self, leaf: Leaf) -> None:
        """Make a log entry durable, together with others that wait.

        Raises: AuditUnavailable.
        """
        await self._threads.run(lambda _: (None, leaf))

    def _look_up(self, places: Collection[int]) -> Mapping[int, Start]:
        return look_up(self.reader(), places)

    @property
    def turns(self) -> int:
        """How often many were answered at once: tests count them."""
        return self._threads.turns

    def close(self) -> None:
        """Finish what is running and let go of everything."""
        self._threads.close()
        self.database.close()


class Within(Store):
    """The store inside one writing transaction: what interactions want done is done at once, in the transaction's own thread, and
    what they have to log is gathered, to be logged with it. Nothing here waits."""

    leaves: list[Leaf]

    def write(self, work: Callable[[Connection], tuple[T, list[Leaf]]]) -> T:
        """Within the transaction: what `work` raises undoes what it did, and no more."""
        assert self._inside is not None
        with self._inside.begin_nested():
            result, leaves = work(self._inside)
        self.leaves += leaves
        return result

    async def __call__(self, work: Callable[Concatenate[Store, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        return work(self, *args, **kwargs)

    async def answered(
        self, work: Callable[Concatenate[Store, P], tuple[T, Leaf | None]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, Leaf | None]:
        result, leaf = work(self, *args, **kwargs)
        if leaf is not None:
            self.leaves.append(leaf)
        return result, leaf

    async def answered_at(
        self, place: int, work: Callable[Concatenate[Store, P], tuple[T, Leaf | None]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[T, Leaf | None]:
        return await self.answered(work, *args, **kwargs)

    async def commit(self, leaf: Leaf) -> None:
        self.leaves.append(leaf)
