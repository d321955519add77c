"""One change of a resource, carried out in a writing transaction: create, update, patch or delete, by id or by a condition.

A condition is met by what is released to the writer and by nothing else, so that no outcome tells of what is withheld.
Source: http://hl7.org/fhir/R4/http.html#create, #update, #patch, #delete, #cond-update
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from hub.consent.release import TRUE, Outcome, Release, Row
from hub.errors import Conflict, Gone, InvalidRequest, NotFound, Several, Stale, Unprocessable
from hub.fhir.across import restored
from hub.fhir.custody import API_FAMILY, HUB
from hub.fhir.encoded import encoded
from hub.fhir.identity import logical_id, rid
from hub.fhir.json import dumps, loads
from hub.fhir.masking import hidden
from hub.fhir.relinked import made_relative
from hub.fhir.resource import Resource
from hub.fhir.validation import validate
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.interactions.matching import Condition, lock_view, meets
from hub.interactions.owning import Before, check_change, moves, place, reach
from hub.interactions.plan import question_about
from hub.interactions.pointed import Body, as_shown
from hub.interactions.read import Held, look_elsewhere, places
from hub.interactions.registering import ended, registered
from hub.interactions.view import Sight
from hub.interactions.whose import patient_key
from hub.interactions.written_custody import custody_of
from hub.store.audit_log import Leaf
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, lock_patient
from hub.store.held_entry import held_entry
from hub.store.known import Known, known, put_ground
from hub.store.patients import locate
from hub.store.search import Found, Missing, Version, View
from hub.store.store import Store
from hub.store.tables import FOREVER, NO_PATIENT, locator
from hub.store.values import insert_new

MOVED = "a resource does not move from one patient to another"
WRITTEN = Release((Row(TRUE, Outcome.PERMIT, "WRITTEN"),))
"""What a writer has just written is shown to the writer, whatever the writer may read otherwise."""
ANY = "*"
"""Stands for any version: If-Match: *."""

Action = Literal["create", "update", "patch", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is asked for."""

    action: Action
    type: str
    id: str = ""
    """Empty: of a new resource, or found by the condition."""
    resource: Resource | None = None
    """To create or update: what is to stand."""
    patch: Callable[[Resource], Resource] | None = None
    """To patch: from what stands to what is to stand. Raises: InvalidRequest; Unprocessable: it does not fit what stands."""
    condition: Condition | None = None
    versions: frozenset[str] | None = None
    """Those of which one must be current (If-Match, `ANY`); None: not said."""
    absent: bool = False
    """It must not be there yet (If-None-Match: *)."""
    part: int = 0
    """Its place in the request."""
    provenance: Resource | None = None
    """To create or update: a Provenance to be created of what is written, without its target; None: none."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a change."""

    resource_type: str
    fhir_id: str
    held: Held | None
    """As it stands now; None: it was deleted, or is still to be read where it was found instead of created."""
    created: bool = False
    deleted: bool = False


Done = tuple[Written, Leaf | None]
"""With the entry for the log; None: nothing was written, since what was to be created is there."""


def carried_out(connection: Connection, store: Store, context: Context, change: Change) -> Done:
    """Carry out a change that the caller may ask for.

    Takes: `store`: what it reads must see what `connection` wrote, if there is a condition.
    Raises: InvalidRequest; Unprocessable; Forbidden; NotFound: not in the caller's view; Gone; Stale; Several; Conflict.
    """
    hit = _met(connection, store, context, change)
    match change.action:
        case "create" if hit:
            return Written(change.type, hit.fhir_id, None), None
        case "create":
            return _create(connection, store, context, change)
        case "update" if change.condition:
            return _update_where(connection, store, context, change, hit)
        case "update":
            return _update(connection, store, context, change, change.id)
        case "patch":
            return _patch(connection, store, context, change, hit.fhir_id if hit else change.id)
        case "delete" if change.condition and hit is None:
            return _deleted_nothing(context, change, "")
        case "delete":
            return _delete(connection, store, context, change, hit.fhir_id if hit else change.id)


def clean(resource_type: str, resource: Resource) -> Resource:
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


def new_id(store: Store, context: Context, change: Change) -> str:
    """The id of what is created by a change: it follows from the request and the change's place in it."""
    parts = (context.caller.source or HUB, "create", context.request_id, str(change.part))
    return logical_id(store.keys.identity, change.type, *parts)


def _met(connection: Connection, store: Store, context: Context, change: Change) -> Found | None:
    """The one resource that meets the condition.

    Raises: Several.
    """
    if change.absent:
        lock_view(connection, store, context.caller, None)
    hits = meets(connection, store, context, change.condition) if change.condition else ()
    if len(hits) > 1:
        raise Several("more than one resource meets the condition")
    return hits[0] if hits else None


def _create(connection: Connection, store: Store, context: Context, change: Change) -> Done:
    made = {**(change.resource or {}), "id": new_id(store, context, change)}
    return _put(connection, store, context, change, clean(change.type, made), None)


def _update_where(connection: Connection, store: Store, context: Context, change: Change, hit: Found | None) -> Done:
    given = (change.resource or {}).get("id")
    if hit is None and given is None:
        return _create(connection, store, context, change)
    if hit is not None and given not in (None, hit.fhir_id):
        raise InvalidRequest("the id in the body is not that of what meets the condition", f"{change.type}.id")
    fhir_id = hit.fhir_id if hit else given
    if not isinstance(fhir_id, str):
        raise InvalidRequest("is not an id", f"{change.type}.id")
    named = replace(change, resource={**(change.resource or {}), "id": fhir_id})
    if hit is None and _found(connection, store, context, change.type, fhir_id, gone=False):
        raise Conflict("a resource has that id, and does not meet the condition", f"{change.type}.id")
    return _update(connection, store, context, named, fhir_id)


def _update(connection: Connection, store: Store, context: Context, change: Change, fhir_id: str) -> Done:
    resource = change.resource or {}
    if resource.get("id") != fhir_id:
        raise InvalidRequest("the id in the body is not the one in the URL", f"{change.type}.id")
    made = clean(change.type, resource)
    source = context.caller.kind == "system"
    before = _found(connection, store, context, change.type, fhir_id, gone=not source)
    if before is None and source and change.versions is not None:
        raise Stale("there is no version to be the one believed", "If-Match")
    if before is None and not source:
        raise NotFound("there is no such resource; the hub gives a new one its id: create it by POST")
    if before is not None:
        if change.absent:
            raise Stale("the resource is there already", "If-None-Match")
        _check_version(before, change)
    return _put(connection, store, context, change, made, before)


def _patch(connection: Connection, store: Store, context: Context, change: Change, fhir_id: str) -> Done:
    before = _found(connection, store, context, change.type, fhir_id)
    if before is None:
        raise NotFound("there is no such resource")
    _check_version(before, change)
    check_change(context.caller, before)
    assert change.patch is not None
    assert before.version.bytes is not None
    made = change.patch(loads(before.version.bytes))
    if made.get("id") != fhir_id:
        raise Unprocessable("a patch leaves the id as it is", f"{change.type}.id")
    return _put(connection, store, context, change, made_relative(clean(change.type, made), context.hub.base), before)


def _delete(connection: Connection, store: Store, context: Context, change: Change, fhir_id: str) -> Done:
    caller, now = context.caller, store.now()
    try:
        before = _found(connection, store, context, change.type, fhir_id)
    except Gone:
        return _deleted_nothing(context, change, fhir_id)
    if before is None and caller.kind == "system":
        return _deleted_nothing(context, change, fhir_id)
    if before is None:
        raise NotFound("there is no such resource")
    _check_version(before, change)
    check_change(caller, before)
    told = before.told
    over = ended(context, store.keys.identity, change.type, fhir_id, told)
    deposit(connection, store.keys.identity, told.pk, (), (before.version.entry,), now)
    for ground in over:
        put_ground(connection, told.pk, ground, caller.subject, now)
    return Written(change.type, fhir_id, None, deleted=True), log_entry(context, change, told, [each.id for each in over])


def _deleted_nothing(context: Context, change: Change, fhir_id: str) -> Done:
    caller, more = context.caller, {"type": change.type, "outcome": "nothing"}
    leaf = logbook.administered(caller, "delete", NO_PATIENT, "", context.request_id, **more)
    return Written(change.type, fhir_id, None, deleted=True), leaf


def _put(
    connection: Connection, store: Store, context: Context, change: Change, resource: Resource, before: Before | None
) -> Done:
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
    if before is not None:
        check_change(caller, before)
    grounds = registered(connection, context, key, resource, told)
    custody = custody_of(context, resource, grounds)
    if told.facts.protected:
        resource = hidden(resource)
    if before is not None and not (caller.kind == "system" or moves(resource_type, before)):
        custody = before.entry.custody
    given = fhir_id == new_id(store, context, change)
    entry, scope = place(connection, store, caller, custody, f"{resource_type}/{fhir_id}", given, before)
    if locate(connection, key, scope + resource_type, fhir_id) not in (None, pk):
        raise Conflict(MOVED, f"{resource_type}.subject")
    whole = _whole(resource, before)
    deposit(connection, key, pk, [Record(entry, API_FAMILY, custody, (encoded(whole),), scope)], (), now)
    insert_new(connection, locator, [{"rid": rid(key, each.KIND, each.id), "pk": pk} for each in grounds])
    for ground in grounds:
        put_ground(connection, pk, ground, caller.subject, now)
    held = _as_written(connection, store, pk, scope + resource_type, resource_type, fhir_id)
    if whole is not resource:
        stored = loads(held.bytes)
        sent = resource | {"meta": stored["meta"]}
        held = replace(held, bytes=dumps({name: sent[name] for name in stored if name in sent}))
    leaf = log_entry(context, change, told, [each.id for each in grounds])
    return Written(resource_type, fhir_id, held, created=before is None), leaf


def _whole(resource: Resource, before: Before | None) -> Resource:
    """What a writer sent, with what the writer was not shown of the elements that were sent as they were shown."""
    if before is None or before.kept is None or before.version.bytes in (None, before.kept):
        return resource
    return restored(resource, loads(before.version.bytes), loads(before.kept))


def log_entry(context: Context, change: Change, told: Known, grounds: list[str]) -> Leaf:
    """The entry for the log of a change that was made."""
    patient = told.fhir_id if told.pk else ""
    more = {"type": change.type, "grounds": grounds}
    return logbook.administered(context.caller, change.action, told.pk, patient, context.request_id, **more)


def _as_written(connection: Connection, store: Store, pk: int, scoped: str, resource_type: str, fhir_id: str) -> Held:
    view = View("patient", WRITTEN, pk=pk, asof=FOREVER - 1)
    found = store.search.read(connection, view, resource_type, rid(store.keys.identity, scoped, fhir_id), fhir_id)
    assert found is not None
    return Held(found.bytes, found.version_id, found.recorded)


def _found(
    connection: Connection, store: Store, context: Context, resource_type: str, fhir_id: str, gone: bool = True
) -> Before | None:
    """The newest version in the caller's view, its patient's record locked; None: there is none.

    Raises: Gone: it was deleted, and `gone` makes that an error.
    """
    missed: list[tuple[int, Sight]] = []

    def look(connection: Connection, view: View, resource_type: str, number: int, fhir_id: str) -> Found | Missing | None:
        reached = replace(view, release=reach(context.caller, resource_type, view.release))
        return store.search.look(connection, reached, resource_type, number, fhir_id)

    for scope, number, seen in places(store, context, resource_type, fhir_id):
        there = look(connection, seen.view, resource_type, number, fhir_id)
        shown = isinstance(there, Found) or bool(there and there.deleted)
        if missed or not shown:
            store.memory.weigh(store.reader(), context.caller, number, seen.known, store.now())
        if shown:  # nobody waits for the lock of what is not
            lock_patient(connection, seen.known.pk, store.now())
            view = replace(seen.view, release=reach(context.caller, resource_type, seen.release))
            versions = store.search.versions(connection, view, resource_type, number, fhir_id)
            if versions:
                return _newest(connection, store, context, versions[0], seen, scope, number, gone)
        missed.append((number, seen))
    missed.sort(key=lambda each: not each[1].known.fhir_id)
    look_elsewhere(store, context, resource_type, fhir_id, *missed[0], look)
    return None


def _newest(
    connection: Connection, store: Store, context: Context, version: Version, seen: Sight, scope: str, number: int, gone: bool
) -> Before | None:
    entry = held_entry(connection, seen.known.pk, version.entry)
    if version.bytes is None or entry is None:
        if gone:
            raise Gone("the resource was deleted")
        return None
    kept = version.bytes
    if version.writer:  # who changes a resource changes what is shown of it
        [held] = as_shown(store, context.hub, context.caller, [Body(seen, seen.view.pk, number, version.writer, version.bytes)])
        version = replace(version, bytes=held)
    return Before(version, kept, known(connection, seen.known.pk, store.now()), scope, entry)


def _check_version(before: Before, change: Change) -> None:
    if change.versions is not None and not change.versions & {ANY, before.version.version_id}:
        raise Stale("the resource has changed since that version", "If-Match")
