"""create, update, patch, delete, each by id or by a condition. http://hl7.org/fhir/R4/http.html#create

The change, its grounds and its log entry are one transaction: they are durable together or not at all. Who may write what:
`hub.interactions.owning`.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from hub.errors import HubError, InvalidRequest, Issue
from hub.fhir.query import Query
from hub.interactions.changes import Change, Written, carried_out
from hub.interactions.context import Context, check_caller
from hub.interactions.creating import Creation, created_together, is_plain
from hub.interactions.matching import Condition, resolved
from hub.interactions.owning import check_writer
from hub.interactions.read import Held, found_now
from hub.store.audit_log import Leaf
from hub.store.database import Connection
from hub.store.store import Store

PROVENANCE = "Provenance"
SCOPES = {"create": "c", "update": "u", "patch": "u", "delete": "d"}
"""The letter of a SMART scope that lets do each."""


async def write(context: Context, change: Change) -> Written:
    """Carry out a change.

    Raises: Forbidden; InvalidRequest; Unprocessable: not valid, or about nobody the caller may write of; NotFound: not in the
    caller's view; Gone: deleted; Stale: the current version is another; Several: the condition is met more than once.
    """
    try:
        change = await prepared(context, change)
        if is_plain(context, change):
            return await context.current(
                lambda given: given.hub.store.together(created_together, Creation(given, change), _alone_of)
            )
        return await context.current(lambda given: given.hub.store(_alone, given, change))
    except HubError as fault:
        await context.refuse(change.action, change.type, fault)
        raise


async def prepared(context: Context, change: Change) -> Change:
    """The change with its condition as it is looked for.

    Raises: Forbidden: the caller may not ask for it; InvalidRequest: the condition says nothing.
    """
    context.caller.require(SCOPES[change.action], change.type)
    check_caller(context)
    check_writer(context.caller, change.type)
    if change.provenance is not None:
        context.caller.require(SCOPES["create"], PROVENANCE)
        check_writer(context.caller, PROVENANCE)
    if change.condition is None:
        return change
    return replace(change, condition=await condition(context, change.condition.query))


async def condition(context: Context, query: Query) -> Condition:
    """A condition, its patient resolved. What it is met by is searched for: the scope of searches holds for it too.

    Raises: Forbidden; InvalidRequest: it says nothing, or more than what is to be found.
    """
    context.caller.require("s", query.resource_type)
    if not (query.criteria or query.naming or query.patients):
        raise InvalidRequest("a condition needs a criterion")
    if query.includes or query.sort or query.cursor or query.elements or query.summary != "false":
        raise InvalidRequest("a condition has criteria and nothing else")
    found, patient, _ = await resolved(context, query)
    return Condition(found, patient)


async def rehearsed(context: Context, change: Change) -> tuple[Issue, ...]:
    """What a change would be refused for; empty: nothing. It is carried out and undone."""
    try:
        change = await prepared(context, change)
        await context.current(lambda given: given.hub.store(_undone, replace(given, rehearsing=True), change))
    except HubError as fault:
        return fault.issues
    return ()


class _Undone(Exception):
    """What was done is not to stand."""


def _undone(store: Store, context: Context, change: Change) -> None:
    def work(connection: Connection) -> tuple[None, list[Leaf]]:
        carried_out(connection, store.inside(connection), context, change)
        raise _Undone

    with suppress(_Undone):
        store.write(work)


def _alone_of(store: Store, given: Creation) -> Written:
    return _alone(store, given.context, given.change)


def _alone(store: Store, context: Context, change: Change) -> Written:
    def work(connection: Connection) -> tuple[Written, list[Leaf]]:
        within = store.inside(connection) if change.condition else store
        written, leaf = carried_out(connection, within, context, change)
        if leaf is not None:
            return written, [leaf, *_provenance(connection, within, context, change, written)]
        written, leaf = as_found(within, context, change.action, written)
        return written, [leaf]

    return store.write(work)


def _provenance(connection: Connection, store: Store, context: Context, change: Change, written: Written) -> Iterator[Leaf]:
    """Create the Provenance that came with a change, of the version that was written.

    Source: http://hl7.org/fhir/R4/provenance.html#header
    """
    if change.provenance is None or written.held is None:
        return
    target = f"{written.resource_type}/{written.fhir_id}/_history/{written.held.version_id}"
    made = {**change.provenance, "target": [{"reference": target}]}
    _, leaf = carried_out(
        connection, store, context, Change(action="create", type=PROVENANCE, resource=made, part=change.part + 1)
    )
    if leaf is not None:
        yield leaf


def as_found(store: Store, context: Context, action: str, written: Written) -> tuple[Written, Leaf]:
    """What is there already where it was to be created, as it is answered, and the entry for that."""
    found, leaf = found_now(store, context, action, written.resource_type, written.fhir_id)
    held = Held(found.bytes, found.version_id, found.recorded) if found else None
    return replace(written, held=held), leaf
