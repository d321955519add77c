"""RIV-TA GetCarePlans 2.0 -> CarePlan, CareTeam, DocumentReference, Binary. MAPPING 1.

The contract has no status, period, goal or activity: none is made up. The plan itself is in its documents.
"""

from collections.abc import Iterator

from hub.fhir.canonical import CODE_SYSTEM, EXTENSION
from hub.fhir.resource import Resource, reference
from hub.mappers import Entry, Keyed, Mapper
from hub.mappers._attachment import Document, document
from hub.mappers._rivta import Contract, Header, Scope, contained, reader, summary_header
from hub.mappers._rivta_types import HSA_ROOT, hsa, identifier, named, time
from hub.mappers._tracked import Node

CONTRACT = Contract("GetCarePlans", "urn:riv:clinicalprocess:logistics:logistics", "carePlan", "cll-cp")

TYPES = {
    "SIP": "Samordnad individuell plan",
    "SPLPTLRV": "Samordnad plan enligt LPT och LRV",
    "SPU": "Samordnad plan vid utskrivning",
    "VP": "Vårdplan",
    "HP": "Habiliteringsplan",
    "RP": "Rehabiliteringsplan",
    "GP": "Genomförandeplan",
    "SVP": "Standardiserad vårdplan",
}
TYPE_SYSTEMS = (f"{CODE_SYSTEM}/rivta-type-of-care-plan", "https://fhir.inera.se/CodeSystem/typeofcareplan-cs")
LONGITUDINAL = {"system": "http://loinc.org", "code": "LA28865-6", "display": "Longitudinal care-coordination focused care team"}
SHORT = 1000
"""Characters of a text that may also be the plan's description."""


def build(record: Node, scope: Scope) -> Entry:
    """One care plan with its team and documents."""
    header = summary_header(record.one("carePlanHeader"), scope)
    top, body = record.one("carePlanHeader"), record.one("carePlanBody")
    category = _category(body)
    title = top.one("documentTitle").value or (category or {}).get("text")
    units = [found for unit in body.all("participatingCareUnitHSAId") if (found := _unit(unit))]
    documents = list(_documents(body, header, title, category))
    created = time("created", top.one("documentTime"))
    plan = header.start("CarePlan", header.author) | {
        "identifier": [header.identifier],
        "status": "entered-in-error" if header.is_nullified else "unknown",
        "intent": "plan",
        "category": [category] if category else None,
        "title": title,
        "description": _description(documents),
        "subject": header.subject,
        "encounter": header.encounter,
        **created,
        "author": contained(header.author),
        "contributor": units,
        "careTeam": [_reference("CareTeam", header, "team")] if units else None,
        "supportingInfo": [_reference("DocumentReference", header, name) for name, _, _ in documents],
    }
    team = [_team(header, units, title, created)] if units else []
    papers = [keyed for _, _, held in documents for keyed in held]
    return header.entry(Keyed(header.key, _filled(plan)), *team, *papers)


def _category(body: Node) -> Resource | None:
    code = body.one("typeOfCarePlanEnum").value or body.one("typeOfCarePlan").value
    if code not in TYPES:
        return {"text": code} if code else None
    return {"coding": [{"system": system, "code": code, "display": TYPES[code]} for system in TYPE_SYSTEMS], "text": TYPES[code]}


def _unit(node: Node) -> Resource | None:
    """A unit that takes part: an HSA-id, or a number of another kind as it is."""
    if node.one("root").peek() == HSA_ROOT:
        node.one("root").value  # noqa: B018  # read: it says that the id is an HSA-id
        return named("Organization", hsa(node.one("extension")), None)
    found = identifier(node)
    return {"type": "Organization", "identifier": found} if found else None


def _team(header: Header, units: list[Resource], title: str | None, created: Resource) -> Keyed:
    """Those whom the plan names; nobody is added. The CareTeam is the plan's own, shared with no other record."""
    period = {"start": created["created"]} if "created" in created else None
    origin = {"url": f"{EXTENSION}/derived-from", "valueReference": _reference("CarePlan", header, "")}
    members = [contained(header.author), *units]
    team = header.start("CareTeam", header.author) | {
        "identifier": [{"system": header.key.system, "value": header.child("team").value}],
        "status": "entered-in-error" if header.is_nullified else "active",
        "category": [{"coding": [LONGITUDINAL]}],
        "name": title,
        "subject": header.subject,
        "participant": [
            {"extension": [origin], "member": member} | ({"period": period} if period else {}) for member in members if member
        ],
        "managingOrganization": [found] if (found := named("Organization", header.custody.provider, None)) else None,
    }
    return Keyed(header.child("team"), _filled(team))


def _documents(
    body: Node, header: Header, title: str | None, category: Resource | None
) -> Iterator[tuple[str, str | None, tuple[Keyed, ...]]]:
    """(name, its words if plain text, its resources) of each content that can be read."""
    taken: set[str] = set()
    for number, content in enumerate(body.all("content"), 1):
        name = f"content-{content.one('id').value or number}"
        name = name if name not in taken else f"content-{number}-again"
        taken.add(name)
        declared, link = content.one("mediaType").value or "", content.one("reference")
        found = _decoded(content, declared)
        if found:
            attachment = {
                "contentType": found.media_type,
                "url": _reference("Binary", header, name)["reference"],
                "size": found.size,
            }
        elif link.peek().startswith(("https://", "http://")):
            attachment = {"contentType": declared, "url": link.value}
        else:
            link.keep("not a web address, and never followed")
            continue
        paper = _paper(header, name, attachment | ({"title": title} if title else {}), category)
        binary = [Keyed(header.child(name), _binary(header, found))] if found else []
        yield name, found.text if found else None, (Keyed(header.child(name), paper), *binary)


def _decoded(content: Node, declared: str) -> Document | None:
    node = content.one("value")
    if not node:
        return None
    try:
        found = document(declared, node.value or "")
    except ValueError as fault:
        node.refuse(str(fault))
        return None
    if not found.is_as_declared:
        content.problem("the content is not of this type; it is given as bytes of no known type", of="mediaType")
    return found


def _paper(header: Header, name: str, attachment: Resource, category: Resource | None) -> Resource:
    verifier = header.attribution.verifier
    paper = header.start("DocumentReference", header.author) | {
        "identifier": [{"system": header.key.system, "value": header.child(name).value}],
        "status": "entered-in-error" if header.is_nullified else "current",
        "docStatus": "final" if header.attribution.signed else "preliminary",
        "type": category,
        "subject": header.subject,
        "date": header.attribution.written,
        "author": [found] if (found := contained(header.author)) else None,
        "authenticator": verifier,
        "custodian": named("Organization", header.custody.provider, None),
        "content": [{"attachment": _filled(attachment)}],
        "context": {"encounter": [header.encounter]} if header.encounter else None,
    }
    return _filled(paper)


def _binary(header: Header, found: Document) -> Resource:
    return {
        "resourceType": "Binary",
        "meta": header.meta,
        "contentType": found.media_type,
        "securityContext": _reference("CarePlan", header, ""),
        "data": found.data,
    }


def _description(documents: list[tuple[str, str | None, tuple[Keyed, ...]]]) -> str | None:
    """The plan's words, where there is one document and it is a short text."""
    words = documents[0][1] if len(documents) == 1 else None
    return words.strip() or None if words and len(words) <= SHORT else None


def _reference(resource_type: str, header: Header, name: str) -> Resource:
    key = header.child(name) if name else header.key
    return reference(resource_type, key.system, key.value)


def _filled(resource: Resource) -> Resource:
    """Without the elements that have no value."""
    return {name: value for name, value in resource.items() if value not in (None, [], {}, "")}


RIVTA_CARE_PLANS = Mapper(
    "rivta_care_plans",
    CONTRACT.operation,
    reader(CONTRACT, build),
    CONTRACT.info_type,
    frozenset({"CarePlan", "CareTeam", "DocumentReference", "Binary"}),
)
