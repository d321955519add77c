"""RIV-TA's data types as FHIR's: identifiers, codes, quantities, times, references. MAPPING 0.3.

Each function takes a `Node`, which may be absent, and gives the FHIR value or None; what cannot be used is refused on
the Node with a reason, and so counted.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from hub.fhir.canonical import EXTENSION
from hub.fhir.identifiers import (
    HSA_ID,
    PERSONNUMMER,
    ROOTS,
    SAMORDNINGSNUMMER,
    Identifier,
    hsa_id,
    number_from_source,
)
from hub.fhir.resource import Resource, reference
from hub.fhir.swedish_time import Moment, from_digits
from hub.mappers._tracked import Node
from hub.mappers._ucum import LONG, is_ucum

HSA_ROOT = "1.2.752.129.2.1.4.1"
LOCAL_ROOT = "1.2.752.129.2.1.2.1"
"""OID of ids that belong to one system: `<HSA-id of the system>:<local id>`."""
SNOMED = "http://snomed.info/sct"
SNOMED_SE = "http://snomed.info/sct/45991000052106"
ATC = "http://www.whocc.no/atc"

SYSTEMS = {
    "1.2.752.116.1.1.1.1.3": "https://www.icd10.se/",
    "1.2.752.116.1.1.1": "https://www.icd10.se/",
    "2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
    "1.2.752.116.2.1.1": SNOMED,
    "2.16.840.1.113883.6.96": SNOMED,
    "1.2.752.129.2.2.3.1.1": ATC,
    "2.16.840.1.113883.6.73": ATC,
    "1.2.40.0.34.5.156": ATC,
    "1.2.759.129.2.2.1.4": "urn:oid:1.2.752.129.2.2.1.4",
    "2.16.840.1.113883.6.1": "http://loinc.org",
}
"""OID of a code system -> the URI we emit; any other OID is `urn:oid:…`. SWEDEN.md section 6."""

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_URI = re.compile(r"(?:https?://|urn:)\S+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_PARTS = {"YYYY": 4, "YYYYMM": 6, "YYYYMMDD": 8, "YYYYMMDDhh": 10, "YYYYMMDDhhmm": 12, "YYYYMMDDhhmmss": 14}


def extension(name: str, kind: str, value: object) -> Resource:
    """One of the hub's own extensions: `extension("nullified-reason", "String", …)`."""
    return {"url": f"{EXTENSION}/{name}", f"value{kind}": value}


# --- text, truth, identifiers


def flag(node: Node) -> bool | None:
    """xs:boolean; None for nothing, and for what is neither true nor false (refused)."""
    if not node:
        return None
    said = _TRUTH.get(node.value or "")
    if said is None:
        node.refuse("neither true nor false")
    return said


def hsa(node: Node) -> str | None:
    """An HSA-id as we compare it, of whatever shape; a lone `?` is a template that nobody filled in."""
    if node.peek() == "?":
        node.refuse("a question mark is no HSA-id")
        return None
    return hsa_id(node.value)


def patient_number(root: str, value: str) -> Identifier:
    """A patient's number; a personal number under the coordination number's OID, or the reverse, goes by its day."""
    number = number_from_source(ROOTS.get(root, f"urn:oid:{root}"), value)
    if number.system in (PERSONNUMMER, SAMORDNINGSNUMMER) and len(number.value) == 12 and number.value.isdigit():
        return Identifier(SAMORDNINGSNUMMER if int(number.value[6:8]) > 60 else PERSONNUMMER, number.value)
    return number


def business_identifier(node: Node) -> Identifier | None:
    """An II: OID and extension, or a UUID alone. A root that is an HSA-id or a name of its own is the owning system."""
    root, inside = node.one("root").value, node.one("extension").value
    if root and (found := _UUID.fullmatch(root)):
        written = f"urn:uuid:{UUID(found[0])}"
        return Identifier("urn:ietf:rfc:3986", written) if inside in (None, root) else Identifier(written, inside or "")
    if root == HSA_ROOT and inside:
        return Identifier(HSA_ID, hsa_id(inside) or "")
    if root and inside and _OID.fullmatch(root):
        return Identifier(f"urn:oid:{root}", inside)
    if root and inside and _URI.fullmatch(root):
        return Identifier(root, inside)
    if root and inside:
        return Identifier(f"urn:oid:{LOCAL_ROOT}", f"{root}:{inside}")
    if node:
        node.refuse("not an identifier: neither an OID with an extension nor a UUID")
    return None


def identifier(node: Node) -> Resource | None:
    """An II as FHIR Identifier."""
    found = business_identifier(node)
    return written(found) if found else None


def written(number: Identifier) -> Resource:
    """FHIR Identifier of a business identifier."""
    return {"system": number.system, "value": number.value}


# --- references


def named(resource_type: str, hsa: str | None, display: str | None) -> Resource | None:
    """A Reference by HSA-id and name; by name alone where there is no id; None where there is neither."""
    shown = {"display": display} if display else {}
    if not hsa:
        return shown or None
    return reference(resource_type, HSA_ID, hsa) | {"identifier": {"system": HSA_ID, "value": hsa}} | shown


def logical(resource_type: str, key: Identifier, display: str | None = None) -> Resource:
    """A Reference to what has this business identifier in the same source, with the identifier for those who cannot follow."""
    return (
        reference(resource_type, key.system, key.value) | {"identifier": written(key)} | ({"display": display} if display else {})
    )


# --- codes


class CodeSystem(NamedTuple):
    """A code system as FHIR names it."""

    uri: str
    edition: str | None = None
    by_oid: str | None = None
    """As `urn:oid:…`, if it was sent as an OID."""


def code_system(sent: str) -> CodeSystem | None:
    """A code system as sent: OID, UUID or URI; None for anything else."""
    return _code_system(sent) if len(sent) <= LONG else _code_system.__wrapped__(sent)


@lru_cache(1024)
def _code_system(sent: str) -> CodeSystem | None:
    if _OID.fullmatch(sent):
        by_oid = f"urn:oid:{sent}"
        return CodeSystem(SYSTEMS.get(sent, by_oid), SNOMED_SE if sent == "1.2.752.116.2.1.1" else None, by_oid)
    if _UUID.fullmatch(sent):
        return CodeSystem(f"urn:uuid:{sent.lower()}")
    return CodeSystem(sent) if _URI.fullmatch(sent) else None


def concept(node: Node, systems: dict[str, str] | None = None) -> Resource | None:
    """A CV as CodeableConcept: the coding as we write it, then as it was sent where that differs; text beside.

    `systems` overrules the table for elements where an OID means something else.
    """
    if not node:
        return None
    code, display = node.one("code"), node.one("displayName")
    codings = _codings(node, code, display, systems or {})
    text = node.one("originalText").value or display.value
    if not codings and code:
        if text:
            code.keep("a code without a code system means nothing outside its source")
        text = text or code.value
    node.one("codeSystemName").keep("its OID names the code system")
    if codings:
        return {"coding": codings, "text": text} if text else {"coding": codings}
    return {"text": text} if text else None


def _codings(node: Node, code: Node, display: Node, systems: dict[str, str]) -> list[Resource]:
    system, version = node.one("codeSystem"), node.one("codeSystemVersion")
    sent = system.peek()
    found = code_system(sent) if sent else None
    if sent and not found:
        system.refuse("not the OID or URI of a code system")
        version.keep("the version of no code system")
    if not found or not code:
        return []
    system.value  # noqa: B018  # read: it becomes the system
    uri, edition, shown = systems.get(sent, found.uri), version.value or found.edition, display.value
    rest = {"code": code.value, "display": shown} if shown else {"code": code.value}
    emitted = {"system": uri, "version": edition, **rest} if edition else {"system": uri, **rest}
    return [emitted] if found.by_oid in (None, uri) else [emitted, {"system": found.by_oid, **rest}]


def code_of(concept: Resource | None, *systems: str) -> str | None:
    """The code that a CodeableConcept has in any of these systems."""
    codings = (concept or {}).get("coding", [])
    return next((coding["code"] for coding in codings if coding["system"] in systems), None)


# --- numbers


def decimal(node: Node) -> Decimal | None:
    """A number, digit by digit: `1,50` is 1.50. No infinities, no numbers longer than the hub keeps."""
    sent = node.value
    if sent is None:
        return None
    found = _decimal(sent) if len(sent) <= 40 else None
    if found is None:
        node.refuse("not a number")
    return found


@lru_cache(4096)
def _decimal(sent: str) -> Decimal | None:
    return Decimal(sent.replace(",", ".")) if _DECIMAL.fullmatch(sent) else None


def unit(node: Node) -> Resource:
    """The part of a Quantity that says the unit: with system and code where it is UCUM, nothing where it is empty."""
    said = node.value
    if not said:
        return {}
    return {"unit": said, "system": "http://unitsofmeasure.org", "code": said} if is_ucum(said) else {"unit": said}


def quantity(node: Node) -> Resource | None:
    """A PQ {value, unit}."""
    value = decimal(node.one("value"))
    return {"value": value} | unit(node.one("unit")) if value is not None else None


# --- times


def local(node: Node) -> Moment | None:
    """A TS of fourteen digits; refused where no calendar has it."""
    found = _moment(node.value, 14) if node else None
    if node and not found:
        node.refuse("not a time that the calendar has")
    return found


def until(moment: Moment) -> datetime:
    """The last time that a local time can mean: in the hour that comes twice, the second."""
    return moment.begins + timedelta(hours=1) if moment.doubt == "ambiguous" else moment.begins


def time(name: str, node: Node) -> Resource:
    """`{name: dateTime}` of a TS; `_name` says where the local time was odd, or keeps as text what no calendar has."""
    found = local(node)
    if found:
        return found.element(name)
    return as_text(name, node.peek()) if node else {}


def stamped(url: str, node: Node) -> list[Resource]:
    """A TS as an extension, in words where no calendar has it; an extension's own value bears no marks."""
    found = local(node)
    if found:
        return [{"url": url, "valueDateTime": found.written}]
    return [{"url": url, "valueString": node.peek()}] if node else []


def as_text(name: str, sent: str) -> Resource:
    """The element of a time that is none: its words beside it."""
    return {f"_{name}": {"extension": [extension("time-as-text", "String", sent)]}}


def day(node: Node) -> str | None:
    """A D of eight digits as FHIR date."""
    found = _moment(node.value, 8) if node else None
    if node and not found:
        node.refuse("not a day that the calendar has")
    return found.written if found else None


def partial(name: str, node: Node) -> Resource:
    """`{name: dateTime}` of a partial time {format, value}, as precise as it was sent and FHIR can write it.

    Where value and format disagree it stays text.
    """
    sent, form = node.one("value").value, (node.one("format").value or "").replace("-", "")
    if sent is None:
        return {}
    found = _moment(sent.replace("-", ""), _PARTS.get(form, 0))
    if found:
        return found.element(name)
    node.refuse("a partial time that is not as its format says")
    return as_text(name, sent)


def _moment(digits: str | None, length: int) -> Moment | None:
    if digits is None or len(digits) != length:
        return None
    try:
        return from_digits(digits)
    except ValueError:
        return None


def period(node: Node) -> Resource | None:
    """A time period {start, end}, either of which may be absent."""
    return time("start", node.one("start")) | time("end", node.one("end")) or None
