"""Grounds go into the store and come back the same; what cannot be read in full never opens anything."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.consent.grounds import Assertion, Attorney, Block, Consent, Need, Relation, Revoke, Share
from hub.consent.limits import MEANINGS, Data, Limits
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
ELEMENTS = {
    "start": st.none() | INSTANTS,
    "end": st.none() | INSTANTS,
    "holders": st.lists(IDS, max_size=2).map(tuple),
    "types": st.lists(st.sampled_from(["lak", "upp"]), max_size=2).map(tuple),
    "kinds": st.lists(TEXTS, max_size=2).map(tuple),
    "data": st.lists(st.builds(Data, st.sampled_from(MEANINGS), TEXTS), max_size=2).map(tuple),
    "labels": st.lists(st.tuples(TEXTS, TEXTS), max_size=2).map(tuple),
}
ONE = st.builds(Limits, **ELEMENTS)
WITHIN = st.recursive(ONE, lambda inner: st.builds(replace, ONE, but=st.lists(inner, max_size=2).map(tuple)), max_leaves=3)
REGIMES = st.sampled_from(["SVOD", "NLL"])
GROUNDS = st.one_of(
    st.builds(Consent, **MINE, regime=REGIMES, represented_by=TEXTS, within=st.none() | WITHIN),
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


WHOLE = {
    "start": "2026-03-03T12:00:00+00:00",
    "end": None,
    "state": "active",
    "recorded": "2026-03-03T12:00:00+00:00",
    "recorded_by": "E1",
    "provider": "P1",
    "unit": "U1",
    "employee": "",
    "regime": "SVOD",
    "represented_by": "",
}
"""A consent as it was kept before there were any limits."""


def test_a_consent_that_was_kept_before_limits_is_read_and_opens_all():
    assert from_payload("consent", "c", WHOLE).limited is False
    assert "within" not in to_payload(from_payload("consent", "c", WHOLE))


@pytest.mark.parametrize(
    "within",
    [
        [],
        "all",
        {"colour": []},
        {"start": None},
        {"data": [["instance"]]},
        {"data": [["whatever", "Observation/x"]]},
        {"labels": [["R"]]},
        {"but": [{"but": [3]}]},
    ],
    ids=str,
)
def test_limits_that_cannot_be_read_leave_the_consent_out(within):
    payload = WHOLE | {"within": within}
    with pytest.raises(Unreadable, match=r"consent\.within"):
        from_payload("consent", "c", payload)
    assert rows_read([("consent", "c", payload)], datetime(2026, 3, 3, tzinfo=UTC)) == ()
