"""GetLaboratoryOrderOutcome 4.2: answers to referrals, under the newer header; no `result`, so only faults refuse."""

from collections.abc import Iterator
from itertools import groupby

from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.outcome import CORE, analysis
from hub.demo.rivta.producer import Producer, asked, patient
from hub.demo.rivta.scribe import HSA, Scribe, boolean, kind_of_number, moment
from hub.demo.rivta.server import Contract
from hub.demo.rivta.soap import Request
from hub.demo.world.model import Custody, LaboratoryReport
from hub.demo.world.values import Code

NAMESPACE = Vocabulary("urn:riv:clinicalprocess:healthcond:actoutcome:GetLaboratoryOrderOutcomeResponder:4")
ADDED = Vocabulary("urn:riv:clinicalprocess:healthcond:actoutcome:4.1")
REPORT_STATUS = "2.16.840.1.113883.4.642.3.235"


def contract(producer: Producer) -> Contract:
    """The contract as this producer answers it. What was taken back is never sent: the contract has no word for it."""
    scribe = producer.scribe(CORE)

    def answer(request: Request, numbers: tuple[str, ...]) -> Element:
        wanted = asked(request, CORE.uri, producer.system, "/extension")
        referrals = request.all("referralIdentifier/extension", CORE.uri)
        specimens = set(request.all("specimenIdentifier/extension", CORE.uri))
        reports = (
            report
            for report in producer.records(numbers, LaboratoryReport)
            if not report.custody.nullified
            and wanted.takes(report, [specimen.collected for specimen in report.specimens])
            and (not referrals or f"{producer.system}:{report.referral_id}" in referrals)
            and (not specimens or specimens & {f"{producer.system}:{s.key}" for s in report.specimens})
        )
        records = (NAMESPACE("laboratoryOrderOutcome", _header(r, scribe), _body(r, scribe)) for r in reports)
        return NAMESPACE.root("GetLaboratoryOrderOutcomeResponse", *records)

    reader = patient(CORE.uri, "patientId/extension", "patientId/root")
    return Contract("GetLaboratoryOrderOutcome", NAMESPACE.uri, reader, answer)


def _header(report: LaboratoryReport, scribe: Scribe) -> Element:
    custody = report.custody
    return CORE.root(
        "header",
        _access(report, scribe),
        scribe.ii("sourceSystemId", HSA, scribe.system),
        CORE("record", scribe.local_id("id", report.key), CORE("timestamp", moment(custody.time))),
        _author(report, scribe),
        _signature(custody, scribe),
    )


def _access(report: LaboratoryReport, scribe: Scribe) -> Element:
    """accessControlHeader. A record under an older number names today's number, and that one as the original."""
    custody, person = report.custody, scribe.world.person(report.person)
    current = person.number if person else report.person
    older = scribe.ii("originalPatientId", kind_of_number(report.person), report.person)
    today = scribe.ii("patientId", kind_of_number(current), current).content
    return CORE.root(
        "accessControlHeader",
        scribe.ii("accountableCareGiver", HSA, custody.provider if custody.names_provider else ""),
        scribe.ii("accountableCareUnit", HSA, custody.unit) if custody.names_unit else None,
        older if current != report.person else None,
        CORE("blockComparisonTime", moment(report.span[1])),
        CORE("approvedForPatient", boolean(custody.released)),
        ADDED("patientId", *today),
    )


def _author(report: LaboratoryReport, scribe: Scribe) -> Element | None:
    custody, laboratory = report.custody, scribe.world.units.get(report.laboratory)
    if scribe.is_bare(custody):
        return CORE("author", CORE("timestamp", moment(custody.time)))
    person = scribe.world.staff.get(custody.author)
    place = (scribe.ii("id", HSA, laboratory.hsa_id), CORE("name", laboratory.name)) if laboratory else ()
    return CORE(
        "author",
        scribe.ii("id", HSA, custody.author) if custody.author else None,
        CORE("name", person.name if person else None),
        CORE("timestamp", moment(custody.time)),
        ADDED("orgUnit", *place),
    )


def _signature(custody: Custody, scribe: Scribe) -> Element | None:
    if custody.signed is None or scribe.is_bare(custody):
        return None
    person = scribe.world.staff.get(custody.signer)
    return CORE(
        "signature",
        scribe.ii("id", HSA, custody.signer) if custody.signer else None,
        CORE("name", person.name if person else None),
        CORE("timestamp", moment(custody.signed)),
    )


def _body(report: LaboratoryReport, scribe: Scribe) -> Element:
    status = Code(report.status, report.status.capitalize(), REPORT_STATUS)
    return CORE.root(
        "body",
        scribe.local_id("identifier", f"{report.key}-S"),
        scribe.local_id("laboratoryIdentifier", report.laboratory_id),
        scribe.cv("type", status),
        CORE("text", report.conclusion or None),
        _referral(report, scribe),
        *_groups(report, scribe),
        _recipient(report, scribe),
    )


def _referral(report: LaboratoryReport, scribe: Scribe) -> Element | None:
    person = scribe.world.staff.get(report.requester)
    requester = (
        scribe.ii("id", HSA, report.requester) if report.requester else None,
        CORE("name", person.name if person else None),
        CORE("orgUnit", *_place(report, scribe)),
    )
    return CORE(
        "referral",
        scribe.local_id("identifier", report.referral_id or report.key),
        CORE("timestamp", moment(report.ordered)),
        CORE("question", report.question or None),
        None if scribe.is_bare(report.custody) else CORE("requester", *requester),
    )


def _groups(report: LaboratoryReport, scribe: Scribe) -> Iterator[Element | None]:
    """Analyses under their headings; one without heading stands alone."""
    specimens = {specimen.key: specimen for specimen in report.specimens}
    together = enumerate(report.analyses)
    for _, rows in groupby(together, lambda row: (row[1].group, -1 if row[1].group else row[0])):
        kept = [row for _, row in rows]
        told = (analysis(row, specimens.get(row.specimen, report.specimens[0]), scribe) for row in kept)
        yield CORE("groupOfAnalyses", CORE("name", kept[0].group or None), *told)


def _recipient(report: LaboratoryReport, scribe: Scribe) -> Element | None:
    return CORE("recipientUnit", *_place(report, scribe))


def _place(report: LaboratoryReport, scribe: Scribe) -> tuple[Element | None, ...]:
    """The unit that the answer goes to; the care giver's name alone where the record names no unit."""
    custody = report.custody
    unit = scribe.world.units.get(custody.unit) if custody.names_unit else None
    if unit:
        return scribe.ii("id", HSA, unit.hsa_id), CORE("name", unit.name)
    owner = scribe.world.providers.get(custody.provider)
    return (CORE("name", owner.name if owner else "Uppgift saknas"),)
