"""RIV-TA GetCareContacts 3.0 -> Encounter. MAPPING 5."""

from hub.fhir.resource import Resource
from hub.mappers import Entry, Keyed, Mapper
from hub.mappers._rivta import Contract, Header, Scope, contained, organisation, reader, summary_header
from hub.mappers._rivta_types import SNOMED, code_of, concept, extension, local, period
from hub.mappers._tracked import Node

CONTRACT = Contract("GetCareContacts", "urn:riv:clinicalprocess:logistics:logistics", "careContact", "vko")

STATUSES = {
    "53631000052103": "planned",  # tidbokad
    "53701000052102": "planned",  # på väntelista
    "53651000052107": "in-progress",  # pågående
    "53681000052104": "onleave",  # permission
    "53671000052101": "finished",  # avslutad
    "53641000052109": "cancelled",  # inställd
    "53691000052102": "entered-in-error",  # makulerad
}
BROKEN_OFF, WAITING = "53661000052105", "53701000052102"
WORDS = {
    "ej påbörjad": "planned",
    "planerad": "planned",
    "tidbokad": "planned",
    "på väntelista": "planned",
    "pågående": "in-progress",
    "permission": "onleave",
    "avslutad": "finished",
    "inställd": "cancelled",
    "makulerad": "entered-in-error",
}
"""Statuses that come as a word alone."""
CLASSES = (
    ("hembesök", "HH", "home health"),
    ("telefon", "VR", "virtual"),
    ("video", "VR", "virtual"),
    ("distans", "VR", "virtual"),
    ("brev", "VR", "virtual"),
    ("sluten", "IMP", "inpatient encounter"),
    ("vårdtillfälle", "IMP", "inpatient encounter"),
    ("inskriv", "IMP", "inpatient encounter"),
    ("besök", "AMB", "ambulatory"),
    ("öppen", "AMB", "ambulatory"),
    ("dagsjukvård", "AMB", "ambulatory"),
)
"""The first word found in the kind of contact -> v3-ActCode. KV Vårdkontakttyp itself is not at hand: its words decide."""


def build(record: Node, scope: Scope) -> Entry:
    """One care contact."""
    header = summary_header(record.one("careContactHeader"), scope, signable=False)
    body = record.one("careContactBody")
    kind, said = concept(body.one("careContactCode")), concept(body.one("careContactStatus"))
    when, place = body.one("careContactTimePeriod"), _place(body.one("careContactOrgUnit"))
    of_class, reason = _class(kind), body.one("careContactReason").value
    body.one("additionalPatientInformation").keep("the population register says this of a person")
    visit = header.start("Encounter", header.author, place) | {
        "identifier": [header.identifier],
        "status": _status(header, said, when),
        "class": of_class,
        "type": [kind] * bool(kind) + [{"text": "På väntelista"}] * (_code(said) == WAITING),
        "subject": header.subject,
        "participant": _participant(header),
        "period": _period(when, of_class["code"]),
        "reasonCode": [{"extension": [extension("words-of-the-patient", "Boolean", True)], "text": reason}] if reason else None,
        "location": [{"location": {"reference": "#place"}}] if place else None,
        "serviceProvider": organisation(body.one("careContactOrgUnit")),
    }
    if said:
        visit["extension"] = [*header.extensions, extension("care-contact-status", "CodeableConcept", said)]
    return header.entry(Keyed(header.key, {name: value for name, value in visit.items() if value}))


def _code(said: Resource | None) -> str | None:
    """The status as a SNOMED code, also where the code system was left out."""
    text = (said or {}).get("text", "")
    return code_of(said, SNOMED) or (text if text in STATUSES or text == BROKEN_OFF else None)


def _status(header: Header, said: Resource | None, when: Node) -> str:
    if header.is_nullified:
        return "entered-in-error"
    code = _code(said)
    if code == BROKEN_OFF:
        return "finished" if when.one("start") else "unknown"
    if code:
        return STATUSES.get(code, "unknown")
    return WORDS.get((said or {}).get("text", "").strip().lower(), "unknown")


def _class(kind: Resource | None) -> Resource:
    words = " ".join([(kind or {}).get("text", ""), *(c.get("display", "") for c in (kind or {}).get("coding", []))]).lower()
    for word, code, display in CLASSES:
        if word in words:
            return {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code, "display": display}
    return {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK", "display": "unknown"}


def _period(when: Node, of_class: str) -> Resource | None:
    """Start and end; outside inpatient care an end that equals the start says a point in time, not a stay of no length."""
    start, end = local(when.one("start")), local(when.one("end"))
    found = period(when) or {}
    if start and end and start == end and of_class != "IMP":
        found = {name: value for name, value in found.items() if name not in ("end", "_end")}
    return found or None


def _participant(header: Header) -> list[Resource] | None:
    individual = contained(header.author)
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "ATND", "display": "attender"}
    return [{"type": [{"coding": [kind]}], "individual": individual}] if individual else None


def _place(unit: Node) -> Resource | None:
    """Where it took place, as a Location to be contained."""
    points = (("phone", unit.one("orgUnitTelecom").value), ("email", unit.one("orgUnitEmail").value))
    address = unit.one("orgUnitAddress").value
    said: Resource = {
        "name": unit.one("orgUnitName").value,
        "description": unit.one("orgUnitLocation").value,
        "telecom": [{"system": system, "value": value} for system, value in points if value],
        "address": {"text": address} if address else None,
    }
    said = {name: value for name, value in said.items() if value}
    return {"resourceType": "Location", "id": "place"} | said if said else None


RIVTA_CARE_CONTACTS = Mapper(
    "rivta_care_contacts", CONTRACT.operation, reader(CONTRACT, build), CONTRACT.info_type, frozenset({"Encounter"})
)
