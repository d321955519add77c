"""Analyses and their results as GetLaboratoryOrderOutcome spells them."""

import re

from hub.demo.rivta.habits import Habit
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.scribe import Scribe, boolean, moment
from hub.demo.world.model import Analysis, Reference, Specimen
from hub.demo.world.values import SNOMED, Code, Interval, Quantity

CORE = Vocabulary("urn:riv:clinicalprocess:healthcond:actoutcome:4")

DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)([.,][0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)

FLAGS = {
    "H": Code("281302008", "Över referensintervall", SNOMED),
    "L": Code("281300000", "Under referensintervall", SNOMED),
    "A": Code("263654008", "Avvikande", SNOMED),
    "N": Code("260395002", "Normalt intervall", SNOMED),
    "HH": Code("", "Kraftigt förhöjt"),
    "LL": Code("", "Kraftigt sänkt"),
    "S": Code("", "Känslig"),
    "I": Code("", "Känslig vid ökad exponering"),
    "R": Code("", "Resistent"),
}
STATES = {"preliminary": "Preliminärt", "corrected": "Rättat", "cancelled": "Makulerat"}
"""Other states go without words: an absent status means completed, and what has no result yet has none to show."""


def analysis(what: Analysis, specimen: Specimen | None, scribe: Scribe) -> Element | None:
    """AnalysisType; those beneath a result inherit its specimen and name none."""
    return CORE(
        "analysis",
        scribe.local_id("identifier", what.key),
        CORE("timestamp", moment(what.time)),
        scribe.cv("code", what.code),
        scribe.text_only("method", what.method),
        scribe.text_only("status", STATES.get(what.status, "")),
        CORE("comment", what.comment or None),
        CORE("accredited", None if what.accredited is None else boolean(what.accredited)),
        _specimen(specimen, scribe) if specimen else None,
        _result(what, scribe),
    )


def _specimen(specimen: Specimen, scribe: Scribe) -> Element | None:
    return CORE(
        "specimen",
        scribe.local_id("identifier", specimen.key),
        scribe.cv("material", specimen.material, local=True),
        CORE("timestamp", moment(specimen.collected)),
        scribe.text_only("anatomicalLocation", specimen.site),
        CORE("comment", specimen.note or None),
    )


def _result(what: Analysis, scribe: Scribe) -> Element | None:
    if what.value is None and not what.related:
        return None
    unit = what.value.unit if isinstance(what.value, Quantity | Interval) else ""
    return CORE(
        "result",
        CORE("value", _value(what, scribe)),
        scribe.cv("interpretation", FLAGS.get(what.interpretation), local=True),
        _reference(what.reference, unit, scribe) if what.reference else None,
        *(CORE("related", *beneath.content) for below in what.related if (beneath := analysis(below, None, scribe))),
    )


def _value(what: Analysis, scribe: Scribe) -> Element | None:
    """Exactly one of cv, pq, intervalPQ and st."""
    match what.value:
        case Quantity(number, unit, ""):
            return _quantity(number, unit, scribe)
        case Quantity(number, unit, comparator):
            return _compared(number, unit, comparator, scribe)
        case Interval(low, high, unit):
            return _interval("intervalPQ", low, high, unit, scribe)
        case Code() as code:
            return scribe.cv("cv", code)
        case str(text):
            return CORE("st", text)
        case None:
            return CORE("st", "Se delresultat")


def _quantity(number: str, unit: str, scribe: Scribe) -> Element | None:
    if not DECIMAL.fullmatch(number):
        return CORE("st", f"{number} {unit}".strip())
    return CORE("pq", CORE("value", _decimal(number, scribe)), CORE("unit", unit))


def _compared(number: str, unit: str, comparator: str, scribe: Scribe) -> Element | None:
    below = comparator.startswith("<")
    if below and scribe.manner.has(Habit.COMPARATOR_TEXT):
        return CORE("st", comparator + _decimal(number, scribe))
    silent = scribe.manner.has(Habit.ONE_BOUND)
    closed = None if silent else boolean(comparator.endswith("="))
    bound = (
        CORE("high" if below else "low", _decimal(number, scribe)),
        CORE("highClosed" if below else "lowClosed", closed),
    )
    return CORE("intervalPQ", *bound, CORE("unit", unit))


def _interval(name: str, low: str, high: str, unit: str, scribe: Scribe) -> Element | None:
    return CORE(
        name,
        CORE("low", _decimal(low, scribe) if low else None),
        CORE("lowClosed", "true" if low else None),
        CORE("high", _decimal(high, scribe) if high else None),
        CORE("highClosed", "true" if high else None),
        CORE("unit", unit),
    )


def _reference(reference: Reference, unit: str, scribe: Scribe) -> Element | None:
    interval = reference.low or reference.high
    return CORE(
        "reference",
        _interval("interval", reference.low, reference.high, unit, scribe) if interval else None,
        None if interval else CORE("description", reference.text or None),
        CORE("population", reference.population or None),
    )


def _decimal(number: str, scribe: Scribe) -> str:
    return number.replace(".", ",") if scribe.manner.has(Habit.COMMA) else number
