"""GetMedicationHistory 2.x: a prescription decision as MedicationRequest, with what was given of it; the patient's own
medication as MedicationStatement. MAPPING 2.

The medication list is not made here: it is derived of what a caller may see (`hub.fhir.medication_list`).
MedicationDispense is not made at all: what a pharmacy has given is in another service.
"""

from dataclasses import dataclass

from hub.fhir.medication_list import CHAIN_PLACE, FIRST_TREATMENT, PRESCRIPTION_TYPE, TREATMENT_PERIOD, statement_status
from hub.fhir.resource import Resource, reference
from hub.mappers import Entry, Keyed, Mapper
from hub.mappers._rivta import Contract, Header, Scope, contained, professional, reader, summary_header
from hub.mappers._rivta_administration import administrations
from hub.mappers._rivta_dispensation import Dispensation, dispensation
from hub.mappers._rivta_dosage import dosages
from hub.mappers._rivta_drug import medication
from hub.mappers._rivta_medication_status import order_status
from hub.mappers._rivta_prescription import evaluation, notes, prior, reasons, related, relations
from hub.mappers._rivta_types import business_identifier, concept, extension, flag, local, stamped, time, written
from hub.mappers._tracked import Node

CONTRACT = Contract(
    operation="GetMedicationHistory",
    domain="urn:riv:clinicalprocess:activityprescription:actoutcome",
    record="medicationMedicalRecord",
    info_type="caa-gmh",
)
OWN_CHOICE = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/medication-statement-category", "code": "patientspecified"}],
    "text": "Egenmedicinering",
}


@dataclass(frozen=True, slots=True)
class _Decision:
    """A prescription, as far as order and statement say it alike."""

    order: str
    """Status as an order."""
    statement: str
    """Status as a statement."""
    common: Resource
    """Elements that bear the same name in both."""
    extensions: list[Resource]
    treatment: Resource
    """FHIR Period; empty where neither end is said."""
    written: Resource
    """`{authoredOn: …}`"""


def build(record: Node, scope: Scope) -> Entry:
    """One record: the order or statement first, then the order of another prescribed drug, then what was given."""
    head, body = record.one("medicationMedicalRecordHeader"), record.one("medicationMedicalRecordBody")
    header, node = summary_header(head, scope), body.one("medicationPrescription")
    for name in ("documentTitle", "documentTime"):
        head.one(name).keep("the contract does not use it")
    body.one("additionalPatientInformation").keep("the population register says this of a person")
    decision = _decision(node, head, header, scope)
    drug = decision.common["medicationCodeableConcept"]
    if flag(node.one("selfMedication")):
        given = administrations(node, header, None, drug)
        return header.entry(Keyed(header.key, _statement(node, header, decision)), *given)
    order = reference("MedicationRequest", header.key.system, header.key.value)
    package = dispensation(node.one("dispensationAuthorization"), header, drug)
    others = [_package(header, decision, package, order)] if package.drug and package.key else []
    given = administrations(node, header, order, drug)
    return header.entry(Keyed(header.key, _order(node, header, decision, package)), *others, *given, others=package.agents)


def _decision(node: Node, head: Node, header: Header, scope: Scope) -> _Decision:
    kind, place = node.one("typeOfPrescription").value or "", node.one("prescriptionStatus").value or ""
    started, ended = local(node.one("startOfTreatment")), local(node.one("endOfTreatment"))
    start, end, now = started.begins if started else None, ended.begins if ended else None, scope.message.received
    order = order_status(kind, place, end, bool(node.one("succeedingPrescriptionId")), now)
    node.one("succeedingPrescriptionId").keep("the later record says what it follows; this one may not tell of it")
    annulled = "entered-in-error" if header.is_nullified else None
    number = business_identifier(node.one("prescriptionId"))
    said = {
        "identifier": [header.identifier, *([written(number)] if number and number != header.key else [])],
        "medicationCodeableConcept": medication(node.one("drug")),
        "subject": header.subject,
        "reasonCode": reasons(node),
        "note": notes(node),
    }
    treatment = time("start", node.one("startOfTreatment")) | time("end", node.one("endOfTreatment"))
    recorded = head.one("accountableHealthcareProfessional", "authorTime")
    return _Decision(
        order=annulled or order,
        statement=annulled or statement_status(order, (kind, place) == ("U", "Active"), start, end, now),
        common={name: value for name, value in said.items() if value},
        extensions=_extensions(node, header, treatment),
        treatment=treatment,
        written=time("authoredOn", node.one("prescriber", "authorTime")) or time("authoredOn", recorded),
    )


def _extensions(node: Node, header: Header, treatment: Resource) -> list[Resource]:
    """What FHIR has no element for: the kind of decision, its place in the chain, when the treatment is meant, relations."""
    kind, place = node.one("typeOfPrescription").value, node.one("prescriptionStatus").value
    return [
        *header.extensions,
        *([{"url": PRESCRIPTION_TYPE, "valueCode": kind}] if kind else []),
        *([{"url": CHAIN_PLACE, "valueCode": place}] if place else []),
        *([{"url": TREATMENT_PERIOD, "valuePeriod": treatment}] if treatment else []),
        *stamped(FIRST_TREATMENT, node.one("startOfFirstTreatment")),
        *relations(node),
    ]


def _order(node: Node, header: Header, decision: _Decision, package: Dispensation) -> Resource:
    """The decision; with the prescription's own parts, unless that is of another drug and so an order of its own."""
    prescription = Dispensation() if package.drug else package
    prescriber, evaluator = professional(node.one("prescriber"), "prescriber"), professional(node.one("evaluator"), "evaluator")
    for name in ("healthcareProfessionalCareUnitHSAId", "healthcareProfessionalCareGiverHSAId"):
        node.one("prescriber", name).keep("who holds the record, its header alone says")
        node.one("evaluator", name).keep("who holds the record, its header alone says")
    order = header.start("MedicationRequest", header.author, prescriber, evaluator, prescription.authorizer)
    order |= {"status": decision.order, "intent": "order"} | decision.common | decision.written
    chain, doses = business_identifier(node.one("prescriptionChainId")), dosages(node.one("drug"), decision.treatment or None)
    told = package.signatura or node.one("treatmentPurpose").value
    said = {
        "extension": [*decision.extensions, *evaluation(node, evaluator), *prescription.extensions],
        "identifier": [*order["identifier"], *prescription.identifiers],
        "encounter": header.encounter,
        "requester": contained(prescriber),
        "recorder": contained(header.author),
        "groupIdentifier": written(chain) if chain else None,
        "priorPrescription": prior(node.one("precedingPrescriptionId"), header),
        "statusReason": concept(node.one("endOfTreatmentReason")),
        "note": [*order.get("note", ()), *prescription.notes],
        "supportingInformation": related(node, header),
        "dosageInstruction": _instructed(doses, told if doses else package.signatura),
    }
    return order | {name: value for name, value in (said | prescription.elements).items() if value}


def _package(header: Header, decision: _Decision, package: Dispensation, order: Resource) -> Keyed:
    """The order of the drug that the prescription names, where it is another than the decision's."""
    made = header.start("MedicationRequest", package.authorizer)
    said = {
        "identifier": package.identifiers,
        "basedOn": [order],
        "status": decision.order,
        "intent": "order",
        "medicationCodeableConcept": package.drug,
        "subject": header.subject,
        "encounter": header.encounter,
        "requester": contained(package.authorizer),
        "note": list(package.notes),
        "dosageInstruction": _instructed([{"route": package.route}] if package.route else [], package.signatura),
    }
    said |= package.authored | package.elements
    assert package.key  # the caller has looked
    return Keyed(package.key, made | {name: value for name, value in said.items() if value})


def _instructed(doses: list[Resource], told: str | None) -> list[Resource]:
    """Dosages that each carry what the patient was told."""
    return [dose | {"patientInstruction": told} for dose in (doses or [{}])] if told else doses


def _statement(node: Node, header: Header, decision: _Decision) -> Resource:
    """What the patient takes on their own: nobody ordered it."""
    for name in ("dispensationAuthorization", "prescriber", "evaluator", "evaluationTime", "precedingPrescriptionId"):
        node.one(name).keep("what a patient takes on their own is no order")
    made = header.start("MedicationStatement", header.author)
    chain, recorder = business_identifier(node.one("prescriptionChainId")), contained(header.author)
    extensions = [
        *decision.extensions,
        *([extension("prescription-chain", "Identifier", written(chain))] if chain else []),
        *([extension("recorder", "Reference", recorder)] if recorder else []),
    ]
    first = time("start", node.one("startOfFirstTreatment"))
    reason = concept(node.one("endOfTreatmentReason"))
    said = {
        "extension": extensions,
        "status": decision.statement,
        "statusReason": [reason] if reason else None,
        "category": OWN_CHOICE,
        "context": header.encounter,
        "effectivePeriod": decision.treatment | first,
        "informationSource": header.subject,
        "derivedFrom": related(node, header),
        "dosage": dosages(node.one("drug"), decision.treatment or None),
    }
    asserted = {name.replace("authoredOn", "dateAsserted"): value for name, value in decision.written.items()}
    return made | decision.common | asserted | {name: value for name, value in said.items() if value}


RIVTA_MEDICATION_HISTORY = Mapper(
    name="rivta_medication_history",
    family=CONTRACT.operation,
    map=reader(CONTRACT, build),
    info_type=CONTRACT.info_type,
    gives=frozenset({"MedicationRequest", "MedicationStatement", "MedicationAdministration"}),
)
