"""Properties of CONSENT section 8 that are laws of the one function: 1 to 4, 6 and 10. The others are tested over HTTP.

1 and 3 in part: `test_laws.py`; 5, 7: `tests/leaks/test_twin_readers.py`; 8: `tests/api`; 9: `tests/api/test_grounds.py`.
"""

from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.decision import decide, good_until, refusal
from hub.consent.grounds import Block, Consent, Need, Relation, Revoke, Share, closing
from hub.consent.release import outcome_of
from tests.consent.test_laws import DRAWS, ENTRIES, GROUNDS, HOUR, NOW, Draw, permits

LAW = settings(max_examples=300, deadline=None)
SECOND = timedelta(seconds=1)
NIGHTS = (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25))
"""Days that end before, and on, the nights when clocks change in Sweden."""
OVER = (
    {"state": "ended"},
    {"state": "annulled"},
    {"end": NOW},
    {"start": NOW + SECOND},
    {"unit": "U2"},
    {"employee": "E9"},
)


@LAW
@given(GROUNDS, ENTRIES, DRAWS)
def test_while_a_block_stands_elsewhere_no_consent_or_assertion_opens(grounds, custody, draw):
    """Property 2. An entry of another care provider, closed by a block of all times that nobody has lifted."""
    block = replace(
        draw.block(),
        id="standing",
        state="active",
        start=NOW - HOUR,
        end=None,
        regime="SVOD",
        type=draw.choice(["outer", "inner"]),
        provider="P2",
        unit="U3",
        information_start=None,
        information_end=None,
        excluded=(),
    )
    elsewhere = replace(custody, regime="SVOD", provider="P2", unit="U3")
    closed = replace(grounds, blocks=(*grounds.blocks, block))
    if grounds.caller.staff:
        assert not permits(closed, elsewhere)


@LAW
@given(GROUNDS, ENTRIES, st.sampled_from(OVER))
def test_a_consent_that_is_over_to_come_or_another_s_opens_nothing_that_the_valid_one_does_not(grounds, custody, over):
    """Property 3."""
    worse = replace(grounds, consents=tuple(replace(row, **over) for row in grounds.consents))
    none = replace(grounds, consents=())
    assert permits(worse, custody) is permits(none, custody)
    if permits(none, custody):
        assert permits(grounds, custody)


@LAW
@given(
    GROUNDS, st.sampled_from((2, 3)), st.sampled_from(("", "SE1-C1")), st.sampled_from(("clinician", "anonymous", "technician"))
)
def test_whether_a_request_is_refused_is_told_without_the_rest_of_the_decision(grounds, loa, commission, kind):
    asked = replace(grounds, caller=replace(grounds.caller, loa=loa, commission=commission, kind=kind))
    assert refusal(asked) == decide(asked).refusal


@LAW
@given(GROUNDS, ENTRIES)
def test_a_narrower_scope_opens_nothing(grounds, custody):
    """Property 4: SJF, VG, VE."""
    seen = [permits(replace(grounds, caller=replace(grounds.caller, scope=scope)), custody) for scope in ("SJF", "VG", "VE")]
    assert seen == sorted(seen, reverse=True)


@LAW
@given(GROUNDS, ENTRIES)
def test_letter_case_of_the_reader_s_hsa_ids_changes_nothing(grounds, custody):
    """Property 10."""
    caller = grounds.caller
    lower = replace(caller, provider=caller.provider.lower(), unit=caller.unit.lower(), subject=caller.subject.lower())
    assert outcome_of(decide(replace(grounds, caller=lower)), custody) == outcome_of(decide(grounds), custody)


CLOSED = {"consents": ("R47", "R48"), "relations": ("R47", "R44"), "needs": ("R47", "R45"), "revokes": ("R47", "R42")}
"""Which rule decides while a ground holds, and after it."""


@pytest.mark.parametrize("night", NIGHTS, ids=str)
@pytest.mark.parametrize("kind", [*CLOSED, "blocks", "shares"])
def test_a_ground_to_the_end_of_a_day_ends_at_swedish_midnight_to_the_second(at, kind, night):
    """Property 6, in the nights when clocks change as in any other: a second before the end, at it, a second after."""
    end = closing(night)
    assert end.astimezone(UTC).hour in (22, 23)
    whole = {"start": end - 48 * HOUR, "end": end + 48 * HOUR}
    rows = {
        "consents": at.row(Consent, "c", **whole),
        "relations": at.row(Relation, "r", **whole),
        "needs": at.row(Need, "n", **whole),
        "revokes": at.row(Revoke, "v", **whole),
        "blocks": at.row(Block, "b", **whole),
        "shares": at.row(Share, "s", **whole),
    }
    rows[kind] = replace(rows[kind], end=end)
    if kind not in ("revokes", "blocks"):
        del rows["blocks"], rows["revokes"]
    if kind == "blocks":
        del rows["revokes"]
    held = at.replace(at.grounds, **{name: (row,) for name, row in rows.items()})
    entry = at.replace(at.custody, regime="OWN", provider=None, unit=None) if kind == "shares" else at.custody
    moments = (end - SECOND, end, end + SECOND)
    rules = [outcome_of(decide(at.replace(held, now=moment)), entry)[1] for moment in moments]
    before, after = {"blocks": ("R42", "R47"), "shares": ("R91", "R92")}.get(kind) or CLOSED[kind]
    assert rules == [before, after, after]
    assert good_until(at.replace(held, now=end - SECOND)) == end


def test_no_decision_is_kept_over_a_swedish_midnight():
    """Property 6: ages turn there; in the night when clocks go back it is twenty-five hours away from the last."""
    bare = replace(Draw(1).grounds(), **dict.fromkeys(("consents", "blocks", "revokes", "relations", "needs", "assertions"), ()))
    for night in NIGHTS:
        end = closing(night)
        for now in (end - 20 * HOUR, end - SECOND):
            assert good_until(replace(bare, shares=(), now=now)) == end
        assert good_until(replace(bare, shares=(), now=end)) > end
