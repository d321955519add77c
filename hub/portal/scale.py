"""The axes of a chart: from values and times to places, and where the ticks stand. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from hub.fhir.swedish_time import LOCAL

STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight line from [low, high] to [start, stop]."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        if self.high <= self.low:
            return (self.start + self.stop) / 2
        share = (value - self.low) / (self.high - self.low)
        return self.start + min(max(share, 0.0), 1.0) * (self.stop - self.start)


def value_ticks(bounds: tuple[Decimal, Decimal]) -> list[Decimal]:
    """Round numbers, the first at or below and the last at or above the bounds; two to five of them."""
    low, high = bounds
    if low == high:
        room = abs(low) / 10 or Decimal(1)
        low, high = low - room, high + room
    step = _step((high - low) / 3)
    first = (low / step).to_integral_value(ROUND_FLOOR) * step
    last = (high / step).to_integral_value(ROUND_CEILING) * step
    count = int((last - first) / step)
    return [_plain(first + step * number) for number in range(count + 1)]


def time_ticks(since: datetime, until: datetime) -> list[datetime]:
    """First days of months, of every second, third, … month; Mondays where the time is too short for that."""
    if until - since < timedelta(days=62):
        return _days(since, until)
    months = (until - since) / timedelta(days=30.4)
    step = next((each for each in MONTHS if months / each <= MOST_TICKS), MONTHS[-1] * (int(months / 600) + 1))
    start = since.astimezone(LOCAL)
    ticks: list[datetime] = []
    number = -(-(start.year * 12 + start.month - 1) // step) * step
    while number < 9999 * 12 and (tick := datetime(number // 12, number % 12 + 1, 1, tzinfo=LOCAL)) <= until:
        if tick >= since:
            ticks.append(tick)
        number += step
    return ticks


def _days(since: datetime, until: datetime) -> list[datetime]:
    days = (until - since) // timedelta(days=1)
    step = timedelta(days=7 * (days // 35 + 1) if days > 8 else 2 if days > 4 else 1)
    tick = since.astimezone(LOCAL).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    ticks: list[datetime] = []
    while tick <= until and len(ticks) < MOST_TICKS + 1:
        ticks.append(tick)
        tick += step
    return ticks


def _step(rough: Decimal) -> Decimal:
    size = Decimal(1).scaleb(rough.adjusted())
    return next(size * each for each in STEPS if size * each >= rough)


def _plain(value: Decimal) -> Decimal:
    """Without an exponent above zero, and without trailing zeros: 1E+1 is 10, 0.50 is 0.5."""
    held = value.normalize()
    return held.quantize(Decimal(1)) if held.as_tuple().exponent > 0 else held  # type: ignore[operator]  # finite, so an int
