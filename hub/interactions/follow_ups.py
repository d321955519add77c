"""Emergencies to be followed up: a Task for the log reviewer of the employee's care provider, made with the assertion itself.

The patient reads of the emergency in the own log; the Task is the reviewer's. CONSENT.md section 5; LEAKS.md row 28.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.consent.grounds import AnyGround, Assertion
from hub.errors import Conflict, Forbidden, HubError, NotFound
from hub.fhir.custody import FOLLOW_UP, HUB, Custody
from hub.fhir.follow_up_task import FollowUp, conclusion_of, follow_up, follow_up_task, followed_up, judged, verdict_of
from hub.fhir.identity import logical_id
from hub.fhir.resource import Resource
from hub.interactions import kept_tasks, logbook
from hub.interactions.body import Body
from hub.interactions.context import Context, check_caller
from hub.interactions.written_custody import NOBODY
from hub.store.audit_index import is_opening
from hub.store.audit_log import Leaf
from hub.store.audit_reading import Logged
from hub.store.database import Connection
from hub.store.known import Known
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

STATUSES = ("requested", "in-progress", "completed")
EMERGENCIES = ("emergency", "inner_emergency")


async def follow_ups(context: Context, status: str) -> list[dict[str, Any]]:
    """Emergencies of the reviewer's own care provider, newest first.

    Takes: `status`: of the Task; empty: any. Raises: Forbidden: not a log reviewer.
    """
    try:
        _check_reviewer(context)
        return await context.durable(_listed, context, status)
    except HubError as fault:
        await context.refuse("list-follow-ups", "Task", fault)
        raise


async def conclude(context: Context, id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Write what the reviewer has concluded, and close the Task.

    Raises: NotFound: no such emergency of the own care provider; Conflict: concluded already; Forbidden; InvalidRequest.
    """
    try:
        _check_reviewer(context)
        return await context.hub.store(_conclude, context, id, dict(body))
    except HubError as fault:
        await context.refuse("conclude-follow-up", "Task", fault)
        raise


def put_follow_up(connection: Connection, store: Store, told: Known, given: AnyGround) -> None:
    """Make the Task of an emergency in the caller's transaction; every second step joins the Task of its first, with its reason,
    and opens it again where it was concluded meanwhile. Any other ground needs none."""
    if not isinstance(given, Assertion) or given.type not in EMERGENCIES:
        return
    stated = sorted((each for each in told.grounds if isinstance(each, Assertion)), key=lambda each: each.recorded)
    first = next((each for each in stated if each.id == given.follows), given)
    steps = [given] if first is given else [first, *(each for each in stated if each.follows == first.id), given]
    asked = FollowUp(
        patient=told.fhir_id,
        owner=given.provider.upper(),
        unit=given.unit.upper(),
        employee=given.employee.upper(),
        reason="; ".join(dict.fromkeys(each.reason for each in steps)),
        assertions=tuple(each.id for each in steps),
    )
    task = follow_up_task(asked, logical_id(store.keys.identity, "Task", HUB, FOLLOW_UP, first.id), first.start)
    kept_tasks.put_task(connection, store, told.pk, task, _custody(task), store.now())


def put_verdict(connection: Connection, store: Store, entry: Logged, verdict: str, done: bool) -> str:
    """Note a verdict on the Task of the emergency that an entry of the log opened, in the caller's transaction.

    Takes: `done`: it closes the Task; else the Task is at work. Gives: its id; empty: the entry opened no emergency.
    """
    if not is_opening(entry.content):
        return ""
    opened = set(entry.content["grounds"])
    held = kept_tasks.tasks(connection, store, kept_tasks.of_patient(entry.pk, FOLLOW_UP))
    id: str = next((each["id"] for each in held if opened & set(follow_up(each).assertions)), "")
    if id:
        told, task, now = kept_tasks.locked(connection, store, id, FOLLOW_UP)
        said = judged(task, verdict, done)
        kept_tasks.put_task(connection, store, told.pk, said, _custody(said), now)
    return id


def _check_reviewer(context: Context) -> None:
    check_caller(context)
    if context.caller.kind != "reviewer":
        raise Forbidden("emergencies are followed up by the care provider's log reviewer")


def _listed(store: Store, context: Context, status: str) -> tuple[list[dict[str, Any]], Leaf]:
    caller = context.caller
    found = kept_tasks.tasks(store.reader(), store, kept_tasks.of_owner(caller.provider, FOLLOW_UP), status)
    leaf = logbook.administered(caller, "list-follow-ups", NO_PATIENT, "", context.request_id, type="Task", released=len(found))
    return [_shown(each) for each in found], leaf


def _conclude(store: Store, context: Context, id: str, held: dict[str, Any]) -> dict[str, Any]:
    body = Body(held, context.hub.clock())
    conclusion = body.text("conclusion", required=True)
    body.done()
    with store.database.writing() as connection:
        told, task, now = kept_tasks.locked(connection, store, id, FOLLOW_UP)
        asked = follow_up(task)
        if asked.owner != context.caller.provider:
            raise NotFound("there is no such request")
        if task["status"] == "completed":
            raise Conflict("the emergency has been followed up already", "status")
        done = followed_up(task, conclusion)
        kept_tasks.put_task(connection, store, told.pk, done, _custody(done), now)
        leaf = logbook.administered(
            context.caller,
            "conclude-follow-up",
            told.pk,
            told.fhir_id,
            context.request_id,
            type="Task",
            grounds=list(asked.assertions),
            details={"task": id},
        )
        store.audit.append_in(connection, leaf)
    return _shown(done)


def _shown(task: Resource) -> dict[str, Any]:
    asked = follow_up(task)
    held = {
        "id": task["id"],
        "kind": "follow-up",
        "status": task["status"],
        "authored": task["authoredOn"],
        "patient": asked.patient,
        "unit": asked.unit,
        "employee": asked.employee,
        "reason": asked.reason,
        "assertions": list(asked.assertions),
        "conclusion": conclusion_of(task),
        "verdict": verdict_of(task),
    }
    return {name: value for name, value in held.items() if value}


def _custody(task: Resource) -> Custody:
    """Nobody's to see but at /access: it is no care documentation, and what is unknown opens nothing (R30, R40)."""
    authored = datetime.fromisoformat(task["authoredOn"])
    return Custody(
        source=HUB,
        provider=follow_up(task).owner,
        unit=NOBODY,
        info_type=FOLLOW_UP,
        regime="SVOD",
        social=False,
        time_from=authored,
        time_to=authored,
        released=False,
        secret=True,
        nullified=False,
        incapacity=False,
    )
