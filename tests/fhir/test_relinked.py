"""What entries of a transaction call each other becomes the ids that they were given. http://hl7.org/fhir/R4/http.html#trules"""

import json

import pytest

from hub.fhir.relinked import made_relative, relinked

ONE, OTHER = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9", "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
OLD = "http://old.example/fhir/Patient/9"
LINKS = {ONE: "Patient/1", OTHER: "Observation/2", OLD: "Patient/1"}


def observation(**more):
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}} | more


@pytest.mark.parametrize(
    "held",
    [
        {"subject": {"reference": ONE}},
        {"hasMember": [{"reference": OTHER}, {"reference": "Observation/7"}]},
        {"subject": {"reference": OLD}},
        {"subject": {"reference": f"{OLD}/_history/3"}},
        {"extension": [{"url": "http://a", "valueUri": ONE}]},
        {"extension": [{"url": "http://a", "valueReference": {"reference": ONE}}]},
        {"component": [{"code": {"text": "y"}, "extension": [{"url": "http://a", "valueUri": ONE}]}]},
        {"contained": [{"resourceType": "Specimen", "id": "s", "subject": {"reference": ONE}}]},
        {"_status": {"extension": [{"url": "http://a", "valueUri": ONE}]}},
        {"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{ONE}">vem</a></div>'}},
    ],
)
def test_a_link_becomes_what_its_entry_is_called(held):
    written = json.dumps(observation(**held))
    for link, becomes in LINKS.items():
        written = written.replace(link, becomes)
    assert relinked(observation(**held), LINKS) == json.loads(written)


@pytest.mark.parametrize(
    "held",
    [
        {"identifier": [{"system": "urn:ietf:rfc:3986", "value": ONE}]},
        {"valueString": ONE},
        {"note": [{"text": f"se {ONE}"}]},
        {"subject": {"reference": "urn:uuid:00000000-0000-0000-0000-000000000000"}},
        {"subject": {"reference": "#p"}, "contained": [{"resourceType": "Patient", "id": "p"}]},
        {"text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{ONE}</div>'}},
    ],
)
def test_what_is_no_link_stays_and_the_resource_is_the_same_object(held):
    resource = observation(**held)
    assert relinked(resource, LINKS) is resource


def test_a_relative_reference_is_read_beside_the_full_url_of_its_entry():
    resource = observation(subject={"reference": "Patient/9"})
    assert relinked(resource, LINKS, "http://old.example/fhir/Observation/1")["subject"] == {"reference": "Patient/1"}
    assert relinked(resource, LINKS, "http://new.example/fhir/Observation/1") is resource
    assert relinked(resource, LINKS, OTHER) is resource


@pytest.mark.parametrize(
    ("base", "written", "own"),
    [
        ("https://hub.example.org/fhir", "https://hub.example.org/fhir/Observation/7", True),
        ("https://hub.example.org/fhir", "HTTPS://Hub.Example.org/fhir/Observation/7", True),
        ("https://hub.example.org/fhir", "https://hub.example.org:443/fhir/Observation/7", True),
        ("https://hub.example.org/fhir", "http://hub.example.org:80/fhir/Observation/7", True),
        ("http://hub.example.org/fhir", "https://hub.example.org/fhir/Observation/7", True),
        ("http://127.0.0.1:8000/fhir", "http://127.0.0.1:8000/fhir/Observation/7", True),
        ("http://127.0.0.1:8000/fhir", "http://127.0.0.1/fhir/Observation/7", False),
        ("https://hub.example.org/fhir", "https://hub.example.org:80/fhir/Observation/7", False),
        ("https://hub.example.org/fhir", "https://hub.example.org/FHIR/Observation/7", False),
        ("https://hub.example.org/fhir", "https://hubxexample.org/fhir/Observation/7", False),
        ("https://hub.example.org/fhir", "https://hub.example.org.example.net/fhir/Observation/7", False),
        ("https://hub.example.org/fhir", "urn:uuid:https://hub.example.org/fhir/Observation/7", False),
    ],
)
def test_this_servers_own_address_is_known_however_it_is_written(base, written, own):
    made = made_relative(observation(hasMember=[{"reference": written}]), base)
    assert made["hasMember"] == [{"reference": "Observation/7" if own else written}]
