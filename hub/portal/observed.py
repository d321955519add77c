"""What an observation says: its value, how the source marked it, the interval it was compared with."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.fhir.resource import Resource
from hub.portal.language import Words
from hub.portal.values import decimal, quantity, text_of

HIGH, LOW = ("H", "HH", "HU", "H>"), ("L", "LL", "LU", "L<")
V3 = "ObservationInterpretation"
MEANING = "normal"
"""The kind of interval (referencerange-meaning) that a value is compared with; one of no kind is of this one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands beside a value. At most one of the laboratory's word and `outside` is there."""

    flag: str = ""
    """`high`, `low`, `abnormal` or nothing: the laboratory's own code."""
    said: str = ""
    """Its own words, where it gave no code; which way they point is not read out of them."""
    outside: str = ""
    """`high` or `low`: no word of the laboratory's, and the value lies outside the interval that was sent with it."""

    @property
    def direction(self) -> str:
        """`high`, `low` or nothing, as a chart draws it."""
        return self.flag if self.flag in ("high", "low") else self.outside

    def __bool__(self) -> bool:
        return bool(self.flag or self.said or self.outside)


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
    codes = [code for concept in part.get("interpretation", ()) for code in _codes(concept)]
    if any(code in HIGH for code in codes):
        return "high"
    if any(code in LOW for code in codes):
        return "low"
    return "abnormal" if any(code in ("A", "AA") for code in codes) else ""


def mark(part: Resource) -> Mark:
    """How a value is marked: by the laboratory's code and its uncoded words; only where it says nothing, by the interval."""
    told = part.get("interpretation", ())
    words = dict.fromkeys(text_of(concept) for concept in told if not _codes(concept))
    said = ", ".join(each for each in words if each)
    spoken = bool(said) or any(_codes(concept) for concept in told)
    return Mark(flag(part), said, "" if spoken else outside(part))


def _codes(concept: Resource) -> list[str]:
    held = (coding for coding in concept.get("coding", ()) if str(coding.get("system", "")).endswith(V3))
    return [str(code) for coding in held if (code := coding.get("code"))]


def outside(part: Resource) -> str:
    """`high` or `low`: the number is certainly outside the one normal interval that was sent with it, in the same unit.

    A limit (`<5`) is outside where all that it can stand for is. Nothing is said of several intervals, nor of a value at an end.
    """
    intervals, held = part.get("referenceRange", ()), part.get("valueQuantity", {})
    value = decimal(held.get("value"))
    if value is None or not value.is_finite() or len(intervals) != 1 or not _is_normal(intervals[0]):
        return ""
    comparator = str(held.get("comparator", ""))
    low, high = (end(intervals[0], name) if _unit(intervals[0].get(name)) == _unit(held) else None for name in ("low", "high"))
    if (
        high is not None
        and high.is_finite()
        and comparator in ("", ">", ">=")
        and (value > high or (value == high and comparator == ">"))
    ):
        return "high"
    if (
        low is not None
        and low.is_finite()
        and comparator in ("", "<", "<=")
        and (value < low or (value == low and comparator == "<"))
    ):
        return "low"
    return ""


def _is_normal(interval: Resource) -> bool:
    codings = interval.get("type", {}).get("coding", ())
    return not interval.get("type") or any(coding.get("code") == MEANING for coding in codings)


def _unit(held: Any) -> str:
    """A unit by its code, else as it is written; empty: none is said."""
    return str(held.get("code") or held.get("unit") or "") if isinstance(held, dict) else ""


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
