"""SMART scopes: what the specification writes is read, what is not understood grants nothing or is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import scopes
from hub.caller import SmartScope
from hub.errors import Forbidden


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("user/Observation.rs", "user/Observation.rs"),
        ("patient/*.cruds", "patient/*.cruds"),
        ("system/Consent.c", "system/Consent.c"),
        ("user/Observation.read", "user/Observation.rs"),
        ("user/Observation.write", "user/Observation.cud"),
        ("user/*.*", "user/*.cruds"),
        ("openid fhirUser launch/patient offline_access user/Flag.r", "user/Flag.r"),
        ("user/Flag.r user/Flag.r", "user/Flag.r"),
        ("user/Flag.sr", ""),
        ("user/Flag.", ""),
        ("user/Flag.rx", ""),
        ("user/flag.rs", ""),
        ("user/.rs", ""),
        ("admin/*.rs", ""),
        ("user/*.rs\u2003user/Flag.c", "user/*.rs user/Flag.c"),
        ("", ""),
    ],
)
def test_scopes_are_read_as_smart_writes_them(text, read):
    assert scopes.write(scopes.parse(text)) == read


@pytest.mark.parametrize("text", ["user/Observation.rs?category=laboratory", "openid patient/Flag.r?x", "user/*.rs?"])
def test_a_scope_with_a_query_part_is_refused_without_its_words(text):
    with pytest.raises(Forbidden, match="query part is not supported") as refused:
        scopes.parse(text)
    assert "laboratory" not in refused.value.problem


SETS = st.frozensets(
    st.builds(
        SmartScope,
        st.sampled_from(["patient", "user", "system"]),
        st.sampled_from(["*", "Flag", "Observation"]),
        st.frozensets(st.sampled_from("cruds"), min_size=1),
    ),
    max_size=4,
)


def _grants(held):
    """Every single right, for two types and all the rest."""
    types = ("Flag", "Observation", "Consent")
    return {(s.context, name, one) for s in held for name in types if s.resource_type in ("*", name) for one in s.interactions}


@settings(max_examples=200)
@given(SETS, SETS)
def test_what_two_sets_have_in_common_is_exactly_what_both_grant(one, other):
    assert _grants(scopes.meet(one, other)) == _grants(one) & _grants(other)


@given(SETS)
def test_scopes_written_and_read_are_the_same(held):
    assert scopes.parse(scopes.write(held)) == held


@pytest.mark.parametrize(
    ("asked", "held", "both"),
    [
        ("user/*.rs", "user/Observation.cruds", "user/Observation.rs"),
        ("user/Observation.cruds", "user/*.rs", "user/Observation.rs"),
        ("user/*.cruds", "user/*.rs", "user/*.rs"),
        ("user/Flag.r", "user/Observation.r", ""),
        ("user/Flag.c", "user/Flag.r", ""),
        ("patient/*.rs", "user/*.rs", ""),
        ("user/Flag.rs", "user/Flag.r user/Flag.s", "user/Flag.rs"),
        ("", "user/*.rs", ""),
        ("user/*.rs", "", ""),
    ],
)
def test_what_two_sets_have_in_common_is_in_both(asked, held, both):
    assert scopes.write(scopes.meet(scopes.parse(asked), scopes.parse(held))) == both


def test_a_scope_met_with_itself_is_itself():
    scope = frozenset({SmartScope("user", "Flag", frozenset("rs")), SmartScope("user", "*", frozenset("c"))})
    assert scopes.meet(scope, scope) >= {SmartScope("user", "*", frozenset("c"))}
    assert scopes.write(scopes.meet(scope, scope)) == "user/*.c user/Flag.rs"
