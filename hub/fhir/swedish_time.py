"""Swedish local time: what a source writes, with or without zone, as FHIR writes it.

A time without zone is the clock on a Swedish wall. The hour that comes twice in October is read as its first time;
the hour that does not exist in March is moved forward; both are marked, and what the source wrote is kept beside.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.fhir.canonical import EXTENSION
from hub.fhir.resource import Resource

LOCAL = ZoneInfo("Europe/Stockholm")
LOCAL_TIME = f"{EXTENSION}/local-time-"
"""Followed by the doubt: ambiguous, shifted or truncated. Its valueString is what the source wrote."""

_DIGITS = re.compile(
    r"(?P<year>[0-9]{4})(?:(?P<month>[0-9]{2})(?:(?P<day>[0-9]{2})(?:(?P<hour>[0-9]{2})(?:(?P<minute>[0-9]{2})"
    r"(?:(?P<second>[0-9]{2})(?P<fraction>\.[0-9]{1,6})?)?)?)?)?)?(?P<zone>[+-][0-9]{4})?",
    re.ASCII,
)
_DASHES = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[ T](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<fraction>\.[0-9]{1,6})?)?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of a source, no more exact than the source was."""

    written: str
    """FHIR date or dateTime."""
    begins: datetime
    """UTC."""
    ends: datetime
    """UTC; the span is half-open. It covers both readings of a time that came twice."""
    doubt: str = ""
    """ambiguous, shifted or truncated (to the date, for FHIR has no hour without minutes); else empty."""
    source: str = ""
    """As the source wrote it."""

    @property
    def instant(self) -> str | None:
        """FHIR instant; None: the source gave no time of day."""
        return self.written if "T" in self.written else None

    def element(self, name: str) -> Resource:
        """The FHIR element `name` with this time, and beside it the mark where there is doubt."""
        if not self.doubt:
            return {name: self.written}
        mark = {"url": LOCAL_TIME + self.doubt, "valueString": self.source}
        return {name: self.written, f"_{name}": {"extension": [mark]}}


@lru_cache(maxsize=4096)
def from_digits(written: str) -> Moment:
    """Read a time of RIV-TA or HL7 v2.

    Takes: `YYYY[MM[DD[hh[mm[ss[.f]]]]]][+zzzz]`; no zone means Swedish local time.
    Raises: ValueError: another form, no such time, or a time of day before 1900; the message holds no value.
    Source: HL7 v2.5.1 chapter 2A.22 (DTM); RIV-TA domain schemas (TS).
    """
    return _moment(_DIGITS.fullmatch(written), written)


@lru_cache(maxsize=4096)
def from_dashes(written: str) -> Moment:
    """Read `YYYY-MM-DD`, or that with ` hh:mm` or `Thh:mm:ss` and perhaps a zone; no zone means Swedish local time.

    Raises: ValueError: another form, or no such time; the message holds no value.
    """
    return _moment(_DASHES.fullmatch(written), written)


def local(wall: datetime) -> tuple[datetime, str]:
    """The time that a Swedish wall clock shows as `wall` (naive), and the doubt about it: ambiguous, shifted or none.

    Source: SFS 2001:127; Directive 2000/84/EC (the last Sundays of March and October, 01:00 UTC).
    """
    first = wall.replace(tzinfo=LOCAL, fold=0)
    second = wall.replace(tzinfo=LOCAL, fold=1)
    if first.utcoffset() == second.utcoffset():
        return first, ""
    if first.timestamp() < second.timestamp():
        return first, "ambiguous"
    return first.astimezone(UTC).astimezone(LOCAL), "shifted"


def midnight(day: date) -> datetime:
    """UTC time at which `day` begins in Sweden."""
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL).astimezone(UTC)


def instant(moment: datetime) -> str:
    """An aware time as a FHIR instant with its offset."""
    return moment.isoformat()


def _moment(found: "re.Match[str] | None", source: str) -> Moment:
    if not found:
        raise ValueError("not a time")
    try:
        return _day(found, source) if found["minute"] is None else _time(found, source)
    except (ValueError, OverflowError):
        raise ValueError("no such time") from None


def _day(found: "re.Match[str]", source: str) -> Moment:
    """A year, month, day, or the hour of a day."""
    year, month, day = int(found["year"]), int(found["month"] or 1), int(found["day"] or 1)
    first = date(year, month, day)
    if found["month"] is None:
        return Moment(f"{year:04d}", midnight(first), midnight(date(year + 1, 1, 1)), "", source)
    if found["day"] is None:
        following = date(year + month // 12, month % 12 + 1, 1)
        return Moment(first.isoformat()[:7], midnight(first), midnight(following), "", source)
    if found["hour"] is None:
        return Moment(first.isoformat(), midnight(first), midnight(first + timedelta(days=1)), "", source)
    begins, _ = _placed(datetime(year, month, day, int(found["hour"])), found["zone"])
    utc = begins.astimezone(UTC)
    return Moment(first.isoformat(), utc, utc + timedelta(hours=1), "truncated", source)


def _time(found: "re.Match[str]", source: str) -> Moment:
    fraction = found["fraction"] or ""
    wall = datetime(
        int(found["year"]),
        int(found["month"]),
        int(found["day"]),
        int(found["hour"]),
        int(found["minute"]),
        int(found["second"] or 0),
        int(fraction[1:].ljust(6, "0")) if fraction else 0,
    )
    placed, doubt = _placed(wall, found["zone"])
    written = placed.replace(microsecond=0).isoformat()
    if fraction:
        written = written[:19] + fraction + written[19:]
    utc = placed.astimezone(UTC)
    again = timedelta(hours=1) if doubt == "ambiguous" else timedelta(0)
    return Moment(written, utc, utc + _width(found) + again, doubt, source)


def _width(found: "re.Match[str]") -> timedelta:
    if found["second"] is None:
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (7 - len(found["fraction"]))) if found["fraction"] else timedelta(seconds=1)


def _placed(wall: datetime, zone: str | None) -> tuple[datetime, str]:
    if wall.year < 1900:
        raise ValueError("there was no time zone in whole minutes")
    if zone is None:
        return local(wall)
    if zone == "Z":
        return wall.replace(tzinfo=UTC), ""
    digits = zone.replace(":", "")
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    if offset > timedelta(hours=14) or int(digits[3:5]) > 59:
        raise ValueError("zone")
    return wall.replace(tzinfo=timezone(-offset if digits[0] == "-" else offset)), ""
