"""GetMedicationHistory 2.2: prescription decisions, with what was prescribed to a pharmacy and what was given."""

from datetime import datetime

from hub.demo.rivta import dosage
from hub.demo.rivta.habits import STOCKHOLM, Habit
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.producer import Producer, asked, patient
from hub.demo.rivta.scribe import Scribe, boolean, moment, moment_or_none, result
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request
from hub.demo.world.medication import Administration, Authorization
from hub.demo.world.model import Prescription

NAMESPACE = Vocabulary("urn:riv:clinicalprocess:activityprescription:actoutcome:GetMedicationHistoryResponder:2")
CORE = Vocabulary("urn:riv:clinicalprocess:activityprescription:actoutcome:2")


def contract(producer: Producer) -> Contract:
    """The contract as this producer answers it."""
    scribe = producer.scribe(CORE)

    def answer(request: Request, numbers: tuple[str, ...]) -> Element:
        wanted = asked(request, CORE.uri, producer.system)
        chain, state = request.one("prescriptionChainId/extension", CORE.uri), request.one("prescriptionStatus")
        decisions = (
            decision
            for decision in producer.records(numbers, Prescription)
            if wanted.takes(decision, (decision.prescribed or decision.custody.time, decision.end), decision.end is None)
            and state in (None, _state(decision))
            and chain in (None, f"{producer.system}:{decision.chain}")
        )
        records = (NAMESPACE("medicationMedicalRecord", *_record(decision, scribe)) for decision in decisions)
        return NAMESPACE.root("GetMedicationHistoryResponse", *records, result(CORE, outer=NAMESPACE))

    return Contract("GetMedicationHistory", NAMESPACE.uri, patient(CORE.uri), answer, _refusal)


def _refusal(message: str) -> Element:
    return NAMESPACE.root("GetMedicationHistoryResponse", result(CORE, message, outer=NAMESPACE))


def _record(decision: Prescription, scribe: Scribe) -> tuple[Element, Element]:
    body = CORE.root("medicationMedicalRecordBody", _prescription(decision, scribe))
    return scribe.header("medicationMedicalRecordHeader", decision, "nullified-last"), body


def _prescription(decision: Prescription, scribe: Scribe) -> Element:
    why = CORE("principalPrescriptionReason", scribe.cv("reason", decision.reason))
    given = (_given(administration, decision, scribe) for administration in decision.administrations)
    return CORE.root(
        "medicationPrescription",
        scribe.local_id("prescriptionId", decision.prescription_id or decision.key),
        CORE("typeOfPrescription", decision.decision),
        CORE("prescriptionStatus", _state(decision)),
        CORE("prescriptionNote", decision.note or None),
        why,
        CORE("treatmentPurpose", decision.purpose or None),
        scribe.local_id("prescriptionChainId", decision.chain),
        scribe.local_id("precedingPrescriptionId", decision.preceding),
        scribe.local_id("succeedingPrescriptionId", decision.succeeding),
        _prescriber(decision, scribe),
        CORE("startOfFirstTreatment", _day(decision.first_start, scribe)),
        CORE("startOfTreatment", _day(decision.start, scribe)),
        CORE("endOfTreatment", moment_or_none(decision.end)),
        scribe.text_only("endOfTreatmentReason", decision.end_reason),
        CORE("selfMedication", boolean(decision.self_medication)),
        dosage.drug("drug", decision.drug, decision.dosages, scribe),
        _authorization(decision.authorization, decision, scribe) if decision.authorization else None,
        *given,
    )


def _state(decision: Prescription) -> str:
    return "Active" if decision.active else "Inactive"


def _day(time: datetime | None, scribe: Scribe) -> str | None:
    if time and scribe.manner.has(Habit.MIDNIGHT):
        return f"{time.astimezone(STOCKHOLM):%Y%m%d}000000"
    return moment_or_none(time)


def _unit(decision: Prescription) -> str:
    return decision.custody.unit if decision.custody.names_unit else ""


def _prescriber(decision: Prescription, scribe: Scribe) -> Element | None:
    if not decision.prescriber:
        return None
    time = decision.prescribed or decision.custody.time
    return scribe.professional("prescriber", decision.prescriber, _unit(decision), time)


def _authorization(written: Authorization, decision: Prescription, scribe: Scribe) -> Element | None:
    return CORE(
        "dispensationAuthorization",
        scribe.local_id("dispensationAuthorizationId", written.key),
        CORE("validUntil", f"{written.valid_until:%Y%m%d}"),
        CORE("totalAmount", dosage.double(written.total, scribe)),
        CORE("packageUnit", written.unit or None),
        CORE("distributionMethod", written.distribution or None),
        scribe.professional("dispensationAuthorizer", written.by, _unit(decision), written.written),
        CORE("prescriptionSignatura", written.signature),
        CORE("nonReplaceable", None if written.replaceable else "Prescriber"),
        dosage.article("drug", decision.drug, scribe),
    )


def _given(given: Administration, decision: Prescription, scribe: Scribe) -> Element | None:
    time = moment(given.time)
    return CORE(
        "administration",
        scribe.local_id("administrationId", given.key),
        CORE("administrationTime", CORE("start", time), CORE("end", time)),
        CORE("administrationComment", given.comment or None),
        scribe.text_only("routeOfAdministration", given.route),
        scribe.professional("administeringHealthcareProfessional", given.by, _unit(decision), given.time),
        dosage.administered("drug", decision.drug, given.dose, scribe),
    )
