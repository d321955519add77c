"""Blocks of one custodian whose periods meet are one block: nothing else is closed, nothing less."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.consent.decision import decide
from hub.consent.facts import MOST_BLOCKS, _closes
from hub.consent.grounds import Block
from hub.consent.merging import merged
from hub.consent.release import any_of, holds
from hub.fhir.custody import Custody

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
DAYS = [None, *(NOW - timedelta(days=days) for days in range(8, 0, -1))]
ids = itertools.count()


def block(provider="P1", start=None, end=None, unit="", excluded=()):
    return Block(
        id=f"b{next(ids)}",
        start=NOW - timedelta(hours=1),
        end=None,
        state="active",
        recorded=NOW,
        recorded_by="p",
        type="inner" if unit else "outer",
        regime="SVOD",
        provider=provider,
        unit=unit,
        information_start=start,
        information_end=end,
        excluded=excluded,
    )


blocks = st.builds(
    block,
    provider=st.sampled_from(["P1", "p1", "P2"]),
    start=st.sampled_from(DAYS),
    end=st.sampled_from(DAYS),
    unit=st.sampled_from(["", "", "U1", "u1", "U2"]),
    excluded=st.sampled_from([(), ("lak",), ("upp",), ("lak", "upp"), ("upp", "lak"), ("other",)]),
)


def entry(provider="P1", unit="U1", kind="voo", first=None, last=None):
    return Custody(
        source="s",
        provider=provider,
        unit=unit,
        info_type=kind,
        regime="SVOD",
        social=False,
        time_from=first,
        time_to=last,
        released=True,
        secret=False,
        nullified=False,
        insurance=False,
        purpose="care",
        incapacity=False,
    )


TIMES = [None, *(NOW - timedelta(days=days / 2) for days in range(18, 0, -1))]
entries = st.builds(
    entry,
    provider=st.sampled_from(["P1", "P2", None]),
    unit=st.sampled_from(["U1", "U2", None]),
    kind=st.sampled_from(["voo", "lak", "upp"]),
    first=st.sampled_from(TIMES),
    last=st.sampled_from(TIMES),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(blocks, max_size=10), st.lists(entries, min_size=8, max_size=8))
def test_merged_blocks_close_what_they_closed(given_blocks, of_entries) -> None:
    joined = list(merged(given_blocks))
    assert len(joined) <= len(given_blocks)
    before, after = any_of(*map(_closes, given_blocks)), any_of(*map(_closes, joined))
    for each in of_entries:
        assert holds(after, each) is holds(before, each)


def test_periods_that_meet_become_one_and_others_stay_apart() -> None:
    a, b, c, d, e = DAYS[1:6]
    assert len(list(merged([block(start=a, end=b), block(start=b, end=c), block("p1", start=d, end=e)]))) == 2
    assert len(list(merged([block() for _ in range(500)]))) == 1
    assert len(list(merged([block(), block(unit="U1"), block(excluded=("lak",)), block("P2")]))) == 4
    assert len(list(merged([block(start=b, end=a), block(start=a, end=b)]))) == 2


def test_of_more_blocks_than_can_be_told_apart_all_that_a_block_can_close_is_closed(at) -> None:
    def release(count):
        start = NOW - timedelta(days=9999)
        many = tuple(block(start=start + timedelta(days=2 * n), end=start + timedelta(days=2 * n + 1)) for n in range(count))
        return decide(replace(at.grounds, blocks=many))

    fits, over = release(MOST_BLOCKS), release(MOST_BLOCKS + 1)
    assert len(repr(over.rows)) < len(repr(fits.rows)) / 20
