"""Where the elements are that a path of FHIRPath Patch names, by R4's definitions; and what holds of them.

Source: http://hl7.org/fhir/R4/fhirpatch.html, http://hl7.org/fhirpath/N1/#operations
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.fhir.elements import Written, definition, is_primitive
from hub.fhir.patch_path import (
    Chosen,
    Compared,
    Condition,
    Counted,
    Extended,
    Fixed,
    Found,
    Is,
    Joined,
    Named,
    Negated,
    OfType,
    Path,
    Place,
    Step,
    Tested,
    Where,
)
from hub.fhir.resource import Resource


class Several(ValueError):
    """single() of more than one."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an element is: the object that holds it, the name there, and its place if it is one of a list."""

    way: tuple[str | int, ...]
    """From the resource to the holder."""
    field: Written | None
    """What the element is; None: the resource itself."""
    type: str
    """Of the element."""
    holder: str = ""
    """Type of what holds it."""
    at: int = -1

    @property
    def here(self) -> tuple[str | int, ...]:
        """From the resource to the element."""
        if self.field is None:
            return ()
        return (*self.way, self.field.name, *((self.at,) if self.at >= 0 else ()))


def spots(resource: Resource, steps: Path) -> list[Spot]:
    """Where the elements are that steps name, from the resource on.

    Raises: Several.
    """
    return _walked(resource, [Spot((), None, resource["resourceType"])], steps)


def fields(holder: Any, type_name: str, name: str) -> list[Written]:
    """The elements of that name that a type has: of several types that one which is there."""
    if not type_name or is_primitive(type_name):
        return []
    written = definition(type_name).written
    if name in written:
        return [written[name]]
    return [each for each in written.values() if each.element.name == name and each.name in holder]


def held_at(held: Any, way: Sequence[str | int]) -> Any:
    """What lies at the end of a way."""
    for step in way:
        held = held[step]
    return held


def _walked(resource: Resource, found: list[Spot], steps: Path) -> list[Spot]:
    for step in steps:
        found = _stepped(resource, found, step)
    return found


def _stepped(resource: Resource, found: list[Spot], step: Step) -> list[Spot]:
    match step:
        case Named(name):
            return [inner for spot in found for inner in _members(resource, spot, name)]
        case Place(at):
            return found[at : at + 1]
        case Chosen(which):
            if which == "single" and len(found) > 1:
                raise Several
            return {"first": found[:1], "last": found[-1:], "tail": found[1:], "single": found}[which]
        case Counted(which, count):
            return found[count:] if which == "skip" else found[:count]
        case OfType(name):
            return [spot for spot in found if spot.type == name]
        case Extended(url):
            its = [inner for spot in found for inner in _members(resource, spot, "extension")]
            return [spot for spot in its if _has_url(held_at(resource, spot.here), url)]
        case Where(condition):
            return [spot for spot in found if _truth(_values(resource, spot, condition))]
        case Tested():
            raise AssertionError("stands in a condition alone")


def _members(resource: Resource, spot: Spot, name: str) -> Iterator[Spot]:
    holder = held_at(resource, spot.here)
    if not isinstance(holder, dict):
        return
    for field in fields(holder, spot.type, name):
        value = holder.get(field.name)
        if isinstance(value, list):
            yield from (Spot(spot.here, field, _type(field, each), spot.type, at) for at, each in enumerate(value))
        elif value is not None:
            yield Spot(spot.here, field, _type(field, value), spot.type)


def _has_url(held: Any, url: str) -> bool:
    return isinstance(held, dict) and held.get("url") == url


def _type(field: Written, value: Any) -> str:
    held = value.get("resourceType") if field.type == "Resource" and isinstance(value, dict) else field.type
    return held if isinstance(held, str) else ""


def _values(resource: Resource, spot: Spot, condition: Condition) -> list[Any]:
    """The values of a condition at an element; none: not known."""
    match condition:
        case Fixed(value):
            return [value]
        case Found(steps):
            return _found(resource, spot, steps)
        case Is(Found(steps), name):
            its = _walked(resource, [spot], steps)
            return [its[0].type == name] if len(its) == 1 else []
        case Is():
            return []
        case Negated(inner):
            known = _truth(_values(resource, spot, inner))
            return [] if known is None else [not known]
        case Joined(word, left, right):
            return _joined(word, *(_truth(_values(resource, spot, each)) for each in (left, right)))
        case Compared(operator, left, right):
            return _compared(operator, _values(resource, spot, left), _values(resource, spot, right))


def _found(resource: Resource, spot: Spot, steps: Path) -> list[Any]:
    at = next((n for n, step in enumerate(steps) if isinstance(step, Tested)), len(steps))
    its = [held_at(resource, each.here) for each in _walked(resource, [spot], steps[:at])]
    values = [_plain(each) for each in its if each is not None]
    for step in steps[at:]:
        if not isinstance(step, Tested):
            return []
        values = _tested(values, step)
    return values


def _plain(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _tested(values: list[Any], test: Tested) -> list[Any]:
    match test.how:
        case "exists":
            return [bool(values)]
        case "empty":
            return [not values]
        case "count":
            return [Decimal(len(values))]
        case "not":
            known = _truth(values)
            return [] if known is None else [not known]
    if len(values) != 1 or not isinstance(values[0], str):
        return []
    [text] = values
    found = {"startsWith": text.startswith(test.text), "endsWith": text.endswith(test.text), "contains": test.text in text}
    return [found[test.how]]


def _truth(values: Sequence[Any]) -> bool | None:
    """Whether values say yes; None: not known. One that is no boolean says that it is there."""
    if len(values) != 1:
        return None
    return values[0] if isinstance(values[0], bool) else True


def _joined(word: str, left: bool | None, right: bool | None) -> list[Any]:
    """`and`, `or` of three values: one side may decide by itself, and what is not known leaves it open."""
    decides = word == "or"
    if decides in (left, right):
        return [decides]
    return [] if None in (left, right) else [not decides]


def _compared(operator: str, left: list[Any], right: list[Any]) -> list[Any]:
    match operator:
        case "~" | "!~":
            alike = sorted(map(_loosely, left)) == sorted(map(_loosely, right))
            return [alike is (operator == "~")]
        case "in":
            return [left[0] in right] if len(left) == 1 else []
        case "contains":
            return [right[0] in left] if len(right) == 1 else []
    if not left or not right:
        return []
    if operator in ("=", "!="):
        same = [(type(each), each) for each in left] == [(type(each), each) for each in right]
        return [same is (operator == "=")]
    return _ordered(operator, left, right)


def _loosely(value: Any) -> str:
    return " ".join(value.lower().split()) if isinstance(value, str) else repr(value)


def _ordered(operator: str, left: list[Any], right: list[Any]) -> list[Any]:
    if len(left) != 1 or len(right) != 1:
        return []
    [one], [other] = left, right
    if type(one) is not type(other) or not isinstance(one, str | Decimal):
        return []
    return [{"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[operator]]
