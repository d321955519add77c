"""Everything known of a patient before any entry is looked at, in one statement: facts, grounds, freshness.

Grounds are bitemporal: `payload` says when each holds, `rec_from`/`rec_to` when the hub knew it. Nothing is erased.
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import asdict, dataclass, field
from threading import Lock
from typing import Any

from cachetools import LRUCache
from sqlalchemy import BigInteger, Connection, Text, bindparam, cast, insert, literal, null, or_, select, union_all, update

from hub.consent.grounds import AnyGround
from hub.consent.payloads import rows_read, to_payload
from hub.fhir.identity import rid
from hub.fhir.json import dumps, loads
from hub.store.deposit import lock_patient, mark
from hub.store.patients import Facts
from hub.store.prepared import ForMany, Prepared
from hub.store.starts import Start, state_of
from hub.store.tables import FOREVER, NO_PATIENT, freshness, ground, locator, patient
from hub.store.values import insert_new, micros, moment, upsert

MARGIN = 48 * 3600 * 1_000_000
"""Microseconds for which grounds that are over are still read for answers: longer than a first step bears a second."""
MOST = 64_000_000
"""Bytes that may be taken by what is remembered of patients: an idle hub takes 125 MB and may take 200. They hold three thousand
patients of six grounds each, whom one or several ask about."""
_NOBODY = -1
"""A patient key under which nothing lies: who is nobody is looked for just as a patient is."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh one source's answer in one contract is; times in microseconds."""

    source: str
    contract: str
    asked: int
    succeeded: int | None
    fault: str
    partial: str


@dataclass(frozen=True, slots=True)
class Known:
    """One patient, before any entry is looked at."""

    pk: int
    fhir_id: str
    recorded: int
    epoch: int
    facts: Facts
    grounds: tuple[AnyGround, ...]
    freshness: tuple[Freshness, ...]
    decided: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was decided on just these facts and grounds (`hub.interactions.view`)."""

    def fresh(self, source: str, contract: str) -> Freshness | None:
        """What is noted of one source's contract."""
        return next((each for each in self.freshness if (each.source, each.contract) == (source, contract)), None)


def known(connection: Connection, pk: int, now: int, person: str = "", since: int = 0) -> Known:
    """What is known of a patient, now.

    Takes: `pk`: of a patient that exists, or NO_PATIENT; `now`: microseconds, the time that unreadable rows are dated by;
    `person`: whose grounds alone are wanted; under NO_PATIENT all have somebody's, and without a person none are read;
    `since`: grounds that were over before it are left out, but for relations and consents, whose past matters.
    """
    of = pk if pk != NO_PATIENT or person else _NOBODY
    rows = _KNOWN.rows(connection, {"pk": pk, "of": of, "person": person, "since": since})
    [(_, fhir_id, recorded, epoch, facts, _)] = [row for row in rows if row[0] == ""]
    held = [(kind, id, loads(payload.encode())) for kind, id, _, _, payload, _ in rows if kind not in ("", "freshness")]
    return Known(pk, fhir_id, recorded, epoch, Facts.from_json(facts), rows_read(held, moment(now)), _freshness(rows))


@dataclass(slots=True)
class _Remembered:
    """What was known, and the rows that it was last compared with. Changes: that is its use."""

    known: Known
    rows: Sequence[tuple[Any, ...]] = ()


_READ = _Remembered(Known(NO_PATIENT, "", 0, 0, Facts(), (), ()))
"""Stands for whom a number may belong to: that it was read is remembered, and nothing of what was."""


def _weight(held: _Remembered) -> int:
    """About how many bytes it takes, with what a read decides on it: as measured, rounded up."""
    return 500 if held is _READ else 6_000 + 2_500 * len(held.known.grounds)


class Memory:
    """What was known of patients a moment ago: facts and grounds are read again only where the patient's epoch has moved.

    State: for each who asks and whom they ask about, so that nobody's answer is quicker for what others have asked; an id
    that does not exist is remembered just as one that does. Bounded by what it weighs: the longest unused goes first.
    """

    def __init__(self, most: int = MOST) -> None:
        """Takes: `most`: bytes."""
        self._held: LRUCache[Hashable, _Remembered] = LRUCache(most, lambda held: min(_weight(held), most))
        self._last: LRUCache[Hashable, int] = LRUCache(4096)
        """For each who asks, the last patient with grounds whom they asked about anew."""
        self._lock = Lock()

    def known(self, connection: Connection, asker: Hashable, at: int, start: Start, now: int) -> Known:
        """As `known`; of a patient that does not exist what `nobody` is. The same object while nothing changes.

        Takes: `asker`: who asks; `at`: what they name, the number of a resource; `start`: whose it is, and how that one stands.
        """
        return self._known(connection, asker, at if start[0] is None else start[0], start, now, ("weighed", at))

    def _known(
        self, connection: Connection, asker: Hashable, at: Hashable, start: Start, now: int, weighed: Hashable = None
    ) -> Known:
        pk, rows = start
        which = NO_PATIENT if pk is None else pk
        held = self._remembered((asker, at), connection, which, pk, now, rows, weighed)
        before = held.known
        if pk is None:
            return Known(NO_PATIENT, "", now, 0, before.facts, before.grounds, (), before.decided)
        if held.rows != rows:
            [(_, fhir_id, recorded, epoch, *_)] = [row for row in rows if row[0] == ""]
            if epoch != before.epoch:  # it moved between the two statements: the log will refuse what is decided on it
                return before
            told = Known(pk, fhir_id, recorded, epoch, before.facts, before.grounds, _freshness(rows), before.decided)
            held.known, held.rows = told, rows
            return told
        return before

    def _remembered(
        self,
        key: tuple[Hashable, Hashable],
        connection: Connection,
        which: int,
        pk: int | None,
        now: int,
        rows: Sequence[tuple[Any, ...]],
        weighed: Hashable,
    ) -> _Remembered:
        with self._lock:
            held = self._held[key] if key in self._held else None  # noqa: SIM401  # the library's own `get` looks three times
        if held is not None and (held.rows == rows or held.known.epoch == (0 if pk is None else _epoch(rows))):
            return held
        found = known(connection, which, now, since=now - MARGIN)
        held = _Remembered(nobody(now) if pk is None else found)
        with self._lock:
            self._held[key] = held
            if weighed is not None:
                self._held[key[0], weighed] = _READ
            if found.grounds:
                self._last[key[0]] = which
        return held

    def another(self, connection: Connection, asker: Hashable, at: int, told: Known, now: int) -> Known:
        """Somebody of the other kind than who was `told` of under `at`: nobody where there are grounds of that one; where there
        are none, the last of whom there are some. So what is not shown costs as much, whichever of both it belongs to.
        """
        with self._lock:
            pk = None if told.grounds else self._last.get(asker)
        return self._known(connection, asker, ("another", at), (pk, state_of(connection, NO_PATIENT if pk is None else pk)), now)

    def weigh(self, connection: Connection, asker: Hashable, at: int, told: Known, now: int) -> None:
        """What is not shown under `at` costs a reading of whom it may belong to when it is first asked for, also where that one
        was `told` of before, and nobody was not. Nothing comes of it."""
        with self._lock:
            if self._held.get((asker, ("weighed", at))) is not None:
                return
            self._held[asker, ("weighed", at)] = _READ
        known(connection, told.pk, now, since=now - MARGIN)


def _epoch(rows: Sequence[tuple[Any, ...]]) -> int:
    [epoch] = [row[3] for row in rows if row[0] == ""]
    return int(epoch)


def nobody(now: int) -> Known:
    """What stands for a patient that does not exist: the same shape, nothing in it."""
    return Known(NO_PATIENT, "", now, 0, Facts(), (), ())


def _freshness(rows: Sequence[tuple[Any, ...]]) -> tuple[Freshness, ...]:
    return tuple(
        Freshness(source, contract, asked, succeeded, *more.split("\n", 1))
        for kind, source, asked, succeeded, contract, more, *_ in rows
        if kind == "freshness"
    )


def put_ground(connection: Connection, pk: int, given: AnyGround, person: str, clock: int) -> None:
    """Record a ground, or its newer form under the same id: what the hub knew before stays. Moves the patient's epoch."""
    now = lock_patient(connection, pk, clock)
    connection.execute(_SUPERSEDE, {"on": pk, "k": given.KIND, "which": given.id, "now": now})
    until = micros(given.end) if given.end else FOREVER
    row = {"pk": pk, "kind": given.KIND, "id": given.id, "rec_from": now, "rec_to": FOREVER, "valid_to": until, "person": person}
    connection.execute(insert(ground), row | {"payload": dumps(to_payload(given)).decode()})
    mark(connection, pk, now, grounds_moved=True)


def put_new_ground(connection: Connection, key: bytes, pk: int, given: AnyGround, person: str, clock: int) -> None:
    """Record a ground and the way from its id to the patient."""
    insert_new(connection, locator, [{"rid": rid(key, given.KIND, given.id), "pk": pk}])
    put_ground(connection, pk, given, person, clock)


def locked(connection: Connection, pks: Collection[int]) -> dict[int, Known]:
    """Patients whom nobody else writes until the transaction ends, but for their grounds. They are locked in one order, so that
    two who lock several do not wait for each other."""
    rows, noted = _LOCKED.rows(connection, pks), defaultdict(list)
    for pk, *row in _NOTED.rows(connection, pks):
        noted[pk].append(Freshness(*row))
    return {
        pk: Known(pk, fhir_id, recorded, epoch, Facts.from_json(facts), (), tuple(noted[pk]))
        for pk, fhir_id, recorded, epoch, facts in rows
    }


def note_freshness(connection: Connection, pk: int, rows: Sequence[Freshness]) -> None:
    """Note what sources did when they were asked; a failure leaves the time of the last success as it is."""
    values = [{"pk": pk} | asdict(row) for row in rows]
    upsert(connection, freshness, values, asked=(), succeeded=(freshness.c.succeeded,), fault=(), partial=())


def _everything() -> Prepared:
    big, text = BigInteger, Text
    this = bindparam("pk", type_=big)
    of_patient = select(
        literal("", text), patient.c.fhir_id, patient.c.recorded, patient.c.epoch, patient.c.facts, literal("", text)
    ).where(patient.c.pk == this)
    of_grounds = select(
        ground.c.kind, ground.c.id, cast(null(), big), cast(null(), big), ground.c.payload, literal("", text)
    ).where(
        ground.c.pk == bindparam("of", type_=big),
        ground.c.rec_to == literal(FOREVER, big),
        or_(ground.c.valid_to > bindparam("since", type_=big), ground.c.kind == "relation", ground.c.kind == "consent"),
        or_(bindparam("person", type_=text) == "", ground.c.person == bindparam("person", type_=text)),
    )
    of_sources = select(
        literal("freshness", text),
        freshness.c.source,
        freshness.c.asked,
        freshness.c.succeeded,
        freshness.c.contract,
        freshness.c.fault + "\n" + freshness.c.partial,
    ).where(freshness.c.pk == this)
    return Prepared(union_all(of_patient, of_grounds, of_sources))


_KNOWN = _everything()
_LOCKED = ForMany(
    lambda pks: (
        select(*(patient.c[name] for name in ("pk", "fhir_id", "recorded", "epoch", "facts")))
        .where(patient.c.pk.in_(pks))
        .order_by(patient.c.pk)
        .with_for_update()
    )
)
_NOTED = ForMany(
    lambda pks: select(
        *(freshness.c[name] for name in ("pk", "source", "contract", "asked", "succeeded", "fault", "partial"))
    ).where(freshness.c.pk.in_(pks))
)
_SUPERSEDE = (
    update(ground)
    .where(
        ground.c.pk == bindparam("on"),
        ground.c.kind == bindparam("k"),
        ground.c.id == bindparam("which"),
        ground.c.rec_to == FOREVER,
    )
    .values(rec_to=bindparam("now"))
)
