"""What a search asks of a resource: a closed set of criteria over index keys. The store compiles these to SQL by `match`
(`hub.store.criteria_sql`); `hub.fhir.holding` is their plain-Python reading.

`shape` is what a statement is compiled from, `values` what is bound to it, in the same order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.fhir.across import leads_across
from hub.fhir.comparisons import (
    DateIs,
    IdIs,
    LastUpdatedIs,
    QuantityIs,
    ReferenceIs,
    Shape,
    TextIs,
    TokenAmong,
    TokenIs,
    Values,
    WordIs,
)
from hub.fhir.index_keys import IDENTIFIER, CompositeKey, Key


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
    """Points at `target`, a person, under one of several types' parameters (type, index name): a compartment over all types."""

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


def accepted(part: Criterion, key: Key) -> bool:
    """Whether one key meets a comparison, or one of several."""
    if isinstance(part, AnyOf):
        return any(accepted(each, key) for each in part.criteria)
    return isinstance(part, Leaf) and part.accepts(key)


def alternatives(criterion: Criterion) -> tuple[Criterion, ...]:
    """The parts of which one must hold, each once."""
    return tuple(dict.fromkeys(criterion.criteria)) if isinstance(criterion, AnyOf) else (criterion,)


def asks_across(criteria: Iterable[Criterion]) -> bool:
    """Whether criteria ask of keys that may lead to other entries (`hub.fhir.across`)."""
    for criterion in criteria:
        match criterion:
            case ReferenceIs(_, targets):
                found = any(map(leads_across, targets))
            case Present(_, kind):
                found = kind == "reference"
            case TokenIs(param) | TokenAmong(param):
                found = param.endswith(IDENTIFIER)
            case CompositeIs(_, parts) | AnyOf(parts) | AllOf(parts):
                found = asks_across(parts)
            case Not(inner) | Referred(_, _, inner):
                found = asks_across((inner,))
            case Refers(_, targets):
                found = asks_across(inner for _, inner in targets)
            case _:
                found = False
        if found:
            return True
    return False


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
