"""Reference intervals: how they read, which is compared with, and whether a value is certainly outside."""

import re
from decimal import Decimal
from typing import Any

from hub.fhir.resource import Resource
from hub.portal.language import Words
from hub.portal.values import decimal, extension, quantity, text_of, unit_in_words

MEANING = "normal"
"""The kind of interval (referencerange-meaning) that a value is compared with; one of no kind is of this one."""
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_SIGNED = re.compile(r"([<>≤≥]=?)")
_SIGNS = re.compile(r"[-–<>=≤≥()\s]")


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


def references(part: Resource, words: Words) -> str:
    """The intervals that were sent with a value: `3,5–5,0 (vuxna)`."""
    unit = _unit(part.get("valueQuantity"))
    said = (reference(each, unit, words) for each in part.get("referenceRange", ()) if isinstance(each, dict))
    return "; ".join(dict.fromkeys(each for each in said if each))


def reference(interval: Resource, unit: str, words: Words) -> str:
    """One interval: its ends, with their unit where it is not the value's; then whom and what it is for, and what its words add.

    One without ends is told in the source's words, as they were sent.
    """
    text = str(interval.get("text") or "").strip()
    ends = _ends(interval, text, unit, words)
    kind = "" if _is_normal(interval) else text_of(interval.get("type"))
    ages = "–".join(quantity(held, words) for name in ("low", "high") if (held := interval.get("age", {}).get(name)))
    beside = [
        kind,
        *(text_of(each) for each in interval.get("appliesTo", ())),
        ages,
        "" if _adds_nothing(text, interval) else text,
    ]
    if not ends:
        ends = text
        beside = [each for each in beside if each != text]
    added = ", ".join(dict.fromkeys(each for each in beside if each))
    return f"{ends} ({added})" if ends and added else ends or added


def _ends(interval: Resource, text: str, unit: str, words: Words) -> str:
    low, high = (end(interval, name) for name in ("low", "high"))
    numbers = [words.number(each) for each in (low, high) if each is not None]
    if not numbers:
        return ""
    said = "–".join(numbers) if len(numbers) == 2 else f"{_sign(interval, text, low is not None)}{numbers[0]}"
    measured = _units(interval)
    return f"{said} {unit_in_words(measured)}" if measured not in ("", unit) else said


def _sign(interval: Resource, text: str, is_low: bool) -> str:
    """Before a lone end: as the source's words have it, else FHIR's bounds are part of the interval unless it says otherwise."""
    written = _SIGNED.match(text)
    if written and _adds_nothing(text, interval):
        return written[1]
    within = extension(interval, "low-closed" if is_low else "high-closed") != "False"
    return (">" if is_low else "<") if not within else "≥" if is_low else "≤"


def _adds_nothing(text: str, interval: Resource) -> bool:
    """Whether the words of an interval only say its ends again."""
    held = {abs(each) for name in ("low", "high") if (each := end(interval, name)) is not None}
    rest = _SIGNS.sub("", _NUMBER.sub("", text))
    return rest in ("", _units(interval)) and {decimal(each.replace(",", ".")) for each in _NUMBER.findall(text)} <= held


def _units(interval: Resource) -> str:
    return _unit(interval.get("low")) or _unit(interval.get("high"))


def normal(part: Resource) -> Resource:
    """The one interval that a value is compared with; empty: there is none, or there are several."""
    held = [each for each in part.get("referenceRange", ()) if isinstance(each, dict) and _is_normal(each)]
    return held[0] if len(held) == 1 else {}


def ends(part: Resource) -> tuple[Decimal | None, Decimal | None]:
    """The ends of the interval that a value is compared with, where they are of the value's unit, or of none that is said."""
    interval, unit = normal(part), _unit(part.get("valueQuantity"))
    low, high = (end(interval, name) if _unit(interval.get(name)) in ("", unit) else None for name in ("low", "high"))
    return low, high


def end(interval: Resource, name: str) -> Decimal | None:
    """`low` or `high` of an interval; None: it is open there."""
    held: Any = interval.get(name, {})
    return decimal(held.get("value")) if isinstance(held, dict) else None
