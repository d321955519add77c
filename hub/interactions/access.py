"""What is registered before a request: relations, needs, assertions, blocks, revokes, shares. API.md section 2.

Bound to person, commission and patient, with start and end. Nothing is erased: what is ended stays, as ended.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.caller import Caller
from hub.consent.grounds import (
    ATTESTATIONS,
    LONGEST_EMERGENCY,
    LONGEST_SECOND_THOUGHT,
    AnyGround,
    Assertion,
    Block,
    Need,
    Relation,
    Revoke,
    Share,
    closing,
)
from hub.consent.payloads import to_payload
from hub.errors import Conflict, Forbidden, HubError, InvalidRequest, NotFound
from hub.fhir.identity import logical_id, rid
from hub.interactions import logbook
from hub.interactions.context import Context, told_of
from hub.store.audit_log import Leaf
from hub.store.known import Known, put_ground
from hub.store.patients import locate
from hub.store.store import Store
from hub.store.tables import locator
from hub.store.values import insert_new

RELATION_LIFE = timedelta(days=7)
LONGEST_RELATION = timedelta(days=365)
NEED_LIFE = timedelta(hours=12)
LONGEST_NEED = timedelta(days=31)
EMERGENCY_LIFE = timedelta(minutes=60)
INCAPACITY_LIFE = timedelta(hours=12)
LONGEST_REVOKE = timedelta(days=7)
LONGEST_REASON = 500
"""Characters."""

KINDS = {
    "relations": "relation",
    "needs": "need",
    "assertions": "assertion",
    "blocks": "block",
    "revokes": "revoke",
    "shares": "share",
}
"""Name in the URL -> kind of ground."""


async def register(context: Context, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Register one ground. Gives: it, with its id.

    Takes: `kind`: a name of `KINDS`; `body`: as the OpenAPI document has it.
    Raises: InvalidRequest: a value is missing or wrong; Forbidden: not this caller's to register; NotFound: no such patient.
    """
    if kind not in KINDS:
        raise NotFound("there is nothing of that kind to register")
    try:
        return await context.hub.store(_register, context, KINDS[kind], dict(body))
    except HubError as fault:
        await context.refuse(f"register-{KINDS[kind]}", "", fault)
        raise


async def end(context: Context, kind: str, id: str) -> dict[str, Any]:
    """End one ground, now. Gives: it, as it stands after.

    Raises: NotFound; Forbidden: only its owner ends it.
    """
    try:
        return await context.hub.store(_end, context, KINDS.get(kind, ""), id)
    except HubError as fault:
        await context.refuse(f"end-{KINDS.get(kind, '')}", "", fault)
        raise


async def listed(context: Context, kind: str, patient: str) -> list[dict[str, Any]]:
    """The caller's own grounds of one kind for a patient; a patient sees every one of the own record.

    Raises: NotFound: no such patient, or not this caller's to list.
    """
    if kind not in (*KINDS, "consents"):
        raise NotFound("there is nothing of that kind")
    return await context.durable(_listed, context, KINDS.get(kind, "consent"), patient)


def _register(store: Store, context: Context, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    caller, now = context.caller, context.hub.clock()
    patient = body.pop("patient", "")
    if not isinstance(patient, str):
        raise InvalidRequest("an id is written as text", "patient")
    told = _of_patient(store, context, kind, patient, body)
    id = logical_id(store.keys.identity, kind, context.request_id, caller.subject)
    given = _MADE[kind](context, _Body(body, now), id, told)
    with store.database.writing() as connection:
        insert_new(connection, locator, [{"rid": rid(store.keys.identity, kind, id), "pk": told.pk}])
        put_ground(connection, told.pk, given, caller.subject, store.now())
        leaf = logbook.administered(
            caller,
            f"register-{kind}",
            told.pk,
            told.fhir_id if told.pk else "",
            context.request_id,
            grounds=[id],
            details=_details(given),
        )
        store.audit.append_in(connection, leaf)
    return shown(given)


def _of_patient(store: Store, context: Context, kind: str, patient: str, body: Mapping[str, Any]) -> Known:
    """The patient that a ground is about. Patients and guardians speak of their own; a worklist need speaks of nobody."""
    if kind == "need" and body.get("type") == "worklist":
        return told_of(store, "directory", "none")
    told = told_of(store, "Patient", patient)
    if not told.pk or (context.caller.kind == "patient" and not _own(context.caller, told)):
        raise NotFound("there is no such patient")
    return told


def _own(caller: Caller, told: Known) -> bool:
    return caller.person in {str(each) for each in told.facts.numbers}


class _Body:
    """A request's JSON, read field by field; what was not read is unknown. A class since reading has to be remembered."""

    def __init__(self, held: Mapping[str, Any], now: datetime) -> None:
        self.held = held
        self.now = now
        self.read: set[str] = set()

    def text(self, name: str, allowed: Sequence[str] = (), required: bool = False) -> str:
        self.read.add(name)
        value = self.held.get(name, "")
        if not isinstance(value, str) or len(value) > LONGEST_REASON or (required and not value.strip()):
            raise InvalidRequest("is needed, as text" if required else "is not text of a sensible length", name)
        if allowed and value not in allowed:
            raise InvalidRequest(f"one of {', '.join(allowed)}", name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        self.read.add(name)
        value = self.held.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or len(value) > 50:
            raise InvalidRequest("a list of texts", name)
        return tuple(value)

    def number(self, name: str, allowed: Sequence[int]) -> int:
        self.read.add(name)
        value = self.held.get(name, allowed[0])
        if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
            raise InvalidRequest(f"one of {', '.join(map(str, allowed))}", name)
        return value

    def moment(self, name: str, exclusive: bool = False) -> datetime | None:
        """A time with zone, or a date: its first instant, or with `exclusive` the end of that day in Sweden."""
        self.read.add(name)
        value = self.held.get(name)
        if value is None:
            return None
        try:
            if isinstance(value, str) and len(value) == 10:
                day = datetime.fromisoformat(value).date()
                return closing(day) if exclusive else closing(day - timedelta(days=1))
            read: datetime = datetime.fromisoformat(value)
        except (TypeError, ValueError, OverflowError):
            raise InvalidRequest("a date, or a time with its zone", name) from None
        if read.tzinfo is None:
            raise InvalidRequest("the time has no zone", name)
        return read

    def period(self, life: timedelta, longest: timedelta) -> tuple[datetime, datetime]:
        """Start (now, if none is given) and end (after `life`, if none is given), at most `longest` apart."""
        start = self.moment("start") or self.now
        until = self.moment("end", exclusive=True) or start + life
        if until <= start or until <= self.now:
            raise InvalidRequest("lies before the start, or is over", "end")
        if until - start > longest:
            raise InvalidRequest(f"at most {longest} after the start", "end")
        return start, until

    def done(self) -> None:
        unknown = self.held.keys() - self.read
        if unknown:
            raise InvalidRequest("is not known here", sorted(unknown)[0][:64])


def _common(context: Context, id: str, start: datetime, until: datetime | None) -> dict[str, Any]:
    return {
        "id": id,
        "start": start,
        "end": until,
        "state": "active",
        "recorded": context.hub.clock(),
        "recorded_by": context.caller.subject,
    }


def _commission(context: Context) -> dict[str, Any]:
    return {"provider": context.caller.provider, "unit": context.caller.unit, "employee": context.caller.subject}


def _staff_for_care(context: Context) -> None:
    caller = context.caller
    if not caller.staff or caller.purpose != "care":
        raise Forbidden("only staff under a commission for care register this")


def _relation(context: Context, body: _Body, id: str, told: Known) -> Relation:
    _staff_for_care(context)
    start, until = body.period(RELATION_LIFE, LONGEST_RELATION)
    body.done()
    return Relation(**_common(context, id, start, until), **_commission(context))


def _need(context: Context, body: _Body, id: str, told: Known) -> Need:
    _staff_for_care(context)
    kind: Any = body.text("type", ("relevance", "work", "worklist"))
    reason = body.text("reason", required=True)
    start, until = body.period(NEED_LIFE, LONGEST_NEED)
    body.done()
    return Need(**_common(context, id, start, until), **_commission(context), type=kind, reason=reason)


def _assertion(context: Context, body: _Body, id: str, told: Known) -> Assertion:
    _staff_for_care(context)
    kind: Any = body.text("type", ("emergency", "incapacity", "child", "inner_emergency"))
    step = body.number("step", (1, 2))
    reason = body.text("reason", required=True)
    chosen, units = body.texts("providers"), body.texts("units")
    attested = body.texts("attestations")
    if not set(attested) <= ATTESTATIONS:
        raise InvalidRequest(f"among {', '.join(sorted(ATTESTATIONS))}", "attestations")
    if kind == "inner_emergency" and not context.caller.officer:
        raise Forbidden("only an authorised officer of the care provider lifts an inner block")
    emergency = kind in ("emergency", "inner_emergency")
    start, until = body.period(EMERGENCY_LIFE if emergency else INCAPACITY_LIFE, LONGEST_EMERGENCY)
    if start > body.now or start < body.now - timedelta(minutes=1):
        raise InvalidRequest("an assertion begins now", "start")
    body.done()
    first = _first_step(context, kind, told) if step == 2 and kind != "child" else None
    return Assertion(
        **_common(context, id, start, until),
        **_commission(context),
        type=kind,
        step=step,
        follows=first.id if first else "",
        reason=reason,
        providers=tuple(each.upper() for each in chosen),
        units=tuple(each.upper() for each in units),
        attestations=attested,
    )


def _first_step(context: Context, kind: str, told: Known) -> Assertion:
    """The caller's own step 1, within the hour.

    Raises: Conflict: there is none, so step 2 is refused.
    """
    now, mine = context.hub.clock(), _commission(context)
    for each in reversed(told.grounds):
        first = isinstance(each, Assertion) and (each.type, each.step) == (kind, 1) and each.holds(now)
        own = all(getattr(each, name, "").upper() == value.upper() for name, value in mine.items())
        if isinstance(each, Assertion) and first and own and now - each.start <= LONGEST_SECOND_THOUGHT:
            return each
    raise Conflict("step 2 follows your own step 1 within 60 minutes, and there is none", "step")


def _block(context: Context, body: _Body, id: str, told: Known) -> Block:
    caller = context.caller
    kind: Any = body.text("type", ("outer", "inner"))
    provider, unit = body.text("provider", required=True).upper(), body.text("unit", required=kind == "inner").upper()
    if caller.kind == "guardian":
        raise Forbidden("a guardian cannot block a child's data")
    if caller.kind != "patient" and not (caller.block_administrator and caller.provider == provider):
        raise Forbidden("only the patient, or the care provider's block administrator, sets a block")
    directory = context.hub.directory
    if provider not in directory.providers or (unit and directory.provider_of(unit) != provider):
        raise InvalidRequest("the directory does not know that care provider or unit", "provider")
    excluded = body.texts("excluded")
    if not set(excluded) <= {"lak", "upp"}:
        raise InvalidRequest("only lak and upp can be left open", "excluded")
    begins, over = body.moment("information_start"), body.moment("information_end", exclusive=True)
    if begins and over and over <= begins:
        raise InvalidRequest("lies before its start", "information_end")
    body.done()
    return Block(
        **_common(context, id, body.now, None),
        type=kind,
        regime="SVOD",
        provider=provider,
        unit=unit if kind == "inner" else "",
        information_start=begins,
        information_end=over,
        excluded=excluded,
    )


def _revoke(context: Context, body: _Body, id: str, told: Known) -> Revoke:
    caller = context.caller
    block_id = body.text("block", required=True)
    block = next((each for each in told.grounds if isinstance(each, Block) and each.id == block_id), None)
    if block is None or not (caller.block_administrator and block.provider.upper() == caller.provider):
        raise Forbidden("a block is lifted only by the care provider that owns it")
    unit, employee = body.text("unit", required=True).upper(), body.text("employee").upper()
    provider = context.hub.directory.provider_of(unit)
    if provider is None:
        raise InvalidRequest("the directory does not know that unit", "unit")
    reason: Any = body.text("reason", ("patient_consent", "emergency"))
    start, until = body.period(LONGEST_REVOKE, LONGEST_REVOKE)
    body.done()
    return Revoke(
        **_common(context, id, start, until),
        provider=provider,
        unit=unit,
        employee=employee,
        block=block.id,
        owner=caller.provider,
        reason=reason,
    )


def _share(context: Context, body: _Body, id: str, told: Known) -> Share:
    if context.caller.kind != "patient":
        raise Forbidden("only the patient shares own entries")
    unit, provider = body.text("unit").upper(), body.text("provider").upper()
    directory = context.hub.directory
    owner = directory.provider_of(unit) if unit else provider
    if owner not in directory.providers or (provider and owner != provider):
        raise InvalidRequest("the directory does not know that care provider or unit", "unit" if unit else "provider")
    start, until = body.period(timedelta(days=365), timedelta(days=3650))
    body.done()
    return Share(**_common(context, id, start, until), provider=owner or "", unit=unit)


_MADE: Mapping[str, Callable[[Context, _Body, str, Known], AnyGround]] = {
    "relation": _relation,
    "need": _need,
    "assertion": _assertion,
    "block": _block,
    "revoke": _revoke,
    "share": _share,
}


def _end(store: Store, context: Context, kind: str, id: str) -> dict[str, Any]:
    told, given = held_ground(store, kind, id)
    caller = context.caller
    if given is None or told is None or not _may_end(caller, told, given):
        raise NotFound("there is no such registration of yours")
    now = context.hub.clock()
    ended = replace(given, state="ended", end=now if given.end is None or given.end > now else given.end)
    with store.database.writing() as connection:
        put_ground(connection, told.pk, ended, caller.subject, store.now())
        leaf = logbook.administered(
            caller, f"end-{kind}", told.pk, told.fhir_id if told.pk else "", context.request_id, grounds=[id]
        )
        store.audit.append_in(connection, leaf)
    return shown(ended)


def held_ground(store: Store, kind: str, id: str) -> tuple[Known | None, AnyGround | None]:
    """A ground by its id, with what is known of its patient; (None, None): no such."""
    pk = locate(store.reader(), store.keys.identity, kind, id) if kind else None
    if pk is None:
        return None, None
    told = told_of(store, kind, id)
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
    told = told_of(store, "Patient", patient)
    caller = context.caller
    if not told.pk or not (caller.staff or (caller.kind == "patient" and _own(caller, told))):
        raise NotFound("there is no such patient")
    found = [each for each in told.grounds if kind == each.KIND and _may_see(caller, each)]
    leaf = logbook.administered(caller, f"list-{kind}", told.pk, told.fhir_id, context.request_id)
    return [shown(each) for each in found], replace(leaf, epochs=((told.pk, told.epoch),))


def _may_see(caller: Caller, given: AnyGround) -> bool:
    if caller.kind == "patient":
        return given.KIND in ("consent", "block", "share", "revoke")
    if isinstance(given, Block | Revoke):
        return caller.block_administrator and caller.provider in (given.provider.upper(), getattr(given, "owner", "").upper())
    return hasattr(given, "belongs") and given.belongs(caller)


def shown(given: AnyGround) -> dict[str, Any]:
    """A ground as JSON, with its kind and id."""
    return {"id": given.id, "kind": given.KIND} | to_payload(given)


def _details(given: AnyGround) -> dict[str, Any]:
    """What the log says of a ground beside its id: type, step, end, chosen units; for emergencies the reason given."""
    kept = ("type", "step", "end", "providers", "units", "unit", "provider", "block")
    payload = to_payload(given)
    told = {name: payload[name] for name in kept if payload.get(name)}
    return told | ({"reason": payload["reason"]} if payload.get("reason") else {})
