"""Whether a PractitionerRole says that its person was away at a time: by R4's active, period, availableTime and notAvailable.

Dates and times of day are those of Swedish clocks. What is not said, or cannot be read, says nothing; why is not looked at.
Source: http://hl7.org/fhir/R4/practitionerrole.html
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL, Moment, from_dashes, from_digits

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""http://hl7.org/fhir/R4/valueset-days-of-week.html, in the order of `datetime.weekday`."""
_DATE = len("2040-11-21")
Span = tuple[datetime | None, datetime | None]
"""Half open; None: no end there."""


def is_away(role: Resource, at: datetime) -> bool:
    """Whether the role says that its person did not work in it at a time (aware): not in use, outside its period or its hours,
    or on leave."""
    span = _span(role.get("period", {}))
    return (
        role.get("active") is False
        or (span is not None and not _holds(span, at))
        or is_on_leave(role, at)
        or not _in_hours(role, at)
    )


def is_on_leave(role: Resource, at: datetime) -> bool:
    """Whether a time lies in one at which the role says that its person is not available."""
    spans = (_span(each.get("during", {})) for each in role.get("notAvailable", ()))
    return any(span is not None and any(span) and _holds(span, at) for span in spans)


def _in_hours(role: Resource, at: datetime) -> bool:
    """Whether a time lies in the hours of the role; they may go past midnight, from the day that they name. None said: all."""
    hours, local = role.get("availableTime", ()), at.astimezone(LOCAL)
    today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
    return not hours or any(_covers(each, today, yesterday, local.time()) for each in hours)


def _covers(hours: Mapping[str, Any], today: str, yesterday: str, clock: time) -> bool:
    days = hours.get("daysOfWeek") or DAYS
    start = time.fromisoformat(hours.get("availableStartTime", "00:00:00"))
    end = time.fromisoformat(hours["availableEndTime"]) if "availableEndTime" in hours else None
    if hours.get("allDay"):
        return today in days
    if end is None or start < end:
        return today in days and clock >= start and (end is None or clock < end)
    return (today in days and clock >= start) or (yesterday in days and clock < end)


def _holds(span: Span, at: datetime) -> bool:
    start, end = span
    return (start is None or start <= at) and (end is None or at < end)


def _span(period: Mapping[str, Any]) -> Span | None:
    """The time that a Period covers: an end that is a date lasts that day. None: it cannot be told."""
    try:
        start = _moment(period["start"]).begins if "start" in period else None
        end = _moment(period["end"]).ends if "end" in period else None
    except ValueError:
        return None
    return start, end


def _moment(written: str) -> Moment:
    return from_digits(written.replace("-", "")) if len(written) <= _DATE else from_dashes(written)
