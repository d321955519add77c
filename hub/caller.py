"""Who is calling: what a verified token says, and nothing it does not."""

from dataclasses import dataclass, field
from typing import Literal

from hub.errors import Forbidden

Kind = Literal["clinician", "social", "reviewer", "patient", "guardian", "agent", "system", "technician", "anonymous"]
PurposeOfCommission = Literal["care", "quality", "admin", "statistics", "none"]
Scope = Literal["VE", "VG", "SJF"]


@dataclass(frozen=True, slots=True)
class SmartScope:
    """One SMART 2.2 scope: `patient|user|system/Type.cruds`. http://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html"""

    context: Literal["patient", "user", "system"]
    resource_type: str
    """A type or `*`."""
    interactions: frozenset[str]
    """Among c r u d s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person or system, under one commission. HSA-ids in upper case; empty where the kind has none."""

    kind: Kind
    subject: str
    """Who, for the log: employee HSA-id, opaque id of a person, or client id. Never a personal number."""
    client: str
    issuer: str
    loa: int
    name: str = ""
    purpose: PurposeOfCommission = "none"
    scope: Scope = "VE"
    """Of the commission's right *read*: VE own unit, VG own provider, SJF across providers."""
    commission: str = ""
    provider: str = ""
    unit: str = ""
    social_unit: bool | None = None
    """The directory says of the commission's unit; None: unknown unit, which denies."""
    role: str = ""
    """For NLL: physician, dentist, prescribing_nurse, nurse, dietitian, pharmacist, assistant_nurse, …"""
    officer: bool = False
    """May lift inner blocks of the own provider in an emergency (L5), and administer blocks."""
    block_administrator: bool = False
    person: str = ""
    """Patient, guardian, agent: own personal number as `system|value`; only for finding the own record. Never logged."""
    source: str = ""
    """System: the configured source whose entries it may write and see."""
    smart: frozenset[SmartScope] = field(default_factory=frozenset)
    token_id: str = ""

    def __hash__(self) -> int:
        return hash((self.issuer, self.client, self.subject, self.commission))

    def may(self, interaction: str, resource_type: str) -> bool:
        """Whether a SMART scope covers `interaction` (one of c r u d s) on `resource_type`."""
        return any(interaction in scope.interactions and scope.resource_type in ("*", resource_type) for scope in self.smart)

    def require(self, interaction: str, resource_type: str) -> None:
        """Raises: Forbidden: no scope covers it."""
        if not self.may(interaction, resource_type):
            raise Forbidden(f"the token's scope does not cover this interaction on {resource_type}")

    @property
    def staff(self) -> bool:
        """Reads as staff under a commission: clinician or social care."""
        return self.kind in ("clinician", "social")
