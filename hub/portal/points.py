"""What a chart is made of: its values, and where and how it is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

YEARS = range(1800, 2200)
FINEST, LARGEST, MOST_DIGITS = -12, 12, 15


def can_be_drawn(value: Decimal) -> bool:
    """Whether an axis can hold a value: of a size and a fineness that anybody measures."""
    held = value.as_tuple()
    fits = isinstance(held.exponent, int) and held.exponent >= FINEST and len(held.digits) <= MOST_DIGITS
    return fits and value.adjusted() <= LARGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One numeric value at its time. `low` and `high`: the reference interval that was sent with it."""

    at: datetime
    value: Decimal
    unit: str
    label: str
    """The value as a reader writes it."""
    flag: str = ""
    """`high` or `low`: as the laboratory said, or outside the interval where it said nothing."""
    said: bool = False
    """The laboratory marked it without a direction, such as in words."""
    open: bool = False
    """The value is a limit (`<5`)."""
    own: bool = False
    """The patient has entered it."""
    line: str = ""
    """Which of the lines of one chart (systolic, diastolic)."""
    basis: str = ""
    """Method, laboratory basis and original unit: where it changes, the line breaks."""
    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where and how a chart is drawn. `name` makes its ids; `since`, `until`: the period that charts in a row share."""

    name: str
    title: str
    description: str
    since: datetime
    until: datetime
    tick: Callable[[datetime, timedelta], str]
    """A time as the axis writes it, given the length of the axis."""
    number: Callable[[Decimal], str]
    unit: Callable[[str], str] = str
    """A unit as readers write it."""
    width: float = 300.0
    height: float = 110.0
    """Of one panel's plot."""
