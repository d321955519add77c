"""Patient/[id]/$everything: the patient's record, and what it points at, as far as it is released to the caller; and
Patient/$everything: the records of all the patients whom the caller sees, for callers whose view needs no patient named.

It is a search of the whole compartment: the same view, freshness, paging and log entry.
Source: http://hl7.org/fhir/R4/patient-operation-everything.html
"""

from collections.abc import Sequence
from dataclasses import replace

from hub.errors import HubError, InvalidRequest, NotSupported
from hub.fhir.clause import Clauses
from hub.fhir.criteria import AllOf, AnyOf, Criterion, TypeIs
from hub.fhir.parameters import Asking
from hub.fhir.parameters.date import span
from hub.fhir.query import CURSOR, Query, Written, read_query
from hub.fhir.types import TYPES, ResourceType
from hub.interactions.context import Context
from hub.interactions.log_events import check_asks_alone
from hub.interactions.read import read
from hub.interactions.search import search_type

_OF_ALL = ("system", "patient")
"""Kinds of callers who see all that is theirs without naming a patient: a source's client its source, a patient one record."""
_IN_COMPARTMENTS = ",".join(sorted(name for name, held in TYPES.items() if held.patient))
TAKEN = ("_since", "_type", "_count", "start", "end")


async def everything(context: Context, patient: str, parameters: Sequence[tuple[str, str]]) -> bytes:
    """A searchset Bundle, the first page of it; the rest follows by its links.

    Takes: `patient`: logical id; empty: all; `parameters`: names and values, decoded.
    Raises: NotFound: no such Patient in the caller's view; NotSupported: another parameter than `TAKEN`, or a `_type` that is
    searched alone; InvalidRequest.
    """
    try:
        check_asks_alone(context, parameters)
        query = _asked(context, patient, parameters)
    except HubError as fault:
        await context.refuse("search", "Patient", fault)
        raise
    if patient:
        await read(context, "Patient", patient)
    return await search_type(context, query)


def _asked(context: Context, patient: str, parameters: Sequence[tuple[str, str]]) -> Query:
    """The search that it is."""
    if not patient and context.caller.kind not in _OF_ALL:
        raise InvalidRequest("name the patient: Patient/[id]/$everything")
    for name, _ in parameters:
        if name not in (*TAKEN, CURSOR):
            raise NotSupported(f"$everything takes {', '.join(TAKEN)}", name)
    asked = [("_lastUpdated", f"ge{value}") if name == "_since" else (name, value) for name, value in parameters]
    if not any(name == "_type" for name, _ in asked):
        asked += [("_include", "*")] if patient else [("_type", _IN_COMPARTMENTS), ("_include", "*")]
    query = read_query(
        "",
        [(name, value) for name, value in asked if name not in ("start", "end")],
        now=context.hub.clock(),
        base=context.hub.base,
        own_source=context.caller.kind == "system",
        patient=patient,
    )
    bounds = [(prefix, name, value) for prefix, name in (("ge", "start"), ("le", "end")) for value in _given(parameters, name)]
    dates = [f"{prefix}{_date(name, value)}" for prefix, name, value in bounds]
    within = _within(query.types, dates, Asking(now=context.hub.clock())) if dates else None
    written = tuple(Written(name, value) for name, value in parameters if name != CURSOR)
    criteria = (*query.criteria, *([within] if within else ()))
    return replace(query, operation="$everything", written=written, criteria=criteria)


def _given(parameters: Sequence[tuple[str, str]], name: str) -> list[str]:
    values = [value for each, value in parameters if each == name]
    if len(values) > 1:
        raise InvalidRequest("is written twice", name)
    return values


def _date(name: str, written: str) -> str:
    try:
        span(written)
    except ValueError:
        raise InvalidRequest("is not a date as FHIR writes it", name) from None
    return written


def _within(types: Sequence[str], dates: Sequence[str], asking: Asking) -> Criterion:
    """That a resource is about the time asked for, by the main date of its type; what has no date is about any time."""
    return AnyOf(tuple(_of_type(TYPES[name], dates, asking) for name in types))


def _of_type(held: ResourceType, dates: Sequence[str], asking: Asking) -> Criterion:
    if held.sort == "_lastUpdated":
        return TypeIs(held.name)
    clauses = Clauses(asking)
    missing = clauses.read(held, f"{held.sort}:missing", "true")
    then = AllOf(tuple(clauses.read(held, held.sort, each) for each in dates))
    return AllOf((TypeIs(held.name), AnyOf((then, missing))))
