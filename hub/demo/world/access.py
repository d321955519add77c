"""What persons and staff have registered: relations, needs, consents, blocks, shares, assertions. The scenario's grounds.

Persons by number, staff and organisations by HSA-id. Times are aware; ends are included.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A current patient relation, stated by `staff` for one of the own units."""

    staff: str
    unit: str
    person: str
    start: datetime
    end: datetime
    at_service: bool = False
    """It lies at the security service, and nobody registers it in the hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The active choice that data may matter (relevance)."""

    staff: str
    unit: str
    person: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The patient consents to a reading unit (`staff` empty) or one employee there."""

    person: str
    unit: str
    staff: str = ""
    start: datetime
    end: datetime | None = None
    state: Literal["valid", "ended", "annulled"] = "valid"
    represented_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """An inner block (of `unit`) or an outer block (of the whole provider)."""

    key: str
    person: str
    kind: Literal["inner", "outer"]
    provider: str
    unit: str = ""
    information_from: datetime | None = None
    """Start of the information's time that it covers; None: all."""
    information_to: datetime | None = None
    excludes: tuple[Literal["lak", "upp"], ...] = ()
    active: bool = True
    at_service: bool = False
    """As of a relation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke:
    """The owner lifts a block for a while, for one unit (`staff` empty) or one employee."""

    block: str
    unit: str
    staff: str = ""
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The patient shares own entries with a unit or a provider."""

    person: str
    organization: str
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a reader has stated of the patient's situation."""

    staff: str
    unit: str
    person: str
    kind: Literal["child", "incapacity", "emergency"]
    step: Literal[0, 1, 2]
    """0 for `child`, which has no steps."""
    providers: tuple[str, ...] = ()
    """Chosen in step 2: whose data open."""
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """All that is registered."""

    relations: tuple[Relation, ...] = ()
    needs: tuple[Need, ...] = ()
    consents: tuple[Consent, ...] = ()
    blocks: tuple[Block, ...] = ()
    revokes: tuple[Revoke, ...] = ()
    shares: tuple[Share, ...] = ()
    assertions: tuple[Assertion, ...] = ()
