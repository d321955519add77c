"""GetCareContacts 3.0: visits, calls and stays."""

from hub.demo.rivta.habits import Habit
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.producer import Producer, asked, patient
from hub.demo.rivta.scribe import Scribe, moment, moment_or_none, result
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request
from hub.demo.world.model import CareContact

NAMESPACE = Vocabulary("urn:riv:clinicalprocess:logistics:logistics:GetCareContactsResponder:3")
CORE = Vocabulary("urn:riv:clinicalprocess:logistics:logistics:3")

BOOKED = "53631000052103"
"""SNOMED CT SE: tidbokad."""
OPEN = frozenset({BOOKED, "53701000052102", "53651000052107", "53681000052104"})
"""Booked, waiting, in progress, on leave: no end yet. Of any other contact without an end, the start is also the end."""


def contract(producer: Producer) -> Contract:
    """The contract as this producer answers it."""
    scribe = producer.scribe(CORE)

    def answer(request: Request, numbers: tuple[str, ...]) -> Element:
        wanted = asked(request, CORE.uri, producer.system)
        held = producer.records(numbers, CareContact)
        contacts = [c for c in held if wanted.takes(c, (c.custody.time, c.start, c.end))]
        records = (NAMESPACE("careContact", *_contact(contact, scribe)) for contact in contacts)
        return NAMESPACE.root("GetCareContactsResponse", *records, result(CORE, outer=NAMESPACE))

    return Contract("GetCareContacts", NAMESPACE.uri, patient(CORE.uri), answer, _refusal)


def _refusal(message: str) -> Element:
    return NAMESPACE.root("GetCareContactsResponse", result(CORE, message, outer=NAMESPACE))


def _contact(contact: CareContact, scribe: Scribe) -> tuple[Element, Element]:
    unit = scribe.world.units.get(contact.custody.unit) if contact.custody.names_unit else None
    body = CORE.root(
        "careContactBody",
        scribe.cv("careContactCode", contact.kind),
        CORE("careContactReason", contact.reason or None),
        scribe.org_unit("careContactOrgUnit", unit, contact.org_unit),
        CORE("careContactTimePeriod", CORE("start", moment(contact.start)), CORE("end", _end(contact))),
        _status(contact, scribe),
    )
    return scribe.header("careContactHeader", contact, "contact-last", signed=False), body


def _end(contact: CareContact) -> str | None:
    if contact.end is None and contact.status.code not in OPEN:
        return moment(contact.start)
    return moment_or_none(contact.end)


def _status(contact: CareContact, scribe: Scribe) -> Element | None:
    if contact.status.code == BOOKED and scribe.manner.has(Habit.BARE_STATUS):
        return CORE("careContactStatus", CORE("code", "Ej påbörjad"))
    return scribe.cv("careContactStatus", contact.status)
