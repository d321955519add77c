"""JSON Patch by RFC 6902's own appendix, FHIRPath Patch by the operations of http://hl7.org/fhir/R4/fhirpatch.html."""

import copy
from decimal import Decimal

import pytest

from hub.errors import HubError, InvalidRequest, TooCostly, Unprocessable
from hub.fhir.fhirpath_patch import fhirpath_patch
from hub.fhir.json_patch import json_patch

PATIENT = {
    "resourceType": "Patient",
    "birthDate": "1920-01-01",
    "name": [{"given": ["Ada", "B"], "_given": [None, {"id": "g"}]}],
    "identifier": [{"system": "a", "value": "1"}, {"system": "b", "value": "2"}, {"system": "c", "value": "3"}],
}
OBSERVATION = {"resourceType": "Observation", "valueString": "x", "component": [{"valueInteger": 3}]}


@pytest.mark.parametrize(
    ("held", "patch", "made"),
    [
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"foo": "bar", "baz": "qux"}),
        ({"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}], {"foo": ["bar", "qux", "baz"]}),
        ({"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
        ({"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
        ({"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
        (
            {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
            [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
            {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}},
        ),
        ({"foo": ["all", "grass", "cows", "eat"]}, [{"op": "move", "from": "/foo/1", "path": "/foo/3"}], None),
        ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "qux"}], {"baz": "qux"}),
        ({"foo": 1}, [{"op": "test", "path": "/foo", "value": Decimal("1.0")}], {"foo": 1}),
        (
            {"foo": "bar"},
            [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
            {"foo": "bar", "child": {"grandchild": {}}},
        ),
        ({"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}], {"foo": "bar", "baz": "qux"}),
        ({"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
        ({"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}], {"foo": ["bar", ["abc", "def"]]}),
        ({"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/c"}], {"a": {"b": 1}, "c": {"b": 1}}),
    ],
)
def test_json_patch_does_as_the_rfc_shows(held, patch, made):
    before = copy.deepcopy(held)
    assert json_patch(patch)(held) == (made or {"foo": ["all", "cows", "eat", "grass"]})
    assert held == before


@pytest.mark.parametrize(
    ("held", "patch", "fault"),
    [
        ({"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], Unprocessable),
        ({"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "qux"}], Unprocessable),
        ({"foo": True}, [{"op": "test", "path": "/foo", "value": 1}], Unprocessable),
        ({"~1": "10"}, [{"op": "test", "path": "/~01", "value": 10}], Unprocessable),
        ({"foo": [1]}, [{"op": "add", "path": "/foo/2", "value": 1}], Unprocessable),
        ({"foo": [1]}, [{"op": "remove", "path": "/foo/01"}], Unprocessable),
        ({"foo": {}}, [{"op": "move", "from": "/foo", "path": "/foo/bar"}], Unprocessable),
        ({"foo": 1}, [{"op": "replace", "path": "/bar", "value": 1}], Unprocessable),
        ({"foo": 1}, [{"op": "replace", "path": "", "value": 1}], Unprocessable),
        ({"foo": 1}, [{"op": "remove", "path": ""}], Unprocessable),
        ({}, {"op": "add"}, InvalidRequest),
        ({}, [1], InvalidRequest),
        ({}, [{"op": ["add"], "path": ""}], InvalidRequest),
        ({}, [{"op": "nope", "path": ""}], InvalidRequest),
        ({}, [{"op": "add", "path": "/a"}], InvalidRequest),
        ({}, [{"op": "add", "path": "a", "value": 1}], InvalidRequest),
        ({}, [{"op": "add", "path": "/~2", "value": 1}], InvalidRequest),
        ({"b": "x" * 1000}, [{"op": "copy", "from": "", "path": "/a"}] * 80, TooCostly),
        ({"b": "x" * 100_000}, [{"op": "copy", "from": "/b", "path": f"/{n}"} for n in range(60)], TooCostly),
        ({}, [{"op": "test", "path": "", "value": {}}] * 1001, TooCostly),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_done(held, patch, fault):
    with pytest.raises(HubError) as told:
        json_patch(patch)(held)
    assert type(told.value) is fault


def operation(kind, path, value=None, **more):
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    parts += [{"name": "value"} | value] if value else []
    parts += [{"name": name, "valueInteger" if isinstance(held, int) else "valueString": held} for name, held in more.items()]
    return {"name": "operation", "part": parts}


def patched(resource, *operations):
    before = copy.deepcopy(resource)
    made = fhirpath_patch({"resourceType": "Parameters", "parameter": list(operations)})(resource)
    assert resource == before
    return {name: value for name, value in made.items() if value != resource.get(name)} | {
        name: None for name in resource if name not in made
    }


NAMED = {"part": [{"name": "name", "valueHumanName": {"text": "x"}}, {"name": "telecom", "valueContactPoint": {"value": "1"}}]}


@pytest.mark.parametrize(
    ("held", "asked", "change"),
    [
        (PATIENT, operation("replace", "Patient.birthDate", {"valueDate": "1930-01-01"}), {"birthDate": "1930-01-01"}),
        (PATIENT, operation("delete", "Patient.birthDate"), {"birthDate": None}),
        (PATIENT, operation("delete", "Patient.maritalStatus"), {}),
        (PATIENT, operation("add", "Patient", {"valueBoolean": True}, name="active"), {"active": True}),
        (PATIENT, operation("add", "Patient", {"valueBoolean": True}, name="deceased"), {"deceasedBoolean": True}),
        (
            PATIENT,
            operation("add", "Patient", NAMED, name="contact"),
            {"contact": [{"name": {"text": "x"}, "telecom": [{"value": "1"}]}]},
        ),
        (
            PATIENT,
            operation("insert", "Patient.identifier", {"valueIdentifier": {"value": "n"}}, index=0),
            {"identifier": [{"value": "n"}, *PATIENT["identifier"]]},
        ),
        (
            PATIENT,
            operation("delete", "Patient.identifier[1]"),
            {"identifier": [PATIENT["identifier"][0], PATIENT["identifier"][2]]},
        ),
        (
            PATIENT,
            operation("delete", "Patient.identifier.where(system = 'b' and value = '2')"),
            {"identifier": [PATIENT["identifier"][0], PATIENT["identifier"][2]]},
        ),
        (
            PATIENT,
            operation("move", "Patient.identifier", source=2, destination=0),
            {"identifier": [PATIENT["identifier"][n] for n in (2, 0, 1)]},
        ),
        (PATIENT, operation("delete", "Patient.name.given[0]"), {"name": [{"given": ["B"], "_given": [{"id": "g"}]}]}),
        (
            PATIENT,
            operation("add", "Patient.name[0]", {"valueString": "C"}, name="given"),
            {"name": [{"given": ["Ada", "B", "C"], "_given": [None, {"id": "g"}, None]}]},
        ),
        (
            OBSERVATION,
            operation("replace", "Observation.value", {"valueQuantity": {"value": 1}}),
            {"valueQuantity": {"value": 1}, "valueString": None},
        ),
        (
            OBSERVATION,
            operation("replace", "Observation.component[0].value", {"valueString": "y"}),
            {"component": [{"valueString": "y"}]},
        ),
        (OBSERVATION, operation("delete", "Observation.value.ofType(string)"), {"valueString": None}),
    ],
)
def test_fhirpath_patch_does_what_each_operation_says(held, asked, change):
    assert patched(held, asked) == change


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        (operation("add", "Patient", {"valueDate": "1930"}, name="birthDate"), Unprocessable),
        (operation("add", "Patient", {"valueDate": "1930"}, name="nope"), Unprocessable),
        (operation("add", "Patient.contact", {"valueString": "x"}, name="name"), Unprocessable),
        (operation("replace", "Patient.gender", {"valueCode": "male"}), Unprocessable),
        (operation("replace", "Patient", {"valueCode": "male"}), Unprocessable),
        (operation("delete", "Patient"), Unprocessable),
        (operation("delete", "Patient.identifier"), Unprocessable),
        (operation("insert", "Patient.identifier", {"valueIdentifier": {"value": "n"}}, index=4), Unprocessable),
        (operation("insert", "Patient.birthDate", {"valueDate": "1930"}, index=0), Unprocessable),
        (operation("move", "Patient.identifier", source=3, destination=0), Unprocessable),
        (operation("move", "Patient.identifier", source=-1, destination=0), InvalidRequest),
        (operation("delete", "Observation.status"), InvalidRequest),
        (operation("delete", "Patient.identifier.exists()"), InvalidRequest),
        (operation("delete", "Patient.link.where(other.resolve() is Patient)"), InvalidRequest),
        (operation("delete", "(" * 290), InvalidRequest),
        (operation("delete", "Patient." + "a" * 400), InvalidRequest),
        (operation("nope", "Patient"), InvalidRequest),
        (operation("add", "Patient", name="active"), InvalidRequest),
        (operation("add", "Patient", {"valueInteger": 1}, name="deceased"), InvalidRequest),
        (operation("add", "Patient", {"part": [{"name": ["x"]}]}, name="contact"), InvalidRequest),
        ({"name": "operation", "part": [{"name": ["type"]}]}, InvalidRequest),
        ({"name": "other"}, InvalidRequest),
        (7, InvalidRequest),
    ],
)
def test_a_fhirpath_patch_that_does_not_fit_is_refused(asked, fault):
    with pytest.raises(HubError) as told:
        patched(PATIENT, asked)
    assert type(told.value) is fault
    assert "Ada" not in str(told.value)
