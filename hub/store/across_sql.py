"""Keys of references as SQL: one that leads to another entry is there for whom that entry is released, and for nobody else.

So what points at something withheld is found as what points at nothing. A source's client, whose view is its source, finds what
it wrote.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, any_, func, literal_column, not_, or_, select, true, tuple_

from hub.fhir.across import led_to
from hub.store.key_sets import word
from hub.store.released import PERSON, Relation, Views


class Across:
    """Writes, for one statement, whether keys are there. State: the names given to relations so far, by `named` and `alias`."""

    def __init__(self, views: Views, sqlite: bool, named: Callable[[Select[Any]], Any], alias: Callable[[], Any]) -> None:
        """`named`: makes a set of a statement; `alias`: another name for the rows of `resource`."""
        self._views, self._sqlite, self._named, self._alias = views, sqlite, named, alias

    def leads(self, table: Any, target: ColumnElement[Any], resource_type: str, param: str, at: Relation) -> ColumnElement[bool]:
        """Whether a key of a row of `at` leads to no entry, or to one that is released.

        Takes: `table`, `target`: the key, and what it points at; `resource_type`, `param`: whose key it is; empty: of any.
        """
        types = led_to(resource_type, param)
        if at.view.kind == "source" or not types:
            return true()
        elsewhere = not_(self._kind(target).in_([literal_column(f"'{word(each)}'", Text) for each in sorted(types)]))
        return or_(elsewhere, *(self._among(each, table, target, at) for each in self._released(types, at)))

    def _kind(self, target: ColumnElement[Any]) -> ColumnElement[str]:
        """The type that a target names; of an absolute URL none."""
        slash = literal_column("'/'", Text)
        if self._sqlite:
            return func.substr(target, literal_column("1"), func.instr(target, slash) - literal_column("1"))
        return func.split_part(target, slash, literal_column("1"))

    def _released(self, types: frozenset[str], at: Relation) -> list[Any]:
        """What is released of the types: as the row is seen itself, but for persons."""
        others = sorted(types - {PERSON})
        found = [self._set(Relation(at.view, at.prefix, self._alias()), others)] if others else []
        if PERSON in types and self._views.has(PERSON):
            found.append(self._set(self._views.relation(PERSON, self._alias()), [PERSON]))
        return found

    def _set(self, other: Relation, types: list[str]) -> Any:
        rows = other.rows.c
        of_types = rows.type.in_([literal_column(f"'{word(each)}'", Text) for each in types])
        target = (rows.type + literal_column("'/'", Text) + rows.fhir_id).label("target")
        there = (other.where(), of_types, other.current(), rows.gone == literal_column("0"), other.permitted())
        return self._named(select(target, rows.pk, rows.source).where(*there))

    def _among(self, found: Any, table: Any, target: ColumnElement[Any], at: Relation) -> ColumnElement[bool]:
        """What is meant is in a set of what is released: of the same patient, and of a source that can be meant by the row's. The
        row has no part in the sets, so a database looks it up in them."""
        if at.view.kind == "patient" and not self._views.apart:
            held = select(found.c.target)
            return target.in_(held) if self._sqlite else target == any_(func.array(held.scalar_subquery()))
        there, own = select(found.c.pk, found.c.target), at.rows.c.source
        meant = tuple_(table.c.pk, target)
        if not self._views.apart:
            return meant.in_(there)
        free = self._views.refers_freely
        same = tuple_(table.c.pk, target, own).in_(select(found.c.pk, found.c.target, found.c.source))
        return or_(same, and_(free(own), meant.in_(there)), meant.in_(there.where(free(found.c.source))))
