"""Quantity parameters: a number, perhaps of a unit. http://hl7.org/fhir/R4/search.html#quantity

Units are compared as they are written, by system and code, or in words; none is turned into another.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from hub.errors import InvalidRequest
from hub.fhir.comparisons import QuantityIs
from hub.fhir.index_keys import QuantityKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import split, unescape
from hub.fhir.parameters._numbers import asked, ranges
from hub.fhir.types import SearchParameter

CURRENCIES = "urn:iso:std:iso:4217"


def keys(parameter: SearchParameter, element: Any) -> Iterable[QuantityKey]:
    """Takes: Quantity, Range, Money. One key for the code of the unit and one for its words, where they differ."""
    units = tuple(dict.fromkeys(_units(element))) or (("", ""),)
    return (QuantityKey(lo, hi, system, unit) for lo, hi in ranges(element) for system, unit in units)


def _units(element: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(element, dict):
        return
    for end in ("low", "high"):
        yield from _units(element.get(end))
    system, code, words = (element.get(name) for name in ("system", "code", "unit"))
    if isinstance(element.get("currency"), str):
        yield CURRENCIES, element["currency"]
    if isinstance(code, str) and code:
        yield (system if isinstance(system, str) else ""), code
    if isinstance(words, str) and words and words != code:
        yield "", words


def parse(parameter: SearchParameter, written: str, asking: Asking) -> QuantityIs:
    """Takes: `number`, `number|system|code`, `number||unit` (a code of any system, or the words)."""
    number, *rest = map(unescape, split(written, "|"))
    if len(rest) not in (0, 2):
        raise InvalidRequest("a quantity is written number, number|system|code or number||unit", parameter.name)
    system, unit = rest or ("", "")
    return QuantityIs(parameter.index, *asked(number, parameter.name), system or None, unit or None)


QUANTITY = ParameterKind(name="quantity", keys=keys, parse=parse)
