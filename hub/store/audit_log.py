"""The access log: makes many leaves durable at once, and refuses a leaf whose grounds have moved.

An answer leaves only when its leaf is committed (`hub.store.threads`). Guarantee (API.md section 5): no answer whose audit
commit follows the acknowledgement of a withdrawal, since the withdrawal moves the patient's epoch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from hub.audit import Frontier, leaf_hash
from hub.errors import AuditUnavailable
from hub.fhir.json import dumps
from hub.store.audit_chains import START, Chains
from hub.store.database import Database
from hub.store.prepared import ForMany, Prepared
from hub.store.tables import FOREVER, audit, audit_head, patient
from hub.store.values import insert_all, insert_new

VERSION = 2
"""Of the entries that are written now. Those of version 1 say neither a version nor their place in a patient's list."""

SALT = 16
"""Bytes."""


class EpochMoved(Exception):
    """The grounds changed between decision and commit, or time passed one's end: decide again."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One log entry on its way: `epochs` are the grounds it was decided on (patient key -> epoch; 0 of whom there is none)."""

    pk: int
    content: dict[str, Any]
    epochs: tuple[tuple[int, int], ...] = ()
    kept: dict[str, Any] | None = None
    """What lies beside the entry, which holds a salted digest of it: lines and counts that no reader is shown, reasons, notes."""
    until: int = FOREVER
    """Microseconds: when the decision may become another without anybody's doing, since a ground begins or ends."""


class AuditLog:
    """The one that appends in this process."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        observe: Callable[[int], None] = lambda size: None,
        shards: int = 1,
    ) -> None:
        self._database = database
        self._clock = clock
        self._observe = observe
        self._shards = shards
        self._chains = Chains()

    def open(self, connection: Connection) -> None:
        """Make the heads of all shards.

        Raises: ValueError: there are others: a patient's list would go on in another tree.
        """
        held = set(connection.execute(select(audit_head.c.shard)).scalars())
        if held and held != set(range(self._shards)):
            raise ValueError(f"audit_shards: the log is kept in {len(held)}, which cannot be changed")
        insert_new(connection, audit_head, [_empty(shard) for shard in range(self._shards)])

    def append_all(self, leaves: Sequence[Leaf]) -> list[int | None]:
        """Make leaves durable in one commit. Gives: the sequence number of each; None: its grounds have moved, or are over.

        Raises: AuditUnavailable: none of them is durable.
        """
        try:
            with self._database.appending() as connection:
                outcomes = self._append(connection, leaves)
        except Exception as fault:  # whatever it is, the driver's own errors among them: nothing is answered
            raise AuditUnavailable(f"the access log cannot be written ({type(fault).__name__})") from fault
        self._observe(len(leaves))
        return outcomes

    def append(self, leaf: Leaf) -> int:
        """Make one leaf durable, for callers that are not answering a request.

        Raises: EpochMoved; AuditUnavailable.
        """
        [seq] = self.append_all([leaf])
        if seq is None:
            raise EpochMoved
        return seq

    def append_in(self, connection: Connection, *leaves: Leaf) -> list[int]:
        """Append within a writing transaction of one's own: changes and their entries are durable together or not at all.

        Raises: EpochMoved; AuditUnavailable.
        """
        try:
            numbers = self._append(connection, leaves) if leaves else []
        except Exception as fault:  # whatever it is, the driver's own errors among them: the change is not made either
            raise AuditUnavailable(f"the access log cannot be written ({type(fault).__name__})") from fault
        found = [each for each in numbers if each is not None]
        if len(found) < len(leaves):
            raise EpochMoved
        return found

    def _append(self, connection: Connection, leaves: Sequence[Leaf]) -> list[int | None]:
        # Patients before the head, always: who writes a patient appends last, and two orders would wait for each other.
        current = self._epochs(connection, leaves)
        stand = [all(current.get(pk, 0) == epoch for pk, epoch in leaf.epochs) for leaf in leaves]
        numbers: list[int | None] = [None] * len(leaves)
        places: dict[int, list[int]] = {}
        for place, leaf in enumerate(leaves):
            if stand[place]:
                places.setdefault(leaf.pk % self._shards, []).append(place)
        for shard in sorted(places):  # heads in one order too
            size, roots, last = _head(connection, shard)
            now = self._clock()  # as it is when nobody else appends: what has lapsed by now is decided again
            standing = [place for place in places[shard] if now < leaves[place].until]
            if standing:
                self._grow(connection, shard, (size, roots, last), now, [leaves[place] for place in standing])
            for number, place in enumerate(standing, size):
                numbers[place] = number
        return numbers

    def _grow(self, connection: Connection, shard: int, head: tuple[int, bytes, int], now: int, leaves: Sequence[Leaf]) -> None:
        """Append to one shard, whose head is locked."""
        size, roots, last = head
        tree = Frontier.from_bytes(size, roots)
        at = max(now, last)
        about = {"v": VERSION, "shard": shard, "at": at} | ({"clock": now} if now < at else {})
        chains = self._chains.of(connection, shard, (size, roots), {leaf.pk for leaf in leaves}, at)
        rows = []
        drawn = token_bytes(SALT * len(leaves)).hex()  # at once: each draw is a call to the system
        for nth, leaf in enumerate(leaves):
            n, before = chains.get(leaf.pk, START)
            place = {"seq": tree.size, "key": leaf.pk, "number": n + 1, "prev": before.hex()}
            kept = dumps({"salt": drawn[2 * SALT * nth : 2 * SALT * (nth + 1)]} | leaf.kept) if leaf.kept else b""
            bound = {"kept": sha256(kept).hexdigest()} if kept else {}
            entry = dumps(about | place | leaf.content | bound)
            hashed = leaf_hash(entry)
            row = {"pk": leaf.pk, "shard": shard, "seq": tree.size, "number": n + 1, "at": at, "leaf": hashed, "entry": entry}
            rows.append(row | {"kept": kept})
            chains[leaf.pk] = (n + 1, hashed)
            tree = tree.grown(hashed)
        insert_all(connection, audit, rows)
        grown = (tree.size, tree.to_bytes())
        _GROW.write(connection, [{"on": shard, "size": grown[0], "frontier": grown[1], "at": at}])
        self._chains.keep(shard, grown, chains)

    def _epochs(self, connection: Connection, leaves: Sequence[Leaf]) -> dict[int, int]:
        wanted = {pk for leaf in leaves for pk, _ in leaf.epochs}
        return dict(_EPOCHS.rows(connection, wanted)) if wanted else {}


def _empty(shard: int) -> dict[str, Any]:
    return {"shard": shard, "size": 0, "frontier": b"", "at": 0}


def _head(connection: Connection, shard: int) -> tuple[int, bytes, int]:
    """The locked head of a shard's tree, made if there is none: size, frontier, time."""
    head = _HEAD.row(connection, {"shard": shard})
    if head is None:
        insert_new(connection, audit_head, [_empty(shard)])
        [head] = _HEAD.rows(connection, {"shard": shard})
    size, roots, at = head
    return size, roots, at


_HEAD = Prepared(
    select(audit_head.c.size, audit_head.c.frontier, audit_head.c.at)
    .where(audit_head.c.shard == bindparam("shard"))
    .with_for_update()
)
_GROW = Prepared(
    update(audit_head)
    .where(audit_head.c.shard == bindparam("on"))
    .values(size=bindparam("size"), frontier=bindparam("frontier"), at=bindparam("at"))
)
_EPOCHS = ForMany(
    lambda pks: (
        select(patient.c.pk, patient.c.epoch).where(patient.c.pk.in_(pks)).order_by(patient.c.pk).with_for_update(read=True)
    )
)
"""The locked epochs of patients."""
