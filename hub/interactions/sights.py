"""How a caller sees every type that a search looks at: its own, those of its chains, and those that it includes.

Each is decided by itself, by the same grounds; a type that the token's scope does not cover holds nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from hub.caller import Caller
from hub.consent.release import Release, closed
from hub.fhir.asked import Query
from hub.fhir.criteria import reached
from hub.fhir.types import TYPES
from hub.hub import Hub
from hub.interactions.view import PERSONS, Sight, sight
from hub.store.known import Known
from hub.store.released import PERSON, View, Views
from hub.store.tables import FOREVER, NO_PATIENT

NOTHING = Release(closed(()))
"""Lets nothing through."""


@dataclass(frozen=True, slots=True)
class Sights:
    """What a search looks at."""

    main: Sight
    """Of the type that is searched; of several, of the first that belongs to patients."""
    others: Mapping[str, Sight] = field(default_factory=dict)
    """By type, those that are searched first; nothing where it is one type alone."""
    views: Views | None = None
    """The same for the store; and how `PERSON` is seen, where references may lead to one."""

    @property
    def digests(self) -> tuple[str, ...]:
        """The same as long as the same can be seen."""
        return (self.main.release.digest, *(each.release.digest for each in self.others.values()))

    def as_of(self, asof: int) -> "Sights":
        """The record of the patient as it was then; the directory as it is."""
        main = replace(self.main, view=_as_of(self.main.view, asof))
        if self.views is None:
            return Sights(main)
        others = {name: replace(each, view=_as_of(each.view, asof)) for name, each in self.others.items()}
        return Sights(main, others, self.views.changed(lambda view: _as_of(view, asof)))

    def types(self, query: Query) -> tuple[str, ...]:
        """The types that are looked at, each once."""
        return tuple(self.others) or (query.resource_type,)

    def of(self, resource_type: str) -> Sight:
        """How a type is seen."""
        return self.others.get(resource_type, self.main)


def sights(hub: Hub, caller: Caller, query: Query, told: Known, named: bool) -> Sights:
    """What `caller` may look at in a search. Takes: `told`, `named`: as `hub.interactions.view.sight`."""
    if query.plain and not query.across:
        return Sights(sight(hub, caller, query.resource_type, told, named))
    beside = {PERSON: seen_person(hub, caller, told, named)} if query.across else {}
    if query.plain:
        main = sight(hub, caller, query.resource_type, told, named)
        return Sights(main, views=Views({query.resource_type: main.view, **beside}, sources_apart(hub, caller)))
    apart = sources_apart(hub, caller)
    needed: dict[str, set[str]] = {}
    for name, interaction in _looked_at(query):
        needed.setdefault(name, set()).add(interaction)
    others = {name: _seen(hub, caller, name, told, named, letters) for name, letters in needed.items()}
    main = next((each for name, each in others.items() if not TYPES[name].shared), next(iter(others.values())))
    if query.resource_type:
        main = others[query.resource_type]
    views = {name: each.view for name, each in others.items()}
    return Sights(main, others, Views(views | {name: each for name, each in beside.items() if name not in views}, apart))


def seen_person(hub: Hub, caller: Caller, told: Known, named: bool) -> View:
    """How `PERSON` is seen where others refer to it, whatever the token's scope."""
    view = sight(hub, caller, PERSON, told, named).view
    return view if named or not caller.staff else replace(view, release=NOTHING)


def sources_apart(hub: Hub, caller: Caller) -> tuple[str, ...]:
    """The sources whose clients choose ids, where the caller may see several of them: what one of them refers to is its own."""
    if caller.kind == "system":
        return ()
    found = sorted({each.source for each in hub.config.clients if each.source})
    return tuple(found) if len(found) > 1 else ()


def _looked_at(query: Query) -> Iterator[tuple[str, str]]:
    """Types, and what is done with each: s (searched) or r (read)."""
    for name in query.types or (query.resource_type,):
        yield name, "s"
    for name in reached((*query.naming, *query.criteria)):
        yield name, "s"
    for each in query.includes:
        found = each.source if each.reverse else each.target
        for name in (found,) if found in TYPES else TYPES:
            yield name, "r"


def _seen(hub: Hub, caller: Caller, name: str, told: Known, named: bool, letters: set[str]) -> Sight:
    seen = sight(hub, caller, name, told, named)
    unnamed = not named and caller.staff and name in PERSONS
    if unnamed or not all(caller.may(each, name) for each in letters):
        return replace(seen, view=replace(seen.view, release=NOTHING))
    if TYPES[name].shared and told.pk != NO_PATIENT:  # the patient's time says nothing of the directory's
        return replace(seen, view=_as_of(seen.view, FOREVER - 1, directory=True))
    return seen


def _as_of(view: View, asof: int, directory: bool = False) -> View:
    of_patient = view.kind == "patient" and (directory or view.asof != FOREVER - 1)
    return replace(view, asof=asof) if of_patient else view
