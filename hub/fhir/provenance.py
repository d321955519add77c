"""Provenance: who holds, wrote and signed an entry, and from which message it came.

Follows Inera's EHDS profile: custodian is the care provider (key of the outer block), author the care unit (key of the
inner block). The person who wrote is a third agent. http://hl7.org/fhir/R4/provenance.html
"""

from collections.abc import Iterator, Mapping, Sequence

from hub.fhir.custody import Custody
from hub.fhir.identifiers import HSA_ID, Identifier
from hub.fhir.resource import Resource

_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_UNKNOWN: Resource = {
    "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
}


def provenance(
    *,
    targets: Sequence[str],
    custody: Custody,
    names: Mapping[str, str],
    recorded: str,
    written: str | None = None,
    author: Resource | None = None,
    verifier: Resource | None = None,
    signed: str | None = None,
    others: Sequence[tuple[str, Resource]] = (),
    message: Identifier | None = None,
) -> Resource:
    """The Provenance of one entry, without id.

    Takes: `targets`: `Type/id` of the entry's resources; `names`: of organisations, by HSA-id; `recorded`: FHIR instant at which
    the hub got it, used where nobody signed; the rest as `hub.mappers.Attribution` has it; `message`: what it was made of.
    """
    unit = _organization(custody.unit, names)
    held: Resource = {"resourceType": "Provenance", "target": [{"reference": target} for target in targets]}
    if written:
        held["occurredDateTime"] = written
    agents = [
        _agent("custodian", _organization(custody.provider, names)),
        _agent("author", unit),
        *_persons(unit, author, verifier, others),
    ]
    source = {"entity": [{"role": "source", "what": {"identifier": _identifier(message)}}]} if message else {}
    return held | {"recorded": signed or recorded, "agent": agents} | source


def _persons(
    unit: Resource, author: Resource | None, verifier: Resource | None, others: Sequence[tuple[str, Resource]]
) -> Iterator[Resource]:
    if author:
        yield _agent("performer", author) | {"onBehalfOf": unit}
    if verifier:
        yield _agent("verifier", verifier)
    yield from (_agent(code, who) for code, who in others)


def _agent(code: str, who: Resource) -> Resource:
    return {"type": {"coding": [{"system": _PARTICIPANT, "code": code}]}, "who": who}


def _organization(hsa_id: str | None, names: Mapping[str, str]) -> Resource:
    if not hsa_id:
        return _UNKNOWN
    named = {"display": names[hsa_id]} if names.get(hsa_id) else {}
    return {"type": "Organization", "identifier": {"system": HSA_ID, "value": hsa_id}} | named


def _identifier(identifier: Identifier) -> Resource:
    return {"system": identifier.system, "value": identifier.value}
