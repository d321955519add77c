"""Ids: stable, keyed, and no way back to a number."""

import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from hub.fhir.identity import Ids, logical_id, rid

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
parts = some.lists(some.text(max_size=6), min_size=1, max_size=4)


def test_an_id_stays_the_same_from_release_to_release():
    assert logical_id(KEY, "Observation", "region-a", "lab", "urn:x", "42") == "hlr6toaz3y5ufcax45sahvbg4u"
    assert rid(KEY, "Observation", "42") == 1237262088400120383


@given(parts)
def test_an_id_is_a_fhir_id_without_a_trace_of_its_parts(named):
    found = logical_id(KEY, *named)
    assert re.fullmatch(r"[a-z2-7]{26}", found)
    assert found == logical_id(KEY, *named)


@given(parts, parts)
def test_two_names_have_two_ids(one, other):
    assert (logical_id(KEY, *one) == logical_id(KEY, *other)) is (one == other)


def test_parts_are_not_run_together():
    assert logical_id(KEY, "ab", "c") != logical_id(KEY, "a", "bc") != logical_id(KEY, "abc")
    assert logical_id(KEY, "a", "") != logical_id(KEY, "a")


@given(parts, parts)
def test_parts_that_are_hashed_first_give_the_id_of_all_parts(first, rest):
    assert Ids(KEY, *first).of(*rest) == logical_id(KEY, *first, *rest)
    assert Ids(KEY, *first).of(*rest, letters=12) == logical_id(KEY, *first, *rest)[:12]


@given(some.binary(min_size=16, max_size=80), parts)
def test_a_fhir_id_is_cut_from_an_hmac_with_any_key(key, named):
    written = b"".join(len(each.encode()).to_bytes(4, "big") + each.encode() for each in ("id", *named))
    bits = int.from_bytes(hmac.digest(key, written, "sha256"), "big") >> 126
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    assert logical_id(key, *named) == "".join(letters[bits >> 5 * at & 31] for at in reversed(range(26)))


def test_another_key_gives_other_ids():
    assert logical_id(KEY, "a") != logical_id(OTHER, "a")
    assert rid(KEY, "Patient", "a") != rid(OTHER, "Patient", "a")


@given(some.binary(min_size=16, max_size=80), some.text(max_size=6))
def test_a_store_number_is_cut_from_an_hmac_with_any_key(key, named):
    written = b"".join(len(each.encode()).to_bytes(4, "big") + each.encode() for each in ("rid", "Observation", named))
    assert rid(key, "Observation", named) == int.from_bytes(hmac.digest(key, written, "sha256")[:8], "big") >> 2


@given(some.text(max_size=6), some.text(max_size=6))
def test_a_store_number_has_62_bits(resource_type, resource_id):
    assert 0 <= rid(KEY, resource_type, resource_id) < 2**62


@pytest.mark.parametrize("make", [lambda: logical_id(b"short", "a"), lambda: logical_id(b"", "a"), lambda: logical_id(KEY)])
def test_without_a_key_or_a_name_there_is_no_id(make):
    with pytest.raises(ValueError, match=r"key|nothing"):
        make()
