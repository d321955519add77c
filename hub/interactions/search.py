"""search-type: the part of the record that the caller may see, as fresh as the deadline allows. http://hl7.org/fhir/R4/http.html#search"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.errors import HubError
from hub.fhir.bundle import Hit, Link, matches, searchset
from hub.fhir.json import dumps, loads
from hub.fhir.outcome import SourceReport, report_outcome
from hub.fhir.query import Query, page_link, self_link
from hub.fhir.resource import Resource
from hub.fhir.summary import Projection, projection
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.context import Context, check_refusal, notice_outcomes
from hub.interactions.including import included
from hub.interactions.matching import is_compartment, place_of, resolved, told_of_query
from hub.interactions.plan import register_fault, register_question, reports, silent_register, source_issues, stale
from hub.interactions.pointed import shown
from hub.interactions.services import of_record, service_questions, service_reports
from hub.interactions.sights import Sights, sights
from hub.interactions.view import Sight
from hub.interactions.withheld import withheld
from hub.refresh import Question
from hub.store.audit_log import Leaf
from hub.store.cursor import Cursor, seal, unseal
from hub.store.search import Found, Page
from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, and what is to be said with it."""

    sight: Sight
    page: Page
    included: tuple[Found, ...]
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
        query = within_scope(context.caller, query)
        query, patient, silent = await resolved(context, query)
        return await context.current(lambda given: _fresh(given, query, patient, silent)), query
    except HubError as fault:
        await context.refuse("search", query.resource_type, fault)
        raise


async def _fresh(context: Context, query: Query, patient: str | None, silent: SourceReport | None) -> Answer:
    first = await _looked(context, query, patient, silent, True)
    if isinstance(first, Answer):
        return first
    await context.refresher.refresh(first.questions, context.patience)
    last = await _looked(context, query, patient, silent, False)
    assert isinstance(last, Answer)
    return last


async def _looked(context: Context, query: Query, patient: str | None, silent: SourceReport | None, ask: bool) -> Answer | Stale:
    if not patient:
        return await context.durable(_answer, context, query, patient, silent, ask)
    place = place_of(context.hub.store, patient)
    return await context.durable_at(place, _answer, context, query, patient, silent, ask)


def _answer(
    store: Store, context: Context, query: Query, patient: str | None, silent: SourceReport | None, ask: bool
) -> tuple[Answer | Stale, Leaf | None]:
    hub, caller = context.hub, context.caller
    told = told_of_query(store, caller, query, patient)
    looked = sights(hub, caller, query, told, patient is not None)
    check_refusal(looked.main)
    served = bool(hub.services) and any(map(of_record, _searched(query)))
    if served:
        context.demand(*service_questions(hub, caller, told, store.now()))
    about = None if silent else register_question(hub, caller, looked.main, store.now())
    if ask:
        questions = _stale(hub, query, looked, store.now()) if query.cursor is None else []
        if about or questions:
            return Stale((*questions, about) if about else tuple(questions)), None
    elif about:
        silent = silent_register(hub, register_fault(hub, told, context.began), known=True)
    bound = _bound(caller, query, looked)
    after, total = None, None
    if query.cursor is not None:
        cursor = unseal(store.keys.cursor, query.cursor, bound, store.now())
        looked = looked.as_of(cursor.asof)
        after, total = cursor.after, cursor.total
    seen, compartment = looked.main, is_compartment(query, looked.main)
    page = store.search.page(store.reader(), seen.view, query, after, compartment=compartment, others=looked.views)
    page = page if after is None else replace(page, total=total)
    page = replace(page, hits=shown(store, hub, caller, looked, page.hits))
    beside = included(store, context.hub, caller, query, looked, page.hits) if query.includes and page.hits else ()
    if query.summary != "false" or query.elements:
        page = replace(page, hits=_projected(page.hits, projection(query.summary, query.elements)))
        beside = _projected(beside, projection(query.summary))  # `_elements` names those of the hits
    following = _following(store, seen, page, bound) if page.more and page.hits else None
    issues = notice_outcomes(seen.release.notices) + _ignored(query)
    silences = [silent] if silent else []
    if served:
        silences += service_reports(hub, caller, told, store.now())
    issues += _said(hub, query, looked, silences, store.now(), context.began)
    outcome = {"resourceType": "OperationOutcome", "issue": issues} if issues else None
    more = {"parameters": sorted({each.name for each in query.written})} | ({"total": page.total} if query.count == 0 else {})
    hidden = [one for name in _searched(query) for one in withheld(store, looked.of(name), name)]
    hits, others = (page.hits, beside) if not query.types else ((), (*page.hits, *beside))
    leaf = logbook.released(
        seen,
        caller,
        "search",
        query.resource_type,
        hits,
        context.request_id,
        told=more,
        withheld=hidden,
        beside=[(looked.of(each.type).release, each) for each in others],
    )
    return Answer(seen, page, beside, outcome, following, silent), leaf


def _projected(found: tuple[Found, ...], part: Projection | None) -> tuple[Found, ...]:
    """Resources as far as they were asked for."""
    return tuple([each._replace(bytes=dumps(part(loads(each.bytes)))) for each in found]) if part else found


def _searched(query: Query) -> tuple[str, ...]:
    return query.types or (query.resource_type,)


def within_scope(caller: Caller, query: Query) -> Query:
    """The query, where no type is named on those alone that the token's scope covers.

    Raises: Forbidden: it covers a type that is named not, or none.
    """
    named = query.resource_type or any(each.name == "_type" for each in query.written)
    types = [each for each in query.types if named or caller.may("s", each)]
    for each in types or (query.resource_type or "Resource",):
        caller.require("s", each)
    return query if len(types) == len(query.types) else replace(query, types=tuple(types))


def _stale(hub: Hub, query: Query, looked: Sights, now: int) -> list[Question]:
    """The questions to ask before answering, each once."""
    if not looked.others:
        return stale(hub, looked.main, query.resource_type, now)
    found: list[Question] = []
    for name in looked.types(query):
        found += [each for each in stale(hub, looked.of(name), name, now) if each not in found]
    return found


def _said(hub: Hub, query: Query, looked: Sights, silences: list[SourceReport], now: int, since: int) -> list[Resource]:
    """What is said of register and services that are silent, and of each source that could matter, once of each."""
    if not looked.others:
        return [*_issues(silences), *source_issues(hub, looked.main, query.resource_type, now, since)]
    found: list[SourceReport] = []
    for name in looked.types(query):
        found += [each for each in reports(hub, looked.of(name), name, now, since) if each not in found]
    return _issues([*silences, *found])


def _issues(found: list[SourceReport]) -> list[Resource]:
    outcome = report_outcome(found)
    return outcome["issue"] if outcome else []


def _bound(caller: Caller, query: Query, looked: Sights) -> str:
    parts = (
        caller.issuer,
        caller.client,
        caller.subject,
        caller.commission,
        caller.kind,
        query.digest().hex(),
        *looked.digests,
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _following(store: Store, seen: Sight, page: Page, bound: str) -> str:
    last = page.hits[-1]
    asof = seen.view.asof if seen.view.kind == "patient" else seen.known.recorded
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
    if query.cursor is not None:
        links.append(Link("first", self_link(query, base)))
    hits: list[Hit | bytes] = []
    if query.types:
        hits += [Hit(each.bytes, f"{base}/{each.type}/{each.fhir_id}") for each in answer.page.hits]
    else:
        hits.append(matches(f"{base}/{query.resource_type}/", [(each.fhir_id, each.bytes) for each in answer.page.hits]))
    hits += [Hit(each.bytes, f"{base}/{each.type}/{each.fhir_id}", "include") for each in answer.included]
    if answer.outcome:
        hits.append(Hit(dumps(answer.outcome), mode="outcome"))
    return searchset(hits, links=links, total=answer.page.total if query.total else None)
