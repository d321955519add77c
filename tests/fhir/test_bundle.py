"""Bundles are spliced from bytes, and are what a writer that decodes would have written."""

from hypothesis import given, settings
from hypothesis import strategies as some

from hub.fhir.bundle import Hit, Link, Past, history, matches, searchset
from hub.fhir.json import dumps, loads
from hub.fhir.validation import validate

RESOURCE = b'{ "resourceType":"Observation", "id":"1", "valueQuantity":{"value":1.50}, "unknown" : [1e2] }'
words = some.text(max_size=8)
resources = some.dictionaries(words, words | some.integers(-5, 5) | some.lists(words, max_size=2), max_size=3)


def test_the_bytes_of_a_resource_go_out_as_they_are():
    written = searchset([Hit(RESOURCE, "https://hub.example/fhir/Observation/1")], links=[Link("self", "u")], total=1)
    assert RESOURCE in written
    assert b"1.50" in written


def test_an_empty_searchset_has_no_empty_lists():
    assert loads(searchset([], links=[], total=0)) == {"resourceType": "Bundle", "type": "searchset", "total": 0}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    hits=some.lists(some.tuples(resources, words, some.sampled_from(["match", "include", "outcome"])), max_size=4),
    links=some.lists(some.tuples(words, words), max_size=3),
    total=some.none() | some.integers(0, 10**6),
)
def test_splicing_is_what_decoding_would_have_given(hits, links, total):
    written = searchset(
        [Hit(dumps(resource), url, mode) for resource, url, mode in hits], links=[Link(*link) for link in links], total=total
    )
    expected = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        expected["total"] = total
    if links:
        expected["link"] = [{"relation": relation, "url": url} for relation, url in links]
    if hits:
        expected["entry"] = [
            ({"fullUrl": url} if url else {}) | {"resource": resource, "search": {"mode": mode}} for resource, url, mode in hits
        ]
    assert loads(written) == expected


@settings(max_examples=50, deadline=None, derandomize=True)
@given(found=some.lists(some.tuples(words, resources), max_size=4), more=some.booleans())
def test_matches_written_together_are_what_they_are_one_by_one(found, more):
    after = [Hit(b"{}", mode="outcome")] if more else []
    together = matches("https://hub.example/fhir/Observation/", [(id, dumps(resource)) for id, resource in found])
    apart = [Hit(dumps(resource), f"https://hub.example/fhir/Observation/{id}") for id, resource in found]
    assert searchset([together, *after], links=[], total=1) == searchset([*apart, *after], links=[], total=1)


def test_a_history_says_what_was_done_and_when():
    url = "https://hub.example/fhir/Observation/1"
    versions = [
        Past(url, None, "DELETE", "Observation/1", "204 No Content", 'W/"2"', "2026-03-02T08:00:00Z"),
        Past(url, b'{"resourceType":"Observation"}', "POST", "Observation", "201 Created", 'W/"1"', "2026-03-01T08:00:00Z"),
    ]
    bundle = loads(history(versions, links=[Link("self", f"{url}/_history")], total=2, updated="2026-03-02T08:00:00Z"))
    assert bundle["meta"] == {"lastUpdated": "2026-03-02T08:00:00Z"}
    deleted, created = bundle["entry"]
    assert "resource" not in deleted
    assert deleted["request"] == {"method": "DELETE", "url": "Observation/1"}
    assert created["resource"] == {"resourceType": "Observation"}
    assert created["response"] == {"status": "201 Created", "etag": 'W/"1"', "lastModified": "2026-03-01T08:00:00Z"}


def test_our_bundles_are_valid():
    held = dumps({"resourceType": "Patient", "id": "1"})
    url = "https://hub.example/fhir/Patient/1"
    past = Past(url, held, "PUT", "Patient/1", "200 OK", 'W/"1"', "2026-03-01T08:00:00Z")
    assert validate(loads(searchset([Hit(held, url)], links=[Link("self", url)], total=1))) == []
    assert validate(loads(history([past], links=[], total=1))) == []
