"""Custody: who holds an entry, and what must be known of it before anyone may see it.

One source record is one entry, the unit of release. Its custody is copied to every resource made of it.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal

Regime = Literal["SVOD", "NLL", "OWN"]
Purpose = Literal["care", "care_admin", "quality"]
HUB = "hub"
"""The source of what staff register at the hub, and of what it keeps itself."""
OWN = "own"
"""The source of what patients write themselves."""
API_FAMILY = "fhir"
"""The family of entries that clients write, or the hub itself, one resource each; others are named by their contract."""
CONSENT = "consent"
"""The information type of every Consent that is written at the hub."""
LIFTING = "request-to-lift"
"""The information type of every request to lift a block."""
FOLLOW_UP = "follow-up"
"""The information type of every Task to follow up an emergency."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one resource of an entry says of itself that a consent may turn on (`hub.fhir.said`)."""

    type: str
    id: str
    references: frozenset[tuple[str, str]] = frozenset()
    """(name that the keys of a reference parameter are kept under, target)."""
    untold: frozenset[str] = frozenset()
    """The same names, of parameters of which some element points at nothing: it tells an identifier alone, or words."""
    labels: frozenset[tuple[str, str]] = frozenset()
    """(system, code) of `meta.security`, in the normal form of search keys."""

    @property
    def literal(self) -> str:
        """What a reference to it reads."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """The facts of one entry that release turns on. `None` is unknown, and unknown never opens anything.

    HSA-ids are written as `hub.fhir.identifiers.hsa_id` gives them (upper case).
    """

    source: str
    """Name of the configured source."""
    provider: str | None
    """HSA-id of the care provider (vårdgivare) that holds it."""
    unit: str | None
    """HSA-id of the care unit (vårdenhet) that wrote it; never the organisational unit of the author."""
    info_type: str
    """Category of the engagement index (`cll-cp`, `caa-gmh`, …), or `lak`/`upp` as blocks name them: see `hub.consent`."""
    regime: Regime
    social: bool | None = None
    """Written by social care (the directory says so of the unit); None: unit not in the directory."""
    time_from: datetime | None = None
    """Start of the span compared with a block's period, both ends included."""
    time_to: datetime | None = None
    released: bool | None = None
    """Released to the patient (`approvedForPatient`)."""
    secret: bool | None = None
    """Secret from the patient or the guardian."""
    nullified: bool | None = None
    insurance: bool | None = None
    """Written for an insurance-medicine investigation."""
    purpose: Purpose | None = None
    incapacity: bool | None = None
    """Made available under the rule on permanent incapacity (SVOD 2:6)."""
    says: tuple[Said, ...] | None = None
    """What its resources say, but for its Provenance; None: nobody has looked, and that opens nothing."""


COLUMNS = tuple(field.name for field in fields(Custody) if field.name != "says")
"""The facts that lie in columns. What resources say is read where they lie."""
