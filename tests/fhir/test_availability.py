"""Whether a PractitionerRole says that somebody was away: by R4's elements, on Swedish clocks."""

from datetime import UTC, datetime

import pytest

from hub.fhir.availability import is_away, is_on_leave

NOON = datetime(2040, 11, 21, 11, 0, tzinfo=UTC)
"""A Wednesday, 12 in Sweden."""


def leave(**during):
    return {"notAvailable": [{"description": "sjukdom", "during": during}]}


def hours(*days, **more):
    return {"availableTime": [({"daysOfWeek": list(days)} if days else {}) | more]}


def from_to(start, end):
    return {"availableStartTime": start, "availableEndTime": end}


@pytest.mark.parametrize(
    ("role", "at", "away"),
    [
        ({}, NOON, False),
        ({"active": True}, NOON, False),
        ({"active": False}, NOON, True),
        ({"period": {"start": "2040-11-21"}}, NOON, False),
        ({"period": {"start": "2040-11-22"}}, NOON, True),
        ({"period": {"end": "2040-11-21"}}, NOON, False),  # the day is part of it
        ({"period": {"end": "2040-11-21"}}, datetime(2040, 11, 21, 22, 59, tzinfo=UTC), False),
        ({"period": {"end": "2040-11-21"}}, datetime(2040, 11, 21, 23, 0, tzinfo=UTC), True),  # midnight in Sweden
        ({"period": {"end": "2040-10"}}, NOON, True),
        ({"period": {"end": "2040"}}, NOON, False),
        (leave(start="2040-11-20", end="2040-11-22"), NOON, True),
        (leave(start="2040-11-21", end="2040-11-21"), NOON, True),
        (leave(start="2040-11-22"), NOON, False),
        (leave(start="2040-11-01"), NOON, True),  # for as long as is known
        (leave(end="2040-11-21T12:00:00+01:00"), NOON, True),
        (leave(end="2040-11-21T11:59:59+01:00"), NOON, False),
        (leave(), NOON, False),  # of no time
        ({"notAvailable": [{"description": "alltid"}]}, NOON, False),
        (leave(start="2040-11-01", end="sometime"), NOON, False),
        (hours("wed"), NOON, False),
        (hours("tue", "thu"), NOON, True),
        (hours("tue", allDay=True), NOON, True),
        (hours("wed", **from_to("08:00:00", "12:00:00")), NOON, True),
        (hours("wed", **from_to("08:00:00", "12:00:01")), NOON, False),
        (hours(**from_to("12:00:00", "13:00:00")), NOON, False),
        (hours("wed", availableStartTime="12:30:00"), NOON, True),
        (hours("wed", availableEndTime="12:30:00"), NOON, False),
        (hours("wed", **from_to("21:00:00", "07:00:00")), NOON, True),
        (hours("wed", **from_to("21:00:00", "07:00:00")), datetime(2040, 11, 22, 5, 0, tzinfo=UTC), False),  # the night's end
        (hours("thu", **from_to("21:00:00", "07:00:00")), datetime(2040, 11, 22, 5, 0, tzinfo=UTC), True),
        (hours("wed", **from_to("08:00:00", "17:00:00")), datetime(2040, 7, 18, 6, 0, tzinfo=UTC), False),  # 8 in summer
        (hours("wed") | leave(start="2040-11-21"), NOON, True),
    ],
    ids=str,
)
def test_a_role_says_who_is_away(role, at, away):
    assert is_away(role, at) is away


def test_leave_alone_is_neither_hours_nor_a_role_that_is_over():
    over = {"active": False, "period": {"end": "2040-01-01"}} | hours("mon")
    assert not is_on_leave(over, NOON)
    assert is_on_leave(over | leave(start="2040-11-21"), NOON)
