"""Date search, with the specification's own examples. http://hl7.org/fhir/R4/search.html#date"""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hub.errors import InvalidRequest
from hub.fhir.comparisons import LastUpdatedIs
from hub.fhir.index_keys import OPEN_HIGH, OPEN_LOW
from hub.fhir.parameters import Asking, date
from hub.fhir.types import COMMON, TYPES

DAY = 86_400_000_000
PARAMETER = TYPES["Observation"].parameter("date")
ASKING = Asking(now=datetime(2016, 1, 1, tzinfo=UTC))
FROM_21_JANUARY = {"start": "2013-01-21"}
FROM_15_MARCH = {"start": "2013-03-15"}
TO_21_JANUARY = {"end": "2013-01-21"}


def found(asked, held, parameter=PARAMETER):
    return any(map(date.parse(parameter, asked, ASKING).accepts, date.keys(parameter, held)))


@pytest.mark.parametrize(
    ("asked", "held", "hit"),
    [
        ("eq2013-01-14", "2013-01-14T00:00:00Z", True),
        ("eq2013-01-14", "2013-01-14T10:00:00Z", True),
        ("eq2013-01-14", "2013-01-15T00:00:00Z", False),
        ("2013-01-14", "2013-01-14T10:00:00Z", True),
        ("2013-01-14T10:00", "2013-01-14", False),
        ("ne2013-01-14", "2013-01-15T00:00:00Z", True),
        ("ne2013-01-14", "2013-01-14T00:00:00Z", False),
        ("ne2013-01-14", "2013-01-14T10:00:00Z", False),
        ("lt2013-01-14T10:00", "2013-01-14", True),
        ("gt2013-01-14T10:00", "2013-01-14", True),
        ("gt2013-01-14", "2013-01-14", False),
        ("lt2013-01-14", "2013-01-14", False),
        ("ge2013-03-14", FROM_21_JANUARY, True),
        ("ge2013-03-14", "2013-02", False),
        ("ge2013-03-14", "2013-03-14", True),
        ("le2013-03-14", FROM_21_JANUARY, True),
        ("le2013-03-14", "2013-03-14", True),
        ("le2013-03-14", "2013-03-15", False),
        ("sa2013-03-14", FROM_15_MARCH, True),
        ("sa2013-03-14", FROM_21_JANUARY, False),
        ("sa2013-03-14", TO_21_JANUARY, False),
        ("eb2013-03-14", FROM_15_MARCH, False),
        ("eb2013-03-14", TO_21_JANUARY, True),
        ("ap2013-03-14", "2013-03-14", True),
        ("ap2013-03-14", "2013-01-21", True),
        ("ap2013-03-14", "2015-06-15", False),
        ("2013-01-14T10:00:00+02:00", "2013-01-14T08:00:00Z", True),
        ("2013-01-14T10:00:00 02:00", "2013-01-14T08:00:00Z", True),
        ("2013-01", "2013-01-31T23:59:59.999Z", True),
        ("2013-01", "2013-02-01T00:00:00Z", False),
        ("2012-02", "2012-02-29", True),
        ("2013", {"start": "2013-01-01", "end": "2013-12-31"}, True),
        ("2013", {"start": "2013-01-01"}, False),
        ("gt9999", {"start": "2013"}, True),
        ("2013-02-01", {"event": ["2013-01-31", "2013-03-24"]}, False),
        ("ge2013-02-01", {"repeat": {"boundsPeriod": {"start": "2013-01-31", "end": "2013-03-24"}}}, True),
        ("sa2013-03-24", {"repeat": {"boundsPeriod": {"start": "2013-01-31", "end": "2013-03-24"}}}, False),
    ],
    ids=str,
)
def test_date_search_follows_the_specification(asked, held, hit):
    assert found(asked, held) is hit


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("1970", 0, 365 * DAY),
        ("1970-02", 31 * DAY, 59 * DAY),
        ("1970-12", 334 * DAY, 365 * DAY),
        ("1970-01-02", DAY, 2 * DAY),
        ("1970-01-01T00:01", 60_000_000, 120_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000, 2_000_000),
        ("1970-01-01T00:00:00.5Z", 500_000, 600_000),
        ("1970-01-01T00:00:00.000001Z", 1, 2),
        ("1970-01-01T00:00:00.0000019Z", 1, 2),
        ("1970-01-01T01:00:00+01:00", 0, 1_000_000),
        ("1969-12-31T23:00:00-01:00", 0, 1_000_000),
        ("1970-01-01T00:00:60Z", 60_000_000, 61_000_000),
    ],
)
def test_a_date_covers_the_time_that_its_digits_leave_open(written, low, high):
    assert date.span(written) == (low, high)


def test_the_last_year_has_an_end():
    low, high = date.span("9999-12-31")
    assert high - low == DAY
    assert high < OPEN_HIGH


@pytest.mark.parametrize(
    "written",
    [
        *("", "13", "2013-13", "2013-00", "2013-02-29", "2013-1-1", "20130114", "0000", "2013-01-14T", "2013-01-14T10"),
        *("2013-01-14T24:00:00Z", "2013-01-14T10:60:00Z", "2013-01-14T10:00:61Z", "2013-01-14T10:00:00+15:00"),
        *("２０１３", "2013-01-14\n", " 2013", "2013-01-14T10:00:00.Z", "2013-01-14T10:00:00+0100", "yesterday", "gege2013"),
    ],
)
def test_what_is_not_a_date_is_refused_at_its_parameter(written):
    with pytest.raises(InvalidRequest) as refusal:
        date.parse(PARAMETER, written, ASKING)
    assert refusal.value.place == "date"
    assert not written or written not in str(refusal.value)
    assert list(date.keys(PARAMETER, written)) == []


@pytest.mark.parametrize(
    ("held", "keys"),
    [
        ({"start": "1970-01-02"}, [(DAY, OPEN_HIGH)]),
        ({"end": "1970-01-01"}, [(OPEN_LOW, DAY)]),
        ({"start": "1970-01-02", "end": "1970-01-03"}, [(DAY, 3 * DAY)]),
        ({"start": "1970-01-03", "end": "1970-01-01"}, []),
        ({}, []),
        ({"repeat": {"frequency": 1}}, []),
        ({"event": ["1970-01-01", "1970-01-03"]}, [(0, 3 * DAY)]),
        (17, []),
        (None, []),
    ],
)
def test_a_period_is_open_where_it_has_no_end(held, keys):
    assert list(date.keys(PARAMETER, held)) == keys


def test_an_instant_is_a_point_however_many_digits_it_has():
    instant = TYPES["Slot"].parameter("start")
    assert found("2026-03-01T08:00:00.000Z", "2026-03-01T09:00:00+01:00", instant)
    assert found("le2026-03-01T08:00:00.000Z", "2026-03-01T09:00:00+01:00", instant)
    assert not found("gt2026-03-01T08:00:00Z", "2026-03-01T09:00:00+01:00", instant)


def test_last_updated_is_a_criterion_of_its_own():
    last_updated = next(each for each in COMMON if each.name == "_lastUpdated")
    criterion = date.parse(last_updated, "ge2013", SimpleNamespace(now=None))
    assert isinstance(criterion, LastUpdatedIs)
    assert criterion.shape() == ("lastUpdated", "ge")
