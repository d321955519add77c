"""crm:scheduling GetSubjectOfCareSchedule 1.1: booked times and invitations. Cancelled ones are simply not there."""

import html

from hub.demo.rivta.habits import Habit
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.producer import Producer
from hub.demo.rivta.scribe import boolean, moment, moment_or_none
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request
from hub.demo.world.model import Booking

NAMESPACE = Vocabulary("urn:riv:crm:scheduling:GetSubjectOfCareScheduleResponder:1")
CORE = Vocabulary("urn:riv:crm:scheduling:1")
ADDED = Vocabulary("urn:riv:crm:scheduling:1.1")


def contract(producer: Producer) -> Contract:
    """The contract as this producer answers it. The facility asked for is a unit, or the whole system or its owner."""

    def answer(request: Request, numbers: tuple[str, ...]) -> Element:
        facility = request.must("healthcare_facility").upper()
        owner = producer.world.systems[producer.name].owner
        everywhere = facility in (producer.system.upper(), owner.upper())
        slots = (
            _slot(booking, producer)
            for booking in producer.records(numbers, Booking)
            if booking.status != "cancelled" and (everywhere or booking.custody.unit.upper() == facility)
        )
        return NAMESPACE.root("GetSubjectOfCareScheduleResponse", *slots)

    return Contract("GetSubjectOfCareSchedule", NAMESPACE.uri, lambda request: (request.must("subject_of_care"),), answer)


def _slot(booking: Booking, producer: Producer) -> Element | None:
    world, custody = producer.world, booking.custody
    unit = world.units.get(custody.unit) if custody.names_unit else None
    performer = world.staff.get(booking.performer)
    return NAMESPACE(
        "timeslotDetail",
        CORE("startTimeInclusive", moment(booking.start) if booking.timed else None),
        CORE("endTimeExclusive", moment_or_none(booking.end) if booking.timed else None),
        CORE("healthcare_facility", unit.hsa_id if unit else producer.system),
        CORE("performer", booking.performer or None),
        CORE("bookingId", booking.key if booking.numbered else None),
        CORE("subject_of_care", booking.person),
        _purpose(booking, producer),
        CORE("reason", booking.reason or None),
        CORE("resourceName", booking.resource or None),
        CORE("healthcare_facility_name", unit.name if unit else None),
        CORE("performerName", performer.name if performer else None),
        CORE("timeTypeName", booking.time_type or None),
        CORE("timeTypeID", _local(booking.time_type)),
        CORE("careTypeName", booking.care_type or None),
        CORE("careTypeID", _local(booking.care_type)),
        CORE("cancel_booking_allowed", boolean(booking.cancel_allowed)),
        CORE("rebooking_allowed", boolean(booking.rebook_allowed)),
        CORE("message_allowed", boolean(booking.message_allowed)),
        ADDED("isInvitation", "true" if booking.status == "invitation" else None),
    )


def _purpose(booking: Booking, producer: Producer) -> Element | None:
    if not booking.purpose:
        return None
    if not producer.manner.has(Habit.DOCBOOK):
        return CORE("purpose", booking.purpose)
    paragraph = html.escape(booking.purpose, quote=False)
    return CORE("purpose", f'<?xml version="1.0"?><article><para>{paragraph}</para></article>', verbatim=True)


def _local(name: str) -> str | None:
    """The unit's own number for a type of time or care: any number will do, as long as it is always the same."""
    return str(10000 + sum(place * ord(letter) for place, letter in enumerate(name, 1)) % 90000) if name else None
