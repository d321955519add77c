"""Everything known of a patient before any entry is looked at, in one statement: facts, grounds, freshness.

Grounds are bitemporal: `payload` says when each holds, `rec_from`/`rec_to` when the hub knew it. Nothing is erased.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, bindparam, cast, insert, literal, null, select, union_all, update

from hub.consent.grounds import AnyGround
from hub.consent.payloads import rows_read, to_payload
from hub.fhir.json import dumps, loads
from hub.store.deposit import lock_patient, mark
from hub.store.patients import Facts
from hub.store.tables import FOREVER, NO_PATIENT, freshness, ground, patient
from hub.store.values import micros, moment, upsert


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

    def fresh(self, source: str, contract: str) -> Freshness | None:
        """What is noted of one source's contract."""
        return next((each for each in self.freshness if (each.source, each.contract) == (source, contract)), None)


def known(connection: Connection, pk: int, now: int) -> Known:
    """What is known of a patient, now.

    Takes: `pk`: of a patient that exists, or NO_PATIENT; `now`: microseconds, the time that unreadable rows are dated by.
    """
    rows = connection.execute(_KNOWN, {"pk": pk}).all()
    first = next(row for row in rows if row.kind == "")
    held = [(row.kind, row.id, loads(row.payload.encode())) for row in rows if row.kind not in ("", "freshness")]
    return Known(
        pk=pk,
        fhir_id=first.id,
        recorded=first.one,
        epoch=first.two,
        facts=Facts.from_json(first.payload),
        grounds=rows_read(held, moment(now)),
        freshness=tuple(
            Freshness(row.id, row.payload, row.one, row.two, *row.more.split("\n", 1)) for row in rows if row.kind == "freshness"
        ),
    )


def nobody(now: int) -> Known:
    """What stands for a patient that does not exist: the same shape, nothing in it."""
    return Known(NO_PATIENT, "", now, 0, Facts(), (), ())


def put_ground(connection: Connection, pk: int, given: AnyGround, person: str, clock: int) -> None:
    """Record a ground, or its newer form under the same id: what the hub knew before stays. Moves the patient's epoch."""
    now = lock_patient(connection, pk, clock)
    connection.execute(_SUPERSEDE, {"on": pk, "k": given.KIND, "which": given.id, "now": now})
    until = micros(given.end) if given.end else FOREVER
    row = {"pk": pk, "kind": given.KIND, "id": given.id, "rec_from": now, "rec_to": FOREVER, "valid_to": until, "person": person}
    connection.execute(insert(ground), row | {"payload": dumps(to_payload(given)).decode()})
    mark(connection, pk, now, grounds_moved=True)


def grounds_now(connection: Connection, pk: int, kind: str, now: int) -> tuple[AnyGround, ...]:
    """The grounds of one kind as they stand, for whoever may list them."""
    rows = connection.execute(
        select(ground.c.kind, ground.c.id, ground.c.payload)
        .where(ground.c.pk == pk, ground.c.kind == kind, ground.c.rec_to == FOREVER)
        .order_by(ground.c.rec_from)
    )
    return rows_read([(row.kind, row.id, loads(row.payload.encode())) for row in rows], moment(now))


def note_freshness(connection: Connection, pk: int, rows: Sequence[Freshness]) -> None:
    """Note what sources did when they were asked; a failure leaves the time of the last success as it is."""
    values = [{"pk": pk} | asdict(row) for row in rows]
    upsert(connection, freshness, values, asked=(), succeeded=(freshness.c.succeeded,), fault=(), partial=())


def _union() -> Any:
    big, text = BigInteger, Text
    of_patient = select(
        literal("", text).label("kind"),
        patient.c.fhir_id.label("id"),
        patient.c.recorded.label("one"),
        patient.c.epoch.label("two"),
        patient.c.facts.label("payload"),
        literal("", text).label("more"),
    ).where(patient.c.pk == bindparam("pk", type_=big))
    of_grounds = select(
        ground.c.kind, ground.c.id, cast(null(), big), cast(null(), big), ground.c.payload, literal("", text)
    ).where(ground.c.pk == bindparam("pk", type_=big), ground.c.rec_to == literal(FOREVER, big))
    of_sources = select(
        literal("freshness", text),
        freshness.c.source,
        freshness.c.asked,
        freshness.c.succeeded,
        freshness.c.contract,
        freshness.c.fault + "\n" + freshness.c.partial,
    ).where(freshness.c.pk == bindparam("pk", type_=big))
    return union_all(of_patient, of_grounds, of_sources)


_KNOWN = _union()
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
