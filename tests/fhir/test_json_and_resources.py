"""JSON with exact decimals, element paths, compartments."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from hub.errors import InvalidRequest, TooCostly
from hub.fhir.compartment import patients, references
from hub.fhir.json import MAX_DEPTH, dumps, loads, loads_untrusted

decimals = some.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
values = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**53), 2**53) | some.text(max_size=8) | decimals,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values)
def test_what_is_written_is_read_back_digit_by_digit(value):
    assert loads(dumps(value)) == value
    assert loads_untrusted(dumps(value)) == value
    assert dumps(loads(dumps(value))) == dumps(value)


@pytest.mark.parametrize("written", [b"1.50", b"0.10", b"1.00", b"100.0", b"0.000001", b"12345678901234567890.5"])
def test_a_decimal_keeps_its_digits(written):
    assert dumps(loads(written)) == written
    assert dumps(loads_untrusted(written)) == written


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b"\xff",
        b"NaN",
        b"[1,]",
        b"1." + b"1" * 50,
        b"<a/>",
        '{"a":"\ud800"}'.encode("utf-8", "surrogatepass"),
    ],
)
def test_what_is_not_json_is_refused(body):
    with pytest.raises(InvalidRequest):
        loads_untrusted(body)


@pytest.mark.parametrize(
    "body", [b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), b"[" * 100_000, b'"' + b"x" * 5_000_001 + b'"']
)
def test_what_is_too_deep_or_large_is_refused(body):
    with pytest.raises(TooCostly):
        loads_untrusted(body)


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        ({"resourceType": "Patient", "id": "p1", "link": [{"other": {"reference": "Patient/p2"}}]}, ("p1", "p2")),
        (
            {"resourceType": "Observation", "subject": {"reference": "Patient/p1"}, "performer": [{"reference": "Patient/p1"}]},
            ("p1",),
        ),
        ({"resourceType": "Observation", "subject": {"reference": "Group/g"}, "focus": [{"reference": "Patient/p1"}]}, ()),
        ({"resourceType": "Appointment", "participant": [{"actor": {"reference": "Patient/p1/_history/1"}}]}, ("p1",)),
        ({"resourceType": "Consent", "patient": {"identifier": {"value": "1"}}}, ()),
        ({"resourceType": "Organization", "id": "o"}, ()),
        ({"resourceType": "Ghost"}, ()),
        ({"resourceType": "Observation", "subject": "Patient/p1"}, ()),
        ({"resourceType": "Observation", "subject": {"reference": 5}}, ()),
    ],
)
def test_a_resource_lies_with_the_patients_it_names(resource, found):
    assert patients(resource) == found


def test_a_reference_that_is_not_resolved_is_still_named():
    held = {"reference": "Patient?identifier=urn:x|1"}
    assert list(references({"resourceType": "CarePlan", "subject": held})) == [held]


@pytest.mark.parametrize(
    "written", [b"1e401", b"1e-401", b"-1E+999999", b"1e99999999999999999999", b"0e99999", b"1" * 41, b"1." + b"1" * 40]
)
def test_a_number_that_nothing_can_reckon_with_is_refused(written):
    with pytest.raises(InvalidRequest, match="a number"):
        loads_untrusted(b'{"value":' + written + b"}")


@pytest.mark.parametrize("written", [b"1e400", b"1e-400", b"1" * 40])
def test_a_number_within_bounds_is_kept(written):
    assert Decimal(str(loads_untrusted(written))) == Decimal(written.decode())


@pytest.mark.parametrize(
    ("written", "place"),
    [
        (
            '{"resourceType":"Observation","code":{"coding":[{"code":"a"},{"code":"b","code":"c"}]}}',
            "Observation.code.coding[1].code",
        ),
        ('{"status":"a","resourceType":"Observation","status":"b"}', "Observation.status"),
        ('{"a":1,"a":2}', "a"),
        ('[{"a":{"b":1,"b":2}}]', "[0].a.b"),
        ('{"resourceType":[],"a":{},"a":1}', "a"),
        ('{"a":1,"a":2},', ""),
        ('{"a":\n1,]', "line 2, column 3"),
        ("", "line 1, column 1"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_json_is_refused_where_it_is_not(written, place):
    with pytest.raises(InvalidRequest) as refused:
        loads_untrusted(written.encode())
    assert refused.value.place == place


def test_what_is_not_utf_8_is_refused_at_its_byte():
    with pytest.raises(InvalidRequest) as refused:
        loads_untrusted(b'{"a":"\xe5"}')
    assert refused.value.place == "byte 6"


def test_depth_is_counted_outside_of_strings():
    inside = '"' + '[{\\"' * 100 + '"'
    assert loads_untrusted(("[" * 64 + inside + "]" * 64).encode())
    assert len(loads_untrusted(("[" + "[]," * 100 + "1]").encode())) == 101
    for deep in ("[" * 65 + inside + "]" * 65, "[" * 65, '{"a":' * 65, inside[:-1] + "[" * 65 + '"' + "[" * 65):
        with pytest.raises(TooCostly):
            loads_untrusted(deep.encode())
    with pytest.raises(InvalidRequest):
        loads_untrusted((inside[:-1] + "[" * 65).encode())
