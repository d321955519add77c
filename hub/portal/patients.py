"""Choosing a patient by number, and the gate: relation, need and consent, one active choice each."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from hub import limits
from hub.caller import Caller
from hub.consent.grounds import Consent, closing
from hub.consent.provision_written import written
from hub.errors import Forbidden, InvalidRequest, NotFound
from hub.fhir.identifiers import InvalidNumber, personal_number
from hub.interactions import access
from hub.interactions.changes import Change
from hub.interactions.context import Context
from hub.interactions.overview import RegisterSilent, found
from hub.interactions.write import write
from hub.portal.emergency import emergency
from hub.portal.person import basis, consent_ended, in_days, person
from hub.portal.site import Portal
from hub.portal.visit import Step, Visit, Wrong, choice, known, searches

MOST_OPEN = 20
"""Patients open in one session; the one opened first gives way."""
REASONS = ("treatment", "assessment", "medication", "follow-up")
"""Why data may matter, as the need is registered."""
RELATION_DAYS, CONSENT_DAYS = 7, 180
FAULTS = {"form": "search.form", "century": "search.century", "check digit": "search.check-digit", "calendar": "search.calendar"}
"""What is wrong with a number -> what the page says."""


@dataclass(frozen=True, slots=True)
class Patients:
    """The pages `/sok`, `/patient/<handle>/atkomst` and `/patient/<handle>/stang`."""

    portal: Portal

    async def ask(self, visit: Visit) -> Response:
        """One field."""
        _may_search(known(visit))
        return self.portal.show(visit, "search", wrong="", written="")

    async def search(self, visit: Visit) -> Response:
        """Find the one patient with a number, and open the gate to it."""
        caller = known(visit)
        _may_search(caller)
        portal, typed = self.portal, visit.form.get("number", "")
        try:
            number = personal_number("".join(typed.split()), portal.hub.clock().date())
            context = portal.context(visit)
            context.count_lookup()
            patient, _ = await found(context, number=str(number))
        except InvalidNumber as fault:
            return self._again(visit, FAULTS[str(fault)], typed)
        except (RegisterSilent, NotFound) as fault:
            limits.told(visit.request.scope)  # looking for somebody is in the log, found or not
            return self._again(visit, "search.register-silent" if isinstance(fault, RegisterSilent) else "search.nobody", typed)
        handle = await self._open(visit, str(patient["id"]))
        return portal.away(f"/patient/{handle}/atkomst" if caller.staff else f"/patient/{handle}")

    async def gate(self, visit: Visit) -> Response:
        """What access rests on, and what is still to be chosen."""
        return await self._gate(visit, "", "")

    async def step(self, visit: Visit) -> Response:
        """One choice made."""
        handle, patient = self.portal.patient(visit)
        act = choice(visit, STEPS)
        try:
            await act(self.portal.context(visit), patient, visit.form)
        except Wrong as wrong:
            return await self._gate(visit, wrong.field, wrong.key)
        except InvalidRequest as fault:
            if fault.place != "end":
                raise
            return await self._gate(visit, f"{visit.form['step']}-end", "access.bad-end")
        done = visit.form["step"] == "consent"
        return self.portal.away(f"/patient/{handle}" if done else f"/patient/{handle}/atkomst#nasta")

    async def close(self, visit: Visit) -> Response:
        """The patient is no longer open in this session."""
        handle, _ = self.portal.patient(visit)
        left = {name: id for name, id in visit.content["patients"].items() if name != handle}
        await self.portal.keep(visit, patients=left)
        return self.portal.away("/sok")

    async def _open(self, visit: Visit, patient: str) -> str:
        held: dict[str, str] = visit.content["patients"]
        for handle, id in held.items():
            if id == patient:
                return handle
        handle = secrets.token_urlsafe(9)
        kept = dict(list(held.items())[-(MOST_OPEN - 1) :])
        await self.portal.keep(visit, patients=kept | {handle: patient})
        return handle

    async def _gate(self, visit: Visit, field: str, key: str) -> Response:
        portal, caller = self.portal, known(visit)
        handle, patient = portal.patient(visit)
        if not caller.staff:
            return portal.away(f"/patient/{handle}")
        resource, told = await found(portal.context(visit), patient)
        now = portal.hub.clock()
        ended = consent_ended(told, caller, now)
        return portal.show(
            visit,
            "access",
            400 if key else 200,
            person=person(resource, told, visit.words, now),
            handle=handle,
            basis=basis(told, caller, visit.words, now),
            held={ground.kind for ground in basis(told, caller, visit.words, now)},
            crosses=caller.scope == "SJF" and caller.purpose == "care",
            consent_ended=visit.words.until(ended) if ended else "",
            emergency=emergency(told, caller, visit.words, now),
            reasons=REASONS,
            wrong=field,
            said=visit.words(key) if key else "",
            form=visit.form,
            ends={"relation": in_days(now, RELATION_DAYS), "consent": in_days(now, CONSENT_DAYS)},
        )

    def _again(self, visit: Visit, key: str, typed: str) -> Response:
        return self.portal.show(visit, "search", 400, wrong=visit.words(key), written=typed[:40])


async def relate(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """«Jag har en aktuell patientrelation.»"""
    if form.get("relation") != "yes":
        raise Wrong("relation", "access.choose-relation")
    await access.register(context, "relations", {"patient": patient, "end": _day(form, "relation").isoformat()})


async def need(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """The data may matter, and why."""
    if form.get("need") not in REASONS:
        raise Wrong("need", "access.choose-need")
    await access.register(context, "needs", {"patient": patient, "type": "relevance", "reason": form["need"]})


async def consent(context: Context, patient: str, form: Mapping[str, str]) -> None:
    """What the patient has said. A no is not registered: without consent only the own care provider's data are shown."""
    match form.get("consent", ""):
        case "unit" | "me" as whom:
            given = _given(context, whom, _day(form, "consent"))
            resource = written(given, f"Patient/{patient}", "Muntligt samtycke, registrerat i patientöversikten")
            unnamed = {name: value for name, value in resource.items() if name != "id"}
            await write(context, Change(action="create", type="Consent", resource=unnamed))
        case "child":
            reason = "Barnet kan inte ta ställning till samtycke"
            await access.register(context, "assertions", {"patient": patient, "type": "child", "step": 1, "reason": reason})
        case "no":
            return
        case _:
            raise Wrong("consent", "access.choose-consent")


def _given(context: Context, whom: str, last: date) -> Consent:
    caller, now = context.caller, context.hub.clock()
    return Consent(
        id="new",
        start=now,
        end=closing(last),
        state="active",
        recorded=now,
        recorded_by=caller.subject,
        provider=caller.provider,
        unit=caller.unit,
        employee=caller.subject if whom == "me" else "",
        regime="SVOD",
        represented_by="",
    )


def _day(form: Mapping[str, str], step: str) -> date:
    try:
        return date.fromisoformat(form.get(f"{step}-end", ""))
    except ValueError:
        raise Wrong(f"{step}-end", "access.bad-end") from None


STEPS: Mapping[str, Step] = {
    "relation": relate,
    "need": need,
    "consent": consent,
}


def _may_search(caller: Caller) -> None:
    """Raises: Forbidden: neither staff under a commission for care, nor a guardian."""
    if not searches(caller):
        raise Forbidden("this assignment does not reach patients")
