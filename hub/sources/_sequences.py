"""A sequence of XML Schema, read strictly: its elements in their order and number, with their values, and no others of its own.

At its end whatever other namespaces have added (`xs:any namespace="##other"`), as minor versions of RIV-TA's contracts do.
Source: https://www.w3.org/TR/xmlschema-1/, https://www.w3.org/TR/xmlschema-2/.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub import xml
from hub.fhir.swedish_time import local

OPEN = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for every time in the year 9999 or later: systems write it where there is no end."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Stands for every time before it."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_BLANK = " \t\r\n"
_DATE_TIME = re.compile(
    r"(?P<year>[0-9]{4,})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})T(?P<clock>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?P<fraction>\.[0-9]+)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)

Held = dict[str, list[Any]]
"""The elements of a sequence by name, read."""


class Invalid(Exception):
    """It is not what the schema says; the text names the element, never what stands in it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time as written: one instant, or two where a Swedish clock shows it twice."""

    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Part:
    """An element of a sequence."""

    name: str
    read: Callable[[xml.Element], Any]
    least: int = 1
    most: int = 1
    """0: any number."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """A complex type: elements of one namespace."""

    space: str
    parts: tuple[Part, ...]

    def __call__(self, element: xml.Element) -> Held:
        """Raises: Invalid."""
        _check_bare(element)
        children = list(element)
        texts = (element.text, *(each.tail for each in children))
        if any((text or "").strip(_BLANK) for text in texts):
            raise Invalid(xml.local_name(element))
        found: Held = {}
        at = 0
        for part in self.parts:
            end = at
            while end < len(children) and children[end].tag == f"{{{self.space}}}{part.name}":
                end += 1
            if end - at < part.least or (part.most and end - at > part.most):
                raise Invalid(part.name)
            found[part.name] = [part.read(each) for each in children[at:end]]
            at = end
        if any(xml.namespace(each) in (self.space, "") for each in children[at:]):
            raise Invalid(xml.local_name(element))
        return found


def many(name: str, read: Callable[[xml.Element], Any]) -> Part:
    """An element that comes any number of times."""
    return Part(name, read, 0, 0)


def maybe(name: str, read: Callable[[xml.Element], Any]) -> Part:
    """An element that may be left out."""
    return Part(name, read, 0)


def string(longest: int = 0, among: tuple[str, ...] = (), empty: bool = True) -> Callable[[xml.Element], str]:
    """Reads xs:string, of `longest` characters at most (0: any number). Stricter than the schema with `empty` False."""

    def read(element: xml.Element) -> str:
        _check_bare(element)
        value = element.text or ""
        wrong = (longest and len(value) > longest) or (among and value not in among) or not (empty or value.strip(_BLANK))
        if len(element) or wrong:
            raise Invalid(xml.local_name(element))
        return value.strip(_BLANK)

    return read


def boolean(element: xml.Element) -> bool:
    """xs:boolean. Raises: Invalid."""
    value = _TEXT(element)
    if value not in ("true", "1", "false", "0"):
        raise Invalid(xml.local_name(element))
    return value in ("true", "1")


def whole(element: xml.Element) -> int:
    """xs:int. Raises: Invalid."""
    value = _TEXT(element)
    if not re.fullmatch(r"[+-]?[0-9]{1,10}", value, re.ASCII):
        raise Invalid(xml.local_name(element))
    return int(value)


def time(element: xml.Element) -> Span:
    """xs:dateTime; without a zone it is what a Swedish clock shows.

    Raises: Invalid. Deviates: negative years and the hour 24 are not read.
    """
    found = _DATE_TIME.fullmatch(_TEXT(element))
    try:
        if found:
            return _span(found)
    except (ValueError, OverflowError):
        pass
    raise Invalid(xml.local_name(element))


def _span(found: "re.Match[str]") -> Span:
    """Raises: ValueError: no such time."""
    year = int(found["year"])
    wall = datetime.fromisoformat(f"{min(year, OPEN.year):04d}-{found['month']}-{found['day']}T{found['clock']}")
    if year >= OPEN.year or year < EARLIEST.year:
        edge = OPEN if year >= OPEN.year else EARLIEST
        return Span(edge, edge)
    wall += timedelta(microseconds=int((found["fraction"] or ".0")[1:7].ljust(6, "0")))
    if found["zone"]:
        placed = datetime.fromisoformat(wall.isoformat() + found["zone"].replace("Z", "+00:00")).astimezone(UTC)
        return Span(placed, placed)
    placed, doubt = local(wall)
    return Span(placed.astimezone(UTC), placed.astimezone(UTC) + timedelta(hours=doubt == "ambiguous"))


def _check_bare(element: xml.Element) -> None:
    """Raises: Invalid: it has attributes of its own, or says that it has no value."""
    for name in map(str, element.attrib):
        if not name.startswith(f"{{{_XSI}}}") or name.endswith("}nil"):
            raise Invalid(xml.local_name(element))


_TEXT = string()
