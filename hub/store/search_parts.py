"""The parts of a search statement that put hits in order: sort keys, and what comes after a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, bindparam, func, literal_column, or_, select

from hub.fhir.index_keys import OPEN_HIGH, OPEN_LOW
from hub.fhir.query import SortKey
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


def sort_key(key: SortKey, resource_type: str, n: int, at: Relation) -> ColumnElement[Any]:
    """What hits are ordered by; those without a value come last."""
    rows = at.rows
    if key.param == "_lastUpdated":
        return rows.c.rec_from.label(f"s{n}")
    if key.param == "_id":
        return rows.c.fhir_id.label(f"s{n}")
    table, column = _COLUMNS[key.kind]
    value = table.c[column] if key.kind == "date" else func.substr(table.c[column], 1, SORT_LENGTH)
    chosen = func.max(value) if key.descending else func.min(value)
    first = (
        select(chosen)
        .where(
            table.c.pk == rows.c.pk,
            or_(
                *(table.c.param == literal_column(str(each), BigInteger) for each in parameter_numbers(resource_type, key.param))
            ),
            table.c.rid == rows.c.rid,
            table.c.version == rows.c.version,
        )
        .scalar_subquery()
    )
    nothing: Any = (OPEN_LOW if key.descending else OPEN_HIGH) if key.kind == "date" else ("" if key.descending else LAST_TEXT)
    return func.coalesce(first, nothing).label(f"s{n}")


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
