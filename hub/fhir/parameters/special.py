"""Special parameters: each has a meaning of its own. http://hl7.org/fhir/R4/search.html#special

`Location?near` is refused: a search by distance would tell where a masked place is (LEAKS: protected identity).
"""

from collections.abc import Iterable
from typing import Any

from hub.errors import NotSupported
from hub.fhir.criteria import Criterion
from hub.fhir.index_keys import Key
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.types import SearchParameter


def keys(parameter: SearchParameter, element: Any) -> Iterable[Key]:
    return ()


def parse(parameter: SearchParameter, written: str, asking: Asking) -> Criterion:
    raise NotSupported("the hub does not search so", parameter.name)


SPECIAL = ParameterKind(name="special", keys=keys, parse=parse)
