"""The patient that a query names, what is known of that patient, and what in the caller's view the query matches."""

from dataclasses import dataclass, replace

from hub.caller import Caller
from hub.consent.grounds import Attorney
from hub.errors import InvalidRequest, NotSupported
from hub.fhir.identifiers import Identifier
from hub.fhir.identity import rid
from hub.fhir.outcome import SourceReport
from hub.fhir.query import Query
from hub.fhir.types import TYPES
from hub.interactions.context import Context, check_caller, check_refusal, recalled
from hub.interactions.plan import silent_register
from hub.interactions.sights import sights
from hub.interactions.view import Sight, concerns
from hub.store.database import Connection, lock_until_end
from hub.store.known import Known, known, nobody
from hub.store.patients import find
from hub.store.search import Found
from hub.store.store import Store
from hub.store.tables import FOREVER, NO_PATIENT
from hub.store.values import moment


@dataclass(frozen=True, slots=True)
class Condition:
    """What the resource that is meant, or is not to be there yet, is found by."""

    query: Query
    patient: str | None = None
    """As `resolved` gives it."""


async def resolved(context: Context, query: Query) -> tuple[Query, str | None, SourceReport | None]:
    """The query with its patient as a logical id. Gives: the id; "" for who is nobody to the caller; None: none is named;
    and what to say of the register, if it did not tell whose the number is.

    No source is asked for anybody who could see nothing of the answer.
    """
    caller = context.caller
    if _shared(query):
        return query, None, None
    if caller.kind == "system":
        return _within_source(query), None, None
    named = await context.patient_of(query.patients)
    if named is None and query.resource_type == "Patient" and caller.staff:
        raise InvalidRequest("name the patient by an exact identifier or by _id", "identifier")
    if isinstance(named, Identifier):
        patient, silent = await _identified(context, named)
        return (query.resolved(patient) if patient else query), patient, silent
    return (query.resolved(named) if named else query), named, None


def _within_source(query: Query) -> Query:
    """A source's client finds its own Patients by their identifiers, and other resources by the ids of these.

    Raises: NotSupported: `patient.identifier`.
    """
    if query.resource_type != "Patient" and any(isinstance(each, Identifier) for each in query.patients):
        raise NotSupported("a source's client names its patients by their ids", "patient.identifier")
    return query


async def _identified(context: Context, number: Identifier) -> tuple[str, SourceReport | None]:
    """The logical id of who has a number; "": nobody, or nobody to this caller. With it what to say of a silent register."""
    caller = context.caller
    check_caller(context)
    if caller.kind in ("reviewer", "technician") or (caller.staff and caller.purpose == "none"):
        return "", None
    if caller.kind == "agent":  # who has given no power of attorney is not asked about
        return await context.hub.store(_fhir_id, caller, None, number), None
    own = caller.person if caller.kind == "patient" else str(number)
    system, _, value = own.rpartition("|")
    found = await context.refresher.identify(Identifier(system, value))
    patient = await context.hub.store(_fhir_id, caller, found.pk, number)
    return patient, silent_register(context.hub, found.fault, known=bool(patient)) if found.fault else None


def _fhir_id(store: Store, caller: Caller, pk: int | None, number: Identifier) -> str:
    """The logical id of who is found at `pk`, or if that is None by number; "": nobody, or nobody to this caller."""
    at = find(store.reader(), store.keys.identity, number) if pk is None else pk
    told = known(store.reader(), NO_PATIENT if at is None else at, store.now())
    return told.fhir_id if at is not None and _may_know(caller, told, number, store.now()) else ""


def _may_know(caller: Caller, told: Known, number: Identifier, now: int) -> bool:
    """Whether the caller may learn by number who somebody is: whom staff name; oneself; a guardian's child; an agent's
    principal."""
    own = caller.person in {str(each) for each in told.facts.numbers}
    match caller.kind:
        case "patient":
            return own and number in told.facts.numbers
        case "guardian":
            return own or concerns(caller, told)
        case "agent":
            given = (each for each in told.grounds if isinstance(each, Attorney) and each.agent == caller.subject)
            return own or any(each.holds(moment(now)) for each in given)
        case _:
            return True


def place_of(store: Store, patient: str) -> int:
    """The store's number of a Patient by the logical id."""
    return rid(store.keys.identity, "Patient", patient)


def told_of_query(store: Store, caller: Caller, query: Query, patient: str | None) -> Known:
    if patient:
        return recalled(store, caller, place_of(store, patient))
    now = store.now()
    if patient == "":
        known(store.reader(), NO_PATIENT, now)  # the same work as for a patient
        return nobody(now)
    listing = not _shared(query) and bool(caller.subject)
    told = known(store.reader(), NO_PATIENT, now, caller.subject, now) if listing else known(store.reader(), NO_PATIENT, now)
    mine = tuple(each for each in told.grounds if getattr(each, "employee", "") == caller.subject)
    return replace(told, grounds=mine, decided={})


def is_compartment(query: Query, seen: Sight) -> bool:
    """Whether the view is just the record of the patient that the query names."""
    return seen.view.kind == "patient" and len(query.patients) == 1 and not query.types and not _shared(query)


def _shared(query: Query) -> bool:
    """Whether only what belongs to no patient is searched."""
    return all(TYPES[each].shared for each in query.types or (query.resource_type,))


def matching(
    store: Store, context: Context, query: Query, patient: str | None, connection: Connection | None = None
) -> tuple[Found, ...]:
    """What in the caller's view meets the criteria of a query now, two at most: none, one, or several.

    Takes: `query`, `patient`: as `resolved` gives them; `connection`: of a writing transaction, whose own writes count too.
    Raises: Refused.
    """
    told = told_of_query(store, context.caller, query, patient)
    looked = sights(context.hub, context.caller, query, told, patient is not None).as_of(FOREVER - 1)
    check_refusal(looked.main)
    only, compartment = replace(query, count=2, sort=(), cursor=None), is_compartment(query, looked.main)
    view = looked.main.view
    return store.search.page(connection or store.reader(), view, only, compartment=compartment, others=looked.views).hits


def meets(connection: Connection, store: Store, context: Context, condition: Condition) -> tuple[Found, ...]:
    """What meets a condition, two at most. Others who match in the same view wait until this transaction ends."""
    lock_view(connection, store, context.caller, condition.patient)
    return matching(store, context, condition.query, condition.patient, connection)


def lock_view(connection: Connection, store: Store, caller: Caller, patient: str | None = None) -> None:
    """Others who look for something where this caller looks wait until this transaction ends. `patient`: whose record it is."""
    own = f"source/{caller.source}" if caller.kind == "system" else f"patient/{patient}" if patient else f"unit/{caller.unit}"
    lock_until_end(connection, rid(store.keys.identity, "view", own))
