"""Search expressions compiled to closures: from an element to the values that an expression finds in it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from hub.fhir.expression import (
    At,
    Both,
    Compared,
    Exists,
    Expression,
    Literal,
    Member,
    Path,
    Resolves,
    Step,
    Where,
)
from hub.fhir.expression_read import parse
from hub.fhir.types import SearchParameter

Extractor = Callable[[Any], Sequence[Any]]
"""Gives every value, arrays flattened; what is of another form is passed by."""
Stage = Callable[[Sequence[Any]], Sequence[Any]]
"""From the values before a step to those after it."""


@cache
def compiled(text: str) -> Extractor:
    """Compile an expression. It is one of ours or of HL7's, never one that came with a request.

    Raises: ValueError: it is not in the grammar of `hub.fhir.expression`.
    """
    return extractor(parse(text))


@cache
def readings(parameter: SearchParameter) -> tuple[tuple[SearchParameter, Path], ...]:
    """The alternatives of a parameter's expression, each with the parameter as it is to be read there: a date of several types
    may be an instant."""
    return tuple((_variant(parameter, path), path) for path in parse(parameter.expression))


def _variant(parameter: SearchParameter, path: Path) -> SearchParameter:
    last = path[-1] if path else None
    return replace(parameter, instant=True) if isinstance(last, Member) and last.cast == "instant" else parameter


def extractor(expression: Expression) -> Extractor:
    """Compile alternatives: the values of each, one after the other."""
    stages = tuple(map(stage, expression))
    if len(stages) == 1:
        [only] = stages
        return lambda element: only((element,))
    return lambda element: [value for each in stages for value in each((element,))]


@cache
def stage(path: Path) -> Stage:
    """Compile the steps of one path."""
    steps = tuple(map(_stage, path))
    if len(steps) == 1:
        return steps[0]

    def run(found: Sequence[Any]) -> Sequence[Any]:
        for step in steps:
            if not found:
                break
            found = step(found)
        return found

    return run


def flat(value: Any) -> Sequence[Any]:
    """The values of one element."""
    return [each for each in value if each is not None] if isinstance(value, list) else () if value is None else (value,)


def _stage(step: Step) -> Stage:
    match step:
        case Member():
            return _member(step.json)
        case At(place):
            return lambda found: found[place : place + 1]
        case Where(condition):
            return _where(extractor(condition))
        case Resolves(name):
            return lambda found: [_points_at(name, each) for each in found]
        case Exists(of):
            exists = extractor(of)
            return lambda found: [any(exists(each) for each in found)]
        case Compared(of, equal, value):
            return _compared(extractor(of), equal, value)
        case Both(first, second):
            return _both(extractor(first), extractor(second))


def _member(name: str) -> Stage:
    def run(found: Sequence[Any]) -> Sequence[Any]:
        values: list[Any] = []
        for element in found:
            value = element.get(name) if isinstance(element, dict) else None
            if isinstance(value, list):
                values += [each for each in value if each is not None]
            elif value is not None:
                values.append(value)
        return values

    return run


def _where(condition: Extractor) -> Stage:
    return lambda found: [each for each in found if any(value is True for value in condition(each))]


def _compared(of: Extractor, equal: bool, value: Literal) -> Stage:
    def run(found: Sequence[Any]) -> Sequence[Any]:
        values = [each for element in found for each in of(element)]
        return [_same(values, value) is equal] if values else ()

    return run


def _same(values: Sequence[Any], value: Literal) -> bool:
    return len(values) == 1 and type(values[0]) is type(value) and bool(values[0] == value)


def _both(first: Extractor, second: Extractor) -> Stage:
    """`and` of three values: one that does not hold decides, and what is not known leaves it open."""

    def run(found: Sequence[Any]) -> Sequence[Any]:
        values = [list(side(each)) for each in found for side in (first, second)]
        if [False] in values:
            return [False]
        return [True] if all(value == [True] for value in values) else ()

    return run


def _points_at(name: str, reference: Any) -> bool:
    """Whether a Reference, or what it resolves to, is of this type: by its URL, or by its own `type`."""
    if not isinstance(reference, dict):
        return False
    if "resourceType" in reference:
        return bool(reference["resourceType"] == name)
    target = reference.get("reference")
    parts = target.split("/_history/")[0].split("/") if isinstance(target, str) else []
    return (len(parts) > 1 and parts[-2] == name) or (len(parts) < 2 and reference.get("type") == name)
