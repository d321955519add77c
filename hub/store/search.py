"""Search, read and history over the one relation *released*: what the Release hides does not exist for any part of a statement.

Statements are built once per shape (type, criteria, sort, release, scope) and kept; only values are bound.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.selectable import FromClause

from hub.consent.release import Outcome
from hub.fhir.asked import Query, SortKey
from hub.fhir.criteria import Criterion
from hub.store.criteria_sql import CriteriaWriter
from hub.store.criteria_values import bound
from hub.store.held_entry import rows_then
from hub.store.includes import Includes
from hub.store.prepared import Kept
from hub.store.records_then import decided_then
from hub.store.release_shape import permits, shape
from hub.store.released import Relation, View, Views
from hub.store.rows import COLUMNS, Found, bytes_of, decided, let_through, shown, weighed, written_by
from hub.store.search_parts import Sorting
from hub.store.search_parts import after as following
from hub.store.tables import body, locator, resource
from hub.store.values import fitted

__all__ = ["Found", "Missing", "Page", "Searcher", "Version", "View", "Views", "Withheld"]


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
    writer: str | None = None
    """As of `Found`."""


class Withheld(NamedTuple):
    """So many entries of one custody class are withheld by one rule."""

    rule: str
    provider: str | None
    info_type: str
    entries: int


class Missing(NamedTuple):
    """Why a resource is not given."""

    rule: str
    """By which it is withheld: for the log, never for an answer. Empty: it is gone."""
    deleted: bool = False
    """It is gone, and who asks would be shown it if it were not."""


class Searcher:
    """Statements by shape. State: the prepared statements, since building one costs more than running it."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == "sqlite"
        self._prepared = Kept()
        self.includes = Includes(self._sqlite)

    def page(
        self,
        connection: Connection,
        view: View,
        query: Query,
        after: Sequence[Any] | None = None,
        compartment: bool = False,
        others: Views | None = None,
    ) -> Page:
        """One page of hits.

        Takes: `after`: sort keys and rid of the last hit of the page before; `compartment`: the view is the one patient that
        the query names, so that what names the patient need not be asked again; `others`: how the types are seen that the
        query searches or looks at besides its one type, that one first.
        """
        criteria = query.criteria if compartment else (*query.naming, *query.criteria)
        at = (
            "page",
            others.shape() if others else view.shape(),
            query.types or query.resource_type,
            tuple(each.shape() for each in criteria),
            query.sort,
            after is None,
            query.count == 0,
        )
        statement = self._prepared.made(
            at, lambda: self._page(others or Views({query.resource_type: view}), query, criteria, after is not None)
        )
        values = (others or view).values() | bound(criteria) | {"type": query.resource_type, "count": query.count + 1}
        if after is not None:
            values |= {f"k{n}": key for n, key in enumerate(after)}
        rows = statement.rows(connection, values)
        total = None if after is not None else (rows[0][0] if rows else 0)
        if query.count == 0:
            return Page((), total, False)
        if query.types:
            hits = tuple(
                [Found._make((*row[1:_SHOWN], row[_SHOWN + 2 :], *row[_SHOWN : _SHOWN + 2])) for row in rows[: query.count]]
            )
        else:
            hits = tuple([_found(row[1:_SHOWN], row[_SHOWN:]) for row in rows[: query.count]])
        return Page(hits, total, len(rows) > query.count)

    def read(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> Found | None:
        """The current version of one resource, if it is released; a deleted one is not."""
        found = self.look(connection, view, resource_type, number, fhir_id)
        return None if isinstance(found, Missing) else found

    def look(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> Found | Missing | None:
        """The current version of one resource, or why it is not given; None: there is no such resource. One statement weighs it
        once, whatever comes of it."""
        statement = self._prepared.made(("read", view.shape()), lambda: self._read(view))
        row = statement.row(connection, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)})
        if row is None:
            return None
        return _found(row[1:], ()) if row[-2] is not None else self._missing(view, row[-3] + 1, row[0])

    def versions(self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> tuple[Version, ...]:
        """Every version of one resource, newest first; none if it is not released. All follow today's custody."""
        found = self.look_back(connection, view, resource_type, number, fhir_id)
        return () if found is None or isinstance(found, Missing) else found

    def look_back(
        self, connection: Connection, view: View, resource_type: str, number: int, fhir_id: str
    ) -> tuple[Version, ...] | Missing | None:
        """The same, or why it is not given; None: there is no such resource. One statement too."""
        statement = self._prepared.made(("versions", view.shape()), lambda: self._versions(view))
        rows = statement.rows(connection, view.values() | {"type": resource_type, "rid": number, "fhir_id": fitted(fhir_id)})
        if not rows:
            return None
        seen = (row[1:] for row in rows if row[0])
        found = tuple(
            Version(id, number, at, name, entry, row - 1, held, writer) for row, id, number, at, name, entry, held, writer in seen
        )
        return found or self._missing(view, rows[0][1], gone=False)

    def withheld(self, connection: Connection, view: View, resource_type: str, then: bool = False) -> list[Withheld]:
        """How many entries of a patient's record are not released, whatever is asked of it. For the log, never for an answer.

        Takes: `then`: by custody as it was at the time of the view, for replay.
        """
        if then and view.release.asks_of_resources:
            return _withheld_then(connection, view, resource_type)
        at = ("withheld", then, view.shape())
        statement = self._prepared.made(at, lambda: self._withheld(Relation(view, rows=rows_then() if then else resource)))
        rows = statement.rows(connection, view.values() | {"type": resource_type})
        return [Withheld(view.release.rows[abs(row) - 1].rule, holder, kind, count) for row, holder, kind, count in rows]

    def _missing(self, view: View, place: int, gone: int) -> Missing:
        """Takes: `place`: of the row of the Release that decides, negative where it is unknown."""
        if gone:
            return Missing("", deleted=place in permits(shape(view.release)))
        return Missing(view.release.rows[abs(place) - 1].rule)

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
        at = Relation(view)
        found = weighed(at, select(*_CARRIED, resource.c.gone).where(at.where(), *_THIS))
        released = let_through(at, found)
        told = (found.c[name] for name in ("version_id", "version", "rec_from", "fhir_id", "entry"))
        return (
            select(case((released, 1), else_=0), found.c.decided, *told, body.c.bytes, written_by(found))
            .join_from(found, body, and_(bytes_of(found), released, found.c.gone == 0), isouter=True)
            .order_by(found.c.version.desc())
        )

    def _withheld(self, at: Relation) -> Select[Any]:
        columns = (at.rows.c.provider, at.rows.c.info_type, at.rows.c.entry)
        there = (at.rows.c.type == bindparam("type"), at.where(), at.current(), at.rows.c.gone == 0)
        found = weighed(at, select(*columns).where(*there))
        hidden = and_(true(), *(found.c.decided != literal_column(str(place)) for place in permits(shape(at.view.release))))
        by = (found.c.decided, found.c.provider, found.c.info_type)
        return select(*by, func.count(found.c.entry.distinct())).where(hidden).group_by(*by).order_by(*by)

    def _read(self, view: View) -> Select[Any]:
        at = Relation(view)
        found = weighed(at, select(*_CARRIED, resource.c.gone).where(*_THIS, at.where(), at.current()))
        there = and_(bytes_of(found), let_through(at, found), found.c.gone == 0)
        return select(found.c.gone, *shown(found), body.c.bytes, written_by(found)).join_from(found, body, there, isouter=True)

    def _page(self, views: Views, query: Query, criteria: Sequence[Criterion], continued: bool) -> Select[Any]:
        order = query.sort or (SortKey("", "date", True),)
        hits = self._hits(views, query, criteria).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
        ordering = [self._ordered(hits.c[f"s{n}"], key) for n, key in enumerate(order)]
        total = literal_column("NULL", BigInteger) if continued else select(func.count()).select_from(hits).scalar_subquery()
        if query.count == 0:
            return select(total.label("total"), literal_column("NULL").label("rid"))
        page = select(hits).order_by(*ordering, hits.c.rid).limit(bindparam("count"))
        if continued:
            page = page.where(following(hits, order, self._sqlite))
        limited = page.subquery("page")
        sorted_by = [limited.c[f"s{n}"] for n in range(len(order))]
        again = [self._ordered(limited.c[f"s{n}"], key) for n, key in enumerate(order)]
        several = [limited.c.type, limited.c.seen] if query.types else []
        return (
            select(total.label("total"), *shown(limited), body.c.bytes, written_by(limited), *several, *sorted_by)
            .join_from(limited, body, bytes_of(limited))
            .order_by(*again, limited.c.rid)
        )

    def _hits(self, views: Views, query: Query, criteria: Sequence[Criterion]) -> Any:
        """What meets the criteria, with its sort keys; of several types also its type and the number of its view."""
        writer = CriteriaWriter(views, self._sqlite)
        if not query.types:
            at = views.relation(query.resource_type)
            matching = [writer.criterion(each.shape(), query.resource_type, at) for each in criteria]
            rows, keys = self._sorted_by(query, at, writer)
            return decided(at, select(*_CARRIED).select_from(rows).where(_OF_TYPE, *matching), *keys)
        found = []
        for number, types in views.grouped(query.types).items():
            at = views.relation(types[0])
            matching = [writer.criterion(each.shape(), "", at) for each in criteria]
            named = resource.c.type.in_([literal_column(f"'{each}'", Text) for each in types])
            columns = (*_CARRIED, resource.c.type, literal_column(str(number)).label("seen"))
            rows, keys = self._sorted_by(query, at, writer)
            found.append(decided(at, select(*columns).select_from(rows).where(named, *matching), *keys))
            writer.again()
        return union_all(*found)

    def _sorted_by(self, query: Query, at: Relation, writer: CriteriaWriter) -> tuple[FromClause, Sequence[ColumnElement[Any]]]:
        """The rows with what is put beside them, and what they are ordered by."""
        sorting = Sorting(query.sort, query.resource_type, at, self._sqlite, writer.across)
        return sorting.rows, sorting.keys or [resource.c.sort.label("s0")]

    def _ordered(self, column: ColumnElement[Any], key: SortKey) -> ColumnElement[Any]:
        if key.kind != "date" and not self._sqlite:
            column = column.collate("C")
        return column.desc() if key.descending else column


def _withheld_then(connection: Connection, view: View, resource_type: str) -> list[Withheld]:
    """The same by what resources said then, whose keys may be gone."""
    rows = view.release.rows
    there = (each for each in decided_then(connection, view) if resource_type in each.types)
    hidden = (each for each in there if each.place < 0 or rows[each.place - 1].outcome is not Outcome.PERMIT)
    found = Counter((each.place, each.custody.provider, each.custody.info_type) for each in hidden)
    return [Withheld(rows[abs(place) - 1].rule, holder, kind, number) for (place, holder, kind), number in found.items()]


_SHOWN = 1 + len(COLUMNS) + 3
"""Columns of a hit before its sort keys: the total, these, the deciding row, the bytes, and whose client wrote them."""
_CARRIED = (*COLUMNS, resource.c.version, resource.c.source)
"""What is taken along of a row until its body is found."""
_OF_TYPE = resource.c.type == bindparam("type")
_THIS = (
    _OF_TYPE,
    resource.c.rid == bindparam("rid", type_=BigInteger),
    resource.c.fhir_id == bindparam("fhir_id"),
)


def _found(row: tuple[Any, ...], keys: tuple[Any, ...]) -> Found:
    return tuple.__new__(Found, row + (keys, "", 0))  # noqa: RUF005  # half the time, for each of fifty
