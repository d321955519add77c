"""JSON Patch by RFC 6902's own appendix, FHIRPath Patch by the operations of http://hl7.org/fhir/R4/fhirpatch.html."""

import copy
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        (operation("delete", "Patient.name.single().given"), Unprocessable),
        (operation("move", "Patient.identifier", source=0, destination=3), Unprocessable),
        (operation("move", "Patient.contact", source=0, destination=0), Unprocessable),
        (operation("move", "Patient.identifier[0]", source=0, destination=0), Unprocessable),
        (operation("insert", "Patient", {"valueString": "n"}, index=0), Unprocessable),
        (operation("insert", "Patient.contact", {"part": [{"name": "gender", "valueCode": "male"}]}, index=1), Unprocessable),
        (operation("insert", "Patient.identifier.single().extension", {"valueString": "n"}, index=0), Unprocessable),
        (operation("insert", "Patient.identifier", {"valueIdentifier": {"value": "n"}}), InvalidRequest),
        (operation("insert", "Patient.identifier", index=0), InvalidRequest),
        (operation("move", "Patient.identifier", source=0), InvalidRequest),
        (operation("move", "Patient.identifier", destination=0), InvalidRequest),
        (operation("add", "Patient", {"valueBoolean": True}), InvalidRequest),
        (operation("replace", "Patient.birthDate"), InvalidRequest),
        (operation("replace", "Patient.identifier", {"valueIdentifier": {"value": "n"}}), Unprocessable),
        (operation("add", "Patient.identifier", {"valueString": "n"}, name="value"), Unprocessable),
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


MANY = {
    "resourceType": "Patient",
    "name": [
        {"use": "official", "family": "Ek", "given": ["Ada", "Bo"]},
        {"use": "usual", "given": ["Ad'a"], "period": {"start": "2010"}},
    ],
    "multipleBirthInteger": 2,
    "active": True,
    "contact": [{"name": {"text": "x"}, "gender": "male"}],
    "extension": [{"url": "http://a", "valueString": "x"}, {"url": "http://b", "valueDecimal": 1}],
}


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("Patient.name.first()", 0),
        ("Patient.name.last()", 1),
        ("Patient.name.tail()", 1),
        ("Patient.name.tail().single()", 1),
        ("Patient.name.skip(1)", 1),
        ("Patient.name.take(1)", 0),
        ("Patient . name [ 1 ]", 1),
        ("Patient.`name`[1]", 1),
        ("Patient.name.where(use = 'official')", 0),
        ("Patient.name.where(use != 'official')", 1),
        ("Patient.name.where($this.use = 'usual')", 1),
        ("Patient.name.where(use = 'usual' or use = 'old')", 1),
        ("Patient.name.where(family.exists())", 0),
        ("Patient.name.where(family.empty())", 1),
        ("Patient.name.where(family.exists().not())", 1),
        ("Patient.name.where((use = 'official' and family = 'Ek').not())", 1),
        ("Patient.name.where((use = 'official' or use = 'old') and family ~ ' ek')", 0),
        ("Patient.name.where(family !~ 'ek')", 1),
        ("Patient.name.where('Bo' in given)", 0),
        ("Patient.name.where(given contains 'Bo')", 0),
        ("Patient.name.where(given.count() > 1)", 0),
        ("Patient.name.where(given.count() < 2)", 1),
        ("Patient.name.where(given[0] = 'Ada')", 0),
        ("Patient.name.where(given.first() = 'Ad\\'a')", 1),
        ("Patient.name.where(given.last().startsWith('B'))", 0),
        ("Patient.name.where(family.endsWith('k') and family.contains('E'))", 0),
        ("Patient.name.where(period.start >= @2009)", 1),
        ("Patient.name.where(period.start <= '2010')", 1),
        ("Patient.name.where(given.where($this = 'Bo').exists())", 0),
        ("Patient.name.where($this.use is code and family is string)", 0),
    ],
)
def test_a_path_chooses_among_several(path, index):
    left = [each for at, each in enumerate(MANY["name"]) if at != index]
    assert patched(MANY, operation("delete", path)) == {"name": left}


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("Patient.multipleBirth.where($this > 1)", {"multipleBirthInteger": None}),
        ("Patient.multipleBirth.where($this >= 2.0)", {"multipleBirthInteger": None}),
        ("Patient.multipleBirth.where($this = -2)", {}),
        ("Patient.multipleBirth.ofType(integer)", {"multipleBirthInteger": None}),
        ("Patient.multipleBirth.as(boolean)", {}),
        ("Patient.multipleBirth.where($this is FHIR.integer)", {"multipleBirthInteger": None}),
        ("Patient.multipleBirthInteger", {"multipleBirthInteger": None}),
        ("Patient.active.where($this = true)", {"active": None}),
        ("Patient.active.where($this)", {"active": None}),
        ("Patient.active.where($this = 'true')", {}),
        ("Patient.extension('http://b')", {"extension": MANY["extension"][:1]}),
        ("Patient.extension.where(value is string)", {"extension": MANY["extension"][1:]}),
        ("Patient.extension.where(url = 'http://b' and value = 1)", {"extension": MANY["extension"][:1]}),
        ("Patient.name.where(nope = 'x')", {}),
        ("Patient.name.where(period.start > 'x' or nope.startsWith('x'))", {}),
        ("Patient.contact[0].gender", {"contact": [{"name": {"text": "x"}}]}),
        ("Patient.contact.name.text", {"contact": [{"gender": "male"}]}),
        ("Patient.contact.where(gender = 'male')", {"contact": None}),
        ("Patient.contact[1].gender", {}),
    ],
)
def test_what_a_path_finds_is_deleted_and_leaves_nothing_empty(path, change):
    assert patched(MANY, operation("delete", path)) == change


def test_a_holder_that_nothing_is_left_in_goes_too():
    held = {"resourceType": "Patient", "contact": [{"name": {"given": ["x"]}}]}
    assert patched(held, operation("delete", "Patient.contact.name.given[0]")) == {"contact": None}
    beside = {"resourceType": "Patient", "name": [{"given": ["A", "B"], "_given": [None, {"id": "g"}]}]}
    assert patched(beside, operation("delete", "Patient.name.given[1]")) == {"name": [{"given": ["A"]}]}


@pytest.mark.parametrize(
    ("asked", "change"),
    [
        (
            operation("insert", "Patient.telecom", {"valueContactPoint": {"value": "1"}}, index=0),
            {"telecom": [{"value": "1"}]},
        ),
        (
            operation("insert", "Patient.name.where(use = 'usual').suffix", {"valueString": "Jr"}, index=0),
            {"name": [MANY["name"][0], MANY["name"][1] | {"suffix": ["Jr"]}]},
        ),
        (
            operation("move", "Patient.name.where(use = 'official').given", source=0, destination=1),
            {"name": [MANY["name"][0] | {"given": ["Bo", "Ada"]}, MANY["name"][1]]},
        ),
        (
            operation("replace", "Patient.name.where(use = 'official').given.last()", {"valueString": "Bea"}),
            {"name": [MANY["name"][0] | {"given": ["Ada", "Bea"]}, MANY["name"][1]]},
        ),
        (
            operation("add", "Patient.name.where(use = 'usual')", {"valueString": "Ek"}, name="family"),
            {"name": [MANY["name"][0], MANY["name"][1] | {"family": "Ek"}]},
        ),
        (
            operation("replace", "Patient.contact[0].name.text", {"valueString": "y"}),
            {"contact": [{"name": {"text": "y"}, "gender": "male"}]},
        ),
    ],
)
def test_every_operation_takes_such_paths(asked, change):
    assert patched(MANY, asked) == change


@pytest.mark.parametrize(
    "path",
    [
        "Patient.identifier.exists()",
        "Patient.link.where(other.resolve() is Patient)",
        "Patient.name.given.matches('(a+)+$')",
        "Patient.descendants()",
        "Patient.name | Patient.contact",
        "Patient.name.where(given.select($this) = 'x')",
        "Patient.name.where(use = )",
        "Patient.name[x]",
        "Patient.name[-1]",
        "Patient..name",
        "Patient name",
        "Patient.name.where((use = 'x').exists())",
        "Patient.name.where(" + "(" * 20 + "true" + ")" * 20 + ")",
        "",
    ],
)
def test_a_refused_path_is_told_what_paths_are_made_of(path):
    with pytest.raises(InvalidRequest) as told:
        patched(MANY, operation("delete", path))
    assert told.value.place == "Parameters.parameter[0]"
    assert "first()" in told.value.problem
    assert "where(" in told.value.problem


ANY_VALUE = st.recursive(
    st.sampled_from([None, True, 5, 1.5, "x", "", "http://a"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["given", "url", "name", "text"]), inner, max_size=2)
    ),
    max_leaves=4,
)
ANY_PATH = st.lists(
    st.sampled_from(
        [
            *(f".{each}" for each in ("name", "given", "extension", "contact", "telecom", "period", "active", "nope")),
            *("[0]", "[1]", ".first()", ".last()", ".single()", ".skip(1)", ".extension('http://a')", ".as(string)"),
            *(
                ".where(given = 'x')",
                ".where($this > 1)",
                ".where(given.count() >= 1)",
                ".where(text ~ url)",
                ".where('x' in given)",
            ),
        ]
    ),
    max_size=4,
).map(lambda steps: "Patient" + "".join(steps))
ANY_NAME = st.sampled_from(["name", "given", "extension", "contact", "active", "value", "nope"])
ANY_KIND = st.sampled_from(["valueHumanName", "valueString", "valueExtension", "valueBoolean", "resource"])


def any_operation(kind, path, at, value, name, index):
    return operation(kind, path, {at: value}, name=name, index=index, source=index, destination=0)


KINDS = st.sampled_from(["add", "insert", "delete", "replace", "move"])
ANY_OPERATION = st.builds(any_operation, KINDS, ANY_PATH, ANY_KIND, ANY_VALUE, ANY_NAME, st.integers(0, 2))


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ({"given": 5}, operation("insert", "Patient.name[2].given", {"valueString": "x"}, index=0)),
        ({"given": 5}, operation("add", "Patient.name[2]", {"valueString": "x"}, name="given")),
        ({"given": 5}, operation("move", "Patient.name[2].given", source=0, destination=0)),
    ],
)
def test_what_an_operation_before_put_in_wrongly_is_refused(name, then):
    with pytest.raises(Unprocessable):
        patched(MANY, operation("add", "Patient", {"valueHumanName": name}, name="name"), then)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.lists(ANY_OPERATION, min_size=1, max_size=5))
def test_whatever_is_put_in_is_patched_or_refused(operations):
    patch = fhirpath_patch({"resourceType": "Parameters", "parameter": operations})
    with suppress(HubError):
        assert patch(MANY)["resourceType"] == "Patient"
