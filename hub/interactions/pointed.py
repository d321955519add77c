"""What a body that may refer to other entries is to a caller: without the references to what is not released to the caller.

The one door of such bodies. A target that is withheld, one that is not there, and none at all are the same, in time as well: one
statement, which finds something whatever they refer to, and every body written anew. To the client of the source that wrote it a
body is whole.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from hub.caller import Caller
from hub.fhir.across import pointed, without
from hub.fhir.identity import rid
from hub.fhir.json import dumps, loads
from hub.hub import Hub
from hub.interactions.scopes import scopes
from hub.interactions.sights import Sights, seen_person, sources_apart
from hub.interactions.view import Sight
from hub.store.released import PERSON, REST, Views
from hub.store.search import Found
from hub.store.store import Store

FEWEST = 4
"""Targets that are asked for, and references that a body is taken to have: few resources refer to more other entries."""
Released = Mapping[tuple[int, str], Sequence[str]]
"""Patient key and target -> the sources that hold it."""


class Body(NamedTuple):
    """What a resource says, and how it was seen."""

    seen: Sight
    pk: int
    rid: int
    writer: str
    """The source whose client wrote it."""
    bytes: bytes


def shown(store: Store, hub: Hub, caller: Caller, looked: Sights, found: Sequence[Found]) -> tuple[Found, ...]:
    """What a search found, as the caller is shown it."""
    bodies = [Body(looked.of(each.type), each.pk, each.rid, each.writer, each.bytes) for each in found if each.writer]
    if not bodies:
        return tuple(found)
    made = iter(as_shown(store, hub, caller, bodies))
    return tuple([each._replace(bytes=next(made)) if each.writer else each for each in found])


def as_shown(store: Store, hub: Hub, caller: Caller, bodies: Sequence[Body]) -> list[bytes]:
    """What bodies that may refer to other entries are to the caller."""
    if caller.kind == "system" or not bodies:
        return [each.bytes for each in bodies]
    apart = frozenset(sources_apart(hub, caller))
    views: dict[object, list[Body]] = {}
    spoken: dict[object, list[str]] = {}
    for each in bodies:
        view = each.seen.view.same()
        views.setdefault(view, []).append(each)
        spoken.setdefault(view, []).extend(pointed(each.bytes))
    there = {view: _released(store, hub, caller, alike, set(spoken[view])) for view, alike in views.items()}

    @cache
    def released(view: object, pk: int, writer: str) -> Set[str]:
        """The targets that one source's client may mean."""
        held = {target: sources for (of, target), sources in there[view].items() if of == pk}
        if writer not in apart:
            return held.keys()
        return {target for target, sources in held.items() if writer in sources or not apart.issuperset(sources)}

    def one(body: Body) -> bytes:
        shown = released(body.seen.view.same(), body.pk, body.writer)
        return dumps(without(loads(body.bytes), lambda target: target not in shown))

    made = [one(each) for each in bodies]
    without(loads(beside(sum(map(len, spoken.values())), len(bodies))), lambda _: True)
    return made


def _released(store: Store, hub: Hub, caller: Caller, alike: Sequence[Body], targets: Set[str]) -> Released:
    """What of all that they refer to is released to the caller, who sees them alike. One of themselves, which is, is asked for as
    well, so that all is weighed that the caller's grounds ask for."""
    itself = alike[0]
    own = str(loads(itself.bytes)["resourceType"])
    names = [each.partition("/") for each in (*targets, *nowhere(own, len(targets), len(alike)))]
    types, places = {own, *(kind for kind, _, _ in names)}, scopes(hub, caller)
    numbers = {rid(store.keys.identity, place + kind, id) for kind, _, id in names for place in places}
    seen = itself.seen
    persons = replace(seen_person(hub, caller, seen.known, seen.named), asof=seen.view.asof)
    views = Views({REST: seen.view, PERSON: persons})
    found: dict[tuple[int, str], list[str]] = {}
    for each in store.search.includes.targets(store.reader(), views, types, {itself.rid, *numbers}):
        found.setdefault((each.pk, f"{each.type}/{each.fhir_id}"), []).append(each.source)
    return found


def nowhere(resource_type: str, targets: int, bodies: int) -> Iterator[str]:
    """Targets that lead nowhere, beside what is meant: together as many as the next power of two, at least `FEWEST` and one
    for each body. How many of them are hidden, or none, then takes as long."""
    return (f"{resource_type}/~{n}" for n in range(_in_all(targets, bodies) - targets))


def beside(references: int, bodies: int) -> bytes:
    """A resource that is shown to nobody, with references beside those of the bodies: together as many as the next power of two,
    at least `FEWEST` for each body. How many were left out of them then takes as long."""
    more = _in_all(references, FEWEST * bodies) - references
    return b'{"resourceType":"Observation","extension":[%b]}' % b",".join([_LEFT_OUT] * more)


def _in_all(found: int, least: int) -> int:
    return 1 << (max(found, least, FEWEST) - 1).bit_length()


_LEFT_OUT = b'{"url":"urn:x","valueReference":{"reference":"Observation/%b","display":"of nobody"}}' % (b"0" * 26)
"""A reference with the element that goes with it: what costs most to leave out."""
