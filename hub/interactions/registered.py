"""The grounds that can be registered at /access, each with who may register it. API.md section 2; CONSENT.md section 5."""

from collections.abc import Callable, Mapping
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
    Dissent,
    Need,
    Relation,
    Revoke,
    Share,
)
from hub.errors import Conflict, Forbidden, InvalidRequest
from hub.interactions.body import Body
from hub.interactions.context import Context
from hub.interactions.registrations import check_ours
from hub.store.known import Known

RELATION_LIFE = timedelta(days=7)
LONGEST_RELATION = timedelta(days=365)
NEED_LIFE = timedelta(hours=12)
LONGEST_NEED = timedelta(days=31)
EMERGENCY_LIFE = timedelta(minutes=60)
INCAPACITY_LIFE = timedelta(hours=12)
LONGEST_REVOKE = timedelta(days=7)
SHARE_LIFE = timedelta(days=365)
LONGEST_SHARE = timedelta(days=3650)


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


def _staff_for_care(caller: Caller) -> None:
    if not caller.staff or caller.purpose != "care":
        raise Forbidden("only staff under a commission for care register this")


def _patient_or_administrator(caller: Caller) -> None:
    if caller.kind == "guardian":
        raise Forbidden("a guardian cannot block a child's data")
    if caller.kind != "patient" and not caller.block_administrator:
        raise Forbidden("only the patient, or the care provider's block administrator, sets a block")


def _administrator(caller: Caller) -> None:
    if not caller.block_administrator:
        raise Forbidden("a block is lifted only by the care provider that owns it")


def _patient(caller: Caller) -> None:
    if caller.kind != "patient":
        raise Forbidden("only the patient shares own entries")


MAY: Mapping[str, Callable[[Caller], None]] = {
    "relation": _staff_for_care,
    "need": _staff_for_care,
    "assertion": _staff_for_care,
    "block": _patient_or_administrator,
    "revoke": _administrator,
    "share": _patient,
}
"""Kind -> who may register one of anybody; raises Forbidden before any patient is looked for, so alike for every patient."""


def _relation(context: Context, body: Body, id: str, told: Known) -> Relation:
    start, until = body.period(RELATION_LIFE, LONGEST_RELATION)
    body.done()
    return Relation(**_common(context, id, start, until), **_commission(context))


def _need(context: Context, body: Body, id: str, told: Known) -> Need:
    kind: Any = body.text("type", ("relevance", "work", "worklist", "certificate"))
    reason = body.text("reason", required=True)
    start, until = body.period(NEED_LIFE, LONGEST_NEED)
    body.done()
    return Need(**_common(context, id, start, until), **_commission(context), type=kind, reason=reason)


def _assertion(context: Context, body: Body, id: str, told: Known) -> Assertion:
    kind: Any = body.text("type", ("emergency", "incapacity", "child", "inner_emergency"))
    step = body.number("step", (1, 2))
    reason = body.text("reason", required=True)
    chosen, units = (tuple(each.upper() for each in body.texts(name)) for name in ("providers", "units"))
    directory = context.hub.directory
    if not set(chosen) <= directory.providers.keys():
        raise InvalidRequest("the directory does not know one of these", "providers")
    if not set(units) <= directory.units.keys():
        raise InvalidRequest("the directory does not know one of these", "units")
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
        providers=chosen,
        units=units,
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


def _block(context: Context, body: Body, id: str, told: Known) -> Block:
    caller = context.caller
    kind: Any = body.text("type", ("outer", "inner"))
    provider, unit = body.text("provider", required=True).upper(), body.text("unit", required=kind == "inner").upper()
    if caller.kind != "patient" and caller.provider != provider:
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


def _revoke(context: Context, body: Body, id: str, told: Known) -> Revoke:
    caller = context.caller
    block_id = body.text("block", required=True)
    block = next((each for each in told.grounds if isinstance(each, Block | Dissent) and each.id == block_id), None)
    if block is None or not _lifts(caller, block):
        raise Forbidden("a block is lifted only by the care provider that owns it")
    check_ours(block)
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


def _lifts(caller: Caller, given: Block | Dissent) -> bool:
    """Whether the caller's care provider may lift it: its own block; of a dissent that closes everything, what it holds."""
    return not given.but_emergencies if isinstance(given, Dissent) else given.provider.upper() == caller.provider


def _share(context: Context, body: Body, id: str, told: Known) -> Share:
    unit, provider = body.text("unit").upper(), body.text("provider").upper()
    directory = context.hub.directory
    owner = directory.provider_of(unit) if unit else provider
    if owner not in directory.providers or (provider and owner != provider):
        raise InvalidRequest("the directory does not know that care provider or unit", "unit" if unit else "provider")
    start, until = body.period(SHARE_LIFE, LONGEST_SHARE)
    body.done()
    return Share(**_common(context, id, start, until), provider=owner or "", unit=unit)


MADE: Mapping[str, Callable[[Context, Body, str, Known], AnyGround]] = {
    "relation": _relation,
    "need": _need,
    "assertion": _assertion,
    "block": _block,
    "revoke": _revoke,
    "share": _share,
}
"""Kind -> the ground that a body states. Raises: InvalidRequest: a value is missing or wrong; Forbidden; Conflict."""
