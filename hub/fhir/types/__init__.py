"""What a resource type is: one file per type, its patient compartment, its search parameters, who writes it.

A module here holds one `ResourceType` constant, named as the type in capitals; `hub.discovery` finds it (`TYPES`).
Source: http://hl7.org/fhir/R4/searchparameter-registry.html, http://hl7.org/fhir/R4/compartmentdefinition-patient.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["token", "date", "string", "reference", "uri", "number", "quantity", "composite", "special"]
Writer = Literal["source", "staff", "patient"]
"""source: the client of a configured source, which owns what it writes; staff and patient: in the hub's own register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchParameter:
    """One search parameter of one type. The helpers below are how one is written."""

    name: str
    kind: Kind
    paths: tuple[str, ...]
    """Where its values are: `hub.fhir.resource.elements`."""
    targets: tuple[str, ...] = ()
    """Reference: the types it may point at; empty: any."""
    index: str
    """Under which name its keys are kept; another parameter's where the two hold the same."""
    system: str = ""
    """Token over a `code` element: the code system that the element implies. Its keys have no system."""
    literal: bool = False
    """Token over Identifier: letter case counts. In codes it does not."""
    instant: bool = False
    """Date over an `instant` element: a point in time, however many digits it is written with."""
    components: tuple["SearchParameter", ...] = ()
    """Composite: its parts in their order. `paths` then gives the elements that belong together (`""`: the resource itself),
    and each part's own `paths` are relative to one of these; a part's `index` says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceType:
    """One resource type."""

    name: str
    patient: tuple[str, ...] = ()
    """Its patient compartment: paths of references, of which one to a Patient makes the resource that patient's."""
    search: tuple[SearchParameter, ...] = ()
    sort: str = "_lastUpdated"
    """The main date parameter: newest first is the order where none is asked for."""
    shared: bool = False
    """Belongs to no patient: staff, organisations, places."""
    writers: frozenset[Writer] = frozenset({"source"})

    def parameter(self, name: str) -> SearchParameter | None:
        """The search parameter of that name, those of every type included."""
        return next((parameter for parameter in (*COMMON, *self.search) if parameter.name == name), None)


def token(name: str, *paths: str, system: str = "") -> SearchParameter:
    return SearchParameter(name=name, kind="token", paths=paths, index=name, system=system)


def identifier(name: str, *paths: str) -> SearchParameter:
    return SearchParameter(name=name, kind="token", paths=paths, index=name, literal=True)


def date(name: str, *paths: str, instant: bool = False) -> SearchParameter:
    return SearchParameter(name=name, kind="date", paths=paths, index=name, instant=instant)


def string(name: str, *paths: str) -> SearchParameter:
    return SearchParameter(name=name, kind="string", paths=paths, index=name)


def uri(name: str, *paths: str) -> SearchParameter:
    return SearchParameter(name=name, kind="uri", paths=paths, index=name)


def reference(name: str, *paths: str, to: str = "", index: str = "") -> SearchParameter:
    """`to`: the target types, with spaces between; empty: any. `index`: the parameter that holds the same references."""
    return SearchParameter(name=name, kind="reference", paths=paths, index=index or name, targets=tuple(to.split()))


def of_patient(index: str, *paths: str) -> SearchParameter:
    """The parameter `patient`: those of the references kept under `index` that point at a Patient."""
    return SearchParameter(name="patient", kind="reference", paths=paths, index=index, targets=("Patient",))


COMMON = (
    SearchParameter(name="_id", kind="token", paths=("id",), index="_id", literal=True),
    SearchParameter(name="_lastUpdated", kind="date", paths=("meta.lastUpdated",), index="_lastUpdated", instant=True),
    SearchParameter(name="_tag", kind="token", paths=("meta.tag",), index="_tag"),
    SearchParameter(name="_security", kind="token", paths=("meta.security",), index="_security"),
    SearchParameter(name="_profile", kind="uri", paths=("meta.profile",), index="_profile"),
    SearchParameter(name="_source", kind="uri", paths=("meta.source",), index="_source"),
)
"""What every type is searched by. The store has columns for the first two."""


def _discovered() -> Mapping[str, ResourceType]:
    from hub.discovery import plugins  # here, since the modules it imports begin by importing this one

    return MappingProxyType({found.name: found for found in plugins(__name__, ResourceType)})


TYPES: Mapping[str, ResourceType] = _discovered()
"""Every resource type of the house, by name."""
