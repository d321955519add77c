"""Criteria in their plain-Python reading: whether a resource with this index is a hit."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.fhir.criteria import AllOf, AnyOf, Criterion, Not, PointsAt, Present, Referred, Refers, TypeIs, Unlike
from hub.fhir.index_keys import PRESENT, Index, ReferenceKey


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
