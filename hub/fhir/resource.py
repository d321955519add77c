"""A resource is its JSON object. Nothing here copies or changes one in place."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

Resource = dict[str, Any]
"""A FHIR resource as its JSON object; decimals are `decimal.Decimal`."""

Extractor = Callable[[Any], Iterator[Any]]
"""Gives every value that one element path finds in an element."""


def reference(resource_type: str, system: str, value: str, display: str | None = None) -> Resource:
    """A Reference to what has this business identifier, for `hub.ingest` to resolve.

    Gives: `{"reference": "Type?identifier=system|value", …}`; mappers write no other literal references.
    """
    written: Resource = {"reference": f"{resource_type}?identifier={system}|{value}"}
    return written | ({"display": display} if display else {})


@cache
def elements(path: str) -> Extractor:
    """Compile an element path, without the resource type: `agent.who`, `effective[x]`, `telecom(system=phone).value`.

    Gives: a function from an element to its values there, arrays flattened; what is of another form is passed by.
    `[x]` stands for any type, whose name begins with a capital.
    """
    steps = tuple(map(_step, path.split(".")))

    def extract(element: Any) -> Iterator[Any]:
        found: Iterator[Any] = iter((element,))
        for step in steps:
            found = _apply(step, found)
        return found

    return extract


def _apply(step: Extractor, found: Iterator[Any]) -> Iterator[Any]:
    for element in found:
        if isinstance(element, dict):
            yield from step(element)


def _step(written: str) -> Extractor:
    name, _, condition = written.rstrip(")").partition("(")
    if name.endswith("[x]"):
        return _choice(name[:-3])
    if condition:
        return _filtered(name, *condition.split("=", 1))
    return lambda element: _flat(element.get(name))


def _choice(stem: str) -> Extractor:
    def step(element: Any) -> Iterator[Any]:
        for name, value in element.items():
            if name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper():
                yield from _flat(value)

    return step


def _filtered(name: str, key: str, value: str) -> Extractor:
    def step(element: Any) -> Iterator[Any]:
        return (each for each in _flat(element.get(name)) if isinstance(each, dict) and each.get(key) == value)

    return step


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from (each for each in value if each is not None)
    elif value is not None:
        yield value
