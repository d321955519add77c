"""What is registered before a request: relations, needs, assertions, blocks, revokes, shares. API.md section 2.

Bound to person, commission and patient, with start and end. Nothing is erased: what is ended stays, as ended.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hub.caller import Caller
from hub.consent.grounds import AnyGround, Assertion, Block, Dissent, Need, Relation, Revoke, Share
from hub.consent.payloads import to_payload
from hub.errors import Forbidden, HubError, InvalidRequest, NotFound
from hub.fhir.identity import logical_id
from hub.interactions import logbook
from hub.interactions.body import Body
from hub.interactions.context import Context, check_caller, told_of
from hub.interactions.follow_ups import put_follow_up
from hub.interactions.plan import question_about
from hub.interactions.readers import is_protected
from hub.interactions.registered import MADE, MAY
from hub.interactions.registrations import check_ours
from hub.interactions.room import check_room, standing
from hub.store.audit_log import Leaf
from hub.store.known import Known, known, nobody, put_ground, put_new_ground
from hub.store.patients import locate
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

KINDS = {
    "relations": "relation",
    "needs": "need",
    "assertions": "assertion",
    "blocks": "block",
    "revokes": "revoke",
    "shares": "share",
}
"""Name in the URL -> kind of ground."""
BY_CONSENT = {"consents": "consent", "dissents": "dissent"}
"""Likewise, of those that a FHIR Consent registers: they are listed alone."""
PROTECTED = "protected"
"""Stands for an employee with protected identity."""


async def register(context: Context, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Register one ground. Gives: it, with its id.

    Takes: `kind`: a name of `KINDS`; `body`: as the OpenAPI document has it.
    Raises: InvalidRequest: a value is missing or wrong; Forbidden: not this caller's to register; NotFound: no such patient;
    Conflict: as many as there may be hold already. A block that stands already is given as it is.
    """
    try:
        named = _kind(kind)
        return await context.current(lambda given: given.hub.store(_register, given, named, dict(body)))
    except HubError as fault:
        await context.refuse(f"register-{KINDS.get(kind, '')}", "", fault)
        raise


async def end(context: Context, kind: str, id: str) -> dict[str, Any]:
    """End one ground, now. Gives: it, as it stands after.

    Raises: NotFound; Forbidden: only its owner ends it; Conflict: a security service has it.
    """
    try:
        return await context.hub.store(_end, context, KINDS.get(kind, ""), id)
    except HubError as fault:
        await context.refuse(f"end-{KINDS.get(kind, '')}", "", fault)
        raise


async def listed(context: Context, kind: str, patient: str) -> list[dict[str, Any]]:
    """The caller's own grounds of one kind for a patient; a patient sees every one of the own record.

    Raises: Forbidden: neither staff nor a patient; NotFound: no such patient, or not this caller's to list.
    """
    held = (KINDS | BY_CONSENT).get(kind, "")
    try:
        return await context.current(lambda given: given.durable(_listed, given, held, patient))
    except HubError as fault:
        await context.refuse(f"list-{held}", "", fault)
        raise


def _kind(name: str) -> str:
    if name not in KINDS:
        raise NotFound("there is nothing of that kind")
    return KINDS[name]


def _register(store: Store, context: Context, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    caller, now = context.caller, context.hub.clock()
    check_caller(context)
    MAY[kind](caller)
    told = _of_patient(store, context, kind, body)
    id = logical_id(store.keys.identity, kind, context.request_id, caller.subject)
    given = MADE[kind](context, Body(body, now), id, told)
    already = standing(given, told, now)
    if already:
        store.audit.append(_registered(context, kind, told, already))
        return shown(already)
    check_room(context, kind, told)
    with store.database.writing() as connection:
        put_new_ground(connection, store.keys.identity, told.pk, given, caller.subject, store.now())
        put_follow_up(connection, store, told, given)
        store.audit.append_in(connection, _registered(context, kind, told, given))
    return shown(given)


def _registered(context: Context, kind: str, told: Known, given: AnyGround) -> Leaf:
    leaf = logbook.administered(
        context.caller,
        f"register-{kind}",
        told.pk,
        told.fhir_id if told.pk else "",
        context.request_id,
        grounds=[given.id],
        details=_details(given),
    )
    return logbook.reasoned(leaf, given.reason if isinstance(given, Assertion | Revoke) else "")


def _of_patient(store: Store, context: Context, kind: str, body: dict[str, Any]) -> Known:
    """The patient that a ground is about. A patient speaks of the own record only; a worklist need speaks of nobody."""
    if kind == "need" and body.get("type") == "worklist":
        now = store.now()
        own = known(store.reader(), NO_PATIENT, now, context.caller.subject, now)
        return replace(nobody(now), grounds=own.grounds)
    patient = body.pop("patient", "")
    if not isinstance(patient, str):
        raise InvalidRequest("an id is written as text", "patient")
    told = told_of(store, "Patient", patient)
    if not told.pk or (context.caller.kind == "patient" and not _own(context.caller, told)):
        raise NotFound("there is no such patient")
    context.demand(question_about(context.hub, told, store.now()))
    return told


def _own(caller: Caller, told: Known) -> bool:
    return caller.person in {str(each) for each in told.facts.numbers}


def _end(store: Store, context: Context, kind: str, id: str) -> dict[str, Any]:
    check_caller(context)
    caller = context.caller
    told, given = held_ground(store, kind, id, caller.subject)
    if given is None or told is None or not _may_end(caller, told, given):
        raise NotFound("there is no such registration of yours")
    check_ours(given)
    now = context.hub.clock()
    ended = replace(given, state="ended", end=now if given.end is None or given.end > now else given.end)
    with store.database.writing() as connection:
        put_ground(connection, told.pk, ended, caller.subject, store.now())
        leaf = logbook.administered(
            caller, f"end-{kind}", told.pk, told.fhir_id if told.pk else "", context.request_id, grounds=[id]
        )
        store.audit.append_in(connection, leaf)
    return shown(ended)


def held_ground(store: Store, kind: str, id: str, person: str) -> tuple[Known | None, AnyGround | None]:
    """A ground by its id, with what is known of its patient; (None, None): no such. One of no patient is found by its person."""
    pk = locate(store.reader(), store.keys.identity, kind, id) if kind else None
    if pk is None:
        return None, None
    told = told_of(store, kind, id, person)
    return told, next((each for each in told.grounds if (each.KIND, each.id) == (kind, id)), None)


def _may_end(caller: Caller, told: Known, given: AnyGround) -> bool:
    match given:
        case Block():
            return caller.block_administrator and caller.provider == given.provider.upper()
        case Revoke():
            return caller.block_administrator and caller.provider == given.owner.upper()
        case Share():
            return caller.kind == "patient" and _own(caller, told)
        case Relation() | Need() | Assertion():
            return caller.staff and given.personal(caller)
        case _:
            return False


def _listed(store: Store, context: Context, kind: str, patient: str) -> tuple[list[dict[str, Any]], Leaf]:
    check_caller(context)
    told = told_of(store, "Patient", patient)
    caller = context.caller
    if not (caller.staff or caller.kind == "patient"):
        raise Forbidden("what is registered of a patient is listed for the staff whose it is, and for the patient")
    if not kind or not told.pk or not (caller.staff or _own(caller, told)):
        raise NotFound("there is no such patient")
    context.demand(question_about(context.hub, told, store.now()))
    found = [each for each in told.grounds if kind == each.KIND and _may_see(caller, each)]
    leaf = logbook.administered(caller, f"list-{kind}", told.pk, told.fhir_id, context.request_id)
    return [_shown_to(context, each) for each in found], replace(leaf, epochs=((told.pk, told.epoch),))


def _may_see(caller: Caller, given: AnyGround) -> bool:
    if caller.kind == "patient":
        return given.KIND in ("consent", "block", "dissent", "share", "revoke")
    if isinstance(given, Dissent):
        return caller.block_administrator and not given.but_emergencies
    if isinstance(given, Block | Revoke):
        return caller.block_administrator and caller.provider in (given.provider.upper(), getattr(given, "owner", "").upper())
    return hasattr(given, "belongs") and given.belongs(caller)


def _shown_to(context: Context, given: AnyGround) -> dict[str, Any]:
    """A ground as JSON; to a patient without who of the staff it names, where they have a protected identity."""
    held = shown(given)
    if context.caller.kind != "patient":
        return held
    named = ((name, held.get(name)) for name in ("recorded_by", "employee"))
    return held | {name: PROTECTED for name, who in named if who and is_protected(context.hub.directory, who)}


def shown(given: AnyGround) -> dict[str, Any]:
    """A ground as JSON, with its kind and id."""
    return {"id": given.id, "kind": given.KIND} | to_payload(given)


def _details(given: AnyGround) -> dict[str, Any]:
    """What the log says of a ground beside its id: type, step, end, chosen units."""
    kept = ("type", "step", "end", "providers", "units", "unit", "provider", "block")
    payload = to_payload(given)
    return {name: payload[name] for name in kept if payload.get(name)}
