"""search-type: the part of the record that the caller may see, as fresh as the deadline allows. http://hl7.org/fhir/R4/http.html#search"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.consent.grounds import Attorney
from hub.errors import HubError, InvalidRequest, NotSupported
from hub.fhir.bundle import Hit, Link, matches, searchset
from hub.fhir.identifiers import Identifier
from hub.fhir.json import dumps
from hub.fhir.outcome import SourceReport, report_outcome
from hub.fhir.query import Query, page_link, self_link
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.context import Context, check_caller, check_refusal, notice_outcomes, recalled
from hub.interactions.plan import register_fault, register_question, reports, silent_register, stale
from hub.interactions.view import Sight, concerns, sight
from hub.refresh import Question
from hub.store.audit_log import Leaf
from hub.store.cursor import Cursor, seal, unseal
from hub.store.known import Known, known, nobody
from hub.store.patients import find
from hub.store.search import Page
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import moment


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and what is to be said with it."""

    sight: Sight
    page: Page
    outcome: Resource | None
    cursor: str | None
    silent: SourceReport | None = None
    """The register did not tell whose the number is."""


@dataclass(frozen=True, slots=True)
class Stale:
    """Sources to be asked before there is an answer."""

    questions: tuple[Question, ...]


async def search_type(context: Context, query: Query) -> bytes:
    """Answer `query` with what the caller may see: a searchset Bundle, its entry already in the log.

    Raises: Forbidden; InvalidRequest; Expired: a page that is no longer to be had.
    """
    answered, query = await look_up(context, query)
    return bundle(context.hub, query, answered)


async def look_up(context: Context, query: Query) -> tuple[Answer, Query]:
    """The answer, and the query with its patient resolved to a logical id."""
    try:
        context.caller.require("s", query.resource_type)
        query, patient, silent = await _resolved(context, query)
        first = await context.durable(_answer, context, query, patient, silent, ask=True)
        if isinstance(first, Answer):
            return first, query
        await context.refresher.refresh(first.questions, context.hub.config.deadline)
        last = await context.durable(_answer, context, query, patient, silent, ask=False)
        assert isinstance(last, Answer)
    except HubError as fault:
        await context.refuse("search", query.resource_type, fault)
        raise
    return last, query


async def _resolved(context: Context, query: Query) -> tuple[Query, str | None, SourceReport | None]:
    """The query with its patient as a logical id. Gives: the id; "" for who is nobody to the caller; None: none is named;
    and what to say of the register, if it did not tell whose the number is.

    No source is asked for anybody who could see nothing of the answer.
    """
    caller = context.caller
    if TYPES[query.resource_type].shared:
        return query, None, None
    if caller.kind == "system":
        return _within_source(query), None, None
    named = await context.patient_of(query.patients)
    if named is None and query.resource_type == "Patient" and caller.staff:
        raise InvalidRequest("name the patient by an exact identifier or by _id", "identifier")
    if isinstance(named, Identifier):
        patient, silent = await _identified(context, named)
        return (query.resolved(patient) if patient else query), patient, silent
    return (query.resolved(named) if named else query), named, None


def _within_source(query: Query) -> Query:
    """A source's client finds its own Patients by their identifiers, and other resources by the ids of these.

    Raises: NotSupported: `patient.identifier`.
    """
    if query.resource_type != "Patient" and any(isinstance(each, Identifier) for each in query.patients):
        raise NotSupported("a source's client names its patients by their ids", "patient.identifier")
    return query


async def _identified(context: Context, number: Identifier) -> tuple[str, SourceReport | None]:
    """The logical id of who has a number; "": nobody, or nobody to this caller. With it what to say of a silent register."""
    caller = context.caller
    check_caller(context)
    if caller.kind in ("reviewer", "technician") or (caller.staff and caller.purpose == "none"):
        return "", None
    if caller.kind == "agent":  # who has given no power of attorney is not asked about
        return await context.hub.store(_fhir_id, caller, None, number), None
    own = caller.person if caller.kind == "patient" else str(number)
    system, _, value = own.rpartition("|")
    found = await context.refresher.identify(Identifier(system, value))
    patient = await context.hub.store(_fhir_id, caller, found.pk, number)
    return patient, silent_register(context.hub, found.fault, known=bool(patient)) if found.fault else None


def _fhir_id(store: Store, caller: Caller, pk: int | None, number: Identifier) -> str:
    """The logical id of who is found at `pk`, or if that is None by number; "": nobody, or nobody to this caller."""
    at = find(store.reader(), store.keys.identity, number) if pk is None else pk
    told = known(store.reader(), NO_PATIENT if at is None else at, store.now())
    return told.fhir_id if at is not None and _may_know(caller, told, number, store.now()) else ""


def _may_know(caller: Caller, told: Known, number: Identifier, now: int) -> bool:
    """Whether the caller may learn by number who somebody is: whom staff name; oneself; a guardian's child; an agent's
    principal."""
    own = caller.person in {str(each) for each in told.facts.numbers}
    match caller.kind:
        case "patient":
            return own and number in told.facts.numbers
        case "guardian":
            return own or concerns(caller, told)
        case "agent":
            given = (each for each in told.grounds if isinstance(each, Attorney) and each.agent == caller.subject)
            return own or any(each.holds(moment(now)) for each in given)
        case _:
            return True


def _answer(
    store: Store, context: Context, query: Query, patient: str | None, silent: SourceReport | None, ask: bool
) -> tuple[Answer | Stale, Leaf | None]:
    hub, caller = context.hub, context.caller
    told = _told(store, caller, query, patient)
    seen = sight(hub, caller, query.resource_type, told, patient is not None)
    check_refusal(seen)
    about = None if silent else register_question(hub, caller, seen, store.now())
    if ask:
        questions = stale(hub, seen, query.resource_type, store.now()) if query.cursor is None else []
        if about or questions:
            return Stale((*questions, about) if about else tuple(questions)), None
    elif about:
        silent = silent_register(hub, register_fault(hub, told, context.began), known=True)
    bound = _bound(caller, query, seen)
    after, total = None, None
    if query.cursor is not None:
        cursor = unseal(store.keys.cursor, query.cursor, bound, store.now())
        seen = replace(seen, view=replace(seen.view, asof=cursor.asof))
        after, total = cursor.after, cursor.total
    page = store.search.page(store.reader(), seen.view, query, after, compartment=_is_compartment(query, seen))
    page = page if after is None else replace(page, total=total)
    following = _following(store, seen, page, bound) if page.more and page.hits else None
    issues = notice_outcomes(seen.release.notices) + _ignored(query)
    reported = reports(hub, seen, query.resource_type, store.now(), context.began)
    told_by_sources = report_outcome([silent, *reported] if silent else reported)
    issues += told_by_sources["issue"] if told_by_sources else []
    outcome = {"resourceType": "OperationOutcome", "issue": issues} if issues else None
    leaf = logbook.released(
        seen,
        caller,
        "search",
        query.resource_type,
        page.hits,
        context.request_id,
        parameters=sorted({each.name for each in query.written}),
        **({"total": page.total} if query.count == 0 else {}),
    )
    return Answer(seen, page, outcome, following, silent), leaf


def _told(store: Store, caller: Caller, query: Query, patient: str | None) -> Known:
    if patient:
        return recalled(store, caller, "Patient", patient, fresh=True)
    now = store.now()
    if patient == "":
        known(store.reader(), NO_PATIENT, now)  # the same work as for a patient
        return nobody(now)
    listing = not TYPES[query.resource_type].shared and bool(caller.subject)
    told = known(store.reader(), NO_PATIENT, now, caller.subject, now) if listing else known(store.reader(), NO_PATIENT, now)
    mine = tuple(each for each in told.grounds if getattr(each, "employee", "") == caller.subject)
    return replace(told, grounds=mine, decided={})


def _is_compartment(query: Query, seen: Sight) -> bool:
    """Whether the view is just the record of the patient that the query names."""
    return seen.view.kind == "patient" and len(query.patients) == 1 and not TYPES[query.resource_type].shared


def _bound(caller: Caller, query: Query, seen: Sight) -> str:
    parts = (
        caller.issuer,
        caller.client,
        caller.subject,
        caller.commission,
        caller.kind,
        query.digest().hex(),
        seen.release.digest,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _following(store: Store, seen: Sight, page: Page, bound: str) -> str:
    last = page.hits[-1]
    asof = seen.view.asof if seen.view.kind == "patient" else 0
    return seal(store.keys.cursor, Cursor(store.now(), asof, page.total, bound, (*last.keys, last.rid)))


def _ignored(query: Query) -> list[Resource]:
    said: dict[str, Any] = {"severity": "warning", "code": "not-supported"}
    return [said | {"diagnostics": f"the parameter was ignored, as asked: {name[:64]}"} for name in query.unknown]


def bundle(hub: Hub, query: Query, answer: Answer) -> bytes:
    """The searchset Bundle of an answer: stored bytes, spliced."""
    base = hub.base
    links = [Link("self", self_link(query, base))]
    if answer.cursor and not query.withheld:
        links.append(Link("next", page_link(query, base, answer.cursor)))
    found = ((each.fhir_id, each.bytes) for each in answer.page.hits)
    hits: list[Hit | bytes] = [*matches(f"{base}/{query.resource_type}/", found)]
    if answer.outcome:
        hits.append(Hit(dumps(answer.outcome), mode="outcome"))
    return searchset(hits, links=links, total=answer.page.total)
