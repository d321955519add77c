"""Rows of hits: what is read of each, and by which row of the Release it was let through."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, false, literal_column, null, or_, select

from hub.store.release_shape import permits, shape
from hub.store.released import Relation
from hub.store.tables import body, resource

COLUMNS = tuple(resource.c[name] for name in ("pk", "rid", "fhir_id", "version_id", "rec_from", "entry"))


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
    writer: str | None = None
    """The source whose client wrote it; `hub.interactions.pointed` says to which other entries it may refer. None: it came in a
    message, and refers to none."""
    keys: tuple[Any, ...] = ()
    """What it was sorted by."""
    type: str = ""
    """Where several types were searched, or it was included."""
    group: int = 0
    """Then: under which view it was found (`Views`)."""


def decided(at: Relation, candidates: Select[Any], *keys: ColumnElement[Any]) -> Select[Any]:
    """Those of the candidates that are released now, each with the row of the Release that decides it."""
    found = weighed(at, candidates.where(at.where(), at.current(), at.rows.c.gone == 0), *keys)
    return select(found).where(let_through(at, found))


def weighed(at: Relation, candidates: Select[Any], *more: ColumnElement[Any]) -> Subquery:
    """All of the candidates, released or not, each with the place of the row of the Release that decides it, and `more`."""
    seen = candidates.add_columns(at.decided().label("decided"), *more)
    return seen.offset(literal_column("0")).subquery("candidates")  # a fence: the decision is worked out once a row


def let_through(at: Relation, found: Any) -> ColumnElement[bool]:
    """Which of what was weighed is released. The last of the rows that permit is compared first: it lets most through."""
    places = permits(shape(at.view.release))
    return or_(false(), *(found.c.decided == literal_column(str(place)) for place in reversed(places)))


def shown(found: Any) -> list[ColumnElement[Any]]:
    """The columns of a hit, and the deciding row, from 0."""
    return [*(found.c[column.name] for column in COLUMNS), found.c.decided - literal_column("1")]


def written_by(found: Any) -> ColumnElement[str | None]:
    """The source whose client wrote a body. Takes: what has the column `source` of its row."""
    return case((body.c.across == literal_column("0"), null()), else_=found.c.source)


def bytes_of(found: Any) -> ColumnElement[bool]:
    """The body that belongs to a row."""
    return and_(body.c.pk == found.c.pk, body.c.rid == found.c.rid, body.c.version == found.c.version)
