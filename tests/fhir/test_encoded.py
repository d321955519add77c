"""A resource in JSON, element by element: the same bytes as the whole."""

from hypothesis import given
from hypothesis import strategies as some

from hub.fhir.encoded import encoded, in_json, of_elements
from hub.fhir.json import dumps, loads, loads_untrusted

names = some.text(max_size=4) | some.sampled_from(["a%b", '"', "meta", "å"])
values = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(2**31), 2**31)
    | some.text(max_size=4)
    | some.decimals(allow_nan=False, allow_infinity=False, places=2),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(names, inner, max_size=3),
)


@given(some.dictionaries(names, values, max_size=6))
def test_the_elements_make_up_the_whole(resource):
    found = encoded(resource)
    assert found.written == dumps(resource) == of_elements(resource, in_json(resource)).written
    assert {name: loads(written) for name, written in found.elements.items()} == loads(dumps(resource))


def test_a_line_break_in_a_text_parts_no_elements():
    resource = {"id": "1", "text": "a\nb\r\u2028c", "note": ["\n"]}
    assert loads_untrusted(encoded(resource).written) == resource


def test_what_the_store_stamps_makes_no_meta_another_one():
    first, second = (
        encoded({"resourceType": "Basic", "meta": {"versionId": id, "lastUpdated": id, "source": "urn:a"}}) for id in ("a", "b")
    )
    assert first.meta == second.meta == b'{"source":"urn:a"}'
    assert first.written != second.written
    assert encoded({"resourceType": "Basic"}).meta == b""
