"""What the operator decides: `hub.toml` and a few `HUB_…` environment variables, read once at start.

Environment wins over the file: HUB_CONFIG (the file), HUB_PORT, HUB_DATABASE_URL, HUB_DATA (folder for keys and the database).
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

SOURCE_KINDS = ("rivta", "fhir", "mllp", "files", "register", "engagement", "security")
NOT_CLINICAL = frozenset({"register", "engagement", "security"})
"""Kinds of sources that hold no records."""
REGISTERED_AT = ("RegisterExtendedConsent", "CancelExtendedConsent")
SECURITY_CONTRACTS = (
    *("GetConsentsForPatient", "CheckConsent", *REGISTERED_AT),
    *("GetBlocks", "CheckBlocks"),
    *("GetPatientRelationsForPatient", "CheckPatientRelation"),
)
"""What the hub can ask of a security service (kind `security`), by the names of its contracts."""
SECURITY_MAX_AGE = 60.0
"""Seconds for which what a security service said counts, where its row does not say."""
RESERVED = frozenset({"own", "hub", "directory"})
"""Under these names the hub keeps what patients and staff write, and the directory: no source, and so no client, bears them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """One `[[source]]`: a system that holds data, and how to ask it."""

    name: str
    title: str
    """As readers see it."""
    kind: str
    """rivta, fhir, mllp (it pushes), files (a folder it drops into), register (population register),
    engagement (the engagement index), security (consents, blocks, patient relations)."""
    owner: str
    """HSA-id of the care provider that owns it."""
    system: str
    """HSA-id of the source system: RIV-TA LogicalAddress, `meta.source`."""
    providers: tuple[str, ...] = ()
    """HSA-ids of other care providers whose data lie there; it is asked when any of them, or the owner, could be seen. Of a
    security service: those whose readers' consents and relations it has."""
    address: str = ""
    """URL (rivta, fhir, register), `host:port` to listen on (mllp), or folder (files)."""
    contracts: tuple[str, ...] = ()
    """Mapper names, one per contract or message type it gives (`rivta_care_plans`, `fhir_r4`, …); of a security service names
    of `SECURITY_CONTRACTS`."""
    max_age: float = 600.0
    """Seconds for which an answer counts as fresh."""
    timeout: float = 3.0
    """Seconds for one call; what is later goes on in the background."""
    concurrency: int = 8
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    encoding: str = "utf-8"
    unit: str = ""
    """HSA-id of the unit, where neither message nor place table names one."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """`hub.mappers.Defaults`: released, secret, insurance, purpose, incapacity. Not set closes."""
    places: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Code of the source -> {provider, unit}."""

    @property
    def holders(self) -> frozenset[str]:
        """HSA-ids, in upper case, of the care providers whose data may lie there: nobody else's custody is believed of it."""
        placed = (place["provider"] for place in self.places.values())
        return frozenset(each.upper() for each in (self.owner, *self.providers, *placed))


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerConfig:
    """An authorization server whose tokens are taken."""

    issuer: str
    audience: str
    jwks_url: str = ""
    jwks_file: str = ""
    authorize_url: str = ""
    token_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """A system client without a user: the source whose entries it may write and see (R02)."""

    client_id: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionConfig:
    """How long a care provider's entries of the access log are kept, where it is not as long as everybody's."""

    provider: str
    """HSA-id."""
    years: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldConfig:
    """Whose entries are not removed while this stands: a care provider's, or those about a patient."""

    provider: str = ""
    """HSA-id."""
    patient: str = ""
    """Logical id."""
    reason: str = ""
    """For whoever reads the file: a case number, say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogServiceConfig:
    """`[log_service]`: where PDL log entries go as well, by StoreLog 2.0."""

    address: str
    system: str
    """HSA-id of this hub, as the service knows it."""
    logical_address: str = "SE165565594230-1000"
    """HSA-id that the call is addressed to; not set: Inera's."""
    timeout: float = 10.0
    """Seconds for one call."""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""


LEAST_YEARS = 5
"""No entry of the log is removed before. HSLF-FS 2016:40 4 kap. 9 §."""
CHECKPOINTS = "audit-checkpoints.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of it."""

    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str = ""
    data: Path = Path("var")
    directory: Path | None = None
    terminology: Path | None = None
    """A folder of ValueSets and CodeSystems as FHIR JSON, for `:in`, `:above` and `:below`."""
    deadline: float = 3.0
    """Seconds that a request waits for its sources."""
    issuers: tuple[IssuerConfig, ...] = ()
    clients: tuple[ClientConfig, ...] = ()
    sources: tuple[SourceConfig, ...] = ()
    cors_origins: tuple[str, ...] = ()
    rate_per_minute: int = 600
    """Requests a client may make in a minute."""
    identifier_rate_per_minute: int = 60
    """Look-ups of a patient by number that one person may make in a minute."""
    metrics_token: str = ""
    """Bearer token that opens /metrics; empty: only who asks from the hub's own machine."""
    tls_cert: str = ""
    tls_key: str = ""
    audit_shards: int = 1
    """Hash trees that the access log is kept in; chosen before the first entry, and never again. One process needs one."""
    audit_checkpoints: Path | None = None
    """File of signed checkpoints, best where the database's administrator cannot write; not set: in the data folder."""
    audit_witness: str = ""
    """URL that each checkpoint is posted to, in the form field `checkpoint`; empty: no witness."""
    checkpoint_every: float = 60.0
    """Seconds."""
    audit_years: int = 10
    """How long entries of the log are kept at least; `[[retention]]` says it of one care provider."""
    retention: tuple[RetentionConfig, ...] = ()
    legal_holds: tuple[LegalHoldConfig, ...] = ()
    log_service: LogServiceConfig | None = None
    portal_issuer: str = ""
    """The issuer that the portal sends people to; empty: no portal."""
    portal_client: str = "portal"
    """How that issuer knows the portal: a public client, redirected to base_url/logga-in/svar."""

    @property
    def checkpoint_file(self) -> Path:
        """Where checkpoints are written."""
        return self.audit_checkpoints or self.data / CHECKPOINTS


def read(path: Path | None, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `path` (or HUB_CONFIG, or none), under what the environment says.

    Raises: ValueError: an unknown name, or a value of the wrong kind; the message names the place.
    """
    path = path or (Path(environment["HUB_CONFIG"]) if environment.get("HUB_CONFIG") else None)
    held = tomllib.loads(path.read_text("utf-8")) if path else {}
    hub = dict(held.get("hub", {}))
    for name in ("data", "directory", "audit_checkpoints"):
        if name in hub:
            hub[name] = (path.parent / hub[name]) if path else Path(hub[name])
    if environment.get("HUB_DATA"):
        hub["data"] = Path(environment["HUB_DATA"])
    if environment.get("HUB_DATABASE_URL"):
        hub["database_url"] = environment["HUB_DATABASE_URL"]
    if environment.get("HUB_PORT"):
        hub["port"] = int(environment["HUB_PORT"])
        hub.setdefault("base_url", f"http://127.0.0.1:{hub['port']}")
    hub["cors_origins"] = tuple(hub.get("cors_origins", ()))
    config: Config = _built(
        Config,
        "hub",
        hub
        | {
            "issuers": tuple(_built(IssuerConfig, f"issuer[{n}]", row) for n, row in enumerate(held.get("issuer", []))),
            "clients": tuple(_built(ClientConfig, f"client[{n}]", row) for n, row in enumerate(held.get("client", []))),
            "sources": tuple(_source(row, n) for n, row in enumerate(held.get("source", []))),
            "log_service": _built(LogServiceConfig, "log_service", held["log_service"]) if "log_service" in held else None,
            "retention": tuple(
                _built(RetentionConfig, f"retention[{n}]", row) for n, row in enumerate(held.get("retention", []))
            ),
            "legal_holds": tuple(
                _built(LegalHoldConfig, f"legal_hold[{n}]", row) for n, row in enumerate(held.get("legal_hold", []))
            ),
        },
    )
    _check_retention(config)
    names = [source.name for source in config.sources]
    if len(set(names)) != len(names):
        raise ValueError("source: two sources have one name")
    if RESERVED & set(names):
        raise ValueError("source: own, hub and directory are the hub's own names")
    return config


def _check_retention(config: Config) -> None:
    for place, years in (
        ("hub.audit_years", config.audit_years),
        *((f"retention.{row.provider}", row.years) for row in config.retention),
    ):
        if type(years) is not int or years < LEAST_YEARS:
            raise ValueError(f"{place}: the log is kept for whole years, and never under {LEAST_YEARS}")
    if any(bool(each.provider) == bool(each.patient) for each in config.legal_holds):
        raise ValueError("legal_hold: names a provider or a patient")


def _source(row: dict[str, Any], number: int) -> SourceConfig:
    source: SourceConfig = _built(
        SourceConfig, f"source[{number}]", row | {name: tuple(row.get(name, ())) for name in ("contracts", "providers")}
    )
    if source.kind not in SOURCE_KINDS:
        raise ValueError(f"source[{number}].kind: one of {', '.join(SOURCE_KINDS)}")
    if source.kind == "security":
        _check_security(source, number)
        return source if "max_age" in row else replace(source, max_age=SECURITY_MAX_AGE)
    return source


def _check_security(source: SourceConfig, number: int) -> None:
    """Raises: ValueError: a contract that the hub cannot ask, none that it decides by, or one half of registering."""
    place, asked = f"source[{number}].contracts", set(source.contracts)
    if not asked or asked - set(SECURITY_CONTRACTS):
        raise ValueError(f"{place}: of {', '.join(SECURITY_CONTRACTS)}")
    if len(asked & set(REGISTERED_AT)) == 1:
        raise ValueError(f"{place}: {' and '.join(REGISTERED_AT)} go together")
    if "CheckBlocks" in asked and "GetBlocks" not in asked:
        raise ValueError(f"{place}: the hub decides by GetBlocks; CheckBlocks alone is not enough")
    if asked & set(REGISTERED_AT) and "GetConsentsForPatient" not in asked:
        raise ValueError(f"{place}: consents are registered where GetConsentsForPatient tells of them")


def _built(kind: type, place: str, row: Mapping[str, Any]) -> Any:
    unknown = row.keys() - kind.__dataclass_fields__.keys()  # type: ignore[attr-defined]  # every kind is a dataclass
    if unknown:
        raise ValueError(f"{place}: unknown name {', '.join(sorted(unknown))}")
    try:
        return kind(**row)
    except TypeError as fault:
        raise ValueError(f"{place}: {fault}") from None
