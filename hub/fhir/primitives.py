"""What a value of each primitive type looks like in JSON. http://hl7.org/fhir/R4/datatypes.html#primitive"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from calendar import monthrange
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from hub.fhir import narrative

Problem = tuple[str, str] | None
"""What is wrong, and its issue type; None: nothing is."""
Check = Callable[[Any], Problem]

LONGEST = 1024 * 1024
"""Characters of a string."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What a string may not hold; the last are no characters of XML, and every resource can be written in XML."""
_WORD = r"[^\s\x00-\x1f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+"
"""Of a code: spaces of other scripts hold it together no more than those of ASCII."""
_DAY = r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
_TIME = r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
_ZONE = r"(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))"
_PARTIAL = r"(?!0000)\d{4}(?:-(?:0[1-9]|1[0-2]))?"


def _text(value: Any) -> Problem:
    if type(value) is not str:
        return "must be a string", "structure"
    if not value or value.isspace():
        return "must not be empty", "value"
    if not value.isprintable() and _UNPRINTABLE.search(value):  # the first is done in a fraction of the time
        return "holds a character that no text can hold", "value"
    return ("is longer than a string may be", "too-long") if len(value) > LONGEST else None


def _uri(value: Any) -> Problem:
    return _text(value) or (("holds a space, which no address does", "value") if value.split() != [value] else None)


def _formed(pattern: str, form: str) -> Check:
    """A string of a certain form, all of it printable."""
    matches = re.compile(pattern, re.ASCII).fullmatch

    def check(value: Any) -> Problem:
        if type(value) is not str:
            return "must be a string", "structure"
        return None if matches(value) else (f"must be {form}", "value")

    return check


def _calendar(pattern: str, form: str) -> Check:
    """A date or time, of which the day is one of its month."""
    formed = _formed(pattern, form)

    def check(value: Any) -> Problem:
        found = formed(value)
        if found is None and len(value) >= 10 and value[8:10] > "28":
            days = monthrange(int(value[:4]), int(value[5:7]))[1]
            return None if int(value[8:10]) <= days else ("names a day that its month does not have", "value")
        return found

    return check


def _boolean(value: Any) -> Problem:
    return None if value is True or value is False else ("must be true or false", "structure")


def _decimal(value: Any) -> Problem:
    return None if type(value) in (int, Decimal) else ("must be a number", "structure")


def _whole(least: int) -> Check:
    def check(value: Any) -> Problem:
        if type(value) is not int:
            return "must be a whole number", "structure"
        return None if least <= value < 2**31 else (f"must be from {least} to {2**31 - 1}", "value")

    return check


def _base64(value: Any) -> Problem:
    if type(value) is not str:
        return "must be base64 in a string", "structure"
    try:
        return None if b64decode("".join(value.split()), validate=True) else ("must not be empty", "value")
    except (NotBase64, ValueError):
        return "must be base64", "value"


def _xhtml(value: Any) -> Problem:
    if type(value) is not str:
        return "must be a string", "structure"
    found = narrative.problem(value)
    return (found, "value") if found else None


_INSTANT = f"{_DAY}T{_TIME}{_ZONE}"

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "boolean": _boolean,
        "integer": _whole(-(2**31)),
        "unsignedInt": _whole(0),
        "positiveInt": _whole(1),
        "decimal": _decimal,
        "string": _text,
        "markdown": _text,
        "uri": _uri,
        "url": _uri,
        "canonical": _uri,
        "oid": _formed(r"urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+", "an OID as urn:oid:"),
        "uuid": _formed(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID as urn:uuid: in small letters"),
        "id": _formed(r"[A-Za-z0-9\-.]{1,64}", "1 to 64 letters, digits, - and ."),
        "code": _formed(rf"{_WORD}(?: {_WORD})*", "a code: words with single spaces between"),
        "date": _calendar(rf"{_DAY}|{_PARTIAL}", "a date: YYYY, YYYY-MM or YYYY-MM-DD"),
        "dateTime": _calendar(rf"{_INSTANT}|{_DAY}|{_PARTIAL}", "a date, or a time to the second with its zone"),
        "instant": _calendar(_INSTANT, "a time to the second with its zone"),
        "time": _formed(_TIME, "a time of day: hh:mm:ss"),
        "base64Binary": _base64,
        "xhtml": _xhtml,
    }
)
"""By type."""
