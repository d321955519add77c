"""The questions that the hub asks of security services. informationsecurity:authorization consent 2.0 and blocking 4.0,
ehr:patientrelationship 1.0; FACTS.md sections 9 to 11.

Times are written with their offset, so that no hour is meant twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from hub.fhir.identifiers import Identifier
from hub.fhir.swedish_time import LOCAL
from hub.sources._rivta_requests import NoOid, Question, oid

CONSENT = "urn:riv:informationsecurity:authorization:consent"
BLOCKING = "urn:riv:informationsecurity:authorization:blocking"
RELATION = "urn:riv:ehr:patientrelationship"
_LONGEST_NUMBER = 12
"""Characters of a patient's number in ehr:patientrelationship."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: an employee under a commission of a unit. HSA-ids."""

    provider: str
    unit: str
    employee: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A consent as it is registered: which unit, or one employee of it, may read what others hold."""

    id: str
    """A UUID of the hub's."""
    reader: Reader
    """`employee` empty: everybody of the unit."""
    start: datetime
    end: datetime | None
    """Exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Who had something registered or ended, and when."""

    employee: str
    """HSA-id of an employee, or of the organisation where a person did it."""
    commission: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entity:
    """What may be blocked: data of a unit, of a time."""

    provider: str
    unit: str
    start: datetime
    end: datetime


def consents_for_patient(provider: str) -> Question:
    """GetConsentsForPatient: the assertions in force for a care provider's units."""
    return _consent("GetConsentsForPatient", lambda patient, _: _text("r:careProviderId", provider) + _ii(patient))


def check_consent(reader: Reader) -> Question:
    """CheckConsent: whether there is one for this reader."""
    return _consent("CheckConsent", lambda patient, _: _actor(reader) + _ii(patient))


def register_consent(given: Registration, action: Action) -> Question:
    """RegisterExtendedConsent."""

    def body(patient: Identifier, system: str) -> str:
        return (
            _text("r:assertionId", given.id)
            + _text("r:assertionType", "Consent")
            + _text("r:scope", "NationalLevel")
            + _ii(patient)
            + _text("r:careProviderId", given.reader.provider)
            + _text("r:careUnitId", given.reader.unit)
            + (_text("r:employeeId", given.reader.employee) if given.reader.employee else "")
            + _text("r:startDate", _written(given.start))
            + (_text("r:endDate", _written(given.end - timedelta(microseconds=1))) if given.end else "")
            + _action("registrationAction", action)
        )

    return _consent("RegisterExtendedConsent", body)


def cancel_consent(id: str, action: Action) -> Question:
    """CancelExtendedConsent: ended at the patient's request."""
    return _consent("CancelExtendedConsent", lambda _, __: _text("r:assertionId", id) + _action("cancellationAction", action))


def blocks() -> Question:
    """GetBlocks: every active block of the patient, whoever owns it, with its temporary revokes."""
    return Question("GetBlocks", f"{BLOCKING}:GetBlocksResponder:4", f"{BLOCKING}:4", lambda patient, _: _ii(patient))


def check_blocks(reader: Reader, entities: Iterable[Entity]) -> Question:
    """CheckBlocks: whether these data are blocked for this reader, by row number."""
    rows = "".join(
        "<r:informationEntities>"
        + _text("c:informationStartDate", _written(each.start))
        + _text("c:informationEndDate", _written(each.end))
        + _text("c:informationCareUnitId", each.unit)
        + _text("c:informationCareProviderId", each.provider)
        + _text("c:rowNumber", str(number))
        + "</r:informationEntities>"
        for number, each in enumerate(entities)
    )
    body = _actor(reader)
    return Question(
        "CheckBlocks", f"{BLOCKING}:CheckBlocksResponder:4", f"{BLOCKING}:4", lambda patient, _: body + _ii(patient) + rows
    )


def relations_for_patient(provider: str) -> Question:
    """GetPatientRelationsForPatient: those in force with employees of a care provider."""
    operation, room = "GetPatientRelationsForPatient", "querying"
    return Question(
        operation,
        f"{RELATION}:{room}:{operation}Responder:1",
        f"{RELATION}:1",
        lambda patient, _: _text("r:CareProviderId", provider) + _text("r:PatientId", _bare(patient)),
        root=f"{operation}Request",
    )


def check_relation(reader: Reader) -> Question:
    """CheckPatientRelation: whether this reader has one."""
    operation, room = "CheckPatientRelation", "accesscontrol"
    return Question(
        operation,
        f"{RELATION}:{room}:{operation}Responder:1",
        f"{RELATION}:1",
        lambda patient, _: (
            _actor(reader, "AccessingActor", "EmployeeId", "CareProviderId", "CareUnitId") + _text("r:PatientId", _bare(patient))
        ),
        root=f"{operation}Request",
    )


def _consent(operation: str, body: Callable[[Identifier, str], str]) -> Question:
    return Question(operation, f"{CONSENT}:{operation}Responder:2", f"{CONSENT}:2", body)


def _text(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _ii(patient: Identifier) -> str:
    """The patient's number with the OID of its kind. Raises: NoOid."""
    return f"<r:patientId>{_text('c:root', oid(patient))}{_text('c:extension', patient.value)}</r:patientId>"


def _bare(patient: Identifier) -> str:
    """A number without its kind. Raises: NoOid: longer than the contract takes."""
    if len(patient.value) > _LONGEST_NUMBER:
        raise NoOid("ehr:patientrelationship takes numbers of twelve characters at most")
    return patient.value


def _actor(
    reader: Reader,
    name: str = "accessingActor",
    employee: str = "employeeId",
    provider: str = "careProviderId",
    unit: str = "careUnitId",
) -> str:
    """The reader, as one of the contracts names its parts."""
    parts = ((employee, reader.employee), (provider, reader.provider), (unit, reader.unit))
    return f"<r:{name}>{''.join(_text(f'c:{part}', value) for part, value in parts)}</r:{name}>"


def _action(name: str, action: Action) -> str:
    who = _text("c:employeeId", action.employee) + (_text("c:assignmentId", action.commission) if action.commission else "")
    at = _written(action.at)
    return (
        f"<r:{name}>"
        + _text("c:requestDate", at)
        + f"<c:requestedBy>{who}</c:requestedBy>"
        + _text("c:registrationDate", at)
        + f"<c:registeredBy>{who}</c:registeredBy>"
        + (_text("c:reasonText", action.reason) if action.reason else "")
        + f"</r:{name}>"
    )


def _written(time: datetime) -> str:
    """xs:dateTime in Swedish local time, with its offset, to the second: services keep no more."""
    return time.astimezone(LOCAL).isoformat(timespec="seconds")
