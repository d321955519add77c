"""The index of a resource: what each search parameter of its type finds in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hub.fhir import full_text
from hub.fhir.index_keys import IDENTIFIER, PRESENT, Index, Key, ReferenceKey, TokenKey
from hub.fhir.parameters import KINDS
from hub.fhir.resource import Extractor, Resource, elements
from hub.fhir.types import COMMON, TYPES, SearchParameter, identifier


def index(resource: Resource, whole: bool = False) -> Index:
    """Every key of a resource by parameter name, each once. Parameters that share another's keys have none of their own.

    Takes: `whole`: with what modifiers and full text look at, too.
    Gives: `_id` and `_lastUpdated` too, though the store keeps these in columns; nothing for a type that is not in the house.
    """
    found: dict[str, dict[Key, None]] = {}
    for parameter, extract in _plan(resource.get("resourceType", "")):
        for element in extract(resource):
            for name, key in _keys(parameter, element, whole):
                found.setdefault(name, {})[key] = None
    for name, words in full_text.words(resource) if whole and found else ():
        found[name] = {words: None}
    return {name: tuple(keys) for name, keys in found.items()}


def references(resource: Resource) -> Mapping[str, Sequence[str]]:
    """What a resource points at, by the index names of its reference parameters."""
    pointed = {name: [key.target for key in keys if isinstance(key, ReferenceKey)] for name, keys in index(resource).items()}
    return {name: targets for name, targets in pointed.items() if targets}


def _keys(parameter: SearchParameter, element: Any, whole: bool) -> Iterator[tuple[str, Key]]:
    kind = KINDS[parameter.kind]
    own = tuple(kind.keys(parameter, element))
    for key in own:
        yield parameter.index, key
    if parameter.kind == "reference" and isinstance(element, dict) and "identifier" in element:
        for key in KINDS["token"].keys(as_identifier(parameter), element["identifier"]):
            yield parameter.index + IDENTIFIER, key
    if whole:
        if not own:
            yield parameter.index + PRESENT, TokenKey("", "")
        for ending, key in kind.more(parameter, element):
            yield parameter.index + ending, key


def as_identifier(parameter: SearchParameter) -> SearchParameter:
    """The token parameter that `name:identifier` is."""
    return identifier(parameter.index + IDENTIFIER)


@cache
def _plan(resource_type: str) -> tuple[tuple[SearchParameter, Extractor], ...]:
    held = TYPES.get(resource_type)
    if not held:
        return ()
    own = [parameter for parameter in held.search if parameter.index == parameter.name and parameter.kind in KINDS]
    written = [(parameter, path) for parameter in (*COMMON, *own) for path in parameter.paths]
    return tuple((variant, elements(each)) for parameter, path in written for variant, each in _variants(parameter, path))


def _variants(parameter: SearchParameter, path: str) -> Iterator[tuple[SearchParameter, str]]:
    """A date of a choice of types may be an instant, which is read otherwise than a dateTime."""
    if parameter.kind != "date" or not path.endswith("[x]"):
        yield parameter, path
        return
    stem = path.removesuffix("[x]")
    for datatype in ("DateTime", "Date", "Period", "Timing"):
        yield parameter, stem + datatype
    yield replace(parameter, instant=True), stem + "Instant"
