"""Why a resource is or is not shown, to whom, and when: DESIGN.md section 6.

To staff only whether they are shown it, which reading it would tell as well. To the patient and to the log reviewer the rule,
the law and the grounds: of what is the patient's to know of, and of what the reviewer's own care provider holds or was shown.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.caller import Caller
from hub.consent.decision import decide
from hub.consent.explain import Explanation, explain
from hub.consent.grounds import Grounds
from hub.consent.release import Outcome, Release, outcome_of
from hub.errors import Forbidden, HubError, InvalidRequest, NotFound
from hub.fhir.custody import Custody
from hub.fhir.identity import rid
from hub.fhir.types import TYPES
from hub.interactions import logbook
from hub.interactions.context import Context, check_caller, told_of
from hub.interactions.reaching import as_read_by, asked_reader, names, told_to
from hub.interactions.read import found_now
from hub.interactions.readers import ASSUMED, SOMEBODY
from hub.interactions.scopes import scopes
from hub.interactions.view import concerns
from hub.store.audit_log import Leaf
from hub.store.held_entry import custody_at
from hub.store.known import Known
from hub.store.known_then import known_at
from hub.store.records_then import says_at
from hub.store.store import Store
from hub.store.values import instant, micros

ABSENT = "there is no such resource"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be explained, to whom it is or is not shown, and when."""

    resource_type: str
    fhir_id: str
    at: datetime | None = None
    """None: now."""
    unit: str = ""
    """The reader's; empty: the caller."""
    employee: str = ""
    """Empty: somebody of the unit who takes part in the care."""
    role: str = ""


async def explained(context: Context, asked: Asked) -> dict[str, Any]:
    """The outcome for one resource; for patient and reviewer with rule, law, grounds and words.

    Raises: NotFound: no such resource, or not the caller's to know of; Forbidden: no one to whom anything is explained;
    InvalidRequest: a time to come, an unknown unit, or a reader whom the caller may not ask about.
    """
    try:
        check_caller(context)
        if context.caller.kind not in ("patient", "reviewer") and not context.caller.staff:
            raise Forbidden("release is explained to staff, to the patient and to the care provider's log reviewer")
        if asked.resource_type not in TYPES or TYPES[asked.resource_type].shared:
            raise NotFound(ABSENT)
        work = _to_staff if context.caller.staff else _in_full
        found: dict[str, Any] | None = await context.current(lambda given: given.durable(work, given, asked))
    except HubError as fault:
        await context.refuse("explain", asked.resource_type, fault)
        raise
    if found is None:
        raise NotFound(ABSENT).in_log()
    return found


def _to_staff(store: Store, context: Context, asked: Asked) -> tuple[dict[str, Any], Leaf]:
    """Whether the caller is shown it, now: what is withheld and what was never there are alike."""
    if asked.at or asked.unit or asked.employee or asked.role:
        raise Forbidden("staff ask about themselves, and about now")
    context.caller.require("r", asked.resource_type)
    found, leaf = found_now(store, context, "explain", asked.resource_type, asked.fhir_id)
    return {"resource": f"{asked.resource_type}/{asked.fhir_id}", "shown": bool(found)}, leaf


def _in_full(store: Store, context: Context, asked: Asked) -> tuple[dict[str, Any] | None, Leaf]:
    looked = [_looked(store, context, asked, scope) for scope in scopes(context.hub, context.caller)]
    told, at, custody = next((each for each in looked if each[2]), looked[0])
    moment = asked.at or context.hub.clock()
    who = _reader(store, context, asked)
    then = known_at(store.reader(), told, at) if asked.at else told
    given = as_read_by(told_to(context, who), moment, then)
    release = decide(given)
    reached = bool(custody and _may_know(context.caller, told, given, release, custody))
    answer = _answer(context, asked, who, given, explain(given, release, custody), at) if custody and reached else None
    details = {"reader": _named(who) if asked.unit else "", "unit": asked.unit.upper(), "at": instant(at) if asked.at else ""}
    leaf = logbook.administered(
        context.caller,
        "explain",
        told.pk if reached else 0,
        told.fhir_id if reached else "",
        context.request_id,
        type=asked.resource_type,
        details={name: value for name, value in details.items() if value},
    )
    return answer, replace(leaf, epochs=((told.pk, told.epoch),) if reached else ())


def _looked(store: Store, context: Context, asked: Asked, scope: str) -> tuple[Known, int, Custody | None]:
    """The patient, the time, and the custody of the resource as it was there; None: it was not, or it is the register's.

    Takes: `scope`: a place where a resource of that id may lie. Raises: InvalidRequest: a time to come.
    """
    told = told_of(store, scope + asked.resource_type, asked.fhir_id)
    now = max(store.now(), told.recorded)  # a patient's record may be some microseconds ahead of the clock
    at = now if asked.at is None else micros(asked.at)
    if at > now:
        raise InvalidRequest("is yet to come", "at")
    number = rid(store.keys.identity, scope + asked.resource_type, asked.fhir_id)
    found = custody_at(store.reader(), told.pk, asked.resource_type, number, asked.fhir_id, at)
    register = context.hub.register
    if found is None or (register and found[1].source == register.name):
        return told, at, None
    return told, at, replace(found[1], says=says_at(store.reader(), told.pk, found[0], at))


def _reader(store: Store, context: Context, asked: Asked) -> Caller:
    """Whom it is or is not shown to."""
    if context.caller.kind == "patient" and not (asked.unit or asked.employee or asked.role):
        return context.caller
    return asked_reader(store, context, asked.unit, asked.employee, asked.role)


def _may_know(caller: Caller, told: Known, given: Grounds, release: Release, custody: Custody) -> bool:
    """Whether the caller may know that there is such a resource: for a patient, what is released to the patient; for a reviewer,
    what the own care provider holds, or its reader is shown."""
    if caller.kind == "patient":
        mine = decide(replace(given, caller=caller))
        return concerns(caller, told) and outcome_of(mine, custody)[0] is Outcome.PERMIT
    own = (custody.provider or "").upper() == caller.provider
    return own or outcome_of(release, custody)[0] is Outcome.PERMIT


def _answer(context: Context, asked: Asked, who: Caller, given: Grounds, why: Explanation, at: int) -> dict[str, Any]:
    held = {each.id: each for each in given.rows}
    rows = [held[id] for id in why.grounds if id in held and id != ASSUMED]
    return {
        "resource": f"{asked.resource_type}/{asked.fhir_id}",
        "at": instant(at),
        "reader": {"kind": who.kind, "unit": who.unit, "employee": _named(who)} | names(context, who),
        "assumed": ["relation", "need"] if who.subject == SOMEBODY else [],
        "shown": why.outcome is Outcome.PERMIT,
        "outcome": why.outcome,
        "rule": why.rule,
        "basis": why.basis,
        "grounds": [{"kind": getattr(row, "KIND", ""), "id": row.id} for row in rows],
        "consents": sorted({row.id.split("-")[0] for row in rows if getattr(row, "KIND", "") == "consent"}),
        "words": {"sv": why.sv, "en": why.en},
    }


def _named(caller: Caller) -> str:
    return "" if caller.subject == SOMEBODY or not caller.staff else caller.subject
