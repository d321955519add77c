"""Search keys as rows: what was made of a part of a resource is remembered, and what is remembered is what is made anew."""

import json

import pytest

from hub.fhir.encoded import encoded
from hub.fhir.json import loads
from hub.store import keys_written
from hub.store.keys_written import KEYS, gather
from hub.store.values import parameter_number

LONG = "en lång text om ingenting alls " * 12


def rows(resource, pk=1, rid=2, version=3):
    """The rows of each table, and what the resource is ordered by."""
    into = {table.name: [] for table in KEYS}
    sort = gather(into, encoded(resource), pk, rid, version)
    return {name: sorted(set(its)) for name, its in into.items()}, sort


@pytest.fixture(autouse=True)
def nothing_remembered():
    keys_written._made.cache_clear()


def measurement(number):
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "meta": {"versionId": str(number), "lastUpdated": f"2026-01-02T03:04:{number:02}Z", "source": "urn:a"},
        "code": {"coding": [{"system": "http://loinc.org", "code": f"code-{number % 2}"}], "text": "Puls"},
        "subject": {"reference": f"Patient/p{number % 3}"},
        "effectiveDateTime": f"2026-01-{number % 4 + 1:02}",
        "valueQuantity": loads(json.dumps({"value": number % 5, "unit": "slag/min", "code": "/min"}).encode()),
        "note": [{"text": LONG if number % 7 == 0 else "vila"}],
    }


def test_what_is_remembered_gives_the_rows_that_are_made_anew():
    remembered = [rows(measurement(number), number, number, number) for number in range(60)]
    assert keys_written._made.cache_info().hits > 300
    for number, found in enumerate(remembered):
        keys_written._made.cache_clear()
        assert rows(measurement(number), number, number, number) == found


def test_every_row_is_of_the_patient_the_resource_and_the_version():
    for pk, rid, version in ((1, 2, 3), (7, 8, 9)):
        found, _ = rows(measurement(1), pk, rid, version)
        named = [dict(zip(table.columns.keys(), row, strict=True)) for table in KEYS for row in found[table.name]]
        assert len(named) > 8
        assert {(each["pk"], each["rid"], each["version"]) for each in named} == {(pk, rid, version)}


def test_what_a_resource_is_ordered_by_is_remembered_too():
    assert [rows(measurement(number))[1] for number in (1, 5)] == [rows(measurement(number + 4))[1] for number in (1, 5)]
    assert rows(measurement(1))[1] < rows(measurement(2))[1]


def test_nothing_is_remembered_of_a_long_part():
    document = {"resourceType": "DocumentReference", "description": LONG * 4}
    first = rows(document)
    assert keys_written._made.cache_info().currsize == 0
    assert rows(document) == first
    assert first[0]["ix_string"]


def test_long_texts_of_several_elements_are_looked_into_under_one_name():
    found, _ = rows({"resourceType": "Location", "name": f"Intaget {LONG}", "alias": [f"Väst {LONG}", "kort"]})
    [value] = [row[-1] for row in found["ix_text"] if row[1] == parameter_number("Location", "name")]
    assert value.startswith("\nintaget en lång")
    assert "\nväst en lång" in value
    assert "kort" not in value


def test_words_of_all_elements_are_kept_once():
    narrative = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Puls i <b>vila</b></div>'}
    found, _ = rows({"resourceType": "Observation", "text": narrative, "code": {"text": "Puls"}, "valueString": "i vila, 60"})
    values = {row[1]: row[-1] for row in found["ix_text"]}
    assert values[parameter_number("Observation", "_content")] == " puls i vila generated 60"
    assert values[parameter_number("Observation", "_text")] == " puls i vila"
