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
    parts = [""]
    for character in re.findall(r"\\.|.", written, re.DOTALL):
        if character == separator:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def plain(written: str) -> str:
    return re.sub(r"\\([,|$\\])", r"\1", written)


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


def number(element, written, now):
    """A number without unit."""
    return quantity(element if isinstance(element, dict) else {"value": element}, written, now)


def quantity(element, written, now):
    """A number, with system|code or ||unit; what the resource tells may be a range with an open end."""
    value, *unit = split(written, "|")
    if unit and not any(same_unit(one, *map(plain, unit)) for one in (element, element.get("low", {}), element.get("high", {}))):
        return False
    prefix, digits = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    exact = Fraction(digits)
    low, low_in, high, high_in = told(element)
    if low is None:
        return False
    above, below = high > exact, low < exact
    alone = low == high == exact
    half = leeway(digits)
    near = abs(exact) / 10
    within = low >= exact - half and (high < exact + half or (high == exact + half and not high_in))
    reaches_up = low < exact + near or (low == exact + near and low_in)
    reaches_down = high > exact - near or (high == exact - near and high_in)
    return {
        "eq": within,
        "ne": not within,
        "gt": above,
        "lt": below,
        "ge": above or alone,
        "le": below or alone,
        "sa": low > exact or (low == exact and not low_in),
        "eb": high < exact or (high == exact and not high_in),
        "ap": reaches_up and reaches_down,
    }[prefix]


def same_unit(element, system, unit):
    if system and (element.get("system", "") != system or element.get("code") is None):
        return False
    if not unit:
        return True
    return element.get("code") == unit or (not system and element.get("unit") == unit)


def told(element):
    """The least and the greatest number that an element stands for, and whether it may be these themselves."""
    if "value" in element:
        value = Fraction(str(element["value"]))
        sign = element.get("comparator", "")
        low, high = (-FOREVER if "<" in sign else value), (FOREVER if ">" in sign else value)
        return low, sign != ">", high, sign != "<"
    if "low" not in element and "high" not in element:
        return None, False, None, False
    low = told(element["low"]) if "low" in element else (-FOREVER, True)
    high = told(element["high"]) if "high" in element else (0, 0, FOREVER, True)
    return low[0], low[1], high[2], high[3]


def leeway(digits):
    """Half of what the last digit counts; one digit with an exponent is read as having a second (1e2 is 95 to 105)."""
    mantissa, _, exponent = digits.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    power = int(exponent or 0) - decimals
    if exponent and len(mantissa.strip("+-")) == 1:
        power -= 1
    return Fraction(10) ** power / 2


def uri(element, written, now):
    return element == plain(written)


def covers(element):
    if isinstance(element, dict) and "repeat" in element:
        return covers(element["repeat"]["boundsPeriod"])
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


def each(*names):
    return lambda resource: [element for name in names for element in resource.get(name, [])]


def composed(element, parts, written, now):
    """Values that belong together: each part of the element meets its own."""
    pairs = zip(parts, split(written, "$"), strict=True)
    return all(any(KINDS[kind](found, value, now) for found in elements(element)) for (kind, elements), value in pairs)


CODE = ("code", one("code"))
VALUE_QUANTITY = ("quantity", one("valueQuantity"))
VALUE_CODE = ("code", one("valueCodeableConcept"))
COMPOSITES = {
    "code-value-quantity": (lambda resource: [resource], (CODE, VALUE_QUANTITY)),
    "code-value-concept": (lambda resource: [resource], (CODE, VALUE_CODE)),
    "code-value-string": (lambda resource: [resource], (CODE, ("string", one("valueString")))),
    "code-value-date": (lambda resource: [resource], (CODE, ("date", one("valueDateTime", "valuePeriod")))),
    "component-code-value-quantity": (each("component"), (CODE, VALUE_QUANTITY)),
    "component-code-value-concept": (each("component"), (CODE, VALUE_CODE)),
    "combo-code-value-quantity": (lambda resource: [resource, *resource.get("component", [])], (CODE, VALUE_QUANTITY)),
}
KINDS = {
    "code": code,
    "identifier": identifier,
    "string": string,
    "reference": reference,
    "date": date,
    "number": number,
    "quantity": quantity,
    "uri": uri,
}
PARAMETERS = {
    "Observation": {
        "status": ("code", one("status")),
        "code": ("code", one("code")),
        "category": ("code", each("category")),
        "identifier": ("identifier", each("identifier")),
        "date": ("date", one("effectiveDateTime", "effectivePeriod", "effectiveTiming", "effectiveInstant")),
        "subject": ("reference", one("subject")),
        "patient": ("reference", lambda resource: [one for one in [resource.get("subject")] if one and is_patient(one)]),
        "encounter": ("reference", one("encounter")),
        "performer": ("reference", each("performer")),
        "has-member": ("reference", each("hasMember")),
        "value-string": (
            "string",
            lambda resource: [*one("valueString")(resource), *one("text")(resource.get("valueCodeableConcept", {}))],
        ),
        "value-concept": ("code", one("valueCodeableConcept")),
        "value-quantity": ("quantity", one("valueQuantity")),
        "component-value-quantity": (
            "quantity",
            lambda resource: [part["valueQuantity"] for part in resource.get("component", []) if "valueQuantity" in part],
        ),
    },
    "Patient": {
        "name": ("string", each("name")),
        "family": ("string", lambda resource: [name["family"] for name in resource.get("name", []) if "family" in name]),
        "active": ("code", one("active")),
        "birthdate": ("date", one("birthDate")),
        "gender": ("code", one("gender")),
        "identifier": ("identifier", each("identifier")),
    },
    "Encounter": {
        "status": ("code", one("status")),
        "subject": ("reference", one("subject")),
        "patient": ("reference", lambda resource: [one for one in [resource.get("subject")] if one and is_patient(one)]),
        "part-of": ("reference", one("partOf")),
        "length": ("quantity", one("length")),
    },
    "Condition": {"onset-age": ("quantity", one("onsetAge", "onsetRange")), "code": ("code", one("code"))},
    "CarePlan": {"instantiates-uri": ("uri", each("instantiatesUri")), "status": ("code", one("status"))},
}


def is_patient(element):
    return element.get("reference", "").startswith("Patient/")
