"""The personas of the demo: who asks, under which commission, with which scopes; and their accounts at the demo's issuer."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from hub.authserver import Client, Commission, Person
from hub.caller import Kind, PurposeOfCommission, Scope
from hub.demo.clinic.resources import number_system
from hub.demo.world import organisations as o
from hub.demo.world.model import World
from hub.demo.world.stories.berglund import JONAS
from hub.demo.world.stories.ingrid import INGRID
from hub.demo.world.stories.nordin import ELIN

CLINICIAN = "user/*.rs user/Consent.cruds"
SYSTEM_CLIENT = "system-norrdal-hospital"
PURPOSES: dict[PurposeOfCommission, str] = {
    "care": "Vård och behandling",
    "quality": "Kvalitetssäkring",
    "admin": "Administration",
    "statistics": "Statistik",
}
LICENCES = {"physician": ("LK",), "nurse": ("SJ",), "occupational_therapist": ("AT",)}
"""Licensed professions (1.2.752.116.3.1.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Somebody who uses the hub. Staff have `employee`, patients and guardians `person`, a system client `source`."""

    name: str
    title: str
    kind: Kind
    employee: str = ""
    unit: str = ""
    provider: str = ""
    purpose: PurposeOfCommission = "none"
    scope: Scope = "VE"
    role: str = ""
    person: str = ""
    source: str = ""
    officer: bool = False
    block_administrator: bool = False
    smart: str
    loa: int = 3

    def may_search(self, resource_type: str) -> bool:
        """Whether a SMART scope lets this persona search a type."""
        for scope in self.smart.split():
            name, _, interactions = scope.partition("/")[2].partition(".")
            if name in ("*", resource_type) and "s" in interactions:
                return True
        return False


def _staff(
    name: str,
    title: str,
    employee: str,
    unit: str,
    provider: str,
    scope: Scope,
    role: str,
    *,
    kind: Literal["clinician", "social"] = "clinician",
    officer: bool = False,
) -> Persona:
    return Persona(
        name=name,
        title=title,
        kind=kind,
        employee=employee,
        unit=unit,
        provider=provider,
        purpose="care",
        scope=scope,
        role=role,
        officer=officer,
        smart=CLINICIAN,
    )


PERSONAS = (
    _staff("lakare-norrdal-1", "Läkare, Hjärtmottagningen", "SE2321990018-1001", o.HEART, o.NORRDAL, "SJF", "physician"),
    _staff(
        "lakare-norrdal-2", "Läkare, Sjöstadens vårdcentral", "SE2321990018-1003", o.HEALTH_CENTRE, o.NORRDAL, "SJF", "physician"
    ),
    _staff("lakare-vastvik", "Läkare, Lillhamns vårdcentral", "SE2321990026-2001", o.LILLHAMN, o.VASTVIK, "SJF", "physician"),
    _staff("lakare-hjartgarden", "Läkare, Hjärtgården", "SE5599990016-3001", o.PRIVATE_CLINIC, o.HJARTGARDEN, "SJF", "physician"),
    _staff("sjukskoterska-norrdal", "Sjuksköterska, Hjärtmottagningen", "SE2321990018-1002", o.HEART, o.NORRDAL, "VG", "nurse"),
    _staff(
        "bistandshandlaggare", "Biståndshandläggare, Åkerby", "SE2120990011-4003", o.HOME_CARE, o.AKERBY, "SJF", "", kind="social"
    ),
    _staff(
        "bemyndigad-norrdal",
        "Verksamhetschef, psykiatri",
        "SE2321990018-1012",
        o.PSYCHIATRY,
        o.NORRDAL,
        "VG",
        "physician",
        officer=True,
    ),
    Persona(
        name="sparradministrator-norrdal",
        title="Spärradministratör, Region Norrdal",
        kind="clinician",
        employee="SE2321990018-1012",
        unit=o.PSYCHIATRY,
        provider=o.NORRDAL,
        purpose="admin",
        block_administrator=True,
        smart="user/Patient.rs user/Consent.rs",
    ),
    Persona(
        name="loggranskare-norrdal",
        title="Loggranskare, Region Norrdal",
        kind="reviewer",
        employee="SE2321990018-1011",
        unit=o.HEART,
        provider=o.NORRDAL,
        purpose="admin",
        smart="user/*.rs",
    ),
    Persona(
        name="patient-ingrid",
        title="Patient, Ingrid Sandell",
        kind="patient",
        person=INGRID,
        smart="patient/*.rs patient/Consent.cruds patient/Observation.cruds",
    ),
    Persona(
        name="patient-jonas",
        title="Patient, Jonas Berglund",
        kind="patient",
        person=JONAS,
        smart="patient/*.rs patient/Consent.cruds",
    ),
    Persona(name="vardnadshavare-elin", title="Vårdnadshavare, Elin Nordin", kind="guardian", person=ELIN, smart="patient/*.rs"),
    Persona(
        name="vardnadshavare-jonas", title="Vårdnadshavare, Jonas Berglund", kind="guardian", person=JONAS, smart="patient/*.rs"
    ),
    Persona(name=SYSTEM_CLIENT, title="Källsystem, Norrdals sjukhus", kind="system", source=o.HOSPITAL, smart="system/*.cruds"),
    Persona(name="tekniker", title="Tekniker", kind="technician", smart="system/*.rs"),
)


def persona(name: str) -> Persona:
    """Raises: KeyError: no such persona."""
    return next((one for one in PERSONAS if one.name == name), None) or _unknown(name)


def _unknown(name: str) -> Persona:
    raise KeyError(f"no persona {name}; there are {', '.join(one.name for one in PERSONAS)}")


def account(one: Persona, world: World) -> Person:
    """The persona's account at the demo's issuer."""
    return Person(
        name=one.name,
        display=_display(one, world),
        kind=one.kind,
        employee=one.employee,
        person_number=f"{number_system(one.person)}|{one.person}" if one.person else "",
        commissions=(_commission(one, world),) if one.employee else (),
        roles=_roles(one),
        licences=LICENCES.get(one.role, ()),
        subject_role="" if one.person else one.title,
        loa=one.loa,
        scopes=one.smart,
    )


def accounts(world: World) -> tuple[Person, ...]:
    return tuple(account(one, world) for one in PERSONAS)


def clients(redirect_uris: tuple[str, ...], system_jwks: dict[str, Any] | None = None) -> tuple[Client, ...]:
    """The applications of the demo: a clinical system (public, PKCE), and the hospital's own client."""
    return (
        Client(client_id="demo", name="Demo", redirect_uris=redirect_uris),
        Client(client_id=SYSTEM_CLIENT, name="Norrdals sjukhus", scopes="system/*.cruds", jwks=system_jwks),
        Client(client_id="tekniker", name="Tekniker", scopes="system/*.rs"),
    )


def listed(personas: Iterable[Persona] = PERSONAS) -> list[dict[str, str]]:
    """What `hub personas --json` prints."""
    return [
        {
            "name": one.name,
            "title": one.title,
            "kind": one.kind,
            "unit": one.unit,
            "provider": one.provider,
            "purpose": one.purpose,
            "scope": one.scope if one.employee else "",
            "scopes": one.smart,
        }
        for one in personas
    ]


def as_json() -> str:
    return json.dumps(listed(), ensure_ascii=False, indent=2)


def _display(one: Persona, world: World) -> str:
    if one.employee:
        return world.staff[one.employee].name
    known = world.person(one.person) if one.person else None
    return known.name if known else one.title


def _commission(one: Persona, world: World) -> Commission:
    return Commission(
        hsa_id=f"{one.unit}-{one.name.split('-')[0].upper()}-{one.scope}",
        unit=one.unit,
        provider=one.provider,
        name=one.title,
        purpose=PURPOSES[one.purpose],
        rights=(f"Läsa;alla;{one.scope}",),
    )


def _roles(one: Persona) -> tuple[str, ...]:
    log = ("BIF;Loggadministratör",) if one.kind == "reviewer" else ()
    return log + (("BIF;Spärradministratör",) if one.officer or one.block_administrator else ())
