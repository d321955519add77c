"""What an observation says: its value, the laboratory's flag, the interval it was compared with."""

from decimal import Decimal
from typing import Any

from hub.fhir.resource import Resource
from hub.portal.language import Words
from hub.portal.values import decimal, quantity, text_of

HIGH, LOW = ("H", "HH", "HU", "H>"), ("L", "LL", "LU", "L<")
V3 = "ObservationInterpretation"


def shown(part: Resource, words: Words) -> str:
    """The value of an observation or component, as it was sent."""
    for name, value in part.items():
        match name:
            case "valueQuantity":
                return quantity(value, words)
            case "valueCodeableConcept":
                return text_of(value)
            case "valueString" | "valueDateTime" | "valueTime":
                return str(value)
            case "valueInteger":
                number = decimal(value)
                return str(value) if number is None else words.number(number)
            case "valueBoolean":
                return words("value.yes" if value else "value.no")
            case "valueRange":
                return f"{quantity(value.get('low'), words)}–{quantity(value.get('high'), words)}"
            case "valueRatio":
                return f"{quantity(value.get('numerator'), words)} / {quantity(value.get('denominator'), words)}"
    return words("results.no-value")


def flag(part: Resource) -> str:
    """The laboratory's own flag: `high`, `low`, `abnormal` or nothing; never reckoned from the interval."""
    codes = [
        str(coding.get("code", ""))
        for concept in part.get("interpretation", ())
        for coding in concept.get("coding", ())
        if str(coding.get("system", "")).endswith(V3)
    ]
    if any(code in HIGH for code in codes):
        return "high"
    if any(code in LOW for code in codes):
        return "low"
    return "abnormal" if any(code in ("A", "AA") for code in codes) else ""


def reference(interval: Resource, words: Words) -> str:
    """The interval that was sent with the result, in words."""
    if interval.get("text"):
        return str(interval["text"])
    low, high = (end(interval, name) for name in ("low", "high"))
    if low is not None and high is not None:
        return f"{words.number(low)}–{words.number(high)}"
    return f">{words.number(low)}" if low is not None else f"<{words.number(high)}" if high is not None else ""


def end(interval: Resource, name: str) -> Decimal | None:
    """`low` or `high` of an interval; None: it is open there."""
    held: Any = interval.get(name, {})
    return decimal(held.get("value")) if isinstance(held, dict) else None
