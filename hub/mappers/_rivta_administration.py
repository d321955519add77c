"""What was given of a prescribed drug (administration) as MedicationAdministration. MAPPING 2.4."""

from hub.fhir.canonical import EXTENSION
from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource
from hub.mappers import Keyed
from hub.mappers._rivta import Header, contained, professional
from hub.mappers._rivta_dose import dose_of
from hub.mappers._rivta_drug import medication
from hub.mappers._rivta_types import business_identifier, concept, local, stamped, time, written
from hub.mappers._tracked import Node

_UNKNOWN = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}


def administrations(node: Node, header: Header, order: Resource | None, ordered: Resource) -> list[Keyed]:
    """Each administration once; `order` is the Reference to what it carries out, `ordered` its drug."""
    given: dict[Identifier, Keyed] = {}
    for held in node.all("administration"):
        made = _administration(held, header, order, ordered)
        if given.get(made.key, made) != made:
            held.problem("another administration of the record has the same id; the later one is used", "error")
        given[made.key] = made
    return list(given.values())


def _administration(node: Node, header: Header, order: Resource | None, ordered: Resource) -> Keyed:
    number = business_identifier(node.one("administrationId"))
    when = _effective(node.one("administrationTime"))
    responsible = node.one("administeringHealthcareProfessional")
    performer = professional(responsible, "performer")
    recorded = stamped(f"{EXTENSION}/recorded", responsible.one("authorTime"))
    for name in ("healthcareProfessionalCareUnitHSAId", "healthcareProfessionalCareGiverHSAId"):
        responsible.one(name).keep("who holds the record, its header alone says")
    comment = node.one("administrationComment").value
    drug = medication(node.one("drug")) if node.one("drug") else ordered
    given = header.start("MedicationAdministration", performer)
    said = {
        "extension": [*header.extensions, *recorded],
        "identifier": [written(number)] if number else None,
        "status": "entered-in-error" if header.is_nullified else "completed",
        "medicationCodeableConcept": drug,
        "subject": header.subject,
        "context": header.encounter,
        "performer": [{"actor": contained(performer)}] if performer else None,
        "request": order,
        "note": [{"text": text} for text in (comment, node.one("drug", "comment").value) if text],
        "dosage": _dosage(node),
    }
    made = given | when | {name: value for name, value in said.items() if value}
    return Keyed(header.child(f"administration-{number.value if number else when}"), made)


def _effective(node: Node) -> Resource:
    """One time where start is end or only one is given, else a period, which says so where neither can be read."""
    start, end = node.one("start"), node.one("end")
    if start and end and start.peek() != end.peek():
        return {"effectivePeriod": time("start", start) | time("end", end)}
    for sent in (start, end):
        if local(sent):
            other = end if sent is start else start
            other.keep("the same time again" if other.peek() == sent.peek() else "not a time that the calendar has")
            return time("effectiveDateTime", sent)
    return {"effectivePeriod": time("start", start) | time("end", end) or _UNKNOWN}


def _dosage(node: Node) -> Resource | None:
    """Route, dose and words; a dose that nobody wrote is marked unknown, for the element must be there (mad-1)."""
    route = concept(node.one("routeOfAdministration")) or concept(node.one("drug", "drug", "routeOfAdministration"))
    node.one("drug", "drug", "routeOfAdministration").keep("the administration names its own route")
    unit = concept(node.one("drug", "dosage", "unitDose"))
    dose, words = _given(node.one("drug", "dosage", "setDosage"), unit)
    for dosage in node.one("drug").all("dosage"):
        dosage.keep("how it is to be taken, the order says")
    said = {"text": words, "route": route, "dose": dose}
    held = {name: value for name, value in said.items() if value}
    return ({"dose": _UNKNOWN} | held) if held else None


def _given(fixed: Node, unit: Resource | None) -> tuple[Resource | None, str | None]:
    """The exact dose if there is just one, and what else the dosage says, in words."""
    held = [shape for shape in fixed.children() if shape.one("dose")]
    dose = dose_of(held[0].one("dose"), unit).get("doseQuantity") if len(held) == 1 else None
    rest = [leaf for leaf in fixed.leaves() if not dose or not leaf.path.rpartition(".")[0].endswith(".dose")]
    return dose, " ".join(value for leaf in rest if (value := leaf.value)) or None
