"""Criteria as SQL: the store's reading of `hub.fhir.criteria`, written from their shapes; all values are bound.

Every look at another resource (chain, `_has`, member of a List) is over that resource's own released relation.
"""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    tuple_,
)

from hub.fhir.full_text import BESIDE, CONTENT
from hub.fhir.index_keys import IDENTIFIER, PRESENT
from hub.store.across_sql import Across
from hub.store.comparisons_sql import Form, KeyTests, compared
from hub.store.key_sets import ONE_WAY, VERSION, among, keys_seen, word
from hub.store.released import Relation, Views
from hub.store.tables import ix_composite, ix_date, ix_quantity, ix_ref, ix_string, ix_text, ix_token, resource
from hub.store.values import parameter_numbers

_ELEMENT = ("pk", "param", "rid", "version", "element")
"""Keys of one element have these in common."""
_TABLES: Mapping[str, Any] = {
    "token": ix_token,
    "date": ix_date,
    "string": ix_string,
    "uri": ix_string,
    "reference": ix_ref,
    "number": ix_quantity,
    "quantity": ix_quantity,
    "composite": ix_composite,
}


class CriteriaWriter:
    """Writes the criteria of one statement. State: the names given to relations so far; to values, in `KeyTests`."""

    def __init__(self, views: Views, sqlite: bool) -> None:
        self._views, self._sqlite = views, sqlite
        self._keys = KeyTests(sqlite)
        self._aliases = count(1)
        self.across = Across(views, sqlite, self._set, self._alias)

    def again(self) -> None:
        """Begin with the first value anew: the same criteria, of rows seen otherwise."""
        self._keys.again()

    def criterion(self, form: Form, resource_type: str, at: Relation) -> ColumnElement[bool]:
        """Whether a row of `at` meets a criterion of this shape.

        Takes: `resource_type`: of the row; empty: of several types, and the criterion is about what every type has.
        """
        match form:
            case ("any", *parts):
                return or_(false(), *[self.criterion(part, resource_type, at) for part in parts])
            case ("all", *parts):
                of = next((part[1] for part in parts if part[0] == "type"), resource_type)
                return and_(true(), *[self.criterion(part, of, at) for part in parts])
            case ("not", inner):
                return not_(self.criterion(inner, resource_type, at))
            case ("id",):
                return at.rows.c.fhir_id == self._keys.value(Text)
            case ("lastUpdated", comparison):
                return compared(comparison, at.rows.c.rec_from, at.rows.c.rec_from + 1, *self._keys.two(BigInteger))
            case ("type", name):
                return at.rows.c.type == literal_column(f"'{word(name)}'")
            case ("present", param, kind, *targets):
                return self._present(param, kind, targets, resource_type, at)
            case ("points", *params):
                numbers = [number for of, name in params for number in _numbers(of, name)]
                return self._indexed(ix_ref, resource_type, at, numbers, ix_ref.c.target == self._keys.value(Text))
            case ("refers", param, *targets) if self._views.apart:
                return self._refers_within(_numbers(resource_type, param), targets, at)
            case ("refers", param, *targets):
                found = or_(false(), *[self._at_one(select(self._targets(name, inner).c.target), at) for name, inner in targets])
                return self._indexed(ix_ref, resource_type, at, _numbers(resource_type, param), found)
            case ("referred", source, param, inner) if self._views.apart:
                pointing = self._pointing(source, param, inner)
                return self._among_sources(pointing, _own(resource_type, at), at)
            case ("referred", source, param, inner):
                return _own(resource_type, at).in_(select(self._pointing(source, param, inner).c.target))
            case ("composite", param, *parts):
                return self._composite(param, parts, resource_type, at)
            case ("reference", param, size, across):
                meant = ix_ref.c.target.in_([self._keys.value(Text) for _ in range(size)])
                if across:
                    return self._leading(param, resource_type, at, meant)
                return self._indexed(ix_ref, resource_type, at, _numbers(resource_type, param), meant)
            case ("unlike", leaf):
                table, test = self._keys.test(leaf)
                return self._under_each(table, resource_type, at, _numbers(resource_type, leaf[1]), not_(test))
            case ("text", param, way):
                return self._text(param, way, resource_type, at)
            case ("token" | "among", param, *_) if param.endswith(IDENTIFIER):
                return self._identified(form, resource_type, at)
            case ("word", param) if at.view.kind == "source" and param == CONTENT:
                numbers = [number for name in (CONTENT, BESIDE) for number in _numbers(resource_type, name)]
                return self._under_each(ix_text, resource_type, at, numbers, self._keys.test(form)[1])
            case (_, param, *_):
                table, test = self._keys.test(form)
                return self._under_each(table, resource_type, at, _numbers(resource_type, param), test)
            case _:
                raise AssertionError(f"no SQL for a criterion of form {form[0]}")

    def _indexed(
        self, table: Any, resource_type: str, at: Relation, numbers: list[ColumnElement[int]], test: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        """The row has a key that passes `test`."""
        its = _under(table, numbers)
        if not self._as_set(at) and self._sqlite and table.name in ONE_WAY:
            return among(at.rows, VERSION, keys_seen(table, at, resource_type).where(its, test))
        if not self._as_set(at):
            return exists().where(*_same(table, at), its, test)
        hits = select(table.c.rid, table.c.version).where(at.of(table), its, test)
        return tuple_(at.rows.c.rid, at.rows.c.version).in_(hits)

    def _under_each(
        self, table: Any, resource_type: str, at: Relation, numbers: list[ColumnElement[int]], test: ColumnElement[bool]
    ) -> ColumnElement[bool]:
        """The same where `test` may ask for a range: one number at a time, since SQLite 3.40 can pass over a range that follows
        several numbers in the index."""
        return or_(*(self._indexed(table, resource_type, at, [each], test) for each in numbers))

    def _as_set(self, at: Relation) -> bool:
        """Whether keys are found as a set of hits, or row by row: across patients, and on PostgreSQL deeper in a chain, where it
        would go through the whole set for each row."""
        return at.view.kind == "patient" and (self._sqlite or at.rows is resource)

    def _text(self, param: str, way: str, resource_type: str, at: Relation) -> ColumnElement[bool]:
        """A text: in its key, or where the key holds only its beginning, in full."""
        value, numbers = self._keys.value(Text), _numbers(resource_type, param)
        found = self._under_each(ix_string, resource_type, at, numbers, self._keys.way(ix_string.c.value, way, value))
        if way not in ("contains", "ends"):
            return found
        whole = value.concat(literal_column("'\n'", Text)) if way == "ends" else value
        return or_(found, self._indexed(ix_text, resource_type, at, numbers, self._keys.holds(ix_text.c.value, whole)))

    def _present(self, param: str, kind: str, targets: Iterable[str], resource_type: str, at: Relation) -> ColumnElement[bool]:
        table, numbers = _TABLES[kind], _numbers(resource_type, param)
        if kind == "reference":
            return self._points(param, targets, resource_type, at)
        other = self._indexed(ix_token, resource_type, at, _numbers(resource_type, param + PRESENT), true())
        return or_(self._indexed(table, resource_type, at, numbers, true()), other)

    def _points(self, param: str, targets: Iterable[str], resource_type: str, at: Relation) -> ColumnElement[bool]:
        """A reference is there that leads somewhere. Takes: `targets`: only to these types; none: to any."""
        starts = [func.substr(ix_ref.c.target, 1, len(each) + 1) == literal_column(f"'{word(each)}/'") for each in targets]
        if starts:
            return self._leading(param, resource_type, at, or_(*starts))
        other = self._indexed(ix_token, resource_type, at, _numbers(resource_type, param + PRESENT), true())
        return or_(self._leading(param, resource_type, at, true()), other)

    def _leading(self, param: str, resource_type: str, at: Relation, test: ColumnElement[bool]) -> ColumnElement[bool]:
        """A reference that passes `test` is there, and leads to nothing that is withheld."""
        numbers = _numbers(resource_type, param)
        seen = self.across.leads(ix_ref, ix_ref.c.target, resource_type, param, at)
        if self._views.apart:  # what it leads to turns on the row's own source
            return exists().where(*_same(ix_ref, at), _under(ix_ref, numbers), test, seen)
        return self._indexed(ix_ref, resource_type, at, numbers, and_(test, seen))

    def _identified(self, form: Form, resource_type: str, at: Relation) -> ColumnElement[bool]:
        """What a reference says by identifier: by itself, or of an entry that is shown."""
        numbers = _numbers(resource_type, form[1])
        self._keys.repeat(sum(form[2:]) if form[0] == "token" else 1)
        table, test = self._keys.test(form)
        of_entry = self._part(form, ix_composite, at)
        seen = self.across.leads(ix_composite, ix_composite.c.lo, "", "", at)
        by_itself = self._under_each(table, resource_type, at, numbers, test)
        return or_(by_itself, self._under_each(ix_composite, resource_type, at, numbers, and_(of_entry, seen)))

    def _targets(self, name: str, inner: Form) -> Any:
        """The released resources of a type that meet a criterion, as others point at them."""
        other = self._views.relation(name, self._alias())
        at = (literal_column(f"'{word(name)}/'", Text) + other.rows.c.fhir_id).label("target")
        return self._set(select(at, other.rows.c.source).where(*_there(other, name), self.criterion(inner, name, other)))

    def _at_one(self, targets: Select[Any], at: Relation) -> ColumnElement[bool]:
        """A reference points into a set. Within one patient PostgreSQL is given the set as an array, which it looks up in the
        index; as a set it is gone through for each reference anew."""
        if self._sqlite or at.view.kind != "patient":
            return ix_ref.c.target.in_(targets)
        return ix_ref.c.target == any_(func.array(targets.scalar_subquery()))

    def _pointing(self, source: str, param: str, inner: Form) -> Any:
        """What released resources of a type that meet a criterion point at."""
        other = self._views.relation(source, self._alias())
        keys = ix_ref.alias(f"k{next(self._aliases)}")
        same = and_(keys.c.pk == other.rows.c.pk, keys.c.rid == other.rows.c.rid, keys.c.version == other.rows.c.version)
        place = [other.of(keys)] if other.view.kind == "patient" else []
        its = (*place, _under(keys, _numbers(source, param)), *_there(other, source))
        return self._set(
            select(keys.c.target, other.rows.c.source)
            .join_from(keys, other.rows, same)
            .where(*its, self.criterion(inner, source, other))
        )

    def _refers_within(self, numbers: list[ColumnElement[int]], targets: Iterable[Any], at: Relation) -> ColumnElement[bool]:
        """A row refers to what its own source can mean."""
        sets = [self._targets(name, inner) for name, inner in targets]
        found = or_(false(), *[self._among_sources(each, ix_ref.c.target, at) for each in sets])
        return exists().where(*_same(ix_ref, at), _under(ix_ref, numbers), found)

    def _among_sources(self, targets: Any, target: ColumnElement[Any], at: Relation) -> ColumnElement[bool]:
        """A target is among those of a set that go with the source of a row."""
        test = and_(targets.c.target == target, self._views.may_refer(at.rows.c.source, targets.c.source))
        return select(literal_column("1")).select_from(targets).where(test).correlate(ix_ref, at.rows).exists()

    def _set(self, found: Select[Any]) -> Any:
        """Targets, each with the source of the resource, as a set that is written before the statement that uses it: SQLite reads
        only so many brackets in each other. On PostgreSQL worked out by itself: inlined into each other, sets make loops in loops
        that never end."""
        return found.cte(f"t{next(self._aliases)}").prefix_with("MATERIALIZED", dialect="postgresql")

    def _composite(self, param: str, parts: Iterable[Form], resource_type: str, at: Relation) -> ColumnElement[bool]:
        numbers = _numbers(resource_type, param)
        tables: list[Any] = []
        tests: list[ColumnElement[bool]] = []
        for place, form in enumerate(parts):
            table = ix_composite.alias(f"k{next(self._aliases)}")
            part = and_(table.c.part == literal_column(str(place)), self._part(form, table, at))
            tests.append(and_(_under(table, numbers), part))
            tables.append(table)
        first, *others = tables
        if self._sqlite:
            its = zip(others, tests[1:], strict=True)
            sets = [among(first, _ELEMENT, keys_seen(each, at, resource_type, _ELEMENT).where(test)) for each, test in its]
            if self._as_set(at):
                hits = keys_seen(first, at, resource_type, ("rid", "version")).where(tests[0], *sets)
                return tuple_(at.rows.c.rid, at.rows.c.version).in_(hits)
            return among(at.rows, VERSION, keys_seen(first, at, resource_type).where(tests[0], *sets))
        same = [each.c[name] == first.c[name] for each in others for name in _ELEMENT]
        if self._as_set(at):
            hits = select(first.c.rid, first.c.version).select_from(*tables).where(at.of(first), *tests, *same)
            return tuple_(at.rows.c.rid, at.rows.c.version).in_(hits)
        return exists().select_from(*tables).where(*_same(first, at), *tests, *same)

    def _part(self, form: Form, table: Any, at: Relation) -> ColumnElement[bool]:
        """The test of one component's key."""
        match form:
            case ("any", *parts):
                return or_(false(), *[self._part(part, table, at) for part in parts])
            case ("reference", _, _, True):
                return and_(self._keys.component(form, table), self.across.leads(table, table.c.code, "", "", at))
            case _:
                return self._keys.component(form, table)

    def _alias(self) -> Any:
        return resource.alias(f"r{next(self._aliases)}")


def _same(table: Any, at: Relation) -> list[ColumnElement[bool]]:
    return [table.c[name] == at.rows.c[name] for name in ("pk", "rid", "version")]


def _there(other: Relation, name: str) -> tuple[ColumnElement[bool], ...]:
    """What is released now of another type."""
    of_type = other.rows.c.type == literal_column(f"'{word(name)}'")
    return other.where(), of_type, other.current(), other.rows.c.gone == literal_column("0"), other.permitted()


def _own(resource_type: str, at: Relation) -> ColumnElement[Any]:
    """A row as others point at it."""
    if resource_type:
        return literal_column(f"'{word(resource_type)}/'", Text) + at.rows.c.fhir_id
    return at.rows.c.type + literal_column("'/'", Text) + at.rows.c.fhir_id


def _numbers(resource_type: str, index: str) -> list[ColumnElement[int]]:
    return [literal_column(str(each), BigInteger) for each in parameter_numbers(resource_type, index)]


def _under(table: Any, numbers: list[ColumnElement[int]]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = table.c.param == numbers[0] if len(numbers) == 1 else table.c.param.in_(numbers)
    return found
