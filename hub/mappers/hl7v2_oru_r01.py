"""HL7 v2 ORU^R01: laboratory results as DiagnosticReport, Observation, Specimen and ServiceRequest. One OBR is one entry.

Source: HL7 v2.5.1 chapter 7.3.1; MAPPING 3 for the choices that RIV-TA's laboratory contract shares.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.errors import Issue, Unmappable
from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment
from hub.mappers import Attribution, Entry, Keyed, Mapped, Mapper, Settings, SourceMessage
from hub.mappers._er7 import Segment, inside, part, read
from hub.mappers._hl7v2 import Fates, Reading, coverage, person
from hub.mappers._hl7v2 import reading as begin
from hub.mappers._hl7v2_result import Order, attachment, name, observation
from hub.mappers._hl7v2_specimen import collected, specimens
from hub.mappers._plain import LABORATORY, custody, meta, span
from hub.mappers._rivta_types import logical

STATUS = {
    "O": "registered",
    "I": "registered",
    "S": "registered",
    "A": "partial",
    "P": "preliminary",
    "R": "preliminary",
    "F": "final",
    "C": "corrected",
    "X": "cancelled",
}
"""Table 0123."""
PRIORITY = {"S": "stat", "A": "asap", "R": "routine", "T": "urgent"}
LAB_REPORT = {"coding": [{"system": "http://loinc.org", "code": "11502-2"}]}
SECTIONS = "http://terminology.hl7.org/CodeSystem/v2-0074"

MAPPED = {
    "MSH": frozenset((1, 2, 4, 7, 9, 18)),
    "PID": frozenset((3,)),
    "PV1": frozenset((3,)),
    "ORC": frozenset((1, 2, 3, 9, 12, 21)),
    "OBR": frozenset((2, 3, 4, 5, 7, 8, 10, 13, 15, 16, 22, 24, 25, 31, 32)),
    "OBX": frozenset((2, 3, 4, 5, 6, 7, 8, 11, 14, 15, 16, 17, 18, 19, 20, 21, 23)),
    "SPM": frozenset((2, 4, 7, 8, 12, 14, 17, 18, 21, 24)),
    "NTE": frozenset((3,)),
}
KEPT = {
    "MSH": "concerns the sending of the message",
    "SFT": "concerns the sending of the message",
    "PID": "the population register says who a person is",
    "PD1": "the population register says who a person is",
    "NK1": "the population register says who a person is",
    "OBR-1": "a number in the message",
    "OBX-1": "a number in the message",
    "SPM-1": "a number in the message",
    "PV1-1": "a number in the message",
    "PV1-2": "no Encounter is made of this message",
    "NTE-1": "a number in the message",
    "NTE-2": "what kind of system wrote the comment",
}
FATES = Fates(MAPPED, KEPT)


@dataclass(slots=True)
class Group:
    """One OBR with the segments that belong to it, gathered in reading order."""

    obr: Segment
    pid: Segment | None
    pv1: Segment | None
    orc: Segment | None
    latest: Segment | None
    """The last ORC of the patient: one that is not repeated holds for the orders that follow."""
    notes: list[Segment] = field(default_factory=list)
    results: list[tuple[Segment, list[Segment]]] = field(default_factory=list)
    """Each OBX and its NTEs."""
    specimens: list[Segment] = field(default_factory=list)

    def order(self, number: int) -> tuple[Segment, int]:
        """Where the placer's (2) or filler's (3) order number is: OBR, else ORC."""
        return (self.orc, number) if self.orc and not self.obr.field(number) else (self.obr, number)


def read_oru(message: SourceMessage, settings: Settings) -> Mapped:
    """Map an ORU^R01.

    Raises: Unmappable: not such a message, or no OBR of it has a patient and an order number.
    """
    held = read(message.content, settings.encoding)
    if (held.header.text(9), held.header.text(9, 2)) != ("ORU", "R01"):
        raise Unmappable("not an ORU^R01", "MSH-9")
    reading = begin(held, settings)
    entries: dict[Identifier, Entry] = {}
    refusal = Unmappable("no order in the message", "OBR")
    for group in groups(held.segments):
        try:
            entry = _entry(reading, group)
        except Unmappable as fault:
            refusal = fault
            reading.issues.append(Issue(fault.place, fault.problem, "error", "structure"))
            continue
        if entry.key in entries:
            reading.issues.append(Issue(group.obr.place(3), "the same order and code twice: the later one is used", "error"))
        entries[entry.key] = entry
    if not entries:
        raise refusal
    return Mapped(tuple(entries.values()), issues=tuple(reading.issues), coverage=coverage(reading, FATES))


def groups(segments: tuple[Segment, ...]) -> Iterator[Group]:
    """The orders of a message, each with its patient, visit, results and specimens; a new PID begins another patient."""
    pid = pv1 = orc = latest = None
    group: Group | None = None
    for segment in segments:
        match segment.name:
            case "OBR":
                if group:
                    yield group
                group, orc = Group(segment, pid, pv1, orc, latest), None
            case "PID" | "ORC" if group:
                yield group
                group = None
        match segment.name:
            case "PID":
                pid, pv1, orc, latest = segment, None, None, None
            case "PV1":
                pv1 = segment
            case "ORC":
                orc = latest = segment
            case "OBX" if group:
                group.results.append((segment, []))
            case "SPM" if group:
                group.specimens.append(segment)
            case "NTE" if group:
                (group.results[-1][1] if group.results else group.notes).append(segment)
    if group:
        yield group


def _entry(reading: Reading, group: Group) -> Entry:
    """Raises: Unmappable: no patient, or no order number."""
    if group.pid is None:
        raise Unmappable("no patient before the order", f"{group.obr.place()}")
    patient, others = reading.patient(group.pid)
    key = _key(reading, group)
    place, _ = reading.place(_whereabouts(reading, group))
    held = custody(
        reading.settings,
        place.provider if place else None,
        place.unit if place else None,
        LABORATORY,
        **span(*_sampled(reading, group)),
    )
    start = {"meta": meta(reading.settings, held.released), "subject": reading.subject(patient)}
    resources = _resources(reading, group, key, start)
    when = reading.moment(group.obr, 22) or reading.moment(reading.message.header, 7)
    author = _interpreter(reading, group.obr)
    attribution = Attribution(author=author, written=when.written if when else None)
    return Entry(key, patient, held, resources, attribution, others)


def _key(reading: Reading, group: Group) -> Identifier:
    """The filler's order number, else the placer's, with the code of what was ordered: one order may have several OBRs."""
    for number, prefix in ((3, ""), (2, "placer:")):
        segment, at = group.order(number)
        if segment.text(at):
            code = group.obr.text(4) or group.obr.text(4, 2)
            return Identifier(f"{reading.own}:ORU", f"{prefix}{segment.text(at)}{'/' * bool(code)}{code}")
    raise Unmappable("no order number", group.obr.place(3))


def _whereabouts(reading: Reading, group: Group) -> Iterator[tuple[Segment | None, int, tuple[int, ...]]]:
    """Fields that may name the responsible unit, most telling first; OBR-10 only where it names a place, not a person."""
    yield group.latest, 21, (10, 3, 1)
    if group.obr.text(10) in reading.settings.places:
        yield group.obr, 10, (1,)
    yield group.pv1, 3, (1,)
    yield group.pv1, 3, (4,)
    yield reading.message.header, 4, (1, 2)


def _sampled(reading: Reading, group: Group) -> list[Moment]:
    """When the specimens were taken; else when the report was written, or sent."""
    found = [moment for spm in group.specimens for moment in collected(reading, spm)]
    found += [moment for n in (7, 8) if (moment := reading.moment(group.obr, n))]
    later = (reading.moment(group.obr, 22), reading.moment(reading.message.header, 7))
    return found or [moment for moment in later if moment][:1]


def _resources(reading: Reading, group: Group, key: Identifier, start: Resource) -> tuple[Keyed, ...]:
    status = _status(reading, group.obr)
    material = specimens(reading, group.specimens, group.obr, key, {"resourceType": "Specimen", **start})
    request = _request(reading, group, key, start, status)
    laboratory = _laboratory(reading)
    effective = _effective(reading, group)
    issued = reading.moment(group.obr, 22)
    order = Order(
        key,
        start,
        status,
        effective,
        issued.element("issued") if issued and issued.instant else {},
        [laboratory] if laboratory else [],
        logical("Specimen", material[0].key) if len(material) == 1 else None,
    )
    results, documents = _results(reading, group, order)
    report = (
        {"resourceType": "DiagnosticReport", **start, "identifier": _identifiers(reading, group)}
        | ({"basedOn": [logical("ServiceRequest", request.key)]} if request else {})
        | {"status": status, "category": _categories(group.obr), "code": _code(reading, group.obr)}
        | effective
        | order.issued
        | _some("performer", [laboratory] if laboratory else [])
        | _some("resultsInterpreter", [one for one in [_interpreter(reading, group.obr)] if one])
        | _some("specimen", [logical("Specimen", one.key) for one in material])
        | _some("result", [logical("Observation", one.key) for one in results])
        | ({"conclusion": "\n".join(note["text"] for note in notes)} if (notes := reading.notes(group.notes)) else {})
        | _some("presentedForm", documents)
    )
    return (Keyed(key, report), *([request] if request else []), *material, *results)


def _results(reading: Reading, group: Group, order: Order) -> tuple[list[Keyed], list[Resource]]:
    """The Observations, each with a key of its own, and the documents that came as results."""
    found: list[tuple[str, Identifier, Resource]] = []
    times: Counter[str] = Counter()
    documents = []
    for obx, notes in group.results:
        if obx.text(2) in ("ED", "RP"):
            documents += [held for held in [attachment(reading, obx)] if held]
            continue
        resource = observation(reading, obx, notes, order)
        if resource is None:
            continue
        called = name(obx, resource)
        times[called] += 1
        again = f"~{times[called]}" if times[called] > 1 else ""
        found.append((obx.text(4), Identifier(order.key.system, f"{order.key.value}#{called}{again}"), resource))
    members = _members(found)
    return [Keyed(key, {**resource, **members.get(key, {})} if members else resource) for _, key, resource in found], documents


def _members(found: list[tuple[str, Identifier, Resource]]) -> dict[Identifier, Resource]:
    """`hasMember` of each result with others beneath it: OBX-4 1.1 and 1.2 are beneath 1."""
    beneath: dict[str, list[Resource]] = {}
    for path, key, _ in found:
        if "." in path:
            beneath.setdefault(path.rpartition(".")[0], []).append(logical("Observation", key))
    above = {path: key for path, key, _ in reversed(found) if path in beneath}
    return {above[path]: {"hasMember": held} for path, held in beneath.items() if path in above}


def _status(reading: Reading, obr: Segment) -> str:
    status = STATUS.get(obr.text(25))
    if not status:
        reading.refuse(obr, 25, "no status of table 0123")
    return status or "unknown"


def _code(reading: Reading, obr: Segment) -> Resource:
    return reading.concept(obr.first(4)) or LAB_REPORT


def _categories(obr: Segment) -> list[Resource]:
    section = obr.text(24)
    codes = ["LAB"] + ([section] if section not in ("", "LAB") and section.isalnum() else [])
    return [{"coding": [{"system": SECTIONS, "code": code}]} for code in codes]


def _effective(reading: Reading, group: Group) -> Resource:
    """When the specimen was taken: OBR-7 to OBR-8, else SPM-17."""
    times = [moment for n in (7, 8) if (moment := reading.moment(group.obr, n))]
    times = times or [moment for spm in group.specimens[:1] for moment in collected(reading, spm)]
    if len(times) == 2 and times[0].begins < times[1].begins:
        return {"effectivePeriod": times[0].element("start") | times[1].element("end")}
    return times[0].element("effectiveDateTime") if times else {}


def _identifiers(reading: Reading, group: Group) -> list[Resource]:
    found = []
    for number, kind in ((3, "FILL"), (2, "PLAC")):
        segment, at = group.order(number)
        found.append(reading.identifier(segment.first(at), kind, "order"))
    return [one for one in found if one]


def _laboratory(reading: Reading) -> Resource | None:
    """Who performed: the sending facility, where the configuration places it."""
    place = reading.settings.places.get(reading.message.header.text(4))
    return reading.unit(place)


def _interpreter(reading: Reading, obr: Segment) -> Resource | None:
    """OBR-32, whose first component is a person: number, family name, given name, …, authority."""
    marks = reading.message.marks
    one = inside(obr.first(32), marks, 1)
    return person(one, marks, reading.own, part(one, marks, 10)) if one else None


def _request(reading: Reading, group: Group, key: Identifier, start: Resource, status: str) -> Keyed | None:
    """The order behind the report, where the message tells of one."""
    identifiers = [one for one in _identifiers(reading, group) if one["type"]["coding"][0]["code"] == "PLAC"]
    if not identifiers and group.orc is None:
        return None
    authored = reading.moment(group.orc, 9) if group.orc else None
    requester = (reading.people(group.obr, 16) or reading.people(group.orc, 12))[:1]
    priority = PRIORITY.get(group.obr.text(5))
    ended = {"final": "completed", "corrected": "completed", "cancelled": "revoked", "unknown": "unknown"}
    request = (
        {"resourceType": "ServiceRequest", **start}
        | _some("identifier", identifiers)
        | {"status": ended.get(status, "active"), "intent": "order"}
        | ({"priority": priority} if priority else {})
        | {"code": _code(reading, group.obr)}
        | (authored.element("authoredOn") if authored else {})
        | ({"requester": requester[0]} if requester else {})
        | _some("reasonCode", reading.concepts(group.obr, 31))
        | _some("note", [{"text": text} for text in [group.obr.whole(13)] if text])
    )
    return Keyed(Identifier(key.system, f"{key.value}#request"), request)


def _some(name: str, found: list[Resource]) -> Resource:
    return {name: found} if found else {}


HL7V2_ORU_R01 = Mapper(
    name="hl7v2_oru_r01",
    family="ORU",
    map=read_oru,
    info_type=LABORATORY,
    gives=frozenset({"DiagnosticReport", "Observation", "Specimen", "ServiceRequest"}),
)
