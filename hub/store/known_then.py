"""What was known of a patient when something was decided: grounds and facts as they stood then. For replay alone."""

from typing import Any

from sqlalchemy import Connection, or_, select

from hub.consent.payloads import rows_read
from hub.fhir.custody import COLUMNS, Custody
from hub.fhir.json import loads
from hub.store.known import MARGIN, Known
from hub.store.patients import Facts
from hub.store.tables import facts_past, ground, patient, resource
from hub.store.values import moment


def known_then(connection: Connection, pk: int, asof: int, epoch: int, decided: int) -> Known | None:
    """What was known of a patient whose record stood at `asof` and whose grounds at `epoch`; None: there is no such patient.

    Takes: `asof`, `decided`: microseconds.
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
        .where(or_(ground.c.valid_to > decided - MARGIN, ground.c.kind.in_(("relation", "consent"))))
    )
    grounds = rows_read([(row.kind, row.id, loads(row.payload.encode())) for row in rows], moment(decided))
    return Known(pk, fhir_id, asof, epoch, Facts.from_json(facts or "{}"), grounds, ())


def custody_of_version(connection: Connection, pk: int, fhir_id: str, version_id: str) -> tuple[str, Custody] | None:
    """The type and today's custody of one version; None: there is none."""
    row = connection.execute(
        select(resource.c.type, *(resource.c[name] for name in COLUMNS))
        .where(resource.c.pk == pk, resource.c.fhir_id == fhir_id, resource.c.version_id == version_id)
        .limit(1)
    ).first()
    if row is None:
        return None
    values: dict[str, Any] = {name: _read(name, getattr(row, name)) for name in COLUMNS}
    return row.type, Custody(**values)


def _read(name: str, held: Any) -> Any:
    if held is None or isinstance(held, str):
        return held
    return moment(held) if name in ("time_from", "time_to") else bool(held)
