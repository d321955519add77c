"""`_include` and `_revinclude`: resources beside the hits, each seen by the caller on its own.

Goes round by round where `:iterate` asks for it. The number of statements depends on rounds, views and parameters, never on hits.
Source: http://hl7.org/fhir/R4/search.html#include
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from hub.caller import Caller
from hub.errors import TooCostly
from hub.fhir.asked import Include, Query
from hub.fhir.identity import rid
from hub.fhir.index import references
from hub.fhir.json import loads
from hub.fhir.types import TYPES
from hub.hub import Hub
from hub.interactions.pointed import shown
from hub.interactions.scopes import scopes
from hub.interactions.sights import Sights
from hub.store.search import Found, View
from hub.store.store import Store

MAX_ROUNDS = 16
MAX_INCLUDED = 2_000
"""Resources beside the hits of one page."""


def included(store: Store, hub: Hub, caller: Caller, query: Query, looked: Sights, hits: Sequence[Found]) -> tuple[Found, ...]:
    """The resources that are given beside hits: each once, none that is a hit.

    Raises: TooCostly: more than can be given beside one page.
    """
    frontier = [each if each.type else each._replace(type=query.resource_type) for each in hits]
    given = {(each.type, each.rid) for each in frontier}
    found: list[Found] = []
    for turn in range(MAX_ROUNDS + 1):
        asked = [each for each in query.includes if each.iterate or turn == 0]
        if not asked or not frontier:
            return tuple(found)
        beside = _Round(store, hub, caller, looked, frontier)
        new = {(each.type, each.rid): each for include in _merged(asked) for each in beside.found(include)}
        frontier = list(shown(store, hub, caller, looked, [each for at, each in new.items() if at not in given]))
        given |= new.keys()
        found += frontier
        if len(found) > MAX_INCLUDED:
            break
    raise TooCostly("more than can be given beside one page: ask for fewer hits (_count), or for less beside them", "_include")


def _merged(asked: Sequence[Include]) -> Iterator[Sequence[Include]]:
    """What can be looked up at once: everything that hits point at; what points at them parameter by parameter."""
    forward = [each for each in asked if not each.reverse]
    if forward:
        yield forward
    yield from ([each] for each in asked if each.reverse)


class _Round:
    """What lies beside some resources. State: the references of each, read once."""

    def __init__(self, store: Store, hub: Hub, caller: Caller, looked: Sights, around: Sequence[Found]) -> None:
        self.store, self.scopes, self.looked, self.around = store, scopes(hub, caller), looked, around
        self._pointed: list[tuple[Found, Mapping[str, Sequence[str]]]] | None = None

    def found(self, asked: Sequence[Include]) -> Iterator[Found]:
        return self._pointing(asked[0]) if asked[0].reverse else self._pointed_at(asked)

    def _pointed_at(self, asked: Sequence[Include]) -> Iterator[Found]:
        targets: dict[str, dict[str, list[Found]]] = {}
        for target, by in (each for include in asked for each in self._targets(include)):
            name, _, fhir_id = target.partition("/")
            if name in TYPES:
                targets.setdefault(name, {}).setdefault(fhir_id, []).append(by)
        for view, types in self._by_view(targets):
            numbers = [each for name in types for fhir_id in targets[name] for each in self._numbers(name, fhir_id)]
            beside = self.store.search.includes.named(self.store.reader(), view, types, numbers, MAX_INCLUDED + 1)
            yield from self._meant(beside, lambda each: targets[each.type].get(each.fhir_id, ()))

    def _targets(self, include: Include) -> Iterator[tuple[str, Found]]:
        """What is pointed at, and by which resource."""
        if self._pointed is None:
            self._pointed = [(each, references(loads(each.bytes))) for each in self.around]
        for by, held in self._pointed:
            if include.source in ("*", by.type):
                its = held.get(include.param, ()) if include.param != "*" else [one for all_ in held.values() for one in all_]
                yield from ((each, by) for each in its if not include.target or each.startswith(f"{include.target}/"))

    def _pointing(self, include: Include) -> Iterator[Found]:
        around = [each for each in self.around if include.target in ("", each.type)]
        targets = {f"{each.type}/{each.fhir_id}" for each in around}
        params = _reverse_params(include, {each.type for each in around})
        for view, types in self._by_view(params):
            its = {name: params[name] for name in types}
            beside = self.store.search.includes.pointing(self.store.reader(), view, its, targets, MAX_INCLUDED + 1)
            yield from self._meant(beside, lambda each: _pointed_by(each, around))

    def _meant(self, beside: Sequence[Found], others: Callable[[Found], Sequence[Found]]) -> Iterator[Found]:
        """Those of which source and the source of one of the others go together: two clients may choose the same id."""
        apart = self.looked.views.apart if self.looked.views else ()
        if not apart or not beside:
            yield from beside
            return
        sources = self.store.search.includes.sources(self.store.reader(), [*beside, *self.around])

        def goes_with(one: Found, other: Found) -> bool:
            source, its = sources[one.rid], sources[other.rid]
            return source == its or source not in apart or its not in apart

        yield from (each for each in beside if any(goes_with(each, other) for other in others(each)))

    def _numbers(self, name: str, fhir_id: str) -> Iterator[int]:
        """Where a resource of that id may lie."""
        for scope in self.scopes:
            yield rid(self.store.keys.identity, scope + name, fhir_id)

    def _by_view(self, types: Mapping[str, object]) -> Iterator[tuple[View, list[str]]]:
        views = self.looked.views
        assert views is not None  # a search with includes looks at several types
        known = [name for name in types if name in self.looked.others]
        yield from ((views.view(number), its) for number, its in views.grouped(known).items())


def _pointed_by(each: Found, around: Sequence[Found]) -> Sequence[Found]:
    """Those of some resources at whose type and id another points."""
    pointed = {target for its in references(loads(each.bytes)).values() for target in its}
    return [other for other in around if f"{other.type}/{other.fhir_id}" in pointed]


def _reverse_params(include: Include, pointed: set[str]) -> dict[str, list[str]]:
    """The index names of the parameters by which types may point at these others."""
    found: dict[str, list[str]] = {}
    for name in TYPES if include.source == "*" else (include.source,):
        its = [each for each in TYPES[name].search if each.kind == "reference" and include.param in ("*", each.index)]
        fitting = {each.index: None for each in its if not each.targets or pointed & {*each.targets}}
        if fitting:
            found[name] = list(fitting)
    return found
