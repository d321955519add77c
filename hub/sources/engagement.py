"""The engagement index: which care provider has something of what kind of a patient, and where. FindContent 1.0.

The index is asked anew each time and its answer is not kept: its contract forbids consumers to store it.
Source: urn:riv:itintegration:engagementindex:1; FACTS.md section 4.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from html import escape

from hub import xml
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier
from hub.mappers._soap import envelope
from hub.sources import Fault, Fetched, SourceFailed
from hub.sources._check import Step, check_address, failed
from hub.sources._rivta_requests import Question
from hub.sources.rivta import TEST_PERSON, RivtaSource, asked, opened

CONTRACT = "rivta_engagement"
CORE = "urn:riv:itintegration:engagementindex:1"
DOMAINS = (
    "riv:clinicalprocess:activity:actions",
    "riv:clinicalprocess:activity:request",
    "riv:clinicalprocess:activityprescription:actoutcome",
    "riv:clinicalprocess:healthcond:actoutcome",
    "riv:clinicalprocess:healthcond:basic",
    "riv:clinicalprocess:healthcond:description",
    "riv:clinicalprocess:logistics:cervixscreening",
    "riv:clinicalprocess:logistics:logistics",
)
"""Service domains of the clinical contracts: a question names one."""


@dataclass(frozen=True, slots=True)
class Engagement:
    """A row of the index. HSA-ids in upper case."""

    category: str
    """`voo`, `und-kkm-ure`, …"""
    holder: str
    """`dataController`: HSA-id of the care provider, or SE and its organisation number, or an id of the source's own."""
    address: str
    """Logical address of the source system."""


class EngagementIndex(RivtaSource):
    """The index as a source that is asked. Kind `engagement`."""

    async def fetch(self, contract: str, patient: Identifier) -> Fetched:
        """Ask every service domain about `patient`, side by side.

        Raises: SourceFailed: a domain gave no answer, so the index has not told all; or the number is of a kind that it does
        not have.
        """
        if patient.system not in (PERSONNUMMER, SAMORDNINGSNUMMER):
            raise SourceFailed(Fault.FORM, "the index knows personal and coordination numbers alone")
        return Fetched(tuple(await asyncio.gather(*(self._ask(domain, patient) for domain in DOMAINS))))

    async def check(self, patient: Identifier = TEST_PERSON) -> AsyncIterator[Step]:
        """Try the way to the index step by step: name, connection, TLS, then an answer about `patient`."""
        async for step in check_address(self.config):
            yield step
            if not step.passed:
                return
        try:
            fetched = await self.fetch(CONTRACT, patient)
        except SourceFailed as failure:
            yield failed(f"{CONTRACT}: answer", failure)
            return
        rows = sum(len(engagements(each, patient)) for each in fetched.contents)
        yield Step(f"{CONTRACT}: answer", True, f"{rows} rows of this patient in {len(DOMAINS)} service domains")

    async def _ask(self, domain: str, patient: Identifier) -> bytes:
        question = find_content(domain)
        answer = await asked(self.http, self.config, question, patient)
        opened(answer, question)
        return answer.content


def find_content(domain: str) -> Question:
    """FindContent of one service domain."""

    def body(patient: Identifier, system: str) -> str:
        number = f"<r:registeredResidentIdentification>{escape(patient.value)}</r:registeredResidentIdentification>"
        return f"{number}<r:serviceDomain>{escape(domain)}</r:serviceDomain>"

    return Question("FindContent", "urn:riv:itintegration:engagementindex:FindContentResponder:1", CORE, body)


def engagements(content: bytes, patient: Identifier) -> tuple[Engagement, ...]:
    """The rows of an answer that are of `patient`; those of anybody else, or without a holder or category, say nothing.

    Raises: Unmappable: not a SOAP envelope.
    """
    return tuple(_rows(envelope(content).body, patient))


def _rows(body: xml.Element, patient: Identifier) -> Iterator[Engagement]:
    for row in body:
        if xml.local_name(row) != "engagement":
            continue
        told = {xml.local_name(each): (each.text or "").strip() for each in row if xml.namespace(each) == CORE}
        holder, category = told.get("dataController", "").upper(), told.get("categorization", "")
        if holder and category and told.get("registeredResidentIdentification") == patient.value:
            yield Engagement(category, holder, told.get("logicalAddress", "").upper())
