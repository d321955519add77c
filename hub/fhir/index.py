"""The index of a resource: what each search parameter of its type finds in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hub.fhir import full_text
from hub.fhir.across import entry_of
from hub.fhir.compiled import flat
from hub.fhir.index_keys import IDENTIFIER, PRESENT, Index, Key, PointedKey, ReferenceKey, TokenKey
from hub.fhir.index_plan import Plan, Reading, kept_plan, plan
from hub.fhir.parameters import KINDS
from hub.fhir.resource import Resource
from hub.fhir.types import SearchParameter


def index(resource: Resource, whole: bool = False, only: str = "") -> Index:
    """Every key of a resource by parameter name, each once. Parameters that share another's keys have none of their own.

    Takes: `whole`: with what modifiers and full text look at, too; `only`: of parameters of this kind.
    Gives: `_id` and `_lastUpdated` too, though the store keeps these in columns; nothing for a type that is not in the house.
    """
    its = plan(resource.get("resourceType", ""), only)
    found = _found(resource, its, whole)
    return found | dict(full_text.words(resource)) if whole and its else found


@lru_cache(1024)
def parts(resource_type: str, names: Sequence[str]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The parts of a resource that its kept keys follow from: elements that are looked at alone, and such as parameters look at
    together. What the store has columns for is left out.

    Most parts are met again and again (codes, units, whom a message is about), so a store may remember what it made of them.
    Takes: `names`: of the elements that a resource has.
    """
    its = kept_plan(resource_type)
    alone = [name for name in names if name not in its.silent]
    return alone, [[each for each in members if each in names] for name, members in its.beside.items() if name in names]


def keys_of(resource_type: str, part: Resource, together: bool) -> Index:
    """The keys of a part of a resource, those of modifiers and full text too. What several parameters find together stands under
    the names of `kept_under` alone."""
    its = kept_plan(resource_type)
    found = _found(part, its.together if together else its.alone, whole=True)
    return found if together else found | dict(full_text.words(part))


def _found(resource: Resource, its: Plan, whole: bool) -> dict[str, tuple[Key, ...]]:
    found: dict[str, dict[Key, None]] = {}
    for member in resource.keys() & its.keys():
        values = flat(resource[member])
        for each in its[member]:
            for element in each.find(resource, values):
                for ending, key in _keys(each, element, whole):
                    for name in each.names:
                        found.setdefault(name + ending, {})[key] = None
    return {name: tuple(keys) for name, keys in found.items()}


def references(resource: Resource) -> Mapping[str, Sequence[str]]:
    """What a resource points at, by the index names of its reference parameters."""
    pointed = {
        name: [key.target for key in keys if isinstance(key, ReferenceKey)]
        for name, keys in index(resource, only="reference").items()
    }
    return {name: targets for name, targets in pointed.items() if targets}


def _keys(reading: Reading, element: Any, whole: bool) -> list[tuple[str, Key]]:
    """What the names of an element's keys end in, and the keys."""
    parameter = reading.parameter
    of_reference = parameter.kind == "reference" and isinstance(element, dict)
    if of_reference and "resourceType" in element:  # what a Bundle holds instead of pointing at it
        element = {"reference": f"{element['resourceType']}/{element.get('id')}"}
    found: list[tuple[str, Key]] = [("", key) for key in reading.keys(element)]
    if whole and not found:
        found.append((PRESENT, TokenKey("", "")))
    if of_reference and "identifier" in element:
        found += [(IDENTIFIER, key) for key in _identifiers(element)]
    if whole:
        found += reading.more(parameter, element)
    return found


def _identifiers(reference: Resource) -> Iterator[Key]:
    """What a reference says by identifier; of an entry's together with the entry, which must be shown for it to count."""
    across = entry_of(reference)
    for key in KINDS["token"].keys(_OF_REFERENCE, reference["identifier"]):
        if isinstance(key, TokenKey):
            yield PointedKey(*key, across) if across else key


def as_identifier(parameter: SearchParameter) -> SearchParameter:
    """The token parameter that `name:identifier` is."""
    name = parameter.index + IDENTIFIER
    return replace(_OF_REFERENCE, name=name, index=name)


_OF_REFERENCE = SearchParameter(name=IDENTIFIER, kind="token", expression="", index=IDENTIFIER, literal=True)
