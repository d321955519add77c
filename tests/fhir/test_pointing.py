"""The references of a resource and where they are. http://hl7.org/fhir/R4/references.html"""

import pytest

from hub.fhir.pointing import by_search, dangling, references

URN = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9"


def observation(**more):
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}} | more


@pytest.mark.parametrize(
    ("held", "place"),
    [
        ({"subject": {"reference": URN}}, "Observation.subject"),
        ({"hasMember": [{"reference": "Observation/7"}, {"reference": URN}]}, "Observation.hasMember[1]"),
        ({"extension": [{"url": "http://a", "valueReference": {"reference": URN}}]}, "Observation.extension[0].value"),
        (
            {"component": [{"code": {"text": "y"}}, {"extension": [{"url": "http://a", "valueReference": {"reference": URN}}]}]},
            "Observation.component[1].extension[0].value",
        ),
        (
            {"contained": [{"resourceType": "Specimen", "subject": {"reference": URN}}]},
            "Observation.contained[0].subject",
        ),
        (
            {"_status": {"extension": [{"url": "http://a", "valueReference": {"reference": URN}}]}},
            "Observation.status.extension[0].value",
        ),
    ],
)
def test_a_reference_to_an_entry_is_found_wherever_it_is(held, place):
    assert list(dangling(observation(**held))) == [f"{place}.reference"]
    assert place in [found for found, _ in references(observation(**held))]


@pytest.mark.parametrize(
    "held",
    [
        {"identifier": [{"system": "urn:oid:1.2.3", "value": URN}]},
        {"valueString": URN},
        {"extension": [{"url": "http://a", "valueUri": URN}]},
        {"subject": {"reference": 7}},
        {"subject": URN},
        {"unknown": {"reference": URN}},
    ],
)
def test_what_is_no_reference_to_an_entry_is_passed_over(held):
    assert list(dangling(observation(**held))) == []


def test_references_that_search_are_found():
    searching = {"reference": "Patient?identifier=http://a|1"}
    resource = observation(
        subject=searching, performer=[searching, {"reference": "Practitioner?name=x"}], valueString="Patient?x=1"
    )
    assert list(by_search(resource)) == [
        ("Observation.subject.reference", "Patient?identifier=http://a|1"),
        ("Observation.performer[0].reference", "Patient?identifier=http://a|1"),
        ("Observation.performer[1].reference", "Practitioner?name=x"),
    ]
