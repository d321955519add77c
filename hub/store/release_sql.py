"""A Release as SQL: the other reading of the predicate. Its text follows from the shape alone; all data are bound."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Dialect,
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
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import TypeEngine

from hub.store.release_shape import Shape, rows
from hub.store.release_tiers import ALWAYS, alike, asked, that_decide, tiers
from hub.store.resource_facts_sql import Bound, Columns, bears, every, refers, untold

C = TypeVar("C")

_When = tuple[ColumnElement[bool], ColumnElement[C]]
_UNKNOWN: ColumnElement[bool] = literal_column("NULL") == literal_column("1")
"""A comparison, for SQLAlchemy sets no brackets around `NOT CAST(NULL AS BOOLEAN)` before `IS`."""


def permitted(shape: Hashable, columns: Columns, prefix: str = "") -> ColumnElement[bool]:
    """True for the entries that a release of this shape lets through, false for all others, never NULL.

    Takes: `columns`: of rows that were given a name, or bound; `prefix`: begins the names of what is bound, where a statement
    holds several releases.
    """
    return _Release(shape, columns, prefix, numbered=False)


def rule_number(shape: Hashable, columns: Columns, prefix: str = "") -> ColumnElement[int]:
    """The place, from 1, of the row of the release that decides an entry; negative where it hides since it is unknown."""
    return _Release(shape, columns, prefix, numbered=True)


_Kind = type[TypeEngine[Any]]
_Part = str | tuple[str, _Kind]
"""Of a text: as it stands, or the name of what is bound there, with its kind."""


class _Release(ColumnElement[Any]):
    """What a release says of a row: most of a statement's text, and written once for all statements that hold it."""

    inherit_cache = False

    def __init__(self, shape: Hashable, columns: Columns, prefix: str, numbered: bool) -> None:
        self.type = (_number(0) if numbered else true()).type
        self.prefix = prefix
        (self.rows,) = {_rows_of(each) for each in columns.values() if not isinstance(each, BindParameter)}
        self.asked = shape, tuple((name, *_called(each, prefix)) for name, each in columns.items()), numbered


def _rows_of(column: ColumnElement[Any]) -> str:
    rows: NamedFromClause = column.table
    if "%" in rows.name:
        raise ValueError("rows that were given no name are called otherwise in each statement")
    return rows.name


@compiles(_Release)
def _as_written(element: _Release, compiler: SQLCompiler, **how: Any) -> str:
    def written(part: _Part) -> str:
        if isinstance(part, str):
            return part.replace(_ROWS, element.rows)
        name, kind = part
        return compiler.process(bindparam(element.prefix + name, type_=kind), **how)

    return "".join(map(written, _written(*element.asked, compiler.dialect)))


def _called(column: ColumnElement[Any], prefix: str) -> tuple[str, _Kind | None]:
    """What a column is called of whatever rows; or what is bound in its place, under whatever prefix, with its kind."""
    if isinstance(column, BindParameter):
        return column.key.removeprefix(prefix), type(column.type)
    return f"{_ROWS}.{column.key}", None


class _Value(ColumnElement[Any]):
    """Where a value is bound, in a text that is part of no statement yet."""

    inherit_cache = False

    def __init__(self, name: str, kind: _Kind) -> None:
        self.name, self.type = name, kind()


@compiles(_Value)
def _marked(element: _Value, _compiler: SQLCompiler, **_how: Any) -> str:
    return f"{_MARK}{element.name}{_MARK}"


_MARK, _ROWS = "\0", "\1"
"""Around the name of a value, and for that of the rows, where neither is known yet."""


@lru_cache(64)
def _written(
    shape: Hashable, called: Iterable[tuple[str, str, _Kind | None]], numbered: bool, dialect: Dialect
) -> Sequence[_Part]:
    """The text of a release, and what is bound in it, in turn."""
    bound: dict[str, _Kind] = {}

    def value(kind: _Kind, name: str) -> ColumnElement[Any]:
        bound[name] = kind
        return _Value(name, kind)

    columns = {name: literal_column(text) if kind is None else value(kind, text) for name, text, kind in called}
    said = _place if numbered else _truth
    text = str(said(shape, columns, lambda kind, number: value(kind, f"c{number}")).compile(dialect=dialect))
    return [part if n % 2 == 0 else (part, bound[part]) for n, part in enumerate(text.split(_MARK))]


def _truth(shape: Hashable, columns: Columns, bound: Bound) -> ColumnElement[Any]:
    return _decided(shape, columns, bound, lambda _, permits: true() if permits else false(), lambda _: false(), false())


def _place(shape: Hashable, columns: Columns, bound: Bound) -> ColumnElement[Any]:
    last = _number(-len(tuple(rows(shape))))
    return _decided(shape, columns, bound, lambda place, _: _number(place), lambda place: _number(-place), last)


def _decided(
    shape: Hashable,
    columns: Columns,
    bound: Bound,
    known: Callable[[int, bool], ColumnElement[C]],
    unknown: Callable[[int], ColumnElement[C]],
    otherwise: ColumnElement[C],
) -> ColumnElement[C]:
    conditions: list[tuple[Shape, ColumnElement[C]]] = []
    doubtful: list[_Asked[C]] = []
    for place, (form, permits) in enumerate(rows(shape), 1):
        if form == ALWAYS:
            otherwise = known(place, permits)
            break
        conditions.append((form, known(place, permits)))
        doubtful.append((_sql(form, columns, bound), known(place, permits), unknown(place)))
    written = partial(_sql, columns=columns, bound=bound)
    sooner = [
        (and_(true(), *map(written, asked(held))), _first(that_decide([*conditions, (ALWAYS, otherwise)], held), written))
        for held in tiers(form for form, _ in conditions)
    ]
    return _Decided(doubtful, otherwise, sooner)


_Asked = tuple[ColumnElement[bool], ColumnElement[C], ColumnElement[C]]
"""A condition that may be unknown; what holds where it is true, and where it is unknown. Where it is false, the next is asked."""


class _Decided(ColumnElement[C]):
    """Conditions in their order: the first that is not false decides. Each database is told so in its own way."""

    inherit_cache = False

    def __init__(self, asked: Sequence[_Asked[C]], otherwise: ColumnElement[C], sooner: Sequence[_When[C]]) -> None:
        """Takes: `sooner`: where enough of an entry is known, and what decides it then: the same by less."""
        self.type = otherwise.type
        self.asked, self.otherwise, self.sooner = asked, otherwise, sooner


@compiles(_Decided)
def _in_a_row(element: _Decided[Any], compiler: SQLCompiler, **how: Any) -> str:
    """For SQLite, whose parser takes no great depth, and which takes a step for each column that it looks at: where enough is
    known, a row of what is left to ask, which it leaves at the first false part; for the rest a row in which each condition is
    asked whether it is false, and then whether it is true."""
    doubtful = [
        (condition.is_not(false()), case((condition.is_(true()), known), else_=unknown))
        for condition, known, unknown in element.asked
    ]
    return compiler.process(_chosen(element.sooner, _chosen(doubtful, element.otherwise)), **how)


@compiles(_Decided, "postgresql")
def _within_one_another(element: _Decided[Any], compiler: SQLCompiler, **how: Any) -> str:
    """For PostgreSQL, which makes a statement's whole expression ready whenever it is run: each condition once."""
    chosen = element.otherwise
    for condition, known, unknown in reversed(element.asked):
        chosen = case((true(), known), (false(), chosen), value=condition, else_=unknown)
    return compiler.process(chosen, **how)


def _first(rows: Iterable[tuple[Shape, ColumnElement[C]]], written: Callable[[Shape], ColumnElement[bool]]) -> ColumnElement[C]:
    """What the first of the rows that holds says; the last always holds."""
    *some, (_, last) = rows
    return _chosen([(written(common), _first(within, written)) for common, within in alike(some)], last)


def _sql(form: Shape, columns: Columns, bound: Bound) -> ColumnElement[bool]:
    kind, *rest = form
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
        case "bears":
            return bears(rest, columns, bound)
        case "refers":
            return refers(rest, columns, bound)
        case "untold":
            return untold(rest[0], columns)
        case "every":
            return every(columns, lambda its: _sql(rest[0], its, bound))
        case "and":
            return and_(*(_sql(part, columns, bound) for part in rest))
        case "or":
            return or_(*(_sql(part, columns, bound) for part in rest))
        case _:
            return not_(_sql(rest[0], columns, bound))


def _code(value: str) -> ColumnElement[Any]:
    """A code of the law, in the text of the statement. None has anything in it that SQL could take for its own."""
    if not value.replace("_", "").isalnum():
        raise ValueError("not a code")
    return literal_column(f"'{value}'")


def _overlap(
    first: ColumnElement[Any], last: ColumnElement[Any], start: ColumnElement[Any], end: ColumnElement[Any]
) -> ColumnElement[bool]:
    return or_(first.is_(None), last.is_(None), first > last, and_(last >= start, first < end))


def _number(value: int) -> ColumnElement[int]:
    return literal_column(str(value))


def _chosen(whens: Sequence[_When[Any]], otherwise: ColumnElement[Any]) -> ColumnElement[Any]:
    return case(*whens, else_=otherwise) if whens else otherwise
