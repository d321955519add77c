"""Who may write what: a source's client its own entries, staff and patients Consents, a patient own measurements; and where
what is written lies. API.md sections 1 and 4.
"""

from dataclasses import dataclass

from hub.caller import Caller
from hub.consent.release import Equals, Outcome, Release, Row, all_of, closed
from hub.errors import Forbidden
from hub.fhir.custody import API_FAMILY, HUB, LIFTING, OWN, Custody
from hub.fhir.identity import rid
from hub.fhir.types import TYPES
from hub.interactions.scopes import GIVEN, chosen
from hub.store.database import Connection
from hub.store.held_entry import HeldEntry
from hub.store.known import Known
from hub.store.search import Version
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

WRITTEN = "WRITTEN"
"""The rule by which staff change what the own unit has registered."""


@dataclass(frozen=True, slots=True)
class Before:
    """A resource that lies in the writer's view already."""

    version: Version
    """As the writer is shown it."""
    kept: bytes | None
    """As it is kept."""
    told: Known
    scope: str
    entry: HeldEntry


def check_writer(caller: Caller, resource_type: str) -> None:
    """Raises: Forbidden: callers of this kind write no such resources."""
    writer = "source" if caller.kind == "system" else "patient" if caller.kind == "patient" else "staff"
    allowed = writer in TYPES[resource_type].writers
    if not allowed or (writer == "staff" and not (caller.staff and caller.purpose == "care")):
        raise Forbidden(f"{resource_type} is written by its owner, not by this caller")


def check_change(caller: Caller, before: Before) -> None:
    """Raises: Forbidden: it can be seen, but it is another's to change."""
    custody = before.entry.custody
    if custody.source == HUB and custody.info_type == LIFTING:
        raise Forbidden("a request to lift a block is answered or taken back at /access/requests-to-lift")
    match caller.kind:
        case "system":
            mine = before.entry.family == API_FAMILY
        case "patient":
            mine = custody.source == OWN or (custody.source == HUB and before.told.pk != NO_PATIENT)
        case _:
            mine = custody.source == HUB and custody.unit == caller.unit
    if not mine:
        raise Forbidden("the resource is changed by its owner, not by this caller")


def reach(caller: Caller, resource_type: str, release: Release) -> Release:
    """What a writer may change: what the writer sees, and without any relation what the own unit has registered, so that a
    Consent can always be ended where it was registered."""
    if not caller.staff or resource_type != "Consent":
        return release
    mine = all_of(Equals("source", HUB), Equals("provider", caller.provider), Equals("unit", caller.unit))
    return Release(closed((Row(mine, Outcome.PERMIT, WRITTEN), *release.rows)))


def place(
    connection: Connection,
    store: Store,
    caller: Caller,
    custody: Custody,
    address: str,
    given: bool,
    before: Before | None,
) -> tuple[int, str]:
    """The number of the entry, and where the id is to lie.

    Takes: `address`: type and id; `given`: the id is the hub's; `before`: what lies there, if it was not deleted.
    """
    if before is not None:
        return before.entry.number, before.scope
    key = store.keys.identity
    entry = rid(key, "entry", f"{custody.source}\0{API_FAMILY}\0{address}")
    if given or caller.kind != "system":
        return entry, GIVEN
    resource_type, _, fhir_id = address.partition("/")
    was_here = store.search.entry_at(connection, rid(key, resource_type, fhir_id), resource_type) == entry
    return entry, GIVEN if was_here else chosen(caller.source)


def moves(resource_type: str, before: Before) -> bool:
    """Whether custody follows what is written now: a patient's own Consent is seen by the unit that it permits today."""
    return resource_type == "Consent" and before.entry.custody.source == OWN


def registers(resource_type: str) -> bool:
    """Whether writing it may register grounds."""
    return resource_type == "Consent"
