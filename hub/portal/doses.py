"""What is to be taken, how often and when: in the prescriber's words, else in ours; what no words are found for is never left out
unsaid."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.fhir.resource import Resource
from hub.portal.language import Words
from hub.portal.values import decimal, extension, quantity, text_of, when

_TOLD = frozenset(
    (
        *("extension", "sequence", "route", "text", "timing", "doseAndRate", "additionalInstruction", "patientInstruction"),
        *("asNeededBoolean", "asNeededCodeableConcept", "maxDosePerPeriod"),
    )
)
"""Elements of a Dosage that are told; of as-needed the group tells, of the route the form."""
_LIMITED = re.compile(r"\b(?:högst|max|maxdos|maximalt|most)\b", re.IGNORECASE)
"""Words by which a prescriber tells the most that may be taken."""
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)?")
_REPEATED = frozenset(("frequency", "frequencyMax", "period", "periodUnit", "when", "timeOfDay", "dayOfWeek"))
_BOUNDS = ("boundsPeriod", "boundsRange", "boundsDuration")
"""For how long: the group, and the source's words, tell of that."""
PERIODS = ("min", "h", "d", "wk", "mo", "a")
WHEN = ("MORN", "NOON", "AFT", "EVE", "NIGHT", "HS", "AC", "PC", "C")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Codes of units-of-time, event-timing and days-of-week that there are words for; others are told as they are written."""


def dose(dosage: Sequence[Any], words: Words) -> str:
    """All parts of a dosage, in their order."""
    said = [_part(part, words) for part in dosage if isinstance(part, Mapping)]
    return "; ".join(dict.fromkeys(each for each in said if each))


def _part(part: Mapping[str, Any], words: Words) -> str:
    text = str(part.get("text", "")) or _structured(part, words) or str(part.get("patientInstruction", ""))
    beside = [
        *(text_of(each) for each in part.get("additionalInstruction", ())),
        text_of(part.get("asNeededCodeableConcept")),
        _most(part.get("maxDosePerPeriod"), text, words),
        "" if part.get("text") or not part.keys() - _TOLD else words("dose.more"),
    ]
    return ", ".join([*([text] if text else []), *(each for each in beside if each and each.casefold() not in text.casefold())])


def to_patient(dosage: Sequence[Any], elsewhere: str, words: Words) -> str:
    """What the patient is told of it, apart from the dose, which it may say again. `elsewhere`: what is told already."""
    said = dict.fromkeys(str(part.get("patientInstruction", "")) for part in dosage if isinstance(part, Mapping))
    told = "; ".join(each for each in said if each and each.casefold() not in elsewhere.casefold())
    return words("dose.to-patient", said=told) if told else ""


def _structured(part: Mapping[str, Any], words: Words) -> str:
    """`1 tablett 2 gånger per dag`."""
    amounts = [said for each in part.get("doseAndRate", ()) if (said := _amount(each, words))]
    day = extension(part, "day-of-period")
    found = [*amounts, words("dose.day", day=day) if day else "", *_timing(part.get("timing", {}), words)]
    return " ".join(each for each in found if each)


def _amount(held: Resource, words: Words) -> str:
    span = held.get("doseRange", {})
    ends = "–".join(said for name in ("low", "high") if (said := quantity(span.get(name), words)))
    lone = "" if len(span) != 1 else "≥" if "low" in span else "≤"
    said = quantity(held.get("doseQuantity"), words) or f"{lone}{ends}"
    return said if said and not held.keys() - {"type", "doseQuantity", "doseRange"} else f"{said} {words('dose.more')}".strip()


def _timing(timing: Resource, words: Words) -> Iterable[str]:
    """When and how often: in the short form that the source gave, else as it is structured."""
    if code := text_of(timing.get("code")):
        return [code]
    repeat = timing.get("repeat", {})
    said = [_often(repeat, words), *_moments(repeat, words), *(when(each, words) for each in timing.get("event", ()))]
    unsaid = timing.keys() - {"repeat", "event"} or repeat.keys() - _REPEATED - {*_BOUNDS}
    return [*said, words("dose.more")] if unsaid or not _is_read(repeat) else said


def _is_read(repeat: Resource) -> bool:
    """Whether its period is one that there are words for."""
    return "period" not in repeat or repeat.get("periodUnit") in PERIODS


def _often(repeat: Resource, words: Words) -> str:
    period = _period(repeat.get("period"), str(repeat.get("periodUnit", "")), words)
    times, most = decimal(repeat.get("frequency", 1)), decimal(repeat.get("frequencyMax"))
    if not period or times is None:
        return ""
    said = words.number(times) if most is None else f"{words.number(times)}–{words.number(most)}"
    return words("dose.often", count=1 if said == "1" else 2, times=said, period=period)


def _period(value: Any, unit: str, words: Words) -> str:
    number = decimal(value)
    if number is None or unit not in PERIODS:
        return ""
    return words(f"dose.period-{unit}", count=1 if number == Decimal(1) else 2, number=words.number(number))


def _moments(repeat: Resource, words: Words) -> Iterable[str]:
    yield from (words(f"dose.when-{each}") if each in WHEN else str(each) for each in repeat.get("when", ()))
    yield from (words(f"dose.day-{each}") if each in DAYS else str(each) for each in repeat.get("dayOfWeek", ()))
    times = [str(each)[:5].replace(":", "." if words.language == "sv" else ":") for each in repeat.get("timeOfDay", ())]
    if times:
        yield words("dose.at", times=", ".join(times))


def _most(held: Any, text: str, words: Words) -> str:
    """The most that may be taken in a time, of all words here the last to be left out: only where the prescriber's words limit
    something, and name the same number."""
    if not isinstance(held, Mapping):
        return ""
    most = decimal(held.get("numerator", {}).get("value"))
    if _LIMITED.search(text) and most is not None and words.number(most) in _NUMBERS.findall(text):
        return ""
    span = held.get("denominator", {})
    period = _period(span.get("value"), str(span.get("code") or span.get("unit") or ""), words)
    return words("dose.most", most=quantity(held.get("numerator"), words), period=period or quantity(span, words))
