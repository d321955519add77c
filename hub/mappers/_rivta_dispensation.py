"""The prescription to a pharmacy (dispensationAuthorization) as the parts of a MedicationRequest. MAPPING 2.2.

It authorises dispensing and says nothing of whether anything was dispensed.
"""

from dataclasses import dataclass, field

from hub.fhir.canonical import EXTENSION
from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.mappers._rivta import Header, contained, professional
from hub.mappers._rivta_dosage import dosages
from hub.mappers._rivta_drug import medication
from hub.mappers._rivta_timing import duration
from hub.mappers._rivta_types import business_identifier, day, decimal, extension, time, written
from hub.mappers._tracked import Node

_NOT_REPLACED = {
    "Prescriber": "Förskrivaren har motsatt sig utbyte",
    "Patient": "Patienten har motsatt sig utbyte",
}


@dataclass(frozen=True, slots=True)
class Dispensation:
    """What a prescription says beyond the decision it is made on."""

    key: Identifier | None = None
    identifiers: list[Resource] = field(default_factory=list)
    drug: Resource | None = None
    """The prescribed drug, where it is another than the decision's; then the prescription is an order of its own."""
    route: Resource | None = None
    """Of that drug."""
    authorizer: Resource | None = None
    """PractitionerRole to be contained."""
    authored: Resource = field(default_factory=dict)
    """`{authoredOn: …}`"""
    signatura: str | None = None
    """The instruction to the patient."""
    notes: tuple[Resource, ...] = ()
    elements: Resource = field(default_factory=dict)
    """`dispenseRequest` and `substitution`."""

    @property
    def extensions(self) -> list[Resource]:
        """Who prescribed and when, for an order that has another requester."""
        who = contained(self.authorizer)
        parts: list[Resource] = [{"url": "authorizer", "valueReference": who}] * bool(who)
        if when := self.authored.get("authoredOn"):
            parts.append({"url": "authored", "valueDateTime": when})
        return [{"url": f"{EXTENSION}/prescription", "extension": parts}] if parts else []

    @property
    def agents(self) -> tuple[tuple[str, Resource], ...]:
        """For Provenance: the author of the prescription."""
        who = (self.authorizer or {}).get("practitioner")
        return (("author", who),) if who else ()


def dispensation(node: Node, header: Header, decided: Resource) -> Dispensation:
    """Read the prescription of a decision on the drug `decided`; an empty one where there is none."""
    if not node:
        return Dispensation()
    number = business_identifier(node.one("dispensationAuthorizationId"))
    responsible = node.one("dispensationAuthorizer")
    for name in ("healthcareProfessionalCareUnitHSAId", "healthcareProfessionalCareGiverHSAId"):
        responsible.one(name).keep("who holds the record, its header alone says")
    drug = medication(node.one("drug")) if node.one("drug") else decided
    return Dispensation(
        key=header.child(f"dispensation-{number.value if number else 'unnumbered'}"),
        identifiers=[{"type": {"text": "förskrivning"}} | written(number)] if number else [],
        drug=drug if drug != decided else None,
        route=next((dose["route"] for dose in dosages(node.one("drug")) if "route" in dose), None),
        authorizer=professional(responsible, "authorizer"),
        authored=time("authoredOn", responsible.one("authorTime")),
        signatura=node.one("prescriptionSignatura").value,
        notes=_notes(node),
        elements={"dispenseRequest": _request(node), "substitution": _substitution(node)},
    )


def _request(node: Node) -> Resource:
    first, until = day(node.one("firstDispensationBefore")), day(node.one("validUntil"))
    pharmacy, total = business_identifier(node.one("receivingPharmacy")), decimal(node.one("totalAmount"))
    unit = node.one("packageUnit").value
    said = {
        "extension": [extension("first-dispensation-before", "Date", first)] if first else None,
        "dispenseInterval": _interval(node),
        "validityPeriod": {"end": until} if until else None,
        "quantity": {"value": total} | ({"unit": unit} if unit else {}) if total is not None else None,
        "performer": {"identifier": written(pharmacy)} if pharmacy else None,
    }
    return {name: value for name, value in said.items() if value}


def _interval(node: Node) -> Resource | None:
    """The least time between two dispensings; None where its unit is no time (then it is a note)."""
    least = node.one("minimumDispensationInterval")
    value = decimal(least.one("value"))
    return duration(value, least.one("unit").value or "") if value is not None else None


def _substitution(node: Node) -> Resource:
    """Whether the pharmacy may replace it: it may where nobody said no."""
    said = node.one("nonReplaceable").value
    if said is None:
        return {"allowedBoolean": True}
    return {"allowedBoolean": False, "reason": {"text": _NOT_REPLACED.get(said, said)}}


def _notes(node: Node) -> tuple[Resource, ...]:
    least = node.one("minimumDispensationInterval")
    interval = " ".join(part for name in ("value", "unit") if (part := least.one(name).value))
    said = {
        "Distributionssätt": node.one("distributionMethod").value,
        "Till apoteket": node.one("dispensationAuthorizerComment").value,
        "Minsta uttagsintervall": interval if interval and not _interval(node) else None,
    }
    comment = node.one("drug", "comment").value
    titled = (f"{title}: {value}" for title, value in said.items() if value)
    return tuple({"text": text} for text in (comment, *titled) if text)
