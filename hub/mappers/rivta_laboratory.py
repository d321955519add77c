"""GetLaboratoryOrderOutcome 4.x -> DiagnosticReport, ServiceRequest, Specimen, Observation. MAPPING 3."""

from datetime import datetime

from hub.fhir.resource import Resource, reference
from hub.mappers import Entry, Keyed, Mapper
from hub.mappers._rivta import Contract, Header, Scope, contained, reader
from hub.mappers._rivta_access import access_header, actor, hsa_of
from hub.mappers._rivta_laboratory_analysis import NPU, Collected, group, seen_by
from hub.mappers._rivta_types import business_identifier, concept, extension, identifier, local, named, time, written
from hub.mappers._tracked import Node

CONTRACT = Contract(
    operation="GetLaboratoryOrderOutcome",
    domain="urn:riv:clinicalprocess:healthcond:actoutcome",
    record="laboratoryOrderOutcome",
    info_type="und-kkm-ure",
)
STATUSES = ("registered", "partial", "preliminary", "final", "amended", "corrected", "appended", "cancelled", "entered-in-error")
WORDS = {"slutsvar": "final", "delsvar": "partial", "preliminärsvar": "preliminary", "preliminärt svar": "preliminary"}
"""Report statuses that come as a word alone."""
CATEGORY = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB"}]}]
REPORT = {"system": "http://loinc.org", "code": "11502-2", "display": "Laboratory report"}
_V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"


def build(record: Node, scope: Scope) -> Entry:
    """One record: the report first, then the request, the specimens and the observations."""
    header, body = access_header(record.one("header"), scope), record.one("body")
    kind = concept(body.one("type"))
    into = Collected(header, _status(kind))
    request = _request(body.one("referral"), header, into.report)
    results = [held for node in body.all("groupOfAnalyses") for held in group(node, into)]
    report = _report(record, header, into, results, request)
    specimens = [Keyed(key, made) for key, made in into.specimens.items()]
    made = [Keyed(header.key, report), *([request] if request else []), *specimens, *into.observations]
    return header.entry(*made, others=tuple(into.agents))


def _status(kind: Resource | None) -> str:
    """DiagnosticReport.status; body.type is the status, whatever its name says."""
    codes = [coding["code"] for coding in (kind or {}).get("coding", [])] or [(kind or {}).get("text", "")]
    word = codes[0].casefold()
    return word if word in STATUSES else WORDS.get(word, "unknown")


def _report(record: Node, header: Header, into: Collected, results: list[Resource], request: Keyed | None) -> Resource:
    head, body = record.one("header"), record.one("body")
    signer = actor(head.one("signature"), "signature")
    seen, who = seen_by(body.one("recipientSignature"), into)
    issued, text = head.one("record", "timestamp"), body.one("text").value
    made = header.start("DiagnosticReport", header.author, signer, who)
    said = {
        "extension": [*header.extensions, *_extensions(body, header), *seen],
        "identifier": _identifiers(body, header),
        "basedOn": [reference("ServiceRequest", request.key.system, request.key.value)] if request else None,
        "status": into.report,
        "category": CATEGORY,
        "code": _code(body),
        "subject": header.subject,
        **_effective(into),
        **(time("issued", issued) if local(issued) else {}),
        "performer": [contained(header.author)] if "organization" in (header.author or {}) else None,
        "resultsInterpreter": [contained(signer)] if signer else None,
        "specimen": [reference("Specimen", key.system, key.value) for key in into.specimens],
        "result": results,
        "conclusion": text,
    }
    return made | {element: value for element, value in said.items() if value}


def _extensions(body: Node, header: Header) -> list[Resource]:
    """Whom the report was sent to, whom to ask about it, and who wrote it where that is no laboratory."""
    unit = body.one("recipientUnit")
    recipient = named("Organization", hsa_of(unit.one("id")), unit.one("name").value)
    ask = body.one("contactInformation", "text").value
    author = contained(header.author) if "organization" not in (header.author or {"organization": None}) else None
    return [
        *([extension("recipient-unit", "Reference", recipient)] if recipient else []),
        *([extension("contact-information", "String", ask)] if ask else []),
        *([extension("report-author", "Reference", author)] if author else []),
    ]


def _identifiers(body: Node, header: Header) -> list[Resource]:
    answer, filler = identifier(body.one("identifier")), identifier(body.one("laboratoryIdentifier"))
    found = [header.identifier]
    found += [answer] if answer and answer != header.identifier else []
    return [*found, _typed("FILL", filler)] if filler else found


def _typed(code: str, number: Resource) -> Resource:
    return {"type": {"coding": [{"system": _V2_0203, "code": code}]}} | number


def _code(body: Node) -> Resource:
    """The code of the only group, else that of a laboratory report with the groups' names."""
    groups = body.all("groupOfAnalyses")
    code = concept(groups[0].one("code"), NPU) if len(groups) == 1 else None
    if code and "coding" in code:
        return code
    names = [name for held in groups if (name := held.one("name").value or (concept(held.one("code"), NPU) or {}).get("text"))]
    return {"coding": [REPORT], "text": ", ".join(dict.fromkeys(names)) or "Laboratoriesvar"}


def _effective(into: Collected) -> Resource:
    """When the specimens were taken: one time, or from the first to the last."""
    times = {}
    for made in into.specimens.values():
        collection = made.get("collection", {})
        if taken := collection.get("collectedDateTime"):
            times[datetime.fromisoformat(taken)] = (taken, collection.get("_collectedDateTime"))
    if not times:
        return {}
    (first, mark), (last, later) = times[min(times)], times[max(times)]
    if first == last:
        return {"effectiveDateTime": first} | ({"_effectiveDateTime": mark} if mark else {})
    marks = {name: held for name, held in (("_start", mark), ("_end", later)) if held}
    return {"effectivePeriod": {"start": first, "end": last} | marks}


def _request(node: Node, header: Header, report: str) -> Keyed | None:
    """The referral that is answered."""
    if not node:
        return None
    number = business_identifier(node.one("identifier"))
    requester, question, version = (
        actor(node.one("requester"), "requester"),
        node.one("question").value,
        node.one("version").value,
    )
    asked = [code for held in node.all("requestedCareService") if (code := concept(held, NPU))]
    told = node.one("referralInformation")
    notes = [told.one(name).value for name in ("referralComment", "referralMedicalInformation")]
    made = header.start("ServiceRequest", requester)
    said = {
        "extension": [*header.extensions, *([extension("referral-version", "String", version)] if version else [])],
        "identifier": [_typed("PLAC", written(number))] if number else None,
        "status": "completed" if report == "final" else "active",
        "intent": "order",
        "code": asked[0] if asked else None,
        "orderDetail": asked[1:],
        "subject": header.subject,
        **time("authoredOn", node.one("timestamp")),
        "requester": contained(requester),
        "reasonCode": [{"text": question}] if question else None,
        "note": [{"text": note} for note in notes if note],
    }
    key = header.child(f"referral-{number.value if number else 'unnumbered'}")
    return Keyed(key, made | {element: value for element, value in said.items() if value})


RIVTA_LABORATORY = Mapper(
    name="rivta_laboratory",
    family=CONTRACT.operation,
    map=reader(CONTRACT, build),
    info_type=CONTRACT.info_type,
    gives=frozenset({"DiagnosticReport", "Observation", "Specimen", "ServiceRequest"}),
)
