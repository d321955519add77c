"""What each type of FHIR R4 is made of, from HL7's definitions: elements in order, their types, how often, who may be pointed at.

Source: http://hl7.org/fhir/R4/structuredefinition.html, http://hl7.org/fhir/R4/elementdefinition.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from hub.fhir.definitions import table


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type."""

    name: str
    """As FHIRPath names it: `value` for `value[x]`."""
    types: tuple[str, ...]
    """More than one: a choice. A type that is not FHIR's own is the path of an element that holds others."""
    choice: bool
    required: bool
    many: bool
    summary: bool
    modifier: bool
    attribute: bool
    """In XML it is written as an attribute."""
    targets: frozenset[str]
    """The resource types that a Reference may point at; empty: any."""
    codes: str
    """Canonical URL of the value set from which it must be; empty: not bound as required."""


@dataclass(frozen=True, slots=True)
class Written:
    """An element in one of its types, as JSON and XML write it."""

    name: str
    """`valueQuantity` for `value[x]` as Quantity."""
    type: str
    element: Element
    order: int
    """Where it stands among the elements of its type."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One type: a resource type, a datatype, or the path of an element that holds others (`Observation.component`)."""

    name: str
    kind: str
    """resource, complex, element."""
    elements: tuple[Element, ...]
    written: Mapping[str, Written]
    """By the name that is written, in order."""


@cache
def definition(name: str) -> Definition:
    """The definition of a type that is not primitive.

    Raises: KeyError: FHIR R4 has none of that name.
    """
    elements = _elements(name)
    written = [
        Written(each.name + _capital(kind) if each.choice else each.name, kind, each, order)
        for order, each in enumerate(elements)
        for kind in each.types
    ]
    return Definition(name, table("elements")[name]["kind"], elements, MappingProxyType({each.name: each for each in written}))


def is_primitive(name: str) -> bool:
    """Whether a type is primitive: these alone have names that begin with a small letter."""
    return name[0].islower()


@cache
def resource_types() -> frozenset[str]:
    """Every resource type of FHIR R4 that a resource can be of."""
    return frozenset(name for name, row in table("elements").items() if row["kind"] == "resource" and not row.get("abstract"))


@cache
def codes(value_set: str) -> Mapping[str, frozenset[str]]:
    """Code system -> codes of a value set to which something is bound as required; empty: its codes are not in HL7's package."""
    return MappingProxyType({system: frozenset(each) for system, each in table("bindings").get(value_set, {}).items()})


@cache
def _elements(name: str) -> tuple[Element, ...]:
    row = table("elements")[name]
    return (*(_elements(row["base"]) if "base" in row else ()), *map(_element, row["elements"]))


def _element(row: Mapping[str, Any]) -> Element:
    return Element(
        name=row["name"],
        types=tuple(row["types"]),
        choice=row.get("choice", False),
        required=row.get("required", False),
        many=row.get("many", False),
        summary=row.get("summary", False),
        modifier=row.get("modifier", False),
        attribute=row.get("attribute", False),
        targets=frozenset(row.get("targets", ())),
        codes=row.get("codes", ""),
    )


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
