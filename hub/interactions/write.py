"""create, update, delete. Who may write what: a source's client its own entries, staff and patients Consents, a patient own
measurements. http://hl7.org/fhir/R4/http.html#create

The change, its grounds and its log entry are one transaction: they are durable together or not at all.
"""

from typing import Any

from hub.errors import Gone, HubError, InvalidRequest, NotFound
from hub.fhir.identity import logical_id
from hub.fhir.resource import Resource
from hub.interactions.changing import Changing, Written, changing, check_version, check_writer, clean, found, put, remove
from hub.interactions.context import Context, check_caller
from hub.interactions.written_custody import HUB
from hub.store.store import Store

__all__ = ["Written", "create", "created", "delete", "deleted", "update", "updated"]


async def create(context: Context, resource_type: str, resource: Resource) -> Written:
    """Create a resource under an id of the hub's own.

    Raises: Forbidden; InvalidRequest; Unprocessable: not valid, or about nobody the caller may write of.
    """
    written: Written = await _logged(context, "create", "c", resource_type, _create, resource)
    return written


async def update(context: Context, resource_type: str, fhir_id: str, resource: Resource, version: str | None) -> Written:
    """Replace a resource; a source's client may also create under an id of its own.

    Takes: `version`: what the writer believes is current (If-Match); None: not said.
    Raises: as create; NotFound: not in the caller's view; Gone: deleted; Stale: the version is another.
    """
    written: Written = await _logged(context, "update", "u", resource_type, _update, fhir_id, resource, version)
    return written


async def delete(context: Context, resource_type: str, fhir_id: str, version: str | None) -> None:
    """Delete a resource: earlier versions stay in its history. What is gone already stays gone, without an error.

    Raises: NotFound; Forbidden; Stale.
    """
    await _logged(context, "delete", "d", resource_type, _delete, fhir_id, version)


async def _logged(context: Context, action: str, letter: str, resource_type: str, work: Any, *args: Any) -> Any:
    try:
        context.caller.require(letter, resource_type)
        check_caller(context)
        check_writer(context.caller, resource_type)
        return await context.current(lambda given: given.hub.store(work, given, resource_type, *args))
    except HubError as fault:
        await context.refuse(action, resource_type, fault)
        raise


def _create(store: Store, context: Context, resource_type: str, resource: Resource) -> Written:
    cleaned = clean(resource_type, {**resource, "id": new_id(context, resource_type)})
    with changing(store, context) as change:
        return created(change, cleaned)


def _update(store: Store, context: Context, resource_type: str, fhir_id: str, resource: Resource, version: str | None) -> Written:
    if resource.get("id") != fhir_id:
        raise InvalidRequest("the id in the body is not the one in the URL", f"{resource_type}.id")
    cleaned = clean(resource_type, resource)
    with changing(store, context) as change:
        return updated(change, cleaned, version)


def _delete(store: Store, context: Context, resource_type: str, fhir_id: str, version: str | None) -> None:
    with changing(store, context) as change:
        deleted(change, resource_type, fhir_id, version)


def new_id(context: Context, resource_type: str, place: int = 0) -> str:
    """The id of a resource that is created; `place`: in the request, where it creates several."""
    parts = (context.caller.source or HUB, "create", context.request_id, str(place))
    return logical_id(context.hub.store.keys.identity, resource_type, *parts)


def created(change: Changing, resource: Resource) -> Written:
    """`create`, within a transaction. Takes: a resource as `clean` gives it, with an id that `new_id` gave."""
    return put(change, "create", resource, None)


def updated(change: Changing, resource: Resource, version: str | None) -> Written:
    """`update`, within a transaction. Takes: a resource as `clean` gives it."""
    system = change.context.caller.kind == "system"
    try:
        before = found(change, resource["resourceType"], resource["id"])
    except Gone:
        if not system:
            raise
        before = None
    if before is None and (not system or version is not None):
        raise NotFound("there is no such resource")
    if before is not None:
        check_version(before, version)
    return put(change, "update", resource, before)


def deleted(change: Changing, resource_type: str, fhir_id: str, version: str | None) -> None:
    """`delete`, within a transaction."""
    try:
        before = found(change, resource_type, fhir_id)
    except Gone:
        return
    if before is None:
        raise NotFound("there is no such resource")
    check_version(before, version)
    remove(change, before, resource_type, fhir_id)
