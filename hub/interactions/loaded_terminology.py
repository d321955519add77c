"""Which value sets and code systems a search may go by: those that the hub has loaded, and a source's client's own."""

from collections.abc import Iterable

from hub.fhir.json import loads
from hub.fhir.query import MAX_COUNT, read_query
from hub.fhir.value_sets import Terminology, terminology
from hub.interactions.context import Context
from hub.interactions.view import sight
from hub.store.known import nobody
from hub.store.store import Store

_TYPES = ("CodeSystem", "ValueSet")
_MODIFIERS = (":in", ":not-in", ":above", ":below")


def goes_by_terminology(asked: Iterable[tuple[str, str]]) -> bool:
    """Whether a search may need more than what it says itself."""
    return any(name.endswith(_MODIFIERS) or name == "_filter" for name, _ in asked)


async def terminology_for(context: Context, asked: Iterable[tuple[str, str]]) -> Terminology:
    """What is known to this caller; nothing is read where nothing asks for it."""
    if context.caller.kind != "system" or not goes_by_terminology(asked):
        return context.hub.terminology
    return (await context.hub.store(_own, context)).with_more(context.hub.terminology)


def _own(store: Store, context: Context) -> Terminology:
    """What the source's client has written, the newest last; of more than a page holds the newest."""
    found = []
    for name in _TYPES:
        if context.caller.may("r", name):
            view = sight(context.hub, context.caller, name, nobody(context.began), named=False).view
            query = read_query(name, [("_count", str(MAX_COUNT)), ("_sort", "-_lastUpdated")], now=context.hub.clock())
            found += [loads(each.bytes) for each in reversed(store.search.page(store.reader(), view, query).hits)]
    return terminology(found)
