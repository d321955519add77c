"""Search, read and history over the one relation *released*: what the Release hides does not exist for any part of a statement.

Statements are built once per shape (type, criteria, sort, release, scope) and kept; only values are bound.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from hub.consent.release import Release
from hub.errors import TooCostly
from hub.fhir.criteria import OPEN_HIGH, OPEN_LOW, AllOf, AnyOf, Criterion, StringStarts
from hub.fhir.custody import COLUMNS
from hub.fhir.query import Query, SortKey
from hub.store.release_sql import bindings, permitted, rule_number, shape
from hub.store.tables import FOREVER, body, ix_date, ix_ref, ix_string, ix_token, locator, resource
from hub.store.values import KEY_LENGTH, fitted, parameter_number

CUSTODY = {name: resource.c[name] for name in COLUMNS}
LAST_TEXT = "\U0010ffff"
SORT_LENGTH = 40
"""Characters of a text that order hits: enough to sort by, few enough for a cursor of fixed length."""


@dataclass(frozen=True, slots=True)
class View:
    """What a caller may look at: where, and the Release that says which of it.

    `patient`: one patient's record as of `asof`; `unit`: one unit's entries; `source`: one source's; the last two as of now.
    """

    kind: Literal["patient", "unit", "source"]
    release: Release
    pk: int = 0
    asof: int = 0
    provider: str = ""
    unit: str = ""
    source: str = ""

    def shape(self) -> Hashable:
        return (self.kind, shape(self.release))

    def values(self) -> dict[str, Any]:
        where: dict[str, dict[str, Any]] = {
            "patient": {"pk": self.pk, "asof": self.asof},
            "unit": {"provider": self.provider, "unit": self.unit},
            "source": {"source": self.source},
        }
        return where[self.kind] | bindings(self.release)


@dataclass(frozen=True, slots=True)
class Found:
    """One released resource. `row`: which row of the Release let it through, from 0."""

    pk: int
    rid: int
    fhir_id: str
    version_id: str
    recorded: int
    entry: int
    row: int
    bytes: bytes
    keys: tuple[Any, ...] = ()
    """What it was sorted by."""


@dataclass(frozen=True, slots=True)
class Page:
    """Hits of one page; `total` of all pages (None: not asked); `more`: whether there is a next page."""

    hits: tuple[Found, ...]
    total: int | None
    more: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a released resource; `bytes` None: it was deleted then."""

    version_id: str
    version: int
    recorded: int
    fhir_id: str
    entry: int
    row: int
    bytes: bytes | None


class Searcher:
    """Statements by shape. State: the prepared statements, since building one costs more than running it."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == "sqlite"
        self._prepared: dict[Hashable, Any] = {}

    def page(
        self, connection: Connection, view: View, query: Query, after: Sequence[Any] | None = None, compartment: bool = False
    ) -> Page:
        """One page of hits.

        Takes: `after`: sort keys and rid of the last hit of the page before; `compartment`: the view is the one patient that
        the query names, so that what names the patient need not be asked again.
        """
        criteria = query.criteria if compartment else (*query.naming, *query.criteria)
        at = (
            "page",
            view.shape(),
            query.resource_type,
            tuple(each.shape() for each in criteria),
            query.sort,
            after is None,
            query.count == 0,
        )
        statement = self._prepared.get(at)
        if statement is None:
            statement = self._prepared[at] = self._page(view, query, criteria, after is not None)
        values = view.values() | {"type": query.resource_type, "count": query.count + 1}
        values |= {f"v{n}": value for n, value in enumerate(value for each in criteria for value in _values(each))}
        if after is not None:
            values |= {f"k{n}": key for n, key in enumerate(after)}
        rows = connection.execute(statement, values).all()
        total = None if after is not None else (rows[0].total if rows else 0)
        real = [row for row in rows if row.rid is not None]
        hits = tuple(_found(row, len(query.sort) or 1) for row in real[: query.count])
        return Page(hits, total, len(real) > query.count)

    def read(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> Found | None:
        """The current version of one resource, if it is released; a deleted one is not."""
        at = ("read", view.shape())
        statement = self._prepared.get(at)
        if statement is None:
            statement = self._prepared[at] = (
                select(*_COLUMNS, body.c.bytes, rule_number(shape(view.release), CUSTODY).label("decided"))
                .join_from(resource, body, _BODY)
                .where(self._released(view), resource.c.gone == 0, *_THIS)
            )
        row = connection.execute(
            statement, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)}
        ).one_or_none()
        return _found(row, 0) if row else None

    def versions(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> tuple[Version, ...]:
        """Every version of one resource, newest first; none if it is not released. All follow today's custody."""
        at = ("versions", view.shape())
        statement = self._prepared.get(at)
        if statement is None:
            statement = self._prepared[at] = (
                select(
                    *_COLUMNS,
                    resource.c.version,
                    resource.c.gone,
                    body.c.bytes,
                    rule_number(shape(view.release), CUSTODY).label("decided"),
                )
                .join_from(resource, body, _BODY, isouter=True)
                .where(self._where(view), permitted(shape(view.release), CUSTODY), *_THIS)
                .order_by(resource.c.version.desc())
            )
        rows = connection.execute(
            statement, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)}
        ).all()
        return tuple(
            Version(
                row.version_id,
                row.version,
                row.rec_from,
                row.fhir_id,
                row.entry,
                abs(row.decided) - 1,
                None if row.gone else row.bytes,
            )
            for row in rows
        )

    def entry_at(self, connection: Connection, number: int, resource_type: str) -> int | None:
        """The entry whose resource has this number, whoever may see it; for writing, never for answering."""
        wanted = (
            select(resource.c.entry)
            .join(locator, and_(locator.c.pk == resource.c.pk, locator.c.rid == resource.c.rid))
            .where(locator.c.rid == bindparam("rid", type_=BigInteger), resource.c.type == bindparam("type"))
            .limit(1)
        )
        return connection.execute(wanted, {"rid": number, "type": resource_type}).scalar_one_or_none()

    def _page(self, view: View, query: Query, criteria: Sequence[Criterion], continued: bool) -> Select[Any]:
        keys = [_sort_key(key, query.resource_type, n) for n, key in enumerate(query.sort)] or [resource.c.sort.label("s0")]
        names = iter(f"v{n}" for n in range(10_000))
        matching = [self._criterion(each.shape(), query.resource_type, view.kind, names) for each in criteria]
        decided = rule_number(shape(view.release), CUSTODY).label("decided")
        hits = (
            select(*_COLUMNS, resource.c.version, decided, *keys)
            .where(self._released(view), resource.c.gone == 0, resource.c.type == bindparam("type"), *matching)
            .cte("hits")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        ordering = [self._ordered(hits.c[f"s{n}"], key) for n, key in enumerate(query.sort or (SortKey("", "date", True),))]
        total = literal_column("NULL", BigInteger) if continued else select(func.count()).select_from(hits).scalar_subquery()
        if query.count == 0:
            return select(total.label("total"), literal_column("NULL").label("rid"))
        page = select(hits).order_by(*ordering, hits.c.rid).limit(bindparam("count"))
        if continued:
            page = page.where(_after(hits, query.sort or (SortKey("", "date", True),), self._sqlite))
        limited = page.subquery("page")
        shown = [
            limited.c[name] for name in (*(column.name for column in _COLUMNS), "decided", *(f"s{n}" for n in range(len(keys))))
        ]
        again = [self._ordered(limited.c[f"s{n}"], key) for n, key in enumerate(query.sort or (SortKey("", "date", True),))]
        return (
            select(total.label("total"), *shown, body.c.bytes)
            .join_from(
                limited, body, and_(body.c.pk == limited.c.pk, body.c.rid == limited.c.rid, body.c.version == limited.c.version)
            )
            .order_by(*again, limited.c.rid)
        )

    def _ordered(self, column: ColumnElement[Any], key: SortKey) -> ColumnElement[Any]:
        if key.kind != "date" and not self._sqlite:
            column = column.collate("C")
        return column.desc() if key.descending else column

    def _released(self, view: View) -> ColumnElement[bool]:
        return and_(self._where(view), self._current(view), permitted(shape(view.release), CUSTODY))

    def _current(self, view: View) -> ColumnElement[bool]:
        if view.kind != "patient":
            return resource.c.rec_to == FOREVER
        # The plus keeps SQLite's planner from using rec_from in a key: SQLite 3.40.1 then returns rows it should not.
        asof = bindparam("asof", type_=BigInteger)
        return and_(literal_column("+resource.rec_from", BigInteger) <= asof, resource.c.rec_to > asof)

    def _where(self, view: View) -> ColumnElement[bool]:
        if view.kind == "patient":
            return resource.c.pk == bindparam("pk", type_=BigInteger)
        if view.kind == "unit":
            return and_(resource.c.provider == bindparam("provider"), resource.c.unit == bindparam("unit"))
        return resource.c.source == bindparam("source")

    def _criterion(self, form: Any, resource_type: str, kind: str, names: Any) -> ColumnElement[bool]:
        match form:
            case ("any", *parts):
                return or_(false(), *[self._criterion(part, resource_type, kind, names) for part in parts])
            case ("all", *parts):
                return and_(true(), *[self._criterion(part, resource_type, kind, names) for part in parts])
            case ("id",):
                return resource.c.fhir_id == bindparam(next(names), type_=Text)
            case ("lastUpdated", comparison):
                return _compared(comparison, resource.c.rec_from, resource.c.rec_from + 1, names)
            case ("token", index, system, code):
                tests = [
                    ix_token.c[name] == bindparam(next(names), type_=Text)
                    for name, asked in (("system", system), ("code", code))
                    if asked
                ]
                return _indexed(ix_token, resource_type, index, kind, and_(true(), *tests))
            case ("date", index, comparison):
                return _indexed(ix_date, resource_type, index, kind, _compared(comparison, ix_date.c.lo, ix_date.c.hi, names))
            case ("reference", index, size):
                targets = [bindparam(next(names), type_=Text) for _ in range(size)]
                return _indexed(ix_ref, resource_type, index, kind, ix_ref.c.target.in_(targets))
            case ("uri", index):
                return _indexed(ix_string, resource_type, index, kind, ix_string.c.value == bindparam(next(names), type_=Text))
            case ("string", index):
                return _indexed(ix_string, resource_type, index, kind, self._starts(bindparam(next(names), type_=Text)))
            case _:
                raise AssertionError(f"no SQL for a criterion of form {form[0]}")

    def _starts(self, value: ColumnElement[Any]) -> ColumnElement[bool]:
        start = func.substr(ix_string.c.value, 1, func.length(value))
        return start == value


_COLUMNS = tuple(resource.c[name] for name in ("pk", "rid", "version", "fhir_id", "version_id", "rec_from", "entry"))
_BODY = and_(body.c.pk == resource.c.pk, body.c.rid == resource.c.rid, body.c.version == resource.c.version)
_THIS = (
    resource.c.type == bindparam("type"),
    resource.c.rid == bindparam("rid", type_=BigInteger),
    resource.c.fhir_id == bindparam("fhir_id"),
)


def _values(criterion: Criterion) -> Iterator[str | int]:
    """What is bound for a criterion, in the order of its `values`, as the index keys hold it.

    Raises: TooCostly: a text of which more is asked than its key holds.
    """
    match criterion:
        case AnyOf(parts) | AllOf(parts):
            for part in parts:
                yield from _values(part)
        case StringStarts(param, value) if len(value) > KEY_LENGTH:
            raise TooCostly(f"a text to search for has at most {KEY_LENGTH} characters", param)
        case _:
            yield from (fitted(value) if isinstance(value, str) else value for value in criterion.values())


def _found(row: Any, keys: int) -> Found:
    return Found(
        row.pk,
        row.rid,
        row.fhir_id,
        row.version_id,
        row.rec_from,
        row.entry,
        abs(row.decided) - 1,
        row.bytes,
        tuple(getattr(row, f"s{n}") for n in range(keys)),
    )


def _indexed(table: Any, resource_type: str, index: str, kind: str, test: ColumnElement[bool]) -> ColumnElement[bool]:
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


def _compared(comparison: str, lo: ColumnElement[int], hi: ColumnElement[int], names: Any) -> ColumnElement[bool]:
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


def _sort_key(key: SortKey, resource_type: str, n: int) -> ColumnElement[Any]:
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


def _after(hits: Any, sort: Sequence[SortKey], sqlite: bool) -> ColumnElement[bool]:
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
