"""Requests to lift a block: a Task for the care provider that owns it, which lifts or refuses. API.md section 2; L12, L18.

A reader never opens another's block. Whether there is a block at all changes nothing in what the asker is told: a request is
taken down for any care provider that the directory knows, and its owner answers it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.consent.facts import Facts
from hub.consent.grounds import AnyGround, Block
from hub.errors import Conflict, Forbidden, HubError, InvalidRequest, NotFound
from hub.fhir.custody import HUB, LIFTING
from hub.fhir.identity import logical_id
from hub.fhir.lift_task import LiftRequest, Status, answered, lift_request, lift_task
from hub.fhir.resource import Resource
from hub.interactions import kept_tasks, lift_tasks, logbook
from hub.interactions.access import shown
from hub.interactions.body import Body
from hub.interactions.context import Context, check_caller, told_of
from hub.interactions.plan import question_about
from hub.interactions.registered import MADE
from hub.interactions.registrations import check_ours
from hub.interactions.view import grounds
from hub.store.audit_log import Leaf
from hub.store.database import Connection
from hub.store.deposit import lock_patient
from hub.store.known import Known, put_new_ground
from hub.store.store import Store

MOST_OPEN = 20
"""Requests that one asker may have open for one patient."""


async def request_to_lift(context: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a care provider to lift its block. Gives: the request, with its id and its Task.

    Raises: InvalidRequest; Forbidden: neither staff for care nor the patient; NotFound: no such patient; Conflict: neither
    relation nor emergency, or too many requests are open.
    """
    answer: dict[str, Any] = await _logged(context, "request-to-lift", _request, dict(body))
    return answer


async def requests_to_lift(context: Context, patient: str, status: str) -> list[dict[str, Any]]:
    """Requests that concern the caller: own ones about `patient`, or to the care provider whose blocks the caller administers.

    Takes: `patient`: a logical id; empty, for the administrator: of every patient. `status`: of the Task; empty: any.
    Raises: NotFound: no such patient, or nobody to this caller; Forbidden.
    """
    found: list[dict[str, Any]] = await _logged(context, "list-requests-to-lift", _listed, patient, status)
    return found


async def grant(context: Context, id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Lift the block for whom the request names, at most 7 days; end it where the patient asked for that. By its owner.

    Raises: NotFound: no such request to the own care provider; Conflict: answered already; Forbidden: the block is another's.
    """
    answer: dict[str, Any] = await _logged(context, "grant-request-to-lift", _grant, id, dict(body))
    return answer


async def refuse_to_lift(context: Context, id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse a request, with a reason. By the owner of the block. Raises: as `grant`."""
    answer: dict[str, Any] = await _logged(context, "refuse-request-to-lift", _refuse, id, dict(body))
    return answer


async def take_back(context: Context, id: str) -> dict[str, Any]:
    """Take an own request back. Raises: NotFound: no such request of the caller's; Conflict: answered already."""
    answer: dict[str, Any] = await _logged(context, "cancel-request-to-lift", _take_back, id)
    return answer


async def _logged(context: Context, action: str, work: Any, *args: Any) -> Any:
    try:
        check_caller(context)
        if work is _listed:
            return await context.current(lambda given: given.durable(work, given, action, *args))
        return await context.current(lambda given: given.hub.store(work, given, action, *args))
    except HubError as fault:
        await context.refuse(action, "Task", fault)
        raise


def _request(store: Store, context: Context, action: str, held: dict[str, Any]) -> dict[str, Any]:
    caller, body = context.caller, Body(held, context.hub.clock())
    _check_asker(caller)
    told = _patient(store, context, body.text("patient", required=True))
    asked = _asked(context, body, told)
    fhir_id = logical_id(store.keys.identity, "Task", HUB, LIFTING, context.request_id)
    task = lift_task(asked, fhir_id, body.now)
    details = {"owner": asked.owner, "unit": asked.for_unit}
    with store.database.writing() as connection:
        now = lock_patient(connection, told.pk, store.now())
        waiting = kept_tasks.tasks(connection, store, kept_tasks.of_patient(told.pk, LIFTING), "requested")
        if sum(_asks(caller, told, each) for each in waiting) >= MOST_OPEN:
            raise Conflict(f"you have {MOST_OPEN} requests open for the patient, which is the most: take some back first")
        lift_tasks.write(connection, store, context, action, told, task, now, details, reason=asked.reason)
    return lift_tasks.shown(task)


def _asked(context: Context, body: Body, told: Known) -> LiftRequest:
    caller, directory = context.caller, context.hub.directory
    owner, blocked_unit = body.text("provider", required=True).upper(), body.text("unit").upper()
    if owner not in directory.providers or (blocked_unit and directory.provider_of(blocked_unit) != owner):
        raise InvalidRequest("the directory does not know that care provider or unit", "provider")
    reason = body.text("reason", required=True)
    for_unit, for_employee, requester = caller.unit, "", caller.subject
    if caller.staff:
        for_employee = caller.subject if body.text("for", ("unit", "employee", "")) == "employee" else ""
    else:
        for_unit, requester = body.text("for_unit").upper(), f"Patient/{told.fhir_id}"
        if for_unit and directory.provider_of(for_unit) is None:
            raise InvalidRequest("the directory does not know that unit", "for_unit")
    body.done()
    return LiftRequest(
        patient=told.fhir_id,
        owner=owner,
        blocked_unit=blocked_unit,
        requester=requester,
        for_unit=for_unit,
        for_employee=for_employee,
        reason=reason,
    )


def _check_asker(caller: Caller) -> None:
    """Raises: Forbidden: alike for every patient."""
    if caller.kind != "patient" and not (caller.staff and caller.purpose == "care"):
        raise Forbidden("the patient, or staff under a commission for care, asks for a block to be lifted")


def _patient(store: Store, context: Context, patient: str) -> Known:
    """What is known of a patient whom the caller may ask about."""
    caller, now = context.caller, context.hub.clock()
    told = told_of(store, "Patient", patient)
    own = caller.person in {str(each) for each in told.facts.numbers}
    if not told.pk or (caller.kind == "patient" and not own):
        raise NotFound("there is no such patient")
    context.demand(question_about(context.hub, told, store.now()))
    if caller.staff and not _is_near(Facts(grounds(now, caller, told, named=True, services_up=True))):
        raise Conflict("register a patient relation, or assert an emergency, before you ask for a block to be lifted")
    return told


def _is_near(facts: Facts) -> bool:
    """Whether the caller has a relation, or has an emergency at hand of which nothing has been ended."""
    return bool(facts.relations or facts.assertions("emergency") or facts.assertions("inner_emergency"))


def _listed(store: Store, context: Context, action: str, patient: str, status: str) -> tuple[list[dict[str, Any]], Leaf]:
    caller = context.caller
    if not (caller.kind == "patient" or (caller.staff and (caller.block_administrator or caller.purpose == "care"))):
        raise Forbidden("requests to lift are listed for who asks, and for who administers the care provider's blocks")
    if not patient and not caller.block_administrator:
        raise InvalidRequest("name the patient", "patient")
    told = told_of(store, "Patient", patient)
    own = caller.person in {str(each) for each in told.facts.numbers}
    if patient and (not told.pk or (caller.kind == "patient" and not own)):
        raise NotFound("there is no such patient")
    view = kept_tasks.of_patient(told.pk, LIFTING) if patient else kept_tasks.of_owner(caller.provider, LIFTING)
    found = [each for each in kept_tasks.tasks(store.reader(), store, view, status) if _concerns(caller, told, each)]
    leaf = logbook.administered(
        caller, action, told.pk, told.fhir_id if told.pk else "", context.request_id, type="Task", released=len(found)
    )
    return [lift_tasks.shown(each) for each in found], replace(leaf, epochs=((told.pk, told.epoch),) if told.pk else ())


def _concerns(caller: Caller, told: Known, task: Resource) -> bool:
    return _asks(caller, told, task) or (caller.block_administrator and lift_request(task).owner == caller.provider)


def _asks(caller: Caller, told: Known, task: Resource) -> bool:
    """Whether the request is the caller's own: by person, and for staff under the commission that it was made under."""
    asked = lift_request(task)
    if caller.kind == "patient":
        return asked.requester == f"Patient/{told.fhir_id}"
    return asked.requester == caller.subject and asked.for_unit == caller.unit


@dataclass(frozen=True, slots=True)
class _Open:
    """A request that waits for its answer."""

    told: Known
    task: Resource
    asked: LiftRequest


def _grant(store: Store, context: Context, action: str, id: str, held: dict[str, Any]) -> dict[str, Any]:
    caller = context.caller
    with store.database.writing() as connection:
        found, now = _to_answer(connection, store, context, id)
        ground = _lifted(context, found, held)
        put_new_ground(connection, store.keys.identity, found.told.pk, ground, caller.subject, now)
        ended = isinstance(ground, Block)
        details = {"block": ground.id if ended else getattr(ground, "block", ""), "unit": found.asked.for_unit}
        task = _answer(connection, store, context, action, found, now, "completed", ground=ground.id, details=details)
    return lift_tasks.shown(task) | {"ground": shown(ground)}


def _lifted(context: Context, found: _Open, held: dict[str, Any]) -> AnyGround:
    """The revoke for whom the request names; the block itself, ended, where the patient asked for that."""
    asked, caller, now = found.asked, context.caller, context.hub.clock()
    if asked.for_unit:
        body = Body(held | {"unit": asked.for_unit, "employee": asked.for_employee}, now)
        id = logical_id(context.hub.store.keys.identity, "revoke", context.request_id, caller.subject)
        return MADE["revoke"](context, body, id, found.told)
    body = Body(held, now)
    wanted = body.text("block", required=True)
    body.done()
    for each in found.told.grounds:
        if isinstance(each, Block) and each.id == wanted and each.provider.upper() == caller.provider:
            check_ours(each)
            return replace(each, state="ended", end=now if each.end is None or each.end > now else each.end)
    raise Forbidden("a block is lifted only by the care provider that owns it")


def _refuse(store: Store, context: Context, action: str, id: str, held: dict[str, Any]) -> dict[str, Any]:
    body = Body(held, context.hub.clock())
    reason = body.text("reason", required=True)
    body.done()
    with store.database.writing() as connection:
        found, now = _to_answer(connection, store, context, id)
        return lift_tasks.shown(_answer(connection, store, context, action, found, now, "rejected", reason))


def _take_back(store: Store, context: Context, action: str, id: str) -> dict[str, Any]:
    with store.database.writing() as connection:
        told, task, now = kept_tasks.locked(connection, store, id, LIFTING)
        if not _asks(context.caller, told, task):
            raise NotFound("there is no such request of yours")
        found = _open(told, task)
        return lift_tasks.shown(_answer(connection, store, context, action, found, now, "cancelled"))


def _to_answer(connection: Connection, store: Store, context: Context, id: str) -> tuple[_Open, int]:
    """A request to the caller's care provider, its patient's record locked. Gives: it, and the time of this write."""
    caller = context.caller
    if not caller.block_administrator:
        raise Forbidden("a request is answered by who administers the blocks of the care provider that it is for")
    told, task, now = kept_tasks.locked(connection, store, id, LIFTING)
    if lift_request(task).owner != caller.provider:
        raise NotFound("there is no such request to your care provider")
    return _open(told, task), now


def _open(told: Known, task: Resource) -> _Open:
    if task["status"] != "requested":
        raise Conflict("the request has been answered already", "status")
    return _Open(told, task, lift_request(task))


def _answer(
    connection: Connection,
    store: Store,
    context: Context,
    action: str,
    found: _Open,
    now: int,
    status: Status,
    reason: str = "",
    ground: str = "",
    details: Mapping[str, str] | None = None,
) -> Resource:
    task = answered(found.task, status, reason, ground)
    grounds = [ground] if ground else []
    lift_tasks.write(connection, store, context, action, found.told, task, now, details or {}, grounds, reason)
    return task
