"""The header of the JoL contracts: laboratory 4, care documentation 3, request activities 2. FACTS 6.2.

Nothing but `accessControlHeader` tells who holds a record; the author's own unit never does.
"""

from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.mappers import Attribution
from hub.mappers._rivta import Header, Scope, Unreadable, meta, only, role
from hub.mappers._rivta_types import (
    HSA_ROOT,
    LOCAL_ROOT,
    business_identifier,
    concept,
    flag,
    hsa,
    local,
    named,
    patient_number,
    until,
)
from hub.mappers._tracked import NOTHING, Node


def access_header(node: Node, scope: Scope) -> Header:
    """The header {accessControlHeader, sourceSystemId, record, author, signature} of a record.

    An older producer may leave the patient out: then it is the one that was asked about.
    Raises: Unreadable: no record id, or no patient.
    """
    access = node.one("accessControlHeader")
    patient = business_patient(only(access, "patientId")) or scope.message.asked
    if patient is None:
        raise Unreadable("it names no patient")
    system = hsa(node.one("sourceSystemId", "extension")) or scope.settings.system
    node.one("sourceSystemId").keep("the OID of HSA-ids")
    key = record_identifier(node.one("record", "id"), system, scope)
    author, signature = node.one("author"), node.one("signature")
    signed, block = local(signature.one("timestamp")), local(only(access, "blockComparisonTime"))
    when = local(author.one("timestamp")) or local(node.one("record", "timestamp"))
    released = flag(only(access, "approvedForPatient"))
    held = actor(author, "author")
    verifier = actor(signature, "signature")
    access.one("originalPatientId").keep("which numbers are one person is the population register's to say")
    for name in ("careProcessId", "lockTime"):
        access.one(name).keep("nothing that the hub shows or decides by")
    return Header(
        key=key,
        system=system,
        patient=patient,
        custody=scope.custody(
            _owner(access, ("accountableCareGiver", "accountableHealthcareProvider"), scope, "provider"),
            _owner(access, ("accountableCareUnit",), scope, "unit"),
            time_from=block.begins if block else None,
            time_to=until(block) if block else None,
            released=released,
        ),
        meta=meta(system, released, signed=bool(signed)),
        attribution=Attribution(
            author=(held or {}).get("practitioner"),
            written=when.written if when else None,
            verifier=(verifier or {}).get("practitioner"),
            signed=signed.written if signed else None,
        ),
        author=held,
    )


def business_patient(node: Node) -> Identifier | None:
    """A patient's II."""
    root, number = node.one("root").value, node.one("extension").value
    return patient_number(root, number) if root and number else None


def record_identifier(node: Node, system: str, scope: Scope) -> Identifier:
    """The id of a JoL record; one of the source system's own goes by the same system as in the older contracts.

    Raises: Unreadable: there is none.
    """
    found = business_identifier(node)
    if found is None:
        raise Unreadable("it has no record id")
    owner, _, rest = found.value.partition(":")
    if found.system == f"urn:oid:{LOCAL_ROOT}" and rest and owner.upper() == system:
        return scope.record_key(system, rest)
    return found


def actor(node: Node, name: str) -> Resource | None:
    """An Author, Actor or Signature as PractitionerRole with the id `name`; None where it says nothing."""
    if not node:
        return None
    unit = node.one("orgUnit")
    return role(
        name,
        named("Practitioner", hsa_of(node.one("id")), node.one("name").value),
        concept(node.one("byRole")),
        named("Organization", hsa_of(unit.one("id")), unit.one("name").value),
    )


def hsa_of(node: Node) -> str | None:
    """The HSA-id in an II; None, and kept aside, where it is an id of another kind."""
    if node.one("root").peek() == HSA_ROOT:
        node.one("root").value  # noqa: B018  # read: it says that the id is an HSA-id
        return hsa(node.one("extension"))
    node.keep("an id that is no HSA-id")
    return None


def _owner(access: Node, names: tuple[str, ...], scope: Scope, part: str) -> str | None:
    """Care giver or care unit: an HSA-id, or a number that the configuration places. Anything else stays unknown."""
    node = next((held for name in names if (held := only(access, name))), NOTHING)
    if node.one("root").peek() in (HSA_ROOT, "1.2.752.29.4.19"):
        node.one("root").value  # noqa: B018  # read: it says that the id is an HSA-id
        return hsa(node.one("extension"))
    place = scope.settings.places.get(node.one("extension").peek())
    if node and not place:
        node.refuse("not an HSA-id, and no place of the configuration")
    node.keep("placed by the configuration")
    return (place.provider if part == "provider" else place.unit) if place else None
