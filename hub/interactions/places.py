"""Where the Locations are that a caller sees: what a search by `near` is answered from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from hub.errors import TooCostly
from hub.fhir.distance import Position, position_of
from hub.fhir.json import loads
from hub.fhir.parameters.special import NEAR
from hub.fhir.query import MAX_COUNT, read_query
from hub.interactions.context import Context, check_refusal
from hub.interactions.view import sight
from hub.store.known import nobody
from hub.store.store import Store
from hub.store.tables import FOREVER

MOST = 20
"""Pages of Locations that are looked through."""


def goes_by_distance(asked: Iterable[tuple[str, str]]) -> bool:
    """Whether a search may ask for what is near, by itself or at the end of a chain."""
    return any(name.endswith((NEAR, f".{NEAR}", f":{NEAR}")) for name, _ in asked)


async def places_for(context: Context, asked: Iterable[tuple[str, str]]) -> Mapping[str, Position] | None:
    """The places, by id of the Location; nothing is read where nothing asks for it.

    Raises: TooCostly; Forbidden.
    """
    if not goes_by_distance(asked) or not context.caller.may("s", "Location"):
        return None
    return await context.hub.store(_placed, context)


def _placed(store: Store, context: Context) -> Mapping[str, Position]:
    seen = sight(context.hub, context.caller, "Location", nobody(context.began), named=False)
    check_refusal(seen)
    view = replace(seen.view, asof=FOREVER - 1)
    query = read_query("Location", [("_count", str(MAX_COUNT)), ("_sort", "_id")], now=context.hub.clock())
    found: dict[str, Position] = {}
    after = None
    for _ in range(MOST):
        page = store.search.page(store.reader(), view, query, after)
        for each in page.hits:
            place = position_of(loads(each.bytes))
            if place is not None:
                found[each.fhir_id] = place
        if not page.more:
            return found
        after = (*page.hits[-1].keys, page.hits[-1].rid)
    raise TooCostly("there are more Locations than are looked through", NEAR)
