"""What FHIR elements say, as texts: names, codes, times, quantities. Clinical content stays in the source's language."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from hub.fhir.resource import Resource
from hub.fhir.swedish_time import LOCAL, from_dashes
from hub.portal.language import Words

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def text_of(concept: Any) -> str:
    """A CodeableConcept in words; its code, if it has no words."""
    if not isinstance(concept, Mapping):
        return ""
    codings = [coding for coding in concept.get("coding", ()) if isinstance(coding, Mapping)]
    shown = (str(coding.get(name, "")) for name in ("display", "code") for coding in codings)
    return str(concept.get("text") or next((each for each in shown if each), ""))


def words_of(concept: Any) -> str:
    """A CodeableConcept in words; empty where it has a code alone."""
    codes = {str(each.get("code", "")) for each in concept.get("coding", ())} if isinstance(concept, Mapping) else set()
    said = text_of(concept)
    return "" if said in codes else said


def first_text(concepts: Any) -> str:
    """The first of several CodeableConcepts in words."""
    return next((said for each in concepts or () if (said := text_of(each))), "")


def moment(written: Any) -> datetime | None:
    """When a FHIR date, dateTime or instant begins; None: none is given, or it is no time."""
    return _moment(written) if isinstance(written, str) and written else None


@lru_cache(maxsize=20_000)
def _moment(written: str) -> datetime | None:
    try:
        return from_dashes(written).begins.astimezone(LOCAL)
    except (ValueError, OverflowError):
        return None


def has_time(written: Any) -> bool:
    """Whether a FHIR dateTime says an hour."""
    return isinstance(written, str) and "T" in written


def when(written: Any, words: Words) -> str:
    """A FHIR date in words, as exact as it is given; as it was written where no calendar holds it; empty where there is none."""
    found = moment(written)
    if found is None:
        return written if isinstance(written, str) else ""
    if len(str(written)) == 4:
        return str(written)
    return words.day(found)


def effective(resource: Resource) -> str:
    """The clinically relevant time of an Observation, as it was written."""
    period = resource.get("effectivePeriod", {})
    return str(
        resource.get("effectiveDateTime")
        or resource.get("effectiveInstant")
        or period.get("start")
        or period.get("end")
        or resource.get("issued")
        or ""
    )


def decimal(value: Any) -> Decimal | None:
    """A number as written; None: it is none."""
    try:
        return None if value is None or isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return None


def quantity(held: Any, words: Words) -> str:
    """`<5,0 mg`: comparator, number and unit."""
    if not isinstance(held, Mapping) or (number := decimal(held.get("value"))) is None:
        return ""
    comparator = {"<=": "≤", ">=": "≥"}.get(str(held.get("comparator", "")), str(held.get("comparator", "")))
    unit = unit_in_words(str(held.get("unit") or held.get("code") or ""))
    return f"{comparator}{words.number(number)}{' ' + unit if unit else ''}"


@lru_cache(maxsize=1000)
def unit_in_words(unit: str) -> str:
    """A UCUM code as people write it: mm[Hg] is mmHg, umol/L is µmol/L, 10*9/L is 10⁹/L."""
    said = re.sub(r"10[*^]([0-9]+)", lambda found: "10" + found[1].translate(_RAISED), unit)
    said = re.sub(r"\bu(?=mol|g|L|kat)", "µ", said)
    said = re.sub(r"\{([^{}]*)\}", lambda found: found[1].replace("_m2", " m²").replace("_", " ").replace(".", ","), said)
    return said.replace("[", "").replace("]", "")


def extension(resource: Mapping[str, Any], name: str) -> str:
    """The text of one of our own extensions."""
    for each in resource.get("extension", ()):
        if str(each.get("url", "")).endswith(f"/{name}"):
            return next((str(value) for key, value in each.items() if key.startswith("value")), "")
    return ""


def human_name(resource: Resource) -> str:
    """A person's name, the name to call by first where it is marked."""
    for name in resource.get("name", ()):
        if name.get("text"):
            return str(name["text"])
        parts = [*name.get("given", ()), name.get("family", "")]
        if any(parts):
            return " ".join(str(part) for part in parts if part)
    return ""


def age(born: date, today: date) -> int:
    """Whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))
