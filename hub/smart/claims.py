"""Verified claims -> Caller: which kind, under which commission, with which scopes. Doubt denies.

Source: IHE IUA (`ihe_iua`), Inera's IdP (`se_hsa`); `reference/SWEDEN.md` section 7.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from hub import scopes
from hub.caller import Caller, Kind, PurposeOfCommission, Scope, SmartScope
from hub.directory import Directory
from hub.errors import Forbidden
from hub.fhir.identifiers import PERSONNUMMER, ROOTS, SAMORDNINGSNUMMER, Identifier, InvalidNumber, is_sound, personal_number
from hub.tokens import Claims, TokenError

LEVELS = re.compile(r"(?:http://id\.sambi\.se/loa/loa|http://id\.elegnamnden\.se/loa/1\.0/loa)?([1-4])", re.ASCII)
EIDAS = {f"http://eidas.europa.eu/LoA/{name}": level for name, level in (("low", 2), ("substantial", 3), ("high", 4))}
PURPOSES: Mapping[str, PurposeOfCommission] = {
    "vård och behandling": "care",
    "kvalitetssäkring": "quality",
    "kvalitetsregister": "quality",
    "administration": "admin",
    "tillsyn och utvärdering": "admin",
    "statistik": "statistics",
}
"""Commission purpose (code system 1.2.752.29.23.1.100), in lower case; any other gives `none`."""
LOG_ADMINISTRATOR = "BIF;Loggadministratör"
BLOCK_ADMINISTRATOR = "BIF;Spärradministratör"
WIDTH: tuple[Scope, ...] = ("VE", "VG", "SJF")
ROLES = {
    "LK": "physician",
    "TL": "dentist",
    "SJ": "nurse",
    "BM": "midwife",
    "DT": "dietitian",
    "AP": "pharmacist",
    "RC": "pharmacist",
    "PS": "psychologist",
    "FT": "physiotherapist",
    "SG": "physiotherapist",
    "AT": "occupational_therapist",
}
"""Licensed profession (1.2.752.116.3.1.3) -> role; the first that a person holds counts."""
TITLES = {"undersköterska": "assistant_nurse"}
"""Roles without a licence, by the title in the token or the directory."""
GUARDIANS = frozenset({"GUARD", "GUADLTM"})
AGENTS = frozenset({"AGNT", "HPOWATT", "DPOWATT", "POWATT"})
"""Codes of http://terminology.hl7.org/CodeSystem/v3-RoleClass and v3-RoleCode that a RelatedPerson's `subject_role` may hold."""
CONTEXTS: Mapping[Kind, frozenset[str]] = {
    **dict.fromkeys(cast(tuple[Kind, ...], ("clinician", "social", "reviewer")), frozenset({"user"})),
    **dict.fromkeys(cast(tuple[Kind, ...], ("patient", "guardian", "agent")), frozenset({"patient", "user"})),
    **dict.fromkeys(cast(tuple[Kind, ...], ("system", "technician")), frozenset({"system"})),
}
"""The scope contexts that mean something for each kind: the rest grant nothing, since the hub keeps no launch context."""

_RESOURCE = re.compile(
    r"(?:https?://[^\s?#]+/)?(Patient|RelatedPerson|Practitioner|PractitionerRole)/[A-Za-z0-9.-]{1,64}", re.ASCII
)
_CX = re.compile(r"([^|^&]+)\^\^\^&([0-9.]+)&ISO", re.ASCII)
_PERSONAL = re.compile(r"([0-9]{2})?([0-9]{6})[-+]?([0-9]{4})", re.ASCII)


def caller_of(claims: Claims, clients: Mapping[str, str], directory: Directory) -> Caller:
    """Who is calling.

    Takes: claims as `hub.tokens.verify` gives them; client id -> source of each registered system client.
    Raises: TokenError: a claim is missing or of the wrong kind. Forbidden: commission, person or scope does not hold.
    """
    extensions = _member(claims, "extensions")
    hsa, iua = _member(extensions, "se_hsa"), _member(extensions, "ihe_iua")
    if hsa:
        said = _employee(hsa, iua, directory)
    elif _text(iua, "person_id"):
        said = _person(claims, iua)
    else:
        said = _machine(claims, clients)
    said.setdefault("loa", _level(_text(claims, "acr")))
    return Caller(
        **said,
        client=_opaque(_needed(claims, "client_id")),
        issuer=_needed(claims, "iss"),
        name=_text(iua, "subject_name")[:120],
        smart=_smart(_text(claims, "scope"), said["kind"]),
        token_id=_needed(claims, "jti"),
    )


def _employee(hsa: Mapping[str, Any], iua: Mapping[str, Any], directory: Directory) -> dict[str, Any]:
    roles = _texts(hsa, "systemRoles")
    employee = _needed(hsa, "employeeHsaId").upper()
    commission = _text(hsa, "commissionHsaId").upper()
    purpose = PURPOSES.get(_text(hsa, "commissionPurpose").casefold(), "none") if commission else "none"
    unit, provider = _place(hsa, directory) if commission else ("", "")
    social = directory.is_social(unit)
    kind = "reviewer" if purpose != "care" and LOG_ADMINISTRATOR in roles else "social" if social else "clinician"
    return {
        "kind": kind,
        "subject": employee,
        "purpose": purpose,
        "scope": _reach(_texts(hsa, "commissionRights"), required=purpose == "care"),
        "commission": commission,
        "provider": provider,
        "unit": unit,
        "social_unit": social,
        "role": _role(hsa, iua, employee, directory),
        "officer": purpose == "care" and BLOCK_ADMINISTRATOR in roles,
        "block_administrator": purpose == "admin" and BLOCK_ADMINISTRATOR in roles,
    }


def _place(hsa: Mapping[str, Any], directory: Directory) -> tuple[str, str]:
    unit, provider = _text(hsa, "healthCareUnitHsaId").upper(), _text(hsa, "healthCareProviderHsaId").upper()
    if not provider or directory.provider_of(unit) != provider:
        raise Forbidden("the commission's unit does not belong to its care provider in the directory", "extensions.se_hsa")
    return unit, provider


def _reach(rights: tuple[str, ...], required: bool) -> Scope:
    """How far the right to read everything goes; rights to read one class of information only do not count."""
    split = [tuple(part.strip().casefold() for part in right.split(";")) for right in rights]
    held = [width for width in WIDTH if ("läsa", "alla", width.casefold()) in split]
    if required and not held:
        raise Forbidden("the commission gives no right to read", "extensions.se_hsa.commissionRights")
    return held[-1] if held else "VE"


def _role(hsa: Mapping[str, Any], iua: Mapping[str, Any], employee: str, directory: Directory) -> str:
    licences = _texts(hsa, "licences")
    role = next((role for code, role in ROLES.items() if code in licences), "")
    if role == "nurse" and _text(hsa, "personalPrescriptionCode"):
        return "prescribing_nurse"
    registered = directory.staff.get(employee)
    titles = (*_codes(iua), registered.title if registered else "")
    return role or next((TITLES[title.casefold()] for title in titles if title.casefold() in TITLES), "")


def _person(claims: Claims, iua: Mapping[str, Any]) -> dict[str, Any]:
    found = _RESOURCE.fullmatch(_text(claims, "fhirUser"))
    kind = {"Patient": "patient", "RelatedPerson": _related(iua)}.get(found[1] if found else "")
    if not kind:
        raise Forbidden("the token does not say whether the person is patient, guardian or agent", "fhirUser")
    return {"kind": kind, "subject": _opaque(_needed(claims, "sub")), "person": str(_number(_text(iua, "person_id")))}


def _related(iua: Mapping[str, Any]) -> str:
    codes = {code.upper() for code in _codes(iua)}
    return "guardian" if codes & GUARDIANS else "agent" if codes & AGENTS else ""


def _machine(claims: Claims, clients: Mapping[str, str]) -> dict[str, Any]:
    """Without a person: a registered client speaks for its source, at level 3 by its registered key; any other sees nothing."""
    client, subject = _needed(claims, "client_id"), _opaque(_needed(claims, "sub"))
    if client == subject and client in clients and not _text(claims, "fhirUser"):
        return {"kind": "system", "subject": subject, "source": clients[client], "loa": 3}
    return {"kind": "technician", "subject": subject}


def _smart(text: str, kind: Kind) -> frozenset[SmartScope]:
    return frozenset(scope for scope in scopes.parse(text) if scope.context in CONTEXTS.get(kind, frozenset()))


def _level(acr: str) -> int:
    found = LEVELS.fullmatch(acr)
    return int(found[1]) if found else EIDAS.get(acr, 0)


def _number(written: str) -> Identifier:
    """A person's own number: `system|value`, `value^^^&oid&ISO` (IUA), or twelve digits."""
    system, bar, value = written.rpartition("|")
    composite = _CX.fullmatch(written)
    if composite:
        system, value = ROOTS.get(composite[2], f"urn:oid:{composite[2]}"), composite[1]
    elif not bar:
        system = PERSONNUMMER
    try:
        number = personal_number(value, date.max) if not bar and not composite and len(value) == 12 else Identifier(system, value)
    except InvalidNumber:
        raise Forbidden("the token's person_id is not a sound number", "extensions.ihe_iua.person_id") from None
    if not is_sound(number):
        raise Forbidden("the token's person_id is not a sound number", "extensions.ihe_iua.person_id")
    return number


def _opaque(subject: str) -> str:
    """A subject or client as it may be logged. Raises: Forbidden: it is, or ends in, a personal number."""
    if any(_is_personal(part) for part in re.split(r"[|:/]", subject)):
        raise Forbidden("the token names its subject or client by a personal number", "sub")
    return subject


def _is_personal(text: str) -> bool:
    found = _PERSONAL.fullmatch(text)
    if not found:
        return False
    written = [f"{century}{found[2]}{found[3]}" for century in ((found[1],) if found[1] else ("18", "19", "20"))]
    return any(is_sound(Identifier(system, value)) for value in written for system in (PERSONNUMMER, SAMORDNINGSNUMMER))


def _codes(iua: Mapping[str, Any]) -> tuple[str, ...]:
    """`subject_role` is a code, a coding, or a list of either."""
    said = iua.get("subject_role", ())
    rows = said if isinstance(said, list) else [said] if said else []
    return tuple(_text(row, "code") if isinstance(row, Mapping) else _text({"code": row}, "code") for row in rows)


def _member(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    said = of.get(name, {})
    if not isinstance(said, Mapping):
        raise TokenError("claims")
    return said


def _needed(of: Mapping[str, Any], name: str) -> str:
    said = _text(of, name)
    if not said:
        raise TokenError("claims")
    return said


def _text(of: Mapping[str, Any], name: str) -> str:
    said = of.get(name, "")
    if not isinstance(said, str) or not (said.isprintable() and said == said.strip()):
        raise TokenError("claims")
    return said


def _texts(of: Mapping[str, Any], name: str) -> tuple[str, ...]:
    said = of.get(name, [])
    rows = [said] if isinstance(said, str) else said
    if not isinstance(rows, list):
        raise TokenError("claims")
    return tuple(_text({name: row}, name) for row in rows)
