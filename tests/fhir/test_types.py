"""Every resource type of the house keeps its promises, without being listed."""

from typing import get_args

import pytest
from fhir.resources.R4B import get_fhir_model_class

from hub.fhir.index import index
from hub.fhir.parameters import KINDS
from hub.fhir.types import COMMON, TYPES, Kind

PARAMETERS = [
    pytest.param(held, parameter, path, id=f"{held.name}.{parameter.name}:{path}")
    for held in TYPES.values()
    for parameter in held.search
    for path in parameter.paths
]
ELEMENTS = {
    "token": {"CodeableConcept", "Coding", "Identifier", "ContactPoint", "str", "bool"},
    "date": {"datetime", "date", "Period", "Timing", "str", "Duration", "Age", "Range"},
    "string": {"str", "HumanName", "Address"},
    "reference": {"Reference", "Attachment"},
    "uri": {"str"},
}


def bare(annotation):
    while get_args(annotation):
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def kinds(name, path):
    """The types that R4B's model finds at a path, for each type of a choice."""
    models = [get_fhir_model_class(name)]
    for step in path.split("."):
        fields = {field.alias: field for model in models for field in model.model_fields.values()}
        word = step.split("(")[0]
        stem = word.removesuffix("[x]")
        found = [
            bare(field.annotation)
            for alias, field in fields.items()
            if alias == word or (stem != word and (field.json_schema_extra or {}).get("one_of_many") == stem)
        ]
        assert found, f"R4 has no {path} in {name}"
        models = [each.get_model_klass() for each in found if hasattr(each, "get_model_klass")]
    return {each.__name__.removesuffix("Type") for each in found}


def test_the_types_of_the_house_are_found():
    assert len(TYPES) == 23
    assert all(name == held.name for name, held in TYPES.items())


@pytest.mark.parametrize(("held", "parameter", "path"), PARAMETERS)
def test_a_parameter_looks_where_r4_has_something_of_its_kind(held, parameter, path):
    assert kinds(held.name, path) <= ELEMENTS[parameter.kind]


@pytest.mark.parametrize("held", TYPES.values(), ids=lambda held: held.name)
def test_a_type_is_sorted_by_a_date_and_keeps_keys_only_where_they_are_made(held):
    by_name = {parameter.name: parameter for parameter in (*COMMON, *held.search)}
    assert len(by_name) == len(held.search) + len(COMMON), "a name is used twice"
    assert by_name[held.sort].kind == "date"
    for parameter in held.search:
        shared = by_name[parameter.index]
        assert shared.index == shared.name
        assert shared.kind == parameter.kind
        assert set(parameter.paths) <= set(shared.paths)
        assert parameter.kind in KINDS


@pytest.mark.parametrize("held", TYPES.values(), ids=lambda held: held.name)
def test_a_type_is_shared_or_has_patients(held):
    assert bool(held.patient) is not held.shared
    for path in held.patient:
        assert kinds(held.name, path) == {"Reference"}


def test_every_kind_of_parameter_is_one_of_r4s():
    assert set(KINDS) <= set(get_args(Kind))


def test_the_index_of_a_resource_has_every_key_once():
    resource = {
        "resourceType": "Appointment",
        "id": "a1",
        "meta": {"lastUpdated": "1970-01-01T00:00:00.5Z"},
        "status": "booked",
        "start": "1970-01-01T01:00:00+01:00",
        "serviceType": [{"coding": [{"system": "s", "code": "X"}, {"system": "s", "code": "x"}], "text": "not a token"}],
        "participant": [
            {"actor": {"reference": "Patient/p1", "identifier": {"system": "urn:n", "value": "Aa"}}, "status": "accepted"},
            {"actor": {"reference": "Location/l1", "display": "Mottagningen"}, "status": "accepted"},
            {"type": [{"text": "unknown"}]},
        ],
    }
    assert index(resource) == {
        "_id": (("", "a1"),),
        "_lastUpdated": ((500_000, 500_001),),
        "status": (("", "booked"),),
        "date": ((0, 1),),
        "service-type": (("s", "x"),),
        "part-status": (("", "accepted"),),
        "actor": (("Patient/p1",), ("Location/l1",)),
        "actor:identifier": (("urn:n", "Aa"),),
    }


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"resourceType": "Ghost", "id": "1"},
        {
            "resourceType": "Observation",
            "code": "text",
            "subject": [None, 5],
            "effectivePeriod": "2013",
            "category": {"coding": 1},
        },
        {"resourceType": "Patient", "name": "x", "telecom": [["deep"]], "birthDate": {}, "active": "maybe?", "link": 7},
    ],
)
def test_the_index_of_what_has_another_form_is_only_smaller(resource):
    index(resource)


def test_an_instant_in_a_choice_is_a_point():
    assert index({"resourceType": "Observation", "effectiveInstant": "1970-01-01T00:00:00Z"}) == {"date": ((0, 1),)}
    assert index({"resourceType": "Observation", "effectiveDateTime": "1970-01-01T00:00:00Z"}) == {"date": ((0, 1_000_000),)}
