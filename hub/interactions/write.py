"""create, update, delete. Who may write what: a source's client its own entries, staff and patients Consents, a patient own
measurements. http://hl7.org/fhir/R4/http.html#create

The change, its grounds and its log entry are one transaction: they are durable together or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.consent import provision
from hub.consent.grounds import Block, Consent
from hub.errors import Conflict, Forbidden, Gone, HubError, InvalidRequest, NotFound, Stale, Unprocessable
from hub.fhir.compartment import patients as compartments
from hub.fhir.custody import Custody
from hub.fhir.identifiers import Identifier, hsa_id, is_sound
from hub.fhir.identity import logical_id, rid
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.fhir.validation import validate
from hub.hub import Hub, settings
from hub.interactions import logbook
from hub.interactions.context import Context, told_of
from hub.interactions.read import Held
from hub.interactions.view import sight
from hub.store import patients
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, open_record
from hub.store.known import Known, known, put_ground
from hub.store.patients import Facts
from hub.store.search import Version
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

OWN = "own"
"""The source of what patients write themselves."""
REGISTER = "register"
"""The source of what is registered at the hub: consents."""
FAMILY = "fhir"
CATEGORIES = {
    "CarePlan": "cll-cp",
    "Encounter": "vko",
    "MedicationRequest": "caa-gmh",
    "MedicationStatement": "caa-gmh",
    "MedicationAdministration": "caa-gmh",
    "DiagnosticReport": "und-kkm-ure",
    "Observation": "und-kkm-ure",
    "Specimen": "und-kkm-ure",
}
"""Engagement-index category of what a source's client writes; other types carry their own name."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, as it stands now."""

    resource_type: str
    fhir_id: str
    held: Held
    created: bool


async def create(context: Context, resource_type: str, resource: Resource) -> Written:
    """Create a resource under an id of the hub's own.

    Raises: Forbidden; InvalidRequest; Unprocessable: not valid, or about nobody the caller may write of.
    """
    written: Written = await _logged(context, "create", "c", resource_type, _create, resource)
    return written


async def update(context: Context, resource_type: str, fhir_id: str, resource: Resource, version: str | None) -> Written:
    """Replace a resource; a source's client may also create under an id of its own.

    Takes: `version`: what the writer believes is current (If-Match); None: not said.
    Raises: as create; NotFound: not in the caller's view; Stale: the version is another.
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
        return await context.hub.store(work, context, action, resource_type, *args)
    except HubError as fault:
        await context.refuse(action, resource_type, fault)
        raise


def _create(store: Store, context: Context, action: str, resource_type: str, resource: Resource) -> Written:
    fhir_id = logical_id(store.keys.identity, resource_type, context.caller.source or REGISTER, "create", context.request_id, "0")
    return _put(store, context, action, resource_type, {**resource, "id": fhir_id}, None)


def _update(
    store: Store, context: Context, action: str, resource_type: str, fhir_id: str, resource: Resource, version: str | None
) -> Written:
    if resource.get("id") != fhir_id:
        raise InvalidRequest("the id in the body is not the one in the URL", f"{resource_type}.id")
    current, told = _current(store, context, resource_type, fhir_id)
    if current is None and (context.caller.kind != "system" or version is not None):
        raise NotFound("there is no such resource")
    if current is not None and version is not None and current.version_id != version:
        raise Stale("the resource has changed since that version", "If-Match")
    return _put(store, context, action, resource_type, resource, told if current is not None else None)


def _put(store: Store, context: Context, action: str, resource_type: str, resource: Resource, before: Known | None) -> Written:
    """Write a resource that may be written. `before`: what is known of the patient in whose record it lies already."""
    caller, key = context.caller, store.keys.identity
    _check(resource_type, resource)
    _may_write(caller, resource_type)
    clean = _without_server_elements(resource)
    fhir_id = clean["id"]
    with store.database.writing() as connection:
        pk = _patient_key(store, connection, context, clean)
        if before is not None and pk != before.pk:
            raise Conflict("a resource does not move from one patient to another", f"{resource_type}.subject")
        told = known(connection, pk, store.now())
        custody = _custody(context, resource_type, told)
        grounds = _grounds(store, context, clean, told) if resource_type == "Consent" and caller.kind != "system" else ()
        entry = rid(key, "entry", f"{custody.source}\0{FAMILY}\0{resource_type}/{fhir_id}")
        scope = _scope(store, connection, caller, resource_type, fhir_id, entry)
        deposit(connection, key, pk, [Record(entry, FAMILY, custody, (clean,), scope)], (), store.now())
        for ground in grounds:
            put_ground(connection, pk, ground, caller.subject, store.now())
        leaf = logbook.administered(
            caller,
            action,
            pk,
            told.fhir_id if pk else "",
            context.request_id,
            type=resource_type,
            grounds=[each.id for each in grounds],
        )
        store.audit.append_in(connection, leaf)
    return _as_written(store, context, resource_type, fhir_id, created=before is None)


def _as_written(store: Store, context: Context, resource_type: str, fhir_id: str, created: bool) -> Written:
    current, _ = _current(store, context, resource_type, fhir_id)
    if current is None or current.bytes is None:
        raise NotFound("what was written cannot be seen by its writer")
    return Written(resource_type, fhir_id, Held(current.bytes, current.version_id, current.recorded), created)


def _delete(store: Store, context: Context, action: str, resource_type: str, fhir_id: str, version: str | None) -> None:
    caller, key = context.caller, store.keys.identity
    try:
        current, told = _current(store, context, resource_type, fhir_id)
    except Gone:
        return
    if current is None:
        raise NotFound("there is no such resource")
    _may_write(caller, resource_type)
    if version is not None and current.version_id != version:
        raise Stale("the resource has changed since that version", "If-Match")
    with store.database.writing() as connection:
        deposit(connection, key, told.pk, (), (current.entry,), store.now())
        ended = [each for each in told.grounds if isinstance(each, Consent | Block) and each.id.split("-")[0] == fhir_id]
        for ground in ended:
            over = replace(ground, state="ended", end=min(ground.end or context.hub.clock(), context.hub.clock()))
            put_ground(connection, told.pk, over, caller.subject, store.now())
        leaf = logbook.administered(
            caller,
            action,
            told.pk,
            told.fhir_id if told.pk else "",
            context.request_id,
            type=resource_type,
            grounds=[each.id for each in ended],
        )
        store.audit.append_in(connection, leaf)


def _current(store: Store, context: Context, resource_type: str, fhir_id: str) -> tuple[Version | None, Known]:
    """The newest version in the caller's view, with what is known of its patient.

    Raises: Gone: it was deleted.
    """
    told = told_of(store, resource_type, fhir_id)
    seen = sight(context.hub, context.caller, resource_type, told, named=told.pk != NO_PATIENT or not told.fhir_id)
    for scope in _scopes(context.caller):
        number = rid(store.keys.identity, scope + resource_type, fhir_id)
        versions = store.search.versions(store.reader(), seen.view, resource_type, number, fhir_id)
        if versions:
            if versions[0].bytes is None and context.caller.kind != "system":
                raise Gone("the resource was deleted")
            return (versions[0] if versions[0].bytes is not None else None), told
    return None, told


def _scopes(caller: Caller) -> tuple[str, ...]:
    """Where a caller's ids may lie: for a source's client also apart from those of other sources."""
    return ("", f"{caller.source}/") if caller.kind == "system" else ("",)


def _scope(store: Store, connection: Connection, caller: Caller, resource_type: str, fhir_id: str, entry: int) -> str:
    """Where an id is to lie: apart, if another source's resource has it already."""
    held = store.search.entry_at(connection, rid(store.keys.identity, resource_type, fhir_id), resource_type)
    return "" if held in (None, entry) or caller.kind != "system" else f"{caller.source}/"


def _check(resource_type: str, resource: Resource) -> None:
    if resource.get("resourceType") != resource_type:
        raise InvalidRequest("the body is a resource of another type than the URL says", "resourceType")
    faults = [each for each in validate(resource) if each.severity in ("error", "fatal")]
    if faults:
        raise Unprocessable("the resource is not valid", faults[0].place, tuple(faults))


def _may_write(caller: Caller, resource_type: str) -> None:
    writer = "source" if caller.kind == "system" else "patient" if caller.kind == "patient" else "staff"
    allowed = writer in TYPES[resource_type].writers
    if not allowed or (writer == "staff" and not (caller.staff and caller.purpose == "care")):
        raise Forbidden(f"{resource_type} is written by its owner, not by this caller")


def _without_server_elements(resource: Resource) -> Resource:
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    rest = {name: value for name, value in resource.items() if name != "meta"}
    return rest | ({"meta": meta} if meta else {})


def _patient_key(store: Store, connection: Connection, context: Context, resource: Resource) -> int:
    """Whose record a resource is to lie in.

    Raises: Unprocessable: it names nobody that the caller may write of, or several.
    """
    caller, key = context.caller, store.keys.identity
    if caller.kind == "system" and resource["resourceType"] == "Patient":
        return _patient_of_source(store, connection, resource)
    named = compartments(resource)
    found = {pk for each in named if (pk := patients.locate(connection, key, "Patient", each)) is not None}
    if len(found) == 1:
        [pk] = found
        if caller.kind == "patient" and caller.person not in map(str, patients.facts_of(connection, pk)[1].numbers):
            raise Unprocessable("the resource must be about the patient who writes it", f"{resource['resourceType']}.subject")
        return pk
    if caller.kind == "system" and not found:
        return NO_PATIENT
    paths = TYPES[resource["resourceType"]].patient
    place = f"{resource['resourceType']}.{paths[0] if paths else ''}"
    raise Unprocessable("name exactly one patient, by a reference to the hub's Patient", place)


def _patient_of_source(store: Store, connection: Connection, resource: Resource) -> int:
    """The record that a source's own Patient lies in: the person's, if a number tells who it is; otherwise one of its own."""
    key = store.keys.identity
    numbers = [
        Identifier(each["system"], each["value"])
        for each in resource.get("identifier", [])
        if each.get("system") and each.get("value")
    ]
    personal = [each for each in numbers if "personnummer" in each.system or "samordningsnummer" in each.system]
    sound = [each for each in personal if is_sound(each)]
    if sound:
        return patients.enroll(connection, key, Facts((sound[0],)))
    pk = rid(key, "patient-key", f"{resource['id']}") or 1
    open_record(connection, resource["id"], pk)
    return pk


def _custody(context: Context, resource_type: str, told: Known) -> Custody:
    """The custody of what a caller writes: the commission's, the source's defaults, or the patient's own. API.md section 4."""
    caller, now = context.caller, context.hub.clock()
    if caller.kind == "patient":
        return Custody(
            source=OWN,
            provider=None,
            unit=None,
            info_type="own",
            regime="OWN",
            time_from=now,
            time_to=now,
            released=True,
            secret=False,
            nullified=False,
            insurance=False,
            purpose="care",
            incapacity=False,
        )
    if caller.kind == "system":
        return _custody_of_source(context.hub, caller.source, resource_type)
    return Custody(
        source=REGISTER,
        provider=caller.provider,
        unit=caller.unit,
        info_type=resource_type.lower(),
        regime="SVOD",
        social=caller.social_unit,
        time_from=now,
        time_to=now,
        released=True,
        secret=False,
        nullified=False,
        insurance=False,
        purpose="care",
        incapacity=False,
    )


def _custody_of_source(hub: Hub, name: str, resource_type: str) -> Custody:
    source = hub.source(name)
    if source is None:
        raise Forbidden("the client is registered for a source that is not configured")
    held, now = settings(source), hub.clock()
    unit = held.unit
    purpose: Any = held.defaults.purpose
    return Custody(
        source=name,
        provider=hsa_id(held.provider),
        unit=unit,
        info_type=CATEGORIES.get(resource_type, resource_type.lower()),
        regime="SVOD",
        social=hub.directory.is_social(unit),
        time_from=now,
        time_to=now,
        released=held.defaults.released,
        secret=held.defaults.secret,
        nullified=False,
        insurance=held.defaults.insurance,
        purpose=purpose,
        incapacity=held.defaults.incapacity,
    )


def _grounds(store: Store, context: Context, consent: Resource, told: Known) -> Sequence[Consent | Block]:
    """The grounds that a Consent registers; of those it registered before, the ones it no longer has are ended.

    Raises: Unprocessable: it cannot be read in full; Forbidden: not this caller's to give.
    """
    caller, now = context.caller, context.hub.clock()
    reading = provision.Context(directory=context.hub.directory, recorded=now, recorded_by=caller.subject)
    found = provision.read(consent, reading)
    for each in found:
        if isinstance(each, Block) and caller.kind != "patient":
            raise Forbidden("a block is set by the patient, or at /access/blocks by the care provider's block administrator")
        if isinstance(each, Consent) and caller.staff and each.unit != caller.unit:
            raise Forbidden("a consent is registered by the unit that it is given to")
    if told.facts.deceased and any(each.state == "active" for each in found):
        raise Unprocessable("no consent can be registered for a deceased person", "Consent.patient")
    over = {each.id for each in told.grounds if isinstance(each, Consent | Block) and each.state != "active"}
    if any(each.id in over and each.state == "active" for each in found):
        raise Conflict("what has ended or was annulled does not come back: register a new one", "Consent.status")
    kept = {each.id for each in found}
    before = [each for each in told.grounds if isinstance(each, Consent | Block) and each.id.split("-")[0] == consent["id"]]
    gone = [
        replace(each, state="ended", end=min(each.end or now, now))
        for each in before
        if each.id not in kept and each.state == "active"
    ]
    return (*found, *gone)
