"""Swedish identifiers: personal numbers, coordination numbers, HSA-ids. Rules: Skatteverket, Inera HSA."""

import re
from datetime import date
from typing import NamedTuple

PERSONNUMMER = "http://electronichealth.se/identifier/personnummer"
SAMORDNINGSNUMMER = "http://electronichealth.se/identifier/samordningsnummer"
RESERVNUMMER = "http://electronichealth.se/identifier/nationelltReservnummer"
HSA_ID = "urn:oid:1.2.752.129.2.1.4.1"
HSA_ID_OF_BASE_PROFILES = "urn:oid:1.2.752.29.4.19"

ROOTS = {
    "1.2.752.129.2.1.3.1": PERSONNUMMER,
    "1.2.752.129.2.1.3.3": SAMORDNINGSNUMMER,
    "1.2.752.74.9.1": RESERVNUMMER,
}
"""OID of a kind of patient number in RIV-TA -> FHIR system; any other OID is `urn:oid:…`."""

_WRITTEN = re.compile(r"(?P<century>[0-9]{2})?(?P<six>[0-9]{6})(?P<sign>[-+]?)(?P<four>[0-9]{4})", re.ASCII)


class Identifier(NamedTuple):
    """A business identifier: `system` is a URI, `value` is opaque inside it."""

    system: str
    value: str

    def __str__(self) -> str:
        return f"{self.system}|{self.value}"


class InvalidNumber(ValueError):
    """Not a personal number; the message names the fault, never the number."""


def personal_number(written: str, today: date) -> Identifier:
    """Read a personnummer or samordningsnummer as a person writes it.

    Takes: 12 digits, with or without `-`; or 10 digits with `-` (under 100 years on `today`) or `+` (100 or over).
    Gives: the identifier with its 12-digit canonical value; the system follows from the day (day + 60: samordningsnummer).
    Raises: InvalidNumber: form, calendar or check digit.
    Source: folkbokföringslagen (1991:481) 18 §; lag (2022:1697) 2:8.
    """
    found = _WRITTEN.fullmatch(written.strip(" "))
    if not found:
        raise InvalidNumber("form")
    century, six, sign, four = found["century"], found["six"], found["sign"], found["four"]
    if century is None:
        if not sign:
            raise InvalidNumber("century")
        century = f"{_year(int(six[:2]), sign, today) // 100:02d}"
    elif sign == "+":
        raise InvalidNumber("form")
    value = century + six + four
    system = _system(value)
    if _luhn(value[2:]):
        raise InvalidNumber("check digit")
    return Identifier(system, value)


def number_from_source(system: str, value: str) -> Identifier:
    """A patient number as a source sent it, with its system; the value is kept as it is, without separators."""
    return Identifier(system, re.sub(r"[\s-]", "", value))


def is_sound(number: Identifier) -> bool:
    """Whether a number may be matched on: a personal number must have its right check digit; other systems are opaque."""
    if number.system not in (PERSONNUMMER, SAMORDNINGSNUMMER):
        return bool(number.value)
    try:
        return personal_number(number.value, date.max) == number
    except InvalidNumber:
        return False


def hsa_id(written: str | None) -> str | None:
    """An HSA-id in the one way we compare it (upper case); None for nothing."""
    return (written or "").strip().upper() or None


def sex(number: Identifier) -> str:
    """AdministrativeGender that the number tells; `unknown` for numbers that tell none."""
    if number.system not in (PERSONNUMMER, SAMORDNINGSNUMMER) or len(number.value) != 12:
        return "unknown"
    return "male" if int(number.value[10]) % 2 else "female"


def _year(two: int, sign: str, today: date) -> int:
    latest = today.year - (today.year - two) % 100
    return latest - (100 if sign == "+" else 0)


def _system(value: str) -> str:
    year, month, day = int(value[:4]), int(value[4:6]), int(value[6:8])
    system = SAMORDNINGSNUMMER if day > 60 else PERSONNUMMER
    try:
        date(year, month, day - 60 if day > 60 else day)
    except ValueError:
        raise InvalidNumber("calendar") from None
    return system


def _luhn(ten: str) -> int:
    """0 when the check digit is right."""
    total = 0
    for place, digit in enumerate(ten):
        product = int(digit) * (2 - place % 2)
        total += product // 10 + product % 10
    return total % 10
