"""Which sources are asked: never fewer than those that hold something to be seen, and none in vain where that is settled."""

import pytest

from hub.consent.decision import decide
from hub.consent.grounds import Block, Consent
from hub.consent.reach import could_permit
from hub.consent.release import (
    FALSE,
    TRUE,
    And,
    Bears,
    Equals,
    Every,
    Flag,
    In,
    IsNull,
    Not,
    Or,
    Outcome,
    Overlaps,
    Refers,
    Release,
    Row,
    closed,
    outcome_of,
)

P1, P2 = Equals("provider", "P1"), Equals("provider", "P2")


@pytest.mark.parametrize(
    ("when", "asked"),
    [
        (TRUE, True),
        (FALSE, False),
        (P1, True),
        (P2, False),
        (Equals("unit", "U9"), True),
        (In("provider", ("P1", "P2")), True),
        (In("provider", ("P2",)), False),
        (In("unit", ("U1",)), True),
        (IsNull("provider"), False),
        (IsNull("unit"), True),
        (Flag("released"), True),
        (Overlaps(None, None), True),
        (Every(Bears("s", ("c",))), True),
        (And((P2, Every(Refers((("Observation", "performer"),), ())))), False),
        (And((P1, Flag("released"))), True),
        (And((P2, Flag("released"))), False),
        (Or((P2, Equals("source", "s"))), True),
        (Or((P2, Equals("source", "t"))), False),
        (Or((P2, Flag("released"))), True),
        (Not(P1), False),
        (Not(P2), True),
        (Not(Flag("released")), True),
        (And((P1, TRUE)), True),
    ],
    ids=str,
)
def test_a_source_is_asked_unless_it_is_settled_that_nothing_of_it_is_seen(when, asked):
    assert could_permit(Release(closed([Row(when, Outcome.PERMIT, "R47")])), "s", "P1") is asked


def test_a_row_that_hides_all_of_a_source_keeps_it_unasked():
    release = Release((Row(P1, Outcome.HIDE, "R12"), Row(TRUE, Outcome.PERMIT, "R47")))
    assert not could_permit(release, "s", "P1")
    assert could_permit(release, "s", "P2")
    assert not could_permit(Release(()), "s", "P1")


def test_another_provider_is_asked_once_the_patient_consents_and_still_where_a_block_may_leave_something(at):
    assert not could_permit(decide(at.grounds), "s", "P2")
    consented = at.replace(at.grounds, consents=(at.row(Consent, "c"),))
    assert could_permit(decide(consented), "s", "P2")
    blocked = at.replace(consented, blocks=(at.row(Block, "b", excluded=("lak",)),))
    assert could_permit(decide(blocked), "s", "P2")
    assert outcome_of(decide(blocked), at.custody)[0] is Outcome.BLOCKED_EXISTS
