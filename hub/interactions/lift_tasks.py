"""Requests to lift a block as they lie in the record: written and told of. Who may do what: `hub.interactions.lifting`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.fhir.custody import HUB, LIFTING, Custody
from hub.fhir.lift_task import LiftRequest, answer_of, lift_request
from hub.fhir.resource import Resource
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.interactions.kept_tasks import put_task
from hub.interactions.readers import is_protected
from hub.interactions.written_custody import NOBODY
from hub.store.database import Connection
from hub.store.known import Known
from hub.store.store import Store


def write(
    connection: Connection,
    store: Store,
    context: Context,
    action: str,
    told: Known,
    task: Resource,
    now: int,
    details: Mapping[str, str],
    grounds: Sequence[str] = (),
    reason: str = "",
) -> None:
    """Write a request and its log entry, in the caller's transaction."""
    asked = lift_request(task)
    custody = _custody(asked, datetime.fromisoformat(task["authoredOn"]), is_protected(context.hub.directory, asked.requester))
    put_task(connection, store, told.pk, task, custody, now)
    kept = {name: value for name, value in details.items() if value} | {"task": task["id"]}
    leaf = logbook.administered(
        context.caller, action, told.pk, told.fhir_id, context.request_id, type="Task", grounds=list(grounds), details=kept
    )
    store.audit.append_in(connection, logbook.reasoned(leaf, reason))


def shown(task: Resource) -> dict[str, Any]:
    """A request as JSON."""
    asked, (refusal, ground) = lift_request(task), answer_of(task)
    held = {
        "id": task["id"],
        "kind": "request-to-lift",
        "task": f"Task/{task['id']}",
        "status": task["status"],
        "authored": task["authoredOn"],
        "patient": asked.patient,
        "provider": asked.owner,
        "unit": asked.blocked_unit,
        "requester": asked.requester,
        "for_unit": asked.for_unit,
        "for_employee": asked.for_employee,
        "reason": asked.reason,
        "refusal": refusal,
        "granted": ground,
    }
    return {name: value for name, value in held.items() if value}


def _custody(asked: LiftRequest, authored: datetime, protected: bool) -> Custody:
    """Seen by the patient, unless it names an employee with protected identity: then the own log tells of it. To staff it is no
    care documentation of any unit: what is unknown opens nothing (R30, R40), and the owner's administrators are shown it at
    /access."""
    return Custody(
        source=HUB,
        provider=asked.owner,
        unit=NOBODY,
        info_type=LIFTING,
        regime="SVOD",
        social=False,
        time_from=authored,
        time_to=authored,
        released=not protected,
        secret=False,
        nullified=False,
        incapacity=False,
    )
