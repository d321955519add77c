"""Resources beside hits: those that are pointed at, and those that point. Each lies in its own type's released relation."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.fhir.json import dumps
from hub.store.prepared import Kept
from hub.store.released import PERSON, REST, Relation, View, Views
from hub.store.rows import COLUMNS, Found, bytes_of, decided, shown, written_by
from hub.store.tables import body, ix_ref, locator, resource
from hub.store.values import fitted, parameter_numbers


class Target(NamedTuple):
    """A released resource that something may refer to."""

    pk: int
    type: str
    fhir_id: str
    source: str


class Lying(Protocol):
    """A resource by where it lies."""

    @property
    def pk(self) -> int: ...

    @property
    def rid(self) -> int: ...


class Includes:
    """Statements by view. State: the prepared statements."""

    def __init__(self, sqlite: bool) -> None:
        self._sqlite = sqlite
        self._prepared = Kept(128)

    def named(
        self, connection: Connection, view: View, types: Collection[str], numbers: Collection[int], most: int
    ) -> list[Found]:
        """The released resources of some types that have these numbers; `most` at most."""
        if not numbers:
            return []
        statement = self._prepared.made(("named", view.shape()), lambda: self._named(Relation(view)))
        return self._found(connection, statement, view, types, most, {"numbers": _written(sorted(numbers))})

    def targets(self, connection: Connection, views: Views, types: Collection[str], numbers: Collection[int]) -> list[Target]:
        """What of these is released, without what it says. One statement, whatever comes of it.

        Takes: `views`: how `PERSON` is seen, and, under `REST`, how all other types are.
        """
        statement = self._prepared.made(("targets", views.shape()), lambda: self._targets(views))
        values = views.values() | {"types": _written(sorted(types)), "numbers": _written(sorted(numbers))}
        return [Target._make(row) for row in statement.rows(connection, values)]

    def pointing(
        self, connection: Connection, view: View, params: Mapping[str, Collection[str]], targets: Collection[str], most: int
    ) -> list[Found]:
        """The released resources that point at one of `targets`.

        Takes: `params`: by type of the resources, the index names of the parameters under which they may point.
        """
        if not targets or not params:
            return []
        statement = self._prepared.made(("pointing", view.shape()), lambda: self._pointing(Relation(view)))
        numbers = sorted(number for name, its in params.items() for each in its for number in parameter_numbers(name, each))
        given = {"params": _written(numbers), "targets": _written(sorted(map(fitted, targets)))}
        return self._found(connection, statement, view, params, most, given)

    def sources(self, connection: Connection, found: Collection[Lying]) -> dict[int, str]:
        """The source of each, by its number."""
        if not found:
            return {}
        statement = self._prepared.made("sources", self._sources)
        given = {"pks": _written(sorted({each.pk for each in found})), "numbers": _written(sorted({each.rid for each in found}))}
        return dict(tuple(row) for row in statement.rows(connection, given))

    def _sources(self) -> Select[Any]:
        places = resource.c.pk.in_(self._each("pks", BigInteger)), resource.c.rid.in_(self._each("numbers", BigInteger))
        return select(resource.c.rid, resource.c.source).where(*places).distinct()

    def _found(
        self, connection: Connection, statement: Any, view: View, types: Collection[str], most: int, given: dict[str, str]
    ) -> list[Found]:
        values = view.values() | given | {"types": _written(sorted(types)), "most": most}
        return [Found._make((*row[:-1], (), row[-1], 0)) for row in statement.rows(connection, values)]

    def _named(self, at: Relation) -> Select[Any]:
        return self._whole(at, self._of_numbers(at))

    def _targets(self, views: Views) -> Select[Any] | CompoundSelect[Any]:
        person = resource.c.type == literal_column(f"'{PERSON}'", Text)
        if len(views.grouped((REST, PERSON))) == 1:
            return self._released(views.relation(REST))
        return union_all(self._released(views.relation(REST), not_(person)), self._released(views.relation(PERSON), person))

    def _released(self, at: Relation, *more: ColumnElement[bool]) -> Select[Any]:
        columns = (resource.c[name] for name in Target._fields)
        named = (resource.c.type.in_(self._each("types", Text)), self._of_numbers(at), *more)
        found = decided(at, select(*columns).where(*named)).subquery("found")
        return select(*(found.c[name] for name in Target._fields))

    def _of_numbers(self, at: Relation) -> ColumnElement[bool]:
        numbers = self._each("numbers", BigInteger)
        if at.view.kind == "patient":
            return resource.c.rid.in_(numbers)
        held = select(locator.c.pk, locator.c.rid).where(locator.c.rid.in_(numbers))
        return tuple_(resource.c.pk, resource.c.rid).in_(held)

    def _pointing(self, at: Relation) -> Select[Any]:
        test = and_(ix_ref.c.param.in_(self._each("params", BigInteger)), ix_ref.c.target.in_(self._each("targets", Text)))
        if at.view.kind == "patient":
            hits = select(ix_ref.c.rid, ix_ref.c.version).where(at.of(ix_ref), test)
            return self._whole(at, tuple_(resource.c.rid, resource.c.version).in_(hits))
        same = [ix_ref.c[name] == resource.c[name] for name in ("pk", "rid", "version")]
        return self._whole(at, select(ix_ref.c.rid).where(*same, test).exists())

    def _whole(self, at: Relation, test: ColumnElement[bool]) -> Select[Any]:
        of_types = resource.c.type.in_(self._each("types", Text))
        more = (resource.c[name] for name in ("version", "source", "type"))
        found = decided(at, select(*COLUMNS, *more).where(of_types, test)).subquery("found")
        return (
            select(*shown(found), body.c.bytes, written_by(found), found.c.type)
            .join_from(found, body, bytes_of(found))
            .order_by(found.c.type, found.c.rid)
            .limit(bindparam("most"))
        )

    def _each(self, name: str, kind: Any) -> Any:
        """The members of a list that is bound as one value."""
        if self._sqlite:
            return select(func.json_each(bindparam(name, type_=Text)).table_valued("value").c.value)
        each = func.jsonb_array_elements_text(bindparam(name, type_=JSONB)).column_valued("given")
        return select(each.cast(kind))


def _written(values: list[Any]) -> str:
    return dumps(values).decode()
