"""search-type: the part of the record that the caller may see, as fresh as the deadline allows. http://hl7.org/fhir/R4/http.html#search"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.errors import HubError
from hub.fhir.bundle import Hit, Link, matches, searchset
from hub.fhir.json import dumps
from hub.fhir.outcome import SourceReport, report_outcome
from hub.fhir.query import Query, page_link, self_link
from hub.fhir.resource import Resource
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.context import Context, check_refusal, notice_outcomes
from hub.interactions.matching import is_compartment, resolved, told_of_query
from hub.interactions.plan import register_fault, register_question, reports, silent_register, stale
from hub.interactions.view import Sight, sight
from hub.interactions.withheld import withheld
from hub.refresh import Question
from hub.store.audit_log import Leaf
from hub.store.cursor import Cursor, seal, unseal
from hub.store.search import Page
from hub.store.store import Store


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
        query, patient, silent = await resolved(context, query)
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


def _answer(
    store: Store, context: Context, query: Query, patient: str | None, silent: SourceReport | None, ask: bool
) -> tuple[Answer | Stale, Leaf | None]:
    hub, caller = context.hub, context.caller
    told = told_of_query(store, caller, query, patient)
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
    page = store.search.page(store.reader(), seen.view, query, after, compartment=is_compartment(query, seen))
    page = page if after is None else replace(page, total=total)
    following = _following(store, seen, page, bound) if page.more and page.hits else None
    issues = notice_outcomes(seen.release.notices) + _ignored(query)
    reported = reports(hub, seen, query.resource_type, store.now(), context.began)
    told_by_sources = report_outcome([silent, *reported] if silent else reported)
    issues += told_by_sources["issue"] if told_by_sources else []
    outcome = {"resourceType": "OperationOutcome", "issue": issues} if issues else None
    more = {"parameters": sorted({each.name for each in query.written})} | ({"total": page.total} if query.count == 0 else {})
    hidden = withheld(store, seen, query.resource_type)
    leaf = logbook.released(
        seen, caller, "search", query.resource_type, page.hits, context.request_id, told=more, withheld=hidden
    )
    return Answer(seen, page, outcome, following, silent), leaf


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
