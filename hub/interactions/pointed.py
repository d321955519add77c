"""What a body that refers to other entries is to a caller: without the references to what is not released to the caller.

The one door of such bodies: what has none leaves as the bytes that are stored. A target that is withheld and one that is not
there are the same: one statement, after which the reference is gone. To the client of the source that wrote it a body is whole.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from hub.caller import Caller
from hub.fhir.across import pointed, without
from hub.fhir.identity import rid
from hub.fhir.json import dumps, loads
from hub.hub import Hub
from hub.interactions.scopes import scopes
from hub.interactions.sights import PERSON, Sights, seen_person, sources_apart
from hub.interactions.view import Sight
from hub.store.search import Found, View
from hub.store.store import Store

Released = Mapping[tuple[int, str], Sequence[str]]
"""Patient key and target -> the sources that hold it."""


class Body(NamedTuple):
    """What a resource says, and how it was seen."""

    seen: Sight
    pk: int
    rid: int
    bytes: bytes


def shown(store: Store, hub: Hub, caller: Caller, looked: Sights, found: Sequence[Found]) -> tuple[Found, ...]:
    """What a search found, as the caller is shown it."""
    bodies = [Body(looked.of(each.type), each.pk, each.rid, each.bytes) for each in found if each.across != 0]
    if not bodies:
        return tuple(found)
    made = iter(as_shown(store, hub, caller, bodies))
    return tuple([each._replace(bytes=next(made)) if each.across != 0 else each for each in found])


def as_shown(store: Store, hub: Hub, caller: Caller, bodies: Sequence[Body]) -> list[bytes]:
    """What bodies that refer to other entries are to the caller."""
    if caller.kind == "system" or not bodies:
        return [each.bytes for each in bodies]
    apart = sources_apart(hub, caller)
    sources = store.search.includes.sources(store.reader(), bodies) if apart else {}
    views: dict[object, list[Body]] = {}
    for each in bodies:
        views.setdefault(each.seen.view.same(), []).append(each)
    there = {view: _released(store, hub, caller, alike) for view, alike in views.items()}

    def one(body: Body) -> bytes:
        released, source = there[body.seen.view.same()], sources.get(body.rid, "")

        def hides(target: str) -> bool:
            others = released.get((body.pk, target), ())
            return not any(source == other or source not in apart or other not in apart for other in others)

        return dumps(without(loads(body.bytes), hides)) if any(map(hides, pointed(body.bytes))) else body.bytes

    return [one(each) for each in bodies]


def _released(store: Store, hub: Hub, caller: Caller, alike: Sequence[Body]) -> Released:
    """What of all that they refer to is released to the caller, who sees them alike."""
    places = scopes(hub, caller)
    found: dict[tuple[int, str], list[str]] = {}
    for view, targets in _views(hub, caller, alike[0].seen, {each for body in alike for each in pointed(body.bytes)}):
        named = [each.partition("/") for each in targets]
        numbers = {rid(store.keys.identity, place + kind, id) for kind, _, id in named for place in places}
        for each in store.search.includes.targets(store.reader(), view, {kind for kind, _, _ in named}, numbers):
            found.setdefault((each.pk, f"{each.type}/{each.fhir_id}"), []).append(each.source)
    return found


def _views(hub: Hub, caller: Caller, seen: Sight, targets: Collection[str]) -> Iterator[tuple[View, list[str]]]:
    """How targets are looked at: as what refers to them was, but for persons."""
    persons = [each for each in targets if each.startswith(f"{PERSON}/")]
    others = [each for each in targets if not each.startswith(f"{PERSON}/")]
    if others:
        yield seen.view, others
    if persons:
        yield replace(seen_person(hub, caller, seen.known, seen.named), asof=seen.view.asof), persons
