"""What was known of a patient at a time that has been: grounds, facts of the register and custody as they stood then.

For explaining and for replay: what is answered goes by what is known now.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, or_, select, true

from hub.consent.payloads import rows_read
from hub.fhir.custody import COLUMNS, Custody
from hub.fhir.json import loads
from hub.store.held_entry import custody_then
from hub.store.known import MARGIN, Known
from hub.store.patients import Facts
from hub.store.records_then import says_at
from hub.store.tables import NO_PATIENT, facts_past, ground, locator, patient, resource
from hub.store.values import in_parts, moment


def known_then(connection: Connection, pk: int, asof: int, epoch: int, decided: int, person: str = "") -> Known | None:
    """What was known of a patient whose record stood at `asof` and whose grounds at `epoch`; None: there is no such patient.

    Takes: `asof`, `decided`: microseconds; `person`: whose grounds alone counted, where no patient was named.
    """
    fhir_id = connection.execute(select(patient.c.fhir_id).where(patient.c.pk == pk)).scalar()
    if fhir_id is None:
        return None
    facts = connection.execute(
        select(facts_past.c.facts)
        .where(facts_past.c.pk == pk, facts_past.c.epoch <= epoch)
        .order_by(facts_past.c.epoch.desc())
        .limit(1)
    ).scalar()
    rows = connection.execute(
        select(ground.c.kind, ground.c.id, ground.c.payload)
        .where(ground.c.pk == pk, ground.c.rec_from <= asof, ground.c.rec_to > asof)
        .where(ground.c.person == person if pk == NO_PATIENT else true())
        .where(or_(ground.c.valid_to > decided - MARGIN, ground.c.kind.in_(("relation", "consent"))))
    )
    grounds = rows_read([(row.kind, row.id, loads(row.payload.encode())) for row in rows], moment(decided))
    return Known(pk, fhir_id, asof, epoch, Facts.from_json(facts or "{}"), grounds, ())


def known_at(connection: Connection, told: Known, at: int) -> Known:
    """The same patient with grounds and facts as the hub knew them at a time (microseconds)."""
    rows = connection.execute(
        select(ground.c.kind, ground.c.id, ground.c.payload)
        .where(ground.c.pk == told.pk, ground.c.rec_from <= at, ground.c.rec_to > at)
        .order_by(ground.c.rec_from)
    )
    held = rows_read([(row.kind, row.id, loads(row.payload.encode())) for row in rows], moment(at))
    facts = connection.execute(
        select(facts_past.c.facts)
        .where(facts_past.c.pk == told.pk, facts_past.c.recorded <= at)
        .order_by(facts_past.c.recorded.desc(), facts_past.c.epoch.desc())
        .limit(1)
    ).scalar()
    return replace(told, facts=Facts.from_json(facts or "{}"), grounds=held, decided={})


def custodies_of_version(
    connection: Connection, pks: Sequence[int] | None, fhir_id: str, version_id: str, asof: int, says: bool
) -> list[tuple[str, Custody]]:
    """The type and the custody, as it was at a time (microseconds), of every version that has this id in these records: one,
    unless clients of sources chose the same id.

    Takes: `pks`: patient keys; None: anywhere, which looks through everything; `says`: with what their entries said then.
    """
    there = true() if pks is None else resource.c.pk.in_(pks)
    rows = connection.execute(
        select(resource.c.pk, resource.c.type, resource.c.entry, *(resource.c[name] for name in COLUMNS))
        .where(there, resource.c.fhir_id == fhir_id, resource.c.version_id == version_id)
        .order_by(resource.c.type, resource.c.rid)
    )
    found = [(row, custody_then(connection, row.pk, row, asof)) for row in rows.all()]
    if not says:
        return [(row.type, custody) for row, custody in found]
    return [(row.type, replace(custody, says=says_at(connection, row.pk, row.entry, asof))) for row, custody in found]


def records_of(connection: Connection, rids: Sequence[int]) -> list[int]:
    """The patient keys of the resources that have one of these numbers."""
    found: set[int] = set()
    for some in in_parts(rids):
        found.update(connection.execute(select(locator.c.pk).where(locator.c.rid.in_(some))).scalars())
    return sorted(found)
