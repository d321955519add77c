"""The relation *released*: where a caller looks, and which rows a Release lets through there, as parts of a statement."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakValueDictionary

from sqlalchemy import BigInteger, ColumnElement, Text, and_, bindparam, literal_column, or_
from sqlalchemy.sql.selectable import NamedFromClause

from hub.consent.release import Release
from hub.fhir.custody import COLUMNS
from hub.store.release_shape import bindings, shape
from hub.store.release_sql import permitted, rule_number
from hub.store.tables import FOREVER, NO_PATIENT, resource

PERSON = "RelatedPerson"
"""The one type of what lies in entries that is not seen as the others of them are (`hub.interactions.view`)."""
REST = ""
"""Stands for the other types, where it is said how all of them are seen (`Views`)."""


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
            worked["shape"] = _one(shape(self.release))
        return (self.kind, worked["shape"])

    def values(self) -> dict[str, Any]:
        """What is bound in it."""
        held = bindings(self.release)
        match self.kind:
            case "patient":
                return held | {"pk": self.pk, "asof": self.asof}
            case "unit":
                return held | {"provider": self.provider, "unit": self.unit}
            case "source":
                return held | {"source": self.source}

    def same(self) -> Hashable:
        """Equal for two views of the same rows."""
        return (self.kind, self.release.digest, self.pk, self.asof, self.provider, self.unit, self.source)


class _Shape:
    """Stands for the shape of a release, which is deep, and every request looks something up by it."""

    __slots__ = ("__weakref__",)


_SHAPES: WeakValueDictionary[Hashable, _Shape] = WeakValueDictionary()


def _one(shape: Hashable) -> _Shape:
    """The same for equal shapes, as long as anybody has it."""
    return _SHAPES.setdefault(shape, _Shape())


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of `resource` under one view. `prefix`: begins the names of what is bound for it."""

    view: View
    prefix: str = ""
    rows: NamedFromClause = field(default=resource)

    def where(self) -> ColumnElement[bool]:
        """The place."""
        match self.view.kind:
            case "patient":
                return self.of(self.rows)
            case "unit":
                unit = self.rows.c.unit == self._bound("unit")
                return and_(self.rows.c.provider == self._bound("provider"), unit, self.rows.c.pk != NO_PATIENT)
            case "source":
                return self.rows.c.source == self._bound("source")

    def of(self, table: NamedFromClause) -> ColumnElement[bool]:
        """Rows of another table that belong to the one patient of the view."""
        return table.c.pk == self._bound("pk", BigInteger)

    def current(self) -> ColumnElement[bool]:
        """What there is: now, or as of the snapshot, deleted resources among it."""
        if self.view.kind != "patient":
            return self.rows.c.rec_to == FOREVER
        # The plus keeps SQLite's planner from using rec_from in a key: SQLite 3.40.1 then returns rows it should not.
        asof = self._bound("asof", BigInteger)
        return and_(literal_column(f"+{self.rows.name}.rec_from", BigInteger) <= asof, self.rows.c.rec_to > asof)

    def permitted(self) -> ColumnElement[bool]:
        """What the Release lets through."""
        return permitted(shape(self.view.release), self._custody(), self.prefix)

    def decided(self) -> ColumnElement[int]:
        """The place, from 1, of the row of the Release that decides."""
        return rule_number(shape(self.view.release), self._custody(), self.prefix)

    def _custody(self) -> dict[str, Any]:
        pk = self._bound("pk", BigInteger) if self.view.kind == "patient" else self.rows.c.pk
        return {name: self.rows.c[name] for name in (*COLUMNS, "entry", "type", "rid")} | {"pk": pk}

    def _bound(self, name: str, kind: Any = None) -> ColumnElement[Any]:
        return bindparam(self.prefix + name, type_=kind) if kind else bindparam(self.prefix + name)


class Views:
    """The views of one statement: that of the types that are searched, and those of others that it looks at. Types that are
    seen alike have one view. State: nothing that changes once it is made."""

    def __init__(self, views: Mapping[str, View], apart: Sequence[str] = ()) -> None:
        """`views`: by type; the first is seen under names without a prefix. `apart`: sources of which none refers to what another
        of them holds, since their clients choose ids."""
        self.apart = tuple(apart)
        numbers: dict[Hashable, int] = {}
        self._group = {name: numbers.setdefault(view.same(), len(numbers)) for name, view in views.items()}
        self._views: dict[int, View] = {}
        for name, view in views.items():
            self._views.setdefault(self._group[name], view)

    def changed(self, change: Callable[[View], View]) -> "Views":
        """The same types, each seen as `change` makes it."""
        return Views({name: change(self._views[number]) for name, number in self._group.items()}, self.apart)

    def shape(self) -> Hashable:
        """What the text of a statement depends on."""
        return (tuple(self._group.items()), tuple(view.shape() for view in self._views.values()), len(self.apart))

    def values(self) -> dict[str, Any]:
        """What is bound."""
        seen = {_prefix(number) + name: value for number, view in self._views.items() for name, value in view.values().items()}
        return seen | {f"apart{n}": source for n, source in enumerate(self.apart)}

    def may_refer(self, one: ColumnElement[str], other: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether what one source holds can mean by a reference what another holds. Takes: the columns that name the sources."""
        return or_(one == other, self.refers_freely(one), self.refers_freely(other))

    def refers_freely(self, source: ColumnElement[str]) -> ColumnElement[bool]:
        """Whether a source is none of those that are apart."""
        return source.not_in([bindparam(f"apart{n}", type_=Text) for n in range(len(self.apart))])

    def has(self, resource_type: str) -> bool:
        """Whether it is said how the type is seen."""
        return resource_type in self._group

    def relation(self, resource_type: str, rows: NamedFromClause = resource) -> Relation:
        """Rows of one type, as they are seen."""
        number = self._group[resource_type]
        return Relation(self._views[number], _prefix(number), rows)

    def grouped(self, types: Iterable[str]) -> dict[int, list[str]]:
        """Types by view."""
        found: dict[int, list[str]] = {}
        for each in types:
            found.setdefault(self._group[each], []).append(each)
        return found

    def view(self, number: int) -> View:
        """The view of that number in `grouped`."""
        return self._views[number]


def _prefix(number: int) -> str:
    return f"g{number}" if number else ""
