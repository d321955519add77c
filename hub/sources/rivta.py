"""RIV-TA over SOAP 1.1 (RIVTABP21): regional producers, aggregating services and the population register."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from functools import cache

import httpx

from hub.config import SourceConfig
from hub.discovery import plugins
from hub.errors import Unmappable
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.mappers import Mapped, Mapper, Place, Settings, SourceMessage
from hub.mappers._soap import Envelope, envelope
from hub.sources import Fault, Fetched, SourceFailed
from hub.sources._check import Step, check_address, failed
from hub.sources._http import Answer, Http
from hub.sources._rivta_requests import QUESTIONS, NoOid, Question
from hub.xml import local_name

TEST_PERSON = Identifier(PERSONNUMMER, "191212121212")
"""A published test number, for trying a source without naming a patient."""


class RivtaSource:
    """One producer, asked about one patient at a time. Kinds `rivta` and `register`."""

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.http = Http(config, transport, clock)

    async def fetch(self, contract: str, patient: Identifier) -> Fetched:
        """Ask for all that it holds of `patient` in `contract` (a mapper's name).

        Raises: SourceFailed.
        """
        question = question_of(contract)
        answer = await asked(self.http, self.config, question, patient)
        return Fetched((answer.content,), partial(opened(answer, question), answer))

    async def aclose(self) -> None:
        await self.http.aclose()

    async def check(self, patient: Identifier = TEST_PERSON) -> AsyncIterator[Step]:
        """Try the way to the source step by step: name, connection, TLS, then answer, schema and patient of each contract."""
        async for step in check_address(self.config):
            yield step
            if not step.passed:
                return
        for contract in self.config.contracts:
            started = time.monotonic()
            try:
                fetched = await self.fetch(contract, patient)
            except SourceFailed as failure:
                yield failed(f"{contract}: answer", failure)
                continue
            yield Step(f"{contract}: answer", True, f"{(time.monotonic() - started) * 1000:.0f} ms{_but(fetched.partial)}")
            for step in _read_through(contract, fetched.contents[0], self.config, patient):
                yield step


def _but(partial: str) -> str:
    return f", but {partial}" if partial else ""


def _read_through(contract: str, content: bytes, config: SourceConfig, patient: Identifier) -> tuple[Step, Step]:
    """What the hub understands of an answer, and what it says of the patient; counts only."""
    mapper = _mappers()[contract]
    message = SourceMessage(config.name, contract, content, datetime.now(UTC), patient)
    places = {code: Place(row["provider"], row["unit"]) for code, row in config.places.items()}
    mapped = mapper.map(message, Settings(config.name, config.system, places=places))
    unread = ", ".join(sorted(mapped.coverage.unmapped))
    problems = "; ".join(f"{issue.place}: {issue.problem}" for issue in mapped.issues if issue.severity == "error")
    schema = Step(
        f"{contract}: schema",
        not problems,
        problems or f"{mapped.coverage.mapped} values read" + (f"; not known to the hub: {unread}" if unread else ""),
        "show the producer these places" if problems else "",
    )
    return schema, _patient(contract, mapped)


def _patient(contract: str, mapped: Mapped) -> Step:
    name = f"{contract}: a patient"
    if mapped.persons:
        return Step(name, True, "the register knows the person")
    homeless = sum(entry.custody.provider is None or entry.custody.unit is None for entry in mapped.entries)
    if homeless:
        what = f"{homeless} of {len(mapped.entries)} records name no care provider or unit: nobody will see them"
        return Step(name, False, what, "ask the producer for them; for booked times, add the facility to the source's `places`")
    if not mapped.entries:
        return Step(name, True, "nothing of this patient", "try a patient of whom the source holds something")
    return Step(name, True, f"{len(mapped.entries)} records")


@cache
def _mappers() -> dict[str, Mapper]:
    """Mapper by name. Discovered once, when first asked."""
    return {mapper.name: mapper for mapper in plugins("hub.mappers", Mapper)}


def question_of(contract: str) -> Question:
    """How a mapper's contract is asked.

    Raises: ValueError: no RIV-TA contract of that name.
    """
    mapper = _mappers().get(contract)
    question = QUESTIONS.get(mapper.family) if mapper else None
    if question is None:
        raise ValueError(f"{contract} is not a RIV-TA contract that the hub can ask")
    return question


async def asked(http: Http, config: SourceConfig, question: Question, patient: Identifier) -> Answer:
    """What a producer answers to a question about a patient.

    Raises: SourceFailed.
    """
    try:
        content = question.envelope(patient, config.system)
    except NoOid as fault:
        raise SourceFailed(Fault.FORM, str(fault)) from None
    return await posted(http, config.address, question, content)


async def posted(http: Http, address: str, question: Question, content: bytes) -> Answer:
    """What comes back for an envelope. SOAP 1.1, section 6: posted as XML, with its action in quotes.

    Raises: SourceFailed.
    """
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{question.action}"'}
    return await http.request("POST", address, headers, content)


def opened(answer: Answer, question: Question) -> Envelope:
    """The answer's envelope, if it is an answer to the question.

    Raises: SourceFailed: with what came, so that it can be kept.
    """
    try:
        found = envelope(answer.content)
    except Unmappable as fault:
        if answer.status != 200:
            raise SourceFailed(Fault.HTTP, f"status {answer.status}", answer.content) from None
        raise SourceFailed(Fault.FORM, fault.problem, answer.content) from None
    if found.fault:
        raise SourceFailed(Fault.SOAP, found.fault, answer.content)
    if answer.status != 200:
        raise SourceFailed(Fault.HTTP, f"status {answer.status}", answer.content)
    if (found.namespace, found.operation) != (question.responder, f"{question.operation}Response"):
        raise SourceFailed(Fault.FORM, f"not an answer to {question.operation}", answer.content)
    return found


def partial(found: Envelope, answer: Answer) -> str:
    """Why the answer is known to be a part only; empty where it is not.

    Raises: SourceFailed: the source says that the question failed, and gives no record.
    """
    results = [child for child in found.body if local_name(child) == "result"]
    codes = {(part.text or "").strip() for result in results for part in result if local_name(part) == "resultCode"}
    if "ERROR" in codes:
        if len(found.body) == len(results):
            raise SourceFailed(Fault.LOGICAL, "resultCode ERROR", answer.content)
        return "the source says that the question failed"
    late = [status for status in found.statuses if not status.whole]
    return f"{len(late)} of its {len(found.statuses)} sources gave old data or none" if late else ""
