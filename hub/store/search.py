"""Search, read and history over the one relation *released*: what the Release hides does not exist for any part of a statement.

Statements are built once per shape (type, criteria, sort, release, scope) and kept; only values are bound.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
)

from hub.consent.release import Release
from hub.errors import TooCostly
from hub.fhir.criteria import AllOf, AnyOf, Criterion, StringStarts
from hub.fhir.custody import COLUMNS
from hub.fhir.query import Query, SortKey
from hub.store.prepared import Kept
from hub.store.release_sql import bindings, permits, permitted, rule_number, shape
from hub.store.search_parts import after as following
from hub.store.search_parts import compared, indexed, sort_key
from hub.store.tables import FOREVER, body, ix_date, ix_ref, ix_string, ix_token, locator, resource
from hub.store.values import KEY_LENGTH, fitted

CUSTODY = {name: resource.c[name] for name in COLUMNS}


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
        """What the text of a statement over this view depends on."""
        worked = self.release.worked
        if "shape" not in worked:
            worked["shape"] = _Shape(shape(self.release))
        return (self.kind, worked["shape"])

    def values(self) -> dict[str, Any]:
        """What is bound in it."""
        worked = self.release.worked
        if "bindings" not in worked:
            worked["bindings"] = bindings(self.release)
        held: dict[str, Any] = worked["bindings"]
        match self.kind:
            case "patient":
                return held | {"pk": self.pk, "asof": self.asof}
            case "unit":
                return held | {"provider": self.provider, "unit": self.unit}
            case "source":
                return held | {"source": self.source}


class _Shape:
    """The shape of a release, hashed once: it is deep, and every request looks something up by it."""

    __slots__ = ("_hash", "_shape")

    def __init__(self, shape: Hashable) -> None:
        self._shape = shape
        self._hash = hash(shape)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Shape) and self._shape == other._shape)


class Found(NamedTuple):
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


class Withheld(NamedTuple):
    """So many entries of one custody class are withheld by one rule."""

    rule: str
    provider: str | None
    info_type: str
    entries: int


class Searcher:
    """Statements by shape. State: the prepared statements, since building one costs more than running it."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == "sqlite"
        self._prepared = Kept()

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
        statement = self._prepared.made(at, lambda: self._page(view, query, criteria, after is not None))
        values = view.values() | {"type": query.resource_type, "count": query.count + 1}
        values |= {f"v{n}": value for n, value in enumerate(value for each in criteria for value in _values(each))}
        if after is not None:
            values |= {f"k{n}": key for n, key in enumerate(after)}
        rows = statement.rows(connection, values)
        total = None if after is not None else (rows[0][0] if rows else 0)
        if query.count == 0:
            return Page((), total, False)
        hits = tuple([_found(row[1:_SHOWN], row[_SHOWN:]) for row in rows[: query.count]])
        return Page(hits, total, len(rows) > query.count)

    def read(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> Found | None:
        """The current version of one resource, if it is released; a deleted one is not."""
        statement = self._prepared.made(("read", view.shape()), lambda: self._read(view))
        row = statement.row(connection, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)})
        return _found(row, ()) if row else None

    def versions(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> tuple[Version, ...]:
        """Every version of one resource, newest first; none if it is not released. All follow today's custody."""
        statement = self._prepared.made(("versions", view.shape()), lambda: self._versions(view))
        rows = statement.rows(connection, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)})
        return tuple(Version(id, number, at, name, entry, row - 1, held) for id, number, at, name, entry, row, held in rows)

    def withheld(self, connection: Connection, view: View, resource_type: str) -> list[Withheld]:
        """How many entries of a patient's record are not released, whatever is asked of it. For the log, never for an answer."""
        statement = self._prepared.made(("withheld", view.shape()), lambda: self._withheld(view))
        rows = statement.rows(connection, view.values() | {"type": resource_type})
        return [Withheld(view.release.rows[abs(row) - 1].rule, holder, kind, count) for row, holder, kind, count in rows]

    def closing(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> str | None:
        """The rule by which one resource is not released; None: there is no such resource. For the log, never for an answer."""
        statement = self._prepared.made(("closing", view.shape()), lambda: self._closing(view))
        row = statement.row(connection, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)})
        return view.release.rows[abs(row[0]) - 1].rule if row else None

    def entry_at(self, connection: Connection, number: int, resource_type: str) -> int | None:
        """The entry whose resource has this number, whoever may see it; for writing, never for answering."""
        wanted = (
            select(resource.c.entry)
            .join(locator, and_(locator.c.pk == resource.c.pk, locator.c.rid == resource.c.rid))
            .where(locator.c.rid == bindparam("rid", type_=BigInteger), resource.c.type == bindparam("type"))
            .limit(1)
        )
        return connection.execute(wanted, {"rid": number, "type": resource_type}).scalar_one_or_none()

    def _versions(self, view: View) -> Select[Any]:
        return (
            select(
                resource.c.version_id,
                resource.c.version,
                resource.c.rec_from,
                resource.c.fhir_id,
                resource.c.entry,
                rule_number(shape(view.release), CUSTODY),
                case((resource.c.gone == 0, body.c.bytes)),
            )
            .join_from(resource, body, _bytes_of(resource), isouter=True)
            .where(self._where(view), permitted(shape(view.release), CUSTODY), *_THIS)
            .order_by(resource.c.version.desc())
        )

    def _withheld(self, view: View) -> Select[Any]:
        form = shape(view.release)
        columns = (resource.c.provider, resource.c.info_type, resource.c.entry)
        seen = select(*columns, rule_number(form, CUSTODY).label("decided")).where(
            resource.c.type == bindparam("type"), self._where(view), self._current(view), resource.c.gone == 0
        )
        found = seen.offset(literal_column("0")).subquery("candidates")
        hidden = and_(true(), *(found.c.decided != literal_column(str(place)) for place in permits(form)))
        by = (found.c.decided, found.c.provider, found.c.info_type)
        return select(*by, func.count(found.c.entry.distinct())).where(hidden).group_by(*by).order_by(*by)

    def _closing(self, view: View) -> Select[Any]:
        decided = rule_number(shape(view.release), CUSTODY)
        return select(decided).where(*_THIS, self._where(view), self._current(view), resource.c.gone == 0)

    def _read(self, view: View) -> Select[Any]:
        found = self._decided(view, select(*_COLUMNS, resource.c.version).where(*_THIS)).subquery("found")
        return select(*_shown(found), body.c.bytes).join_from(found, body, _bytes_of(found))

    def _decided(self, view: View, candidates: Select[Any], *keys: ColumnElement[Any]) -> Select[Any]:
        """Those of the candidates that are released now, each with the row of the Release that decides it."""
        form = shape(view.release)
        decided = rule_number(form, CUSTODY).label("decided")
        seen = candidates.add_columns(decided, *keys).where(self._where(view), self._current(view), resource.c.gone == 0)
        fenced = seen.offset(literal_column("0")).subquery("candidates")  # a fence: the decision is worked out once a row
        return select(fenced).where(or_(false(), *(fenced.c.decided == literal_column(str(place)) for place in permits(form))))

    def _page(self, view: View, query: Query, criteria: Sequence[Criterion], continued: bool) -> Select[Any]:
        keys = [sort_key(key, query.resource_type, n) for n, key in enumerate(query.sort)] or [resource.c.sort.label("s0")]
        names = iter(f"v{n}" for n in range(10_000))
        matching = [self._criterion(each.shape(), query.resource_type, view.kind, names) for each in criteria]
        candidates = select(*_COLUMNS, resource.c.version).where(resource.c.type == bindparam("type"), *matching)
        hits = self._decided(view, candidates, *keys).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
        ordering = [self._ordered(hits.c[f"s{n}"], key) for n, key in enumerate(query.sort or (SortKey("", "date", True),))]
        total = literal_column("NULL", BigInteger) if continued else select(func.count()).select_from(hits).scalar_subquery()
        if query.count == 0:
            return select(total.label("total"), literal_column("NULL").label("rid"))
        page = select(hits).order_by(*ordering, hits.c.rid).limit(bindparam("count"))
        if continued:
            page = page.where(following(hits, query.sort or (SortKey("", "date", True),), self._sqlite))
        limited = page.subquery("page")
        sorted_by = [limited.c[f"s{n}"] for n in range(len(keys))]
        again = [self._ordered(limited.c[f"s{n}"], key) for n, key in enumerate(query.sort or (SortKey("", "date", True),))]
        return (
            select(total.label("total"), *_shown(limited), body.c.bytes, *sorted_by)
            .join_from(limited, body, _bytes_of(limited))
            .order_by(*again, limited.c.rid)
        )

    def _ordered(self, column: ColumnElement[Any], key: SortKey) -> ColumnElement[Any]:
        if key.kind != "date" and not self._sqlite:
            column = column.collate("C")
        return column.desc() if key.descending else column

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
                return compared(comparison, resource.c.rec_from, resource.c.rec_from + 1, names)
            case ("token", index, system, code):
                tests = [
                    ix_token.c[name] == bindparam(next(names), type_=Text)
                    for name, asked in (("system", system), ("code", code))
                    if asked
                ]
                return indexed(ix_token, resource_type, index, kind, and_(true(), *tests))
            case ("date", index, comparison):
                return indexed(ix_date, resource_type, index, kind, compared(comparison, ix_date.c.lo, ix_date.c.hi, names))
            case ("reference", index, size):
                targets = [bindparam(next(names), type_=Text) for _ in range(size)]
                return indexed(ix_ref, resource_type, index, kind, ix_ref.c.target.in_(targets))
            case ("uri", index):
                return indexed(ix_string, resource_type, index, kind, ix_string.c.value == bindparam(next(names), type_=Text))
            case ("string", index):
                return indexed(ix_string, resource_type, index, kind, self._starts(bindparam(next(names), type_=Text)))
            case _:
                raise AssertionError(f"no SQL for a criterion of form {form[0]}")

    def _starts(self, value: ColumnElement[Any]) -> ColumnElement[bool]:
        start = func.substr(ix_string.c.value, 1, func.length(value))
        return start == value


_COLUMNS = tuple(resource.c[name] for name in ("pk", "rid", "fhir_id", "version_id", "rec_from", "entry"))
_SHOWN = 1 + len(_COLUMNS) + 2
"""Columns of a hit before its sort keys: the total, these, the deciding row and the bytes."""
_THIS = (
    resource.c.type == bindparam("type"),
    resource.c.rid == bindparam("rid", type_=BigInteger),
    resource.c.fhir_id == bindparam("fhir_id"),
)


def _found(row: tuple[Any, ...], keys: tuple[Any, ...]) -> Found:
    return Found._make((*row, keys))


def _shown(found: Any) -> list[ColumnElement[Any]]:
    return [*(found.c[column.name] for column in _COLUMNS), found.c.decided - literal_column("1")]


def _bytes_of(found: Any) -> ColumnElement[bool]:
    return and_(body.c.pk == found.c.pk, body.c.rid == found.c.rid, body.c.version == found.c.version)


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
