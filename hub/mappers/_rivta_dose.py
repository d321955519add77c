"""How much of a medicine: RIV-TA's dose interval and unit as FHIR Quantity or Range."""

from decimal import Decimal

from hub.fhir.resource import Resource
from hub.mappers._rivta_types import decimal, extension, unit
from hub.mappers._tracked import Node


def dose_of(dose: Node, unit_dose: Resource | None) -> Resource:
    """`doseQuantity` where low is high, else `doseRange` with the bounds that are given; empty where none is."""
    low, high = decimal(dose.one("low")), decimal(dose.one("high"))
    by = amount(dose.one("unit"), unit_dose)
    if low is not None and low == high:
        return {"doseQuantity": {"value": low} | by}
    bounds = {name: {"value": value} | by for name, value in (("low", low), ("high", high)) if value is not None}
    return {"doseRange": bounds} if bounds else {}


def amount(node: Node, unit_dose: Resource | None) -> Resource:
    """The part of a Quantity that says the unit, given `unitDose`, the name of the dose's unit (`tablett`).

    A UCUM unit rules; any other (`{tabl}`, `st`, none) is named by `unitDose`. Where the two differ the other is kept beside.
    """
    sent = unit(node)
    if not unit_dose:
        return sent
    if "code" in sent:
        return {"extension": [extension("unit-dose", "CodeableConcept", unit_dose)]} | sent
    coding = (unit_dose.get("coding") or [{}])[0]
    name = unit_dose.get("text") or coding.get("display") or coding.get("code")
    named = {"unit": name} | {key: coding[key] for key in ("system", "code") if key in coding}
    differs = sent and sent["unit"].strip("{}").casefold() != str(name).casefold()
    return ({"extension": [extension("unit-as-sent", "String", sent["unit"])]} if differs else {}) | named


def number(node: Node) -> str:
    """An xs:double as a reader writes it: `5.0E1` is 50. Its zeros say nothing, unlike a laboratory's."""
    value = decimal(node)
    return _plain(value) if value is not None else ""


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}" if abs(value.adjusted()) < 20 else str(value)


def words(low: Decimal | None, high: Decimal | None, by: str) -> str:
    """An interval as a reader says it: `5–7 dagar`."""
    values = list(dict.fromkeys(_plain(value) for value in (low, high) if value is not None))
    return f"{'–'.join(values)} {by}".strip()
