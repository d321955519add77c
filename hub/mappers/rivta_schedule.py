"""RIV-TA crm:scheduling GetSubjectOfCareSchedule 1.1 -> Appointment. MAPPING 4.

The contract has no header: who holds a booking, and whether the patient may see it, is the configuration's to say
(`places` by facility, `defaults`). A facility without a place leaves the booking withheld.
"""

import base64
import re

from hub import xml
from hub.errors import HubError
from hub.fhir.custody import Custody
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment
from hub.mappers import Entry, Keyed, Mapper
from hub.mappers._rivta import Contract, Scope, Unreadable, contained, meta, reader, role
from hub.mappers._rivta_types import LOCAL_ROOT, extension, flag, hsa, local, logical, named, patient_number, time, until, written
from hub.mappers._tracked import Node

CONTRACT = Contract("GetSubjectOfCareSchedule", "urn:riv:crm:scheduling", "timeslotDetail", "crm-scheduling", lists_all=True)
UNKNOWN_TIME = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}

_FLAGS = (
    ("cancel_booking_allowed", "cancel-booking-allowed"),
    ("rebooking_allowed", "rebooking-allowed"),
    ("message_allowed", "message-allowed"),
)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def build(slot: Node, scope: Scope) -> Entry:
    """One booking or invitation."""
    facility = hsa(slot.one("healthcare_facility"))
    if not facility:
        raise Unreadable("it names no facility")
    patient = _patient(slot.one("subject_of_care"), scope)
    family = f"{CONTRACT.operation}:{facility}"
    start, booking = local(slot.one("startTimeInclusive")), slot.one("bookingId").value
    key = scope.record_key(scope.settings.system, booking or _without_number(slot, patient), family)
    invited = bool(flag(slot.one("isInvitation")))
    released = scope.settings.defaults.released
    performer = role("performer", named("Practitioner", hsa(slot.one("performer")), slot.one("performerName").value), None, None)
    words, raw = _purpose(slot.one("purpose"))
    local_system = f"urn:hub:rivta:{scope.settings.system}:{facility}"
    appointment: Resource = {
        "resourceType": "Appointment",
        "meta": meta(scope.settings.system, released, signed=True),
        "contained": [performer] if performer else None,
        "extension": [
            extension(name, "Boolean", said) for element, name in _FLAGS if (said := flag(slot.one(element))) is not None
        ]
        + raw,
        "identifier": [written(key)] if booking else None,
        "status": _status(slot, invited),
        "serviceType": [care] if (care := _local_code(slot, "careType", f"{local_system}:care-type")) else None,
        "appointmentType": _local_code(slot, "timeType", f"{local_system}:time-type"),
        "reasonCode": [{"text": reason}] if (reason := slot.one("reason").value) else None,
        "description": words,
        **_times(slot),
        "participant": _participants(slot, patient, facility, performer, invited, f"{local_system}:resource"),
    }
    return Entry(
        key=key,
        patient=patient,
        custody=_custody(slot, facility, start, scope),
        resources=(Keyed(key, {name: value for name, value in appointment.items() if value}),),
    )


def _patient(node: Node, scope: Scope) -> Identifier:
    """The patient: twelve characters without OID; the number asked about where there is none.

    A letter makes it a reserve number; whose, only the question can tell.
    """
    value, asked = node.value, scope.message.asked
    if asked and value in (None, asked.value):
        return asked
    if not value:
        raise Unreadable("it names no patient")
    if value.isascii() and value.isdigit() and len(value) == 12:
        found = patient_number("1.2.752.129.2.1.3.1", value)
        return found if found.system in (PERSONNUMMER, SAMORDNINGSNUMMER) else Identifier(PERSONNUMMER, value)
    return Identifier(f"urn:oid:{LOCAL_ROOT}", f"{scope.settings.system}:{value}")


def _without_number(slot: Node, patient: Identifier) -> str:
    """What tells a booking without a number from others; it is a key for the hub alone and never shown."""
    names = ("startTimeInclusive", "performer", "timeTypeID", "careTypeID")
    return "|".join([patient.value, *(slot.one(name).peek() for name in names)])


def _custody(slot: Node, facility: str, start: Moment | None, scope: Scope) -> Custody:
    places = {code.upper(): place for code, place in scope.settings.places.items()}
    place = places.get(facility)
    if place is None:
        slot.problem("the configuration has no place for this facility; the booking is withheld", of="healthcare_facility")
    return scope.custody(
        place.provider if place else None,
        place.unit if place else None,
        time_from=start.begins if start else None,
        time_to=until(start) if start else None,
        released=scope.settings.defaults.released,
    )


def _status(slot: Node, invited: bool) -> str:
    """Never a word on whether the patient came: the contract does not know."""
    if slot.one("startTimeInclusive"):
        return "pending" if invited else "booked"
    if not invited:
        slot.problem("a booking without a time is shown as a proposal")
    return "proposed"


def _times(slot: Node) -> Resource:
    """Start and end; an end that is missing is said to be unknown, since a booked time needs one (app-3)."""
    start, end = time("start", slot.one("startTimeInclusive")), time("end", slot.one("endTimeExclusive"))
    if start and not end:
        end = {"_end": UNKNOWN_TIME}
    return start | end


def _local_code(slot: Node, name: str, system: str) -> Resource | None:
    """A type that only its unit knows: the text is all that it means to others."""
    code, text = slot.one(f"{name}ID").value, slot.one(f"{name}Name").value
    coding = {"system": system, "code": code} | ({"display": text} if text else {})
    return ({"coding": [coding]} if code else {}) | ({"text": text} if text else {}) or None


def _participants(
    slot: Node, patient: Identifier, facility: str, performer: Resource | None, invited: bool, resources: str
) -> list[Resource]:
    place = named("Location", facility, slot.one("healthcare_facility_name").value)
    name, number = slot.one("resourceName").value, slot.one("resourceID").value
    thing: Resource = {"display": name} if name else {}
    thing |= {"identifier": {"system": resources, "value": number}} if number else {}
    actors = [place, contained(performer), {"type": "Location"} | thing if thing else None]
    return [
        {"actor": logical("Patient", patient), "status": "needs-action" if invited else "accepted"},
        *({"actor": actor, "status": "accepted"} for actor in actors if actor),
    ]


def _purpose(node: Node) -> tuple[str | None, list[Resource]]:
    """What the time is for, in plain words; a DocBook document is also kept as it came."""
    sent = node.value
    if sent is None or not sent.startswith("<"):
        return sent, []
    data = base64.b64encode(sent.encode()).decode("ascii")
    raw = [extension("purpose-document", "Attachment", {"contentType": "application/docbook+xml", "data": data})]
    try:
        root = xml.parse(_DECLARATION.sub("", sent).encode())
    except HubError:
        node.problem("a document that cannot be read; it is kept as it came, without its words")
        return None, raw
    lines = (" ".join(xml.text_of(part).split()) for part in root.iter() if xml.local_name(part) in ("para", "title", "simpara"))
    return "\n".join(line for line in lines if line) or " ".join(xml.text_of(root).split()) or None, raw


RIVTA_SCHEDULE = Mapper(
    "rivta_schedule", CONTRACT.operation, reader(CONTRACT, build), CONTRACT.info_type, frozenset({"Appointment"})
)
