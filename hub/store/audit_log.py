"""The access log: one committer that makes many leaves durable at once, and refuses a leaf whose grounds have moved.

A request submits a `Leaf` and waits; the answer leaves only when its leaf is committed. Guarantee (API.md section 5):
no answer whose audit commit follows the acknowledgement of a withdrawal, since the withdrawal moves the patient's epoch.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, insert, or_, select, update

from hub.audit import Frontier, leaf_hash
from hub.errors import AuditUnavailable
from hub.fhir.json import dumps, loads
from hub.store.database import Database
from hub.store.prepared import Prepared
from hub.store.tables import audit, audit_head, patient
from hub.store.values import insert_new

SHARD = 0
"""The shard that this process appends to."""
BATCH = 512
"""Leaves of one commit, at most."""
GATHER = 0.001
"""Seconds that a busy committer waits for more leaves: a commit costs more than to carry one leaf along."""


class EpochMoved(Exception):
    """The grounds changed between decision and commit: decide again."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One log entry on its way: `epochs` are the grounds it was decided on (patient key -> epoch)."""

    pk: int
    content: dict[str, Any]
    epochs: tuple[tuple[int, int], ...] = ()


class AuditLog:
    """The committer of one process. State: a queue and a thread, because commits are shared between requests."""

    def __init__(self, database: Database, clock: Callable[[], int], observe: Callable[[int], None] = lambda size: None) -> None:
        self._database = database
        self._clock = clock
        self._observe = observe
        self._queue: queue.SimpleQueue[tuple[Leaf, Future[int]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="audit-committer", daemon=True)
        self._closed = False
        self._closing = threading.Lock()
        self._thread.start()

    def submit(self, leaf: Leaf) -> "Future[int]":
        """Hand over a leaf. The future gives its sequence number once durable.

        Raises (in the future): EpochMoved; AuditUnavailable.
        """
        done: Future[int] = Future()
        with self._closing:  # nothing is put behind the end, where nobody would take it
            if self._closed:
                done.set_exception(AuditUnavailable("the access log is closed"))
            else:
                self._queue.put((leaf, done))
        return done

    def append(self, leaf: Leaf) -> int:
        """Submit and wait, for callers that are not answering a request."""
        return self.submit(leaf).result()

    def append_in(self, connection: Connection, leaf: Leaf) -> int:
        """Append within a writing transaction of one's own: the change and its entry are durable together or not at all.

        Raises: EpochMoved; AuditUnavailable.
        """
        try:
            [seq] = self._append(connection, [leaf])
        except Exception as fault:  # whatever it is, the driver's own errors among them: the change is not made either
            raise AuditUnavailable(f"the access log cannot be written ({type(fault).__name__})") from fault
        if seq is None:
            raise EpochMoved
        return seq

    def close(self) -> None:
        """Commit what is waiting and stop."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            batch, last = [first], False
            while len(batch) < BATCH and not last:
                try:
                    more = self._queue.get_nowait()
                except queue.Empty:
                    break
                last = more is None
                if more is not None:
                    batch.append(more)
            self._commit(batch)
            if last:
                return
            if len(batch) > 1:
                time.sleep(GATHER)

    def _commit(self, batch: list[tuple[Leaf, "Future[int]"]]) -> None:
        batch = [each for each in batch if each[1].set_running_or_notify_cancel()]  # who has gone away waits for nothing
        if not batch:
            return
        try:
            with self._database.writing() as connection:
                outcomes = self._append(connection, [leaf for leaf, _ in batch])
        except Exception as fault:  # whatever it is, those who wait are told, and the committer lives on
            for _, done in batch:
                done.set_exception(AuditUnavailable(f"the access log cannot be written ({type(fault).__name__})"))
            return
        self._observe(len(batch))
        for (_, done), seq in zip(batch, outcomes, strict=True):
            if seq is None:
                done.set_exception(EpochMoved())
            else:
                done.set_result(seq)

    def _append(self, connection: Connection, leaves: Sequence[Leaf]) -> list[int | None]:
        # Patients before the head, always: who writes a patient appends last, and two orders would wait for each other.
        current = self._epochs(connection, leaves)
        size, roots, last = _head(connection)
        tree = Frontier.from_bytes(size, roots)
        at = max(self._clock(), last)
        outcomes: list[int | None] = []
        rows = []
        for leaf in leaves:
            if any(current.get(pk) != epoch for pk, epoch in leaf.epochs):
                outcomes.append(None)
                continue
            entry = dumps({"seq": tree.size, "at": at} | leaf.content)
            hashed = leaf_hash(entry)
            rows.append({"pk": leaf.pk, "shard": SHARD, "seq": tree.size, "at": at, "leaf": hashed, "entry": entry})
            outcomes.append(tree.size)
            tree = tree.grown(hashed)
        if rows:
            _INSERT.write(connection, rows)
            _GROW.write(connection, [{"on": SHARD, "size": tree.size, "frontier": tree.to_bytes(), "at": at}])
        return outcomes

    def _epochs(self, connection: Connection, leaves: Sequence[Leaf]) -> dict[int, int]:
        wanted = sorted({pk for leaf in leaves for pk, _ in leaf.epochs})
        found: dict[int, int] = {}
        for at in range(0, len(wanted), 64):
            part = wanted[at : at + 64]
            size = 1 << (len(part) - 1).bit_length()
            padded = part + [part[-1]] * (size - len(part))
            found |= dict(_epochs(size).rows(connection, {f"p{n}": pk for n, pk in enumerate(padded)}))
        return found


def _head(connection: Connection) -> tuple[int, bytes, int]:
    """The locked head of the shard's tree, made if there is none: size, frontier, time."""
    head = _HEAD.row(connection, {"shard": SHARD})
    if head is None:
        insert_new(connection, audit_head, [{"shard": SHARD, "size": 0, "frontier": b"", "at": 0}])
        [head] = _HEAD.rows(connection, {"shard": SHARD})
    size, roots, at = head
    return size, roots, at


_HEAD = Prepared(
    select(audit_head.c.size, audit_head.c.frontier, audit_head.c.at)
    .where(audit_head.c.shard == bindparam("shard"))
    .with_for_update()
)
_INSERT = Prepared(insert(audit))
_GROW = Prepared(
    update(audit_head)
    .where(audit_head.c.shard == bindparam("on"))
    .values(size=bindparam("size"), frontier=bindparam("frontier"), at=bindparam("at"))
)


@cache
def _epochs(size: int) -> Prepared:
    """The locked epochs of so many patients; few sizes, so that few statements serve batches of every length."""
    return Prepared(
        select(patient.c.pk, patient.c.epoch)
        .where(or_(*(patient.c.pk == bindparam(f"p{n}", type_=BigInteger) for n in range(size))))
        .order_by(patient.c.pk)
        .with_for_update(read=True)
    )


@dataclass(frozen=True, slots=True)
class Logged:
    """One entry of the log as it stands in the database."""

    seq: int
    pk: int
    at: int
    leaf: bytes
    entry: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The entry, read."""
        held: dict[str, Any] = loads(self.entry)
        return held


def entries(connection: Connection, pk: int | None = None, after: int = -1, limit: int = 1000) -> list[Logged]:
    """Entries in order, of one patient or of all, from sequence number `after` + 1."""
    wanted = select(audit.c.seq, audit.c.pk, audit.c.at, audit.c.leaf, audit.c.entry).where(
        audit.c.shard == SHARD, audit.c.seq > after
    )
    if pk is not None:
        wanted = wanted.where(audit.c.pk == pk)
    return [Logged(*row) for row in connection.execute(wanted.order_by(audit.c.seq).limit(limit))]


def every(connection: Connection, size: int) -> Iterator[Logged]:
    """The log as it was when it had `size` entries, a thousand at a time."""
    after = -1
    while after < size - 1 and (found := entries(connection, after=after, limit=min(1000, size - 1 - after))):
        yield from found
        after = found[-1].seq


def verify(logged: Iterable[Logged], head: tuple[int, bytes]) -> str:
    """The first thing that does not fit, in words; empty when all does.

    Takes: entries in order; head: size and frontier bytes as the tree's head says.
    What it cannot show: a log cut off together with its head; only a checkpoint kept elsewhere shows that.
    """
    tree, last = Frontier(), 0
    for entry in logged:
        if entry.seq != tree.size:
            return f"entry {tree.size} is missing"
        if leaf_hash(entry.entry) != entry.leaf:
            return f"entry {entry.seq} is not what its leaf hash says"
        content = entry.content
        if content.get("seq") != entry.seq or content.get("at") != entry.at:
            return f"entry {entry.seq} lies in another's place"
        if entry.at < last:
            return f"entry {entry.seq} is older than the one before it"
        last = entry.at
        tree = tree.grown(entry.leaf)
    size, roots = head
    if tree.size != size:
        return f"the log has {tree.size} entries, its head says {size}"
    return "" if tree.to_bytes() == roots else "the hash tree over the entries is not the one its head says"


def head_of(connection: Connection) -> tuple[int, bytes]:
    """Size and frontier of the shard's tree."""
    row = connection.execute(select(audit_head.c.size, audit_head.c.frontier).where(audit_head.c.shard == SHARD)).one_or_none()
    return (row.size, row.frontier) if row else (0, b"")
