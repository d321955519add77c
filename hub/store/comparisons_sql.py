"""Comparisons as SQL: the store's reading of `hub.fhir.comparisons`, the test of one search key; all values are bound."""

from collections.abc import Iterator, Mapping
from itertools import chain, count
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from hub.store.tables import ix_date, ix_quantity, ix_string, ix_text, ix_token
from hub.store.values import KEY_LENGTH

Form = Any
"""The shape of a criterion: a tuple that begins with its kind."""


class KeyTests:
    """Writes the tests of keys of one statement. State: the names given to values so far."""

    def __init__(self, sqlite: bool) -> None:
        self._sqlite = sqlite
        self._names: Iterator[str] = (f"v{n}" for n in count())

    def again(self) -> None:
        """Begin with the first value anew."""
        self._names = (f"v{n}" for n in count())

    def repeat(self, size: int) -> None:
        """The next values, this many, are asked for twice in a row."""
        given = [next(self._names) for _ in range(size)]
        self._names = chain(given, given, self._names)

    def value(self, kind: Any) -> ColumnElement[Any]:
        """The next value that is bound."""
        return bindparam(next(self._names), type_=kind)

    def two(self, kind: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.value(kind), self.value(kind)

    def test(self, form: Form) -> tuple[Any, ColumnElement[bool]]:
        """The table of keys, and the test of one key.

        Takes: `form`: the shape of a comparison.
        """
        match form:
            case ("token", _, system, code):
                named = (("system", system), ("code", code))
                return ix_token, and_(true(), *[ix_token.c[name] == self.value(Text) for name, asked in named if asked])
            case ("among", _):
                return ix_token, self._among(ix_token)
            case ("date", _, comparison):
                return ix_date, compared(comparison, ix_date.c.lo, ix_date.c.hi, *self.two(BigInteger))
            case ("quantity", *_):
                return ix_quantity, self._quantity(form, ix_quantity, ix_quantity.c.unit)
            case ("text", _, way):
                return ix_string, self.way(ix_string.c.value, way, self.value(Text))
            case ("word", _):
                return ix_text, self.holds(ix_text.c.value, self.value(Text))
            case _:
                raise AssertionError(f"no SQL for a comparison of form {form[0]}")

    def component(self, form: Form, table: Any) -> ColumnElement[bool]:
        """The test of one component's key."""
        match form:
            case ("token", _, system, code):
                named = (("system", system), ("code", code))
                return and_(true(), *[table.c[name] == self.value(Text) for name, asked in named if asked])
            case ("among", _):
                return self._among(table)
            case ("date", _, comparison):
                return compared(comparison, table.c.lo, table.c.hi, *self.two(Text))
            case ("quantity", *_):
                return self._quantity(form, table, table.c.code)
            case ("text", _, way):
                return self.way(table.c.code, way, self.value(Text))
            case ("reference", _, size, _):
                return or_(*[table.c.code == self.value(Text) for _ in range(size)])
            case _:
                raise AssertionError(f"no SQL for a component of form {form[0]}")

    def _quantity(self, form: Form, table: Any, unit: ColumnElement[Any]) -> ColumnElement[bool]:
        _, _, comparison, system, code = form
        test = compared(comparison, table.c.lo, table.c.hi, *self.two(Text), closed=True)
        named = ((table.c.system, system), (unit, code))
        return and_(test, *[column == self.value(Text) for column, asked in named if asked])

    def way(self, column: ColumnElement[Any], way: str, value: ColumnElement[Any]) -> ColumnElement[bool]:
        """How a column of texts is compared with a value, as `hub.fhir.comparisons.Way` has it."""
        tests: Mapping[str, ColumnElement[bool]] = {
            "is": column == value,
            "starts": func.substr(column, 1, func.length(value)) == value,
            "contains": self.holds(column, value),
            "ends": func.substr(column, func.length(column) - func.length(value) + 1) == value,
            "gt": column > value,
            "lt": column < value,
            "ge": column >= value,
            "le": column <= value,
        }
        if way != "ends":
            return tests[way]
        return and_(func.length(column) >= func.length(value), tests[way], func.length(column) < literal_column(str(KEY_LENGTH)))

    def holds(self, column: ColumnElement[Any], value: ColumnElement[Any]) -> ColumnElement[bool]:
        """Whether a value is somewhere in a text."""
        found: ColumnElement[int] = func.instr(column, value) if self._sqlite else func.strpos(column, value)
        return found > literal_column("0")

    def _among(self, table: Any) -> ColumnElement[bool]:
        given = self.value(Text) if self._sqlite else self.value(JSONB)
        if self._sqlite:
            each = func.json_each(given).table_valued("value")
            pair = select(func.json_extract(each.c.value, "$[0]"), func.json_extract(each.c.value, "$[1]"))
        else:
            one = func.jsonb_array_elements(given).column_valued("given")
            pair = select(one.op("->>")(literal_column("0")), one.op("->>")(literal_column("1")))
        return tuple_(table.c.system, table.c.code).in_(pair)


def compared(
    comparison: str,
    lo: ColumnElement[Any],
    hi: ColumnElement[Any],
    low: ColumnElement[Any],
    high: ColumnElement[Any],
    closed: bool = False,
) -> ColumnElement[bool]:
    """As `DateIs.accepts` of half-open ranges, or `QuantityIs.accepts` of closed ones, in SQL."""
    inside = and_(low <= lo, hi <= high)
    tests: Mapping[str, ColumnElement[bool]] = {
        "eq": inside,
        "ne": ~inside,
        "gt": hi > high,
        "lt": lo < low,
        "ge": or_(hi > high, inside),
        "le": or_(lo < low, inside),
        "sa": lo > high if closed else lo >= high,
        "eb": hi < low if closed else hi <= low,
        "ap": and_(lo <= high, hi >= low) if closed else and_(lo < high, hi > low),
        "co": and_(lo <= low, high <= hi),
    }
    return tests[comparison]
