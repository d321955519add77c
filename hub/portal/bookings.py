"""Booked times as rows: what lies ahead, with what it is where it is not booked; and what was called off or missed of late."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL
from hub.interactions.overview import Part, Row
from hub.portal.badges import Sources
from hub.portal.language import Words
from hub.portal.rows import Line
from hub.portal.values import decimal, first_text, has_time, moment, text_of

LATELY = timedelta(days=30)
"""For how long what was called off or missed is told."""
BOOKED = "booked"
UNBOOKED = ("pending", "proposed", "waitlist", "arrived", "checked-in")
"""Statuses (appointmentstatus) that a row says in words; one that is none of these says that it is not known."""
CALLED_OFF = ("cancelled", "noshow")
_LEFT_OUT = ("entered-in-error", "fulfilled")


@dataclass(frozen=True, slots=True)
class Bookings:
    """The next first, those without a time last; and those that will not be or were not, the latest first."""

    ahead: tuple[Line, ...]
    called_off: tuple[Line, ...]

    def __len__(self) -> int:
        """How many lie ahead."""
        return len(self.ahead)

    def __bool__(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.ahead or self.called_off)


def bookings(part: Part, sources: Sources, words: Words, now: datetime) -> Bookings:
    """The section. What is going on lies ahead until it ends."""
    rows = [row for row in part.of("Appointment") if row.resource.get("status") not in _LEFT_OUT]
    off = [row for row in rows if row.resource.get("status") in CALLED_OFF and _ends(row.resource, now) >= now - LATELY]
    ahead = [row for row in rows if row.resource.get("status") not in CALLED_OFF and _ends(row.resource, now) >= now]
    return Bookings(
        tuple(_line(row, sources, words, now) for row in sorted(ahead, key=_order)),
        tuple(_line(row, sources, words, now) for row in sorted(off, key=_order, reverse=True)),
    )


def _ends(booked: Resource, now: datetime) -> datetime:
    """When it is over: where neither end nor length is said, with its day; one without a time never is."""
    begins, minutes = moment(booked.get("start")), decimal(booked.get("minutesDuration"))
    if (end := moment(booked.get("end"))) or begins is None:
        return end or now
    try:
        if minutes is not None:
            return begins + timedelta(minutes=float(minutes))
        return begins.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    except OverflowError:  # past the last day that there is
        return begins


def _order(row: Row) -> tuple[bool, float]:
    begins = moment(row.resource.get("start"))
    return begins is None, begins.timestamp() if begins else 0.0


def _line(row: Row, sources: Sources, words: Words, now: datetime) -> Line:
    booked, status = row.resource, str(row.resource.get("status", ""))
    begins = moment(booked.get("start"))
    kind = first_text(booked.get("serviceType")) or text_of(booked.get("appointmentType"))
    title = kind or str(booked.get("description", "")).split("\n")[0] or words("bookings.unnamed")
    reasons = (first_text(booked.get("reasonCode")), text_of(booked.get("cancelationReason")))
    told = str(booked.get("patientInstruction", ""))
    return Line(
        title=title,
        badge=sources.badge(row),
        detail=", ".join(each for each in (*_with(booked, sources), *reasons, told) if each and each != title),
        day=_day(begins, words, now) if begins else "–" if status in CALLED_OFF else words("bookings.no-time"),
        time=words.time(begins) if begins and has_time(booked.get("start")) else "",
        stamp=str(booked.get("start", "")),
        tag=_status(status, words),
    )


def _day(begins: datetime, words: Words, now: datetime) -> str:
    """Tis 24 nov; with its year where that is another."""
    return f"{words.weekday(begins)} {begins.year}" if begins.year != now.year else words.weekday(begins)


def _status(status: str, words: Words) -> str:
    if status == BOOKED:
        return ""
    return words(f"bookings.{status}" if status in (*UNBOOKED, *CALLED_OFF) else "bookings.unknown")


def _with(booked: Resource, sources: Sources) -> Iterable[str]:
    """Where and whom: the participants but the patient."""
    actors = (each.get("actor", {}) for each in booked.get("participant", ()))
    others = (each for each in actors if not str(each.get("reference", "")).startswith("Patient/"))
    return dict.fromkeys(said for each in others if (said := sources.name(each, booked)))
