"""The parts of a search statement that put hits in order: sort keys, and what comes after a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.sql.selectable import FromClause

from hub.fhir.index_keys import OPEN_HIGH, OPEN_LOW
from hub.fhir.query import SortKey
from hub.store.across_sql import Across
from hub.store.key_sets import ONE_WAY, VERSION, beside, keys_seen
from hub.store.released import Relation
from hub.store.tables import ix_date, ix_quantity, ix_ref, ix_string, ix_token
from hub.store.values import parameter_numbers

LAST_TEXT = "\U0010ffff"
SORT_LENGTH = 40
"""Characters of a text that order hits: enough to sort by, few enough for a cursor of fixed length. Of a number that is 34
digits."""
_COLUMNS: Mapping[str, tuple[Any, str]] = {
    "date": (ix_date, "lo"),
    "token": (ix_token, "code"),
    "string": (ix_string, "value"),
    "uri": (ix_string, "value"),
    "number": (ix_quantity, "lo"),
    "quantity": (ix_quantity, "lo"),
    "reference": (ix_ref, "target"),
}


class Sorting:
    """What hits are ordered by, those without a value last; and what is put beside the rows for that."""

    def __init__(self, sort: Sequence[SortKey], resource_type: str, at: Relation, sqlite: bool, across: Across) -> None:
        self._type, self._at, self._sqlite, self._across = resource_type, at, sqlite, across
        self.rows: FromClause = at.rows
        self.keys = [self._key(key, n).label(f"s{n}") for n, key in enumerate(sort)]

    def _key(self, key: SortKey, n: int) -> ColumnElement[Any]:
        rows = self._at.rows
        if key.param in ("_lastUpdated", "_id"):
            return rows.c[{"_lastUpdated": "rec_from", "_id": "fhir_id"}[key.param]]
        table, column = _COLUMNS[key.kind]
        value = table.c[column] if key.kind == "date" else func.substr(table.c[column], 1, SORT_LENGTH)
        first = (func.max(value) if key.descending else func.min(value)).label("value")
        its = or_(*(table.c.param == literal_column(str(each), BigInteger) for each in parameter_numbers(self._type, key.param)))
        if table is ix_ref:
            its = and_(its, self._across.leads(ix_ref, ix_ref.c.target, self._type, key.param, self._at))
        last = (OPEN_HIGH, OPEN_LOW) if key.kind == "date" else (LAST_TEXT, "")
        nothing: Any = last[key.descending]
        if self._sqlite and table.name in ONE_WAY:
            return func.coalesce(self._beside(table, its, first, f"by{n}"), nothing)
        return func.coalesce(select(first).where(beside(rows, table), its).scalar_subquery(), nothing)

    def _beside(self, table: Any, its: ColumnElement[bool], first: ColumnElement[Any], name: str) -> ColumnElement[Any]:
        of_each = keys_seen(table, self._at, self._type).add_columns(first).where(its)
        keys = of_each.group_by(*(table.c[each] for each in VERSION)).subquery(name)
        self.rows = self.rows.outerjoin(keys, beside(self._at.rows, keys))
        return keys.c.value


def after(hits: Any, sort: Sequence[SortKey], sqlite: bool) -> ColumnElement[bool]:
    """The hits that come after the last one of the page before: its keys are bound as k0, k1, …, its rid as the last."""
    columns: list[tuple[ColumnElement[Any], ColumnElement[Any], bool]] = []
    for n, key in enumerate(sort):
        column: ColumnElement[Any] = hits.c[f"s{n}"]
        bound: ColumnElement[Any] = bindparam(f"k{n}", type_=BigInteger if key.kind == "date" else Text)
        columns.append((column if key.kind == "date" or sqlite else column.collate("C"), bound, key.descending))
    columns.append((hits.c.rid, bindparam(f"k{len(sort)}", type_=BigInteger), False))
    ways = []
    for at, (column, bound, descending) in enumerate(columns):
        same = [earlier == its for earlier, its, _ in columns[:at]]
        ways.append(and_(*same, column < bound if descending else column > bound))
    return or_(*ways)
