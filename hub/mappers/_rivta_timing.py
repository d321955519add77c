"""How often and how long a medicine is taken: RIV-TA's units, ratios and words -> the parts of a FHIR Timing.

Nothing is guessed: what has no exact structure gives None, and the caller keeps it as text.
Source: http://hl7.org/fhir/R4/datatypes.html#Timing
"""

import re
from decimal import Decimal
from fractions import Fraction

from hub.fhir.resource import Resource

MOST_TIMES = 100
LONGEST_PERIOD = 31
"""A frequency that needs larger whole numbers than these is rounding (`0.333 /d`), not an instruction."""
MOST_STEPS = 60
"""Steps that a ramp is expanded to."""

_WORDS = {
    "s": ("sek", "sekund", "sekunder"),
    "min": ("minut", "minuter"),
    "h": ("tim", "timme", "timmar"),
    "d": ("dag", "dagar", "dygn"),
    "wk": ("vecka", "veckor"),
    "mo": ("mån", "månad", "månader"),
    "a": ("år",),
}
_UNITS = {code: code for code in _WORDS} | {word: code for code, words in _WORDS.items() for word in words}

_PER = re.compile(
    r"(?:(?:1|\{[^{}]*\}|ggr\.?|gång(?:er)?)?\s*/|(?:ggr\.?\s+|gång(?:er)?\s+)?per\s)\s*(?P<unit>\w+\.?)", re.IGNORECASE
)
_INVERSE = re.compile(r"(?P<unit>\w+?)\^?-1")
_CLOCK = re.compile(
    r"(?:kl(?:ockan)?\.?\s*)?(?P<hour>[0-9]{1,2})[:.](?P<minute>[0-9]{2})(?::00)?|kl(?:ockan)?\.?\s*(?P<only>[0-9]{1,2})", re.I
)

_WHEN = {
    "MORN": ("morgon", "på morgonen", "morgonen", "till morgonen"),
    "AFT": ("eftermiddag", "på eftermiddagen", "eftermiddagen"),
    "EVE": ("kväll", "på kvällen", "kvällen", "till kvällen"),
    "NIGHT": ("natt", "på natten", "natten"),
    "HS": ("till natten", "vid sänggående", "vid sänggåendet", "före sänggående", "innan sänggående"),
    "WAKE": ("vid uppvaknande", "vid uppvaknandet"),
    "C": ("vid måltid", "till måltid", "i samband med måltid"),
    "AC": ("före måltid", "innan måltid"),
    "PC": ("efter måltid",),
    "CM": ("vid frukost", "till frukost", "till frukosten"),
    "ACM": ("före frukost", "innan frukost", "före frukosten"),
    "PCM": ("efter frukost", "efter frukosten"),
    "CD": ("vid lunch", "till lunch", "till lunchen"),
    "ACD": ("före lunch", "innan lunch", "före lunchen"),
    "PCD": ("efter lunch", "efter lunchen"),
    "CV": ("vid middag", "till middag", "till middagen", "till kvällsmaten"),
    "ACV": ("före middag", "innan middag", "före kvällsmat", "innan kvällsmat"),
    "PCV": ("efter middag", "efter kvällsmat"),
}
_WHEN_OF = {phrase: code for code, phrases in _WHEN.items() for phrase in phrases}


def time_unit(written: str) -> str | None:
    """The UCUM code of a unit of time (`d`, `dygn`); None: not one, or one turned over (`1/d`)."""
    return _UNITS.get(written) or _UNITS.get(written.casefold().rstrip(".") if len(written) > 2 else "")


def per_unit(written: str) -> str | None:
    """The UCUM code of the time that a number of times is per: `/d`, `1/d`, `d-1`, `ggr/dygn`, `per vecka`."""
    found = _PER.fullmatch(written.strip()) or _INVERSE.fullmatch(written.strip())
    return time_unit(found["unit"]) if found else None


def times_per(value: Decimal, unit: str) -> Resource | None:
    """`value` times per `unit`, as Timing.repeat with whole numbers: 0.5 /d is once every second day.

    Gives: frequency, period, periodUnit, whose ratio is exactly `value`; None: no such small whole numbers.
    """
    code = per_unit(unit)
    if code is None or not _is_modest(value):
        return None
    ratio = Fraction(value)
    if ratio.numerator > MOST_TIMES or ratio.denominator > LONGEST_PERIOD:
        return None
    return {"frequency": ratio.numerator, "period": ratio.denominator, "periodUnit": code}


def every(value: Decimal, unit: str) -> Resource | None:
    """Once every `value` `unit`, as Timing.repeat; None: the unit is no time, is turned over (`1/h`), or is not positive."""
    code = time_unit(unit.strip())
    if code is None or not _is_modest(value):
        return None
    return {"frequency": 1, "period": value, "periodUnit": code}


def duration(value: Decimal, unit: str) -> Resource | None:
    """A FHIR Duration, its unit as written; None: the unit is no time."""
    code = time_unit(unit.strip())
    if code is None or not value.is_finite() or value < 0:
        return None
    return {"value": value, "unit": unit.strip(), "system": "http://unitsofmeasure.org", "code": code}


def moment(written: str) -> Resource | None:
    """The hour of the day that a source tells in words, as Timing.repeat: `Klockan 19:30`, `innan lunch`.

    Gives: `timeOfDay` or `when`, never both (tim-10); None: words that are in no table.
    """
    text = " ".join(written.split())
    if found := _CLOCK.fullmatch(text):
        hour, minute = int(found["hour"] or found["only"]), int(found["minute"] or 0)
        return {"timeOfDay": [f"{hour:02d}:{minute:02d}:00"]} if hour < 24 and minute < 60 else None
    code = _WHEN_OF.get(text.casefold().rstrip("."))
    return {"when": [code]} if code else None


def ramp(start: Decimal, end: Decimal, step: Decimal) -> tuple[Decimal, ...] | None:
    """The doses from `start` to `end`, both included; the step's sign is that of the way.

    Gives: None when the way is no whole number of steps, or more than MOST_STEPS.
    """
    if not (start.is_finite() and end.is_finite() and _is_modest(abs(step))) or start == end:
        return None
    signed = abs(step) if end > start else -abs(step)
    count, rest = divmod(end - start, signed)
    if rest or count >= MOST_STEPS:
        return None
    return tuple(start + signed * place for place in range(int(count) + 1))


def _is_modest(value: Decimal) -> bool:
    """A positive number that a person could have meant; also keeps 1E+999999 from being written out."""
    return value.is_finite() and value > 0 and -6 <= value.adjusted() <= 6
