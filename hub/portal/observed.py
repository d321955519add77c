"""What an observation says: its value, and how the source marked it."""

from dataclasses import dataclass
from typing import Any

from hub.fhir.resource import Resource
from hub.portal.intervals import outside
from hub.portal.language import Words
from hub.portal.values import decimal, quantity, text_of, words_of

HIGH, LOW = ("H", "HH", "HU", "H>", "HX"), ("L", "LL", "LU", "L<", "LX")
V3 = "ObservationInterpretation"
ABNORMAL, NORMAL = ("A", "AA"), ("N",)
TOLD = {
    "AA": "critical",
    "HH": "critical",
    "LL": "critical",
    "S": "susceptible",
    "I": "intermediate",
    "R": "resistant",
    "SDD": "dose-dependent",
    "NS": "not-susceptible",
    "POS": "positive",
    "NEG": "negative",
    "IND": "indeterminate",
    "E": "equivocal",
    "DET": "detected",
    "ND": "not-detected",
    "RR": "reactive",
    "WR": "weakly-reactive",
    "NR": "not-reactive",
    "<": "below-scale",
    ">": "above-scale",
}
"""Code of v3-ObservationInterpretation -> the word of ours that says it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands beside a value. At most one of the laboratory's word and `outside` is there."""

    flag: str = ""
    """`high`, `low`, `abnormal` or nothing: the laboratory's own code."""
    said: str = ""
    """Its own words, where it gave no code that is known here; which way they point is not read out of them."""
    told: tuple[str, ...] = ()
    """Further codes of the laboratory's, as `TOLD` calls them."""
    outside: str = ""
    """`high` or `low`: no word of the laboratory's, and the value lies outside the interval that was sent with it."""

    @property
    def direction(self) -> str:
        """`high`, `low` or nothing, as a chart draws it."""
        return self.flag if self.flag in ("high", "low") else self.outside

    def __bool__(self) -> bool:
        return bool(self.flag or self.said or self.told or self.outside)


def shown(part: Resource, words: Words) -> str:
    """The value of an observation or component, as it was sent; in words that there is none and why, or that it is not shown."""
    name = valued(part)
    if not name:
        if part.get("status") == "registered":
            return words("results.awaited")
        return ", ".join(each for each in (words("results.no-value"), words_of(part.get("dataAbsentReason"))) if each)
    return _shown(name, part[name], words) or words("results.no-value")


def valued(part: Resource) -> str:
    """The name of its value[x]; empty: it has none."""
    return next((name for name in part if name.startswith("value")), "")


def _shown(name: str, value: Any, words: Words) -> str:
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
    return words("results.not-shown")


def flag(part: Resource) -> str:
    """The laboratory's own flag: `high`, `low`, `abnormal` or nothing; never reckoned from the interval."""
    codes = [code for concept in part.get("interpretation", ()) for code in _codes(concept)]
    if any(code in HIGH for code in codes):
        return "high"
    if any(code in LOW for code in codes):
        return "low"
    return "abnormal" if any(code in ABNORMAL for code in codes) else ""


def mark(part: Resource) -> Mark:
    """How a value is marked: by the laboratory's codes and its uncoded words; only where it says nothing, by the interval."""
    concepts = part.get("interpretation", ())
    said = ", ".join(dict.fromkeys(each for each in map(_said, concepts) if each))
    told = tuple(dict.fromkeys(word for each in concepts for word in _told(each)))
    spoken = bool(said) or any(_codes(each) for each in concepts)
    return Mark(flag(part), said, told, "" if spoken else outside(part))


def _told(concept: Resource) -> list[str]:
    words = [TOLD[code] for code in _codes(concept) if code in TOLD]
    return [word for word in words if word == "critical" or not concept.get("text")]


def _said(concept: Resource) -> str:
    """Its words, unless a flag says them, or a word of ours does where it has none itself."""
    codes = _codes(concept)
    if any(code in (*HIGH, *LOW, *ABNORMAL, *NORMAL) for code in codes):
        return ""
    return str(concept.get("text") or "") if any(code in TOLD for code in codes) else text_of(concept)


def _codes(concept: Resource) -> list[str]:
    held = (coding for coding in concept.get("coding", ()) if str(coding.get("system", "")).endswith(V3))
    return [str(code) for coding in held if (code := coding.get("code"))]
