"""What a history asks for, read from its parameters. http://hl7.org/fhir/R4/http.html#history"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from hub.errors import InvalidRequest, NotSupported
from hub.fhir.asked import CURSOR, DEFAULT_COUNT
from hub.fhir.index_keys import OPEN_HIGH, OPEN_LOW
from hub.fhir.parameters.date import asked, span
from hub.fhir.parameters.reference import ID
from hub.fhir.summary import WHOLE, Part, read_part

MAX_COUNT = 1000
_WRITING = ("_format", "_pretty")
"""They say how the answer is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A history of one resource, one type or everything."""

    since: int | None = None
    """Versions recorded then or later; microseconds. None: all."""
    at: tuple[int, int] | None = None
    """Versions that were current at some time in [low, high)."""
    list_id: str = ""
    """The List that names the versions, or whose resources they are of; empty: all."""
    count: int = DEFAULT_COUNT
    """Versions a page; 0: the total alone."""
    part: Part = WHOLE
    """How much of each version; of a count, the total alone."""
    cursor: str | None = None
    written: tuple[tuple[str, str], ...] = ()
    """What was asked, without the cursor."""

    def link(self, place: str, cursor: str | None = None) -> str:
        """The address of a page; `place`: of the history, with its base."""
        asked = [*self.written, *([(CURSOR, cursor)] if cursor else [])]
        return place + ("?" + "&".join(f"{name}={quote(value, safe=':-._~')}" for name, value in asked) if asked else "")


def read_history(parameters: Iterable[tuple[str, str]], now: datetime, resource_type: str = "") -> Asked:
    """Read the parameters of a history. Takes: `now`: what `_at=ap…` is measured from; `resource_type`: of all versions.

    Raises: NotSupported: an unknown one; InvalidRequest: one that cannot be read, or is written twice.
    """
    held: dict[str, str] = {}
    for name, value in parameters:
        if name in _WRITING:
            continue
        if name not in ("_since", "_at", "_list", "_count", "_summary", "_elements", CURSOR):
            raise NotSupported("no such parameter of a history", name)
        if name in held:
            raise InvalidRequest("is written twice", name)
        held[name] = value
    written = tuple((name, value) for name, value in held.items() if name != CURSOR)
    part = read_part(held.get("_summary", "false"), held.get("_elements", ""), resource_type)
    return Asked(
        since=_time("_since", held["_since"])[0] if "_since" in held else None,
        at=_period(held["_at"], now) if "_at" in held else None,
        list_id=_list(held["_list"]) if "_list" in held else "",
        count=0 if part.summary == "count" else _count(held["_count"]) if "_count" in held else DEFAULT_COUNT,
        part=part,
        cursor=held.get(CURSOR),
        written=written,
    )


def _time(name: str, written: str) -> tuple[int, int]:
    try:
        return span(written.replace(" ", "+"))
    except ValueError:
        raise InvalidRequest("is not a time as FHIR writes it", name) from None


def _period(written: str, now: datetime) -> tuple[int, int]:
    """When the versions were current that a date with or without prefix asks for.

    Source: http://hl7.org/fhir/R4/http.html#history, http://hl7.org/fhir/R4/search.html#date
    """
    comparison, low, high = asked("_at", written, now)
    match comparison:
        case "gt" | "sa":
            return high, OPEN_HIGH
        case "ge":
            return low, OPEN_HIGH
        case "lt" | "eb":
            return OPEN_LOW, low
        case "le":
            return OPEN_LOW, high
        case "eq" | "ap":
            return low, high
        case _:
            raise NotSupported("a history is of one period", "_at")


def _list(written: str) -> str:
    if not ID.fullmatch(written):
        raise NotSupported("a List is named by its id", "_list")
    return written


def _count(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 10):
        raise InvalidRequest("not a whole number of 0 or more", "_count")
    return min(int(written), MAX_COUNT)
