"""What a search asks of a resource: a closed set of criteria over index keys. The store compiles these to SQL by `match`.

A resource's index is `{parameter name: keys}` (`hub.fhir.index`). `holds` is the plain-Python reading of a criterion.
`shape` is what a statement is compiled from, `values` what is bound to it, in the same order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hub.fhir.index_keys import (
    PRESENT,
    CompositeKey,
    DateKey,
    Index,
    Key,
    QuantityKey,
    ReferenceKey,
    StringKey,
    TokenKey,
    UriKey,
    WordsKey,
)

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
            case "co":
                return lo <= self.low and self.high <= hi

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
        inside = self.low <= key.lo and key.hi <= self.high
        match self.comparison:
            case "eq":
                return inside
            case "ne":
                return not inside
            case "gt":
                return key.hi > self.high
            case "lt":
                return key.lo < self.low
            case "ge":
                return key.hi > self.high or inside
            case "le":
                return key.lo < self.low or inside
            case "sa":
                return key.lo > self.high
            case "eb":
                return key.hi < self.low
            case "ap":
                return key.lo <= self.high and key.hi >= self.low

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
        return ("reference", self.param, len(self.targets))

    def values(self) -> Values:
        return self.targets


@dataclass(frozen=True, slots=True)
class CompositeIs:
    """Elements that belong together, of which each component meets its own test (what these name as `param` says nothing)."""

    param: str
    parts: tuple["Criterion", ...]

    def accepts(self, key: Key) -> bool:
        if not isinstance(key, CompositeKey):
            return False
        return all(any(accepted(part, each) for each in its) for part, its in zip(self.parts, key.parts, strict=True))

    def shape(self) -> Shape:
        return ("composite", self.param, *(part.shape() for part in self.parts))

    def values(self) -> Values:
        return tuple(value for part in self.parts for value in part.values())


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


Leaf = TokenIs | TokenAmong | DateIs | QuantityIs | TextIs | WordIs | ReferenceIs | CompositeIs | IdIs | LastUpdatedIs


@dataclass(frozen=True, slots=True)
class Present:
    """The resource has a value for the parameter. `kind`: of keys; `targets`: only references to these types count."""

    param: str
    kind: str
    targets: tuple[str, ...] = ()

    def shape(self) -> Shape:
        return ("present", self.param, self.kind, *self.targets)

    def values(self) -> Values:
        return ()


@dataclass(frozen=True, slots=True)
class Unlike:
    """A value is there that the leaf does not accept."""

    leaf: Leaf

    def shape(self) -> Shape:
        return ("unlike", self.leaf.shape())

    def values(self) -> Values:
        return self.leaf.values()


@dataclass(frozen=True, slots=True)
class TypeIs:
    """The resource is of the type: where several types are searched."""

    resource_type: str

    def shape(self) -> Shape:
        return ("type", self.resource_type)

    def values(self) -> Values:
        return ()


@dataclass(frozen=True, slots=True)
class PointsAt:
    """Points at `target` under one of several types' parameters (type, index name): a compartment over all types."""

    params: tuple[tuple[str, str], ...]
    target: str

    def shape(self) -> Shape:
        return ("points", *self.params)

    def values(self) -> Values:
        return (self.target,)


@dataclass(frozen=True, slots=True)
class Refers:
    """Points under `param` at a resource of one of the types that meets that type's criterion: a chained parameter."""

    param: str
    targets: tuple[tuple[str, "Criterion"], ...]

    def shape(self) -> Shape:
        return ("refers", self.param, *((name, criterion.shape()) for name, criterion in self.targets))

    def values(self) -> Values:
        return tuple(value for _, criterion in self.targets for value in criterion.values())


@dataclass(frozen=True, slots=True)
class Referred:
    """A resource of type `source` that meets the criterion points at it under that type's `param`: `_has`, `_list`."""

    source: str
    param: str
    criterion: "Criterion"

    def shape(self) -> Shape:
        return ("referred", self.source, self.param, self.criterion.shape())

    def values(self) -> Values:
        return self.criterion.values()


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


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold: of what is released, the rest."""

    criterion: "Criterion"

    def shape(self) -> Shape:
        return ("not", self.criterion.shape())

    def values(self) -> Values:
        return self.criterion.values()


Criterion = Leaf | Present | Unlike | TypeIs | PointsAt | Refers | Referred | AnyOf | AllOf | Not


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource as others point at it, with its index."""

    resource_type: str
    id: str
    index: Index

    @property
    def target(self) -> str:
        return f"{self.resource_type}/{self.id}"


def holds(criterion: Criterion, index: Index, own: str = "", world: Sequence[Placed] = ()) -> bool:
    """Whether a resource with this index is a hit.

    Takes: `own`: the resource as `Type/id`; `world`: what is released besides, for criteria that look at other resources.
    """
    match criterion:
        case AnyOf(criteria):
            return any(holds(each, index, own, world) for each in criteria)
        case AllOf(criteria):
            return all(holds(each, index, own, world) for each in criteria)
        case Not(inner):
            return not holds(inner, index, own, world)
        case Present(param, _, targets) if targets:
            return any(isinstance(key, ReferenceKey) and key.target.split("/")[0] in targets for key in index.get(param, ()))
        case Present(param):
            return bool(index.get(param) or index.get(param + PRESENT))
        case Unlike(leaf):
            return any(not leaf.accepts(key) for key in index.get(leaf.param, ()))
        case TypeIs(name):
            return own.split("/")[0] == name
        case PointsAt(params, target):
            its = (name for resource_type, name in params if own.split("/")[0] == resource_type)
            return any(ReferenceKey(target) in index.get(name, ()) for name in its)
        case Refers(param, targets):
            pointed = {key.target for key in index.get(param, ()) if isinstance(key, ReferenceKey)}
            asked = dict(targets)
            reached = (each for each in world if each.target in pointed and each.resource_type in asked)
            return any(holds(asked[each.resource_type], each.index, each.target, world) for each in reached)
        case Referred(source, param, inner):
            others = (each for each in world if each.resource_type == source and ReferenceKey(own) in each.index.get(param, ()))
            return any(holds(inner, each.index, each.target, world) for each in others)
        case _:
            return any(criterion.accepts(key) for key in index.get(criterion.param, ()))


def accepted(part: Criterion, key: Key) -> bool:
    """Whether one key meets a comparison, or one of several."""
    if isinstance(part, AnyOf):
        return any(accepted(each, key) for each in part.criteria)
    return isinstance(part, Leaf) and part.accepts(key)


def alternatives(criterion: Criterion) -> tuple[Criterion, ...]:
    """The parts of which one must hold, each once."""
    return tuple(dict.fromkeys(criterion.criteria)) if isinstance(criterion, AnyOf) else (criterion,)


def reached(criteria: Iterable[Criterion]) -> Mapping[str, None]:
    """The types of the other resources that criteria look at, in order."""
    found: dict[str, None] = {}
    for criterion in criteria:
        match criterion:
            case AnyOf(parts) | AllOf(parts):
                found |= reached(parts)
            case Not(inner):
                found |= reached((inner,))
            case Refers(_, targets):
                for name, inner in targets:
                    found |= {name: None} | dict(reached((inner,)))
            case Referred(source, _, inner):
                found |= {source: None} | dict(reached((inner,)))
    return found
