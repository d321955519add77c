"""What the resources of a patient's entries said at a time, read from their content; and entries decided by it in Python.

Search keys of versions that were replaced are gone after a while, so a Release that turns on them is read here as of then.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, bindparam, select

from hub.consent.release import deciding
from hub.fhir.custody import COLUMNS, Custody, Said
from hub.fhir.json import loads
from hub.fhir.said import said
from hub.store.held_entry import as_custody, rows_then
from hub.store.released import View
from hub.store.tables import body, resource

_ITS_OWN = "Provenance"
"""Is of a whole entry, and says nothing of it that a consent turns on."""


class Decided(NamedTuple):
    """One entry, and what becomes of it."""

    custody: Custody
    types: frozenset[str]
    place: int
    """As `hub.store.release_sql.rule_number` has it: of the row that decides, from 1; negative where it hides in doubt."""


def says_at(connection: Connection, pk: int, entry: int, at: int) -> tuple[Said, ...]:
    """What the resources of one entry said at a time (microseconds), but for its Provenance."""
    found = connection.execute(_OF_ENTRY, {"pk": pk, "which": entry, "asof": at})
    return _said([(row.type, row.bytes) for row in found])


def decided_then(connection: Connection, view: View) -> Iterator[Decided]:
    """Every entry of a patient's record that held something at the view's time, decided under the custody of then."""
    found: dict[int, tuple[Any, list[tuple[str, bytes]]]] = {}
    for row in connection.execute(_OF_RECORD, {"pk": view.pk, "asof": view.asof}):
        found.setdefault(row.entry, (row, []))[1].append((row.type, row.bytes))
    for row, its in found.values():
        custody = as_custody(row._mapping, _said(its))
        decided, known = deciding(view.release, custody)
        place = view.release.rows.index(decided) + 1
        yield Decided(custody, frozenset(kind for kind, _ in its), place if known else -place)


def _said(given: Sequence[tuple[str, bytes]]) -> tuple[Said, ...]:
    return tuple(said(loads(content)) for kind, content in given if kind != _ITS_OWN)


def _there(rows: Any, *columns: Any) -> Select[Any]:
    """Living resources as of the time bound as `asof`, with their content."""
    asof = bindparam("asof", type_=BigInteger)
    its = (body.c.pk == rows.c.pk, body.c.rid == rows.c.rid, body.c.version == rows.c.version)
    return (
        select(rows.c.type, body.c.bytes, *columns)
        .where(*its, rows.c.pk == bindparam("pk", type_=BigInteger), rows.c.gone == 0)
        .where(rows.c.rec_from <= asof, rows.c.rec_to > asof)
        .order_by(rows.c.rid)
    )


_OF_ENTRY = _there(resource).where(resource.c.entry == bindparam("which", type_=BigInteger))
_THEN = rows_then()
_OF_RECORD = _there(_THEN, _THEN.c.entry, *(_THEN.c[name] for name in COLUMNS))
