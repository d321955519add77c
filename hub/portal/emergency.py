"""An emergency: two active choices, each with its own reasons and entry in the log, and requests to lift what is blocked.

The first tells who holds and who has blocked; the second opens what is not blocked of those that are chosen. Nobody opens
another's block. Source: SVOD 3:5, 3:6 (CONSENT.md L18, L19).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from hub.caller import Caller
from hub.consent.grounds import Assertion
from hub.errors import Conflict, Forbidden
from hub.interactions import access
from hub.interactions.body import LONGEST_REASON
from hub.interactions.context import Context
from hub.interactions.existence import existence
from hub.interactions.lifting import request_to_lift, requests_to_lift
from hub.interactions.overview import found
from hub.portal.language import Words
from hub.portal.person import basis, person
from hub.portal.site import Portal
from hub.portal.visit import Step, Visit, Wrong, choice, known
from hub.store.known import Known

LONGEST = (LONGEST_REASON - len(" / ")) // 2
"""Characters of each of the two reasons."""
CHOSEN = "provider-"
"""Begins the name of a care provider's field; its HSA-id follows."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """The caller's emergency about a patient, as it stands."""

    opened: tuple[str, ...]
    """HSA-ids of the care providers whose unblocked data are open."""
    until: str


def emergency(told: Known, caller: Caller, words: Words, now: datetime) -> Emergency | None:
    """The emergency that stands; None: there is none."""
    held = (each for each in told.grounds if isinstance(each, Assertion) and each.type == "emergency" and each.personal(caller))
    mine = sorted((each for each in held if each.holds(now)), key=lambda each: each.start)
    first = next((each for each in reversed(mine) if each.step == 1), None)
    if first is None or first.end is None:
        return None
    seconds = [each for each in mine if each.step == 2]
    opened = dict.fromkeys(provider for each in seconds for provider in each.providers)
    ends = [each.end for each in (first, *seconds) if each.end]
    return Emergency(tuple(opened), words.time(max(ends)))


@dataclass(frozen=True, slots=True)
class Emergencies:
    """The page `/patient/<handle>/nod`."""

    portal: Portal

    async def show(self, visit: Visit) -> Response:
        """What stands, and the choice that is next."""
        return await self._shown(visit, "", "")

    async def step(self, visit: Visit) -> Response:
        """One choice made."""
        handle, patient = self.portal.patient(visit)
        _may(known(visit))
        act = choice(visit, STEPS)
        try:
            await act(self.portal.context(visit), patient, visit.form)
        except Wrong as wrong:
            return await self._shown(visit, wrong.field, wrong.key)
        on = visit.form["step"] in ("second", "end")
        return self.portal.away(f"/patient/{handle}" if on else f"/patient/{handle}/nod")

    async def _shown(self, visit: Visit, field: str, key: str) -> Response:
        portal, caller = self.portal, known(visit)
        handle, patient = portal.patient(visit)
        _may(caller)
        context, now = portal.context(visit), portal.hub.clock()
        resource, told = await found(context, patient)
        stands = emergency(told, caller, visit.words, now)
        exists = await existence(context, patient) if stands else {}
        asked = await requests_to_lift(context, patient, "requested") if stands else []
        return portal.show(
            visit,
            "emergency",
            400 if key else 200,
            person=person(resource, told, visit.words, now),
            handle=handle,
            basis=basis(told, caller, visit.words, now),
            emergency=stands,
            providers=exists.get("providers", []),
            opened=_names(portal, stands),
            blocking=exists.get("blocked_by", {}).get("providers", []),
            asked={each["provider"] for each in asked},
            chosen=CHOSEN,
            longest=LONGEST,
            wrong=field,
            said=visit.words(key) if key else "",
            form=visit.form,
        )


async def first(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """«Visa vilka vårdgivare som har uppgifter.»"""
    why, unasked = _reason(form, "why"), _reason(form, "unasked")
    body = {"patient": patient, "type": "emergency", "step": 1, "reason": f"{why} / {unasked}"}
    await access.register(context, "assertions", body)


async def second(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """«Öppna uppgifter hos …»"""
    chosen = [name.removeprefix(CHOSEN) for name in form if name.startswith(CHOSEN)]
    if not chosen:
        raise Wrong("providers", "emergency.choose-provider")
    matters = _reason(form, "matters")
    body = {"patient": patient, "type": "emergency", "step": 2, "reason": matters, "providers": chosen}
    await access.register(context, "assertions", body)
    await access.register(context, "needs", {"patient": patient, "type": "relevance", "reason": matters})


async def lift(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """«Begär att … häver spärren.»"""
    body = {"patient": patient, "provider": form.get("owner", ""), "for": "employee", "reason": _reason(form, "lift")}
    await request_to_lift(context, body)


async def end(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """«Avsluta»: the second choice falls with the first."""
    _, told = await found(context, patient)
    now = context.hub.clock()
    mine = (each for each in told.grounds if isinstance(each, Assertion) and each.type == "emergency")
    standing = [each for each in mine if each.personal(context.caller) and each.holds(now)]
    if not standing:
        raise Conflict("no emergency of yours stands")
    for each in standing:
        await access.end(context, "assertions", each.id)


STEPS: Mapping[str, Step] = {
    "first": first,
    "second": second,
    "lift": lift,
    "end": end,
}


def _names(portal: Portal, stands: Emergency | None) -> list[str]:
    """Whose data an emergency has opened."""
    known_ones = portal.hub.directory.providers
    return sorted(known_ones[each].name for each in (stands.opened if stands else ()) if each in known_ones)


def _reason(form: Mapping[str, str], name: str) -> str:
    written = " ".join(form.get(name, "").split())
    if not written:
        raise Wrong(name, "emergency.say-why")
    if len(written) > LONGEST:
        raise Wrong(name, "emergency.too-long")
    return written


def _may(caller: Caller) -> None:
    """Raises: Forbidden: no clinician under a commission for care that reaches other care providers."""
    if caller.kind != "clinician" or caller.purpose != "care" or caller.scope != "SJF":
        raise Forbidden("this assignment does not reach other care providers")
