"""The six shapes in which RIV-TA tells a dose and its times: each as steps that follow each other. MAPPING 2.3."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from hub.fhir.resource import Resource
from hub.mappers._rivta_dose import amount, dose_of, words
from hub.mappers._rivta_timing import duration, every, moment, per_unit, ramp, time_unit, times_per
from hub.mappers._rivta_types import decimal, local
from hub.mappers._tracked import Node


@dataclass(frozen=True, slots=True)
class Part:
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


Steps = tuple[tuple[Part, ...], ...]
"""Parts that hold at the same time, in steps that follow each other."""


def shape(holder: Node, unit: Resource | None) -> Steps:
    """What a holder (setDosage, conditionalDosage) holds: just one shape, as the contract has it; a bare condition is one too.

    Takes: `unit`: the name of the dose's unit.
    """
    held = [name for name in _SHAPES if holder.one(name)]
    for other in held[1:]:
        holder.one(other).refuse("a second shape of one dosage")
    return _SHAPES[held[0]](holder.one(held[0]), unit) if held else ((Part(),),) if holder else ()


def _frequency(node: Node, unit: Resource | None) -> Steps:
    value, per = decimal(node.one("frequency", "value")), node.one("frequency", "unit").value or ""
    repeat = times_per(value, per) if value is not None else None
    notes = () if repeat or value is None else (words(value, None, per),)
    return ((Part(dose_of(node.one("dose"), unit), repeat or {}, notes=notes),),)


def _period(node: Node, unit: Resource | None) -> Steps:
    value, each = decimal(node.one("period", "value")), node.one("period", "unit").value or ""
    repeat = every(value, each) if value is not None else None
    notes = () if repeat or value is None else (f"Intervall: {words(value, None, each)}",)
    return ((Part(dose_of(node.one("dose"), unit), repeat or {}, notes=notes),),)


def _occasions(node: Node, unit: Resource | None) -> Steps:
    value, each = decimal(node.one("period", "value")), node.one("period", "unit").value or ""
    repeat = every(value, each) if value is not None else None
    notes = () if repeat or value is None else (f"Period: {words(value, None, each)}",)
    daily = repeat is not None and repeat["period"] == 1 and repeat["periodUnit"] == "d"
    return (tuple(_occasion(place, unit, repeat or {}, notes, daily) for place in node.all("administration")),)


def _occasion(node: Node, unit: Resource | None, repeat: Resource, notes: tuple[str, ...], daily: bool) -> Part:
    said, day = node.one("time").value, decimal(node.one("dayOfPeriod"))
    hour = moment(said) if said else None
    if said and not hour:
        notes = (*notes, said)
    if hour and not repeat:
        hour, notes = None, (*notes, said or "")
    whole = int(day) if day is not None and day == day.to_integral_value() and 0 < day <= 366 else None
    if day is not None and whole is None:
        node.one("dayOfPeriod").problem("not a day of a period")
    return Part(dose_of(node.one("dose"), unit), repeat | (hour or {}), None, notes, None if daily and whole == 1 else whole)


def _single(node: Node, unit: Resource | None) -> Steps:
    dose, given = dose_of(node.one("dose"), unit), node.one("time")
    if not given:
        return ((Part(dose, {"count": 1}, notes=("omgående",)),),)
    when = local(given)
    return ((Part(dose, event=when.written if when else None, notes=() if when else (f"Tid: {given.peek()}",)),),)


def _free(node: Node, unit: Resource | None) -> Steps:
    said = node.one("text").value
    return ((Part(notes=(said,) if said else ()),),)


def _ramped(node: Node, unit: Resource | None) -> Steps:
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
    return ((Part(notes=(_ramp_in_words(node),)),),)


def _end_of_ramp(node: Node, unit: Resource | None) -> Part | None:
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


def maximum(node: Node, unit: Resource | None) -> tuple[Resource, tuple[str, ...]]:
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
