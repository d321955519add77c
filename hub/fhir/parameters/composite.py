"""Composite parameters: values that belong together, one for each component. http://hl7.org/fhir/R4/search.html#composite"""

from collections.abc import Callable, Iterable
from typing import Any, cast

from hub.errors import InvalidRequest
from hub.fhir import parameters
from hub.fhir.compiled import readings, stage
from hub.fhir.criteria import CompositeIs
from hub.fhir.index_keys import CompositeKey, Key
from hub.fhir.parameters import Asking, ParameterKind
from hub.fhir.parameters._escapes import split
from hub.fhir.types import SearchParameter


def keys(parameter: SearchParameter, element: Any) -> Iterable[CompositeKey]:
    """Takes: an element that holds all components; none where one is missing."""
    return reader(parameter)(element)


def reader(parameter: SearchParameter) -> Callable[[Any], Iterable[CompositeKey]]:
    """As `keys`, of one parameter: how its components are read is looked up once."""
    components = tuple(map(_component, parameter.components))

    def read(element: Any) -> Iterable[CompositeKey]:
        parts = tuple([tuple(each(element)) for each in components])
        return (CompositeKey(cast(Any, parts)),) if all(parts) else ()

    return read


def _component(component: SearchParameter) -> Callable[[Any], Iterable[Key]]:
    of = parameters.KINDS[component.kind].keys
    ways = tuple((stage(path), variant) for variant, path in readings(component))
    return lambda element: [key for find, variant in ways for found in find((element,)) for key in of(variant, found)]


def parse(parameter: SearchParameter, written: str, asking: Asking) -> CompositeIs:
    values = split(written, "$")
    if len(values) != len(parameter.components):
        raise InvalidRequest(f"has {len(parameter.components)} parts with $ between them", parameter.name)
    pairs = zip(parameter.components, values, strict=True)
    return CompositeIs(parameter.index, tuple(parameters.KINDS[each.kind].parse(each, value, asking) for each, value in pairs))


COMPOSITE = ParameterKind(name="composite", keys=keys, parse=parse, reader=reader)
