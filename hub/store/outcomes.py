"""What a Release makes of every entry of a patient's record, counted: for operations that tell of no single entry.

Never for an answer with resources in it: those read the relation *released* (`hub.store.search`).
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select

from hub.consent.release import Outcome, Row
from hub.store.held_entry import rows_then
from hub.store.prepared import Kept
from hub.store.records_then import decided_then
from hub.store.released import Relation, View


class Counted(NamedTuple):
    """So many entries of one provider, unit and information type become one thing, by one row of the Release."""

    outcome: Outcome
    row: Row
    provider: str | None
    unit: str | None
    info_type: str
    entries: int


def outcomes(connection: Connection, view: View, leaving_out: str) -> list[Counted]:
    """What becomes of the entries of one patient, as of the view's time and under the custody of then.

    Takes: `leaving_out`: the source that holds no record (the population register).
    """
    if view.release.asks_of_resources:
        return _one_by_one(connection, view, leaving_out)
    statement = _KEPT.made(view.shape(), lambda: _counted(view))
    return list(_read(view, statement.rows(connection, view.values() | {"register": leaving_out})))


def _read(view: View, rows: list[tuple[int, str | None, str | None, str, int]]) -> Iterator[Counted]:
    for place, *held in rows:
        row = view.release.rows[abs(place) - 1]
        yield Counted(row.outcome if place > 0 else Outcome.HIDE, row, *held)  # type: ignore[arg-type]  # the columns in their order


def _one_by_one(connection: Connection, view: View, leaving_out: str) -> list[Counted]:
    """The same where keys of then may be gone."""
    its = ((each.place, each.custody) for each in decided_then(connection, view) if each.custody.source != leaving_out)
    found = Counter((place, custody.provider, custody.unit, custody.info_type) for place, custody in its)
    by_place = sorted(found.items(), key=lambda each: (each[0][0], *map(str, each[0][1:])))
    return list(_read(view, [(*by, entries) for by, entries in by_place]))


def _counted(view: View) -> Select[tuple[int, str | None, str | None, str, int]]:
    held = rows_then()
    at = Relation(view, rows=held)
    columns = (held.c.provider, held.c.unit, held.c.info_type, held.c.entry)
    there = (at.where(), at.current(), held.c.gone == 0, held.c.source != bindparam("register"))
    seen = select(at.decided().label("decided"), *columns).where(*there).subquery("seen")
    by = (seen.c.decided, seen.c.provider, seen.c.unit, seen.c.info_type)
    return select(*by, func.count(seen.c.entry.distinct())).group_by(*by).order_by(*by)


_KEPT = Kept(64)
