"""The parts of a person as the population register sends them: name, addresses, points of contact, marital status."""

import re
from collections.abc import Sequence

from hub.fhir.resource import Resource
from hub.fhir.swedish_time import from_dashes
from hub.mappers._rivta_types import SNOMED, SNOMED_SE, partial
from hub.mappers._tracked import Node

_BASE = "http://hl7.se/fhir/ig/base/StructureDefinition"
_QUALIFIER = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-qualifier"
_HL7_MARITAL = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
_SE_MARITAL = "http://hl7.se/fhir/ig/base/CodeSystem/se-base-marital-status"
_MARITAL = {
    "G": (_HL7_MARITAL, "M", "Gift"),
    "OG": (_HL7_MARITAL, "U", "Ogift"),
    "S": (_HL7_MARITAL, "D", "Skild"),
    "Ä": (_HL7_MARITAL, "W", "Änka/änkling"),
    "RP": (_SE_MARITAL, "RP", "Registrerad partner"),
    "SP": (_SE_MARITAL, "SP", "Skild partner"),
    "EP": (_SE_MARITAL, "EP", "Efterlevande partner"),
}
_ADDRESSES = (
    ("residentialAddress", "63381000052101", "folkbokföringsadress", "home"),
    ("specialPostalAddress", "63391000052104", "särskild postadress", None),
    ("addressAbroad", "63401000052101", "utlandsadress", None),
    ("givenAddress", "63411000052104", "uppgiven adress", "temp"),
)
"""Element, SNOMED CT SE code and name of the kind, FHIR use."""
_USES = (("mobil", "mobile"), ("arbete", "work"), ("hem", "home"))
"""A word in the kind of a point of contact -> FHIR use; the contract prints no list of kinds."""


def partial_day(node: Node) -> str | None:
    """A partial date {format, value} as FHIR date."""
    return partial("day", node).get("day")


def full_name(node: Node) -> Resource | None:
    """HumanName: given names with the one in daily use marked, middle name in HL7 Sweden's extension."""
    given, middle, family = (node.one(part, "name").value for part in ("givenName", "middleName", "surname"))
    called = node.one("givenNameIndicator").value or ""
    node.keep("how the name is printed on letters, and how sure its parts are")
    if not (given or middle or family):
        return None
    words = (given or "").split()
    marks = [{"extension": [{"url": _QUALIFIER, "valueCode": "CL"}]} if used else None for used in _in_use(words, called)]
    name: Resource = {
        "extension": [{"url": f"{_BASE}/SEBaseMiddleNameExtension", "valueString": middle}] if middle else None,
        "use": "official",
        "text": " ".join(part for part in (given, middle, family) if part),
        "family": family,
        "given": words,
        "_given": marks if any(marks) else None,
    }
    return {element: value for element, value in name.items() if value}


def _in_use(words: list[str], indicator: str) -> list[bool]:
    """Which given names are in daily use. The indicator numbers the parts from 1, and a hyphen parts too: 12 in Karl-Erik."""
    used = {int(digit) for digit in indicator if digit in "123456789"}
    place, found = 0, []
    for word in words:
        parts = len(re.findall(r"[^-]+", word))
        found.append(bool(used & set(range(place + 1, place + parts + 1))))
        place += parts
    return found


def addresses(node: Node) -> list[Resource]:
    """Each address with its kind."""
    for name in ("nationalKeys", "district"):
        node.one(name).keep("keys of land and property are not shown")
    found = ((_address(node.one(element)), code, display, use) for element, code, display, use in _ADDRESSES)
    return [_of_kind(address, code, display, use) for address, code, display, use in found if address]


def _of_kind(address: Resource, code: str, display: str, use: str | None) -> Resource:
    coding = {"system": SNOMED, "version": SNOMED_SE, "code": code, "display": display}
    kind = {"url": f"{_BASE}/SEBaseAddressPersonExtension", "valueCodeableConcept": {"coding": [coding]}}
    return {"extension": [kind]} | ({"use": use} if use else {}) | address


def _address(node: Node) -> Resource | None:
    """Lines, postal code of five digits (the contract sends a number), city, country; c/o is a line."""
    care_of, code = node.one("careOf").value, node.one("postalCode").value
    if care_of and not care_of.lower().startswith("c/o"):
        care_of = f"c/o {care_of}"
    lines = [care_of, *(node.one(f"postalAddress{number}").value for number in (1, 2, 3))]
    node.one("addressAbroadDate").keep("since when is not shown")
    node.one("votingDate").keep("not for care")
    address: Resource = {
        "line": [line for line in lines if line],
        "city": node.one("city").value,
        "postalCode": code.zfill(5) if code and code.isdigit() else code,
        "country": node.one("countryCode").value,
    }
    return {element: value for element, value in address.items() if value} or None


def telecoms(nodes: Sequence[Node]) -> list[Resource]:
    """Points of contact that the person gave."""
    return [found for node in nodes if (found := _telecom(node))]


def _telecom(node: Node) -> Resource | None:
    value, rank, kind = node.one("value").value, node.one("rank").value, (node.one("contactType").value or "").lower()
    if not value:
        node.keep("a point of contact without a number or address")
        return None
    for name in ("use", "comment", "digitalNotification"):
        node.one(name).keep("the register's own mark on a point of contact")
    days = {name: day for name in ("start", "end") if (day := _plain_day(node.one("period", name)))}
    point: Resource = {
        "system": "email" if "@" in value or "mail" in kind or "e-post" in kind else "phone",
        "value": value,
        "use": next((use for word, use in _USES if word in kind), None),
        "rank": int(rank) if rank and rank.isascii() and rank.isdigit() and int(rank) else None,
        "period": days,
    }
    return {element: said for element, said in point.items() if said}


def _plain_day(node: Node) -> str | None:
    """xs:date, perhaps with a zone, which a day does not need."""
    sent = node.value
    if sent is None:
        return None
    try:
        return from_dashes(sent[:10]).written
    except ValueError:
        node.refuse("not a day that the calendar has")
        return None


def contacts(nodes: Sequence[Node]) -> list[Resource]:
    """Those whom the person wants to be reached through."""
    return [found for node in nodes if (found := _contact(node))]


def _contact(node: Node) -> Resource | None:
    given, middle, family = (node.one(part).value for part in ("givenName", "middleName", "surName"))
    kind = node.one("contactRelationshipType").value
    node.one("priorityOrder").keep("the order of the list says it")
    name: Resource = {"text": " ".join(part for part in (given, middle, family) if part)}
    name |= ({"family": family} if family else {}) | ({"given": given.split()} if given else {})
    said: Resource = {
        "relationship": [{"text": kind}] if kind else None,
        "name": name if name["text"] else None,
        "telecom": telecoms(node.all("contactPersonContactInformation")),
        "address": _address(node.one("contactPersonAddress")),
    }
    return {element: value for element, value in said.items() if value} or None


def marital_status(node: Node) -> Resource | None:
    """Civilstånd in HL7 Sweden's value set; the register's own letters stay as text where it has none."""
    code = node.one("maritalStatusCode").value
    node.one("maritalStatusDate").keep("since when is not shown")
    if code is None:
        return None
    if code not in _MARITAL:
        return {"text": code}
    system, emitted, display = _MARITAL[code]
    return {"coding": [{"system": system, "code": emitted, "display": display}], "text": display}
