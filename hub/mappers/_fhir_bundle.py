"""A Bundle from a FHIR server, read: its entries by name, whom they are about, and its references in our own terms."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import HubError, Issue, Unmappable
from hub.fhir import json
from hub.fhir.compiled import compiled
from hub.fhir.identifiers import HSA_ID, ROOTS, Identifier, hsa_id, is_sound
from hub.fhir.resource import Resource, reference
from hub.mappers._plain import HSA_SYSTEMS, PATIENT_SYSTEMS
from hub.mappers._rivta_types import logical, patient_number

DIRECTORY_TYPES = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService"})
"""What the directory knows by HSA-id; the source's own copies are only read for their identifiers and names."""

UNTOLD = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unsupported"}]}
"""A Reference whose link led out of the source, and that said nothing beside it."""

_NAME = re.compile(r"(?P<name>(?P<type>[A-Z][A-Za-z]{1,60})/[A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_OIDS = {uri: oid for oid, uri in ROOTS.items()}


class Unusable(ValueError):
    """One entry cannot be mapped; the message says why, without data."""


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of the Bundle."""

    place: str
    name: str
    """`Type/id` in its source."""
    resource: Resource


@dataclass(frozen=True, slots=True)
class Contents:
    """All entries of a Bundle and of the Bundles inside it."""

    found: tuple[Found, ...]
    by_name: Mapping[str, Resource]
    names: Mapping[str, str]
    """fullUrl -> name."""
    bases: frozenset[str]
    """What the server's own addresses begin with."""
    complete: bool
    """All that was asked for is here, as far as the pages tell."""

    def name_of(self, literal: str) -> str | None:
        """The name that a literal reference leads to inside the source; None: it leads elsewhere, or is a search."""
        if literal in self.names:
            return self.names[literal]
        relative = next((literal[len(base) :] for base in self.bases if literal.startswith(base)), literal)
        written = _NAME.fullmatch(relative)
        return written["name"] if written else None

    def kind_of(self, written: Any) -> str:
        """The type that a Reference leads to, as its link or its `type` says; empty where neither does."""
        held = written if isinstance(written, dict) else {}
        literal = held.get("reference")
        name = self.name_of(literal) if isinstance(literal, str) else None
        return (name or "").partition("/")[0] or str(held.get("type") or "")


def read(content: bytes) -> tuple[Contents, list[Issue]]:
    """Read a Bundle: searchset or collection, or a batch-response of such pages.

    Raises: Unmappable: not a Bundle in JSON, or over a cap.
    """
    try:
        bundle = json.loads_untrusted(content)
    except HubError as fault:
        raise Unmappable(fault.problem, "body") from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise Unmappable("not a Bundle", "body")
    issues: list[Issue] = []
    found: list[Found] = []
    names: dict[str, str] = {}
    bases: set[str] = set()
    for place, entry in _entries(bundle, "Bundle"):
        resource, url = entry["resource"], entry.get("fullUrl")
        url = url if isinstance(url, str) else ""
        name = _name(resource, url)
        if name is None:
            issues.append(Issue(place, "has neither a type and id nor a urn:uuid", "error", "structure"))
            continue
        found.append(Found(place, name, resource))
        if url:
            names[url] = name
        if url.startswith(("http://", "https://")) and url.endswith("/" + name):
            bases.add(url[: -len(name)])
    by_name = {each.name: each.resource for each in found}
    return Contents(tuple(found), by_name, names, frozenset(bases), _is_complete(bundle, found)), issues


def _entries(bundle: Resource, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every entry with a resource that is no Bundle, with its place."""
    for number, entry in enumerate(_list(bundle.get("entry")), 1):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        where = f"{place}.entry[{number}]"
        if resource.get("resourceType") == "Bundle":
            yield from _entries(resource, where)
        else:
            yield where, entry


def _is_complete(bundle: Resource, found: list[Found]) -> bool:
    """The last page has no next one, and no OperationOutcome says that something is wrong or missing.

    Of pages in order only the last may lack the next one: a page without such a link ends its search.
    """
    inner = [entry.get("resource") for entry in _list(bundle.get("entry")) if isinstance(entry, dict)]
    pages = [page for page in inner if isinstance(page, dict) and page.get("resourceType") == "Bundle"] or [bundle]
    links = _list(pages[-1].get("link"))
    outcomes = [each.resource for each in found if each.resource["resourceType"] == "OperationOutcome"]
    said = {severity for outcome in outcomes for severity in compiled("issue.severity")(outcome)}
    return said <= {"information"} and not any(isinstance(link, dict) and link.get("relation") == "next" for link in links)


def _name(resource: Resource, url: str) -> str | None:
    kind, held = resource.get("resourceType"), resource.get("id")
    if not isinstance(kind, str) or not kind.isalpha():
        return None
    if isinstance(held, str) and _ID.fullmatch(held):
        return f"{kind}/{held}"
    if kind == "OperationOutcome":
        return f"{kind}/-"
    return f"{kind}/{url[9:]}" if url.startswith("urn:uuid:") and _ID.fullmatch(url[9:]) else None


# --- whom


def patient_of(resource: Resource, contents: Contents, asked: Identifier | None) -> Identifier:
    """The one patient that a resource is about, by number.

    Raises: Unusable: none, several, one whose number cannot be known, or two numbers that disagree.
    """
    numbers = {_number(each, resource, contents, asked) for each in _patients(resource)}
    if len(numbers) != 1:
        raise Unusable("is about no patient" if not numbers else "is about more than one patient")
    (number,) = numbers
    if not is_sound(number):
        raise Unusable("the patient's number has a wrong form or check digit")
    return number


def _patients(resource: Resource) -> Iterator[Resource]:
    """The References that say whom it is about."""
    if resource["resourceType"] == "Appointment":
        yield from (actor for actor in compiled("participant.actor")(resource) if _is_patient(actor))
    else:
        yield from (each for path in ("subject", "patient") for each in compiled(path)(resource) if isinstance(each, dict))


def _is_patient(actor: Any) -> bool:
    if not isinstance(actor, dict):
        return False
    held = actor.get("identifier")
    number = identifier(held) if isinstance(held, dict) else None
    literal = actor.get("reference")
    by_name = isinstance(literal, str) and "Patient/" in literal
    return actor.get("type") == "Patient" or by_name or bool(number and number.system in PATIENT_SYSTEMS)


def _number(written: Resource, resource: Resource, contents: Contents, asked: Identifier | None) -> Identifier:
    held = written.get("identifier")
    own = identifier(held) if isinstance(held, dict) else None
    included = _numbers(_patient(written.get("reference"), resource, contents))
    if own and included and own not in included:
        raise Unusable("the patient's number and the patient referred to disagree")
    chosen = own or (asked if asked in included else next(iter(included), None))
    if chosen is None:
        raise Unusable("the patient's number cannot be known")
    return chosen


def _patient(literal: Any, resource: Resource, contents: Contents) -> Resource | None:
    """The Patient resource that a literal reference leads to, contained or in the Bundle."""
    if not isinstance(literal, str):
        return None
    if literal.startswith("#"):
        inside = (each for each in _list(resource.get("contained")) if isinstance(each, dict))
        found = next((each for each in inside if each.get("id") == literal[1:]), None)
    else:
        found = contents.by_name.get(contents.name_of(literal) or "")
    return found if found and found.get("resourceType") == "Patient" else None


def _numbers(patient: Resource | None) -> list[Identifier]:
    """The numbers of a Patient, national ones first."""
    found = [number for each in compiled("identifier")(patient) if (number := identifier(each))] if patient else []
    return sorted(found, key=lambda number: number.system not in PATIENT_SYSTEMS)


def identifier(written: Any) -> Identifier | None:
    """A FHIR Identifier as ours; personal numbers and HSA-ids in the one way that they are compared."""
    system, value = (written.get("system"), written.get("value")) if isinstance(written, dict) else (None, None)
    if not isinstance(system, str) or not isinstance(value, str) or not value.strip():
        return None
    oid = _OIDS.get(system) or system.removeprefix("urn:oid:")
    if oid in ROOTS:
        return patient_number(oid, value)
    return Identifier(HSA_ID, hsa_id(value) or "") if system in HSA_SYSTEMS else Identifier(system, value)


# --- references


@dataclass(frozen=True, slots=True)
class Terms:
    """In whose terms the references of one resource are written."""

    contents: Contents
    taken: frozenset[str]
    """Types that become resources of the hub."""
    system: str
    """Of the names of this source."""
    patient: Identifier
    asked: Identifier | None

    def rewritten(self, value: Any) -> Any:
        """`value` with every Reference inside it in our terms; all else as it was."""
        if isinstance(value, list):
            return [self.rewritten(each) for each in value]
        if not isinstance(value, dict):
            return value
        inner = {name: self.rewritten(each) for name, each in value.items()}
        return self._reference(inner) if isinstance(value.get("reference"), str) else inner

    def _reference(self, written: Resource) -> Resource:
        """By business identifier where there is one; a link out of the source becomes what it says beside the link."""
        literal = written["reference"]
        if literal.startswith("#"):
            return written
        rest = {name: value for name, value in written.items() if name != "reference"}
        name = self.contents.name_of(literal)
        kind = (name or "").partition("/")[0]
        if kind == "Patient" or (name is None and written.get("type") == "Patient"):
            return self._about(written, rest)
        if kind in DIRECTORY_TYPES:
            return _of_directory(kind, self.contents.by_name.get(name or ""), rest, self.contents)
        if kind in self.taken and name:
            return reference(kind, self.system, name) | rest
        return rest or ({"type": kind} if kind else UNTOLD)

    def _about(self, written: Resource, rest: Resource) -> Resource:
        """The entry's own patient by number; another patient without a link."""
        own = identifier(rest.get("identifier"))
        numbers = [own] if own else _numbers(_patient(written["reference"], {}, self.contents))
        if self.patient not in numbers:
            return rest or {"type": "Patient"}
        return rest | logical("Patient", self.patient)


def _of_directory(kind: str, found: Resource | None, rest: Resource, contents: Contents) -> Resource:
    """By HSA-id, its own or its role's person's; else by the source's identifier; with the name for the eye."""
    if kind == "PractitionerRole" and found:
        person = found.get("practitioner")
        literal = person.get("reference") if isinstance(person, dict) else None
        name = contents.name_of(literal) if isinstance(literal, str) else None
        known = contents.by_name.get(name or "") or {"identifier": [(person or {}).get("identifier")], "name": person}
        return _of_directory("Practitioner", known, {k: v for k, v in rest.items() if k != "type"}, contents)
    display = rest.get("display") or _shown(found)
    shown = {"display": display} if display else {}
    held = [each for each in (rest.get("identifier"), *compiled("identifier")(found or {})) if isinstance(each, dict)]
    hsa = next((number.value for each in held if (number := identifier(each)) and number.system == HSA_ID), None)
    if hsa:
        return rest | reference(kind, HSA_ID, hsa) | {"identifier": {"system": HSA_ID, "value": hsa}} | shown
    return (rest | ({"identifier": held[0]} if held else {}) | shown) or {"type": kind}


def hsa_of(written: Any, contents: Contents) -> str | None:
    """The HSA-id that a Reference leads to."""
    literal = written.get("reference") if isinstance(written, dict) else None
    name = contents.name_of(literal) if isinstance(literal, str) else None
    found = _of_directory(
        "Organization", contents.by_name.get(name or ""), written if isinstance(written, dict) else {}, contents
    )
    number = identifier(found.get("identifier"))
    return number.value if number and number.system == HSA_ID else None


def _shown(found: Resource | None) -> str | None:
    """The name of a person, organization or place."""
    name = (found or {}).get("name")
    name = name[0] if isinstance(name, list) and name else name
    if isinstance(name, str):
        return name
    if not isinstance(name, dict):
        return None
    given = [part for part in _list(name.get("given")) if isinstance(part, str)]
    whole = name.get("text") or name.get("display") or " ".join([*given, str(name.get("family") or "")]).strip()
    return whole if isinstance(whole, str) and whole else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
