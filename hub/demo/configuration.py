"""The demo's `directory.toml` and `hub.toml`: the world's organisations, and where its systems answer.

The formats are those of `hub.directory` and `hub.config`; nothing here is known to the hub but through these two files.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.demo.hospital.parts import places
from hub.demo.personas import SYSTEM_CLIENT
from hub.demo.world import organisations as o
from hub.demo.world.model import World

Plain = str | bool | int | float
Setting = Plain | tuple[str, ...] | Mapping[str, "Setting"]
Row = Mapping[str, Setting]

CONTRACTS = {
    o.REGION_NORRDAL: ("rivta_care_plans", "rivta_medication_history", "rivta_laboratory"),
    o.REGION_VASTVIK: (
        *("rivta_care_plans", "rivta_medication_history", "rivta_laboratory"),
        *("rivta_care_contacts", "rivta_schedule"),
    ),
    o.HOSPITAL: ("hl7v2_oru_r01", "hl7v2_siu"),
    o.PRIVATE: ("fhir_r4",),
    o.MUNICIPALITY: ("csv_care_plans", "csv_care_team"),
    o.POPULATION: ("rivta_persons",),
    o.INDEX: (),
    o.SECURITY: (
        *("GetConsentsForPatient", "CheckConsent", "RegisterExtendedConsent", "CancelExtendedConsent"),
        *("GetBlocks", "CheckBlocks", "GetPatientRelationsForPatient", "CheckPatientRelation"),
    ),
}
DEFAULTS: Row = {"released": True, "secret": False, "insurance": False, "purpose": "care", "incapacity": False}
"""What these sources cannot say themselves, decided by their owners for the demo."""


HUB = "SE2321990018-SAMSYN"
"""HSA-id of the hub, by which the log service knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the simulated systems answer, and where the hub listens for those that push."""

    norrdal: str
    vastvik: str
    clinic: str
    register: str
    index: str = ""
    """Empty: there is no engagement index."""
    security: str = ""
    """Empty: there are no security services; consents, blocks and relations are the hub's own."""
    log: str = ""
    """Empty: there is no log service."""
    mllp: str
    """`host:port` on which the hub listens."""
    files: Path


def write(
    folder: Path,
    world: World,
    addresses: Addresses,
    hub: Row | None = None,
    issuers: Iterable[Row] = (),
    clients: Iterable[Row] = (),
) -> Path:
    """Write both files; gives the path of `hub.toml`.

    Takes: `hub`: settings of its `[hub]` table besides the directory; `clients`: more system clients than the hospital's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "directory.toml").write_text(directory(world), "utf-8")
    written = folder / "hub.toml"
    tables = [
        _table("[hub]", dict(hub or {}) | {"directory": "directory.toml"}),
        *([_table("[log_service]", {"address": addresses.log, "system": HUB})] if addresses.log else ()),
        *(_table("[[issuer]]", row) for row in issuers),
        *(_table("[[client]]", row) for row in ({"client_id": SYSTEM_CLIENT, "source": o.HOSPITAL}, *clients)),
        *(_table("[[source]]", row) for row in sources(world, addresses)),
    ]
    written.write_text("\n".join(tables), "utf-8")
    return written


def sources(world: World, addresses: Addresses) -> tuple[Row, ...]:
    """One row for each system that the hub asks or listens to."""
    at = {
        o.REGION_NORRDAL: addresses.norrdal,
        o.REGION_VASTVIK: addresses.vastvik,
        o.HOSPITAL: addresses.mllp,
        o.PRIVATE: addresses.clinic,
        o.MUNICIPALITY: str(addresses.files),
        o.POPULATION: addresses.register,
        o.INDEX: addresses.index,
        o.SECURITY: addresses.security,
    }
    units = [unit for unit in world.units.values() if unit.provider == o.VASTVIK]
    more: dict[str, Row] = {
        o.REGION_VASTVIK: {"places": {u.hsa_id: {"provider": u.provider, "unit": u.hsa_id} for u in units}},
        o.HOSPITAL: {
            "unit": o.CHEMISTRY,
            "places": {code: {"provider": provider, "unit": unit} for code, (provider, unit) in places(world).items()},
        },
        o.PRIVATE: {"unit": o.PRIVATE_CLINIC},
        o.MUNICIPALITY: {"encoding": "iso-8859-1"},
        o.SECURITY: {"providers": (o.NORRDAL,)},
    }
    return tuple(
        {
            "name": system.name,
            "title": system.title,
            "kind": system.kind,
            "owner": system.owner,
            "system": system.hsa_id,
            "address": at[system.name],
            "contracts": CONTRACTS[system.name],
            "defaults": DEFAULTS,
            **more.get(system.name, {}),
        }
        for system in world.systems.values()
        if at.get(system.name)
    )


def directory(world: World) -> str:
    """The providers, units and staff, as `hub.directory` reads them."""
    providers = [
        _table("[[provider]]", {"hsa_id": p.hsa_id, "name": p.name, "org_number": p.org_number, "kind": p.kind})
        for p in world.providers.values()
    ]
    units = [
        _table(
            "[[unit]]",
            {
                "hsa_id": u.hsa_id,
                "name": u.name,
                "provider": u.provider,
                "social": u.social,
                "city": u.city,
                "protected": u.protected,
            },
        )
        for u in world.units.values()
    ]
    staff = [
        _table(
            "[[staff]]",
            {
                "hsa_id": s.hsa_id,
                "given": s.given,
                "family": s.family,
                "role": s.role,
                "title": s.title,
                "units": s.units,
                "protected": s.protected,
            },
        )
        for s in world.staff.values()
    ]
    return "\n".join([*providers, *units, *staff])


def _table(heading: str, row: Row) -> str:
    return "\n".join([heading, *(f"{name} = {_value(value)}" for name, value in row.items()), ""])


def _value(value: Setting) -> str:
    """A TOML value. JSON's strings, numbers and booleans are TOML's."""
    if isinstance(value, Mapping):
        inside = ", ".join(f"{json.dumps(name)} = {_value(part)}" for name, part in value.items())
        return f"{{ {inside} }}"
    if isinstance(value, tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
