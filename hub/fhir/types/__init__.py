"""What a resource type is: one file per type, which says what R4's definitions do not: who writes it, and how it is ordered.

A module here holds one `ResourceType` constant, named as the type in capitals; `hub.discovery` finds it (`TYPES`). Search
parameters and compartments come from `hub.fhir.definitions`.
Source: http://hl7.org/fhir/R4/searchparameter-registry.html, http://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from hub.fhir.definitions import table
from hub.fhir.expression_read import unnarrowed

Kind = Literal["token", "date", "string", "reference", "uri", "number", "quantity", "composite", "special"]
Writer = Literal["source", "staff", "patient"]
"""source: the client of a configured source, which owns what it writes; staff and patient: in the hub's own register."""
URL = "http://hl7.org/fhir/SearchParameter/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameter:
    """One search parameter of one type."""

    name: str
    kind: Kind
    expression: str
    """What it finds in a resource: `hub.fhir.expression`. Composite: the elements whose parts belong together."""
    targets: tuple[str, ...] = ()
    """Reference: the types it may point at; empty: any. Where the keys are another parameter's, it is the targets that
    narrow them."""
    index: str
    """Under which name its keys are kept; another parameter's where the two hold the same."""
    system: str = ""
    """Token over `code` or `boolean`: the code system that the element implies. Its keys have no system."""
    literal: bool = False
    """Token over Identifier: letter case counts. In codes it does not."""
    instant: bool = False
    """Date over an `instant` element: a point in time, however many digits it is written with."""
    components: tuple["SearchParameter", ...] = ()
    """Composite: its parts in their order. Their expressions begin at an element that the composite's own finds; their
    `index` says nothing."""
    definition: str = ""
    """Canonical URL."""

    @property
    def derived(self) -> bool:
        """It finds nothing by itself: what it asks is asked of another parameter's keys (`Patient.age` of `birthdate`)."""
        return self.name in _DERIVED and not self.expression

    @property
    def kept(self) -> Kind:
        """The kind of its keys."""
        return "date" if self.derived else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One resource type."""

    name: str
    patient: tuple[str, ...] = ()
    """Its patient compartment: expressions of references, of which one to a Patient makes the resource that patient's."""
    search: tuple[SearchParameter, ...] = ()
    sort: str = "_lastUpdated"
    """The main date parameter: newest first is the order where none is asked for."""
    shared: bool = False
    """Belongs to no patient: staff, places, forms, definitions. What the hub's own directory holds of it, everybody may see;
    what a source's client writes is that client's alone."""
    writers: frozenset[Writer] = frozenset({"source"})
    named: Mapping[str, SearchParameter] = field(default_factory=dict, repr=False, compare=False)
    """Every search parameter by name, those of every type included."""

    def parameter(self, name: str) -> SearchParameter | None:
        """The search parameter of that name, those of every type included."""
        return self.named.get(name)


def resource_type(
    name: str,
    *,
    sort: str = "_lastUpdated",
    shared: bool = False,
    writers: Sequence[Writer] = ("source",),
    patient: tuple[str, ...] = (),
) -> ResourceType:
    """The type as R4 defines it.

    Takes: `shared`: must be said of a type that lies in no patient's compartment, so that none is by oversight; `patient`: for a
    type that R4 puts in no compartment, although it names a patient.
    Raises: ValueError: it is in a patient's compartment and said to be shared, or neither.
    """
    rows = table("search_parameters").get(name, {})
    search = tuple(_parameter(each, *row) for each, row in rows.items() if row[2])
    derived = tuple(replace(_parameter(each, *row), index=_DERIVED[each]) for each, row in rows.items() if not row[2])
    named = {each.name: each for each in (*COMMON, *search, *derived)}
    compartment = patient or tuple(dict.fromkeys(_compartment(named, table("compartments").get(name, ()))))
    if bool(compartment) is shared:
        raise ValueError(f"{name} belongs either to a patient or to nobody")
    return ResourceType(
        name=name,
        patient=compartment,
        search=search,
        sort=sort,
        shared=shared,
        writers=frozenset(writers),
        named=MappingProxyType(named),
    )


def _parameter(name: str, kind: Kind, definition: str, expression: str, more: Mapping[str, Any]) -> SearchParameter:
    return SearchParameter(
        name=name,
        kind=kind,
        expression=expression,
        targets=tuple(more.get("targets", "").split()),
        index=more.get("index", name),
        system=more.get("system", ""),
        literal=more.get("literal", False),
        instant=more.get("instant", False),
        components=tuple(_parameter(part, of, "", its, rest) for part, of, its, rest in more.get("components", ())),
        definition=URL + definition if definition else "",
    )


def _compartment(named: Mapping[str, SearchParameter], parameters: Sequence[str]) -> Iterator[str]:
    """Expressions of the references that put a resource in a compartment, whatever type they point at."""
    return (path for each in parameters for path in unnarrowed(named[each].expression))


_DERIVED: Mapping[str, str] = MappingProxyType({"age": "birthdate"})
"""Parameters for which R4 has no expression, and by whose keys they are answered."""
_STORED = ("_id", "_lastUpdated", "_tag", "_profile", "_security", "_source")
COMMON = tuple(_parameter(each, *table("search_parameters")["Resource"][each]) for each in _STORED)
"""What every type is searched by. The store has columns for the first two."""


def _discovered() -> Mapping[str, ResourceType]:
    from hub.discovery import plugins  # here, since the modules it imports begin by importing this one

    return MappingProxyType({found.name: found for found in plugins(__name__, ResourceType)})


TYPES: Mapping[str, ResourceType] = _discovered()
"""Every resource type of the house, by name."""
