"""Requests to lift a block as they lie in the record: read, written and told of. Who may do what: `hub.interactions.lifting`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.consent.release import Equals, Outcome, Release, Row, all_of, closed
from hub.errors import NotFound
from hub.fhir.custody import Custody
from hub.fhir.identity import rid
from hub.fhir.json import loads
from hub.fhir.lift_task import LiftRequest, answer_of, lift_request
from hub.fhir.query import read_query
from hub.fhir.resource import Resource
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.interactions.written_custody import HUB, LIFTING, NOBODY
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, lock_patient
from hub.store.known import Known, known
from hub.store.patients import locate
from hub.store.search import View
from hub.store.store import Store
from hub.store.tables import FOREVER

FAMILY = "fhir"
MOST_LISTED = 1000
KEPT = Release(closed([Row(all_of(Equals("source", HUB), Equals("info_type", LIFTING)), Outcome.PERMIT, "LIFTING")]))
"""Requests to lift and nothing else; whose they are is looked at one by one."""


def of_patient(pk: int) -> View:
    """Every request about a patient."""
    return View("patient", KEPT, pk=pk, asof=FOREVER - 1)


def of_owner(provider: str) -> View:
    """Every request to a care provider, whoever the patient is: a named fan-out, as worklists are."""
    return View("unit", KEPT, provider=provider, unit=NOBODY)


def tasks(connection: Connection, store: Store, view: View, status: str = "") -> list[Resource]:
    """The requests in a view, newest first, `MOST_LISTED` at most."""
    asked = [("_count", str(MOST_LISTED)), *([("status", status)] if status else [])]
    query = read_query("Task", asked, now=store.clock())
    return [loads(each.bytes) for each in store.search.page(connection, view, query).hits]


def locked(connection: Connection, store: Store, id: str) -> tuple[Known, Resource, int]:
    """A request by its id, its patient's record locked: what is known of the patient, the Task, the time of this write.

    Raises: NotFound.
    """
    pk = locate(connection, store.keys.identity, "Task", id)
    if pk:
        now = lock_patient(connection, pk, store.now())
        found = store.search.read(connection, of_patient(pk), "Task", rid(store.keys.identity, "Task", id), id)
        if found is not None:
            return known(connection, pk, now), loads(found.bytes), now
    raise NotFound("there is no such request")


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
) -> None:
    """Write a request and its log entry, in the caller's transaction."""
    key = store.keys.identity
    entry = rid(key, "entry", f"{HUB}\0{FAMILY}\0Task/{task['id']}")
    custody = _custody(lift_request(task), datetime.fromisoformat(task["authoredOn"]))
    deposit(connection, key, told.pk, [Record(entry, FAMILY, custody, (task,))], (), now)
    kept = {name: value for name, value in details.items() if value} | {"task": task["id"]}
    leaf = logbook.administered(
        context.caller, action, told.pk, told.fhir_id, context.request_id, type="Task", grounds=list(grounds), details=kept
    )
    store.audit.append_in(connection, leaf)


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


def _custody(asked: LiftRequest, authored: datetime) -> Custody:
    """Seen by the patient. To staff it is no care documentation of any unit: what is unknown opens nothing (R30, R40), and the
    owner's administrators are shown it at /access."""
    return Custody(
        source=HUB,
        provider=asked.owner,
        unit=NOBODY,
        info_type=LIFTING,
        regime="SVOD",
        social=False,
        time_from=authored,
        time_to=authored,
        released=True,
        secret=False,
        nullified=False,
        incapacity=False,
    )
