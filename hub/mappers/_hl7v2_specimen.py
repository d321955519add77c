"""SPM (or the older OBR-15) as Specimen. HL7 v2.5.1 chapter 7.4.3."""

from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment
from hub.mappers import Keyed
from hub.mappers._er7 import Segment, inside
from hub.mappers._hl7v2 import Reading
from hub.mappers._hl7v2_value import decimal, unit


def specimens(reading: Reading, found: list[Segment], obr: Segment, key: Identifier, start: Resource) -> list[Keyed]:
    """The specimens of a group, each known inside its order; `start` holds meta and subject."""
    if not found:
        return _of_source(reading, obr, key, start)
    keyed = {}
    for number, spm in enumerate(found, 1):
        name = Identifier(key.system, f"{key.value}#specimen-{_number(spm) or number}")
        keyed[name] = Keyed(name, start | _specimen(reading, spm))
    return list(keyed.values())


def collected(reading: Reading, spm: Segment) -> list[Moment]:
    """SPM-17, start and end."""
    return [moment for n in (1, 2) if (moment := reading.moment(spm, 17, n))]


def _number(spm: Segment) -> str:
    """SPM-2: the filler's number, else the placer's."""
    return spm.text(2, 2) or spm.text(2, 1)


def _specimen(reading: Reading, spm: Segment) -> Resource:
    notes = [{"text": text} for n in (14, 24) if (text := _text(spm, n))]
    rejected = spm.text(21, 2) or spm.text(21)
    return (
        _identifiers(reading, spm)
        | ({"status": "unsatisfactory"} if rejected else {"status": "available"})
        | _concept(reading, spm, 4, "type")
        | _received(reading, spm)
        | _collection(reading, spm)
        | ({"note": notes + ([{"text": rejected}] if rejected else [])} if notes or rejected else {})
    )


def _identifiers(reading: Reading, spm: Segment) -> Resource:
    """SPM-2: the filler's number is its second component, the placer's its first."""
    marks, one = reading.message.marks, spm.first(2)
    found = (reading.identifier(inside(one, marks, n), kind, "specimen") for n, kind in ((2, "FILL"), (1, "PLAC")))
    held = [each for each in found if each]
    return {"identifier": held} if held else {}


def _collection(reading: Reading, spm: Segment) -> Resource:
    times = collected(reading, spm)
    when: Resource = {}
    if len(times) == 2:
        when = {"collectedPeriod": times[0].element("start") | times[1].element("end")}
    elif times:
        when = times[0].element("collectedDateTime")
    held = when | _amount(reading, spm) | _concept(reading, spm, 7, "method") | _concept(reading, spm, 8, "bodySite")
    return {"collection": held} if held else {}


def _amount(reading: Reading, spm: Segment) -> Resource:
    """SPM-12: a number, and a unit with its subcomponents."""
    marks, amount = reading.message.marks, decimal(spm.text(12))
    if amount is None:
        return {}
    return {"quantity": {"value": amount} | unit(inside(spm.first(12), marks, 2), marks, reading.own)}


def _received(reading: Reading, spm: Segment) -> Resource:
    moment = reading.moment(spm, 18)
    return moment.element("receivedTime") if moment else {}


def _concept(reading: Reading, segment: Segment, number: int, name: str) -> Resource:
    concept = reading.concept(segment.first(number))
    return {name: concept} if concept else {}


def _text(spm: Segment, number: int) -> str:
    return spm.text(number, 2) or spm.text(number)


def _of_source(reading: Reading, obr: Segment, key: Identifier, start: Resource) -> list[Keyed]:
    """OBR-15, whose first component is a coded material."""
    concept = reading.concept(inside(obr.first(15), reading.message.marks, 1))
    return [Keyed(Identifier(key.system, f"{key.value}#specimen-1"), start | {"type": concept})] if concept else []
