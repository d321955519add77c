"""Grounds go into the store and come back the same; what cannot be read in full never opens anything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.grounds import Assertion, Attorney, Block, Consent, Need, Relation, Revoke, Share
from hub.consent.payloads import Unreadable, from_payload, rows_read, to_payload, with_rows
from hub.fhir.json import dumps, loads

INSTANTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))
IDS = st.text("ABC-0123456789", max_size=12)
TEXTS = st.text(max_size=8)
COMMON = {
    "id": st.uuids().map(str),
    "start": INSTANTS,
    "end": st.none() | INSTANTS,
    "state": st.sampled_from(["active", "ended", "annulled"]),
    "recorded": INSTANTS,
    "recorded_by": TEXTS,
}
MINE = COMMON | {"provider": IDS, "unit": IDS, "employee": IDS}
REGIMES = st.sampled_from(["SVOD", "NLL"])
GROUNDS = st.one_of(
    st.builds(Consent, **MINE, regime=REGIMES, represented_by=TEXTS),
    st.builds(
        Block,
        **COMMON,
        type=st.sampled_from(["inner", "outer"]),
        regime=REGIMES,
        provider=IDS,
        unit=IDS,
        information_start=st.none() | INSTANTS,
        information_end=st.none() | INSTANTS,
        excluded=st.lists(st.sampled_from(["lak", "upp"])).map(tuple),
        readable=st.booleans(),
    ),
    st.builds(Revoke, **MINE, block=TEXTS, owner=IDS, reason=st.sampled_from(["patient_consent", "emergency"])),
    st.builds(Relation, **MINE),
    st.builds(Need, **MINE, type=st.sampled_from(["relevance", "work", "worklist"]), reason=TEXTS),
    st.builds(
        Assertion,
        **MINE,
        type=st.sampled_from(["emergency", "incapacity", "child", "inner_emergency"]),
        step=st.integers(0, 2),
        follows=TEXTS,
        reason=TEXTS,
        providers=st.lists(IDS).map(tuple),
        units=st.lists(IDS).map(tuple),
        attestations=st.lists(TEXTS).map(tuple),
    ),
    st.builds(Share, **COMMON, provider=IDS, unit=IDS),
    st.builds(Attorney, **COMMON, agent=TEXTS),
)


@given(GROUNDS)
def test_a_ground_comes_back_from_its_payload_as_it_was(ground):
    assert from_payload(ground.KIND, ground.id, loads(dumps(to_payload(ground)))) == ground


@given(GROUNDS, st.sampled_from(["extra", "missing", "start", "state", "recorded_by"]))
def test_a_payload_that_is_not_whole_is_unreadable(ground, what):
    payload = to_payload(ground)
    if what == "extra":
        payload["colour"] = "red"
    elif what == "missing":
        del payload["recorded"]
    else:
        payload[what] = 3
    with pytest.raises(Unreadable):
        from_payload(ground.KIND, ground.id, payload)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", "2026-01-01T00:00:00"),
        ("start", None),
        ("provider", None),
        ("state", "almost"),
        ("regime", ["SVOD"]),
        ("end", "soon"),
    ],
    ids=str,
)
def test_a_value_that_a_field_cannot_hold_is_unreadable(at, name, value):
    payload = to_payload(at.row(Consent, "c")) | {name: value}
    with pytest.raises(Unreadable, match=f"consent.{name}"):
        from_payload("consent", "c", payload)


def test_hsa_ids_come_back_in_upper_case(at):
    payload = to_payload(at.row(Assertion, "a")) | {"provider": "se1-p", "units": ["se1-u"]}
    read = from_payload("assertion", "a", payload)
    assert (read.provider, read.units) == ("SE1-P", ("SE1-U",))


def test_what_cannot_be_read_denies_if_it_may_be_a_block_and_is_left_out_if_it_could_only_open(at):
    whole = at.row(Relation, "r")
    rows = [
        ("relation", "r", to_payload(whole)),
        ("consent", "c", to_payload(at.row(Consent, "c")) | {"modifier": 1}),
        ("block", "b", {}),
        ("block", "l", []),
        ("embargo", "e", to_payload(whole)),
    ]
    read = rows_read(rows, at.now)
    assert read[0] == whole
    assert [(row.id, row.readable) for row in read[1:]] == [("b", False), ("l", False), ("e", False)]


def test_rows_find_their_places_among_the_grounds(at):
    rows = (at.row(Relation, "r"), at.row(Consent, "c"), at.row(Share, "s"), at.row(Consent, "d"))
    grounds = with_rows(at.grounds, rows)
    assert [row.id for row in grounds.consents] == ["c", "d"]
    assert (grounds.needs, grounds.shares) == ((), (rows[2],))
    assert [row.id for row in grounds.rows] == ["c", "d", "r", "s"]


def test_an_unreadable_block_survives_the_store(at):
    (block,) = rows_read([("block", "b", {"x": timedelta})], at.now)
    assert from_payload("block", "b", loads(dumps(to_payload(block)))) == block
