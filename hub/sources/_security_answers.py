"""What security services say, from answers that are valid by their schemas: consents, blocks, patient relations.

An answer with a result code other than OK and INFO, or about another patient or care provider, says nothing at all: of who may
read what, nothing is guessed. Times that a Swedish clock shows twice are read as what opens less.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub import xml
from hub.fhir.identifiers import ROOTS, Identifier
from hub.sources import Fault, SourceFailed
from hub.sources import _security_schemas as schemas
from hub.sources._sequences import OPEN, Held, Invalid, Sequence


@dataclass(frozen=True, slots=True)
class ToldConsent:
    """A PDLAssertion in force."""

    id: str
    emergency: bool
    provider: str
    unit: str
    employee: str
    """Empty: everybody of the unit."""
    start: datetime
    end: datetime | None
    """Exclusive; None: until it is ended."""


@dataclass(frozen=True, slots=True)
class ToldRevoke:
    """A temporary revoke of a block."""

    id: str
    end: datetime
    """Exclusive."""
    unit: str
    employee: str


@dataclass(frozen=True, slots=True)
class ToldBlock:
    """A block in force."""

    id: str
    inner: bool
    provider: str
    unit: str
    start: datetime | None
    """Of the data's time."""
    end: datetime | None
    """Exclusive."""
    excluded: tuple[str, ...]
    revokes: tuple[ToldRevoke, ...]


@dataclass(frozen=True, slots=True)
class ToldRelation:
    """A patient relation in force."""

    id: str
    provider: str
    unit: str
    employee: str
    start: datetime
    end: datetime
    """Exclusive."""


Told = ToldConsent | ToldBlock | ToldRelation


def consents(body: xml.Element, patient: Identifier, provider: str) -> tuple[ToldConsent, ...]:
    """The assertions of GetConsentsForPatientResponse.

    Raises: SourceFailed.
    """
    rows = _answered(body, schemas.CONSENTS)["pdlAssertions"]
    for row in rows:
        _check_patient(row, patient)
        _check_provider(row, "careProviderId", provider)
    return tuple(
        ToldConsent(
            id=_text(row, "assertionId"),
            emergency=_text(row, "assertionType") == "Emergency",
            provider=_text(row, "careProviderId"),
            unit=_text(row, "careUnitId"),
            employee=_text(row, "employeeId"),
            start=row["startDate"][0].last,
            end=_after(row["endDate"][0].first) if row["endDate"] else None,
        )
        for row in rows
    )


def blocks(body: xml.Element, patient: Identifier) -> tuple[ToldBlock, ...]:
    """The blocks of GetBlocksResponse.

    Raises: SourceFailed; also for an inner block that names no unit.
    """
    rows = _answered(body, schemas.BLOCKS)["blocks"]
    for row in rows:
        _check_patient(row, patient)
        if _text(row, "blockType") == "Inner" and not _text(row, "informationCareUnitId"):
            raise SourceFailed(Fault.FORM, "an inner block without a unit")
    return tuple(
        ToldBlock(
            id=_text(row, "blockId"),
            inner=_text(row, "blockType") == "Inner",
            provider=_text(row, "informationCareProviderId"),
            unit=_text(row, "informationCareUnitId"),
            start=row["informationStartDate"][0].first if row["informationStartDate"] else None,
            end=_after(row["informationEndDate"][0].last) if row["informationEndDate"] else None,
            excluded=tuple(_text(each, "infoTypeId") for each in row["excludedInformationTypes"]),
            revokes=tuple(map(_revoke, row["temporaryRevokes"])),
        )
        for row in rows
    )


def relations(body: xml.Element, patient: Identifier, provider: str) -> tuple[ToldRelation, ...]:
    """The relations of GetPatientRelationsForPatientResponse.

    Raises: SourceFailed.
    """
    rows = _answered(body, schemas.RELATIONS)["PatientRelations"]
    for row in rows:
        if _text(row, "PatientId") != patient.value:
            raise SourceFailed(Fault.FORM, "an answer about another patient")
        _check_provider(row, "CareProviderId", provider)
    return tuple(
        ToldRelation(
            id=_text(row, "PatientRelationId"),
            provider=_text(row, "CareProviderId"),
            unit=_text(row, "CareUnitId"),
            employee=_text(row, "EmployeeId"),
            start=row["StartDate"][0].last,
            end=_after(row["EndDate"][0].first) or OPEN,
        )
        for row in rows
    )


def has_consent(body: xml.Element) -> bool:
    """Whether CheckConsentResponse tells of a consent; an emergency that somebody has asserted is none.

    Raises: SourceFailed.
    """
    told = _answered(body, schemas.CHECKED_CONSENT)
    return bool(told["hasConsent"][0]) and _text(told, "assertionType") == "Consent"


def has_relation(body: xml.Element) -> bool:
    """Whether CheckPatientRelationResponse tells of a relation.

    Raises: SourceFailed.
    """
    return bool(_answered(body, schemas.CHECKED_RELATION)["HasPatientrelation"][0])


def blocked(body: xml.Element, rows: int) -> tuple[bool, ...]:
    """Which rows of CheckBlocksResponse are blocked; one that could not be checked counts as blocked.

    Raises: SourceFailed; also for other rows than were asked of.
    """
    told = _answered(body, schemas.CHECKED_BLOCKS)["checkResults"]
    found = {each["rowNumber"][0]: _text(each, "status") != "OK" for each in told}
    if len(told) != rows or sorted(found) != list(range(rows)):
        raise SourceFailed(Fault.FORM, "other rows than were asked of")
    return tuple(found[row] for row in range(rows))


def result_code(body: xml.Element, response: Sequence) -> str:
    """The result code of a response that is nothing else. Raises: SourceFailed: not valid."""
    return _text(_read(body, response)["result"][0], "resultCode")


def _answered(body: xml.Element, response: Sequence) -> Held:
    """What is in the one element of a response, which begins with a result."""
    [[inside]] = _read(body, response).values()
    [[result], *_] = inside.values()
    [[code], *_] = result.values()
    if code not in ("OK", "INFO"):
        raise SourceFailed(Fault.LOGICAL, f"resultCode {code}")
    held: Held = inside
    return held


def _read(body: xml.Element, response: Sequence) -> Held:
    try:
        return response(body)
    except Invalid as fault:
        raise SourceFailed(Fault.FORM, f"not valid by the contract's schema: {fault}") from None


def _revoke(row: Held) -> ToldRevoke:
    return ToldRevoke(
        id=_text(row, "temporaryRevokeId"),
        end=_after(row["endDate"][0].first) or OPEN,
        unit=_text(row, "revokedForCareUnitId"),
        employee=_text(row, "revokedForEmployeeId"),
    )


def _text(row: Held, name: str) -> str:
    return str(row[name][0]) if row[name] else ""


def _after(last: datetime) -> datetime | None:
    """The exclusive end where `last` is the last instant; None: there is no end."""
    return None if last >= OPEN else last + timedelta(microseconds=1)


def _check_patient(row: Held, patient: Identifier) -> None:
    [number] = row["patientId"]
    root = _text(number, "root")
    if Identifier(ROOTS.get(root, f"urn:oid:{root}"), _text(number, "extension")) != patient:
        raise SourceFailed(Fault.FORM, "an answer about another patient")


def _check_provider(row: Held, name: str, provider: str) -> None:
    if _text(row, name).upper() != provider.upper():
        raise SourceFailed(Fault.FORM, "an answer about another care provider")
