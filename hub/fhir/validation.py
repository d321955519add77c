"""Whether a resource is FHIR R4: structure, types, cardinality, required codes. The only door to fhir.resources.

Two judges that share no table: HL7's definitions of 4.0.1 decide, place by place, over every resource; what they find no fault
with, the R4B models of fhir.resources are asked about, for the types that R4B left as they are in R4, once for each shape. A
resource is valid where both say so.
Invariants and profiles are not judged here, but for: an extension has a value or extensions; what is contained contains nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from hub.errors import Issue
from hub.fhir.bounded import Bounded
from hub.fhir.resource import Resource
from hub.fhir.structure import NOT_WRITTEN, faults

_OTHERWISE = frozenset(("Evidence", "EvidenceVariable", "MedicationKnowledge"))
"""Resource types that R4B has otherwise than R4: its models cannot judge them."""

_PASSED_OVER = frozenset(("extra_forbidden", "uuid_version"))
"""Kinds of findings: names that are not known, and UUIDs of another version than 4, of which R4 says nothing."""
MOST_OBJECTS = 5_000
"""Of a resource that the models are shown: they take twelve microseconds an object, and nobody waits seconds for an opinion."""


def validate(resource: Any, written: Mapping[str, bytes] = NOT_WRITTEN) -> list[Issue]:
    """Everything that is wrong with a resource, as far as structure and required bindings go; empty: nothing.

    Gives: issues of severity error whose place is a FHIRPath (`Observation.component[0].code`). They hold no values.
    """
    return faults(resource, written) or _SHAPES.opinion(resource)


def second_opinion(resource: Resource) -> Iterator[Issue]:
    """What the R4B models find in a resource of a type that they can judge, and so all that it holds.

    Left out are unknown names, choices and versions of UUIDs, for in extensions they know less than R4 has (no `valueMeta`,
    nothing beside a primitive value), a choice that holds nothing but an extension they do not see, and of UUIDs they ask more.
    """
    from pydantic import ValidationError  # this and the models cost seconds: each is imported when first needed

    name, held = resource["resourceType"], list(islice(_objects(resource), MOST_OBJECTS + 1))
    kinds = {each["resourceType"] for each in held if "resourceType" in each}
    if len(held) > MOST_OBJECTS or not all(map(_model, kinds)):
        return
    try:
        _model(name).model_validate(resource)
    except (AttributeError, LookupError, TypeError):
        return  # a model that stumbles has no opinion: one does over a required list of nothing but extensions
    except ValidationError as fault:
        for each in fault.errors(include_url=False, include_context=False):
            if each["type"] not in _PASSED_OVER and not (each["type"] == "value_error" and isinstance(each["input"], dict)):
                yield Issue(_place(name, each["loc"]), "is not in the form of its type", "error", "value")


def _place(name: str, location: tuple[int | str, ...]) -> str:
    """Where a model finds fault, as a path; its own steps are elements' names as JSON has them."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step.removesuffix('__ext')}" for step in location)
    return name + "".join(steps)


def _objects(value: Any) -> Iterator[Resource]:
    """Every object in a resource, itself the first."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)


@cache
def _model(name: str) -> Any:
    """The model that can judge this resource type; None: there is none."""
    from fhir.resources.R4B import fhirtypes, get_fhir_model_class

    return get_fhir_model_class(name) if name not in _OTHERWISE and hasattr(fhirtypes, f"{name}Type") else None


class Shapes:
    """Shapes of resources in which the models find no fault. State: hashes of them, since asking the models takes longer than all
    else that is done with a resource. Bounded: when there are too many, it begins anew."""

    def __init__(self, ask: Callable[[Resource], Iterable[Issue]], most: int = 10_000) -> None:
        """Takes: `ask`: what the models find in a resource."""
        self._ask = ask
        self._known: Bounded[int] = Bounded(most)

    def opinion(self, resource: Resource) -> list[Issue]:
        """What the models find; nothing, where they found nothing in another resource of this shape: the values themselves our
        own judge reads as strictly as they do."""
        shape = hash(_shape(resource))
        if shape in self._known:
            return []
        found = list(self._ask(resource))
        if not found:
            self._known.remember(shape)
        return found


def _shape(value: Any) -> object:
    """The names in a resource and the kinds of their values, resource types in full; of a list what shapes it holds."""
    if isinstance(value, dict):
        return tuple([(name, each if name == "resourceType" else _shape(each)) for name, each in value.items()])
    return frozenset(map(_shape, value)) if isinstance(value, list) else type(value)


_SHAPES = Shapes(second_opinion)
