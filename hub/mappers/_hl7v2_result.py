"""OBX as Observation. HL7 v2.5.1 chapter 7.4.2."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.mappers._er7 import Segment, part
from hub.mappers._hl7v2 import Reading
from hub.mappers._hl7v2_value import interpretation, reference_range, values

STATUS = {
    "I": "registered",
    "O": "registered",
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "F": "final",
    "U": "final",
    "V": "final",
    "C": "corrected",
    "D": "entered-in-error",
    "W": "entered-in-error",
    "X": "cancelled",
    "N": "cancelled",
}
"""Table 0085."""
ABSENT = {"X": "not-performed", "N": "not-asked", "I": "temp-unknown", "O": "temp-unknown"}
"""Why a result of that status has no value."""
IN_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
LABORATORY = [
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]},
]
_TYPES = {"AP": "application", "AU": "audio", "FT": "text", "IM": "image", "TEXT": "text", "IMAGE": "image", "AUDIO": "audio"}


@dataclass(frozen=True, slots=True)
class Order:
    """What a result takes over from its order."""

    key: Identifier
    start: Resource
    """meta and subject of everything in the entry."""
    status: str
    """Of the report."""
    effective: Resource
    issued: Resource
    performer: list[Resource]
    """The laboratory that sent the message, where it is known."""
    specimen: Resource | None
    """Reference, where the group has just one."""


def observation(reading: Reading, obx: Segment, notes: list[Segment], order: Order) -> Resource | None:
    """One result; None where OBX-3 does not say what was observed."""
    code = reading.concept(obx.first(3))
    if code is None:
        reading.refuse(obx, 3, "does not say what was observed: the result is left out", "error")
        return None
    filled = obx.filled
    effective = reading.moment(obx, 14) if 14 in filled else None
    analysed = reading.moment(obx, 19) if 19 in filled else None
    observed = {
        "resourceType": "Observation",
        **order.start,
        "status": status(reading, obx, order.status),
        "category": LABORATORY,
        "code": code,
        **(effective.element("effectiveDateTime") if effective else order.effective),
        **(analysed.element("issued") if analysed and analysed.instant else order.issued),
        **_valued(reading, obx, code),
    }
    if performing := performers(reading, obx, order.performer):
        observed["performer"] = performing
    if notes and (written := reading.notes(notes)):
        observed["note"] = written
    if order.specimen:
        observed["specimen"] = order.specimen
    for number in filled:
        if number in FURTHER:
            observed |= FURTHER[number](reading, obx)
    return observed


def name(obx: Segment, resource: Resource) -> str:
    """What a result is called inside its order: its code, and OBX-4 where several have the same."""
    code, path = resource["code"], obx.text(4)
    called = code["coding"][0]["code"] if "coding" in code else code["text"]
    return f"{called}.{path}" if path else str(called)


def status(reading: Reading, obx: Segment, of_report: str) -> str:
    """OBX-11; without it a result is as final as its report, and no more."""
    code = obx.text(11)
    if code in STATUS:
        return STATUS[code]
    if code:
        reading.refuse(obx, 11, "not a status of table 0085")
        return "unknown"
    return of_report if of_report in ("final", "preliminary", "registered", "corrected", "cancelled") else "unknown"


def attachment(reading: Reading, obx: Segment) -> Resource | None:
    """An ED in OBX-5 as Attachment. None, with an issue: it cannot be decoded, or is a pointer (RP), which is not followed."""
    marks = reading.message.marks
    if obx.text(2) == "RP":
        reading.refuse(obx, 5, "a pointer to a document is not followed")
        return None
    one = obx.first(5)
    kind, subtype, encoding, data = (part(one, marks, n) for n in (2, 3, 4, 5))
    try:
        content = base64.b64decode(data, validate=True) if encoding.lower() == "base64" else data.encode()
    except (binascii.Error, ValueError):
        reading.refuse(obx, 5, "not base64")
        return None
    if not content or encoding.lower() not in ("base64", "a"):
        reading.refuse(obx, 5, "no document in an encoding that is read")
        return None
    media = f"{_TYPES.get(kind.upper(), kind).lower()}/{subtype.lower()}" if kind and subtype else "application/octet-stream"
    title = obx.text(3, 2) or obx.text(3)
    return {"contentType": media, "data": base64.b64encode(content).decode()} | ({"title": title} if title else {})


def performers(reading: Reading, obx: Segment, laboratory: list[Resource]) -> list[Resource]:
    """Who observed (OBX-16) and where (OBX-23 or OBX-15); else the laboratory that sent the message."""
    filled = obx.filled
    organisation = obx.text(23) or obx.text(15, 2) or obx.text(15) if 15 in filled or 23 in filled else ""
    where = [{"display": organisation}] if organisation else laboratory
    return reading.people(obx, 16) + where if 16 in filled else where


def _valued(reading: Reading, obx: Segment, code: Resource) -> Resource:
    """value[x]; several values as components of the same code; or why there is none."""
    found = values(reading, obx)
    if len(found) == 1:
        return found[0]
    if found:
        return {"component": [{"code": code, **value} for value in found]}
    reason = ABSENT.get(obx.text(11), "unknown")
    return {"dataAbsentReason": {"coding": [{"system": IN_ABSENT, "code": reason}]}}


def _identifier(reading: Reading, obx: Segment) -> Resource:
    return _some("identifier", [one for one in [reading.identifier(obx.first(21), "FILL", "result")] if one])


def _device(reading: Reading, obx: Segment) -> Resource:
    found = reading.identifier(obx.first(18), "", "device")
    return {"device": {"identifier": found}} if found else {}


def _concept(name: str, number: int) -> Callable[[Reading, Segment], Resource]:
    def element(reading: Reading, obx: Segment) -> Resource:
        concept = reading.concept(obx.first(number))
        return {name: concept} if concept else {}

    return element


def _some(name: str, found: list[Resource]) -> Resource:
    return {name: found} if found else {}


FURTHER: Mapping[int, Callable[[Reading, Segment], Resource]] = {
    7: lambda reading, obx: _some("referenceRange", reference_range(reading, obx)),
    8: lambda reading, obx: _some("interpretation", interpretation(reading, obx)),
    17: _concept("method", 17),
    18: _device,
    20: _concept("bodySite", 20),
    21: _identifier,
}
"""Field of OBX -> the elements it gives, for fields that many results leave empty."""
