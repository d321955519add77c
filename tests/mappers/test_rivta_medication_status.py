"""Which medicine is current: the status table."""

from datetime import UTC, datetime

import pytest

from hub.fhir.medication_list import statement_status
from hub.mappers._rivta_medication_status import order_status

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PAST = datetime(2026, 1, 1, tzinfo=UTC)
FUTURE = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "place", "start", "end", "replaced", "order", "statement"),
    [
        ("I", "Active", PAST, None, False, "active", "active"),
        ("I", "Active", PAST, FUTURE, False, "active", "active"),
        ("I", "Active", FUTURE, None, False, "active", "intended"),
        ("I", "Active", PAST, PAST, False, "completed", "completed"),
        ("I", "Inactive", PAST, PAST, False, "completed", "completed"),
        ("I", "Inactive", PAST, None, False, "stopped", "stopped"),
        ("I", "Inactive", PAST, FUTURE, True, "stopped", "stopped"),
        ("I", "Inactive", PAST, PAST, True, "stopped", "stopped"),
        ("U", "Active", PAST, None, False, "stopped", "stopped"),
        ("U", "Active", PAST, PAST, False, "stopped", "stopped"),
        ("U", "Active", PAST, FUTURE, False, "stopped", "active"),
        ("U", "Inactive", PAST, None, False, "stopped", "stopped"),
        ("X", "Active", PAST, None, False, "unknown", "unknown"),
    ],
)
def test_the_status_of_a_decision_follows_the_table(kind, place, start, end, replaced, order, statement):
    given = order_status(kind, place, end, replaced, NOW)
    assert given == order
    assert statement_status(given, kind == "U", start, end, NOW) == statement


def test_a_withdrawal_that_is_last_in_its_chain_is_never_an_active_order():
    assert all(order_status("U", "Active", end, False, NOW) == "stopped" for end in (None, PAST, FUTURE))
