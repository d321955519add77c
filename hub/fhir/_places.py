"""Where in a resource something is, put into words when asked: as FHIRPath, and as XPath (`OperationOutcome.issue.location`)."""

from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """A step on the way to an element."""

    holder: "Place | None"
    name: str
    """As FHIRPath has it; of a resource inside another one empty."""
    written: str
    """As XML has it."""
    at: int = -1
    """In a list, from 0."""


def _steps(place: Place) -> Sequence[Place]:
    found = []
    step: Place | None = place
    while step is not None:
        found.append(step)
        step = step.holder
    return found[::-1]


def fhirpath(place: Place) -> str:
    """`Bundle.entry[0].resource.name[1].given[0]`."""
    named = (step for step in _steps(place) if step.name)
    return ".".join(f"{step.name}[{step.at}]" if step.at >= 0 else step.name for step in named)


def xpath(place: Place) -> str:
    """`/f:Bundle/f:entry[1]/f:resource/f:Patient/f:name[2]/f:given[1]`; empty: not inside a resource."""
    steps = [step for step in _steps(place) if step.written]
    return "".join(f"/f:{step.written}[{step.at + 1}]" if step.at >= 0 else f"/f:{step.written}" for step in steps)
