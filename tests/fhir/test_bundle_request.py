"""What the entries of a batch or transaction ask for. http://hl7.org/fhir/R4/http.html#transaction"""

import pytest

from hub.errors import InvalidRequest, TooCostly
from hub.fhir.bundle_request import MOST_ENTRIES, asked_in, in_order

BASE = "https://hub.example/fhir"


def bundle(*entries, kind="transaction"):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(method, url, resource=None, full_url="", **more):
    held = {"request": {"method": method, "url": url} | more}
    return held | ({"resource": resource} if resource else {}) | ({"fullUrl": full_url} if full_url else {})


RESOURCE = {"resourceType": "Patient"}


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("Patient", "Patient", ""),
        ("/Patient", "Patient", ""),
        ("Patient/1", "Patient/1", ""),
        ("Patient?name=a%20b&x=1", "Patient", "name=a%20b&x=1"),
        (f"{BASE}/Patient/1/_history/2", "Patient/1/_history/2", ""),
        (f"{BASE}?_type=Patient", "", "_type=Patient"),
        ("Patient/1/$everything?_count=1", "Patient/1/$everything", "_count=1"),
    ],
)
def test_an_address_lies_below_the_base(url, path, query):
    [asked] = asked_in(bundle(entry("GET", url)), BASE).entries
    assert (asked.path, asked.query) == (path, query)


@pytest.mark.parametrize(
    ("held", "place"),
    [
        ({"resourceType": "Patient"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "searchset"}, "Bundle.type"),
        ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "Bundle.entry"),
        (bundle({}), "Bundle.entry[0].request"),
        (bundle(entry("GET", "Patient"), entry("FETCH", "Patient")), "Bundle.entry[1].request.method"),
        (bundle(entry(["GET"], "Patient")), "Bundle.entry[0].request.method"),
        (bundle(entry({}, "Patient"), kind="batch"), "Bundle.entry[0].request.method"),
        (bundle(entry("GET", 1)), "Bundle.entry[0].request.url"),
        (bundle(entry("GET", "https://other.example/fhir/Patient")), "Bundle.entry[0].request.url"),
        (bundle(entry("GET", "../metrics")), "Bundle.entry[0].request.url"),
        (bundle(entry("GET", "Patient/a b")), "Bundle.entry[0].request.url"),
        (bundle(entry("POST", "Patient")), "Bundle.entry[0].resource"),
        (bundle(entry("PUT", "Patient/1", RESOURCE, ifMatch=3)), "Bundle.entry[0].request.ifMatch"),
        (bundle(entry("PUT", "Patient/1", RESOURCE, ifMatch="a\r\nb")), "Bundle.entry[0].request.ifMatch"),
        (bundle(*[entry("POST", "Patient", RESOURCE, "urn:uuid:1")] * 2), "Bundle.entry[1].fullUrl"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(held, place):
    with pytest.raises(InvalidRequest) as told:
        asked_in(held, BASE)
    assert told.value.place == place


def test_what_one_entry_of_a_batch_asks_wrongly_is_no_fault_of_the_others():
    wrong = (
        (entry("GET", "https://other.example/fhir/Patient"), "Bundle.entry[1].request.url"),
        (entry("POST", "Patient"), "Bundle.entry[1].resource"),
        (entry("PUT", "Patient/1", RESOURCE, ifMatch=3), "Bundle.entry[1].request.ifMatch"),
    )
    for each, place in wrong:
        first, second, third = asked_in(bundle(entry("GET", "Patient"), each, entry("GET", "List"), kind="batch"), BASE).entries
        assert (first.path, first.fault, third.path, third.fault) == ("Patient", None, "List", None)
        assert second.fault is not None
        assert (second.number, second.fault.place) == (1, place)


def test_there_is_an_end_to_the_entries():
    with pytest.raises(TooCostly):
        asked_in(bundle(*[entry("GET", "Patient")] * (MOST_ENTRIES + 1)), BASE)


def test_deletions_come_first_then_patients_then_what_is_theirs_each_in_its_order():
    held = bundle(
        entry("GET", "Patient"),
        entry("PATCH", "Observation/1", RESOURCE),
        entry("PUT", "Patient/2", RESOURCE),
        entry("POST", "Observation", RESOURCE),
        entry("DELETE", "Observation/3"),
        entry("POST", "Patient", RESOURCE),
        entry("PUT", "Observation/4", RESOURCE),
    )
    assert [each.number for each in in_order(asked_in(held, BASE).entries)] == [4, 5, 2, 3, 6, 1]


def test_what_would_be_headers_are_headers():
    [asked] = asked_in(bundle(entry("PUT", "Patient/1", RESOURCE, ifMatch='W/"3"', ifNoneExist="a=b")), BASE).entries
    assert asked.headers == {"if-match": 'W/"3"', "if-none-exist": "a=b"}
