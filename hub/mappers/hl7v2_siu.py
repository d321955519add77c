"""HL7 v2 SIU: bookings as Appointment. The hospital's own cancellation cancels; its deletion says that it never should have been.

Source: HL7 v2.5.1 chapter 10; MAPPING 4 for the choices that RIV-TA's booking contract shares.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from hub.errors import Unmappable
from hub.fhir.identifiers import HSA_ID, Identifier, hsa_id
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL, Moment, instant
from hub.mappers import Attribution, Entry, Keyed, Mapped, Mapper, Place, Settings, SourceMessage
from hub.mappers._er7 import Message, Segment, read
from hub.mappers._hl7v2 import Fates, Reading, coverage
from hub.mappers._hl7v2 import reading as begin
from hub.mappers._plain import APPOINTMENTS, custody, meta, span

EVENTS = {
    "S12": "",
    "S13": "",
    "S14": "",
    "S15": "cancelled",
    "S16": "cancelled",
    "S17": "entered-in-error",
    "S26": "noshow",
}
"""Trigger event -> the status that it says; empty: SCH-25 says it."""
STATUS = {
    "PENDING": "pending",
    "WAITLIST": "waitlist",
    "BOOKED": "booked",
    "OVERBOOK": "booked",
    "STARTED": "arrived",
    "COMPLETE": "fulfilled",
    "CANCELLED": "cancelled",
    "DC": "cancelled",
    "NOSHOW": "noshow",
    "DELETED": "entered-in-error",
}
"""Table 0278."""
MINUTES = {"": 1, "M": 1, "MIN": 1, "MINUTES": 1, "H": 60, "HR": 60, "HOUR": 60, "HOURS": 60}
ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}

MAPPED = {
    "MSH": frozenset((1, 2, 4, 7, 9, 18)),
    "PID": frozenset((3,)),
    "PV1": frozenset((3,)),
    "SCH": frozenset((1, 2, 6, 7, 8, 9, 10, 11, 16, 20, 25)),
    "TQ1": frozenset((7, 8)),
    "AIS": frozenset((3, 4, 7, 8)),
    "AIG": frozenset((3, 4)),
    "AIL": frozenset((3, 4)),
    "AIP": frozenset((3, 4)),
    "NTE": frozenset((3,)),
}
KEPT = {
    "MSH": "concerns the sending of the message",
    "PID": "the population register says who a person is",
    "PD1": "the population register says who a person is",
    "EVN": "concerns the sending of the message",
    "RGS-1": "a number in the message",
    "RGS-2": "each message tells the whole booking",
    **{f"{name}-1": "a number in the message" for name in ("AIS", "AIG", "AIL", "AIP")},
    **{f"{name}-2": "each message tells the whole booking" for name in ("AIS", "AIG", "AIL", "AIP")},
    "PV1-1": "a number in the message",
    "PV1-2": "no Encounter is made of this message",
    "NTE-1": "a number in the message",
    "NTE-2": "what kind of system wrote the comment",
    "TQ1-1": "a number in the message",
}
FATES = Fates(MAPPED, KEPT)


@dataclass(frozen=True, slots=True)
class Booking:
    """The parts of a message that an Appointment is made of."""

    reading: Reading
    event: str
    sch: Segment
    pid: Segment

    @property
    def message(self) -> Message:
        return self.reading.message

    def all(self, name: str) -> list[Segment]:
        return [segment for segment in self.message.segments if segment.name == name]


def read_siu(message: SourceMessage, settings: Settings) -> Mapped:
    """Map an SIU.

    Raises: Unmappable: not a message about one booking of one patient.
    """
    held = read(message.content, settings.encoding)
    event = held.header.text(9, 2)
    if held.header.text(9) != "SIU" or event not in EVENTS:
        raise Unmappable("not a booking event that is read", "MSH-9")
    sch, pid = held.first("SCH"), held.first("PID")
    if sch is None or pid is None:
        raise Unmappable("no booking" if sch is None else "no patient", "SCH" if sch is None else "PID")
    if sum(segment.name == "PID" for segment in held.segments) > 1:
        raise Unmappable("more than one patient in one booking", "PID[2]")
    booking = Booking(begin(held, settings), event, sch, pid)
    key = _key(booking)
    entry = _entry(booking, key, settings)
    return Mapped((entry,), issues=tuple(booking.reading.issues), coverage=coverage(booking.reading, FATES))


def _key(booking: Booking) -> Identifier:
    for number, prefix in ((2, ""), (1, "placer:")):
        if value := booking.sch.text(number):
            return Identifier(f"{booking.reading.own}:SIU", prefix + value)
    raise Unmappable("no number of the booking", booking.sch.place(2))


def _entry(booking: Booking, key: Identifier, settings: Settings) -> Entry:
    reading = booking.reading
    patient, others = reading.patient(booking.pid)
    place, _ = reading.place(_whereabouts(booking))
    start, end = _start(booking), _end(booking)
    sent, status = reading.moment(booking.message.header, 7), _status(booking)
    held = custody(
        settings,
        place.provider if place else None,
        place.unit if place else None,
        APPOINTMENTS,
        **(span(start, end) or span(sent)),
        nullified=status == "entered-in-error",
    )
    appointment = {
        "resourceType": "Appointment",
        "meta": meta(settings, held.released),
        **_times(booking, start, end),
        **_what(booking, status),
        **_participants(booking, reading.subject(patient), place, status),
    }
    people = reading.people(booking.sch, 20) or reading.people(booking.sch, 16)
    attribution = Attribution(author=people[0] if people else None, written=sent.written if sent else None)
    return Entry(key, patient, held, (Keyed(key, appointment),), attribution, others)


def _whereabouts(booking: Booking) -> Iterator[tuple[Segment | None, int, tuple[int, ...]]]:
    """Fields that may name the responsible unit, most telling first."""
    for segment in (*booking.all("PV1")[:1], *booking.all("AIL")):
        yield segment, 3, (1,)
        yield segment, 3, (4,)
    yield booking.message.header, 4, (1, 2)


# --- when


def _start(booking: Booking) -> Moment | None:
    """TQ1-7, else SCH-11.4, else the first AIS-4."""
    return _first(
        booking, [(s, 7, 1) for s in booking.all("TQ1")], [(booking.sch, 11, 4)], [(s, 4, 1) for s in booking.all("AIS")]
    )


def _end(booking: Booking) -> Moment | None:
    """TQ1-8, else SCH-11.5."""
    return _first(booking, [(s, 8, 1) for s in booking.all("TQ1")], [(booking.sch, 11, 5)])


def _first(booking: Booking, *places: list[tuple[Segment, int, int]]) -> Moment | None:
    found = (booking.reading.moment(*place) for held in places for place in held)
    return next((moment for moment in found if moment), None)


def _times(booking: Booking, start: Moment | None, end: Moment | None) -> Resource:
    """start, end, minutesDuration. What FHIR demands and the message does not say is said to be unknown."""
    minutes = _minutes(booking)
    duration = {"minutesDuration": minutes} if minutes else {}
    if start is None or not start.instant:
        return {"_start": ABSENT, "_end": ABSENT} | duration
    if end and end.instant and end.begins >= start.begins:
        return start.element("start") | end.element("end") | duration
    if minutes:
        return start.element("start") | {"end": instant((start.begins + timedelta(minutes=minutes)).astimezone(LOCAL))} | duration
    return start.element("start") | {"_end": ABSENT}


def _minutes(booking: Booking) -> int | None:
    """How long: SCH-9 and its unit, else the first AIS-7."""
    for segment, number in ((booking.sch, 9), *((ais, 7) for ais in booking.all("AIS"))):
        written, unit = segment.text(number), segment.text(number + 1).upper()
        if written and written.isascii() and written.isdigit() and len(written) < 6 and unit in MINUTES and int(written):
            return int(written) * MINUTES[unit]
    return None


# --- what and who


def _what(booking: Booking, status: str) -> Resource:
    """Identifiers, status, service, kind, reasons and comment."""
    reading, sch = booking.reading, booking.sch
    identifiers = [reading.identifier(sch.first(number), kind, "booking") for number, kind in ((2, "FILL"), (1, "PLAC"))]
    said = reading.concept(sch.first(6))
    services = [found for ais in booking.all("AIS") for found in reading.concepts(ais, 3)]
    kind = reading.concept(sch.first(8))
    comment = "\n".join(note["text"] for note in reading.notes(booking.all("NTE")))
    return (
        {"identifier": [one for one in identifiers if one], "status": status}
        | ({"cancelationReason": said} if said and status in ("cancelled", "noshow") else {})
        | ({"serviceType": services} if services else {})
        | ({"appointmentType": kind} if kind else {})
        | ({"reasonCode": reasons} if (reasons := reading.concepts(sch, 7)) else {})
        | ({"comment": comment} if comment else {})
    )


def _status(booking: Booking) -> str:
    """What the event says, else SCH-25, else booked: an SIU tells of bookings."""
    written = booking.sch.text(25)
    status = EVENTS[booking.event] or STATUS.get(written.upper(), "" if written else "booked")
    if not status:
        booking.reading.refuse(booking.sch, 25, "not a status of table 0278")
    return status or "booked"


def _participants(booking: Booking, patient: Resource, place: Place | None, status: str) -> Resource:
    """Patient, place, people and equipment; the last three as contained resources, for no Organization may take part."""
    answer = "needs-action" if status == "pending" else "accepted"
    contained = [*_locations(booking), *_roles(booking, place)]
    equipment = [_equipment(booking, aig) for aig in booking.all("AIG")]
    taking_part = [
        {"actor": patient, "status": answer},
        *({"actor": _shown(held), "status": "accepted"} for held in contained),
        *(held for held in equipment if held),
    ]
    return ({"contained": contained} if contained else {}) | {"participant": taking_part}


def _shown(held: Resource) -> Resource:
    display = held.get("name") or held.get("practitioner", {}).get("display")
    return {"reference": f"#{held['id']}"} | ({"display": display} if display else {})


def _locations(booking: Booking) -> Iterator[Resource]:
    """Each AIL-3, else PV1-3: point of care, room and bed; by HSA-id where the configuration places it."""
    segments = [ail for ail in booking.all("AIL") if ail.field(3)] or [pv1 for pv1 in booking.all("PV1") if pv1.field(3)]
    told = _told_names(booking)
    for number, segment in enumerate(segments, 1):
        rooms = [text for n in (1, 2, 3) if (text := segment.text(3, n))]
        placed = booking.reading.settings.places.get(segment.text(3))
        called = told.get(segment.text(3)) or (placed.name if placed else "")
        name = segment.text(3, 9) or _name(segment, called)
        owner = booking.reading.unit(placed, called or None)
        code = [{"system": f"{booking.reading.own}:place", "value": "/".join(rooms)}] if rooms else []
        unit = [{"system": HSA_ID, "value": hsa_id(placed.unit)}] if placed and len(rooms) < 2 else []
        identifiers = unit + code
        kind = booking.reading.concept(segment.first(4)) if segment.name == "AIL" else None
        yield (
            {"resourceType": "Location", "id": f"place-{number}"}
            | ({"identifier": identifiers} if identifiers else {})
            | ({"name": name} if name else {})
            | ({"type": [kind]} if kind else {})
            | ({"managingOrganization": owner} if owner else {})
        )


def _told_names(booking: Booking) -> dict[str, str]:
    """What the message calls a point of care: PL.9 of a place that is nothing narrower."""
    places = [*booking.all("AIL"), *booking.all("PV1")]
    return {each.text(3): name for each in places if (name := each.text(3, 9)) and not (each.text(3, 2) or each.text(3, 3))}


def _name(segment: Segment, called: str) -> str:
    """The name of the point of care, with room and bed; the hospital's code for it where nobody tells a name."""
    inner = [text for n in (2, 3) if (text := segment.text(3, n))]
    return ", ".join((called, *inner)) if called else " ".join((*filter(None, [segment.text(3)]), *inner))


def _roles(booking: Booking, place: Place | None) -> Iterator[Resource]:
    """Each person of AIP-3, with AIP-4 as what they do."""
    owner = booking.reading.unit(place, (place.name or None) if place else None)
    number = 0
    for aip in booking.all("AIP"):
        code = booking.reading.concept(aip.first(4))
        for person in booking.reading.people(aip, 3):
            number += 1
            yield (
                {"resourceType": "PractitionerRole", "id": f"role-{number}", "practitioner": person}
                | ({"organization": owner} if owner else {})
                | ({"code": [code]} if code else {})
            )


def _equipment(booking: Booking, aig: Segment) -> Resource | None:
    """AIG: a thing that is booked too."""
    display = aig.text(3, 2) or aig.text(3)
    kind = booking.reading.concept(aig.first(4))
    if not display and not kind:
        return None
    return ({"type": [kind]} if kind else {}) | ({"actor": {"display": display}} if display else {}) | {"status": "accepted"}


HL7V2_SIU = Mapper(name="hl7v2_siu", family="SIU", map=read_siu, info_type=APPOINTMENTS, gives=frozenset({"Appointment"}))
