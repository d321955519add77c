"""What may be told of data that are not released: one operation on one patient, and the only one. API.md section 2.

It takes no parameters, so that no repetition makes it an oracle; it is rate-limited and logged (LEAKS.md rows 27 and 28).
Source: SVOD 2:4, 2:5, 3:3, 3:5, 3:6; PDL 4:4, 4:5 (CONSENT.md section 3).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.consent.decision import decide
from hub.consent.grounds import Grounds
from hub.consent.probes import Tellable, tellable
from hub.consent.release import Outcome
from hub.errors import Forbidden, HubError, NotFound
from hub.fhir.identifiers import Identifier
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.context import Context, check_caller, told_of
from hub.interactions.engaged import engaged, untold, weighed
from hub.interactions.plan import all_fresh, question_about, stale_of
from hub.interactions.services import answered, service_questions
from hub.interactions.view import grounds
from hub.sources.engagement import Engagement
from hub.store.audit_log import Leaf
from hub.store.known import Known
from hub.store.outcomes import Counted, outcomes
from hub.store.released import View
from hub.store.store import Store
from hub.store.values import micros

UNBLOCKED = (Outcome.EXISTS, Outcome.WHO)
BLOCKED = (Outcome.BLOCKED_EXISTS, Outcome.WHO_BLOCKED)


async def existence(context: Context, patient: str) -> dict[str, Any]:
    """Whether data that the caller is not shown exist, as far as the grounds let it be told.

    Gives: `exists` (unblocked, elsewhere), `blocked` {`inside`, `elsewhere`}: true, false, or null where the grounds do not let
    it be told; `providers` (WHO) and `blocked_by` (WHO_BLOCKED) only after the first step that opens them; `notices`;
    `incomplete`: neither the engagement index nor all sources have told, or a security service has not, or the index names a care
    provider of which one unit is blocked and whose sources do not answer, or which has none here. What is null or left
    out hangs on the grounds alone.
    Raises: Forbidden: not staff under a commission for care; NotFound: no such patient; Throttled.
    """
    try:
        check_caller(context)
        if not context.caller.staff or context.caller.purpose != "care":
            raise Forbidden("staff under a commission for care ask whether there are data elsewhere")
        context.count_lookup()
        asked = await context.current(lambda given: given.hub.store(_who_is_asked_about, given, patient))
        rows = await engaged(context.hub, *asked) if asked else None
        return await context.current(lambda given: given.durable(_told, given, patient, rows))
    except HubError as fault:
        await context.refuse("existence", "", fault)
        raise


def _who_is_asked_about(store: Store, context: Context, patient: str) -> tuple[int, Identifier] | None:
    """The patient key and number to ask the engagement index about; None: nothing of what others hold could be told anyway."""
    told = _patient(store, context, patient)
    asked = _of_others(tellable(_grounds(context, told)))
    return (told.pk, told.facts.numbers[0]) if asked and told.facts.numbers else None


def _of_others(might: Tellable) -> bool:
    """Whether something of what others hold may be told."""
    return not {might.elsewhere, might.blocked_elsewhere}.isdisjoint((*UNBLOCKED, *BLOCKED))


def _patient(store: Store, context: Context, patient: str) -> Known:
    told = told_of(store, "Patient", patient)
    if not told.pk:
        raise NotFound("there is no such patient")
    now = store.now()
    context.demand(question_about(context.hub, told, now), *service_questions(context.hub, context.caller, told, now))
    return told


def _grounds(context: Context, told: Known) -> Grounds:
    now = context.hub.clock()
    return grounds(now, context.caller, told, True, answered(context.hub, context.caller, told, micros(now)))


def _told(store: Store, context: Context, patient: str, rows: Sequence[Engagement] | None) -> tuple[dict[str, Any], Leaf]:
    """Takes: `rows`: of the engagement index; None: it has not told."""
    hub, caller = context.hub, context.caller
    told = _patient(store, context, patient)
    given = _grounds(context, told)
    release = decide(given)
    unsaid = untold(hub, given, rows or ())
    late = stale_of(hub, told, unsaid, store.now())
    context.demand(*late)
    silent = bool(late) or not unsaid <= {each for source in hub.clinical for each in source.holders}
    silent = silent or _is_late(hub, given, told, rows, store.now())
    view = View("patient", release, pk=told.pk, asof=told.recorded)
    found = outcomes(store.reader(), view, hub.register.name if hub.register else "")
    found += weighed(hub, given, release, rows or ())
    answer = _answer(hub, given, found) | {
        "patient": told.fhir_id,
        "notices": list(release.notices),
        "incomplete": not given.services_up or silent,
    }
    telling = [each.row for each in found if each.outcome in (*UNBLOCKED, *BLOCKED)]
    leaf = logbook.administered(
        caller,
        "existence",
        told.pk,
        told.fhir_id,
        context.request_id,
        rules=sorted({row.rule for row in telling}),
        grounds=sorted({ground for row in telling for ground in row.grounds}),
    )
    return answer, replace(leaf, epochs=((told.pk, told.epoch),), kept={"told": answer})


def _is_late(hub: Hub, given: Grounds, told: Known, rows: Sequence[Engagement] | None, now: int) -> bool:
    """Whether sources that what is told rests on have not told lately. Of others nothing is said: it would tell whether somebody
    has asked for the patient a short while ago."""
    might = tellable(given)
    if _of_others(might):
        return rows is None and not all_fresh(hub, told, now)
    return might.blocked_inside in BLOCKED and bool(stale_of(hub, told, (given.caller.provider.upper(),), now))


def _answer(hub: Hub, given: Grounds, found: Iterable[Counted]) -> dict[str, Any]:
    own = given.caller.provider.upper()
    might = tellable(given)
    elsewhere = [each for each in found if each.provider != own or each.outcome in UNBLOCKED]
    inside = [each for each in found if each.provider == own]
    answer: dict[str, Any] = {
        "exists": _any(elsewhere, UNBLOCKED) if might.elsewhere in (*UNBLOCKED, Outcome.PERMIT) else None,
        "blocked": {
            "inside": _any(inside, BLOCKED) if might.blocked_inside in BLOCKED else None,
            "elsewhere": _any(elsewhere, BLOCKED) if might.blocked_elsewhere in BLOCKED else None,
        },
    }
    if might.elsewhere is Outcome.WHO:
        answer["providers"] = _named(hub.directory.providers, {each.provider for each in found if each.outcome is Outcome.WHO})
    who_blocked = [each for each in found if each.outcome is Outcome.WHO_BLOCKED]
    if might.blocked_elsewhere is Outcome.WHO_BLOCKED:
        others = {each.provider for each in who_blocked if each.provider != own}
        answer["blocked_by"] = {"providers": _named(hub.directory.providers, others)}
    if might.blocked_inside is Outcome.WHO_BLOCKED:
        units = {each.unit for each in who_blocked if each.provider == own}
        answer.setdefault("blocked_by", {})["units"] = _named(hub.directory.units, units)
    return answer


def _any(found: Iterable[Counted], wanted: tuple[Outcome, ...]) -> bool:
    return any(each.outcome in wanted for each in found)


def _named(directory: Mapping[str, Any], ids: Iterable[str | None]) -> list[dict[str, str]]:
    known = sorted(each for each in ids if each)
    return [{"id": each, "name": directory[each].name if each in directory else ""} for each in known]
