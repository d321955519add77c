"""A Release as SQL: the other reading of the predicate. Its text follows from the shape alone; all data are bound.

`shape` is what a prepared statement is kept under, `bindings` what it is run with; both walk the release in one order,
so the names c0, c1, … mean the same in both. Codes of the law (regime, purpose) are no data, so they are in the text.
Alternatives of one form (blocks) and lists of values are padded to the next power of two by repeating the last, which
changes no truth.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import datetime
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

from hub.consent.release import And, Constant, Equals, Expression, Flag, In, IsNull, Not, Or, Outcome, Overlaps, Release

C = TypeVar("C")
Columns = Mapping[str, ColumnElement[Any]]
Shape = tuple[Any, ...]
"""The form of one expression: its kind, then columns, sizes and the forms of its parts."""

_EARLIEST, _LATEST = -(2**62), 2**62
_SMALLEST_LIST = 4
_UNKNOWN: ColumnElement[bool] = literal_column("NULL") == literal_column("1")
"""A comparison, for SQLAlchemy sets no brackets around `NOT CAST(NULL AS BOOLEAN)` before `IS`."""
_ALWAYS: Shape = ("constant", True)
_CODES = ("regime", "purpose")
_NEVER_NULL = ("source", "info_type", "regime")
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def shape(release: Release) -> Hashable:
    """What the SQL text of a release depends on."""
    return tuple((_shape(row.when), row.outcome is Outcome.PERMIT) for row in release.rows)


def bindings(release: Release) -> dict[str, Any]:
    """The values of a release by the names that its SQL gives them."""
    values = (value for row in release.rows for value in _values(row.when))
    return {f"c{number}": value for number, value in enumerate(values)}


def permitted(shape: Hashable, columns: Columns, prefix: str = "") -> ColumnElement[bool]:
    """True for the entries that a release of this shape lets through, false for all others, never NULL.

    Takes: `prefix`: begins the names of what is bound, where a statement holds several releases.
    """
    return _by_doubt(shape, columns, prefix, _permitted, lambda _, permits: true() if permits else false(), false())


def _permitted(shape: Hashable, columns: Columns, prefix: str) -> ColumnElement[bool]:
    names = _names(prefix)
    whens: list[tuple[ColumnElement[bool], ColumnElement[bool]]] = []
    for form, permits in _rows(shape):
        if form == _ALWAYS:
            return _chosen(whens, true() if permits else false())
        expression = _sql(form, columns, names)
        whens.append((_not_false(expression), _is_true(expression) if permits else false()))
    return _chosen(whens, false())


def rule_number(shape: Hashable, columns: Columns, prefix: str = "") -> ColumnElement[int]:
    """The place, from 1, of the row of the release that decides an entry; negative where it hides since it is unknown."""
    last = _number(-len(tuple(_rows(shape))))
    return _by_doubt(shape, columns, prefix, _rule_number, lambda place, _: _number(place), last)


def permits(shape: Hashable) -> list[int]:
    """The places of the rows that let something through."""
    return [place for place, (_, permits) in enumerate(_rows(shape), 1) if permits]


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
    forms = [form for form, _ in _rows(shape)]
    tested = sorted({name for form in forms for name in _tested(form)})
    if "" in tested:
        return doubtful(shape, columns, prefix)
    names = _names(prefix)
    whens = [
        (true() if form == _ALWAYS else _sql(form, columns, names), certain(place, permits))
        for place, (form, permits) in enumerate(_rows(shape), 1)
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
    names = _names(prefix)
    whens: list[tuple[ColumnElement[bool], ColumnElement[int]]] = []
    for place, (form, _) in enumerate(_rows(shape), 1):
        expression = _sql(form, columns, names)
        number = case((_is_true(expression), _number(place)), else_=_number(-place))
        whens.append((_not_false(expression), number))
    return _chosen(whens, _number(-len(whens)))


def microseconds(moment: datetime) -> int:
    """A time as the store has it."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def _shape(expression: Expression) -> Shape:
    match expression:
        case Constant(truth):
            return ("constant", truth)
        case Equals(column, value):
            return ("code", column, value) if column in _CODES else ("equals", column)
        case In(column, values):
            return ("code", column, *values) if column in _CODES else ("in", column, _padded(len(values), _SMALLEST_LIST))
        case IsNull(column):
            return ("null", column)
        case Flag(column):
            return ("flag", column)
        case Overlaps():
            return ("overlaps",)
        case And(parts):
            return ("and", *map(_shape, parts))
        case Or(parts):
            return ("or", *(form for form, _ in _alternatives(parts)))
        case Not(part):
            return ("not", _shape(part))


def _values(expression: Expression) -> Iterator[Any]:
    match expression:
        case Equals(column, _) | In(column, _) if column in _CODES:
            return
        case Equals(_, value):
            yield value
        case In(_, values):
            yield from values
            yield from values[-1:] * (_padded(len(values), _SMALLEST_LIST) - len(values))
        case Overlaps(start, end):
            yield _EARLIEST if start is None else microseconds(start)
            yield _LATEST if end is None else microseconds(end)
        case And(parts):
            for part in parts:
                yield from _values(part)
        case Or(parts):
            for _, part in _alternatives(parts):
                yield from _values(part)
        case Not(part):
            yield from _values(part)
        case _:
            return


def _alternatives(parts: tuple[Expression, ...]) -> Iterator[tuple[Shape, Expression]]:
    """The parts of a disjunction with their forms, those of one form together and padded."""
    formed: dict[Shape, list[Expression]] = {}
    for part in parts:
        formed.setdefault(_shape(part), []).append(part)
    for form, listed in formed.items():
        for part in listed + listed[-1:] * (_padded(len(listed), 1) - len(listed)):
            yield form, part


def _padded(length: int, smallest: int) -> int:
    return max(smallest, 1 << (length - 1).bit_length())


def _sql(form: Shape, columns: Columns, names: Iterator[str]) -> ColumnElement[bool]:
    kind, *rest = form
    match kind:
        case "constant":
            return _UNKNOWN if rest[0] is None else true() if rest[0] else false()
        case "code":
            return or_(*(columns[rest[0]] == _code(value) for value in rest[1:]))
        case "equals":
            return columns[rest[0]] == _bound(names, Text)
        case "in":
            return columns[rest[0]].in_([_bound(names, Text) for _ in range(rest[1])])
        case "null":
            return columns[rest[0]].is_(None)
        case "flag":
            return columns[rest[0]] == literal_column("1")
        case "overlaps":
            return _overlap(columns["time_from"], columns["time_to"], names)
        case "and":
            return and_(*map(partial(_sql, columns=columns, names=names), rest))
        case "or":
            return or_(*map(partial(_sql, columns=columns, names=names), rest))
        case _:
            return not_(_sql(rest[0], columns, names))


def _code(value: str) -> ColumnElement[Any]:
    """A code of the law, in the text of the statement. None has anything in it that SQL could take for its own."""
    if not value.replace("_", "").isalnum():
        raise ValueError("not a code")
    return literal_column(f"'{value}'")


def _overlap(first: ColumnElement[Any], last: ColumnElement[Any], names: Iterator[str]) -> ColumnElement[bool]:
    start, end = _bound(names, BigInteger), _bound(names, BigInteger)
    return or_(first.is_(None), last.is_(None), first > last, and_(last >= start, first < end))


def _bound(names: Iterator[str], kind: type[TypeEngine[Any]]) -> ColumnElement[Any]:
    return bindparam(next(names), type_=kind)


def _names(prefix: str) -> Iterator[str]:
    number = 0
    while True:
        yield f"{prefix}c{number}"
        number += 1


def _not_false(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    return expression.is_not(false())


def _is_true(expression: ColumnElement[bool]) -> ColumnElement[bool]:
    return expression.is_(true())


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value))


def _rows(shape: Hashable) -> Iterator[tuple[Shape, bool]]:
    assert isinstance(shape, tuple)
    yield from shape


def _chosen(whens: list[tuple[ColumnElement[bool], ColumnElement[Any]]], otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    return case(*whens, else_=otherwise) if whens else otherwise
