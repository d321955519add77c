"""One writing transaction: what lies in the writer's view is found and locked, written or ended, and told of in the log.

The changes, their grounds and their log entries are durable together or not at all. Patients' rows are locked before the
head of the log, always: entries are appended when everything else is written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from hub.caller import Caller
from hub.consent.release import TRUE, Equals, Outcome, Release, Row, all_of, closed
from hub.errors import Conflict, Forbidden, Gone, InvalidRequest, Stale, Unprocessable
from hub.fhir.custody import Custody
from hub.fhir.identity import rid
from hub.fhir.masking import hidden
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.fhir.validation import validate
from hub.interactions import consents, logbook
from hub.interactions.context import Context
from hub.interactions.plan import question_about
from hub.interactions.read import Held, places
from hub.interactions.whose import patient_key
from hub.interactions.written_custody import HUB, LIFTING, OWN, custody_of
from hub.store.audit_log import Leaf
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, lock_patient
from hub.store.held_entry import HeldEntry, held_entry
from hub.store.known import Known, known, put_ground, put_new_ground
from hub.store.patients import locate
from hub.store.search import Version, View
from hub.store.store import Store
from hub.store.tables import FOREVER, NO_PATIENT

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
class Before:
    """A resource that lies in the writer's view already."""

    version: Version
    told: Known
    scope: str
    entry: HeldEntry


@dataclass(frozen=True, slots=True)
class Changing:
    """A writing transaction that is under way. State: the log entries that wait for its end."""

    connection: Connection
    store: Store
    context: Context
    leaves: list[Leaf] = field(default_factory=list)


@contextmanager
def changing(store: Store, context: Context) -> Iterator[Changing]:
    """A writing transaction of the caller's: committed at the end with its log entries, or nothing of it."""
    with store.database.writing() as connection:
        change = Changing(connection, store, context)
        yield change
        if change.leaves:
            store.audit.append_in(connection, *change.leaves)


def put(change: Changing, action: str, resource: Resource, before: Before | None) -> Written:
    """Write a resource that may be written.

    Takes: `resource`: as `clean` gives it, with its id; `before`: what lies there already, as `found` gives it.
    Raises: Conflict: it would move to another patient; Unprocessable: it is about nobody the caller may write of; Forbidden.
    """
    connection, store, context = change.connection, change.store, change.context
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
    for ground in grounds:
        put_new_ground(connection, key, pk, ground, caller.subject, now)
    _log(change, action, resource_type, told, [each.id for each in grounds])
    held = _as_written(connection, store, pk, scope + resource_type, resource_type, fhir_id)
    return Written(resource_type, fhir_id, held, created=before is None)


def remove(change: Changing, before: Before, resource_type: str, fhir_id: str) -> None:
    """End a resource that lies in the writer's view; a Consent's grounds end with it.

    Raises: Forbidden: it is another's.
    """
    connection, store, context = change.connection, change.store, change.context
    caller, now, told = context.caller, store.now(), before.told
    _check_change(caller, before)
    over = consents.ended(context, consents.of(told, fhir_id)) if _registers(caller, resource_type) else ()
    deposit(connection, store.keys.identity, told.pk, (), (before.version.entry,), now)
    for ground in over:
        put_ground(connection, told.pk, ground, caller.subject, now)
    _log(change, "delete", resource_type, told, [each.id for each in over])


def found(change: Changing, resource_type: str, fhir_id: str) -> Before | None:
    """The newest version in the caller's view, its patient's record locked; None: there is none.

    Raises: Gone: it was deleted.
    """
    connection, store, context = change.connection, change.store, change.context
    for scope, seen in places(store, context, resource_type, fhir_id):
        if seen.known.pk != NO_PATIENT or seen.known.fhir_id:
            lock_patient(connection, seen.known.pk, store.now())
        number = rid(store.keys.identity, scope + resource_type, fhir_id)
        view = replace(seen.view, release=_reach(context.caller, resource_type, seen.release))
        versions = store.search.versions(connection, view, resource_type, number, fhir_id)
        if versions:
            entry = held_entry(connection, seen.known.pk, versions[0].entry)
            if versions[0].bytes is None or entry is None:
                raise Gone("the resource was deleted")
            return Before(versions[0], known(connection, seen.known.pk, store.now()), scope, entry)
    return None


def check_version(before: Before, version: str | None) -> None:
    """Raises: Stale: the writer believes another version to be current."""
    if version is not None and before.version.version_id != version:
        raise Stale("the resource has changed since that version", "If-Match")


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


def check_writer(caller: Caller, resource_type: str) -> None:
    """Raises: Forbidden: callers of this kind write no such resources."""
    writer = "source" if caller.kind == "system" else "patient" if caller.kind == "patient" else "staff"
    allowed = writer in TYPES[resource_type].writers
    if not allowed or (writer == "staff" and not (caller.staff and caller.purpose == "care")):
        raise Forbidden(f"{resource_type} is written by its owner, not by this caller")


def _log(change: Changing, action: str, resource_type: str, told: Known, grounds: list[str]) -> None:
    patient, context = told.fhir_id if told.pk else "", change.context
    change.leaves.append(
        logbook.administered(context.caller, action, told.pk, patient, context.request_id, type=resource_type, grounds=grounds)
    )


def _as_written(connection: Connection, store: Store, pk: int, scoped: str, resource_type: str, fhir_id: str) -> Held:
    view = View("patient", WRITTEN, pk=pk, asof=FOREVER - 1)
    found = store.search.read(connection, view, resource_type, rid(store.keys.identity, scoped, fhir_id), fhir_id)
    assert found is not None
    return Held(found.bytes, found.version_id, found.recorded)


def _reach(caller: Caller, resource_type: str, release: Release) -> Release:
    """What a writer may change: what the writer sees, and without any relation what the own unit has registered, so that a
    Consent can always be ended where it was registered."""
    if not caller.staff or resource_type != "Consent":
        return release
    mine = all_of(Equals("source", HUB), Equals("provider", caller.provider), Equals("unit", caller.unit))
    return Release(closed((Row(mine, Outcome.PERMIT, "WRITTEN"), *release.rows)))


def _place(
    connection: Connection,
    store: Store,
    caller: Caller,
    custody: Custody,
    resource_type: str,
    fhir_id: str,
    before: Before | None,
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


def _check_change(caller: Caller, before: Before) -> None:
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


def _moves(resource_type: str, before: Before) -> bool:
    """Whether custody follows what is written now: a patient's own Consent is seen by the unit that it permits today."""
    return resource_type == "Consent" and before.entry.custody.source == OWN


def _registers(caller: Caller, resource_type: str) -> bool:
    """Whether writing it registers grounds: a source's own Consents are its documents, no more."""
    return resource_type == "Consent" and caller.kind != "system"
