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
from hub.store.tables import NO_PATIENT, facts_past, ground, locator, patient, resource
from hub.store.values import moment


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


def custody_of_version(connection: Connection, pk: int, fhir_id: str, version_id: str, asof: int) -> tuple[str, Custody] | None:
    """The type of one version and its custody as it was at a time (microseconds); None: there is none."""
    row = connection.execute(
        select(resource.c.type, resource.c.entry, *(resource.c[name] for name in COLUMNS))
        .where(resource.c.pk == pk, resource.c.fhir_id == fhir_id, resource.c.version_id == version_id)
        .limit(1)
    ).first()
    return None if row is None else (row.type, custody_then(connection, pk, row, asof))


def patient_of(connection: Connection, rids: Sequence[int], fhir_id: str) -> int | None:
    """The patient key of the resource that has one of these numbers; of one whose id its client chose, by that id."""
    found: int | None = connection.execute(select(locator.c.pk).where(locator.c.rid.in_(rids)).limit(1)).scalar()
    if found is None:
        found = connection.execute(select(resource.c.pk).where(resource.c.fhir_id == fhir_id).limit(1)).scalar()
    return found
