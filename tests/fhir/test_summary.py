"""Parts of a resource: `_summary` and `_elements`. Rows from http://hl7.org/fhir/R4/search.html#summary and #elements."""

from decimal import Decimal

import pytest

from hub.fhir.elements import resource_types
from hub.fhir.summary import SUBSETTED, SUMMARIES, projection, unknown_elements
from hub.fhir.validation import validate

NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Hb</div>'}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "1",
    "meta": {"versionId": "3", "tag": [{"system": "urn:x", "code": "y"}]},
    "implicitRules": "http://example.org/rules",
    "language": "sv",
    "text": NARRATIVE,
    "extension": [{"url": "http://example.org/x", "valueString": "y"}],
    "modifierExtension": [{"url": "http://example.org/not", "valueBoolean": True}],
    "identifier": [{"system": "urn:x", "value": "1"}],
    "status": "final",
    "code": {"text": "Hemoglobin"},
    "subject": {"reference": "Patient/1"},
    "valueQuantity": {"value": Decimal("1.50"), "unit": "g/L"},
    "interpretation": [{"text": "low"}],
    "note": [{"text": "after a meal"}],
    "referenceRange": [{"text": "120-150"}],
    "component": [{"code": {"text": "part"}, "interpretation": [{"text": "low"}], "valueInteger": 1}],
}


@pytest.mark.parametrize(
    ("summary", "kept"),
    [
        (
            "true",
            "id meta implicitRules modifierExtension identifier status code subject valueQuantity component",
        ),
        ("text", "id meta implicitRules text modifierExtension status code"),
        (
            "data",
            "id meta implicitRules language extension modifierExtension identifier status code subject valueQuantity"
            " interpretation note referenceRange component",
        ),
    ],
)
def test_a_summary_holds_what_the_specification_says_in_the_order_it_had(summary, kept):
    given = projection(summary)(OBSERVATION)
    assert list(given) == ["resourceType", *kept.split()]


def test_a_summary_goes_into_elements_that_hold_others():
    assert projection("true")(OBSERVATION)["component"] == [{"code": {"text": "part"}, "valueInteger": 1}]


def test_a_summary_of_a_document_leaves_its_bytes_out():
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": "aGVq", "title": "Epikris"}}],
    }
    [content] = projection("true")(document)["content"]
    assert content["attachment"] == {"contentType": "text/plain", "title": "Epikris"}


def test_false_and_count_leave_resources_as_they_are():
    assert projection("false") is None
    assert projection() is None
    assert projection("count") is None


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (["subject"], "id meta implicitRules modifierExtension status code subject"),
        (["value"], "id meta implicitRules modifierExtension status code valueQuantity"),
        (["valueQuantity"], "id meta implicitRules modifierExtension status code valueQuantity"),
        (["id"], "id meta implicitRules modifierExtension status code"),
        (["text", "note"], "id meta implicitRules text modifierExtension status code note"),
    ],
    ids=str,
)
def test_elements_come_with_those_that_are_mandatory_or_modify(asked, kept):
    assert list(projection("true", asked)(OBSERVATION)) == ["resourceType", *kept.split()]


def test_an_element_comes_with_what_is_said_of_it():
    patient = {"resourceType": "Patient", "birthDate": "1990", "_birthDate": {"id": "b"}, "gender": "male"}
    assert projection(elements=["birthDate"])(patient) == {
        "resourceType": "Patient",
        "meta": {"tag": [SUBSETTED]},
        "birthDate": "1990",
        "_birthDate": {"id": "b"},
    }


def test_a_part_is_tagged_once_beside_the_tags_it_had():
    once = projection("data")(OBSERVATION)
    assert once["meta"] == {"versionId": "3", "tag": [{"system": "urn:x", "code": "y"}, SUBSETTED]}
    assert projection("data")(once) == once
    assert OBSERVATION["meta"]["tag"] == [{"system": "urn:x", "code": "y"}]


def test_what_a_part_points_at_inside_the_resource_comes_along():
    medication = {"resourceType": "Medication", "id": "m", "code": {"text": "Alvedon"}}
    request = {
        "resourceType": "MedicationRequest",
        "contained": [medication],
        "status": "active",
        "intent": "order",
        "medicationReference": {"reference": "#m"},
        "subject": {"reference": "Patient/1"},
    }
    assert projection("true")(request)["contained"] == [medication]
    told = {**request, "medicationReference": {"reference": "Medication/1"}}
    assert "contained" not in projection("true")(told)


@pytest.mark.parametrize("summary", SUMMARIES)
def test_a_part_of_a_valid_resource_is_valid(summary):
    made = projection(summary) or dict
    assert validate(OBSERVATION) == []
    assert validate(made(OBSERVATION)) == []


def test_names_that_are_no_element_are_known_as_such():
    assert unknown_elements("Patient", ["name", "id", "deceased", "deceasedBoolean", "colour", "deceasedX"]) == [
        "colour",
        "deceasedX",
    ]


def test_every_resource_type_has_a_part_that_is_its_summary():
    for name in resource_types():
        assert projection("true")({"resourceType": name, "id": "1"})["resourceType"] == name
