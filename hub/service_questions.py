"""What is asked of security services about a patient, on behalf of whom, and what they say to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hub.config import SourceConfig
from hub.consent.grounds import closing
from hub.fhir.identifiers import Identifier
from hub.fhir.swedish_time import LOCAL
from hub.sources.security import Reader, SecurityService, Told, ToldConsent, ToldRelation

CONSENTS, BLOCKS, RELATIONS = ("consent",), ("block", "revoke"), ("relation",)
KINDS: Mapping[str, tuple[str, ...]] = {
    "GetConsentsForPatient": CONSENTS,
    "CheckConsent": CONSENTS,
    "GetBlocks": BLOCKS,
    "GetPatientRelationsForPatient": RELATIONS,
    "CheckPatientRelation": RELATIONS,
}
"""Contract -> the kinds of grounds that its answer is the whole truth about, for whom it was asked."""
CHECKS = ("CheckConsent", "CheckPatientRelation")
"""Answered for one reader: yes or no."""
_EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ServiceQuestion:
    """One contract of a security service, about one patient and on behalf of one reader."""

    pk: int
    numbers: tuple[Identifier, ...]
    """All of the patient's: a block may have been set under an older one."""
    source: SourceConfig
    contract: str
    reader: Reader

    @property
    def kept(self) -> str:
        """Under which name it is noted when it was answered."""
        return kept_as(self.contract, self.reader)


def decided_by(service: SourceConfig, provider: str) -> tuple[str, ...]:
    """The contracts of a service that decide what readers of a care provider may see: blocks in any case, consents and
    relations where it has those of this care provider; lists rather than checks."""
    asked = service.contracts
    found = ["GetBlocks"] if "GetBlocks" in asked else []
    if provider.upper() in service.holders:
        for one, other in (("GetConsentsForPatient", "CheckConsent"), ("GetPatientRelationsForPatient", "CheckPatientRelation")):
            found += [one] if one in asked else [other] if other in asked else []
    return tuple(found)


def kept_as(contract: str, reader: Reader) -> str:
    """The name of a question in the table of freshness: by reader or care provider where the answer is of one."""
    if contract == "GetBlocks":
        return contract
    return f"{contract} {reader.unit} {reader.employee}" if contract in CHECKS else f"{contract} {reader.provider}"


async def told_by(service: SecurityService, question: ServiceQuestion, now: datetime) -> tuple[Told, ...]:
    """All that the service says, under each of the patient's numbers.

    Raises: SourceFailed: it has not told of every one of them.
    """
    found: list[Told] = []
    for number in question.numbers:
        found += await _told(service, question, number, now)
    return tuple(dict.fromkeys(found))


async def _told(service: SecurityService, question: ServiceQuestion, number: Identifier, now: datetime) -> Sequence[Told]:
    reader = question.reader
    match question.contract:
        case "GetConsentsForPatient":
            return [each for each in await service.consents(number, reader.provider) if not each.emergency]
        case "GetBlocks":
            return await service.blocks(number)
        case "GetPatientRelationsForPatient":
            return await service.relations(number, reader.provider)
        case "CheckConsent":
            return [_consent(reader)] if await service.has_consent(number, reader) else []
        case "CheckPatientRelation":
            return [_relation(reader, now)] if await service.has_relation(number, reader) else []
    raise ValueError("not a contract that is decided by")


def _consent(reader: Reader) -> ToldConsent:
    """What a yes stands for: it holds as long as it is asked again."""
    return ToldConsent(f"{reader.unit}.{reader.employee}", False, reader.provider, reader.unit, reader.employee, _EVER, None)


def _relation(reader: Reader, now: datetime) -> ToldRelation:
    """Likewise. A relation has an end: the end of tomorrow, so that it is written anew once a day."""
    until = closing(now.astimezone(LOCAL).date() + timedelta(days=1))
    return ToldRelation(f"{reader.unit}.{reader.employee}", reader.provider, reader.unit, reader.employee, _EVER, until)
