"""create, update, delete. Who may write what: a source's client its own entries, staff and patients Consents, a patient own
measurements. http://hl7.org/fhir/R4/http.html#create

The change, its grounds and its log entry are one transaction: they are durable together or not at all.
"""

from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.consent.release import TRUE, Equals, Outcome, Release, Row, all_of, closed
from hub.errors import Conflict, Forbidden, Gone, HubError, InvalidRequest, NotFound, Stale, Unprocessable
from hub.fhir.custody import Custody
from hub.fhir.identity import logical_id, rid
from hub.fhir.masking import hidden
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.fhir.validation import validate
from hub.interactions import consents, logbook
from hub.interactions.context import Context, check_caller
from hub.interactions.plan import question_about
from hub.interactions.read import Held, places
from hub.interactions.whose import patient_key
from hub.interactions.written_custody import HUB, LIFTING, OWN, custody_of
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, lock_patient
from hub.store.held_entry import HeldEntry, held_entry
from hub.store.known import Known, known, put_ground
from hub.store.patients import locate
from hub.store.search import Version, View
from hub.store.store import Store
from hub.store.tables import FOREVER, NO_PATIENT, locator
from hub.store.values import insert_new

FAMILY = "fhir"
MOVED = "a resource does not move from one patient to another"
WRITTEN = Release((Row(TRUE, Outcome.PERMIT, "WRITTEN"),))
"""What a writer has just written is shown to the writer, whatever the writer may read otherwise."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, as it stands now."""

    resource_type: str
    fhir_id: str
    held: Held
    created: bool


@dataclass(frozen=True, slots=True)
class _Before:
    """A resource that lies in the writer's view already."""

    version: Version
    told: Known
    scope: str
    entry: HeldEntry


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
        _check_writer(context.caller, resource_type)
        return await context.current(lambda given: given.hub.store(work, given, resource_type, *args))
    except HubError as fault:
        await context.refuse(action, resource_type, fault)
        raise


def _create(store: Store, context: Context, resource_type: str, resource: Resource) -> Written:
    parts = (context.caller.source or HUB, "create", context.request_id, "0")
    clean = _clean(resource_type, {**resource, "id": logical_id(store.keys.identity, resource_type, *parts)})
    with store.database.writing() as connection:
        return _put(connection, store, context, "create", clean, None)


def _update(store: Store, context: Context, resource_type: str, fhir_id: str, resource: Resource, version: str | None) -> Written:
    if resource.get("id") != fhir_id:
        raise InvalidRequest("the id in the body is not the one in the URL", f"{resource_type}.id")
    clean = _clean(resource_type, resource)
    with store.database.writing() as connection:
        try:
            before = _found(connection, store, context, resource_type, fhir_id)
        except Gone:
            if context.caller.kind != "system":
                raise
            before = None
        if before is None and (context.caller.kind != "system" or version is not None):
            raise NotFound("there is no such resource")
        if before is not None:
            _check_version(before, version)
        return _put(connection, store, context, "update", clean, before)


def _delete(store: Store, context: Context, resource_type: str, fhir_id: str, version: str | None) -> None:
    caller, now = context.caller, store.now()
    with store.database.writing() as connection:
        try:
            before = _found(connection, store, context, resource_type, fhir_id)
        except Gone:
            return
        if before is None:
            raise NotFound("there is no such resource")
        _check_version(before, version)
        _check_change(caller, before)
        told = before.told
        over = consents.ended(context, consents.of(told, fhir_id)) if _registers(caller, resource_type) else ()
        deposit(connection, store.keys.identity, told.pk, (), (before.version.entry,), now)
        for ground in over:
            put_ground(connection, told.pk, ground, caller.subject, now)
        _log(connection, store, context, "delete", resource_type, told, [each.id for each in over])


def _put(
    connection: Connection, store: Store, context: Context, action: str, resource: Resource, before: _Before | None
) -> Written:
    """Write a resource that may be written. `before`: what lies there already."""
    caller, key, now = context.caller, store.keys.identity, store.now()
    resource_type, fhir_id = resource["resourceType"], resource["id"]
    pk = patient_key(connection, key, caller, resource)
    if before is not None and pk != before.told.pk:
        raise Conflict(MOVED, f"{resource_type}.subject")
    lock_patient(connection, pk, now)
    told = known(connection, pk, now)
    if caller.kind != "system":
        context.demand(question_about(context.hub, told, now))
    if told.facts.protected and caller.kind == "system":
        resource = hidden(resource)
    if before is not None:
        _check_change(caller, before)
    grounds = consents.registered(context, resource, told) if _registers(caller, resource_type) else ()
    consents.check_representative(connection, key, context, grounds, told)
    custody = custody_of(context, resource, grounds)
    if before is not None and not (caller.kind == "system" or _moves(resource_type, before)):
        custody = before.entry.custody
    entry, scope = _place(connection, store, caller, custody, resource_type, fhir_id, before)
    if locate(connection, key, scope + resource_type, fhir_id) not in (None, pk):
        raise Conflict(MOVED, f"{resource_type}.subject")
    deposit(connection, key, pk, [Record(entry, FAMILY, custody, (resource,), scope)], (), now)
    insert_new(connection, locator, [{"rid": rid(key, each.KIND, each.id), "pk": pk} for each in grounds])
    for ground in grounds:
        put_ground(connection, pk, ground, caller.subject, now)
    _log(connection, store, context, action, resource_type, told, [each.id for each in grounds])
    held = _as_written(connection, store, pk, scope + resource_type, resource_type, fhir_id)
    return Written(resource_type, fhir_id, held, created=before is None)


def _log(
    connection: Connection, store: Store, context: Context, action: str, resource_type: str, told: Known, grounds: list[str]
) -> None:
    patient = told.fhir_id if told.pk else ""
    leaf = logbook.administered(context.caller, action, told.pk, patient, context.request_id, type=resource_type, grounds=grounds)
    store.audit.append_in(connection, leaf)


def _as_written(connection: Connection, store: Store, pk: int, scoped: str, resource_type: str, fhir_id: str) -> Held:
    view = View("patient", WRITTEN, pk=pk, asof=FOREVER - 1)
    found = store.search.read(connection, view, resource_type, rid(store.keys.identity, scoped, fhir_id), fhir_id)
    assert found is not None
    return Held(found.bytes, found.version_id, found.recorded)


def _found(connection: Connection, store: Store, context: Context, resource_type: str, fhir_id: str) -> _Before | None:
    """The newest version in the caller's view, its patient's record locked; None: there is none.

    Raises: Gone: it was deleted.
    """
    for scope, number, seen in places(store, context, resource_type, fhir_id):
        if seen.known.pk != NO_PATIENT or seen.known.fhir_id:
            lock_patient(connection, seen.known.pk, store.now())
        view = replace(seen.view, release=_reach(context.caller, resource_type, seen.release))
        versions = store.search.versions(connection, view, resource_type, number, fhir_id)
        if versions:
            entry = held_entry(connection, seen.known.pk, versions[0].entry)
            if versions[0].bytes is None or entry is None:
                raise Gone("the resource was deleted")
            return _Before(versions[0], known(connection, seen.known.pk, store.now()), scope, entry)
    return None


def _reach(caller: Caller, resource_type: str, release: Release) -> Release:
    """What a writer may change: what the writer sees, and without any relation what the own unit has registered, so that a
    Consent can always be ended where it was registered."""
    if not caller.staff or resource_type != "Consent":
        return release
    mine = all_of(Equals("source", HUB), Equals("provider", caller.provider), Equals("unit", caller.unit))
    return Release(closed((Row(mine, Outcome.PERMIT, "WRITTEN"), *release.rows)))


def _check_version(before: _Before, version: str | None) -> None:
    if version is not None and before.version.version_id != version:
        raise Stale("the resource has changed since that version", "If-Match")


def _place(
    connection: Connection,
    store: Store,
    caller: Caller,
    custody: Custody,
    resource_type: str,
    fhir_id: str,
    before: _Before | None,
) -> tuple[int, str]:
    """The number of the entry, and where the id is to lie: apart, if another source's resource has it already."""
    if before is not None:
        return before.entry.number, before.scope
    key = store.keys.identity
    entry = rid(key, "entry", f"{custody.source}\0{FAMILY}\0{resource_type}/{fhir_id}")
    if caller.kind != "system":
        return entry, ""
    taken = store.search.entry_at(connection, rid(key, resource_type, fhir_id), resource_type) not in (None, entry)
    return entry, f"{caller.source}/" if taken else ""


def _clean(resource_type: str, resource: Resource) -> Resource:
    """The resource without what the server sets.

    Raises: InvalidRequest; Unprocessable: not valid.
    """
    if resource.get("resourceType") != resource_type:
        raise InvalidRequest("the body is a resource of another type than the URL says", "resourceType")
    faults = [each for each in validate(resource) if each.severity in ("error", "fatal")]
    if faults:
        raise Unprocessable("the resource is not valid", faults[0].place, tuple(faults))
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return rest | ({"meta": meta} if meta else {})


def _check_writer(caller: Caller, resource_type: str) -> None:
    """Raises: Forbidden: callers of this kind write no such resources."""
    writer = "source" if caller.kind == "system" else "patient" if caller.kind == "patient" else "staff"
    allowed = writer in TYPES[resource_type].writers
    if not allowed or (writer == "staff" and not (caller.staff and caller.purpose == "care")):
        raise Forbidden(f"{resource_type} is written by its owner, not by this caller")


def _check_change(caller: Caller, before: _Before) -> None:
    """Raises: Forbidden: it can be seen, but it is another's to change."""
    custody = before.entry.custody
    if custody.source == HUB and custody.info_type == LIFTING:
        raise Forbidden("a request to lift a block is answered or taken back at /access/requests-to-lift")
    match caller.kind:
        case "system":
            mine = before.entry.family == FAMILY
        case "patient":
            mine = custody.source == OWN or (custody.source == HUB and before.told.pk != NO_PATIENT)
        case _:
            mine = custody.source == HUB and custody.unit == caller.unit
    if not mine:
        raise Forbidden("the resource is changed by its owner, not by this caller")


def _moves(resource_type: str, before: _Before) -> bool:
    """Whether custody follows what is written now: a patient's own Consent is seen by the unit that it permits today."""
    return resource_type == "Consent" and before.entry.custody.source == OWN


def _registers(caller: Caller, resource_type: str) -> bool:
    """Whether writing it registers grounds: a source's own Consents are its documents, no more."""
    return resource_type == "Consent" and caller.kind != "system"
