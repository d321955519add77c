"""Booked times as SIU: S12 when a time is booked, S13 when it is moved, S15 when it is cancelled. SCH-2 is the booking's key."""

from datetime import datetime, timedelta

from hub.demo.hospital.er7 import LATIN_1, UTF_8, Field, Message, composite, message, segment, time
from hub.demo.hospital.parts import FACILITY, employee, patient, visit
from hub.demo.world.model import Booking, World

EVENTS = {"S12": ("NEW", "Ny tid"), "S13": ("MOVE", "Ombokad"), "S15": ("CANCEL", "Avbokad")}
STATUS = {"S12": "Booked", "S13": "Booked", "S15": "Cancelled"}
"""Table 0278."""


def course(world: World, held: Booking) -> tuple[Message, ...]:
    """Every message that a booking has given rise to, in order."""
    length = (held.end - held.start) if held.end else timedelta(minutes=30)
    first = held.moved_from or held.start
    noted = held.custody.time - timedelta(days=1) if held.moved_from or held.status == "cancelled" else held.custody.time
    messages = [_message(world, held, "S12", first, first + length, noted)]
    if held.moved_from:
        messages.append(_message(world, held, "S13", held.start, held.start + length, held.custody.time))
    if held.status == "cancelled":
        messages.append(_message(world, held, "S15", held.start, held.start + length, held.custody.time))
    return tuple(messages)


def _message(world: World, held: Booking, event: str, start: datetime, end: datetime, sent: datetime) -> Message:
    person = world.person(held.person)
    assert person
    unit = world.units[held.custody.unit]
    body = [
        _schedule(world, held, event, start, end),
        segment("TQ1", {1: "1", 7: time(start), 8: time(end)}),
        patient(person, held.person),
        visit(unit),
        segment("RGS", {1: "1", 2: "A"}),
        segment(
            "AIS", {1: "1", 2: "A", 3: composite("", held.care_type, "L"), 4: time(start), 7: _minutes(start, end), 8: "MIN"}
        ),
        segment("AIP", {1: "1", 2: "A", 3: employee(world.staff[held.performer])}),
        segment("AIL", {1: "1", 2: "A", 3: composite(unit.code, held.resource, "", FACILITY)}),
    ]
    return message(
        control=f"SIU-{event}-{held.key}",
        trigger=("SIU", event, "SIU_S12"),
        application="LABBOK",
        facility=FACILITY,
        sent=sent,
        charset=UTF_8 if int(held.key[-1]) % 2 else LATIN_1,
        body=body,
    )


def _schedule(world: World, held: Booking, event: str, start: datetime, end: datetime) -> str:
    fields: dict[int, Field] = {
        1: composite(f"P-{held.key}", "NSJH-BOK"),
        2: composite(held.key, "NSJH-BOK"),
        6: composite(*EVENTS[event], "L"),
        7: composite("", held.reason or held.care_type, "L"),
        8: composite("", held.care_type, "L"),
        9: _minutes(start, end),
        10: "MIN",
        11: composite("", "", _minutes(start, end), time(start), time(end)),
        16: employee(world.staff[held.custody.author]),
        20: employee(world.staff[held.custody.author]),
        25: composite(STATUS[event], STATUS[event], "HL70278"),
    }
    return segment("SCH", fields)


def _minutes(start: datetime, end: datetime) -> str:
    return str(int((end - start).total_seconds() // 60))
