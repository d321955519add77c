"""An entry as it is held: its contract family and its custody. For writing and explaining, never for answering."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, select

from hub.fhir.custody import COLUMNS, Custody
from hub.store.tables import FOREVER, entry, locator, resource
from hub.store.values import moment

_TIMES = ("time_from", "time_to")
_TRUTHS = ("social", "released", "secret", "nullified", "insurance", "incapacity")


@dataclass(frozen=True, slots=True)
class HeldEntry:
    """One entry, whoever may see it."""

    number: int
    family: str
    custody: Custody


def held_entry(connection: Connection, pk: int, number: int) -> HeldEntry | None:
    """The entry of that number in a patient's record."""
    row = connection.execute(_HELD, {"on": pk, "which": number}).one_or_none()
    if row is None:
        return None
    return HeldEntry(number, row.family, Custody(**{name: _value(name, row._mapping[name]) for name in COLUMNS}))


def custody_at(connection: Connection, pk: int, resource_type: str, number: int, fhir_id: str, at: int) -> Custody | None:
    """Today's custody of a resource that was there at a time (microseconds), whoever may see it; for explaining."""
    names = {"on": pk, "type": resource_type, "number": number, "id": fhir_id, "at": at}
    row = connection.execute(_CUSTODY_AT, names).one_or_none()
    return Custody(**{name: _value(name, row._mapping[name]) for name in COLUMNS}) if row else None


def _value(name: str, held: Any) -> Any:
    if held is None:
        return None
    return moment(held) if name in _TIMES else bool(held) if name in _TRUTHS else held


_HELD = select(entry.c.family, *(entry.c[name] for name in COLUMNS)).where(
    entry.c.pk == bindparam("on"), entry.c.entry == bindparam("which")
)


_CUSTODY_AT = select(*(resource.c[name] for name in COLUMNS)).where(
    resource.c.pk == bindparam("on", type_=BigInteger),
    resource.c.type == bindparam("type"),
    resource.c.rid == bindparam("number", type_=BigInteger),
    resource.c.fhir_id == bindparam("id"),
    resource.c.rec_from <= bindparam("at", type_=BigInteger),
    resource.c.rec_to > bindparam("at", type_=BigInteger),
    resource.c.gone == 0,
)


def source_at(connection: Connection, number: int, resource_type: str) -> str | None:
    """The source whose resource has this number now; None: there is none, or it was deleted."""
    return connection.execute(_SOURCE, {"number": number, "type": resource_type}).scalar_one_or_none()


_SOURCE = (
    select(resource.c.source)
    .join(locator, and_(locator.c.pk == resource.c.pk, locator.c.rid == resource.c.rid))
    .where(
        locator.c.rid == bindparam("number", type_=BigInteger),
        resource.c.type == bindparam("type"),
        resource.c.rec_to == FOREVER,
        resource.c.gone == 0,
    )
)
