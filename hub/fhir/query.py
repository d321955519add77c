"""A search request, read: `read_query` turns the parameters of a URL or form into a `Query`, refusing what it does not know.

Source: http://hl7.org/fhir/R4/search.html
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast, get_args

from hub.errors import HubError, InvalidRequest, Issue, NotSupported, TooCostly
from hub.fhir import compartment
from hub.fhir.asked import CURSOR, DEFAULT_COUNT, Include, Query, SortKey, Written, page_link, self_link
from hub.fhir.clause import FULL_TEXT, MAX_PARAMETERS, Clauses, any_of
from hub.fhir.comparisons import IdIs, ReferenceIs, TokenIs
from hub.fhir.criteria import AllOf, AnyOf, Criterion, PointsAt, TypeIs, alternatives
from hub.fhir.distance import Position
from hub.fhir.identifiers import Identifier
from hub.fhir.parameters import Asking
from hub.fhir.parameters._escapes import split
from hub.fhir.parameters.reference import ID
from hub.fhir.personal import holds_number, person
from hub.fhir.result_parameters import MAX_COUNT, count, include, sort
from hub.fhir.search_filter import read_filter
from hub.fhir.summary import Summary, unknown_elements
from hub.fhir.types import COMMON, TYPES, ResourceType
from hub.fhir.value_sets import NOTHING_LOADED, Terminology

__all__ = [
    "CURSOR",
    "MAX_COUNT",
    "MAX_PARAMETERS",
    "Include",
    "Query",
    "SortKey",
    "Written",
    "page_link",
    "read_query",
    "self_link",
]

MAX_TYPES = 16
"""Types that one search may name where it asks for more than what all types have."""
_FORM = frozenset(("_format", "_pretty"))
"""How the answer is written: `hub.api.formats` decides it; here it is only kept in links."""
_NAMES_PATIENT = ("patient", "subject")
_CHAINED = (*(f"{name}.identifier" for name in _NAMES_PATIENT), *(f"{name}:Patient.identifier" for name in _NAMES_PATIENT))
_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,63}", re.ASCII)
NAMED_TWICE = "the patient is named twice, and not as the same"
_ONCE = ("_count", "_sort", "_total", "_summary", "_type", "_contained", CURSOR)
"""Parameters that are given once at most."""
_INCLUDES = ("_include", "_revinclude")


def read_query(
    resource_type: str,
    parameters: Iterable[tuple[str, str]],
    *,
    now: datetime,
    lenient: bool = False,
    base: str = "",
    terminology: Terminology = NOTHING_LOADED,
    places: Mapping[str, Position] | None = None,
    own_source: bool = False,
    patient: str = "",
) -> Query:
    """Read a search on `resource_type`; empty: on all types, or on those that `_type` names.

    Takes: names and values, decoded, in their order; `base`: the hub's own FHIR base URL; `places`: where the
    Locations are that the caller sees, if it is searched by `near`; `own_source`: a source's client asks;
    `patient`: the id of a Patient, in whose compartment all types are searched.
    Raises: NotSupported: a type, parameter, modifier or chain that the hub does not do (`lenient`: listed in `unknown`).
    InvalidRequest: a value that cannot be read; the place is the parameter's name. TooCostly.
    """
    pairs = list(parameters)
    asking = Asking(now=now, base=base, terminology=terminology, places=places, own_source=own_source)
    reader = _Reader(_types(resource_type, pairs, patient), resource_type, asking)
    for name, value in pairs:
        try:
            reader.read(name, value)
        except NotSupported:
            if not lenient:
                raise
            reader.unknown.append(name)
    return reader.query(patient)


def _types(resource_type: str, pairs: Sequence[tuple[str, str]], patient: str) -> tuple[ResourceType, ...]:
    """The types that are searched."""
    if resource_type:
        if resource_type not in TYPES:
            raise NotSupported("the hub does not hold this resource type")
        return (TYPES[resource_type],)
    named = [each for name, value in pairs if name == "_type" for each in value.split(",")]
    if any(each not in TYPES for each in named):
        raise NotSupported("names a resource type that the hub does not hold", "_type")
    chosen = dict.fromkeys(named or sorted(TYPES))
    found = tuple(TYPES[each] for each in chosen if not patient or TYPES[each].patient)
    if not found:
        raise NotSupported("resources of these types lie in no patient's compartment", "_type")
    return found


class _Reader:
    """Gathers a query, parameter by parameter. A class since every parameter adds to several of its fields."""

    def __init__(self, types: tuple[ResourceType, ...], resource_type: str, asking: Asking) -> None:
        self.types, self.resource_type = types, resource_type
        self.held = types[0] if resource_type else None
        self.asking = asking
        self.clauses = Clauses(asking)
        self.patients: list[str | Identifier] | None = None
        self.naming: list[Criterion] = []
        self.criteria: list[Criterion] = []
        self.control: dict[str, str] = {}
        self.includes: list[Include] = []
        self.elements: list[str] = []
        self.written: list[Written] = []
        self.unknown: list[str] = []

    def read(self, name: str, value: str) -> None:
        if name in _ONCE:
            self._control(name, value)
        elif name.partition(":")[0] in _INCLUDES:
            self.includes.append(include(self.types, name, value))
            self._wrote(name, value)
        elif name == "_elements":
            self._elements(name, value)
        elif name == "_containedType":
            raise NotSupported("contained resources are not searched", name)
        elif name in _FORM:
            self._wrote(name, value)
        else:
            try:
                self._criterion(name, value)
            except HubError as fault:
                fault.retold(lambda issue: _as_sent(issue, name))
                raise

    def _control(self, name: str, value: str) -> None:
        if name in self.control:
            raise InvalidRequest("is written twice", name)
        match name:
            case "_count":
                count(value)
            case "_sort":
                sort(self.types, value)
            case "_total" if value not in ("none", "estimate", "accurate"):
                raise InvalidRequest("is none, estimate or accurate", name)
            case "_summary" if value not in get_args(Summary):
                raise InvalidRequest(f"is one of {', '.join(get_args(Summary))}", name)
            case "_type" if self.resource_type:
                raise NotSupported("the address names the type already", name)
            case "_contained" if value != "false":
                raise NotSupported("contained resources are not searched", name)
        if name != CURSOR:
            self._wrote(name, value)
        self.control[name] = value

    def _elements(self, name: str, value: str) -> None:
        named = value.split(",")
        if not all(map(_ELEMENT.fullmatch, named)):
            raise InvalidRequest("is a list of element names", name)
        if self.held and unknown_elements(self.held.name, named):
            raise InvalidRequest(f"names an element that no {self.held.name} has at its top", name)
        self.elements += named
        self._wrote(name, value)

    def _criterion(self, name: str, value: str) -> None:
        if self.held and not self.asking.own_source and _names_by_identifier(name):
            self._named_by_identifier(self.held, name, value)
            return
        if name == "_filter":
            criterion = self._over_types(lambda held: read_filter(self.clauses, held, value))
            self._wrote(name, value, holds_number(value))
            self.criteria.append(criterion)
            return
        self.clauses.personal = False
        if self.held is None and name == "patient":
            self._patients_of_several(name, value)
            return
        if self.held is None:
            criterion = self._over_types(lambda held: self.clauses.read(held, name, value), name)
            self._wrote(name, value, self.clauses.personal)
            self.criteria.append(criterion)
            return
        persons = self._persons(self.held, name, value)
        criterion = persons or self.clauses.read(self.held, name, value)
        names = bool(persons) or self._names_patients(self.held, name, criterion)
        self._wrote(name, value, self.clauses.personal or bool(persons), names)
        (self.naming if names else self.criteria).append(criterion)

    def _over_types(self, read: Callable[[ResourceType], Criterion], name: str = "") -> Criterion:
        """The criterion of each type that is searched; one for all where it is about what every type has."""
        if self.held:
            return read(self.held)
        bare = name.partition(":")[0]
        if bare in FULL_TEXT or any(bare == each.name for each in COMMON) or bare == "_list":
            return read(self.types[0])
        if len(self.types) > MAX_TYPES:
            raise NotSupported(
                f"such a parameter is searched over {MAX_TYPES} types at most: name them by _type", name or "_filter"
            )
        return AnyOf(tuple(AllOf((TypeIs(each.name), read(each))) for each in self.types))

    def _wrote(self, name: str, value: str, personal: bool = False, names: bool = False) -> None:
        if len(self.written) >= MAX_PARAMETERS:
            raise TooCostly(f"more than {MAX_PARAMETERS} parameters", name[:64])
        self.written.append(Written(name, value, personal, names))

    def _names_patients(self, held: ResourceType, name: str, criterion: Criterion) -> bool:
        """Take down the patients that a parameter names by id; whether all that it does is to name patients."""
        bare, _, modifier = name.partition(":")
        criteria = alternatives(criterion)
        if held.name == "Patient":
            if name == "_id":
                self._name([each.id for each in criteria if isinstance(each, IdIs)])
            return False
        if bare not in _NAMES_PATIENT or modifier not in ("", "Patient"):
            return False
        targets = [each for one in criteria if isinstance(one, ReferenceIs) for each in one.targets]
        ids = [each.removeprefix("Patient/") for each in targets if each.startswith("Patient/")]
        if not ids or (bare == "subject" and len(ids) < len(criteria)):
            return False
        self._name(ids)
        return True

    def _name(self, patients: Sequence[str | Identifier]) -> None:
        if self.patients is not None and self.patients != list(patients):
            raise InvalidRequest(NAMED_TWICE, "patient")
        self.patients = list(patients)

    def _patients_of_several(self, name: str, value: str) -> None:
        """`patient`, where several types are searched: the compartment of that patient."""
        ids = [each.removeprefix("Patient/") for each in split(value, ",")]
        self.clauses.spend(name, len(ids))
        if not all(map(ID.fullmatch, ids)):
            raise InvalidRequest("not a reference to a Patient: an id, or Patient/id", name)
        self._name(ids)
        self._wrote(name, value, names=True)
        self.naming.append(any_of(tuple(self._in_compartment(each) for each in ids)))

    def _in_compartment(self, patient: str) -> Criterion:
        params = tuple((each.name, name) for each in self.types for name in compartment.parameters(each.name))
        pointing = (PointsAt(params, f"Patient/{patient}"),) if params else ()  # a Binary names its patient by no parameter
        return AnyOf((*pointing, AllOf((TypeIs("Patient"), IdIs(patient)))))

    def _named_by_identifier(self, held: ResourceType, name: str, value: str) -> None:
        self.clauses.parameter(held, name.split(":")[0].split(".")[0], name)
        values = split(value, ",")
        self.clauses.spend(name, len(values))
        self._name([person(name, each, self.asking.now) for each in values])
        self._wrote(name, value, personal=True, names=True)

    def _persons(self, held: ResourceType, name: str, value: str) -> Criterion | None:
        """`Patient?identifier=system|value` names a patient; None for other forms and types, and for a source's client, which
        only compare."""
        if held.name != "Patient" or name != "identifier" or self.asking.own_source:
            return None
        values = split(value, ",")
        if any(len(split(each, "|")) != 2 or not all(split(each, "|")) for each in values):
            return None
        self.clauses.spend(name, len(values))
        persons = [person(name, each, self.asking.now) for each in values]
        self._name(persons)
        return any_of(tuple(TokenIs(name, person.system, person.value) for person in persons))

    def query(self, patient: str) -> Query:
        summary = cast(Summary, self.control.get("_summary", "false"))
        if patient and self.patients is not None and self.patients != [patient]:
            raise InvalidRequest(NAMED_TWICE, "patient")
        return Query(
            resource_type=self.resource_type,
            types=() if self.resource_type else tuple(each.name for each in self.types),
            compartment=patient,
            patients=(patient,) if patient else tuple(self.patients or ()),
            naming=(*self.naming, *((self._in_compartment(patient),) if patient else ())),
            criteria=tuple(self.criteria),
            sort=sort(self.types, self.control.get("_sort", "")),
            includes=tuple(self.includes),
            count=0 if summary == "count" else count(self.control.get("_count", str(DEFAULT_COUNT))),
            total=self.control.get("_total") != "none",
            summary=summary,
            elements=tuple(self.elements),
            cursor=self.control.get(CURSOR),
            written=tuple(self.written),
            unknown=tuple(self.unknown),
        )


def _as_sent(issue: Issue, name: str) -> Issue:
    """What is wrong with a parameter, under the name by which it was sent; the part that is at fault is named in words where that
    name does not hold it."""
    inner = issue.place
    problem = issue.problem if not inner or inner in name else f"{inner}: {issue.problem}"
    return replace(issue, place=name, problem=problem)


def _names_by_identifier(name: str) -> bool:
    return name in _CHAINED or name in (f"{each}:identifier" for each in _NAMES_PATIENT)
