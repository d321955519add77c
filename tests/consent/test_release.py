"""The algebra: three-valued as SQL is, settled where it can be, closed at the end."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hub.consent.release import (
    FALSE,
    NO_RULE,
    TRUE,
    UNKNOWN,
    And,
    Constant,
    Equals,
    Flag,
    In,
    IsNull,
    Not,
    Or,
    Outcome,
    Overlaps,
    Release,
    Row,
    all_of,
    among,
    any_of,
    closed,
    deciding,
    holds,
    negation,
    outcome_of,
)

A, B = Equals("provider", "A"), Flag("released")


@pytest.mark.parametrize(
    ("built", "expected"),
    [
        (all_of(), TRUE),
        (all_of(A, FALSE), FALSE),
        (all_of(A, TRUE), A),
        (all_of(UNKNOWN, FALSE), FALSE),
        (all_of(UNKNOWN, A), And((UNKNOWN, A))),
        (all_of(all_of(A, B), A), And((A, B, A))),
        (any_of(), FALSE),
        (any_of(A, TRUE), TRUE),
        (any_of(A, FALSE), A),
        (any_of(UNKNOWN, TRUE), TRUE),
        (any_of(UNKNOWN, A), Or((UNKNOWN, A))),
        (any_of(any_of(A, B), A), Or((A, B, A))),
        (negation(TRUE), FALSE),
        (negation(FALSE), TRUE),
        (negation(UNKNOWN), UNKNOWN),
        (negation(A), Not(A)),
        (negation(Not(A)), A),
        (among("unit", ["b", "a", "b"]), In("unit", ("a", "b"))),
        (among("unit", []), FALSE),
    ],
    ids=str,
)
def test_what_is_settled_is_taken_out(built, expected):
    assert built == expected


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        (Constant(None), None),
        (Equals("provider", "P2"), True),
        (Equals("provider", "p2"), False),
        (In("unit", ("U1", "U2")), True),
        (In("unit", ("U1",)), False),
        (IsNull("unit"), False),
        (Flag("released"), True),
        (Not(Flag("released")), False),
        (And((TRUE, UNKNOWN)), None),
        (And((FALSE, UNKNOWN)), False),
        (And((TRUE, TRUE)), True),
        (Or((FALSE, UNKNOWN)), None),
        (Or((TRUE, UNKNOWN)), True),
        (Or((FALSE, FALSE)), False),
        (Not(UNKNOWN), None),
    ],
    ids=str,
)
def test_the_plain_reading_is_three_valued(at, expression, truth):
    assert holds(expression, at.custody) is truth


def test_a_test_of_what_is_not_known_is_unknown(at):
    custody = at.replace(at.custody, provider=None, released=None)
    for test in (Equals("provider", "P2"), In("provider", ("P2",)), Flag("released")):
        assert holds(test, custody) is None
    assert holds(IsNull("provider"), custody) is True


def test_the_first_row_that_is_not_false_decides_and_an_unknown_one_hides(at):
    release = Release(closed([Row(Flag("secret"), Outcome.EXISTS, "a"), Row(Flag("released"), Outcome.PERMIT, "b")]))
    assert outcome_of(release, at.custody) == ("PERMIT", "b")
    assert outcome_of(release, at.replace(at.custody, secret=True)) == ("EXISTS", "a")
    assert outcome_of(release, at.replace(at.custody, secret=None)) == ("HIDE", "a")
    assert outcome_of(release, at.replace(at.custody, released=None)) == ("HIDE", "b")
    assert outcome_of(release, at.replace(at.custody, released=False)) == ("HIDE", NO_RULE)


def test_rows_after_a_settled_one_are_cut_away_and_the_end_hides():
    row = Row(A, Outcome.PERMIT, "a")
    settled = Row(UNKNOWN, Outcome.PERMIT, "b")
    assert closed([Row(FALSE, Outcome.PERMIT, "x"), row, settled, row]) == (row, settled)
    assert closed([row]) == (row, Row(TRUE, Outcome.HIDE, NO_RULE))


def test_a_release_that_ends_open_is_a_fault(at):
    with pytest.raises(AssertionError):
        deciding(Release(()), at.custody)


def test_a_refusal_is_one_only_where_it_is_of_everything():
    assert Release(closed([Row(A, Outcome.REFUSE, "R07")])).refusal is None
    assert Release(closed([Row(UNKNOWN, Outcome.REFUSE, "R07")])).refusal is None
    assert Release(closed([Row(TRUE, Outcome.REFUSE, "R01")])).refusal == Row(TRUE, Outcome.REFUSE, "R01")


def test_a_digest_does_not_depend_on_how_an_instant_is_written():
    utc = datetime(2026, 3, 1, 12, tzinfo=UTC)
    swedish = utc.astimezone(timezone(timedelta(hours=1)))
    digests = {Release(closed([Row(Not(Overlaps(moment, None)), Outcome.PERMIT, "a")])).digest for moment in (utc, swedish)}
    assert len(digests) == 1
