"""`Patient?age=`: whole years since the birth date, today in Sweden. The keys that are looked at are those of `birthdate`.

R4 has no expression for it, and says that who is deceased is not found by it. Who was born at a time that is not told to the day
is found where every day of it gives the age.
Source: http://hl7.org/fhir/R4/searchparameter-registry.html (Patient, age)
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from hub.fhir.comparisons import DateIs, QuantityIs, TokenIs
from hub.fhir.criteria import AllOf, AnyOf, Criterion, Not
from hub.fhir.index_keys import OPEN_LOW, QuantityKey, decimal_text
from hub.fhir.parameters import Asking
from hub.fhir.parameters.date import span
from hub.fhir.swedish_time import LOCAL
from hub.fhir.types import SearchParameter

OLDEST = 150
"""Years: nobody is older."""
_DECEASED = TokenIs("deceased", "", "true")


def of_age(parameter: SearchParameter, asked: QuantityIs, asking: Asking) -> Criterion:
    """Born so that the age is as asked, and not known to be deceased. Takes: `asked`: as of any number."""
    today = asking.now.astimezone(LOCAL).date()
    born = tuple(DateIs(parameter.index, "eq", *_days(today, *each)) for each in _runs(asked))
    return AllOf((AnyOf(born), Not(_DECEASED)))


def _runs(asked: QuantityIs) -> Iterator[tuple[int, int]]:
    """The ages that are asked for, as runs of years, the last included."""
    start: int | None = None
    for years in range(OLDEST + 2):
        at = decimal_text(Decimal(years))
        meant = years <= OLDEST and asked.accepts(QuantityKey(at, at, "", ""))
        if meant and start is None:
            start = years
        elif not meant and start is not None:
            yield start, years - 1
            start = None


def _days(today: date, youngest: int, oldest: int) -> tuple[int, int]:
    """When those were born who are of these ages, as a half-open range of time."""
    _, high = span(_before(today, youngest).isoformat())
    if oldest >= OLDEST:
        return OPEN_LOW, high
    low, _ = span((_before(today, oldest + 1) + timedelta(days=1)).isoformat())
    return low, high


def _before(today: date, years: int) -> date:
    """The last day on which those were born who are at least so old."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # the 29th of February in a year that has none
        return today.replace(year=today.year - years, day=28)
