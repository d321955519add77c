"""Dosage of GetMedicationHistory as FHIR Dosage: every shape the contract has, its text always kept. MAPPING 2.3.

What has no exact structure becomes text: in Dosage.text, or in additionalInstruction beside the prescriber's own text.
Where text and structure disagree the text rules.
Source: http://hl7.org/fhir/R4/dosage.html
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count

from hub.fhir.resource import Resource
from hub.mappers._rivta_dose import amount, dose_of, words
from hub.mappers._rivta_timing import duration, every, moment, per_unit, ramp, time_unit, times_per
from hub.mappers._rivta_types import concept, decimal, extension, flag, local
from hub.mappers._tracked import Node


@dataclass(frozen=True, slots=True)
class _Part:
    """One dose and when to take it."""

    dose: Resource = field(default_factory=dict)
    """`doseQuantity` or `doseRange`."""
    repeat: Resource = field(default_factory=dict)
    event: str | None = None
    notes: tuple[str, ...] = ()
    """What has no structure."""
    day: int | None = None
    """Day of the period, where it has more than one."""
    bounded: bool = False
    """Its place in a ramp says how long it lasts."""


@dataclass(frozen=True, slots=True)
class _Length:
    """How long a dosage lasts: Timing.repeat's bounds, or in words where their unit is no time."""

    bounds: Resource = field(default_factory=dict)
    words: str = ""
    """Empty: the bounds are those of the whole treatment."""

    def of(self, part: _Part, is_first: bool) -> _Part:
        """The part with these bounds; as a note where it cannot have them (a ramp, a dose at one time)."""
        if self.bounds and not part.bounded and not part.event:
            return replace(part, repeat=self.bounds | part.repeat)
        return replace(part, notes=(*part.notes, self.words)) if self.words and is_first else part


_Steps = tuple[tuple[_Part, ...], ...]
"""Parts that hold at the same time, in steps that follow each other."""


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
    most, note = _maximum(item.one("maximumDosage"), unit)
    text, short = item.one("dosageInstruction").value, item.one("shortNotation").value
    always, perhaps = _steps(fixed, unit, length), _steps(conditional, unit, length)
    if not always and not perhaps:
        always = ((length.of(_Part(), True),),)
    for number, parts in _numbered(numbers, always, perhaps):
        for part, is_conditional in parts:
            told = replace(part, notes=part.notes + note)
            yield _dosage(number, text, short, told, needed if is_conditional else {}) | most


def _numbered(numbers: "count[int]", fixed: _Steps, conditional: _Steps) -> Iterator[tuple[int, list[tuple[_Part, bool]]]]:
    """Sequence numbers and what holds then."""
    for place in range(max(len(fixed), len(conditional))):
        here = [(part, False) for part in (fixed[place] if place < len(fixed) else ())]
        here += [(part, True) for part in (conditional[place] if place < len(conditional) else ())]
        yield next(numbers), here


def _dosage(number: int, text: str | None, short: str | None, part: _Part, needed: Resource) -> Resource:
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


def _steps(holder: Node, unit: Resource | None, length: _Length) -> _Steps:
    """What setDosage or conditionalDosage holds: just one shape, as the contract has it; a bare condition is one too."""
    held = [name for name in _SHAPES if holder.one(name)]
    for other in held[1:]:
        holder.one(other).refuse("a second shape of one dosage")
    steps = _SHAPES[held[0]](holder.one(held[0]), unit) if held else ((_Part(),),) if holder else ()
    return tuple(tuple(length.of(part, not place) for part in parts) for place, parts in enumerate(steps))


def _frequency(node: Node, unit: Resource | None) -> _Steps:
    value, per = decimal(node.one("frequency", "value")), node.one("frequency", "unit").value or ""
    repeat = times_per(value, per) if value is not None else None
    notes = () if repeat or value is None else (words(value, None, per),)
    return ((_Part(dose_of(node.one("dose"), unit), repeat or {}, notes=notes),),)


def _period(node: Node, unit: Resource | None) -> _Steps:
    value, each = decimal(node.one("period", "value")), node.one("period", "unit").value or ""
    repeat = every(value, each) if value is not None else None
    notes = () if repeat or value is None else (f"Intervall: {words(value, None, each)}",)
    return ((_Part(dose_of(node.one("dose"), unit), repeat or {}, notes=notes),),)


def _occasions(node: Node, unit: Resource | None) -> _Steps:
    value, each = decimal(node.one("period", "value")), node.one("period", "unit").value or ""
    repeat = every(value, each) if value is not None else None
    notes = () if repeat or value is None else (f"Period: {words(value, None, each)}",)
    daily = repeat is not None and repeat["period"] == 1 and repeat["periodUnit"] == "d"
    return (tuple(_occasion(place, unit, repeat or {}, notes, daily) for place in node.all("administration")),)


def _occasion(node: Node, unit: Resource | None, repeat: Resource, notes: tuple[str, ...], daily: bool) -> _Part:
    said, day = node.one("time").value, decimal(node.one("dayOfPeriod"))
    hour = moment(said) if said else None
    if said and not hour:
        notes = (*notes, said)
    if hour and not repeat:
        hour, notes = None, (*notes, said or "")
    whole = int(day) if day is not None and day == day.to_integral_value() and 0 < day <= 366 else None
    if day is not None and whole is None:
        node.one("dayOfPeriod").problem("not a day of a period")
    return _Part(dose_of(node.one("dose"), unit), repeat | (hour or {}), None, notes, None if daily and whole == 1 else whole)


def _single(node: Node, unit: Resource | None) -> _Steps:
    dose, given = dose_of(node.one("dose"), unit), node.one("time")
    if not given:
        return ((_Part(dose, {"count": 1}, notes=("omgående",)),),)
    when = local(given)
    return ((_Part(dose, event=when.written if when else None, notes=() if when else (f"Tid: {given.peek()}",)),),)


def _free(node: Node, unit: Resource | None) -> _Steps:
    said = node.one("text").value
    return ((_Part(notes=(said,) if said else ()),),)


def _ramped(node: Node, unit: Resource | None) -> _Steps:
    """One step for each dose on the way, each as long as `timeStep`, the last one open; else text."""
    value, each = decimal(node.one("timeStep", "value")), node.one("timeStep", "unit").value or ""
    length = duration(value, each) if value is not None else None
    start, end = _end_of_ramp(node.one("rampStart"), unit), _end_of_ramp(node.one("rampEnd"), unit)
    step, by = decimal(node.one("doseStep", "value")), amount(node.one("doseStep", "unit"), unit)
    if length and start and end and step is not None and start.repeat == end.repeat and start.repeat:
        first, last = start.dose["doseQuantity"], end.dose["doseQuantity"]
        doses = ramp(first["value"], last["value"], step) if _unit(first) == _unit(last) == by else None
        if doses:
            repeat = {"boundsDuration": length} | start.repeat
            way = [replace(start, dose=_dose(dose, by), repeat=repeat, bounded=True) for dose in doses[:-1]]
            return (*((part,) for part in way), (replace(end, bounded=True),))
    return ((_Part(notes=(_ramp_in_words(node),)),),)


def _end_of_ramp(node: Node, unit: Resource | None) -> _Part | None:
    """An end with one exact dose and a clear frequency or period; None: any other."""
    for name, shape in (("frequencyDosage", _frequency), ("periodDosage", _period)):
        if here := node.one(name):
            ((part,),) = shape(here, unit)
            return part if "doseQuantity" in part.dose and not part.notes else None
    return None


def _dose(value: Decimal, unit: Resource) -> Resource:
    return {"doseQuantity": {"value": value} | unit}


def _unit(quantity: Resource) -> Resource:
    return {name: value for name, value in quantity.items() if name != "value"}


def _ramp_in_words(node: Node) -> str:
    step = f"{node.one('doseStep', 'value').value} {node.one('doseStep', 'unit').value or ''}".strip()
    time = f"{node.one('timeStep', 'value').value} {node.one('timeStep', 'unit').value or ''}".strip()
    return f"Från {_in_words(node.one('rampStart'))} till {_in_words(node.one('rampEnd'))}, i steg om {step} per {time}"


def _in_words(holder: Node) -> str:
    """Any shape, as its values stand."""
    return " ".join(value for leaf in holder.leaves() if (value := leaf.value)) or "?"


def _maximum(node: Node, unit: Resource | None) -> tuple[Resource, tuple[str, ...]]:
    """maxDosePerPeriod: the largest dose times its frequency; any other maximum as text."""
    if not node:
        return {}, ()
    for name in ("frequencyDosage", "periodDosage"):
        if ratio := _most(node.one(name), unit):
            node.keep("a maximum is its upper bound alone")
            return {"maxDosePerPeriod": ratio}, ()
    return {}, (f"Maxdos: {_in_words(node)}",)


def _most(node: Node, unit: Resource | None) -> Resource | None:
    high = decimal(node.one("dose", "high"))
    rate = node.one("frequency") or node.one("period")
    value, said = decimal(rate.one("value")), rate.one("unit").value or ""
    if high is None or value is None or value <= 0 or high < 0:
        return None
    by_frequency = bool(node.one("frequency"))
    code = per_unit(said) if by_frequency else time_unit(said)
    if code is None:
        return None
    most = high * value if by_frequency else high
    each = {"value": Decimal(1) if by_frequency else value, "unit": code, "system": "http://unitsofmeasure.org", "code": code}
    return {"numerator": {"value": most} | amount(node.one("dose", "unit"), unit), "denominator": each}


_SHAPES = {
    "frequencyDosage": _frequency,
    "periodDosage": _period,
    "occasionDosage": _occasions,
    "rampedDosage": _ramped,
    "singleDose": _single,
    "unstructuredDosageInformation": _free,
}
