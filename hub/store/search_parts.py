"""The parts of a search statement that tell hits apart: index keys compared, sort keys, what comes after a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, bindparam, exists, func, literal_column, or_, select, tuple_

from hub.fhir.criteria import OPEN_HIGH, OPEN_LOW
from hub.fhir.query import SortKey
from hub.store.tables import ix_date, ix_string, ix_token, resource
from hub.store.values import parameter_number

LAST_TEXT = "\U0010ffff"
SORT_LENGTH = 40
"""Characters of a text that order hits: enough to sort by, few enough for a cursor of fixed length."""


def indexed(table: Any, resource_type: str, index: str, kind: str, test: ColumnElement[bool]) -> ColumnElement[bool]:
    """The resource has a key that passes `test`. Within one patient as a set of hits; across patients row by row."""
    number = literal_column(str(parameter_number(resource_type, index)), BigInteger)
    if kind == "patient":
        hits = select(table.c.rid, table.c.version).where(
            table.c.pk == bindparam("pk", type_=BigInteger), table.c.param == number, test
        )
        return tuple_(resource.c.rid, resource.c.version).in_(hits)
    return exists().where(
        table.c.pk == resource.c.pk,
        table.c.param == number,
        table.c.rid == resource.c.rid,
        table.c.version == resource.c.version,
        test,
    )


def compared(comparison: str, lo: ColumnElement[int], hi: ColumnElement[int], names: Any) -> ColumnElement[bool]:
    """As `hub.fhir.criteria.DateIs.accepts`, in SQL."""
    low, high = bindparam(next(names), type_=BigInteger), bindparam(next(names), type_=BigInteger)
    inside = and_(low <= lo, hi <= high)
    tests: Mapping[str, ColumnElement[bool]] = {
        "eq": inside,
        "ne": ~inside,
        "gt": hi > high,
        "lt": lo < low,
        "ge": or_(hi > high, inside),
        "le": or_(lo < low, inside),
        "sa": lo >= high,
        "eb": hi <= low,
        "ap": and_(lo < high, hi > low),
    }
    return tests[comparison]


def sort_key(key: SortKey, resource_type: str, n: int) -> ColumnElement[Any]:
    """What hits are ordered by; those without a value come last."""
    if key.param == "_lastUpdated":
        return resource.c.rec_from.label(f"s{n}")
    if key.param == "_id":
        return resource.c.fhir_id.label(f"s{n}")
    table, column = {"date": (ix_date, "lo"), "token": (ix_token, "code")}.get(key.kind, (ix_string, "value"))
    value = table.c[column] if key.kind == "date" else func.substr(table.c[column], 1, SORT_LENGTH)
    chosen = func.max(value) if key.descending else func.min(value)
    first = (
        select(chosen)
        .where(
            table.c.pk == resource.c.pk,
            table.c.param == literal_column(str(parameter_number(resource_type, key.param)), BigInteger),
            table.c.rid == resource.c.rid,
            table.c.version == resource.c.version,
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
