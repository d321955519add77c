"""Tasks that the hub itself keeps in a patient's record, and nobody reads or writes as a FHIR resource of a care provider's:
requests to lift a block, and emergencies to be followed up. One information type each."""

from hub.consent.release import Equals, Outcome, Release, Row, all_of, closed
from hub.errors import NotFound
from hub.fhir.custody import API_FAMILY, FOLLOW_UP, HUB, LIFTING, Custody
from hub.fhir.encoded import encoded
from hub.fhir.identity import rid
from hub.fhir.json import loads
from hub.fhir.query import read_query
from hub.fhir.resource import Resource
from hub.interactions.written_custody import NOBODY
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, lock_patient
from hub.store.known import Known, known
from hub.store.patients import locate
from hub.store.search import View
from hub.store.store import Store
from hub.store.tables import FOREVER

MOST_LISTED = 1000
_KEPT = {
    kind: Release(closed([Row(all_of(Equals("source", HUB), Equals("info_type", kind)), Outcome.PERMIT, "KEPT")]))
    for kind in (LIFTING, FOLLOW_UP)
}
"""Information type -> Tasks of it and nothing else; whose they are is looked at one by one."""


def of_patient(pk: int, kind: str) -> View:
    """Every Task of an information type about a patient."""
    return View("patient", _KEPT[kind], pk=pk, asof=FOREVER - 1)


def of_owner(provider: str, kind: str) -> View:
    """Every Task to a care provider, whoever the patient is: a named fan-out, as worklists are."""
    return View("unit", _KEPT[kind], provider=provider, unit=NOBODY)


def tasks(connection: Connection, store: Store, view: View, status: str = "") -> list[Resource]:
    """The Tasks in a view, newest first, `MOST_LISTED` at most."""
    asked = [("_count", str(MOST_LISTED)), *([("status", status)] if status else [])]
    query = read_query("Task", asked, now=store.clock())
    return [loads(each.bytes) for each in store.search.page(connection, view, query).hits]


def locked(connection: Connection, store: Store, id: str, kind: str) -> tuple[Known, Resource, int]:
    """A Task by its id, its patient's record locked: what is known of the patient, the Task, the time of this write.

    Raises: NotFound.
    """
    pk = locate(connection, store.keys.identity, "Task", id)
    if pk:
        now = lock_patient(connection, pk, store.now())
        found = store.search.read(connection, of_patient(pk, kind), "Task", rid(store.keys.identity, "Task", id), id)
        if found is not None:
            return known(connection, pk, now), loads(found.bytes), now
    raise NotFound("there is no such request")


def put_task(connection: Connection, store: Store, pk: int, task: Resource, custody: Custody, now: int) -> None:
    """Write a Task, in the caller's transaction."""
    key = store.keys.identity
    entry = rid(key, "entry", f"{HUB}\0{API_FAMILY}\0Task/{task['id']}")
    deposit(connection, key, pk, [Record(entry, API_FAMILY, custody, (encoded(task),))], (), now)
