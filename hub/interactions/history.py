"""history of a resource, a type or everything: the versions of what is released, newest first. http://hl7.org/fhir/R4/http.html#history

All versions of a resource follow today's custody: what is withheld now has no history, and its versions leave no gap.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from hub.errors import Gone, HubError, NotFound
from hub.fhir.bundle import Link, Past, history
from hub.fhir.history import Asked
from hub.fhir.json import dumps, loads
from hub.fhir.query import read_query
from hub.fhir.summary import Projection
from hub.interactions import logbook
from hub.interactions.context import Context, check_refusal
from hub.interactions.matching import resolved, told_of_query
from hub.interactions.plan import register_question
from hub.interactions.pointed import Body, as_shown
from hub.interactions.read import read, versions
from hub.interactions.search import within_scope
from hub.interactions.services import service_questions
from hub.interactions.sights import Sights, sights
from hub.store.audit_log import Leaf
from hub.store.cursor import Cursor, seal, unseal
from hub.store.past import Pages, Recorded, Window
from hub.store.released import Views
from hub.store.search import Found, Version
from hub.store.store import Store
from hub.store.values import instant


@dataclass(frozen=True, slots=True)
class _Page:
    """One page of a history, as it is answered."""

    past: tuple[Past, ...]
    total: int | None
    following: str | None
    """The cursor of the next page."""


async def history_of(context: Context, resource_type: str, fhir_id: str, asked: Asked) -> bytes:
    """A history Bundle: of one resource, of a type (`fhir_id` empty), or of all types (`resource_type` empty too).

    Raises: NotFound: there is no such resource in the caller's view; Forbidden; Expired: a page that is no longer to be had.
    """
    listed = await _listed(context, asked.list_id) if asked.list_id else None
    if fhir_id:
        page = await _of_instance(context, resource_type, fhir_id, asked, listed)
    else:
        page = await _of_types(context, resource_type, asked, listed)
    base = context.hub.base
    place = "/".join(each for each in (base, resource_type, fhir_id, "_history") if each)
    links = [Link("self", asked.link(place))]
    if page.following:
        links.append(Link("next", asked.link(place, page.following)))
    if asked.cursor is not None:
        links.append(Link("first", asked.link(place)))
    return history(_projected(page.past, asked.part.projection), links=links, total=page.total)


def _projected(past: tuple[Past, ...], part: Projection | None) -> tuple[Past, ...]:
    """Versions as far as they were asked for."""
    if part is None:
        return past
    return tuple(each if each.resource is None else replace(each, resource=dumps(part(loads(each.resource)))) for each in past)


async def _listed(context: Context, list_id: str) -> tuple[str, ...]:
    """What the items of a List point at, as `Window.listed` has it; nothing where the caller sees no such List."""
    try:
        held = await read(context, "List", list_id)
    except (NotFound, Gone):
        return ()
    items = (each.get("item", {}).get("reference") for each in loads(held.bytes).get("entry", ()))
    return tuple(dict.fromkeys(each for each in items if isinstance(each, str)))


async def _of_instance(context: Context, resource_type: str, fhir_id: str, asked: Asked, listed: tuple[str, ...] | None) -> _Page:
    """One resource has few versions: they are read together, and the page is cut out of them."""
    found = await versions(context, resource_type, fhir_id)
    base, where, first = context.hub.base, f"{resource_type}/{fhir_id}", found[-1]
    ends = (None, *(each.recorded for each in found[:-1]))
    anew = {each.version for each, before in pairwise(found) if before.bytes is None}
    within = [each for each, end in zip(found, ends, strict=True) if _within(asked, each, end)]
    if listed is not None:
        within = [each for each in within if not {where, f"{where}/_history/{each.version_id}"}.isdisjoint(listed)]
    key, bound, now = context.hub.store.keys.cursor, _bound(context, where, asked, ()), context.hub.store.now()
    start = 0
    if asked.cursor is not None:
        [last] = unseal(key, asked.cursor, bound, now).after
        start = next((n for n, each in enumerate(within) if each.version < last), len(within))
    page = within[start : start + asked.count]
    more = bool(page) and start + asked.count < len(within)
    following = seal(key, Cursor(now, 0, len(within), bound, (page[-1].version,))) if more else None
    past = tuple(_past(each, each is first, base, where, each.version in anew) for each in page)
    return _Page(past, len(within), following)


def _within(asked: Asked, version: Version, end: int | None) -> bool:
    """Whether a version is asked for. `end`: when the next one was recorded; None: it is current."""
    low, high = asked.at or (None, None)
    recent = asked.since is None or version.recorded >= asked.since
    begun = high is None or version.recorded < high
    return recent and begun and (low is None or end is None or end > low)


async def _of_types(context: Context, resource_type: str, asked: Asked, listed: tuple[str, ...] | None) -> _Page:
    try:
        return await context.current(lambda given: _answered(given, resource_type, asked, listed))
    except HubError as fault:
        await context.refuse("history", resource_type, fault)
        raise


async def _answered(context: Context, resource_type: str, asked: Asked, listed: tuple[str, ...] | None) -> _Page:
    """The caller sees the same of the past as a search of these types sees of now."""
    query = within_scope(context.caller, read_query(resource_type, (), now=context.hub.clock(), base=context.hub.base))
    query, patient, _ = await resolved(context, query)
    types, window = query.types or (resource_type,), replace(_window(asked), listed=listed)

    def work(store: Store) -> tuple[_Page, Leaf | None]:
        told = told_of_query(store, context.caller, query, patient)
        looked = sights(context.hub, context.caller, query, told, patient is not None)
        check_refusal(looked.main)
        context.demand(
            register_question(context.hub, context.caller, looked.main, store.now()),
            *service_questions(context.hub, context.caller, told, store.now()),
        )
        bound = _bound(context, resource_type, asked, looked.digests)
        cursor = unseal(store.keys.cursor, asked.cursor, bound, store.now()) if asked.cursor is not None else None
        views = looked.views or Views({resource_type: looked.main.view})
        found = store.past.page(store.reader(), views, types, window, asked.count, cursor.after if cursor else None)
        if cursor:
            found = replace(found, total=cursor.total)
        found = replace(found, versions=_shown(store, context, looked, found.versions))
        return _page(context, store, found, bound), _leaf(context, looked, resource_type, found, asked)

    return await context.durable(work)


def _shown(store: Store, context: Context, looked: Sights, found: Sequence[Recorded]) -> tuple[Recorded, ...]:
    """Versions as the caller is shown them."""
    seen = looked.of
    bodies = [Body(seen(each.type), each.pk, each.rid, each.writer, each.bytes) for each in found if each.bytes and each.writer]
    made = iter(as_shown(store, context.hub, context.caller, bodies))
    return tuple([each._replace(bytes=next(made)) if each.bytes and each.writer else each for each in found])


def _window(asked: Asked) -> Window:
    window = Window() if asked.since is None else Window(since=asked.since)
    return window if asked.at is None else replace(window, low=asked.at[0], high=asked.at[1])


def _page(context: Context, store: Store, found: Pages, bound: str) -> _Page:
    base, last = context.hub.base, found.versions[-1] if found.versions else None
    past = tuple(_past(each, each.version == 1, base, f"{each.type}/{each.fhir_id}") for each in found.versions)
    if last is None or not found.more:
        return _Page(past, found.total, None)
    after = (last.recorded, last.rid, last.version)
    return _Page(past, found.total, seal(store.keys.cursor, Cursor(store.now(), 0, found.total, bound, after)))


def _leaf(context: Context, looked: Sights, resource_type: str, found: Pages, asked: Asked) -> Leaf:
    each_seen = [(looked.of(each.type).release, _found(each)) for each in found.versions]
    told = {"parameters": sorted({name for name, _ in asked.written})} | ({"total": found.total} if asked.count == 0 else {})
    hits, beside = ([hit for _, hit in each_seen], []) if resource_type else ([], each_seen)
    return logbook.released(
        looked.main, context.caller, "history", resource_type, hits, context.request_id, told=told, beside=beside
    )


def _found(each: Recorded) -> Found:
    return Found(each.pk, each.rid, each.fhir_id, each.version_id, each.recorded, each.entry, each.row, b"")


def _bound(context: Context, place: str, asked: Asked, digests: tuple[str, ...]) -> str:
    """Binds a cursor to caller, question and decision."""
    caller = context.caller
    who = (caller.issuer, caller.client, caller.subject, caller.commission, caller.kind)
    parts = (*who, "history", place, *(f"{name}={value}" for name, value in asked.written), *digests)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _past(each: Version | Recorded, first: bool, base: str, where: str, anew: bool = False) -> Past:
    """`anew`: it was deleted before."""
    gone = each.bytes is None
    return Past(
        full_url=f"{base}/{where}",
        resource=each.bytes,
        method="DELETE" if gone else "POST" if first else "PUT",
        url=where.split("/")[0] if first and not gone else where,
        status="204 No Content" if gone else "201 Created" if first or anew else "200 OK",
        etag=f'W/"{each.version_id}"',
        last_modified=instant(each.recorded),
    )
