"""Drugs and dosage as GetMedicationHistory spells them."""

from decimal import Decimal, InvalidOperation

from hub.demo.rivta.habits import Habit
from hub.demo.rivta.markup import Element
from hub.demo.rivta.scribe import Scribe, boolean, moment_or_none
from hub.demo.world.medication import (
    Dosage,
    Dose,
    Drug,
    Frequency,
    Occasions,
    Period,
    Ramp,
    Shape,
    Single,
    Unstructured,
)
from hub.demo.world.values import ATC, Code

NPL = "1.2.752.129.2.1.5.1"
NPL_PACK = "1.2.752.129.2.1.5.2"

UCUM = {"per d": "1/d", "per wk": "1/wk", "h": "h", "d": "d", "wk": "wk"}
WORDS = {"per d": "/d", "per wk": "/vecka", "h": "tim", "d": "dygn", "wk": "vecka"}


def drug(name: str, what: Drug, dosages: tuple[Dosage, ...], scribe: Scribe) -> Element:
    """DrugChoiceType: the drug in one of its forms, its dosage inside."""
    core = scribe.core
    steps = (_dosage(step, scribe) for step in dosages)
    return core.root(name, core("comment", what.comment or None), _named(what, scribe), *steps)


def administered(name: str, what: Drug, dose: Dose, scribe: Scribe) -> Element:
    """DrugChoiceType for a dose that was given: no instruction and no length of treatment."""
    core = scribe.core
    given = core("dosage", core("setDosage", core("singleDose", _dose(dose, scribe))))
    return core.root(name, core("comment", what.comment or None), _named(what, scribe), given)


def article(name: str, what: Drug, scribe: Scribe) -> Element | None:
    """DrugChoiceType for a pharmacy: the package; nothing when no package is known."""
    core = scribe.core
    pack = scribe.cv("nplPackId", Code(what.npl_pack_id, what.name, NPL_PACK)) if what.npl_pack_id else None
    return core(name, core("drugArticle", pack))


def double(number: str, scribe: Scribe) -> str | None:
    """An xs:double as this vendor prints it; None: not a number."""
    try:
        value = Decimal(number.replace(",", "."))
    except InvalidOperation:
        return None
    return _java(value) if scribe.manner.has(Habit.DOUBLES) else str(value)


def _java(value: Decimal) -> str:
    """As Double.toString: 1.0, 2.5, and 1.0E-4 outside 10^-3 to 10^7."""
    if value == 0 or Decimal("0.001") <= abs(value) < Decimal(10_000_000):
        return str(float(value))
    sign, digits, exponent = value.normalize().as_tuple()
    mantissa = "".join(map(str, digits))
    power = len(digits) - 1 + int(exponent)
    return f"{'-' if sign else ''}{mantissa[0]}.{mantissa[1:] or '0'}E{power}"


def _named(what: Drug, scribe: Scribe) -> Element | None:
    core, strength = scribe.core, double(what.strength, scribe)
    if what.atc or what.npl_id:
        return core(
            "drug",
            scribe.cv("nplId", Code(what.npl_id, what.name, NPL)) if what.npl_id else None,
            scribe.cv("atcCode", Code(what.atc, what.substance or what.name, ATC)) if what.atc else None,
            scribe.text_only("routeOfAdministration", what.route),
            core("pharmaceuticalForm", what.form or None),
            core("strength", strength),
            core("strengthUnit", what.strength_unit or None if strength else None),
        )
    if what.substance:
        amount = core("strength", core("value", strength), core("unit", what.strength_unit)) if strength else None
        return core("generics", core("substance", what.substance), amount, core("form", what.form or None))
    return core("unstructuredDrugInformation", core("unstructuredInformation", what.name))


def _dosage(step: Dosage, scribe: Scribe) -> Element:
    core, spare = scribe.core, scribe.manner.has(Habit.NO_UNIT_DOSE)
    unit = step.dose.unit if step.dose else ""
    given = _timed(step.shape, step.dose, step.text, scribe)
    return core.root(
        "dosage",
        _length(step, scribe),
        core("dosageInstruction", step.text),
        None if spare else scribe.text_only("unitDose", unit),
        None if spare else core("shortNotation", step.short or None),
        None if step.as_needed else core("setDosage", given),
        _maximum(step, scribe),
        core("conditionalDosage", core("conditionDescription", step.as_needed), given) if step.as_needed else None,
    )


def _length(step: Dosage, scribe: Scribe) -> Element | None:
    if not step.days:
        return None
    core = scribe.core
    low = None if step.days_are_maximum else core("low", double(step.days, scribe))
    interval = core("treatmentInterval", low, core("high", double(step.days, scribe)), core("unit", "d"))
    return core("lengthOfTreatment", interval, core("isMaximumTreatmentTime", boolean(step.days_are_maximum)))


def _maximum(step: Dosage, scribe: Scribe) -> Element | None:
    if step.maximum is None:
        return None
    dose, days = step.maximum
    shape: Shape = Frequency("1") if days == "1" else Period(days, "d")
    return scribe.core("maximumDosage", _timed(shape, dose, step.text, scribe))


def _timed(shape: Shape, dose: Dose | None, text: str, scribe: Scribe) -> Element | None:
    """The one structure that says how often; words alone where the dose is not known."""
    core = scribe.core
    match shape:
        case Frequency(times, per) if dose:
            return core("frequencyDosage", _dose(dose, scribe), _quantity("frequency", times, f"per {per}", scribe))
        case Period(every, unit) if dose:
            return core("periodDosage", _dose(dose, scribe), _quantity("period", every, unit, scribe))
        case Occasions(at, days):
            return core(
                "occasionDosage",
                _quantity("period", str(days), "d", scribe),
                *(_occasion(time, given, scribe) for time, given in at),
            )
        case Ramp(start, end, by, every):
            return core(
                "rampedDosage",
                _quantity("doseStep", by, start.unit, scribe),
                _quantity("timeStep", str(every), "d", scribe),
                core("rampStart", _timed(Frequency("1"), start, text, scribe)),
                core("rampEnd", _timed(Frequency("1"), end, text, scribe)),
            )
        case Single(at) if dose:
            return core("singleDose", _dose(dose, scribe), core("time", moment_or_none(at)))
        case Frequency() | Period() | Single() | Unstructured():
            return core("unstructuredDosageInformation", core("text", text))


def _occasion(time: str, dose: Dose, scribe: Scribe) -> Element | None:
    core = scribe.core
    return core("administration", _dose(dose, scribe), core("time", time or None), core("dayOfPeriod", "1"))


def _dose(dose: Dose, scribe: Scribe) -> Element | None:
    core = scribe.core
    low, high = double(dose.low, scribe), double(dose.high, scribe)
    return core("dose", core("low", low), core("high", high), core("unit", dose.unit))


def _quantity(name: str, value: str, unit: str, scribe: Scribe) -> Element | None:
    core, units = scribe.core, WORDS if scribe.manner.has(Habit.UNIT_WORDS) else UCUM
    return core(name, core("value", double(value, scribe)), core("unit", units.get(unit, unit)))
