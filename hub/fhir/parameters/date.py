"""Date parameters: every value is the range of time that it covers. http://hl7.org/fhir/R4/search.html#date"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast, get_args

from hub.errors import InvalidRequest
from hub.fhir.comparisons import Comparison, DateIs, LastUpdatedIs
from hub.fhir.index_keys import OPEN_HIGH, OPEN_LOW, DateKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.types import SearchParameter

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_PREFIX = re.compile("|".join(get_args(Comparison)))
_EPOCH = date(1970, 1, 1).toordinal()
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND


def span(written: str) -> tuple[int, int]:
    """Turn a FHIR date or dateTime into the time it covers.

    Takes: `2013`, `2013-01`, `2013-01-14`, `2013-01-14T10:00Z` or `2013-01-14T10:00:00.5+01:00`. No zone means UTC: one
    record then has one place in time, wherever the server stands and whichever way its clocks were set that day.
    Gives: half-open range [low, high), microseconds since 1970-01-01T00:00Z.
    Raises: ValueError: none of these.
    Source: http://hl7.org/fhir/R4/search.html#date
    Deviates: R4 assumes the server's local zone where none is written.
    """
    found = _WRITTEN.fullmatch(written)
    if not found:
        raise ValueError("not a date or dateTime")
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    low = _days(year, month, day) * _DAY
    if not found["month"]:
        return low, _days(year, 12, 31) * _DAY + _DAY
    if not found["day"]:
        last = 31 if month == 12 else (date(year, month + 1, 1) - timedelta(days=1)).day
        return low, _days(year, month, last) * _DAY + _DAY
    if not found["hour"]:
        return low, low + _DAY
    start, width = _clock(found["hour"], found["minute"], found["second"], found["fraction"])
    low += start - _offset(found["zone"])
    return low, low + width


def _days(year: int, month: int, day: int) -> int:
    return date(year, month, day).toordinal() - _EPOCH


def _clock(hour: str, minute: str, second: str | None, fraction: str | None) -> tuple[int, int]:
    """Microseconds since midnight, and the width that the digits leave open; a leap second is written as 60."""
    if int(hour) > 23 or int(minute) > 59 or int(second or 0) > 60:
        raise ValueError("not a time of day")
    start = ((int(hour) * 60 + int(minute)) * 60 + int(second or 0)) * _SECOND
    if second is None:
        return start, 60 * _SECOND
    digits = (fraction or "")[:6]
    return start + int(digits.ljust(6, "0")), 10 ** (6 - len(digits))


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if hours > 14 or minutes > 59 or (hours == 14 and minutes):
        raise ValueError("not an offset")
    return (hours * 60 + minutes) * 60 * _SECOND * (-1 if zone[0] == "-" else 1)


def microseconds(moment: datetime) -> int:
    """A moment with a zone, as the index counts time."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def keys(parameter: SearchParameter, element: Any) -> Iterable[DateKey]:
    """Takes: date, dateTime, instant, Period, Timing (its outer limits). What is not one of them has no key."""
    ranges = list(_ranges(element))
    if not ranges:
        return ()
    low, high = min(lo for lo, _ in ranges), max(hi for _, hi in ranges)
    if parameter.instant:
        high = low + 1
    return (DateKey(low, high),) if low < high else ()


def _ranges(element: Any) -> Iterator[tuple[int, int]]:
    if isinstance(element, str):
        try:
            yield span(element)
        except ValueError:
            return
    elif isinstance(element, dict):
        start, end = element.get("start"), element.get("end")
        if start or end:
            low = min((lo for lo, _ in _ranges(start)), default=OPEN_LOW)
            yield low, max((hi for _, hi in _ranges(end)), default=OPEN_HIGH)
        for event in element.get("event") or ():
            yield from _ranges(event)
        if isinstance(element.get("repeat"), dict):
            yield from _ranges(element["repeat"].get("boundsPeriod"))


def parse(parameter: SearchParameter, written: str, asking: Asking) -> DateIs | LastUpdatedIs:
    """Read a value with or without prefix."""
    criterion = DateIs(parameter.index, *asked(parameter.name, written, asking.now))
    return LastUpdatedIs(criterion) if parameter.name == "_lastUpdated" else criterion


def asked(name: str, written: str, now: datetime) -> tuple[Comparison, int, int]:
    """What the value of the parameter `name` asks for: a comparison, and the range [low, high) that it is with. A `+` that came
    as a space (an address not encoded) is taken for what it was.

    Raises: InvalidRequest.
    """
    prefix = _PREFIX.match(written)
    comparison = cast(Comparison, prefix[0] if prefix else "eq")
    try:
        low, high = span((written[2:] if prefix else written).replace(" ", "+"))
    except ValueError:
        raise InvalidRequest("not a date: a prefix such as ge or none, then YYYY, YYYY-MM, YYYY-MM-DD or a time", name) from None
    if comparison == "ap":
        margin = _approximately(low, high, microseconds(now))
        low, high = low - margin, high + margin
    return comparison, low, high


def _approximately(low: int, high: int, now: int) -> int:
    """A tenth of the time between now and the range, as the specification recommends."""
    return max(low - now, now - high, 0) // 10


DATE = ParameterKind(name="date", keys=keys, parse=parse)
