"""The scenario's grounds and own measurements, registered through the hub's API by those who may, as their systems would."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

from hub.demo.own_measurements import observations
from hub.demo.personas import PERSONAS, Persona
from hub.demo.visitor import Visitor
from hub.demo.world.access import Assertion, Block, Consent
from hub.demo.world.model import World

HSA_ID = "urn:oid:1.2.752.129.2.1.4.1"
ACT = "https://www.riksdagen.se/sv/dokument-och-lagar/dokument/svensk-forfattningssamling/lag-2022913-om-sammanhallen-vard--och_sfs-2022-913/"
STATUS = {"valid": "active", "ended": "inactive", "annulled": "entered-in-error"}

Enter = Callable[[str], Visitor]
"""Persona's name -> a client of theirs."""


class Registrar:
    """Registers the scenario. Has state: the personas' connections, and the patients' ids."""

    def __init__(self, world: World, stack: AsyncExitStack, enter: Enter) -> None:
        self._world = world
        self._stack = stack
        self._enter = enter
        self._visitors: dict[str, Visitor] = {}
        self._ids: dict[str, str] = {}

    async def visitor(self, name: str) -> Visitor:
        """The persona's client."""
        if name not in self._visitors:
            self._visitors[name] = await self._stack.enter_async_context(self._enter(name))
        return self._visitors[name]

    async def patient(self, number: str) -> str:
        """The id of a patient, as a physician finds it. Raises: KeyError: nobody has the number."""
        if number not in self._ids:
            found = await (await self.visitor("lakare-norrdal-1")).patient(number)
            if found is None:
                raise KeyError("the register has no such person")
            self._ids[number] = found
        return self._ids[number]

    async def all(self) -> None:
        """Everything of the scenario.

        Raises: RuntimeError: the hub refused something; KeyError: nobody may register it.
        """
        access = self._world.access
        for relation in (each for each in access.relations if not each.at_service):
            patient = await self.patient(relation.person)
            staff = await self.visitor(_employee(relation.staff, relation.unit).name)
            period = {"start": relation.start.isoformat(), "end": _after(relation.end)}
            await staff.post("/access/relations", {"patient": patient, **period})
            await staff.post("/access/needs", {"patient": patient, "type": "relevance", "reason": "planned care", **period})
        for consent in access.consents:
            await self._consent(consent)
        for block in (each for each in access.blocks if not each.at_service):
            await self._block(block)
        for share in access.shares:
            kind = "unit" if share.organization in self._world.units else "provider"
            body = {"patient": await self.patient(share.person), kind: share.organization}
            end = {"end": _after(share.end)} if share.end else {}
            await (await self.visitor(_person(share.person).name)).post("/access/shares", body | end)
        for assertion in access.assertions:
            await self._assertion(assertion)
        for one in PERSONAS:
            if one.kind == "patient":
                await self._measurements(one)

    async def _consent(self, consent: Consent) -> None:
        persona = next(each for each in PERSONAS if each.unit == consent.unit and each.purpose == "care")
        visitor = await self.visitor(persona.name)
        patient = await self.patient(consent.person)
        await visitor.post("/fhir/Consent", _written(consent, patient, persona.provider, STATUS[consent.state]))

    async def _block(self, block: Block) -> None:
        body: dict[str, Any] = {"patient": await self.patient(block.person), "type": block.kind, "provider": block.provider}
        body |= {"unit": block.unit} if block.unit else {}
        body |= {"excluded": list(block.excludes)} if block.excludes else {}
        body |= {"information_start": block.information_from.isoformat()} if block.information_from else {}
        body |= {"information_end": _after(block.information_to)} if block.information_to else {}
        await (await self.visitor(_person(block.person).name)).post("/access/blocks", body)

    async def _assertion(self, assertion: Assertion) -> None:
        body: dict[str, Any] = {
            "patient": await self.patient(assertion.person),
            "type": assertion.kind,
            "reason": "part of the scenario",
        }
        body |= {"step": assertion.step} if assertion.step else {}
        body |= {"providers": list(assertion.providers)} if assertion.providers else {}
        await (await self.visitor(_employee(assertion.staff, assertion.unit).name)).post("/access/assertions", body)

    async def _measurements(self, persona: Persona) -> None:
        visitor = await self.visitor(persona.name)
        for each in observations(self._world, persona.person, f"Patient/{await self.patient(persona.person)}"):
            await visitor.post("/fhir/Observation", each)


def _employee(staff: str, unit: str) -> Persona:
    return next(each for each in PERSONAS if (each.employee, each.unit, each.purpose) == (staff, unit, "care"))


def _person(number: str) -> Persona:
    return next(each for each in PERSONAS if each.kind == "patient" and each.person == number)


def _after(end: datetime) -> str:
    """The exclusive end of a period whose last minute is `end`."""
    return (end + timedelta(minutes=1)).isoformat()


def _written(consent: Consent, patient: str, provider: str, status: str) -> dict[str, Any]:
    """A FHIR Consent as a clinical system writes it."""
    unit = {"type": "Organization", "identifier": {"system": HSA_ID, "value": consent.unit}}
    role = {
        "resourceType": "PractitionerRole",
        "id": "reader",
        "practitioner": {"type": "Practitioner", "identifier": {"system": HSA_ID, "value": consent.staff}},
        "organization": unit,
    }
    period = {"start": consent.start.isoformat()} | ({"end": consent.end.isoformat()} if consent.end else {})
    reader = {"reference": "#reader"} if consent.staff else unit
    return {
        "resourceType": "Consent",
        **({"contained": [role]} if consent.staff else {}),
        "status": status,
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": consent.start.isoformat(),
        "performer": [{"reference": f"Patient/{patient}"}],
        "organization": [{"type": "Organization", "identifier": {"system": HSA_ID, "value": provider}}],
        "sourceAttachment": {"title": "Samtycke registrerat i journalsystemet"},
        "policy": [{"uri": ACT}],
        "provision": {
            "type": "permit",
            "period": period,
            "actor": [
                {
                    "role": {
                        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
                    },
                    "reference": reader,
                }
            ],
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}],
        },
    }
