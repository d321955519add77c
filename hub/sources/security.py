"""Security services: which consents there are, what is blocked, who takes part in the care. RIV-TA over SOAP 1.1.

Asked as `hub.sources.rivta` asks. An answer counts only when it is valid by the contract's schema, its result code is OK or INFO,
and it is about whom it was asked about; everything else is a failure.
Source: urn:riv:informationsecurity:authorization consent 2.0 and blocking 4.0; urn:riv:ehr:patientrelationship 1.0.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx

from hub import xml
from hub.config import SourceConfig
from hub.fhir.identifiers import Identifier
from hub.sources import SourceFailed
from hub.sources import _security_answers as answers
from hub.sources import _security_questions as questions
from hub.sources import _security_schemas as schemas
from hub.sources._check import Step, check_address, failed
from hub.sources._http import Http
from hub.sources._rivta_requests import Question
from hub.sources._security_answers import Told, ToldBlock, ToldConsent, ToldRelation
from hub.sources._security_questions import Action, Entity, Reader, Registration
from hub.sources.rivta import TEST_PERSON, asked, opened

__all__ = ["Action", "Reader", "Refused", "Registration", "SecurityService", "Told", "ToldBlock", "ToldConsent", "ToldRelation"]


class Refused(Exception):
    """The service understood, and does not do it; `code` is its result code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SecurityService:
    """One security service. Kind `security`; which of its contracts are asked is the configuration's `contracts`."""

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.http = Http(config, transport, clock)

    async def consents(self, patient: Identifier, provider: str) -> tuple[ToldConsent, ...]:
        """The consents, and emergencies asserted, that let units of a care provider read. Raises: SourceFailed."""
        body = await self._ask(questions.consents_for_patient(provider), patient)
        return answers.consents(body, patient, provider)

    async def has_consent(self, patient: Identifier, reader: Reader) -> bool:
        """Whether there is a consent for this reader. Raises: SourceFailed."""
        return answers.has_consent(await self._ask(questions.check_consent(reader), patient))

    async def blocks(self, patient: Identifier) -> tuple[ToldBlock, ...]:
        """The patient's blocks, whoever owns them. Raises: SourceFailed."""
        return answers.blocks(await self._ask(questions.blocks(), patient), patient)

    async def blocked(self, patient: Identifier, reader: Reader, entities: Sequence[Entity]) -> tuple[bool, ...]:
        """Which of these data are blocked for this reader. Raises: SourceFailed."""
        return answers.blocked(await self._ask(questions.check_blocks(reader, entities), patient), len(entities))

    async def relations(self, patient: Identifier, provider: str) -> tuple[ToldRelation, ...]:
        """The patient's relations with employees of a care provider. Raises: SourceFailed."""
        body = await self._ask(questions.relations_for_patient(provider), patient)
        return answers.relations(body, patient, provider)

    async def has_relation(self, patient: Identifier, reader: Reader) -> bool:
        """Whether this reader has a patient relation. Raises: SourceFailed."""
        return answers.has_relation(await self._ask(questions.check_relation(reader), patient))

    async def register(self, patient: Identifier, given: Registration, action: Action) -> None:
        """Register a consent; once more does no harm.

        Raises: SourceFailed: it is not known whether it was done; Refused: it was not.
        """
        body = await self._ask(questions.register_consent(given, action), patient)
        _check_done(answers.result_code(body, schemas.REGISTERED), ("OK", "INFO", "ALREADYEXISTS"))

    async def cancel(self, patient: Identifier, id: str, action: Action) -> None:
        """End a consent; one that has ended stays so, and one that is not there need not be ended.

        Raises: as `register`.
        """
        body = await self._ask(questions.cancel_consent(id, action), patient)
        _check_done(answers.result_code(body, schemas.CANCELLED), ("OK", "INFO", "INVALIDSTATE", "NOTFOUND"))

    async def aclose(self) -> None:
        await self.http.aclose()

    async def check(self, patient: Identifier = TEST_PERSON) -> AsyncIterator[Step]:
        """Try the way step by step: name, connection, TLS, then an answer in each contract that only asks."""
        async for step in check_address(self.config):
            yield step
            if not step.passed:
                return
        owner, now = self.config.owner, datetime.now(UTC)
        reader, entity = Reader(owner, owner, owner), Entity(owner, owner, now - timedelta(days=1), now)
        for contract in self.config.contracts:
            match contract:
                case "GetConsentsForPatient":
                    yield await _tried(contract, self.consents(patient, owner))
                case "CheckConsent":
                    yield await _tried(contract, self.has_consent(patient, reader))
                case "GetBlocks":
                    yield await _tried(contract, self.blocks(patient))
                case "CheckBlocks":
                    yield await _tried(contract, self.blocked(patient, reader, [entity]))
                case "GetPatientRelationsForPatient":
                    yield await _tried(contract, self.relations(patient, owner))
                case "CheckPatientRelation":
                    yield await _tried(contract, self.has_relation(patient, reader))
                case _:
                    yield Step(contract, True, "not tried, since it writes")

    async def _ask(self, question: Question, patient: Identifier) -> xml.Element:
        """The body of the answer. Raises: SourceFailed."""
        return opened(await asked(self.http, self.config, question, patient), question).body


def _check_done(code: str, well: Sequence[str]) -> None:
    if code not in well:
        raise Refused(code)


async def _tried(contract: str, asking: Awaitable[object]) -> Step:
    """What came of a question; counts only."""
    try:
        told = await asking
    except SourceFailed as failure:
        return failed(f"{contract}: answer", failure)
    what = f"{len(told)} of this patient" if isinstance(told, tuple) else "told of this patient"
    return Step(f"{contract}: answer", True, what)
