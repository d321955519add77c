"""Index keys, and the few comparisons that a search makes of them. The store compiles these to SQL by `match`.

A resource's index is `{parameter name: keys}` (`hub.fhir.index`). `holds` is the plain-Python reading of a criterion.
`shape` is what a statement is compiled from, `values` what is bound to it, in the same order.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

OPEN_LOW = -(2**62)
"""Start of what has no start, in microseconds; fits a 64-bit column."""
OPEN_HIGH = 2**62
"""End of what has no end."""

Comparison = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


class TokenKey(NamedTuple):
    """A code or identifier. `system` is empty where the element has none."""

    system: str
    code: str


class DateKey(NamedTuple):
    """The time that a value covers: half-open [lo, hi), microseconds since 1970-01-01T00:00Z."""

    lo: int
    hi: int


class StringKey(NamedTuple):
    """A text in normal form: `parameters.string.normal`."""

    value: str


class ReferenceKey(NamedTuple):
    """What is pointed at: `Type/id`, or an absolute URL that is not this hub's; without version."""

    target: str


class UriKey(NamedTuple):
    """A uri, letter for letter."""

    value: str


Key = TokenKey | DateKey | StringKey | ReferenceKey | UriKey
Index = Mapping[str, Collection[Key]]
Shape = tuple[object, ...]
"""Hashable; holds no value that came with the request."""
Values = tuple[str | int, ...]


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
class DateIs:
    """A time compared with the half-open range [low, high) that was asked for.

    Source: http://hl7.org/fhir/R4/search.html#prefix; `ap` has its widened range already and asks for an overlap.
    """

    param: str
    comparison: Comparison
    low: int
    high: int

    def accepts(self, key: Key) -> bool:
        if not isinstance(key, DateKey):
            return False
        lo, hi = key
        inside = self.low <= lo and hi <= self.high
        match self.comparison:
            case "eq":
                return inside
            case "ne":
                return not inside
            case "gt":
                return hi > self.high
            case "lt":
                return lo < self.low
            case "ge":
                return hi > self.high or inside
            case "le":
                return lo < self.low or inside
            case "sa":
                return lo >= self.high
            case "eb":
                return hi <= self.low
            case "ap":
                return lo < self.high and hi > self.low

    def shape(self) -> Shape:
        return ("date", self.param, self.comparison)

    def values(self) -> Values:
        return (self.low, self.high)


@dataclass(frozen=True, slots=True)
class StringStarts:
    """A text that begins so, both in normal form."""

    param: str
    value: str

    def accepts(self, key: Key) -> bool:
        return isinstance(key, StringKey) and key.value.startswith(self.value)

    def shape(self) -> Shape:
        return ("string", self.param)

    def values(self) -> Values:
        return (self.value,)


@dataclass(frozen=True, slots=True)
class ReferenceIs:
    """Points at one of `targets` (more than one where the asker named an id without its type)."""

    param: str
    targets: tuple[str, ...]

    def accepts(self, key: Key) -> bool:
        return isinstance(key, ReferenceKey) and key.target in self.targets

    def shape(self) -> Shape:
        return ("reference", self.param, len(self.targets))

    def values(self) -> Values:
        return self.targets


@dataclass(frozen=True, slots=True)
class UriIs:
    """The whole uri."""

    param: str
    value: str

    def accepts(self, key: Key) -> bool:
        return isinstance(key, UriKey) and key.value == self.value

    def shape(self) -> Shape:
        return ("uri", self.param)

    def values(self) -> Values:
        return (self.value,)


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


Leaf = TokenIs | DateIs | StringStarts | ReferenceIs | UriIs | IdIs | LastUpdatedIs


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one holds; none at all never holds."""

    criteria: tuple["Criterion", ...]

    def shape(self) -> Shape:
        return ("any", *(criterion.shape() for criterion in self.criteria))

    def values(self) -> Values:
        return tuple(value for criterion in self.criteria for value in criterion.values())


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every one holds."""

    criteria: tuple["Criterion", ...]

    def shape(self) -> Shape:
        return ("all", *(criterion.shape() for criterion in self.criteria))

    def values(self) -> Values:
        return tuple(value for criterion in self.criteria for value in criterion.values())


Criterion = Leaf | AnyOf | AllOf


def holds(criterion: Criterion, index: Index) -> bool:
    """Whether a resource with this index is a hit."""
    match criterion:
        case AnyOf(criteria):
            return any(holds(each, index) for each in criteria)
        case AllOf(criteria):
            return all(holds(each, index) for each in criteria)
        case _:
            return any(criterion.accepts(key) for key in index.get(criterion.param, ()))
