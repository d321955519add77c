"""Dosage of GetMedicationHistory as FHIR Dosage: every shape the contract has, its text always kept. MAPPING 2.3.

What has no exact structure becomes text: in Dosage.text, or in additionalInstruction beside the prescriber's own text.
Where text and structure disagree the text rules.
Source: http://hl7.org/fhir/R4/dosage.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from hub.fhir.resource import Resource
from hub.mappers._rivta_dosage_shapes import Part, Steps, maximum, shape
from hub.mappers._rivta_dose import words
from hub.mappers._rivta_timing import duration
from hub.mappers._rivta_types import concept, decimal, extension, flag
from hub.mappers._tracked import Node


@dataclass(frozen=True, slots=True)
class _Length:
    """How long a dosage lasts: Timing.repeat's bounds, or in words where their unit is no time."""

    bounds: Resource = field(default_factory=dict)
    words: str = ""
    """Empty: the bounds are those of the whole treatment."""

    def of(self, part: Part, is_first: bool) -> Part:
        """The part with these bounds; as a note where it cannot have them (a ramp, a dose at one time)."""
        if self.bounds and not part.bounded and not part.event:
            return replace(part, repeat=self.bounds | part.repeat)
        return replace(part, notes=(*part.notes, self.words)) if self.words and is_first else part


def dosages(drug: Node, period: Resource | None = None) -> list[Resource]:
    """Every Dosage of a drug, in the order in which they are to be followed.

    Takes: `period`: from when to when the treatment is meant; it bounds a lone dosage that has no length of its own.
    """
    route = concept(drug.one("drug", "routeOfAdministration"))
    items = drug.all("dosage")
    numbers = count(1)
    written = [dosage for item in items for dosage in _item(item, numbers, period if len(items) == 1 else None)]
    if not written and route:
        return [{"route": route}]
    return [dosage | ({"route": route} if route else {}) for dosage in written]


def _item(item: Node, numbers: "count[int]", period: Resource | None) -> Iterator[Resource]:
    """The Dosages of one dosage element: fixed and conditional ones hold side by side."""
    unit = concept(item.one("unitDose"))
    fixed, conditional = item.one("setDosage"), item.one("conditionalDosage")
    length = _length(item.one("lengthOfTreatment"))
    if not length.words and period:
        length = _Length({"boundsPeriod": period})
    needed = _as_needed(conditional.one("conditionDescription"))
    most, note = maximum(item.one("maximumDosage"), unit)
    text, short = item.one("dosageInstruction").value, item.one("shortNotation").value
    always, perhaps = _steps(fixed, unit, length), _steps(conditional, unit, length)
    if not always and not perhaps:
        always = ((length.of(Part(), True),),)
    for number, parts in _numbered(numbers, always, perhaps):
        for part, is_conditional in parts:
            told = replace(part, notes=part.notes + note)
            yield _dosage(number, text, short, told, needed if is_conditional else {}) | most


def _numbered(numbers: "count[int]", fixed: Steps, conditional: Steps) -> Iterator[tuple[int, list[tuple[Part, bool]]]]:
    """Sequence numbers and what holds then."""
    for place in range(max(len(fixed), len(conditional))):
        here = [(part, False) for part in (fixed[place] if place < len(fixed) else ())]
        here += [(part, True) for part in (conditional[place] if place < len(conditional) else ())]
        yield next(numbers), here


def _dosage(number: int, text: str | None, short: str | None, part: Part, needed: Resource) -> Resource:
    notes = [note for note in dict.fromkeys(part.notes) if note != text]
    written: Resource = {"sequence": number}
    if part.day is not None:
        written["extension"] = [extension("day-of-period", "Integer", part.day)]
    if text or notes:
        written["text"] = text or "; ".join(notes)
    if text and notes:
        written["additionalInstruction"] = [{"text": note} for note in notes]
    timing: Resource = {"event": [part.event]} if part.event else {}
    timing |= ({"repeat": part.repeat} if part.repeat else {}) | ({"code": {"text": short}} if short else {})
    if timing:
        written["timing"] = timing
    return written | needed | ({"doseAndRate": [part.dose]} if part.dose else {})


def _as_needed(description: Node) -> Resource:
    said = description.value
    if said is None:
        return {}
    if said.casefold().rstrip(".") in ("vid behov", "v.b", "vb"):
        return {"asNeededBoolean": True}
    return {"asNeededCodeableConcept": {"text": said}}


def _length(node: Node) -> _Length:
    interval = node.one("treatmentInterval")
    low, high = decimal(interval.one("low")), decimal(interval.one("high"))
    unit, is_most = interval.one("unit").value or "", flag(node.one("isMaximumTreatmentTime"))
    shorter, longer = (duration(value, unit) if value is not None else None for value in (low, high))
    if low is None and high is None:
        return _Length()
    said = f"Behandlingstid: {'högst ' if is_most else ''}{words(low, high, unit)}"
    if is_most:
        return _Length({"boundsRange": {"high": most}} if (most := longer or shorter) else {}, said)
    if low is not None and low == high:
        return _Length({"boundsDuration": shorter} if shorter else {}, said)
    ends = {name: end for name, end in (("low", shorter), ("high", longer)) if end}
    return _Length({"boundsRange": ends} if ends else {}, said)


def _steps(holder: Node, unit: Resource | None, length: _Length) -> Steps:
    """What setDosage or conditionalDosage holds, each part with its length."""
    return tuple(tuple(length.of(part, not place) for part in parts) for place, parts in enumerate(shape(holder, unit)))
