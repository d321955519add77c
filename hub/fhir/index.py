"""The index of a resource: what each search parameter of its type finds in it."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from hub.fhir import full_text
from hub.fhir.compiled import flat, readings, stage
from hub.fhir.expression import Member, Path
from hub.fhir.index_keys import IDENTIFIER, PRESENT, Index, Key, ReferenceKey, TokenKey
from hub.fhir.parameters import KINDS
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES, SearchParameter


@dataclass(frozen=True, slots=True)
class _Reading:
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


_Plan = Mapping[str, Sequence[_Reading]]


def index(resource: Resource, whole: bool = False, only: str = "") -> Index:
    """Every key of a resource by parameter name, each once. Parameters that share another's keys have none of their own.

    Takes: `whole`: with what modifiers and full text look at, too; `only`: of parameters of this kind.
    Gives: `_id` and `_lastUpdated` too, though the store keeps these in columns; nothing for a type that is not in the house.
    """
    return _found(resource, _plan(resource.get("resourceType", ""), only), whole)


def kept(resource: Resource) -> Index:
    """The whole index as it is kept: what parameters find together stands under the names of `kept_under` alone."""
    return _found(resource, _plan_kept(resource.get("resourceType", "")), whole=True)


def _found(resource: Resource, plan: _Plan, whole: bool) -> Index:
    found: dict[str, dict[Key, None]] = {}
    for member in resource.keys() & plan.keys():
        values = flat(resource[member])
        for each in plan[member]:
            for element in each.find(resource, values):
                for ending, key in _keys(each, element, whole):
                    for name in each.names:
                        found.setdefault(name + ending, {})[key] = None
    for name, words in full_text.words(resource) if whole and found else ():
        found[name] = {words: None}
    return {name: tuple(keys) for name, keys in found.items()}


def references(resource: Resource) -> Mapping[str, Sequence[str]]:
    """What a resource points at, by the index names of its reference parameters."""
    pointed = {
        name: [key.target for key in keys if isinstance(key, ReferenceKey)]
        for name, keys in index(resource, only="reference").items()
    }
    return {name: targets for name, targets in pointed.items() if targets}


def _keys(reading: _Reading, element: Any, whole: bool) -> list[tuple[str, Key]]:
    """What the names of an element's keys end in, and the keys."""
    parameter = reading.parameter
    of_reference = parameter.kind == "reference" and isinstance(element, dict)
    if of_reference and "resourceType" in element:  # what a Bundle holds instead of pointing at it
        element = {"reference": f"{element['resourceType']}/{element.get('id')}"}
    found: list[tuple[str, Key]] = [("", key) for key in reading.keys(element)]
    if whole and not found:
        found.append((PRESENT, TokenKey("", "")))
    if of_reference and "identifier" in element:
        found += [(IDENTIFIER, key) for key in KINDS["token"].keys(_OF_REFERENCE, element["identifier"])]
    if whole:
        found += reading.more(parameter, element)
    return found


@cache
def kept_under(resource_type: str, name: str) -> tuple[str, ...]:
    """Under which names the keys of a name are kept: where other parameters find between them just what this one finds
    (`combo-code`: `code` and `component-code`), theirs; else its own."""
    held = TYPES.get(resource_type)
    base, colon, ending = name.partition(":")
    whole = held.named.get(base) if held and not base.startswith("_") else None
    if whole is None or held is None:
        return (name,)
    found = {each.name: _found_in(each) for each in held.named.values() if each.index == each.name}
    wanted = found.get(base, frozenset())
    parts = [other for other, its in found.items() if its and its < wanted]
    covered = frozenset().union(*(found[each] for each in parts))
    return tuple(each + colon + ending for each in parts) if parts and covered == wanted else (name,)


def _found_in(parameter: SearchParameter) -> frozenset[Hashable]:
    """What a parameter finds, such that equal parts of it give equal keys."""
    return frozenset((member, path, _made_of(reading.parameter)) for member, path, reading in _planned(parameter))


def as_identifier(parameter: SearchParameter) -> SearchParameter:
    """The token parameter that `name:identifier` is."""
    name = parameter.index + IDENTIFIER
    return replace(_OF_REFERENCE, name=name, index=name)


_OF_REFERENCE = SearchParameter(name=IDENTIFIER, kind="token", expression="", index=IDENTIFIER, literal=True)


@cache
def _plan(resource_type: str, only: str) -> _Plan:
    held = TYPES.get(resource_type)
    plan: dict[str, dict[Hashable, _Reading]] = {}
    for parameter in held.named.values() if held else ():
        if parameter.index == parameter.name and only in ("", parameter.kind):
            for member, path, reading in _planned(parameter):
                alike = plan.setdefault(member, {})
                at = (path, _made_of(reading.parameter))
                others = alike[at].names if at in alike else ()
                alike[at] = replace(reading, names=(*others, parameter.index))
    return {member: tuple(alike.values()) for member, alike in plan.items()}


@cache
def _plan_kept(resource_type: str) -> _Plan:
    """The plan without the names under which nothing is kept."""

    def kept_names(reading: _Reading) -> _Reading:
        return replace(reading, names=tuple(each for each in reading.names if kept_under(resource_type, each) == (each,)))

    return {member: tuple(map(kept_names, its)) for member, its in _plan(resource_type, "").items()}


def _made_of(parameter: SearchParameter) -> Hashable:
    """What the keys of an element depend on."""
    parts = tuple((each.expression, _made_of(each)) for each in parameter.components)
    return (parameter.kind, parameter.literal, parameter.instant, parts)


def _planned(parameter: SearchParameter) -> Iterator[tuple[str, Path, _Reading]]:
    """Where a resource does not have the member, there is nothing to be found: so what is absent costs nothing."""
    kind = KINDS[parameter.kind]
    for variant, path in readings(parameter):
        keys = kind.reader(variant) if kind.reader else partial(kind.keys, variant)
        reading = partial(_Reading, (), variant, keys, kind.more)
        if path and isinstance(path[0], Member):
            yield path[0].json, path, reading(_after(path[1:]))
        elif parameter.components:
            whole = reading(lambda resource, _: (resource,))
            yield from ((member, path, whole) for member in _members(parameter.components[-1]))
        else:
            yield "resourceType", path, reading(_of(path))


def _after(steps: Path) -> Callable[[Resource, Sequence[Any]], Sequence[Any]]:
    run = stage(steps)
    return lambda _, values: run(values)


def _of(path: Path) -> Callable[[Resource, Sequence[Any]], Sequence[Any]]:
    run = stage(path)
    return lambda resource, _: run((resource,))


def _members(part: SearchParameter) -> tuple[str, ...]:
    """The members that a part of a composite begins with: it finds nothing without one of them."""
    return tuple(path[0].json for _, path in readings(part) if isinstance(path[0], Member))
