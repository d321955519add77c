"""Special parameters: each has a meaning of its own. http://hl7.org/fhir/R4/search.html#special

`Location.near` has no keys: where the places are that the caller sees is looked up before the search is read (`Asking.places`),
so it tells no more than they tell themselves.
"""

from collections.abc import Iterable
from typing import Any

from hub.errors import NotSupported, TooCostly
from hub.fhir.comparisons import IdIs
from hub.fhir.criteria import AnyOf, Criterion
from hub.fhir.distance import around
from hub.fhir.index_keys import Key
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import unescape
from hub.fhir.types import SearchParameter

NEAR = "near"
MOST = 256
"""Places that one value may find: each is a look-up of its own."""


def keys(parameter: SearchParameter, element: Any) -> Iterable[Key]:
    return ()


def parse(parameter: SearchParameter, written: str, asking: Asking) -> Criterion:
    if parameter.name != NEAR or asking.places is None:
        raise NotSupported("the hub does not search so", parameter.name)
    asked = around(unescape(written), parameter.name)
    found = [id for id, place in asking.places.items() if asked.holds(place)]
    if len(found) > MOST:
        raise TooCostly(f"more than {MOST} places are so near: ask for a shorter distance", parameter.name)
    padded = found + found[-1:] * ((1 << max(len(found) - 1, 0).bit_length()) - len(found))  # few statements serve all lengths
    return AnyOf(tuple(map(IdIs, padded)))


SPECIAL = ParameterKind(name="special", keys=keys, parse=parse)
