"""An entry as it is held, or was: its contract family and its custody. For writing and explaining, never for answering."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, and_, bindparam, case, func, select
from sqlalchemy.sql.selectable import NamedFromClause

from hub.fhir.custody import COLUMNS, Custody, Said
from hub.store.tables import FOREVER, custody_past, entry, locator, resource
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
    return HeldEntry(number, row.family, as_custody(row._mapping))


def custody_at(
    connection: Connection, pk: int, resource_type: str, number: int, fhir_id: str, at: int
) -> tuple[int, Custody] | None:
    """The entry and the custody, as it was at a time (microseconds), of a resource that was there then, whoever may see it; for
    explaining."""
    names = {"on": pk, "type": resource_type, "number": number, "id": fhir_id, "at": at}
    row = connection.execute(_CUSTODY_AT, names).one_or_none()
    return (row.entry, custody_then(connection, pk, row, at)) if row else None


def custody_then(connection: Connection, pk: int, row: Row[Any], at: int) -> Custody:
    """Custody of an entry at a time. Takes: `row`: its number, and custody as it is now."""
    before = connection.execute(_BEFORE, {"on": pk, "which": row.entry, "at": at}).one_or_none()
    return as_custody((before or row)._mapping)


def as_custody(columns: Mapping[Any, Any], says: tuple[Said, ...] | None = None) -> Custody:
    """Custody from its columns."""
    return Custody(**{name: _value(name, columns[name]) for name in COLUMNS}, says=says)


def rows_then() -> NamedFromClause:
    """The rows of `resource` of one patient (bound as `pk`), each with its custody as it was at the time bound as `asof`."""
    asof = bindparam("asof", type_=BigInteger)
    later = custody_past.alias("later")
    of_entry = (later.c.pk == resource.c.pk, later.c.entry == resource.c.entry, later.c.rec_to > asof)
    first = select(func.min(later.c.rec_to)).where(*of_entry).scalar_subquery()
    same = and_(custody_past.c.pk == resource.c.pk, custody_past.c.entry == resource.c.entry, custody_past.c.rec_to == first)
    then = {name: case((custody_past.c.pk.is_not(None), custody_past.c[name]), else_=resource.c[name]) for name in COLUMNS}
    columns = [then[each.name].label(each.name) if each.name in then else each for each in resource.c]
    held = select(*columns).select_from(resource.outerjoin(custody_past, same))
    return held.where(resource.c.pk == bindparam("pk", type_=BigInteger)).subquery("resource_then")


def _value(name: str, held: Any) -> Any:
    if held is None:
        return None
    return moment(held) if name in _TIMES else bool(held) if name in _TRUTHS else held


_HELD = select(entry.c.family, *(entry.c[name] for name in COLUMNS)).where(
    entry.c.pk == bindparam("on"), entry.c.entry == bindparam("which")
)


_CUSTODY_AT = select(resource.c.entry, *(resource.c[name] for name in COLUMNS)).where(
    resource.c.pk == bindparam("on", type_=BigInteger),
    resource.c.type == bindparam("type"),
    resource.c.rid == bindparam("number", type_=BigInteger),
    resource.c.fhir_id == bindparam("id"),
    resource.c.rec_from <= bindparam("at", type_=BigInteger),
    resource.c.rec_to > bindparam("at", type_=BigInteger),
    resource.c.gone == 0,
)


_BEFORE = (
    select(*(custody_past.c[name] for name in COLUMNS))
    .where(custody_past.c.pk == bindparam("on", type_=BigInteger), custody_past.c.entry == bindparam("which", type_=BigInteger))
    .where(custody_past.c.rec_to > bindparam("at", type_=BigInteger))
    .order_by(custody_past.c.rec_to)
    .limit(1)
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
