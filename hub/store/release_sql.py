"""A Release as SQL: the other reading of the predicate. Its text follows from the shape alone; all data are bound."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    false,
    literal_column,
    not_,
    or_,
    true,
)
from sqlalchemy.types import TypeEngine

from hub.store.release_shape import Shape, rows

C = TypeVar("C")
Columns = Mapping[str, ColumnElement[Any]]

_UNKNOWN: ColumnElement[bool] = literal_column("NULL") == literal_column("1")
"""A comparison, for SQLAlchemy sets no brackets around `NOT CAST(NULL AS BOOLEAN)` before `IS`."""
_ALWAYS: Shape = ("constant", True)
_NEVER_NULL = ("source", "info_type", "regime")


def permitted(shape: Hashable, columns: Columns, prefix: str = "") -> ColumnElement[bool]:
    """True for the entries that a release of this shape lets through, false for all others, never NULL.

    Takes: `prefix`: begins the names of what is bound, where a statement holds several releases.
    """
    return _by_doubt(shape, columns, prefix, _permitted, lambda _, permits: true() if permits else false(), false())


def _permitted(shape: Hashable, columns: Columns, prefix: str) -> ColumnElement[bool]:
    whens: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
    for form, permits in rows(shape):
        if form == _ALWAYS:
            return _chosen(whens, true() if permits else false())
        expression = _sql(form, columns, prefix)
        whens.append((_not_false(expression), _is_true(expression) if permits else false()))
    return _chosen(whens, false())


def rule_number(shape: Hashable, columns: Columns, prefix: str = "") -> ColumnElement[int]:
    """The place, from 1, of the row of the release that decides an entry; negative where it hides since it is unknown."""
    last = _number(-len(tuple(rows(shape))))
    return _by_doubt(shape, columns, prefix, _rule_number, lambda place, _: _number(place), last)


def _by_doubt(
    shape: Hashable,
    columns: Columns,
    prefix: str,
    doubtful: Callable[[Hashable, Columns, str], ColumnElement[C]],
    certain: Callable[[int, bool], ColumnElement[C]],
    otherwise: ColumnElement[C],
) -> ColumnElement[C]:
    """Where every column that is tested has a value, nothing is unknown, and each row is a plain condition, which databases
    leave at its first false part. Everything else goes the long way, `doubtful`."""
    forms = [form for form, _ in rows(shape)]
    tested = sorted({name for form in forms for name in _tested(form)})
    if "" in tested:
        return doubtful(shape, columns, prefix)
    whens = [
        (true() if form == _ALWAYS else _sql(form, columns, prefix), certain(place, permits))
        for place, (form, permits) in enumerate(rows(shape), 1)
    ]
    known = and_(true(), *(columns[name].is_not(None) for name in tested))
    return case((known, _chosen(whens, otherwise)), else_=doubtful(shape, columns, prefix))


def _tested(form: Shape) -> Iterator[str]:
    """The columns that make a form unknown where they are; an empty name: it is unknown whatever they are."""
    kind, *rest = form
    match kind:
        case "and" | "or" | "not":
            for part in rest:
                yield from _tested(part)
        case "constant" if rest[0] is None:
            yield ""
        case "equals" | "in" | "flag" | "code" if rest[0] not in _NEVER_NULL:
            yield rest[0]


def _rule_number(shape: Hashable, columns: Columns, prefix: str) -> ColumnElement[int]:
    whens: list[tuple[ColumnElement[bool], ColumnElement[int]]] = []
    for place, (form, _) in enumerate(rows(shape), 1):
        expression = _sql(form, columns, prefix)
        number = case((_is_true(expression), _number(place)), else_=_number(-place))
        whens.append((_not_false(expression), number))
    return _chosen(whens, _number(-len(whens)))


def _sql(form: Shape, columns: Columns, prefix: str) -> ColumnElement[bool]:
    kind, *rest = form
    bound = partial(_bound, prefix)
    match kind:
        case "constant":
            return _UNKNOWN if rest[0] is None else true() if rest[0] else false()
        case "code":
            return or_(*(columns[rest[0]] == _code(value) for value in rest[1:]))
        case "equals":
            return columns[rest[0]] == bound(Text, rest[1])
        case "in":
            return columns[rest[0]].in_([bound(Text, number) for number in rest[1:]])
        case "null":
            return columns[rest[0]].is_(None)
        case "flag":
            return columns[rest[0]] == literal_column("1")
        case "overlaps":
            return _overlap(columns["time_from"], columns["time_to"], *(bound(BigInteger, number) for number in rest))
        case "and":
            return and_(*(_sql(part, columns, prefix) for part in rest))
        case "or":
            return or_(*(_sql(part, columns, prefix) for part in rest))
        case _:
            return not_(_sql(rest[0], columns, prefix))


def _bound(prefix: str, kind: type[TypeEngine[Any]], number: int) -> ColumnElement[Any]:
    return bindparam(f"{prefix}c{number}", type_=kind)


def _code(value: str) -> ColumnElement[Any]:
    """A code of the law, in the text of the statement. None has anything in it that SQL could take for its own."""
    if not value.replace("_", "").isalnum():
        raise ValueError("not a code")
    return literal_column(f"'{value}'")


def _overlap(
    first: ColumnElement[Any], last: ColumnElement[Any], start: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[bool]:
    return or_(first.is_(None), last.is_(None), first > last, and_(last >= start, first < end))


def _not_false(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    return expression.is_not(false())


def _is_true(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    return expression.is_(true())


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value))


def _chosen(whens: list[tuple[ColumnElement[bool], ColumnElement[Any]]], otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    return case(*whens, else_=otherwise) if whens else otherwise
