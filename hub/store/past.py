"""Every version of what is released, newest first: type and system history. What the Release hides today has no past either."""

from collections.abc import Callable, Sequence
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
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.fhir.json import dumps
from hub.store.prepared import Kept
from hub.store.release_shape import permits, shape
from hub.store.released import Views
from hub.store.rows import written_by
from hub.store.tables import FOREVER, body, resource


class Recorded(NamedTuple):
    """One version. `row`: which row of the Release lets it through, from 0; `group`: under which view; `bytes` None: deleted."""

    pk: int
    rid: int
    type: str
    version: int
    version_id: str
    recorded: int
    fhir_id: str
    entry: int
    row: int
    group: int
    bytes: bytes | None
    writer: str | None
    """As of `hub.store.rows.Found`."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which versions are asked for: recorded at `since` or later, and current at some time in [`low`, `high`). Microseconds."""

    since: int = 0
    low: int = 0
    high: int = FOREVER
    listed: tuple[str, ...] | None = None
    """Only those of these: `Type/id` means all versions, `Type/id/_history/version` one. None: all."""


@dataclass(frozen=True, slots=True)
class Pages:
    """One page; `total` of all pages (None: not asked); `more`: whether there is a next one."""

    versions: tuple[Recorded, ...]
    total: int | None
    more: bool


class PastVersions:
    """Statements by shape. State: the prepared statements."""

    def __init__(self, dialect: str) -> None:
        self._sqlite = dialect == "sqlite"
        self._prepared = Kept()

    def page(
        self, connection: Connection, views: Views, types: Sequence[str], window: Window, count: int, after: Sequence[Any] | None
    ) -> Pages:
        """One page of the versions of all resources of some types.

        Takes: `views`: how each of the types is seen; `after`: time, rid and version of the last of the page before.
        """
        at = (views.shape(), tuple(types), after is None, window.listed is None)
        among = None if window.listed is None else self._among
        statement = self._prepared.made(at, lambda: _page(views, types, among, after is not None))
        values = views.values() | {"since": window.since, "low": window.low, "high": window.high, "count": count + 1}
        if window.listed is not None:
            values["listed"] = dumps(window.listed).decode()
        if after is not None:
            values |= {f"k{n}": key for n, key in enumerate(after)}
        rows = statement.rows(connection, values)
        found = tuple(Recorded._make(row[1:]) for row in rows)
        total = (rows[0][0] if rows else 0) if after is None else None
        return Pages(found[:count], total, len(found) > count)

    def _among(self) -> ColumnElement[bool]:
        """A version is named by the list that is bound, by itself or with all others of its resource."""
        if self._sqlite:
            listed = select(func.json_each(bindparam("listed", type_=Text)).table_valued("value").c.value)
        else:
            listed = select(func.jsonb_array_elements_text(bindparam("listed", type_=JSONB)).column_valued("given"))
        whole = resource.c.type.concat(literal_column("'/'", Text)).concat(resource.c.fhir_id)
        one = whole.concat(literal_column("'/_history/'", Text)).concat(resource.c.version_id)
        return or_(whole.in_(listed), one.in_(listed))


Among = Callable[[], ColumnElement[bool]]


def _page(views: Views, types: Sequence[str], among: Among | None, continued: bool) -> Select[Any]:
    versions = union_all(*_seen(views, types, among)).cte("versions").prefix_with("MATERIALIZED", dialect="postgresql")
    total = literal_column("NULL", BigInteger) if continued else select(func.count()).select_from(versions).scalar_subquery()
    page = select(versions).order_by(*_newest_first(versions)).limit(bindparam("count"))
    limited = (page.where(_after(versions)) if continued else page).subquery("page")
    names = ("pk", "rid", "type", "version", "version_id", "rec_from", "fhir_id", "entry")
    return (
        select(
            total.label("total"),
            *(limited.c[name] for name in names),
            limited.c.decided - literal_column("1"),
            limited.c.seen,
            case((limited.c.gone == 0, body.c.bytes)),
            written_by(limited),
        )
        .join_from(
            limited,
            body,
            and_(body.c.pk == limited.c.pk, body.c.rid == limited.c.rid, body.c.version == limited.c.version),
            isouter=True,
        )
        .order_by(*_newest_first(limited))
    )


def _seen(views: Views, types: Sequence[str], among: Among | None) -> list[Select[Any]]:
    """The released versions of the types that are seen alike, each with the row of the Release that decides."""
    found = []
    for number, alike in views.grouped(types).items():
        at = views.relation(alike[0])
        # The plus keeps SQLite's planner from using rec_from in a key, as in `hub.store.released`.
        recorded = literal_column("+resource.rec_from", BigInteger)
        candidates = select(
            *(
                resource.c[name]
                for name in ("pk", "rid", "type", "version", "version_id", "rec_from", "fhir_id", "entry", "gone", "source")
            ),
            literal_column(str(number)).label("seen"),
            at.decided().label("decided"),
        ).where(
            at.where(),
            resource.c.type.in_([literal_column(f"'{each}'", Text) for each in alike]),
            recorded >= bindparam("since", type_=BigInteger),
            recorded < bindparam("high", type_=BigInteger),
            resource.c.rec_to > bindparam("low", type_=BigInteger),
            among() if among else true(),
        )
        fenced = candidates.offset(literal_column("0")).subquery("candidates")  # a fence: it is decided once a row
        places = permits(shape(at.view.release))
        let = (fenced.c.decided == literal_column(str(place)) for place in places)
        found.append(select(fenced).where(or_(false(), *let)))
    return found


def _newest_first(versions: Any) -> list[ColumnElement[Any]]:
    return [versions.c.rec_from.desc(), versions.c.rid, versions.c.version.desc()]


def _after(versions: Any) -> ColumnElement[bool]:
    time, rid, version = (bindparam(f"k{n}", type_=BigInteger) for n in range(3))
    same = versions.c.rec_from == time
    earlier = and_(versions.c.rid == rid, versions.c.version < version)
    return or_(versions.c.rec_from < time, and_(same, or_(versions.c.rid > rid, earlier)))
