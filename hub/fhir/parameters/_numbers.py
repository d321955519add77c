"""Numbers as they are searched for: a prefix, and the range that the digits leave open.

Source: http://hl7.org/fhir/R4/search.html#number
"""

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import Any, cast, get_args

from hub.errors import InvalidRequest
from hub.fhir.comparisons import Comparison
from hub.fhir.index_keys import LEAST, MOST, decimal_text
from hub.fhir.json import MAX_DIGITS, MAX_EXPONENT

_PREFIX = re.compile("|".join(get_args(Comparison)))
_NUMBER = re.compile(r"[+-]?(?P<whole>\d+)(?P<fraction>\.\d+)?(?P<power>[eE][+-]?\d{1,3})?", re.ASCII)
_WIDE = Context(prec=2000, Emax=9999, Emin=-9999)
_NUMBER_TYPES = (int, Decimal)
_FORM = "not a number: a prefix such as ge or none, then digits"


def asked(written: str, place: str) -> tuple[Comparison, str, str]:
    """The comparison, and the closed range that it is made with, as `decimal_text` writes its ends.

    A plus that came as a space is taken for what it was.
    Raises: InvalidRequest.
    """
    prefix = _PREFIX.match(written)
    comparison = cast(Comparison, prefix[0] if prefix else "eq")
    digits = (written[2:] if prefix else written).replace(" ", "+")
    found = _NUMBER.fullmatch(digits)
    if not found or len(digits) > MAX_DIGITS:
        raise InvalidRequest(_FORM, place)
    value = Decimal(digits)
    if value and abs(value.adjusted()) > MAX_EXPONENT:
        raise InvalidRequest(_FORM, place)
    match comparison:
        case "eq" | "ne":
            half = _half(value, found)
            return comparison, decimal_text(_add(value, -half)), decimal_text(_add(value, half), -1)
        case "ap":
            tenth = abs(value).scaleb(-1, _WIDE)
            return comparison, decimal_text(_add(value, -tenth)), decimal_text(_add(value, tenth))
        case _:
            return comparison, decimal_text(value), decimal_text(value)


def _half(value: Decimal, found: re.Match[str]) -> Decimal:
    """Half a step of the last digit. `1e2` is 95 to 105 in the specification's own table: half a tenth of its one digit."""
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    one_digit = found["power"] and not found["fraction"] and len(found["whole"]) == 1
    return Decimal(5).scaleb(exponent - (2 if one_digit else 1), _WIDE)


def _add(one: Decimal, other: Decimal) -> Decimal:
    """Exactly, whatever the digits."""
    low = min(int(one.as_tuple().exponent), int(other.as_tuple().exponent))
    whole = int(one.scaleb(-low, _WIDE)) + int(other.scaleb(-low, _WIDE))
    return Decimal(whole).scaleb(low, _WIDE)


def ranges(element: Any) -> Iterator[tuple[str, str]]:
    """The closed range that a number, Quantity or Range covers; a comparator leaves one side open."""
    if isinstance(element, bool):
        return
    if isinstance(element, _NUMBER_TYPES):
        written = decimal_text(Decimal(element))
        yield written, written
    elif isinstance(element, dict) and isinstance(element.get("value"), _NUMBER_TYPES):
        yield _compared(Decimal(element["value"]), element.get("comparator"))
    elif isinstance(element, dict):
        low, high = (next(ranges(element.get(end)), None) for end in ("low", "high"))
        if low or high:
            yield (low[0] if low else LEAST), (high[1] if high else MOST)


def _compared(value: Decimal, comparator: Any) -> tuple[str, str]:
    match comparator:
        case "<":
            return LEAST, decimal_text(value, -1)
        case "<=":
            return LEAST, decimal_text(value)
        case ">":
            return decimal_text(value, 1), MOST
        case ">=":
            return decimal_text(value), MOST
        case _:
            written = decimal_text(value)
            return written, written
