"""Drugs and dosage as a prescriber decides them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from hub.demo.world.values import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Drug:
    """A drug. `npl_id` empty: named by substance; `atc` empty too: free text in `name` (unstructured)."""

    name: str
    """Product name."""
    substance: str = ""
    atc: str = ""
    npl_id: str = ""
    npl_pack_id: str = ""
    form: str = ""
    strength: str = ""
    strength_unit: str = ""
    route: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Dose:
    """How much at a time; `low` = `high` where it is one number."""

    low: str
    high: str
    unit: str


@dataclass(frozen=True, slots=True)
class Frequency:
    """So many times per period: 2 per d, 1.5 per d, 3 per wk."""

    times: str
    per: Literal["d", "wk"] = "d"


@dataclass(frozen=True, slots=True)
class Period:
    """Every so many units: 8 h, 2 d."""

    every: str
    unit: Literal["h", "d", "wk"]


@dataclass(frozen=True, slots=True)
class Occasions:
    """At named times of each period of `days`: (`08:00` or a phrase such as `till natten`, dose)."""

    at: tuple[tuple[str, Dose], ...]
    days: int = 1


@dataclass(frozen=True, slots=True)
class Ramp:
    """From `start` to `end`, changed by `step` every `every` days."""

    start: Dose
    end: Dose
    step: str
    every: int


@dataclass(frozen=True, slots=True)
class Single:
    """Once; `at` None: at once."""

    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unstructured:
    """Only the text."""


Shape = Frequency | Period | Occasions | Ramp | Single | Unstructured


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosage:
    """One step of a dosage; steps follow each other in time."""

    text: str
    shape: Shape
    dose: Dose | None = None
    """None where the shape carries its doses (Occasions, Ramp) or has none."""
    short: str = ""
    """Short notation: 1x2."""
    days: str = ""
    """Length of this step in days."""
    days_are_maximum: bool = False
    as_needed: str = ""
    """The condition; `vid behov` where it has no other."""
    maximum: tuple[Dose, str] | None = None
    """At most this dose per so many days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """A dose that was given."""

    key: str
    time: datetime
    by: str
    """HSA-id."""
    dose: Dose
    route: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """A prescription to a pharmacy (förskrivning)."""

    key: str
    by: str
    """HSA-id of who wrote it."""
    written: datetime
    valid_until: date
    total: str
    """All dispensings together."""
    unit: str
    """Of `total`: `förpackning`, `st`."""
    signature: str
    """What the label says (doseringstext)."""
    distribution: str = ""
    replaceable: bool = True
    reason: Code | None = None
