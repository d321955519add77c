"""read and vread, and the versions of a resource: what is withheld is not there, word for word. http://hl7.org/fhir/R4/http.html#read"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hub.errors import Gone, HubError, NotFound
from hub.fhir.identity import rid
from hub.interactions import logbook
from hub.interactions.context import Context, check_refusal, recalled
from hub.interactions.plan import register_question
from hub.interactions.pointed import Body, as_shown
from hub.interactions.scopes import GIVEN, scopes
from hub.interactions.services import of_record, questions_of_one
from hub.interactions.view import ABSENT, Sight, sight
from hub.store.audit_log import Leaf
from hub.store.patients import locate_all
from hub.store.search import Found, Missing, Version, View
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

Seen = TypeVar("Seen")


@dataclass(frozen=True, slots=True)
class Held:
    """A resource as it is to be answered."""

    bytes: bytes
    version_id: str
    recorded: int
    """Microseconds."""
    moving: bool = False
    """It may tell of other entries, which come and go for this caller while the version stays."""


async def read(context: Context, resource_type: str, fhir_id: str) -> Held:
    """The current version.

    Raises: NotFound: no such resource in this caller's view; Gone: it was deleted, and was in this view; Forbidden.
    """
    found = await _logged(context, "read", resource_type, _now, fhir_id)
    if isinstance(found, Missing):
        raise Gone("the resource was deleted").in_log()
    return _held(context, found, found.bytes)


async def vread(context: Context, resource_type: str, fhir_id: str, version_id: str) -> Held:
    """One version.

    Raises: NotFound: no such version in this caller's view; Gone: the resource was deleted then.
    """
    for each in await _logged(context, "vread", resource_type, _versions, fhir_id):
        if each.version_id == version_id:
            if each.bytes is None:
                raise Gone("the resource was deleted").in_log()
            return _held(context, each, each.bytes)
    raise NotFound("there is no such resource").in_log()


def _held(context: Context, found: Found | Version, held: bytes) -> Held:
    return Held(held, found.version_id, found.recorded, moving=bool(found.writer) and context.caller.kind != "system")


async def versions(context: Context, resource_type: str, fhir_id: str) -> tuple[Version, ...]:
    """Every version, newest first.

    Raises: NotFound.
    """
    found: tuple[Version, ...] = await _logged(context, "history", resource_type, _versions, fhir_id)
    return found


async def _logged(context: Context, action: str, resource_type: str, work, fhir_id: str):  # type: ignore[no-untyped-def]  # generic over two kinds of work
    try:
        context.caller.require("r", resource_type)
        place = first_place(context, resource_type, fhir_id)
        found = await context.current(lambda given: given.durable_at(place, work, given, action, resource_type, fhir_id, place))
    except HubError as fault:
        await context.refuse(action, resource_type, fault)
        raise
    if not found:
        raise NotFound("there is no such resource").in_log()
    return found


def places(
    store: Store, context: Context, resource_type: str, fhir_id: str, first: int | None = None
) -> Iterator[tuple[str, int, Sight]]:
    """(scope, the store's number, what the caller may look at) of each place where a resource of that id may lie.

    The first is where ids lie that the hub gave, and is all that is looked at for most. After it come the sources' whose client
    chose that id; as many as if one had, where none has.
    Takes: `first`: the number of the first, where it was worked out before.
    Raises: Refused; Due.
    """
    given, *others = scopes(context.hub, context.caller)
    yield _place(store, context, given, resource_type, first_place(context, resource_type, fhir_id) if first is None else first)
    numbers = {rid(store.keys.identity, each + resource_type, fhir_id): each for each in others}
    there = locate_all(store.reader(), numbers) if len(numbers) > 1 else numbers
    for number in [each for each in numbers if each in there] or [*numbers][:1]:
        yield _place(store, context, numbers[number], resource_type, number)


def first_place(context: Context, resource_type: str, fhir_id: str) -> int:
    """The store's number of the first of `places`."""
    return rid(context.hub.store.keys.identity, GIVEN + resource_type, fhir_id)


def _place(store: Store, context: Context, scope: str, resource_type: str, number: int) -> tuple[str, int, Sight]:
    caller = context.caller
    told = recalled(store, caller, number)
    seen = sight(context.hub, caller, resource_type, told, named=told.pk != NO_PATIENT or not told.fhir_id)
    check_refusal(seen)
    now = store.now()
    context.demand(register_question(context.hub, caller, seen, now))
    if context.hub.services and of_record(resource_type):
        context.demand(*questions_of_one(context.hub, caller, told, now))
    return scope, number, seen


def found_now(store: Store, context: Context, action: str, resource_type: str, fhir_id: str) -> tuple[Found | None, Leaf]:
    """The current version, if it is released, and the entry for the log."""
    found, leaf = _now(store, context, action, resource_type, fhir_id)
    return (None if isinstance(found, Missing) else found), leaf


def _now(
    store: Store, context: Context, action: str, resource_type: str, fhir_id: str, place: int | None = None
) -> tuple[Found | Missing | None, Leaf]:
    """The current version, or that it was deleted, as far as that is released; and the entry for the log."""
    found, number, seen, missed = _first(store, context, resource_type, fhir_id, place, store.search.look)
    if found:
        if found.writer:
            [held] = as_shown(store, context.hub, context.caller, [Body(seen, found.pk, number, found.writer, found.bytes)])
            found = found._replace(bytes=held)
        return found, _leaf(seen, context, action, resource_type, [found], [])
    deleted = next((each for each in missed if each and each.deleted), None)
    return deleted, _leaf(seen, context, action, resource_type, [], _closing(missed[0]))


def _versions(
    store: Store, context: Context, action: str, resource_type: str, fhir_id: str, place: int | None = None
) -> tuple[tuple[Version, ...], Leaf]:
    found, number, seen, missed = _first(store, context, resource_type, fhir_id, place, store.search.look_back)
    if not found:
        return (), _leaf(seen, context, action, resource_type, [], _closing(missed[0]))
    hits = [
        Found(seen.view.pk, number, each.fhir_id, each.version_id, each.recorded, each.entry, each.row, b"") for each in found
    ]
    return _as_shown(store, context, seen, number, found), _leaf(seen, context, action, resource_type, hits, [])


def _as_shown(store: Store, context: Context, seen: Sight, number: int, found: Sequence[Version]) -> tuple[Version, ...]:
    """Versions as the caller is shown them."""
    bodies = [Body(seen, seen.view.pk, number, each.writer, each.bytes) for each in found if each.bytes and each.writer]
    made = iter(as_shown(store, context.hub, context.caller, bodies))
    return tuple(replace(each, bytes=next(made)) if each.bytes and each.writer else each for each in found)


def _first(
    store: Store,
    context: Context,
    resource_type: str,
    fhir_id: str,
    place: int | None,
    look: Callable[[Any, View, str, int, str], Seen | Missing | None],
) -> tuple[Seen | None, int, Sight, Sequence[Missing | None]]:
    """What is seen at the first place where there is anything to be seen, and the place. Where there is nothing: the place that
    the log tells of, in somebody's record, if there is any; and why there is nothing, there and at the others."""
    missed: list[tuple[Missing | None, int, Sight]] = []
    for _, number, seen in places(store, context, resource_type, fhir_id, place):
        found = look(store.reader(), seen.view, resource_type, number, fhir_id)
        if missed or found is None or isinstance(found, Missing):
            store.memory.weigh(store.reader(), context.caller, number, seen.known, store.now())
        if found is not None and not isinstance(found, Missing):
            return found, number, seen, ()
        missed.append((found, number, seen))
    missed.sort(key=lambda each: not each[2].known.fhir_id)
    why, number, seen = missed[0]
    look_elsewhere(store, context, resource_type, fhir_id, number, seen, look)
    return None, number, seen, [why, *(each for each, _, _ in missed[1:])]


def look_elsewhere(
    store: Store,
    context: Context,
    resource_type: str,
    fhir_id: str,
    number: int,
    seen: Sight,
    look: Callable[[Any, View, str, int, str], Any],
) -> None:
    """What is not shown is looked for once more, where nothing is, as in a record of the other kind: one with grounds where it
    has none, or is in no record at all. A long Release costs more than a short one; so it costs both, whether it is withheld or
    not there. Nothing comes of it."""
    told = store.memory.another(store.reader(), context.caller, number, seen.known, store.now())
    other = sight(context.hub, context.caller, resource_type, told, named=True)
    if other.view.kind == "patient":
        look(store.reader(), replace(other.view, pk=ABSENT), resource_type, number, fhir_id)


def _closing(missing: Missing | None) -> list[str]:
    """For the log: the rule by which the resource is withheld; none of what is not there, which costs the same."""
    return [missing.rule] if missing and missing.rule else []


def _leaf(seen: Sight, context: Context, action: str, resource_type: str, hits: list[Found], closing: list[str]) -> Leaf:
    return logbook.released(seen, context.caller, action, resource_type, hits, context.request_id, closing)
