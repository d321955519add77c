"""What search parameters look at in a resource of one type, planned once: under which member of it each is read.

Where a resource does not have a member, there is nothing to be found: so what is absent costs nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from hub.fhir import full_text
from hub.fhir.compiled import readings, stage
from hub.fhir.expression import Both, Compared, Exists, Expression, Member, Path
from hub.fhir.index_keys import Key
from hub.fhir.parameters import KINDS
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES, SearchParameter


@dataclass(frozen=True, slots=True)
class Reading:
    """One alternative of what parameters find, read when a resource has the member that it is planned under."""

    names: tuple[str, ...]
    """Under which the keys are kept: of every parameter that finds them here (`code` and `combo-code`)."""
    parameter: SearchParameter
    """One of these."""
    keys: Callable[[Any], Iterable[Key]]
    """From one of the elements to its keys."""
    more: Callable[[SearchParameter, Any], Iterable[tuple[str, Key]]]
    """To what modifiers look at."""
    find: Callable[[Resource, Sequence[Any]], Sequence[Any]]
    """From the resource and the member's values to what the parameter finds."""
    beside: tuple[str, ...] = ()
    """The members that it looks at, where these are not only the one that it is planned under."""


Plan = Mapping[str, Sequence[Reading]]
"""By the member of the resource that they are read under."""


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """What the kept keys of a type are read from."""

    alone: Plan
    """Elements that give keys by themselves."""
    together: Plan
    """Elements that give keys together with others."""
    beside: Mapping[str, Sequence[str]]
    """With which: each among them."""
    silent: frozenset[str]
    """Elements that give neither keys nor words."""


COLUMNS = frozenset(("_id", "_lastUpdated"))
"""Parameters that the store has columns for."""


@cache
def plan(resource_type: str, only: str = "") -> Plan:
    """`only`: of parameters of this kind. Gives: nothing for a type that is not in the house."""
    held = TYPES.get(resource_type)
    found: dict[str, dict[Hashable, Reading]] = {}
    for parameter in held.named.values() if held else ():
        if parameter.index == parameter.name and only in ("", parameter.kind):
            for member, path, reading in _planned(parameter):
                alike = found.setdefault(member, {})
                at = (path, _made_of(reading.parameter))
                others = alike[at].names if at in alike else ()
                alike[at] = replace(reading, names=(*others, parameter.index))
    return {member: tuple(alike.values()) for member, alike in found.items()}


@cache
def kept_plan(resource_type: str) -> KeptPlan:
    """The plan without the names under which nothing is kept."""
    alone: dict[str, list[Reading]] = {}
    together: dict[str, list[Reading]] = {}
    for member, its in plan(resource_type).items():
        for each in its:
            names = tuple(name for name in each.names if kept_under(resource_type, name) == (name,) and name not in COLUMNS)
            if names:
                (together if each.beside else alone).setdefault(member, []).append(replace(each, names=names))
    beside = {
        member: tuple(dict.fromkeys((member, *(name for each in its for name in each.beside))))
        for member, its in together.items()
    }
    return KeptPlan(alone, together, beside, full_text.WORDLESS - alone.keys())


@cache
def kept_under(resource_type: str, name: str) -> tuple[str, ...]:
    """Under which names the keys of a name are kept: where other parameters find between them just what this one finds
    (`combo-code`: `code` and `component-code`), theirs; else its own."""
    held = TYPES.get(resource_type)
    base, colon, ending = name.partition(":")
    whole = held.named.get(base) if held and not base.startswith("_") else None
    if whole is None:
        return (name,)
    found = _finds(resource_type)
    wanted = found.get(base, frozenset())
    parts = [other for other, its in found.items() if its and its < wanted]
    covered = frozenset().union(*(found[each] for each in parts))
    return tuple(each + colon + ending for each in parts) if parts and covered == wanted else (name,)


@cache
def _finds(resource_type: str) -> Mapping[str, frozenset[Hashable]]:
    """What each parameter with keys of its own finds, such that equal parts of it give equal keys."""
    return {
        each.name: frozenset((member, path, _made_of(reading.parameter)) for member, path, reading in _planned(each))
        for each in TYPES[resource_type].named.values()
        if each.index == each.name
    }


def _made_of(parameter: SearchParameter) -> Hashable:
    """What the keys of an element depend on."""
    parts = tuple((each.expression, _made_of(each)) for each in parameter.components)
    return (parameter.kind, parameter.literal, parameter.instant, parts)


def _planned(parameter: SearchParameter) -> Iterator[tuple[str, Path, Reading]]:
    kind = KINDS[parameter.kind]
    for variant, path in readings(parameter):
        keys = kind.reader(variant) if kind.reader else partial(kind.keys, variant)
        reading = partial(Reading, (), variant, keys, kind.more)
        if path and isinstance(path[0], Member):
            yield path[0].json, path, reading(_after(path[1:]))
        elif parameter.components:
            parts = [tuple(_members(tuple(path for _, path in readings(each)))) for each in parameter.components]
            whole = reading(lambda resource, _: (resource,), sum(parts, ()))
            yield from ((member, path, whole) for member in parts[-1])  # it finds nothing without one of these
        else:
            yield "resourceType", path, reading(_of(path), tuple(_members((path,))))


def _after(steps: Path) -> Callable[[Resource, Sequence[Any]], Sequence[Any]]:
    run = stage(steps)
    return lambda _, values: run(values)


def _of(path: Path) -> Callable[[Resource, Sequence[Any]], Sequence[Any]]:
    run = stage(path)
    return lambda resource, _: run((resource,))


def _members(expression: Expression) -> Iterator[str]:
    """The members of a resource that an expression looks at."""
    for path in expression:
        match path[0]:
            case Member() as first:
                yield first.json
            case Both(one, other):
                yield from _members((*one, *other))
            case Exists(of) | Compared(of):
                yield from _members(of)
            case _:
                raise ValueError("it cannot be told what it looks at")
