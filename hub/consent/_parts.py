"""The parts of a FHIR Consent: codes, periods, and who is meant. A part that cannot be read in full is refused with its place."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hub.consent.grounds import CareRegime, after
from hub.directory import Directory
from hub.errors import Unprocessable
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES, hsa_id
from hub.fhir.resource import Resource
from hub.fhir.swedish_time import Moment, from_dashes, from_digits

SCOPE = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
CATEGORY = ("http://loinc.org", "59284-0")
TREATMENT = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT")
EMERGENCIES = frozenset((TREATMENT[0], code) for code in ("BTG", "ETREAT"))
"""Purposes of an emergency: the law opens then what it opens, with or without a consent."""
RECIPIENT = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")
CUSTODIAN = ("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "CST")
INFORMATION_TYPE = "urn:riv:informationsecurity:authorization:blocking:4:informationtypeidvalue"
"""Code system of `lak` and `upp` in `provision.class`."""
_SFS = "https://www.riksdagen.se/sv/dokument-och-lagar/dokument/svensk-forfattningssamling"
_SFS_BEFORE = "https://www.riksdagen.se/sv/dokument-lagar/dokument/svensk-forfattningssamling"
_ACTS: Mapping[CareRegime, str] = {
    "SVOD": "lag-2022913-om-sammanhallen-vard--och_sfs-2022-913",
    "NLL": "lag-20181212-om-nationell-lakemedelslista_sfs-2018-1212",
}
POLICY: Mapping[CareRegime, str] = {regime: f"{_SFS}/{act}/" for regime, act in _ACTS.items()}
"""The act that a consent is given under, as `policy.uri`."""
REGIME_OF: Mapping[str, CareRegime] = {
    f"{place}/{act}{slash}": regime for regime, act in _ACTS.items() for place in (_SFS, _SFS_BEFORE) for slash in ("", "/")
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who may read: everyone of a unit, or one employee of it."""

    unit: str
    employee: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What must be known besides the resource itself."""

    directory: Directory
    known: Mapping[str, Recipient] = field(default_factory=dict)
    """Literal references that the hub has resolved: `Organization/[id]`, `PractitionerRole/[id]`, `Practitioner/[id]`."""
    literal: Callable[[str, str], str | None] = lambda _kind, _hsa_id: None
    """(type, HSA-id) -> the literal reference by which data name their author; None: the directory knows no such."""
    recorded: datetime
    recorded_by: str


def only(held: Any, allowed: Iterable[str], place: str) -> Mapping[str, Any]:
    """An object with no other elements than these; ordinary extensions change no meaning, so they may stand.

    Raises: Unprocessable: any other element, among them `modifierExtension`.
    """
    if not isinstance(held, dict):
        raise Unprocessable("not an object", place)
    for name in held:
        if name not in allowed and name not in ("id", "extension"):
            raise Unprocessable("this element is not understood here, so the consent cannot be read in full", f"{place}.{name}")
    return held


def listed(held: Mapping[str, Any], name: str, place: str) -> list[Any]:
    """The repetitions of an element; none if it is absent."""
    found = held.get(name, [])
    if not isinstance(found, list):
        raise Unprocessable("not a list", f"{place}.{name}")
    return found


def coded(concept: Any, place: str) -> set[tuple[str, str]]:
    """The (system, code) pairs of a CodeableConcept."""
    codings = listed(only(concept, ("coding", "text"), place), "coding", place)
    return {coding(each, f"{place}.coding[{number}]") for number, each in enumerate(codings)}


def coding(held: Any, place: str) -> tuple[str, str]:
    """(system, code) of a Coding."""
    read = only(held, ("system", "version", "code", "display", "userSelected"), place)
    return str(read.get("system", "")), str(read.get("code", ""))


def period(held: Any, place: str) -> tuple[datetime | None, datetime | None]:
    """A FHIR Period, half-open: a date lasts to 24:00 in Sweden, an instant is included, the year 9999 means open.

    Raises: Unprocessable: no such time, a time of day without zone, or an end before the start.
    """
    read = only(held, ("start", "end"), place)
    start = _moment(read["start"], f"{place}.start").begins if "start" in read else None
    end = _last(read["end"], f"{place}.end") if "end" in read else None
    if start and end and end <= start:
        raise Unprocessable("ends before it begins", place)
    return start, end


def recipient(reference: Any, contained: Mapping[str, Resource], context: Context, place: str) -> Recipient:
    """The unit or employee that a reference names, by HSA-id or as the hub has resolved it.

    Raises: Unprocessable: it cannot be told who is meant, or the directory does not know them.
    """
    read = only(reference, ("reference", "type", "identifier", "display"), place)
    literal = read.get("reference")
    if isinstance(literal, str) and literal in context.known:
        return context.known[literal]
    if isinstance(literal, str) and literal.startswith("#") and literal[1:] in contained:
        return _of_role(contained[literal[1:]], context, place)
    if literal is not None:
        raise Unprocessable("this reference cannot be resolved", place)
    return _of_id(_hsa_id(read, place), context, place)


def actors(held: Mapping[str, Any], place: str, role: tuple[str, str]) -> list[tuple[str, Any]]:
    """(place, reference) of every actor, all of whom must have this role.

    Raises: Unprocessable: another role.
    """
    found = []
    for number, each in enumerate(listed(held, "actor", place)):
        where = f"{place}.actor[{number}]"
        actor = only(each, ("role", "reference"), where)
        if coded(actor.get("role"), f"{where}.role") != {role}:
            raise Unprocessable(f"the role must be {role[1]}", f"{where}.role")
        found.append((f"{where}.reference", actor.get("reference")))
    return found


def for_care(held: Mapping[str, Any], place: str) -> None:
    """A provision without purpose matches all; one with purposes must name care among them.

    Raises: Unprocessable: it does not.
    """
    purposes = [coding(each, f"{place}.purpose[{number}]") for number, each in enumerate(listed(held, "purpose", place))]
    if purposes and TREATMENT not in purposes:
        raise Unprocessable("the acts share data for care only", f"{place}.purpose")


def representative(held: Mapping[str, Any]) -> str:
    """Who gave it in the patient's stead; empty: the patient.

    Raises: Unprocessable: nobody, several, or neither the patient nor a RelatedPerson.
    """
    place = "Consent.performer"
    performers = listed(held, "performer", "Consent")
    if len(performers) != 1:
        raise Unprocessable("one must have given it", place)
    given = only(performers[0], ("reference", "type", "identifier", "display"), f"{place}[0]")
    literal = str(given.get("reference", ""))
    kind = str(given.get("type") or literal.split("/")[0])
    if kind == "RelatedPerson":
        return literal or "RelatedPerson"
    if kind != "Patient" or given.get("reference") != _patient(held):
        raise Unprocessable("neither the patient nor a representative", f"{place}[0]")
    return ""


def _patient(held: Mapping[str, Any]) -> Any:
    patient = held.get("patient")
    return patient.get("reference") if isinstance(patient, dict) else None


def _of_role(role: Resource, context: Context, place: str) -> Recipient:
    """A contained PractitionerRole: an employee in a unit."""
    if role.get("resourceType") != "PractitionerRole":
        raise Unprocessable("neither a unit nor an employee", place)
    only(role, ("resourceType", "practitioner", "organization"), place)
    employee, unit = (hsa_of(role.get(name), f"{place}.{name}") for name in ("practitioner", "organization"))
    if unit not in context.directory.units:
        raise Unprocessable("the directory knows no such unit", place)
    return Recipient(unit, employee)


def _of_id(found: str, context: Context, place: str) -> Recipient:
    """A unit, or an employee of exactly one unit."""
    if found in context.directory.units:
        return Recipient(found)
    employee = context.directory.staff.get(found)
    if employee is None or len(employee.units) != 1:
        raise Unprocessable("the directory knows no such unit, and no employee of just one unit", place)
    return Recipient(employee.units[0], found)


def hsa_of(reference: Any, place: str) -> str:
    """The HSA-id of a logical reference.

    Raises: Unprocessable: it has none.
    """
    read = only(reference, ("type", "identifier", "display"), place)
    return _hsa_id(read, place)


def _hsa_id(reference: Mapping[str, Any], place: str) -> str:
    identifier = reference.get("identifier")
    read = only(identifier, ("use", "type", "system", "value", "period", "assigner"), f"{place}.identifier")
    found = hsa_id(read.get("value")) if isinstance(read.get("value"), str) else None
    if read.get("system") not in (HSA_ID, HSA_ID_OF_BASE_PROFILES) or not found:
        raise Unprocessable("not an HSA-id", f"{place}.identifier")
    return found


def _last(written: Any, place: str) -> datetime | None:
    """The exclusive end that an inclusive one means; None: open."""
    if isinstance(written, str) and written.startswith("9999"):
        return None
    moment = _moment(written, place)
    return after(moment.begins) if moment.instant else moment.ends


def _moment(written: Any, place: str) -> Moment:
    """A FHIR dateTime."""
    try:
        if not isinstance(written, str) or ("T" in written and written[-1] != "Z" and written[-6] not in "+-"):
            raise ValueError
        return from_digits(written.replace("-", "")) if len(written) < 10 else from_dashes(written)
    except (ValueError, IndexError):
        raise Unprocessable("not a FHIR dateTime", place) from None
