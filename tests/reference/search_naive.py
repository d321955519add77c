"""A second opinion on search: the specification's sentences, read one at a time, slow and plain. Knows nothing of `hub`.

Takes resources and written parameter values; covers a few parameters of Observation and Patient, one or more of each kind.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from fractions import Fraction

FOREVER = Fraction(10) ** 30


def matches(resource: dict, name: str, written: str, now: datetime) -> bool:
    """Whether the resource is a hit of `name=written`: commas are alternatives."""
    kind, elements = PARAMETERS[resource["resourceType"]][name]
    return any(KINDS[kind](element, value, now) for value in split(written, ",") for element in elements(resource))


def split(written: str, separator: str) -> list[str]:
    return re.split(r"(?<!\\)" + re.escape(separator), written)


def plain(written: str) -> str:
    for character in ",|$\\":
        written = written.replace("\\" + character, character)
    return written


def code(element, written, now):
    """A code, its CodeableConcept or Coding; letter case does not count, and a `code` has no system of its own."""
    if isinstance(element, bool):
        return plain(written) == ("true" if element else "false")
    if isinstance(element, str):
        element = {"code": element}
    codings = element.get("coding", [element])
    asked = split(written, "|")
    for coding in codings:
        if "code" not in coding:
            continue
        same_code = plain(asked[-1]).lower() == coding["code"].lower()
        if len(asked) == 1 and same_code:
            return True
        same_system = plain(asked[0]) == coding.get("system", "")
        if len(asked) == 2 and same_system and (same_code or asked[1] == ""):
            return True
    return False


def identifier(element, written, now):
    """An Identifier; letter case counts."""
    asked = split(written, "|")
    if len(asked) == 1:
        return plain(asked[0]) == element["value"]
    return plain(asked[0]) == element.get("system", "") and plain(asked[1]) in (element["value"], "")


def string(element, written, now):
    """Begins so, whatever the case and accents; å, ä and ö are letters."""
    name = element if isinstance(element, dict) else {"text": element}
    texts = [name.get("text"), name.get("family"), *name.get("given", [])]
    return any(bare(text).startswith(bare(plain(written))) for text in texts if text)


def bare(text: str) -> str:
    kept = []
    for letter in unicodedata.normalize("NFC", text.lower()):
        kept.append(letter if letter in "åäö" else unicodedata.normalize("NFD", letter)[0])
    return "".join(kept)


def reference(element, written, now):
    """A logical id, Type/id, or a URL."""
    held = element.get("reference", "")
    return plain(written) == held or (held.count("/") == 1 and plain(written) == held.split("/")[1])


def date(element, written, now):
    """Compares two ranges of time, as section 3.1.1.4.8 says of each prefix."""
    prefix, value = (written[:2], written[2:]) if written[:2].isalpha() else ("eq", written)
    low, high = covers(value)
    start, end = covers(element)
    above = end > high
    below = start < low
    within = low <= start and end <= high
    moment = seconds(now)
    gap = Fraction(0) if low <= moment <= high else min(abs(moment - low), abs(moment - high))
    near = start < high + gap / 10 and end > low - gap / 10
    return {
        "eq": within,
        "ne": not within,
        "gt": above,
        "lt": below,
        "ge": above or within,
        "le": below or within,
        "sa": start >= high,
        "eb": end <= low,
        "ap": near,
    }[prefix]


def covers(element):
    if isinstance(element, dict):
        return (
            covers(element["start"])[0] if "start" in element else -FOREVER,
            covers(element["end"])[1] if "end" in element else FOREVER,
        )
    fraction = re.search(r"\.(\d+)", element)
    if fraction:
        low, _ = covers(element.replace(fraction[0], ""))
        low += Fraction(int(fraction[1]), 10 ** len(fraction[1]))
        return low, low + Fraction(1, 10 ** len(fraction[1]))
    moment, width = read(element)
    return seconds(moment), seconds(moment + width) if width else seconds(after(moment, element))


def read(element):
    for form, width in FORMS:
        try:
            moment = datetime.strptime(element, form)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC), width
    raise ValueError(element)


FORMS = [
    ("%Y", None),
    ("%Y-%m", None),
    ("%Y-%m-%d", timedelta(days=1)),
    ("%Y-%m-%dT%H:%M", timedelta(minutes=1)),
    ("%Y-%m-%dT%H:%M%z", timedelta(minutes=1)),
    ("%Y-%m-%dT%H:%M:%S", timedelta(seconds=1)),
    ("%Y-%m-%dT%H:%M:%S%z", timedelta(seconds=1)),
]


def after(moment, element):
    """The start of the next year or month."""
    if len(element) == 4 or moment.month == 12:
        return moment.replace(year=moment.year + 1, month=1)
    return moment.replace(month=moment.month + 1)


def seconds(moment: datetime) -> Fraction:
    """Since the year 1, counted by hand."""
    there = moment.astimezone(UTC)
    return Fraction(there.toordinal() * 86400 + there.hour * 3600 + there.minute * 60 + there.second) + Fraction(
        there.microsecond, 1_000_000
    )


def one(*names):
    return lambda resource: [resource[name] for name in names if name in resource]


KINDS = {"code": code, "identifier": identifier, "string": string, "reference": reference, "date": date}
PARAMETERS = {
    "Observation": {
        "status": ("code", one("status")),
        "code": ("code", one("code")),
        "category": ("code", lambda resource: resource.get("category", [])),
        "identifier": ("identifier", lambda resource: resource.get("identifier", [])),
        "date": ("date", one("effectiveDateTime", "effectivePeriod")),
        "subject": ("reference", one("subject")),
        "performer": ("reference", lambda resource: resource.get("performer", [])),
        "value-string": ("string", one("valueString")),
    },
    "Patient": {
        "name": ("string", lambda resource: resource.get("name", [])),
        "family": ("string", lambda resource: [name["family"] for name in resource.get("name", []) if "family" in name]),
        "active": ("code", one("active")),
        "birthdate": ("date", one("birthDate")),
    },
}
