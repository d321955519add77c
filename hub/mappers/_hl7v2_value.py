"""OBX-5 as Observation.value[x], with units, reference range and interpretation. Digits stay as they were sent.

Source: HL7 v2.5.1 chapter 7.4.2; tables 0078 and 0125.
"""

import re
from decimal import Decimal
from functools import lru_cache

from hub.fhir.resource import Resource
from hub.fhir.swedish_time import from_digits
from hub.mappers._er7 import Marks, Segment, components, part, unescape
from hub.mappers._hl7v2 import Reading, code_system, concept
from hub.mappers._ucum import is_ucum

UCUM = "http://unitsofmeasure.org"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
INTERPRETATIONS = (
    frozenset(("A", "AA", "B", "CAR", "D", "DET", "E", "EX", "EXP", "H", "H>", "HH", "HM", "HU", "HX", "I", "IND", "L", "L<"))
    | frozenset(("LL", "LU", "LX", "MS", "N", "NCL", "ND", "NEG", "NR", "NS", "POS", "R", "RR", "S", "SDD", "SYN-R", "SYN-S"))
    | frozenset(("U", "UNE", "VS", "W", "WR", "<", ">"))
)
"""Of table 0078, the codes that mean the same in v3-ObservationInterpretation."""
COMPARATORS = ("<", "<=", ">", ">=")
TEXTS = ("ST", "TX", "FT", "")
TYPES = frozenset(("NM", "SN", "CE", "CWE", "CNE", "CF", "IS", "DT", "TS", "DTM", "TM", "NR"))
"""Of table 0125, those that are read as more than text."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:[.,][0-9]{1,30})?", re.ASCII)
_COMPARED = re.compile(r"(<=|>=|<|>)\s*([+-]?[0-9]{1,30}(?:[.,][0-9]{1,30})?)", re.ASCII)
_RANGE = re.compile(r"([0-9]{1,30}(?:[.,][0-9]{1,30})?)\s*[-–]\s*([0-9]{1,30}(?:[.,][0-9]{1,30})?)", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:\.[0-9]{1,6})?)?", re.ASCII)


def values(reading: Reading, obx: Segment) -> list[Resource]:
    """Each repetition of OBX-5 as `{"valueX": …}`; text has its repetitions as lines of one.

    What is not of its type stays as text, and an issue says so.
    """
    kind, whole = obx.text(2), obx.field(5)
    if kind == "NM" and _NUMBER.fullmatch(whole):
        return [{"valueQuantity": {"value": _decimal(whole), **units(reading, obx)}}]
    if kind in TEXTS:
        text = obx.whole(5)
        return [{"valueString": text}] if text else []
    if kind in ("ED", "RP"):
        return []
    measured = units(reading, obx)
    found = []
    for one in obx.repetitions(5):
        value = _typed(reading, kind, one, measured)
        if value is None:
            reading.refuse(obx, 5, f"not a value of its type ({kind if kind in TYPES else 'unknown'}): kept as text")
            value = {"valueString": _text(reading, one)}
        found.append(value)
    return found


def units(reading: Reading, obx: Segment) -> Resource:
    """OBX-6 as the unit part of a Quantity."""
    one = obx.first(6)
    return unit(one, reading.message.marks, reading.own) if one else {}


@lru_cache(maxsize=1024)
def unit(one: str, marks: Marks, own: str) -> Resource:
    """{unit, system, code} of a coded unit: a system only for UCUM and named systems."""
    code, text, system = components(one, marks, 3)[:3]
    shown = {"unit": text or code} if text or code else {}
    if system in ("UCUM", "") and is_ucum(code):
        return {**shown, "system": UCUM, "code": code}
    if code and system not in ("", "L", "UCUM"):
        return {**shown, "system": code_system(system, own), "code": code}
    return shown


def decimal(written: str) -> Decimal | None:
    """A number digit by digit, comma or point; None for what is none."""
    return _decimal(written) if _NUMBER.fullmatch(written) else None


def reference_range(reading: Reading, obx: Segment) -> list[Resource]:
    """OBX-7: its text as sent, and low and high where it is two numbers."""
    return _ranges(obx.whole(7).strip(), obx.first(6), reading.message.marks, reading.own)


@lru_cache(maxsize=2048)
def _ranges(text: str, coded: str, marks: Marks, own: str) -> list[Resource]:
    found = _RANGE.fullmatch(text)
    low, high = (_decimal(found[1]), _decimal(found[2])) if found else (Decimal(1), Decimal(0))
    if low > high:
        return [{"text": text}] if text else []
    measured = unit(coded, marks, own) if coded else {}
    return [{"low": {"value": low, **measured}, "high": {"value": high, **measured}, "text": text}]


def interpretation(reading: Reading, obx: Segment) -> list[Resource]:
    """OBX-8: codes of table 0078; another flag is kept as text. Absent is not normal."""
    return _flags(obx.field(8), reading.message.marks, reading.own)


@lru_cache(maxsize=512)
def _flags(field: str, marks: Marks, own: str) -> list[Resource]:
    found = [_flag(one, marks, own) for one in field.split(marks.repetition) if one and one != '""']
    return [one for one in found if one]


def _flag(one: str, marks: Marks, own: str) -> Resource | None:
    code = part(one, marks)
    if code in INTERPRETATIONS:
        return {"coding": [{"system": INTERPRETATION, "code": code}]}
    return concept(one, marks, own) if marks.component in one else {"text": unescape(one, marks)}


def _typed(reading: Reading, kind: str, one: str, unit: Resource) -> Resource | None:
    if kind == "NM":
        return _number(_text(reading, one).strip(), unit)
    if kind == "SN":
        return _structured([part(one, reading.message.marks, n).strip() for n in range(1, 5)], unit)
    if kind in ("CE", "CWE", "CNE", "CF", "IS"):
        found = reading.concept(one)
        return {"valueCodeableConcept": found} if found else None
    if kind in ("DT", "TS", "DTM"):
        return _time(part(one, reading.message.marks))
    if kind == "TM":
        return _clock(part(one, reading.message.marks))
    if kind == "NR":
        return _range(part(one, reading.message.marks), part(one, reading.message.marks, 2), unit)
    return None


def _number(written: str, unit: Resource) -> Resource | None:
    if _NUMBER.fullmatch(written):
        return {"valueQuantity": {"value": _decimal(written), **unit}}
    compared = _COMPARED.fullmatch(written)
    if compared:
        return {"valueQuantity": {"value": _decimal(compared[2]), "comparator": compared[1], **unit}}
    return None


def _structured(parts: list[str], unit: Resource) -> Resource | None:
    """SN: comparator, number, separator, number. `>^100`, `^100^-^200`, `^1^:^128`, `^2^+`."""
    comparator, first, separator, second = parts
    if comparator == "=":
        comparator = ""
    compared = {"comparator": comparator} if comparator else {}
    if not _NUMBER.fullmatch(first) or (comparator and comparator not in COMPARATORS):
        return None
    if separator == "+" and not second and not comparator:
        return {"valueString": f"{first}+"}
    if not separator and not second:
        return {"valueQuantity": {"value": _decimal(first), **compared, **unit}}
    if not _NUMBER.fullmatch(second):
        return None
    if separator in (":", "/"):
        return {
            "valueRatio": {
                "numerator": {"value": _decimal(first), **compared, **unit},
                "denominator": {"value": _decimal(second)},
            }
        }
    return _range(first, second, unit) if separator == "-" and not comparator else None


def _range(low: str, high: str, unit: Resource) -> Resource | None:
    bounds = {name: written for name, written in (("low", low), ("high", high)) if written}
    if not bounds or not all(map(_NUMBER.fullmatch, bounds.values())):
        return None
    if len(bounds) == 2 and _decimal(low) > _decimal(high):
        return None
    return {"valueRange": {name: {"value": _decimal(written), **unit} for name, written in bounds.items()}}


def _time(written: str) -> Resource | None:
    try:
        return from_digits(written).element("valueDateTime")
    except ValueError:
        return None


def _clock(written: str) -> Resource | None:
    if not _TIME.fullmatch(written):
        return None
    return {"valueTime": f"{written[:2]}:{written[2:4]}:{written[4:] or '00'}"}


def _text(reading: Reading, one: str) -> str:
    return unescape(one, reading.message.marks)


def _decimal(written: str) -> Decimal:
    return Decimal(written.replace(",", "."))
