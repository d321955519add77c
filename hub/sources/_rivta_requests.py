"""The questions that the hub asks of RIV-TA producers: one row a contract. FACTS 1, 2, 7, 8, 13; STRUCTURES."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from hub.fhir.identifiers import PERSONNUMMER, ROOTS, SAMORDNINGSNUMMER, Identifier

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_REGISTRY = "urn:riv:itintegration:registry:1"
_HSA = "1.2.752.129.2.1.4.1"
_OIDS = {system: oid for oid, system in ROOTS.items()}


class NoOid(ValueError):
    """A patient number of a kind that RIV-TA has no OID for."""


@dataclass(frozen=True, slots=True)
class Question:
    """A contract as it is asked. `r` is its responder's namespace, `c` its domain's."""

    operation: str
    responder: str
    core: str
    body: Callable[[Identifier, str], str]
    """(patient, HSA-id of the source system) -> the elements of the request, in the schema's order."""
    deviating_action: str = ""
    root: str = ""
    """Name of the request's element where that is not the operation's."""

    @property
    def action(self) -> str:
        return self.deviating_action or f"{self.responder}:{self.operation}"

    def envelope(self, patient: Identifier, system: str) -> bytes:
        """The whole SOAP message.

        Raises: NoOid.
        """
        root = self.root or self.operation
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            f'<s:Envelope xmlns:s="{_SOAP}" xmlns:a="{_REGISTRY}" xmlns:r="{self.responder}" xmlns:c="{self.core}">'
            f"<s:Header><a:LogicalAddress>{escape(system)}</a:LogicalAddress></s:Header>"
            f"<s:Body><r:{root}>{self.body(patient, system)}</r:{root}></s:Body></s:Envelope>"
        ).encode()


def oid(patient: Identifier) -> str:
    """The OID of a patient number's kind.

    Raises: NoOid.
    """
    found = _OIDS.get(patient.system) or patient.system.removeprefix("urn:oid:")
    if ":" in found:
        raise NoOid("RIV-TA has no OID for this kind of number")
    return found


def _typed(patient: Identifier) -> str:
    """PersonIdType."""
    return f"<r:patientId><c:id>{escape(patient.value)}</c:id><c:type>{escape(oid(patient))}</c:type></r:patientId>"


def _ii(name: str, root: str, value: str) -> str:
    return f"<r:{name}><c:root>{escape(root)}</c:root><c:extension>{escape(value)}</c:extension></r:{name}>"


def _is_national(patient: Identifier) -> bool:
    """A reserve number may be asked only of a named source system."""
    return patient.system in (PERSONNUMMER, SAMORDNINGSNUMMER)


def _by_person(patient: Identifier, system: str) -> str:
    named = "" if _is_national(patient) else f"<r:sourceSystemHSAId>{escape(system)}</r:sourceSystemHSAId>"
    return _typed(patient) + named


def _laboratory(patient: Identifier, system: str) -> str:
    named = "" if _is_national(patient) else _ii("sourceSystemHSAId", _HSA, system)
    return _ii("patientId", oid(patient), patient.value) + named


def _schedule(patient: Identifier, system: str) -> str:
    return (
        f"<r:healthcare_facility>{escape(system)}</r:healthcare_facility>"
        f"<r:subject_of_care>{escape(patient.value)}</r:subject_of_care>"
    )


def _person(patient: Identifier, system: str) -> str:
    """Profile P4: with address, birth and relations, without history; an older number gives today's record."""
    return (
        _ii("personId", oid(patient), patient.value)
        + "<r:profile>P4</r:profile><r:ignoreReferredIdentity>false</r:ignoreReferredIdentity>"
    )


def _question(
    operation: str, domain: str, major: int, core: int, body: Callable[[Identifier, str], str], deviating_action: str = ""
) -> Question:
    return Question(operation, f"{domain}:{operation}Responder:{major}", f"{domain}:{core}", body, deviating_action)


_LOGISTICS = "urn:riv:clinicalprocess:logistics:logistics"
_PRESCRIPTION = "urn:riv:clinicalprocess:activityprescription:actoutcome"
_OUTCOME = "urn:riv:clinicalprocess:healthcond:actoutcome"
_PERSONS = "urn:riv:strategicresourcemanagement:persons:person"

QUESTIONS = {
    question.operation: question
    for question in (
        _question(
            "GetCarePlans", _LOGISTICS, 2, 3, _by_person, "urn:riv:clinicalprocess:logistics:GetCarePlansResponder:2:GetCarePlans"
        ),
        _question("GetCareContacts", _LOGISTICS, 3, 3, _by_person),
        _question("GetMedicationHistory", _PRESCRIPTION, 2, 2, _by_person),
        _question("GetLaboratoryOrderOutcome", _OUTCOME, 4, 4, _laboratory),
        _question("GetSubjectOfCareSchedule", "urn:riv:crm:scheduling", 1, 1, _schedule),
        _question("GetPersonsForProfile", _PERSONS, 3, 3, _person),
    )
}
