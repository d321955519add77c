"""An entry of the access log as a FHIR AuditEvent, by the patterns of IHE's Basic Audit Log Patterns.

Read, create, update and delete of a patient's resource; a query, one event a patient; a decision by consent, permit or deny; a
privacy disclosure. What follows none of these patterns (reading the log, signing in, administration) is an event all the same.
Never counts or contents of a result; of a query the names of its parameters.
Source: https://profiles.ihe.net/ITI/BALP/1.1.3/content.html; CONSENT.md section 7.
Deviates: `agent.network` of the client is data-absent: the hub keeps no addresses of those who call. `entity.query` has the
names of a query's parameters alone: values are nobody's to log.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.fhir.resource import Resource

TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
DCM = "http://dicom.nema.org/resources/ontology/DCM"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
OUTCOME = "http://terminology.hl7.org/CodeSystem/audit-event-outcome"
BALP_ENTITY = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
BALP_AUTHZ = "https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType"
ROLE_CLASS = "http://terminology.hl7.org/CodeSystem/v3-RoleClass"
RESOURCES = "http://hl7.org/fhir/resource-types"
PROFILE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
PURPOSE = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
HSA_ID = "urn:oid:1.2.752.129.2.1.4.1"
DECISION = "-decision"
"""How the id of an entry's decision ends."""
DISCLOSURE = "-disclosure-"
"""How the id of a disclosure goes on, before its number."""
SNOMED = "http://snomed.info/sct"
ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}


@dataclass(frozen=True, slots=True)
class Pattern:
    """How an action of the log is told. `profile`: of BALP, without Patient before it; empty: none."""

    profile: str
    interaction: str
    action: str


PATTERNS: Mapping[str, Pattern] = {
    "read": Pattern("Read", "read", "R"),
    "vread": Pattern("Read", "vread", "R"),
    "history": Pattern("", "history-instance", "R"),
    "search": Pattern("Query", "search-type", "E"),
    "create": Pattern("Create", "create", "C"),
    "update": Pattern("Update", "update", "U"),
    "patch": Pattern("", "patch", "U"),
    "delete": Pattern("Delete", "delete", "D"),
    "take-in": Pattern("", "batch", "C"),
}
OTHERWISE = "E"
"""`action` of what follows no pattern."""
CODES = ("C", "R", "U", "D", "E")
"""Values of `action`. http://hl7.org/fhir/R4/valueset-audit-event-action.html"""
OUTCOMES: Mapping[str, Sequence[str]] = {"0": ("permit", "nothing"), "4": ("refuse", "nothing"), "8": ("error",), "12": ()}
"""Value of `outcome` -> outcomes of the entries that events with it are made of: an answer that holds nothing is one event, and
the decision that closed it another. http://hl7.org/fhir/R4/valueset-audit-event-outcome.html"""
PURPOSES: Mapping[str, str] = {"care": "TREAT", "quality": "HQUALIMP", "admin": "HOPERAT", "statistics": "HRESCH"}
WRITES = ("create", "update", "delete")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is told of: the entry's content, its name in the log, when it was written, and who wrote it."""

    content: Mapping[str, Any]
    id: str
    at: str
    """A FHIR instant."""
    hub: str
    """The hub's own address."""
    consents: Sequence[str] = ()
    """Ids of the consents that its decision rested on."""
    named: bool = True
    """Whether its reader may learn who it was: not of staff with protected identity."""


def audit_event(entry: Entry) -> Resource:
    """The event, without empty members."""
    content = entry.content
    action = str(content.get("action", ""))
    pattern = PATTERNS.get(action)
    patient, failed = content.get("patient", ""), content.get("outcome") in ("refuse", "error")
    profile = _profile(pattern, bool(patient)) if pattern and not failed else ""
    held: Resource = {
        "resourceType": "AuditEvent",
        "id": entry.id,
        "meta": {"profile": [f"{PROFILE}{profile}"]} if profile else {},
        "type": _coding(TYPE, "rest", "Restful Operation") if pattern else _coding(DCM, "110100", "Application Activity"),
        "subtype": [_coding(INTERACTION, pattern.interaction)] if pattern else [{"code": action}],
        "action": pattern.action if pattern else OTHERWISE,
        "recorded": entry.at,
        "outcome": "8" if content.get("outcome") == "error" else "4" if failed else "0",
        "outcomeDesc": str(content.get("reason", "")) if failed else "",
        "purposeOfEvent": _purpose(content),
        "agent": [each for each in _agents(entry, action) if each],
        "source": {"observer": {"identifier": {"value": entry.hub}}, "type": [_coding(SOURCE_TYPE, "4", "Application Server")]},
        "entity": list(_entities(content, pattern, action)),
    }
    return {name: value for name, value in held.items() if value not in ("", [], {})}


def consent_decision(entry: Entry) -> Resource:
    """The decision that an answer rested on: BALP AuthZ-Consent. `outcome` 0: permitted; 4: denied, with the rules."""
    content = entry.content
    permitted = content.get("outcome") == "permit"
    agents = [_client(entry, "110150", "Application"), *_user(entry, "search"), _unit(entry), _server(entry, BALP_AUTHZ_AGENT)]
    consents = [{"what": {"reference": f"Consent/{each}"}, "type": _coding(RESOURCES, "Consent")} for each in entry.consents]
    held: Resource = {
        "resourceType": "AuditEvent",
        "id": f"{entry.id}{DECISION}",
        "meta": {"profile": [f"{PROFILE}AuthZconsent"]} if consents and "unit" in content.get("who", {}) else {},
        "type": _coding(DCM, "110113", "Security Alert"),
        "subtype": [_coding(BALP_AUTHZ, "AuthZ-Consent")],
        "action": "E",
        "recorded": entry.at,
        "outcome": "0" if permitted else "4",
        "outcomeDesc": " ".join(content.get("rules", ())),
        "purposeOfEvent": _purpose(content),
        "agent": [each for each in agents if each],
        "source": {"observer": {"identifier": {"value": entry.hub}}},
        "entity": [*_patient(content), *consents, *_transaction(content)],
    }
    return {name: value for name, value in held.items() if value not in ("", [], {})}


def disclosure(entry: Entry, number: int, custodian: str, name: str, kinds: Sequence[str]) -> Resource:
    """What an answer disclosed of another care provider's record: BALP privacy disclosure at the source, one for each provider.

    Takes: `custodian`: the provider that released it, by HSA-id and `name`; `kinds`: the resource types.
    """
    content, patient = entry.content, list(_patient(entry.content))
    authorizer = {"type": _concept(SNOMED, "429577009", "Patient Advocate"), "requestor": False}
    held_by = {"type": _concept(SNOMED, "159541003", "Record keeping/library clerk"), "requestor": False}
    agents = [
        _server(entry, (DCM, "110153", "Source Role ID")),
        _client(entry, "110152", "Destination Role ID"),
        *_user(entry, "read"),
        _unit(entry),
        held_by | {"who": {"identifier": {"system": HSA_ID, "value": custodian}} | ({"display": name} if name else {})},
        authorizer | {"who": patient[0]["what"]} if entry.consents and patient else {},
    ]
    data = [_entity("2", "System Object", "4", {"type": kind, "display": kind}) for kind in kinds]
    held: Resource = {
        "resourceType": "AuditEvent",
        "id": f"{entry.id}{DISCLOSURE}{number}",
        "meta": {"profile": [f"{PROFILE}PrivacyDisclosure.Source"]},
        "type": _coding(DCM, "110106", "Export"),
        "subtype": [_coding(LIFECYCLE, "disclose", "Disclose Record Lifecycle Event")],
        "action": "R",
        "recorded": entry.at,
        "outcome": "0",
        "purposeOfEvent": _purpose(content),
        "agent": [each for each in agents if each],
        "source": {"observer": {"identifier": {"value": entry.hub}}, "type": [_coding(SOURCE_TYPE, "4", "Application Server")]},
        "entity": [*patient, *data, *_transaction(content)],
    }
    return {name: value for name, value in held.items() if value not in ("", [], {})}


SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
BALP_AUTHZ_AGENT = ("http://terminology.hl7.org/CodeSystem/extra-security-role-type", "authserver", "authorization server")


def _profile(pattern: Pattern, with_patient: bool) -> str:
    return f"{'Patient' if with_patient else ''}{pattern.profile}" if pattern.profile else ""


def _agents(entry: Entry, action: str) -> Iterator[Resource]:
    reading = action in ("read", "vread", "history")  # what is read flows from the server to the client; else the other way
    ends = (("110152", "Destination Role ID"), ("110153", "Source Role ID"))
    client, server = ends if reading else ends[::-1]
    yield _client(entry, *client)
    yield _server(entry, (DCM, *server))
    yield from _user(entry, action)
    yield _unit(entry)
    yield _provider(entry)


def _client(entry: Entry, code: str, display: str) -> Resource:
    who = entry.content.get("who", {})
    name = who.get("client") or who.get("subject") or "unknown"
    return {"type": _concept(DCM, code, display), "who": {"identifier": {"value": name}}, "requestor": False, "network": ABSENT}


def _server(entry: Entry, kind: tuple[str, str, str]) -> Resource:
    network = {"address": entry.hub, "type": "5"}
    return {"type": _concept(*kind), "who": {"identifier": {"value": entry.hub}}, "requestor": False, "network": network}


def _user(entry: Entry, action: str) -> Iterator[Resource]:
    who = entry.content.get("who", {})
    if "subject" not in who and "name" not in who:
        return
    kind = ("AUT", "author (originator)") if action in WRITES else ("IRCP", "information recipient")
    held: Resource = {"type": _concept(PARTICIPATION, *kind), "requestor": True}
    staff = who.get("kind") in ("clinician", "social", "reviewer")
    if entry.named:
        held["who"] = {"identifier": {"system": HSA_ID, "value": who["subject"]} if staff else {"value": who.get("subject", "")}}
        held |= {"name": who["name"]} if who.get("name") else {}
    else:
        held["who"] = {"display": "unnamed: protected identity"}
    held |= {"role": [{"text": who["role"]}]} if who.get("role") else {}
    held |= {"policy": [f"urn:hsa:commission:{who['commission']}"]} if who.get("commission") else {}
    purpose = _purpose(entry.content)
    yield held | ({"purposeOfUse": purpose} if purpose else {})


def _unit(entry: Entry) -> Resource:
    unit = entry.content.get("who", {}).get("unit")
    who = {"identifier": {"system": HSA_ID, "value": unit}}
    return {"type": _concept(ROLE_CLASS, "PROV", "healthcare provider"), "who": who, "requestor": False} if unit else {}


def _provider(entry: Entry) -> Resource:
    """The care provider, which owns the entry."""
    provider = entry.content.get("who", {}).get("provider")
    who = {"identifier": {"system": HSA_ID, "value": provider}}
    return {"type": _concept(PARTICIPATION, "RESP", "responsible party"), "who": who, "requestor": False} if provider else {}


def _entities(content: Mapping[str, Any], pattern: Pattern | None, action: str) -> Iterator[Resource]:
    yield from _patient(content)
    kind = content.get("type", "")
    if pattern and pattern.interaction == "search-type":
        named = "&".join(content.get("parameters", ()))
        query = b64encode(f"{kind}?{named}".encode()).decode()
        yield _entity("2", "System Object", "24", {}) | {"query": query}
    elif pattern:
        yield _entity("2", "System Object", "4", {"type": kind, "display": kind} if kind else {"display": action})
    yield from _transaction(content)


def _patient(content: Mapping[str, Any]) -> Iterator[Resource]:
    if content.get("patient"):
        yield _entity("1", "Person", "1", {"reference": f"Patient/{content['patient']}"})


def _transaction(content: Mapping[str, Any]) -> Iterator[Resource]:
    if content.get("request"):
        what = {"identifier": {"value": content["request"]}}
        yield {"what": what, "type": _coding(BALP_ENTITY, "XrequestId")}


def _entity(code: str, display: str, role: str, what: Resource) -> Resource:
    held = {"what": what, "type": _coding(ENTITY, code, display), "role": _coding(ROLE, role)}
    return {name: value for name, value in held.items() if value}


def _purpose(content: Mapping[str, Any]) -> list[Resource]:
    opened = content.get("details", {}).get("type") in ("emergency", "inner_emergency")
    code = "BTG" if opened else PURPOSES.get(content.get("who", {}).get("purpose", ""), "")
    return [{"coding": [_coding(PURPOSE, code)]}] if code else []


def _concept(system: str, code: str, display: str = "") -> Resource:
    return {"coding": [_coding(system, code, display)]}


def _coding(system: str, code: str, display: str = "") -> Resource:
    return {"system": system, "code": code} | ({"display": display} if display else {})
