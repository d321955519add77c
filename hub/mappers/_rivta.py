"""What the RIV-TA contracts share: the answer, its records, and the PatientSummaryHeader. MAPPING 0.

A contract's mapper is `Mapper(..., map=reader(CONTRACT, build))`, where `build` turns one record into one Entry.
The header of the JoL contracts (laboratory) is read by `access_header` in `_rivta_access.py`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast, get_args
from urllib.parse import quote

from hub.errors import Issue, Unmappable
from hub.fhir.canonical import CODE_SYSTEM
from hub.fhir.custody import Custody, Purpose
from hub.fhir.identifiers import HSA_ID, Identifier
from hub.fhir.resource import Resource
from hub.mappers import Attribution, Entry, Keyed, Mapped, Settings, SourceMessage
from hub.mappers._rivta_types import (
    concept,
    extension,
    flag,
    hsa,
    local,
    logical,
    named,
    patient_number,
    until,
    written,
)
from hub.mappers._soap import envelope
from hub.mappers._tracked import NOTHING, Node, tree

_READABLE = ":/@~,+*()"
"""Kept as they are in keys."""
NOPATIENT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
UNSIGNED = {"system": f"{CODE_SYSTEM}/record-state", "code": "unsigned", "display": "Ej signerad"}


class Unreadable(ValueError):
    """One record cannot become an entry; the message says why, without data. The other records are not touched by it."""


@dataclass(frozen=True, slots=True)
class Contract:
    """One RIV-TA contract, all its versions."""

    operation: str
    """As the request's element is named: `GetCarePlans`. Also the family of its records."""
    domain: str
    """`urn:riv:…` without version."""
    record: str
    """Element of one record in the answer; all records of the answer are on this name."""
    info_type: str
    lists_all: bool = False
    """By its definition the answer is everything that holds now, so what is absent is gone."""

    def owns(self, namespace: str) -> bool:
        """Whether `namespace` is the contract's own, of whatever version; later minor ones have their own namespaces."""
        rest = namespace.removeprefix(f"{self.domain}:")
        return rest != namespace and bool(re.fullmatch(rf"(?:{self.operation}Responder:)?[0-9]+(?:\.[0-9]+)?", rest))


@dataclass(frozen=True, slots=True)
class Scope:
    """What building one record may look at besides the record."""

    contract: Contract
    message: SourceMessage
    settings: Settings

    def record_key(self, system: str, value: str, family: str = "") -> Identifier:
        """A record's identifier, which is unique only inside its source system."""
        return Identifier(f"urn:hub:rivta:{system}:{family or self.contract.operation}", value)

    def custody(self, provider: str | None, unit: str | None, **facts: object) -> Custody:
        """Custody with what the message says; what no RIV-TA header can say is as the configuration has it."""
        defaults = self.settings.defaults
        purpose = cast(Purpose, defaults.purpose) if defaults.purpose in get_args(Purpose) else None
        held = {
            "secret": defaults.secret,
            "insurance": defaults.insurance,
            "purpose": purpose,
            "incapacity": defaults.incapacity,
            "nullified": False,
        }
        return Custody(
            source=self.settings.source,
            provider=provider,
            unit=unit,
            info_type=self.contract.info_type,
            regime="SVOD",
            **(held | facts),  # type: ignore[arg-type]  # the names are Custody's own
        )


@dataclass(frozen=True, kw_only=True)
class Header:
    """What both kinds of header say of a record."""

    key: Identifier
    system: str
    """HSA-id of the source system."""
    patient: Identifier
    custody: Custody
    meta: Resource
    """`meta` of every resource of the record: source, security, tag."""
    attribution: Attribution
    author: Resource | None = None
    """Contained PractitionerRole with the id `author`."""
    encounter: Resource | None = None
    nullified_reason: str | None = None
    extensions: tuple[Resource, ...] = field(default=())

    @cached_property
    def subject(self) -> Resource:
        return logical("Patient", self.patient)

    @property
    def identifier(self) -> Resource:
        return written(self.key)

    @property
    def is_nullified(self) -> bool:
        return bool(self.custody.nullified)

    def start(self, resource_type: str, *contained: Resource | None) -> Resource:
        """The first elements of a resource of this record: its type, meta, what it contains, the reason if annulled."""
        inside = [resource for resource in contained if resource]
        begun: Resource = {"resourceType": resource_type, "meta": self.meta}
        if inside:
            begun["contained"] = inside
        if self.extensions:
            begun["extension"] = list(self.extensions)
        return begun

    def child(self, suffix: str) -> Identifier:
        """The key of another resource of the same record; a space in it would end the reference to it."""
        return Identifier(self.key.system, f"{self.key.value}#{quote(suffix, safe=_READABLE)}")

    def entry(self, *resources: Keyed, others: tuple[tuple[str, Resource], ...] = ()) -> Entry:
        """The record's entry; `others` are more agents for its Provenance."""
        held = self.attribution
        agents = Attribution(held.author, held.written, held.verifier, held.signed, held.others + others)
        return Entry(self.key, self.patient, self.custody, resources, agents)


Build = Callable[[Node, Scope], Entry]


def reader(contract: Contract, build: Build) -> Callable[[SourceMessage, Settings], Mapped]:
    """The `map` of a contract's mapper."""

    def read(message: SourceMessage, settings: Settings) -> Mapped:
        root, issues, whole = open_answer(contract, message)
        scope = Scope(contract, message, settings)
        entries: dict[Identifier, Entry] = {}
        for record in root.all(contract.record):
            try:
                entry = build(record, scope)
            except Unreadable as fault:
                record.refuse(f"the record cannot be read: {fault}", "error")
                whole = False
                continue
            if entries.get(entry.key, entry) != entry:
                record.problem("another record of the answer has the same id; the later one is used", "error")
            entries[entry.key] = entry
        mapped = Mapped(entries=tuple(entries.values()), issues=tuple(issues), complete=whole, coverage=root.coverage())
        root.release()
        return mapped

    return read


def open_answer(contract: Contract, message: SourceMessage) -> tuple[Node, list[Issue], bool]:
    """The answer's root, the list its issues will be in, and whether it is all that the source holds.

    It is all if the contract says so by its definition, or ProcessingStatus says so of every source; an answer
    without that header may be a part, newest first (FACTS 2), and an empty one proves nothing.
    Raises: Unmappable: not an answer of this contract, or a SOAP fault.
    """
    opened = envelope(message.content)
    if opened.fault:
        raise Unmappable(f"the source answered with a SOAP fault ({opened.fault})", "Body.Fault")
    if opened.operation != f"{contract.operation}Response" or not contract.owns(opened.namespace):
        raise Unmappable(f"the body is not an answer to {contract.operation}", "Body")
    issues: list[Issue] = []
    root = tree(opened.body, contract.owns, issues)
    whole = all(status.whole for status in opened.statuses) and (contract.lists_all or bool(opened.statuses))
    result = root.one("result")
    if result.one("resultCode").value == "ERROR":
        result.problem("the source says that the question failed", "error")
        whole = False
    result.keep("what the source says of the answer itself")
    return root, issues, whole


def only(node: Node, name: str) -> Node:
    """The child of that name; `NOTHING` where there are several that differ: what decides release may not be a choice."""
    held = node.all(name)
    if len(held) > 1 and len({tuple((leaf.path, leaf.peek()) for leaf in each.leaves()) for each in held}) > 1:
        for each in held:
            each.refuse("written more than once, and not alike")
        return NOTHING
    for again in held[1:]:
        again.keep("written twice alike")
    return node.one(name)


# --- PatientSummaryHeader (FACTS 6.1)


def summary_header(node: Node, scope: Scope, *, signable: bool = True) -> Header:
    """The PatientSummaryHeader of a record, in whatever order its elements stand.

    Raises: Unreadable: no document id, or no patient.
    """
    document = only(node, "documentId").value
    if not document:
        raise Unreadable("it has no documentId")
    system = hsa(only(node, "sourceSystemHSAId")) or scope.settings.system
    held = only(node, "patientId")
    number, root = held.one("id").value, held.one("type").value
    if not number or not root:
        raise Unreadable("it names no patient")
    responsible, signature = node.one("accountableHealthcareProfessional"), node.one("legalAuthenticator")
    role = professional(responsible, "author")
    signed = local(signature.one("signatureTime"))
    when = local(only(responsible, "authorTime"))
    visit = node.one("careContactId").value
    released, reason = flag(only(node, "approvedForPatient")), node.one("nullifiedReason").value
    nullified = bool(flag(only(node, "nullified")))
    return Header(
        key=scope.record_key(system, document),
        system=system,
        patient=patient_number(root, number),
        custody=scope.custody(
            hsa(only(responsible, "healthcareProfessionalCareGiverHSAId")),
            hsa(only(responsible, "healthcareProfessionalCareUnitHSAId")),
            time_from=when.begins if when else None,
            time_to=until(when) if when else None,
            released=released,
            nullified=nullified,
        ),
        meta=meta(system, released, signed=bool(signed) or not signable),
        attribution=Attribution(
            author=(role or {}).get("practitioner"),
            written=when.written if when else None,
            verifier=named(
                "Practitioner", hsa(signature.one("legalAuthenticatorHSAId")), signature.one("legalAuthenticatorName").value
            ),
            signed=signed.written if signed else None,
        ),
        author=role,
        encounter=logical("Encounter", scope.record_key(system, visit, "GetCareContacts")) if visit else None,
        nullified_reason=reason,
        extensions=(extension("nullified-reason", "String", reason),) if nullified and reason else (),
    )


def professional(node: Node, name: str) -> Resource | None:
    """A HealthcareProfessional as PractitionerRole with the id `name`, to be contained; None where it says nothing.

    The care unit, care giver and time of a header's own professional are custody's and read there.
    """
    unit = node.one("healthcareProfessionalOrgUnit")
    return role(
        name,
        named("Practitioner", hsa(node.one("healthcareProfessionalHSAId")), node.one("healthcareProfessionalName").value),
        concept(node.one("healthcareProfessionalRoleCode")),
        organisation(unit),
        _telecom(unit),
        _whereabouts(unit),
    )


def organisation(unit: Node) -> Resource | None:
    """An OrgUnit as Reference to an Organization."""
    return named("Organization", hsa(unit.one("orgUnitHSAId")), unit.one("orgUnitName").value)


def role(
    name: str,
    practitioner: Resource | None,
    code: Resource | None,
    organization: Resource | None,
    telecom: tuple[Resource, ...] = (),
    location: tuple[Resource, ...] = (),
) -> Resource | None:
    """A PractitionerRole of what is known."""
    said: Resource = {
        "practitioner": practitioner,
        "organization": organization,
        "code": [code] if code else None,
        "location": list(location),
        "telecom": list(telecom),
    }
    said = {element: value for element, value in said.items() if value}
    return {"resourceType": "PractitionerRole", "id": name} | said if said else None


def contained(held: Resource | None) -> Resource | None:
    """The Reference to a contained resource, with the name it goes by."""
    if not held:
        return None
    shown = held.get("practitioner", {}).get("display") or held.get("organization", {}).get("display")
    return {"reference": f"#{held['id']}"} | ({"display": shown} if shown else {})


def meta(system: str, released: bool | None, *, signed: bool) -> Resource:
    """`meta` of a record's resources: where it comes from, that the patient may not see it, that nobody signed it."""
    said: Resource = {"source": f"{HSA_ID}#{system}"}
    said |= {} if released else {"security": [NOPATIENT]}
    return said | ({} if signed else {"tag": [UNSIGNED]})


def _telecom(unit: Node) -> tuple[Resource, ...]:
    phone, mail = unit.one("orgUnitTelecom").value, unit.one("orgUnitEmail").value
    points = (("phone", phone), ("email", mail))
    return tuple({"system": system, "value": value} for system, value in points if value)


def _whereabouts(unit: Node) -> tuple[Resource, ...]:
    places = (unit.one("orgUnitAddress").value, unit.one("orgUnitLocation").value)
    return tuple({"display": place} for place in places if place)
