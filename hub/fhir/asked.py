"""What a search asks, understood: criteria, sort, includes, page and form. `hub.fhir.query` reads it from a request."""

import hashlib
from dataclasses import dataclass, replace
from urllib.parse import quote

from hub.fhir.comparisons import IdIs, ReferenceIs
from hub.fhir.criteria import AnyOf, Criterion, asks_across, reached
from hub.fhir.identifiers import Identifier
from hub.fhir.summary import Summary
from hub.fhir.types import TYPES, Kind

DEFAULT_COUNT = 50
CURSOR = "_cursor"
"""Carries the opaque cursor in page links."""
_SAFE = ":/,-._~"


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key to order by. `param` is a parameter's index name; `_lastUpdated` and `_id` are the store's columns."""

    param: str
    kind: Kind
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """One parameter as it was understood. `personal`: its value is a person's number, which no link repeats."""

    name: str
    value: str
    personal: bool = False
    names: bool = False
    """It names the patient and does nothing else."""


@dataclass(frozen=True, slots=True)
class Include:
    """Resources to be given beside the hits: those that they point at, or (`reverse`) those that point at them.

    `source`: the type that points; `param`: the index name of its reference parameter, or `*`; `target`: the type pointed at, or
    empty: any. `iterate`: from what was included too.
    """

    source: str
    param: str
    target: str = ""
    reverse: bool = False
    iterate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A search on one type, or on several: every criterion holds."""

    resource_type: str
    """Empty: `types` says which."""
    types: tuple[str, ...] = ()
    """Of a search on several types. Empty: the one."""
    compartment: str = ""
    """The id of the Patient whose compartment is searched."""
    operation: str = ""
    """The operation on that Patient, or on every Patient, that is answered by this search, `$everything`; empty: none."""
    patients: tuple[str | Identifier, ...] = ()
    """The patients that the request names, by logical id or by business identifier (resolve these, then `resolved`).
    More than one are alternatives. Empty: none is named."""
    naming: tuple[Criterion, ...] = ()
    """What the parameters that name patients ask of a resource (`patient.identifier`: nothing until resolved). Apart from
    `criteria`, since a search within one named patient's compartment need not ask it again."""
    criteria: tuple[Criterion, ...] = ()
    sort: tuple[SortKey, ...] = ()
    """Empty: the type's main date, newest first."""
    includes: tuple[Include, ...] = ()
    count: int = DEFAULT_COUNT
    """Hits a page; 0: the total alone."""
    total: bool = True
    """Whether the answer tells how many hits there are."""
    summary: Summary = "false"
    """Which part of each resource is given."""
    elements: tuple[str, ...] = ()
    """The elements of each hit that are given; empty: as `summary` says."""
    cursor: str | None = None
    written: tuple[Written, ...] = ()
    """What was asked, without cursor and without what was ignored."""
    unknown: tuple[str, ...] = ()
    """Names of parameters that were ignored, as the caller allowed (`Prefer: handling=lenient`)."""

    @property
    def ids(self) -> tuple[str, ...]:
        """The logical ids asked for by `_id`; empty: any."""
        found = [criterion for each in self.criteria for criterion in (each.criteria if isinstance(each, AnyOf) else (each,))]
        return tuple(criterion.id for criterion in found if isinstance(criterion, IdIs))

    @property
    def withheld(self) -> tuple[str, ...]:
        """Names of parameters that links leave out, since their values are personal numbers. Not empty: give no page links."""
        return tuple(each.name for each in self.written if each.personal)

    @property
    def plain(self) -> bool:
        """Whether it looks at resources of its one type alone."""
        return not self.types and not self.includes and not reached(self.criteria)

    @property
    def across(self) -> bool:
        """Whether what it finds, or its order, turns on references that may lead to other entries."""
        return any(each.kind == "reference" for each in self.sort) or asks_across(self.criteria)

    def reached(self) -> tuple[str, ...]:
        """The types that it looks at besides its own: chains, `_has`, includes. `*` stands for every type."""
        looked = dict(reached((*self.naming, *self.criteria)))
        for each in self.includes:
            looked |= {each.source if each.reverse else each.target or "*": None}
        return tuple(looked)

    def digest(self) -> bytes:
        """Binds a cursor to this query: equal for two requests that ask the same, cursor and personal numbers aside."""
        asked = "\n".join(f"{each.name}={quote(each.value)}" for each in self.written if not each.personal)
        return hashlib.sha256(f"{self._place}?{asked}".encode()).digest()[:16]

    @property
    def _place(self) -> str:
        """Where it is asked, without the base."""
        if self.compartment:
            return f"/Patient/{self.compartment}/{self.operation or self.resource_type or '*'}"
        if self.operation:
            return f"/Patient/{self.operation}"
        return f"/{self.resource_type}" if self.resource_type else ""

    def resolved(self, patient: str) -> "Query":
        """The same query with the one patient's logical id in place of every number that named the patient."""
        if not self.resource_type or self.compartment:
            return replace(self, patients=(patient,))
        itself = self.resource_type == "Patient"
        named = Written("_id" if itself else "patient", patient, names=True)
        others = tuple(each for each in self.written if not each.names and each.name != "_id")
        parameter = TYPES[self.resource_type].parameter("patient")
        naming: Criterion = ReferenceIs(parameter.index, (f"Patient/{patient}",)) if parameter else IdIs(patient)
        return replace(self, patients=(patient,), naming=(naming,), written=(named, *others))


def self_link(query: Query, base: str) -> str:
    """The search as it was understood, as a URL: without what was ignored, and without personal numbers."""
    return f"{base}{query._place}{_question(query, ())}"


def page_link(query: Query, base: str, cursor: str) -> str:
    """The URL of the page that `cursor` points at."""
    return f"{base}{query._place}{_question(query, (Written(CURSOR, cursor),))}"


def _question(query: Query, more: tuple[Written, ...]) -> str:
    shown = [each for each in (*query.written, *more) if not each.personal]
    asked = [f"{quote(each.name, safe=_SAFE)}={quote(each.value, safe=_SAFE)}" for each in shown]
    return "?" + "&".join(asked) if asked else ""
