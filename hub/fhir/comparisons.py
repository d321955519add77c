"""Comparisons of one index key: what a value that is searched for asks of it.

`accepts` is the plain-Python reading; `shape` is what a statement is compiled from, `values` what is bound to it, in order.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

from hub.fhir.across import leads_across
from hub.fhir.index_keys import DateKey, Key, QuantityKey, ReferenceKey, StringKey, TokenKey, UriKey, WordsKey

Comparison = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]
"""http://hl7.org/fhir/R4/search.html#prefix"""
DateComparison = Literal[Comparison, "co"]
"""`co`: the value's time holds all that was asked for (http://hl7.org/fhir/R4/search_filter.html#ops)."""
Way = Literal["is", "starts", "contains", "ends", "gt", "lt", "ge", "le"]
"""How a text is compared."""

Shape = tuple[object, ...]
"""Hashable; holds no value that came with the request."""
Value = str | int | tuple[TokenKey, ...]
Values = tuple[Value, ...]
T = TypeVar("T", int, str)


@dataclass(frozen=True, slots=True)
class TokenIs:
    """One code or identifier. None: any; an empty `system`: the element must have none."""

    param: str
    system: str | None
    code: str | None

    def accepts(self, key: Key) -> bool:
        return isinstance(key, TokenKey) and self.system in (None, key.system) and self.code in (None, key.code)

    def shape(self) -> Shape:
        return ("token", self.param, self.system is not None, self.code is not None)

    def values(self) -> Values:
        return tuple(value for value in (self.system, self.code) if value is not None)


@dataclass(frozen=True, slots=True)
class TokenAmong:
    """One of many codes, each of its system: those of a value set, or below a code. Bound as one value, however many they are."""

    param: str
    codes: tuple[TokenKey, ...]

    def accepts(self, key: Key) -> bool:
        return isinstance(key, TokenKey) and key in self.codes

    def shape(self) -> Shape:
        return ("among", self.param)

    def values(self) -> Values:
        return (self.codes,)


@dataclass(frozen=True, slots=True)
class DateIs:
    """A time compared with the half-open range [low, high) that was asked for.

    Source: http://hl7.org/fhir/R4/search.html#prefix; `ap` has its widened range already and asks for an overlap.
    """

    param: str
    comparison: DateComparison
    low: int
    high: int

    def accepts(self, key: Key) -> bool:
        if not isinstance(key, DateKey):
            return False
        lo, hi = key
        return in_range(self.comparison, self.low, self.high, lo, hi, closed=False)

    def shape(self) -> Shape:
        return ("date", self.param, self.comparison)

    def values(self) -> Values:
        return (self.low, self.high)


@dataclass(frozen=True, slots=True)
class QuantityIs:
    """Numbers compared with the closed range [low, high] that was asked for, as `decimal_text` writes them: for `eq` and `ne`
    what the digits leave open, for `ap` a tenth either way, otherwise just the number (low = high).

    `system`, `unit`: None: any.
    Source: http://hl7.org/fhir/R4/search.html#quantity
    """

    param: str
    comparison: Comparison
    low: str
    high: str
    system: str | None = None
    unit: str | None = None

    def accepts(self, key: Key) -> bool:
        if not isinstance(key, QuantityKey) or self.system not in (None, key.system) or self.unit not in (None, key.unit):
            return False
        return in_range(self.comparison, self.low, self.high, key.lo, key.hi, closed=True)

    def shape(self) -> Shape:
        return ("quantity", self.param, self.comparison, self.system is not None, self.unit is not None)

    def values(self) -> Values:
        return (self.low, self.high, *(value for value in (self.system, self.unit) if value is not None))


@dataclass(frozen=True, slots=True)
class TextIs:
    """A text or uri, as its key holds it, compared with another."""

    param: str
    way: Way
    value: str

    def accepts(self, key: Key) -> bool:
        if not isinstance(key, StringKey | UriKey):
            return False
        match self.way:
            case "is":
                return key.value == self.value
            case "starts":
                return key.value.startswith(self.value)
            case "contains":
                return self.value in key.value
            case "ends":
                return key.value.endswith(self.value)
            case "gt":
                return key.value > self.value
            case "lt":
                return key.value < self.value
            case "ge":
                return key.value >= self.value
            case "le":
                return key.value <= self.value

    def shape(self) -> Shape:
        return ("text", self.param, self.way)

    def values(self) -> Values:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class WordIs:
    """A word of a full text begins so, both in normal form."""

    param: str
    value: str

    def accepts(self, key: Key) -> bool:
        return isinstance(key, WordsKey) and f" {self.value}" in key.words

    def shape(self) -> Shape:
        return ("word", self.param)

    def values(self) -> Values:
        return (f" {self.value}",)


@dataclass(frozen=True, slots=True)
class ReferenceIs:
    """Points at one of `targets` (more than one where the asker named an id without its type)."""

    param: str
    targets: tuple[str, ...]

    def accepts(self, key: Key) -> bool:
        return isinstance(key, ReferenceKey) and key.target in self.targets

    def shape(self) -> Shape:
        return ("reference", self.param, len(self.targets), any(map(leads_across, self.targets)))

    def values(self) -> Values:
        return self.targets


@dataclass(frozen=True, slots=True)
class IdIs:
    """The resource's own id. Its key is `TokenKey("", id)` under `_id`; the store has a column."""

    id: str
    param: str = "_id"

    def accepts(self, key: Key) -> bool:
        return isinstance(key, TokenKey) and key.code == self.id

    def shape(self) -> Shape:
        return ("id",)

    def values(self) -> Values:
        return (self.id,)


@dataclass(frozen=True, slots=True)
class LastUpdatedIs:
    """`meta.lastUpdated`, compared as any date. Its key is a `DateKey` under `_lastUpdated`; the store has a column."""

    date: DateIs

    @property
    def param(self) -> str:
        return self.date.param

    def accepts(self, key: Key) -> bool:
        return self.date.accepts(key)

    def shape(self) -> Shape:
        return ("lastUpdated", self.date.comparison)

    def values(self) -> Values:
        return self.date.values()


def in_range(comparison: DateComparison, low: T, high: T, lo: T, hi: T, closed: bool) -> bool:
    """How what a resource holds (lo to hi) compares with what was asked for (low to high); `closed`: the ends are within.

    Source: http://hl7.org/fhir/R4/search.html#prefix
    """
    inside = low <= lo and hi <= high
    match comparison:
        case "eq":
            return inside
        case "ne":
            return not inside
        case "gt":
            return hi > high
        case "lt":
            return lo < low
        case "ge":
            return hi > high or inside
        case "le":
            return lo < low or inside
        case "sa":
            return lo > high or (lo == high and not closed)
        case "eb":
            return hi < low or (hi == low and not closed)
        case "ap":
            return (lo < high and hi > low) or (closed and lo <= high and hi >= low)
        case "co":
            return lo <= low and high <= hi
