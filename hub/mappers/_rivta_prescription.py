"""Why a drug was prescribed, what was noted, and what the decision has to do with other records. MAPPING 2.2."""

from hub.fhir.canonical import EXTENSION
from hub.fhir.resource import Resource, reference
from hub.mappers._rivta import Header, contained
from hub.mappers._rivta_types import LOCAL_ROOT, business_identifier, concept, stamped, written
from hub.mappers._tracked import Node

_TARGETS = {
    "caa-gmh": ("MedicationRequest", "GetMedicationHistory"),
    "cll-cp": ("CarePlan", "GetCarePlans"),
    "vko": ("Encounter", "GetCareContacts"),
}
"""Kind of information that a relation points at -> resource type and contract of its record."""


def reasons(node: Node) -> list[Resource]:
    """The reasons, the principal ones first; a reason in words of its own is named by these."""
    given = [*node.all("principalPrescriptionReason"), *node.all("additionalPrescriptionReason")]
    read = [(concept(reason.one("reason")) or {}, reason.one("otherReason").value) for reason in given]
    return [code | ({"text": words} if words else {}) for code, words in read if code or words]


def notes(node: Node) -> list[Resource]:
    """What the prescriber wrote beside: the drug's comment may name diluents."""
    purpose = node.one("treatmentPurpose").value
    said = (node.one("drug", "comment").value, f"Ändamål: {purpose}" if purpose else None, node.one("prescriptionNote").value)
    return [{"text": text} for text in said if text]


def evaluation(node: Node, evaluator: Resource | None) -> list[Resource]:
    """When the treatment is to be evaluated, or by whom and when it was."""
    parts = [
        *stamped("planned", node.one("evaluationTime")),
        *stamped("recorded", node.one("evaluator", "authorTime")),
        *([{"url": "evaluator", "valueReference": contained(evaluator)}] if evaluator else []),
    ]
    return [{"url": f"{EXTENSION}/evaluation", "extension": parts}] if parts else []


def prior(node: Node, header: Header) -> Resource | None:
    """The Reference to the decision that this one follows."""
    return _target(node, header, *_TARGETS["caa-gmh"]) if node else None


def relations(node: Node) -> list[Resource]:
    """What the decision has to do with other records, in the source's words; which records these are, `related` gives."""
    return [
        {"url": f"{EXTENSION}/relation", "extension": parts}
        for relation in node.all("relation")
        for referred in relation.all("referredInformation")
        if (parts := _relation(relation, referred))
    ]


def related(node: Node, header: Header) -> list[Resource]:
    """References to those of the other records that the hub could look up, so that it can drop what is withheld."""
    found = []
    for relation in node.all("relation"):
        for referred in relation.all("referredInformation"):
            referred.one("informationOwner").keep("who holds another record, that record alone may tell")
            target = _TARGETS.get(_kind(concept(referred.one("type"))))
            if target and (made := _target(referred.one("id"), header, *target)):
                found.append(made)
            referred.one("id").keep("it may name a record that the caller may not see")
    return found


def _relation(relation: Node, referred: Node) -> list[Resource]:
    code, kind = concept(relation.one("code")), concept(referred.one("type"))
    return [
        *([{"url": "code", "valueCodeableConcept": code}] if code else []),
        *([{"url": "type", "valueCodeableConcept": kind}] if kind else []),
    ]


def _kind(kind: Resource | None) -> str:
    coding = ((kind or {}).get("coding") or [{}])[0]
    return str(coding.get("code") or (kind or {}).get("text", ""))


def _target(node: Node, header: Header, resource_type: str, family: str) -> Resource | None:
    """A record of the same source: the II's extension, or its UUID alone, is the record's documentId."""
    number = business_identifier(node)
    if number is None:
        return None
    owner, _, inside = number.value.partition(":")
    is_local = number.system == f"urn:oid:{LOCAL_ROOT}" and inside and owner.upper() == header.system
    document = inside if is_local else number.value.removeprefix("urn:uuid:")
    return reference(resource_type, f"urn:hub:rivta:{header.system}:{family}", document) | {"identifier": written(number)}
