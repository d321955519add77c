"""What the HL7 v2 mappers share: patient, place, people, codes, times, notes, and the count of what was read.

Each function gives the FHIR value or None; what cannot be used becomes an Issue with its place.
Source: HL7 v2.5.1 chapter 2A; HL7 Version 2 to FHIR.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from hub.errors import Issue, Unmappable
from hub.fhir.identifiers import PERSONNUMMER, ROOTS, Identifier, hsa_id, is_sound
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment, from_digits
from hub.mappers import Coverage, Place, Settings
from hub.mappers._er7 import Marks, Message, Segment, components, part
from hub.mappers._plain import HSA_SYSTEMS, PATIENT_SYSTEMS
from hub.mappers._rivta_types import code_system as uri_of
from hub.mappers._rivta_types import logical, named, patient_number

CODE_SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNOMED-CT": "http://snomed.info/sct",
    "NPU": "urn:oid:1.2.752.108.1",
    "UCUM": "http://unitsofmeasure.org",
    "ICD-10-SE": "https://www.icd10.se/",
    "I10SE": "https://www.icd10.se/",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "ATC": "http://www.whocc.no/atc",
    "WC": "http://www.whocc.no/atc",
}
"""HL7 table 0396, and the names Swedish systems use."""
NPU_VERSIONS = {"urn:oid:1.2.752.108.1.1": "urn:oid:1.2.752.108.1"}

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """A message being mapped, and what is found wrong on the way."""

    message: Message
    settings: Settings
    own: str
    """Begins every system of what means something only in this source."""
    issues: list[Issue]
    refused: dict[str, str] = field(default_factory=dict)
    """Field whose value could not be used -> why."""

    def refuse(self, segment: Segment, number: int, problem: str, severity: str = "warning") -> None:
        """A value cannot be used: it stays in the source bytes, and an issue says so."""
        self.issues.append(Issue(segment.place(number), problem, severity))
        self.refused[f"{segment.name}-{number}"] = problem

    def moment(self, segment: Segment, number: int, component: int = 1) -> Moment | None:
        """A DTM or TS."""
        written = segment.text(number, component)
        if not written:
            return None
        try:
            return from_digits(written)
        except ValueError as fault:
            self.refuse(segment, number, str(fault))
            return None

    def concept(self, one: str) -> Resource | None:
        """A CE, CWE or CNE as CodeableConcept."""
        return concept(one, self.message.marks, self.own) if one else None

    def concepts(self, segment: Segment, number: int) -> list[Resource]:
        """Each repetition of a field of them."""
        return [found for one in segment.repetitions(number) if (found := self.concept(one))]

    def identifier(self, one: str, type_code: str, kind: str) -> Resource | None:
        """An EI as Identifier."""
        return identifier(one, self.message.marks, self.own, type_code, kind) if one else None

    def patient(self, pid: Segment) -> tuple[Identifier, tuple[Identifier, ...]]:
        """The patient's number in PID-3, a national one before any other, and what further national ones there are.

        Raises: Unmappable: none with an assigning authority, or a personal number with a wrong check digit.
        """
        found = [number for one in pid.repetitions(3) if (number := self._number(one))]
        if not found:
            raise Unmappable("no patient number with an assigning authority", f"{pid.place(3)}")
        chosen, *others = dict.fromkeys(number for number in found if number.system in PATIENT_SYSTEMS) or found[:1]
        if not all(map(is_sound, (chosen, *others))):
            raise Unmappable("the patient's number has a wrong form or check digit", f"{pid.place(3)}")
        return chosen, tuple(others)

    def _number(self, one: str) -> Identifier | None:
        marks = self.message.marks
        value, kind = part(one, marks), part(one, marks, 5)
        authority = part(one, marks, 4, 2) or part(one, marks, 4, 1)
        root = authority.removeprefix("urn:oid:")
        if not value:
            return None
        if root in ROOTS or _OID.fullmatch(root):
            return patient_number(root, value)
        if kind == "NNSWE" or authority in PATIENT_SYSTEMS:
            system = authority if authority in PATIENT_SYSTEMS else PERSONNUMMER
            return patient_number(next(oid for oid, uri in ROOTS.items() if uri == system), value)
        return Identifier(_system(self.own, "patient", authority), value) if authority else None

    def subject(self, number: Identifier) -> Resource:
        """A Reference to the patient."""
        return logical("Patient", number)

    def people(self, segment: Segment | None, number: int) -> list[Resource]:
        """Every XCN of a field as Reference."""
        if segment is None:
            return []
        return list(people(segment.field(number), self.message.marks, self.own))

    def place(self, candidates: Iterable[tuple[Segment | None, int, tuple[int, ...]]]) -> tuple[Place | None, str]:
        """Where the record belongs, and the code that said so: the first of `candidates` that has a value decides.

        Takes: (segment, field, the components that may hold the code).

        A code that the configuration does not place leaves it unknown: another field might name another unit.
        """
        for segment, number, parts in candidates:
            codes = [code for n in parts if segment and (code := segment.text(number, n))]
            if not segment or not codes:
                continue
            for code in codes:
                if code in self.settings.places:
                    return self.settings.places[code], code
            self.refuse(segment, number, "a code that the configuration places nowhere: withheld until it does", "error")
            return None, ""
        return None, ""

    def unit(self, place: Place | None, display: str | None = None, kind: str = "Organization") -> Resource | None:
        """A Reference to a unit."""
        return named(kind, hsa_id(place.unit), display) if place else None

    def notes(self, segments: Iterable[Segment]) -> list[Resource]:
        """NTE-3 of each segment that has one, as Annotations."""
        return [{"text": text} for segment in segments if (text := segment.whole(3))]


def reading(message: Message, settings: Settings) -> Reading:
    """Begin to map a message."""
    return Reading(message, settings, f"urn:hub:hl7v2:{settings.system}", list(message.issues))


@lru_cache(maxsize=4096)
def concept(one: str, marks: Marks, own: str) -> Resource | None:
    """A CE, CWE or CNE as CodeableConcept: both its codings, and the text that was meant. `own` as `Reading.own`."""
    parts = [" ".join(text.split()) for text in components(one, marks, 9)]  # FHIR's codes hold no other space
    codings = [coding for start in (0, 3) if (coding := _coding(parts, start, own))]
    text = parts[8] or parts[1] or parts[4]
    if not codings and not text:
        return None
    return ({"coding": codings} if codings else {}) | ({"text": text} if text else {})


def code_system(name: str, own: str) -> str:
    """The URI of a coding system by its name in table 0396, its OID, or as the source's own."""
    known = CODE_SYSTEMS.get(name)
    if known:
        return known
    if name.startswith("HL7") and name[3:].isdigit():
        return f"http://terminology.hl7.org/CodeSystem/v2-{name[3:]}"
    found = uri_of(name.removeprefix("urn:oid:"))
    return NPU_VERSIONS.get(found[0], found[0]) if found else _system(own, "code", "" if name == "L" else name)


@lru_cache(maxsize=4096)
def person(one: str, marks: Marks, own: str, authority: str = "") -> Resource | None:
    """An XCN (number, family name, given name, …) as Reference: by HSA-id where its authority says it is one, else by name."""
    parts = components(one, marks, 13)
    authority = authority or part(one, marks, 9, 2) or parts[8]
    display = " ".join(name for name in (parts[2], parts[1]) if name) or None
    if f"urn:oid:{authority}" in HSA_SYSTEMS or "HSA" in (authority.upper(), parts[12].upper()):
        return named("Practitioner", hsa_id(parts[0]), display)
    if not parts[0]:
        return {"display": display} if display else None
    system = f"urn:oid:{authority}" if _OID.fullmatch(authority) else _system(own, "staff", authority)
    return {"identifier": {"system": system, "value": parts[0]}} | ({"display": display} if display else {})


@lru_cache(maxsize=2048)
def people(field: str, marks: Marks, own: str) -> tuple[Resource, ...]:
    """Every XCN of a field as Reference."""
    found = [person(one, marks, own) for one in field.split(marks.repetition) if one and one != '""']
    return tuple(one for one in found if one)


@lru_cache(maxsize=1024)
def identifier(one: str, marks: Marks, own: str, type_code: str, kind: str) -> Resource | None:
    """An EI as Identifier of type `type_code` (table 0203); without a universal id it is the source's own, of that `kind`."""
    value, namespace, universal = components(one, marks, 3)[:3]
    if not value:
        return None
    system = f"urn:oid:{universal}" if _OID.fullmatch(universal) else _system(own, kind, namespace)
    coded = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": type_code}]}
    return ({"type": coded} if type_code else {}) | {"system": system, "value": value}


@dataclass(frozen=True, slots=True, eq=False)
class Fates:
    """What a mapper does with each field: one constant of it, for what is known of a segment is counted once."""

    mapped: Mapping[str, frozenset[int]]
    """Fields that are mapped, by segment."""
    kept: Mapping[str, str]
    """Segments (`PV1`) or fields (`MSH-7`) that stay in the source bytes -> why."""


def coverage(read: Reading, fates: Fates) -> Coverage:
    """What became of every field with a value."""
    count = 0
    aside: dict[str, str] = {}
    unmapped: dict[str, int] = {}
    for (name, filled), times in Counter((segment.name, segment.filled) for segment in read.message.segments).items():
        mapped, kept, unknown = _fate(fates, name, filled)
        count += times * len(mapped)
        aside |= kept
        for path in unknown:
            unmapped[path] = unmapped.get(path, 0) + times
        count -= times * sum(path in mapped for path in read.refused)
    return Coverage(count, aside | read.refused, unmapped)


@lru_cache(maxsize=1024)
def _fate(fates: Fates, name: str, filled: tuple[int, ...]) -> tuple[frozenset[str], dict[str, str], tuple[str, ...]]:
    """Of a segment with these fields filled: those mapped, those kept with why, those neither."""
    paths = {number: f"{name}-{number}" for number in filled}
    mapped = frozenset(path for number, path in paths.items() if number in fates.mapped.get(name, ()))
    why = {path: fates.kept.get(path) or fates.kept.get(name, "") for path in paths.values() if path not in mapped}
    kept = {path: reason for path, reason in why.items() if reason}
    return mapped, kept, tuple(path for path, reason in why.items() if not reason)


def _coding(parts: list[str], start: int, own: str) -> Resource | None:
    code, display, name = parts[start : start + 3]
    if not code:
        return None
    version = parts[6 + start // 3]
    coding = {"system": code_system(name, own), "code": code}
    return coding | ({"version": version} if version else {}) | ({"display": display} if display else {})


def _system(own: str, *parts: str) -> str:
    return ":".join((own, *(quote(part, safe="-._") for part in parts if part)))
