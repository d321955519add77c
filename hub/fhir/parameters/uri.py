"""Uri parameters: the whole uri, letter for letter. http://hl7.org/fhir/R4/search.html#uri"""

from collections.abc import Iterable
from typing import Any

from hub.errors import InvalidRequest
from hub.fhir.comparisons import TextIs
from hub.fhir.criteria import AnyOf, Criterion
from hub.fhir.index_keys import UriKey
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import unescape
from hub.fhir.types import SearchParameter

MAX_STEPS = 32
"""Of a path whose beginnings are looked for."""


def keys(parameter: SearchParameter, element: Any) -> Iterable[UriKey]:
    """Takes: uri, url, oid, canonical (with its version, and without)."""
    if not isinstance(element, str) or not element:
        return ()
    stem = element.split("|")[0]
    return (UriKey(element),) if stem in ("", element) else (UriKey(element), UriKey(stem))


def parse(parameter: SearchParameter, written: str, asking: Asking) -> TextIs:
    return TextIs(parameter.index, "is", _uri(parameter, written))


def below(parameter: SearchParameter, written: str, asking: Asking) -> TextIs:
    """Uris that begin so."""
    return TextIs(parameter.index, "starts", _path(parameter, written))


def above(parameter: SearchParameter, written: str, asking: Asking) -> Criterion:
    """Uris that this one begins with, step by step of its path."""
    scheme, _, rest = _path(parameter, written).partition("://")
    steps = rest.split("/")
    if len(steps) > MAX_STEPS:
        raise InvalidRequest(f"a path has at most {MAX_STEPS} steps", parameter.name)
    found = []
    for length in range(1, len(steps) + 1):
        start = f"{scheme}://" + "/".join(steps[:length])
        found += [start, start + "/"] if length < len(steps) else [start]
    return AnyOf(tuple(TextIs(parameter.index, "is", each) for each in dict.fromkeys(found)))


def _uri(parameter: SearchParameter, written: str) -> str:
    if not written:
        raise InvalidRequest("a uri to search for is missing", parameter.name)
    return unescape(written)


def _path(parameter: SearchParameter, written: str) -> str:
    uri = _uri(parameter, written)
    if "://" not in uri:
        raise InvalidRequest("only a URL with a path has something above and below it", parameter.name)
    return uri


URI = ParameterKind(name="uri", keys=keys, parse=parse, modifiers={"below": below, "above": above})
