"""The files that a hub of the bench runs on: hub.toml, directory.toml, keys, the issuer's keys; and tokens of that issuer."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import world
from hub import keys as key_files
from hub import tokens
from hub.config import Config, read
from hub.keys import Keys

ISSUER = "http://127.0.0.1/bench"
CLIENT = "bench-source"
"""The client of the first source, which writes by FHIR."""
FOREVER = 10 * 365 * 86_400
"""Seconds for which the sources' answers count as fresh."""


@dataclass(frozen=True, slots=True)
class Site:
    """One folder with all that a hub needs."""

    folder: Path
    config: Path
    keys: Keys
    signing: tokens.SigningKey
    base: str

    @property
    def settings(self) -> Config:
        return read(self.config, {})

    def physician(self) -> str:
        """A token of the physician who has relation, need and consent."""
        hsa = {
            "employeeHsaId": world.PHYSICIAN,
            "licences": ["LK"],
            "systemRoles": [],
            "commissionHsaId": f"{world.PHYSICIAN}-1",
            "commissionPurpose": "Vård och behandling",
            "commissionRights": ["Läsa;alla;SJF"],
            "healthCareUnitHsaId": world.HOME[1],
            "healthCareProviderHsaId": world.HOME[0],
        }
        named = {"subject_name": "Pia Prov", "purpose_of_use": "TREAT", "subject_organization_id": world.HOME[0]}
        return self._signed("user/*.rs", world.PHYSICIAN, {"ihe_iua": named, "se_hsa": hsa}, {})

    def patient(self, one: world.Person, patient_id: str) -> str:
        """A token of a person of the bench."""
        named = {"subject_name": "Prov Person", "person_id": one.number.value}
        return self._signed(
            "patient/*.cruds", f"person-{one.row}", {"ihe_iua": named}, {"fhirUser": f"{self.base}/fhir/Patient/{patient_id}"}
        )

    def system(self) -> str:
        """A token of the client of the first source."""
        return self._signed("system/*.cruds", CLIENT, {}, {"client_id": CLIENT})

    def _signed(self, scope: str, subject: str, extensions: dict[str, Any], more: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": f"{self.base}/fhir", "iat": now, "exp": now + 6 * 3600, "jti": f"{subject}-{now}"}
        acr = {"acr": "http://id.sambi.se/loa/loa3", "client_id": "bench", "scope": scope, "sub": subject}
        return tokens.sign(claims | acr | {"extensions": extensions} | more, self.signing, "at+jwt")


def site(folder: Path, port: int, database_url: str = "", deadline: float = 3.0, sources: str = "") -> Site:
    """Write the files. Takes: `sources`: other `[[source]]` tables than those that are always fresh."""
    folder.mkdir(parents=True, exist_ok=True)
    held = key_files.load(folder) if (folder / key_files.FILE).is_file() else key_files.create(folder)
    pem = folder / "issuer.pem"
    if not pem.is_file():
        pem.write_bytes(tokens.new_pem())
    signing = tokens.signing_key(pem.read_bytes())
    (folder / "jwks.json").write_text(json.dumps({"keys": [dict(signing.public)]}), "utf-8")
    (folder / "directory.toml").write_text(_directory(), "utf-8")
    base = f"http://127.0.0.1:{port}"
    hub = {
        "base_url": base,
        "port": port,
        "data": ".",
        "directory": "directory.toml",
        "deadline": deadline,
        "rate_per_minute": 100_000_000,
    } | ({"database_url": database_url} if database_url else {})
    issuer = {"issuer": ISSUER, "audience": f"{base}/fhir", "jwks_file": str(folder / "jwks.json")}
    writer = "" if sources else _table("[[client]]", {"client_id": CLIENT, "source": next(iter(world.SOURCES.values()))})
    tables = [_table("[hub]", hub), _table("[[issuer]]", issuer), writer, sources or _sources()]
    config = folder / f"hub-{port}.toml"
    config.write_text("\n".join(tables), "utf-8")
    return Site(folder, config, held, signing, base)


def source(name: str, owner: str, address: str, max_age: float = FOREVER, contracts: tuple[str, ...] = world.CONTRACTS) -> str:
    """One `[[source]]` table."""
    row = {
        "name": name,
        "title": f"Region {name}",
        "kind": "rivta",
        "owner": owner,
        "unit": next(unit for provider, unit in world.UNITS if provider == owner),
        "system": f"{world.REGION}-SYS{name.upper()}",
        "address": address,
        "contracts": list(contracts),
        "max_age": max_age,
        "timeout": 60.0,
    }
    return _table("[[source]]", row)


def _sources() -> str:
    return "\n".join(source(name, owner, "http://127.0.0.1:9/") for owner, name in world.SOURCES.items())


def _directory() -> str:
    providers = dict.fromkeys(provider for provider, _ in world.UNITS)
    return "\n".join(
        [
            *(_table("[[provider]]", {"hsa_id": each, "name": f"Region {each[-1]}"}) for each in providers),
            *(
                _table("[[unit]]", {"hsa_id": unit, "name": f"Mottagning {unit[-2:]}", "provider": provider})
                for provider, unit in world.UNITS
            ),
            _table("[[staff]]", {"hsa_id": world.PHYSICIAN, "given": "Pia", "family": "Prov", "units": [world.HOME[1]]}),
        ]
    )


def _table(heading: str, row: dict[str, Any]) -> str:
    return "\n".join([heading, *(f"{name} = {json.dumps(value)}" for name, value in row.items()), ""])
