"""Number parameters: numbers without unit. http://hl7.org/fhir/R4/search.html#number"""

from collections.abc import Iterable
from typing import Any

from hub.fhir.comparisons import QuantityIs
from hub.fhir.criteria import Criterion
from hub.fhir.index_keys import QuantityKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._age import of_age
from hub.fhir.parameters._escapes import unescape
from hub.fhir.parameters._numbers import asked, ranges
from hub.fhir.types import SearchParameter


def keys(parameter: SearchParameter, element: Any) -> Iterable[QuantityKey]:
    """Takes: integer, decimal, Range, Quantity (its number alone)."""
    return (QuantityKey(lo, hi, "", "") for lo, hi in ranges(element))


def parse(parameter: SearchParameter, written: str, asking: Asking) -> Criterion:
    found = QuantityIs(parameter.index, *asked(unescape(written), parameter.name))
    return of_age(parameter, found, asking) if parameter.derived else found


NUMBER = ParameterKind(name="number", keys=keys, parse=parse)
