"""The generated tables: what the generator makes of definitions, and that the tables in the tree are of it."""

import os
from pathlib import Path

import pytest

from hub.discovery import plugins
from tools.definitions import search_parameters
from tools.definitions.__main__ import FOLDER, text
from tools.definitions.package import Package, Table, read

TABLES = {each.name: each for each in plugins("tools.definitions", Table)}
URL = "http://hl7.org/fhir/SearchParameter/"


def structure(name, *elements, kind="complex-type"):
    paths = [{"path": name}, *elements]
    return {"type": name, "kind": kind, "id": name, "snapshot": {"element": paths}}


def element(path, *types, targets=(), **more):
    profiles = {"targetProfile": [f"http://hl7.org/fhir/StructureDefinition/{each}" for each in targets]} if targets else {}
    return {"path": path, "type": [{"code": each, **profiles} for each in types], **more}


def parameter(name, kind, expression, base=("Thing",), **more):
    return {
        "id": f"Thing-{name}",
        "url": f"{URL}Thing-{name}",
        "code": name,
        "type": kind,
        "base": base,
        "expression": expression,
    } | more


STRUCTURES = (
    structure(
        "Thing",
        element("Thing.when[x]", "dateTime", "Period", "instant", "string"),
        element("Thing.who", "Reference", targets=("Patient", "Group")),
        element("Thing.status", "code", binding={"strength": "required", "valueSet": "urn:set|4.0.1"}),
        element("Thing.identifier", "Identifier"),
        element("Thing.part", "BackboneElement"),
        element("Thing.part.code", "CodeableConcept"),
        element("Thing.part.value[x]", "Quantity", "string"),
        element("Thing.on", "instant"),
        kind="resource",
    ),
    structure("Identifier"),
    structure("CodeableConcept", element("CodeableConcept.text", "string")),
    structure("Quantity"),
    structure("Reference"),
    structure("Period"),
    structure("dateTime"),
    structure("instant"),
    structure("string"),
    structure("code"),
)
VALUE_SET = {"id": "set", "url": "urn:set", "compose": {"include": [{"system": "urn:codes"}]}}


def made(*parameters):
    held = {
        "StructureDefinition": {each["type"]: each for each in STRUCTURES},
        "SearchParameter": {each["id"]: each for each in parameters},
        "ValueSet": {"set": VALUE_SET},
    }
    return search_parameters.make(Package(held))["Thing"]


@pytest.mark.parametrize(
    ("name", "kind", "expression", "row"),
    [
        (
            "when",
            "date",
            "Thing.when | Other.when",
            ["when.ofType(dateTime) | when.ofType(Period) | when.ofType(instant)", {}],
        ),
        ("when", "string", "(Thing.when as string)", ["when.ofType(string)", {}]),
        ("when", "date", "Thing.when.as(DateTime)", ["when.ofType(dateTime)", {}]),
        ("on", "date", "Thing.on", ["on", {"instant": True}]),
        ("status", "token", "Thing.status", ["status", {"system": "urn:codes"}]),
        ("id", "token", "Thing.identifier", ["identifier", {"literal": True}]),
        ("who", "reference", "Thing.who", ["who", {"targets": "Group Patient"}]),
        (
            "who",
            "reference",
            "Thing.who.where(resolve() is Patient)",
            ["who.where(resolve() is Patient)", {"targets": "Patient"}],
        ),
        ("text", "string", "Thing.part.code.text", ["part.code.text", {}]),
    ],
)
def test_a_parameter_becomes_a_row(name, kind, expression, row):
    assert made(parameter(name, kind, expression))[name] == [kind, f"Thing-{name}", *row]


def test_references_that_differ_only_in_their_type_share_keys_and_others_do_not():
    rows = made(
        parameter("patient", "reference", "Thing.who.where(resolve() is Patient)"),
        parameter("subject", "reference", "Thing.who"),
        parameter("code", "token", "Thing.part.code"),
    )
    assert rows["patient"][3] == {"targets": "Patient", "index": "subject"}
    assert "index" not in rows["subject"][3]
    assert "index" not in rows["code"][3]


def test_a_composite_has_its_parts_relative_to_its_element():
    components = [
        {"definition": f"{URL}Thing-code", "expression": "code"},
        {"definition": f"{URL}Thing-value", "expression": "value.as(quantity)"},
    ]
    rows = made(
        parameter("code", "token", "Thing.part.code"),
        parameter("value", "quantity", "Thing.part.value.as(Quantity)"),
        parameter("code-value", "composite", "Thing.part", component=components),
    )
    parts = [["code", "token", "code", {}], ["value", "quantity", "value.ofType(Quantity)", {}]]
    assert rows["code-value"] == ["composite", "Thing-code-value", "part", {"components": parts}]


def test_what_r4_marks_as_an_example_or_gives_no_type_is_left_out():
    example = parameter("x", "token", "Thing.status") | {"url": f"{URL}example-x"}
    bare = parameter("y", "token", "Thing.status", base=())
    assert made(parameter("z", "token", "Thing.status"), example | {"id": "e"}, bare | {"id": "b"}).keys() == {"z"}


def test_an_element_that_r4_does_not_have_stops_the_generator():
    with pytest.raises(AssertionError, match=r"R4 has no Thing\.never"):
        made(parameter("x", "token", "Thing.never"))


def test_every_table_of_the_generator_is_in_the_tree_and_no_other():
    assert {path.stem for path in FOLDER.glob("*.json")} == TABLES.keys()


@pytest.fixture(scope="module")
def package():
    given = os.environ.get("HUB_R4_PACKAGE")
    if not given:
        pytest.skip("HL7's package is not at hand (HUB_R4_PACKAGE)")
    return read(Path(given))


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_tables_in_the_tree_are_what_the_generator_makes(name, package):
    assert (FOLDER / f"{name}.json").read_text("utf-8") == text(TABLES[name].make(package))
