"""What a reader could see of a patient, now or at a time that has been, and on which grounds: counts and no resources.

For the log reviewer about the own care provider's readers, for the patient about anybody's. The grounds are those that the hub
knew then (`hub.store.known_then.known_at`), the register's facts among them; the record is what it held then, under its custody
of then. DESIGN.md section 5.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.caller import Caller
from hub.catalogue import called
from hub.consent import info_types
from hub.consent.decision import basis, decide
from hub.consent.explain import WORDS
from hub.consent.grounds import Grounds
from hub.consent.release import Outcome
from hub.directory import Provider, Unit
from hub.errors import Forbidden, HubError, InvalidRequest, NotFound
from hub.fhir.custody import CONSENT, FOLLOW_UP, LIFTING
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.context import Context, check_caller, told_of
from hub.interactions.log_filters import somebody
from hub.interactions.readers import (
    ASSUMED,
    ROLES,
    SOMEBODY,
    as_far_as_the_patient_knows,
    as_told_to,
    reader,
    supposing_care,
)
from hub.interactions.view import concerns, grounds
from hub.store.audit_log import Leaf
from hub.store.known import Known
from hub.store.known_then import known_at
from hub.store.outcomes import Counted, outcomes
from hub.store.released import View
from hub.store.store import Store
from hub.store.values import instant, micros

ADMINISTRATIVE = (CONSENT, FOLLOW_UP, LIFTING)
"""Information types of what is registered at the hub: no record, and not counted."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose reach is asked for, of whose record, and when."""

    patient: str
    """Logical id."""
    unit: str
    employee: str = ""
    """Empty: somebody of the unit who takes part in the care."""
    role: str = ""
    at: datetime | None = None
    """None: now."""


async def could_see(context: Context, asked: Reach) -> dict[str, Any]:
    """How many entries of each care provider, unit and kind of information the reader could see, by which rule and grounds.

    Of units a reviewer is told the own care provider's alone, and nobody those that hold something of a person who is protected,
    or may be.
    Raises: Forbidden: neither the patient nor a log reviewer; NotFound: no such patient, or not the caller; InvalidRequest: no
    patient or unit is named, a time to come, an unknown unit, or for a reviewer one of another care provider.
    """
    try:
        check_caller(context)
        if context.caller.kind not in ("patient", "reviewer"):
            raise Forbidden("what a reader could see is told to the patient and to the care provider's log reviewer")
        return await context.current(lambda given: given.durable(_could_see, given, asked))
    except HubError as fault:
        await context.refuse("could-see", "", fault)
        raise


def _could_see(store: Store, context: Context, asked: Reach) -> tuple[dict[str, Any], Leaf]:
    caller = context.caller
    if not asked.patient:
        raise InvalidRequest("name the patient, by the logical id of the Patient", "patient")
    who = asked_reader(store, context, asked.unit, asked.employee, asked.role)
    told = told_of(store, "Patient", asked.patient)
    if not told.pk or not concerns(caller, told):
        raise NotFound("there is no such patient")
    now = max(store.now(), told.recorded)
    at = now if asked.at is None else micros(asked.at)
    if at > now:
        raise InvalidRequest("is yet to come", "at")
    then = known_at(store.reader(), told, at) if asked.at else told
    given = as_read_by(told_to(context, who), asked.at or context.hub.clock(), then)
    found = reached(store, context.hub, caller, told, given, at)
    rows = {id: each for each in given.rows if (id := each.id) != ASSUMED}
    employee = "" if who.subject == SOMEBODY else who.subject
    answer = {
        "patient": told.fhir_id,
        "at": instant(at),
        "reader": {"unit": who.unit, "provider": who.provider, "employee": employee} | names(context, who),
        "assumed": ["relation", "need"] if who.subject == SOMEBODY else [],
        "sees": [_shown(context.hub, each, rows) for each in _told(caller, told, found)],
    }
    details = {"unit": who.unit, "reader": employee, "at": instant(at) if asked.at else ""}
    leaf = logbook.administered(
        caller,
        "could-see",
        told.pk,
        told.fhir_id,
        context.request_id,
        details={name: value for name, value in details.items() if value},
    )
    return answer, replace(leaf, epochs=((told.pk, told.epoch),))


def asked_reader(store: Store, context: Context, unit: str, employee: str, role: str) -> Caller:
    """The reader whom a patient or a reviewer asks about.

    Raises: InvalidRequest: no unit is named, or an unknown one; no such role; or a reviewer asks about someone who is no
    employee of the own care provider. Whether there is an employee is told to the reviewer alone, by directory and own log.
    """
    caller, directory = context.caller, context.hub.directory
    if role and role not in ROLES:
        raise InvalidRequest(f"one of {', '.join(ROLES)}", "role")
    if not unit:
        raise InvalidRequest("name the unit whose reader is meant, by HSA-id", "unit")
    who = reader(directory, unit, employee, role or "physician")
    if caller.kind != "reviewer":
        return who
    if who.provider != caller.provider:
        raise InvalidRequest("a reviewer asks about units of the own care provider", "unit")
    if who.subject == SOMEBODY:
        raise InvalidRequest("a reviewer asks about a named employee: name one by HSA-id", "employee")
    somebody(store, context, who.subject, "employee")
    return who


def told_to(context: Context, who: Caller) -> Caller:
    """A reader as the caller may be told of."""
    return replace(who, subject=as_told_to(context.caller, who.subject, context.hub.directory))


def as_read_by(who: Caller, now: datetime, told: Known) -> Grounds:
    """The grounds of a reader; one whom nobody has named is supposed to take part in the care."""
    given = grounds(now, who, told, named=True, services_up=True)
    return supposing_care(given) if who.subject == SOMEBODY else given


def reached(store: Store, hub: Hub, caller: Caller, told: Known, given: Grounds, at: int) -> list[Counted]:
    """What `given` lets its reader see of the record as it was then; to a patient only of what is released to the patient."""
    release = decide(given)
    if caller.kind == "patient":
        release = as_far_as_the_patient_knows(release)
    register = hub.register.name if hub.register else ""
    found = outcomes(store.reader(), View("patient", release, pk=told.pk, asof=at), register)
    return [each for each in found if each.outcome is Outcome.PERMIT and each.info_type not in ADMINISTRATIVE]


def names(context: Context, who: Caller) -> dict[str, str]:
    """What a reader, the unit and the care provider are called, as far as the caller may be told."""
    directory, told = context.hub.directory, as_told_to(context.caller, who.subject, context.hub.directory)
    staff = directory.staff.get(told)
    held = {
        "unitName": called(directory.units, who.unit),
        "providerName": called(directory.providers, who.provider),
        "employeeName": f"{staff.given} {staff.family}" if staff else "",
    }
    return {name: value for name, value in held.items() if value}


def _told(caller: Caller, told: Known, found: Iterable[Counted]) -> list[Counted]:
    """Counts with those units alone that the caller may be told of, in an order that tells no other. What is alike is one."""
    open_to_all = told.facts.for_consent().protected is False
    held: dict[tuple[str, ...], Counted] = {}
    for each in found:
        own = caller.kind == "patient" or each.provider == caller.provider
        unit = each.unit if own and open_to_all else None
        by = (each.provider or "", unit or "", each.info_type, each.row.rule, *each.row.grounds)
        before = held[by].entries if by in held else 0
        held[by] = each._replace(unit=unit, entries=before + each.entries)
    return [held[by] for by in sorted(held)]


def named(places: Mapping[str, Provider] | Mapping[str, Unit], id: str | None) -> dict[str, str]:
    """A care provider or unit by id and name, a protected unit without its own; what has no id is the patient's own."""
    return {"id": id or "", "name": called(places, id)}


def _shown(hub: Hub, each: Counted, rows: Mapping[str, Any]) -> dict[str, Any]:
    sv, en = WORDS[each.row.rule, each.outcome]
    return {
        "provider": named(hub.directory.providers, each.provider),
        **({"unit": named(hub.directory.units, each.unit)} if each.unit else {}),
        "kind": each.info_type,
        "kindName": kind_name(each.info_type),
        "entries": each.entries,
        "rule": each.row.rule,
        "basis": basis(each.row),
        "words": {"sv": sv, "en": en},
        "grounds": list(_grounds(each.row.grounds, rows)),
    }


def kind_name(info_type: str) -> dict[str, str]:
    """A kind of information in words, by language."""
    sv, en = info_types.named(info_type)
    return {"sv": sv, "en": en}


def _grounds(ids: Iterable[str], rows: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    return ({"kind": rows[id].KIND, "id": id} for id in ids if id in rows)
