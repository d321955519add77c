"""References from one entry to another: which are those, and what is left of a resource without them."""

import pytest

from hub.fhir.across import ABSENT, ENTRY_TYPES, entry_of, led_to, may_point, pointed, restored, without
from hub.fhir.full_text import words
from hub.fhir.index import index
from hub.fhir.index_keys import PointedKey, TokenKey
from hub.fhir.json import dumps
from hub.fhir.validation import validate
from hub.hub import MAPPERS

SEEN, HIDDEN = {"reference": "Condition/seen", "display": "Seen"}, {"reference": "Condition/hidden", "display": "Hidden"}
ELSEWHERE = "http://elsewhere.example.org/fhir/Condition/hidden"
CODE = {"text": "code"}
OBSERVATION = {"resourceType": "Observation", "id": "o", "status": "final", "code": CODE, "subject": {"reference": "Patient/p"}}
ENCOUNTER = {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "AMB"}}
LIST = {"resourceType": "List", "id": "l", "status": "current", "mode": "working"}
PROVENANCE = {
    "resourceType": "Provenance",
    "id": "v",
    "recorded": "2040-01-01T00:00:00Z",
    "agent": [{"who": {"display": "Doris"}}],
}
COMPOSITION = {
    "resourceType": "Composition",
    "id": "c",
    "status": "final",
    "type": CODE,
    "date": "2040-01-01",
    "author": [{"display": "Doris"}],
    "title": "title",
}
EDUCATED = {
    "resourceType": "Immunization",
    "id": "i",
    "status": "completed",
    "vaccineCode": CODE,
    "patient": {"reference": "Patient/p"},
    "occurrenceString": "then",
    "education": [{"reference": "Condition/hidden"}],
}


def extension(value, url="urn:x"):
    return {"url": url} | value


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (OBSERVATION | {"focus": [SEEN, HIDDEN, SEEN]}, OBSERVATION | {"focus": [SEEN, SEEN]}),
        (OBSERVATION | {"focus": [HIDDEN]}, OBSERVATION),
        (OBSERVATION | {"focus": [{"reference": "Condition/hidden/_history/3", "type": "Condition"}]}, OBSERVATION),
        (OBSERVATION | {"focus": [{"reference": ELSEWHERE}]}, None),
        (OBSERVATION | {"focus": [{"reference": "urn:uuid:0c8b3ba0-0000-4000-8000-000000000000"}]}, None),
        (OBSERVATION | {"focus": [{"identifier": {"value": "hidden"}, "display": "Condition/hidden"}]}, None),
        (OBSERVATION | {"performer": [{"reference": f"{each}/hidden"} for each in ("Patient", "Practitioner")]}, None),
        (OBSERVATION | {"device": {"reference": "Device/hidden"}}, None),
        (EDUCATED, None),
        (OBSERVATION | {"extension": [extension({"valueReference": HIDDEN}), extension({"valueUri": "Condition/hidden"})]},
         OBSERVATION | {"extension": [extension({"valueUri": "Condition/hidden"})]}),
        (OBSERVATION | {"extension": [extension({"extension": [extension({"valueReference": HIDDEN})]})]}, OBSERVATION),
        (OBSERVATION | {"modifierExtension": [extension({"valueReference": HIDDEN})]},
         OBSERVATION | {"modifierExtension": [extension({"valueReference": ABSENT})]}),
        (OBSERVATION | {"_status": {"extension": [extension({"valueReference": HIDDEN})]}}, OBSERVATION),
        (OBSERVATION | {"code": CODE | {"extension": [extension({"valueReference": HIDDEN})]}}, OBSERVATION),
        (ENCOUNTER | {"diagnosis": [{"condition": HIDDEN, "rank": 1}, {"condition": SEEN}]},
         ENCOUNTER | {"diagnosis": [{"condition": ABSENT, "rank": 1}, {"condition": SEEN}]}),
        (ENCOUNTER | {"reasonReference": [{"reference": "#a"}],
                      "contained": [OBSERVATION | {"id": "a", "focus": [HIDDEN], "partOf": [SEEN]}]},
         ENCOUNTER | {"reasonReference": [{"reference": "#a"}], "contained": [OBSERVATION | {"id": "a", "partOf": [SEEN]}]}),
        (LIST | {"entry": [{"item": HIDDEN}, {"item": SEEN}]}, LIST | {"entry": [{"item": ABSENT}, {"item": SEEN}]}),
        (PROVENANCE | {"target": [HIDDEN]}, PROVENANCE | {"target": [ABSENT]}),
        (PROVENANCE | {"target": [HIDDEN, SEEN]}, PROVENANCE | {"target": [SEEN]}),
        (COMPOSITION | {"section": [{"title": "a", "entry": [HIDDEN]}, {"title": "b", "section": [{"entry": [HIDDEN]}]}]},
         COMPOSITION | {"section": [{"title": "a"}, {"title": "b"}]}),
    ],
    ids=lambda each: None if each is None else next(reversed(each)),
)  # fmt: skip
def test_a_reference_to_what_is_hidden_goes_whole_and_nothing_else_does(given, left):
    found = without(given, lambda target: target == "Condition/hidden")
    assert (found is given) if left is None else (found == left)
    if given["resourceType"] in ("Provenance", "List", "Encounter"):
        assert validate(found) == validate(given)


def test_what_it_is_without_is_told_by_its_bytes_before_it_is_read():
    given = OBSERVATION | {"focus": [SEEN, HIDDEN], "note": [{"text": '"reference":"Condition/text"'}]}
    assert list(pointed(dumps(given))) == ["Condition/seen", "Condition/hidden"]
    assert list(pointed(dumps({"reference": "Condition/a/_history/2"}))) == ["Condition/a"]
    assert [
        entry_of({"reference": each}) for each in ("Condition/a/_history/2", "Patient/a", "#a", "Conditions/a", ELSEWHERE)
    ] == [
        "Condition/a",
        *("",) * 4,
    ]


@pytest.mark.parametrize(
    ("family", "resource_type", "source", "looked"),
    [
        ("fhir", "Observation", "alfa", True),
        ("fhir", "Observation", "own", True),
        ("fhir", "Task", "hub", True),
        ("fhir", "Consent", "alfa", True),
        ("fhir", "Consent", "own", False),
        ("fhir", "Consent", "hub", False),
        *((each.family, "Observation", "alfa", False) for each in MAPPERS.values()),
        ("population", "RelatedPerson", "register", False),
    ],
)
def test_what_clients_write_is_looked_at_and_a_registered_consent_is_read_whole(family, resource_type, source, looked):
    assert may_point(family, resource_type, source) is looked


def test_persons_the_directory_and_the_log_are_no_entries():
    assert not ENTRY_TYPES & {
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "Medication",
        "AuditEvent",
    }
    assert {"RelatedPerson", "Observation", "Binary", "Provenance", "Consent"} <= ENTRY_TYPES
    assert led_to("Observation", "encounter") == {"Encounter"}
    assert led_to("Observation", "subject") == frozenset()
    assert led_to("List", "item") == led_to("", "") == ENTRY_TYPES


def test_words_and_identifiers_of_such_a_reference_are_kept_apart():
    named = HIDDEN | {"identifier": {"system": "urn:i", "value": "7"}}
    nobody = {"identifier": {"system": "urn:i", "value": "8"}, "display": "Nobody"}
    given = OBSERVATION | {"focus": [named, nobody], "note": [{"text": "note"}]}
    assert {name: keys[0].words.split() for name, keys in words(given)} == {
        "_content": ["final", "code", "8", "nobody", "note"],
        "_content:beside": ["hidden", "7"],
    }
    assert index(given, whole=True)["focus:identifier"] == (PointedKey("urn:i", "7", "Condition/hidden"), TokenKey("urn:i", "8"))


@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        ({"status": "amended", "focus": [SEEN]}, {"status": "amended", "focus": [SEEN, HIDDEN], "encounter": HIDDEN}),
        ({"status": "amended"}, {"status": "amended", "encounter": HIDDEN}),
        ({"focus": []}, {"focus": [], "encounter": HIDDEN}),
        ({"focus": [SEEN, SEEN]}, {"focus": [SEEN, SEEN], "encounter": HIDDEN}),
        ({"focus": [SEEN], "encounter": SEEN}, {"focus": [SEEN, HIDDEN], "encounter": SEEN}),
    ],
)
def test_what_was_sent_as_it_was_shown_is_kept_as_it_was(sent, whole):
    seen = {"status": "final", "focus": [SEEN]}
    assert restored(sent, seen, {"status": "final", "focus": [SEEN, HIDDEN], "encounter": HIDDEN}) == whole
    assert restored(sent, seen, seen) is sent
