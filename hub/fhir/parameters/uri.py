"""Uri parameters: the whole uri, letter for letter. http://hl7.org/fhir/R4/search.html#uri"""

from collections.abc import Iterable
from typing import Any

from hub.errors import InvalidRequest
from hub.fhir.criteria import UriIs, UriKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import unescape
from hub.fhir.types import SearchParameter


def keys(parameter: SearchParameter, element: Any) -> Iterable[UriKey]:
    return (UriKey(element),) if isinstance(element, str) else ()


def parse(parameter: SearchParameter, written: str, asking: Asking) -> UriIs:
    if not written:
        raise InvalidRequest("a uri to search for is missing", parameter.name)
    return UriIs(parameter.index, unescape(written))


URI = ParameterKind(name="uri", keys=keys, parse=parse)
