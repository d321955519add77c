"""The directory: care providers, units, staff. A configured file decides it; no message and no Bundle does.

The file is TOML: `[[provider]]` {hsa_id, name, org_number, public (bool), kind}, `[[unit]]` {hsa_id, name, provider,
social (bool), address}, `[[staff]]` {hsa_id, name, given, family, role, title, licence, protected (bool), units,
person (twelve digits)}.
Comparisons ignore letter case of HSA-ids.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from hub.fhir.identifiers import Identifier, InvalidNumber, personal_number


@dataclass(frozen=True, slots=True)
class Provider:
    """Vårdgivare or omsorgsgivare: the legal controller; key of the outer block."""

    hsa_id: str
    name: str
    org_number: str = ""
    kind: str = "region"
    """region, municipality or private."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Vårdenhet: key of the inner block. `social`: its documentation is social care's."""

    hsa_id: str
    name: str
    provider: str
    social: bool = False
    city: str = ""
    protected: bool = False
    """Its name or place must not be shown for persons with protected identity."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A person with an employee HSA-id, under whatever commissions."""

    hsa_id: str
    given: str
    family: str
    role: str = ""
    """KV Befattning code."""
    title: str = ""
    units: tuple[str, ...] = ()
    protected: bool = False
    person: Identifier | None = None
    """Own personal number, for the log reviewer's cues alone; None: the directory does not have it."""


@dataclass(frozen=True, slots=True)
class Directory:
    """All of it, by HSA-id in upper case."""

    providers: Mapping[str, Provider] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    staff: Mapping[str, Staff] = field(default_factory=dict)

    def provider_of(self, unit: str) -> str | None:
        """HSA-id of the provider that a unit belongs to; None: the unit is unknown."""
        found = self.units.get(unit.upper())
        return found.provider if found else None

    def is_social(self, unit: str | None) -> bool | None:
        """Whether a unit's documentation is social care's; None: unit unknown."""
        found = self.units.get((unit or "").upper())
        return found.social if found else None


def read(path: Path) -> Directory:
    """The directory in a TOML file.

    Raises: ValueError: a unit's provider, or a person's unit, is not in the file, or a personal number is none.
    """
    held = tomllib.loads(path.read_text("utf-8"))
    providers = [
        Provider(p["hsa_id"].upper(), p["name"], p.get("org_number", ""), p.get("kind", "region"))
        for p in held.get("provider", [])
    ]
    units = [
        Unit(
            u["hsa_id"].upper(),
            u["name"],
            u["provider"].upper(),
            u.get("social", False),
            u.get("city", ""),
            u.get("protected", False),
        )
        for u in held.get("unit", [])
    ]
    staff = [
        Staff(
            s["hsa_id"].upper(),
            s["given"],
            s["family"],
            s.get("role", ""),
            s.get("title", ""),
            tuple(u.upper() for u in s.get("units", ())),
            s.get("protected", False),
            _number(path, s["person"]) if "person" in s else None,
        )
        for s in held.get("staff", [])
    ]
    directory = Directory({p.hsa_id: p for p in providers}, {u.hsa_id: u for u in units}, {s.hsa_id: s for s in staff})
    for unit in units:
        if unit.provider not in directory.providers:
            raise ValueError(f"{path.name}: the provider of unit {unit.hsa_id} is not in the file")
    for person in staff:
        if not set(person.units) <= directory.units.keys():
            raise ValueError(f"{path.name}: a unit of {person.hsa_id} is not in the file")
    return directory


def _number(path: Path, written: str) -> Identifier:
    """Twelve digits as an identifier; the message names no number."""
    if not (isinstance(written, str) and len(written) == 12):
        raise ValueError(f"{path.name}: a person of [[staff]] is written as twelve digits")
    try:
        return personal_number(written, date.min)
    except InvalidNumber:
        raise ValueError(f"{path.name}: a person of [[staff]] is no personal number") from None
