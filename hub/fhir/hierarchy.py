"""Resources that lie in each other: `:above` and `:below` of a reference. http://hl7.org/fhir/R4/search.html#recursive"""

from collections.abc import Mapping

from hub.errors import NotSupported
from hub.fhir.comparisons import IdIs, ReferenceIs
from hub.fhir.criteria import AnyOf, Criterion, Referred, Refers
from hub.fhir.parameters import KINDS, Asking
from hub.fhir.types import TYPES, SearchParameter

PARENTS: Mapping[str, str] = {
    "CarePlan": "part-of",
    "Communication": "part-of",
    "Encounter": "part-of",
    "Location": "partof",
    "Organization": "partof",
    "Procedure": "part-of",
    "Task": "part-of",
}
"""Types that lie in each other, and the parameter that points at what a resource is part of.
http://hl7.org/fhir/R4/search.html#recursive"""
LEVELS = 6
"""How far up or down a hierarchy is followed."""


def in_hierarchy(parameter: SearchParameter, modifier: str, written: str, asking: Asking, name: str) -> Criterion:
    """Points at something above or below what is named, or at it itself, as far as `LEVELS` apart."""
    named = KINDS["reference"].parse(parameter, written, asking)
    assert isinstance(named, ReferenceIs)
    ways: list[Criterion] = [named]
    for resource_type, _, fhir_id in (each.partition("/") for each in named.targets):
        up = PARENTS.get(resource_type)
        if up is None or resource_type not in TYPES:
            continue
        criterion: Criterion = IdIs(fhir_id) if modifier == "above" else ReferenceIs(up, (f"{resource_type}/{fhir_id}",))
        for _ in range(LEVELS):
            if modifier == "above":
                criterion = AnyOf((IdIs(fhir_id), Referred(resource_type, up, criterion)))
            else:
                here = ReferenceIs(up, (f"{resource_type}/{fhir_id}",))
                criterion = AnyOf((here, Refers(up, ((resource_type, criterion),))))
        ways.append(Refers(parameter.index, ((resource_type, criterion),)))
    if len(ways) == 1:
        raise NotSupported("points at nothing that lies above and below others of its type", name)
    return AnyOf(tuple(ways))
