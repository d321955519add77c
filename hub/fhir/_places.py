"""Where in a resource something is, put into words when asked: as FHIRPath, and as XPath (`OperationOutcome.issue.location`)."""

from collections.abc import Sequence

Place = tuple["Place | None", str, str, int]
"""A step on the way to an element: what holds it; its name as FHIRPath has it (of a resource inside another one empty) and as XML
has it; its number in a list, from 0, or `ALONE`. A plain tuple, since judging makes one for each element."""
ALONE = -1


def _steps(place: Place) -> Sequence[Place]:
    found = []
    step: Place | None = place
    while step is not None:
        found.append(step)
        step = step[0]
    return found[::-1]


def fhirpath(place: Place) -> str:
    """`Bundle.entry[0].resource.name[1].given[0]`."""
    return ".".join(f"{name}[{at}]" if at >= 0 else name for _, name, _, at in _steps(place) if name)


def xpath(place: Place) -> str:
    """`/f:Bundle/f:entry[1]/f:resource/f:Patient/f:name[2]/f:given[1]`; empty: not inside a resource."""
    steps = ((written, at) for _, _, written, at in _steps(place) if written)
    return "".join(f"/f:{written}[{at + 1}]" if at >= 0 else f"/f:{written}" for written, at in steps)
