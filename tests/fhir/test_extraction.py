"""What parameters find: every one of them something, and in R4's own examples just what FHIRPath finds there."""

import os
import warnings
from pathlib import Path

import pytest

from hub.fhir.compiled import compiled
from hub.fhir.expression import At, Compared, Exists, Member, Resolves, Where
from hub.fhir.expression_read import parse
from hub.fhir.index import index
from hub.fhir.json import loads
from hub.fhir.types import TYPES

EXAMPLES = Path(os.environ.get("HUB_REFERENCE", Path(__file__).parents[3] / "shared" / "reference")) / "samples" / "fhir-r4"
VALUES = {
    "token": "code",
    "date": "2026-03-02",
    "string": "text",
    "uri": "urn:a",
    "reference": {"reference": "Patient/p1"},
    "number": 1,
    "quantity": {"value": 5, "unit": "mg"},
}
RANGE = {"low": {"value": 1}, "high": {"value": 2}}
BY_TYPE = {"Period": {"start": "2026"}, "Timing": {"event": ["2026"]}, "Range": RANGE, "boolean": True, "date": "2026"}
UNREADABLE = frozenset(("SampledData",))
"""Series of measurements, of which no single quantity is searched."""
PATHS = [
    pytest.param(held.name, parameter, path, id=f"{held.name}.{parameter.name}-{number}")
    for held in TYPES.values()
    for parameter in held.named.values()
    if not parameter.derived
    if not parameter.components and parameter.kind != "special"
    for number, path in enumerate(parse(parameter.expression))
    if path and isinstance(path[0], Member) and path[-1] not in [Member("value", each) for each in UNREADABLE]
]


def holding(path, value):
    """An element that has the value at the path, and what the path's conditions ask."""
    if not path:
        return value
    step, *rest = path
    match step:
        case Member():
            inner = holding(rest, value)
            return {step.json: [inner] if rest and isinstance(rest[0], Where | At) else inner}
        case Where(((Compared(((Member(name),),), True, literal),),)):
            return {name: literal} | holding(rest, value) if rest else {name: literal, "value": "held"}
        case Where(((Exists(of),),)):
            return holding(of[0], "held") | holding(rest, value)
        case Where(((Resolves(target),),)):
            return {"reference": f"{target}/1"}
        case At(0):
            return holding(rest, value)
    raise AssertionError(f"no value can be put at {step}")


def value_of(parameter, path):
    last = next(step for step in reversed(path) if isinstance(step, Member))
    if last.json == "resource":
        return {"resourceType": parameter.targets[0], "id": "1"}
    return BY_TYPE.get(last.cast, VALUES[parameter.kind])


@pytest.mark.parametrize(("type_name", "parameter", "path"), PATHS)
def test_every_way_of_every_parameter_finds_a_value_that_stands_there(type_name, parameter, path):
    resource = {"resourceType": type_name} | holding(path, value_of(parameter, path))
    assert index(resource).get(parameter.index), resource


COMPOSITES = [
    pytest.param(held.name, parameter, id=f"{held.name}.{parameter.name}")
    for held in TYPES.values()
    for parameter in held.search
    if parameter.components
]


@pytest.mark.parametrize(("type_name", "parameter"), COMPOSITES)
def test_every_composite_finds_parts_that_stand_together_and_none_without_the_others(type_name, parameter):
    parts = [(part, parse(part.expression)[0]) for part in parameter.components]
    held = [holding(path, value_of(part, path)) for part, path in parts]
    for start in parse(parameter.expression):
        whole = {"resourceType": type_name} | holding(start, held[0] | held[1])
        assert index(whole)[parameter.index]
        for alone in held:
            assert parameter.index not in index({"resourceType": type_name} | holding(start, alone))


def examples():
    """R4's own examples of the types of the house."""
    found = {}
    for path in sorted(EXAMPLES.glob("hl7-r4-examples/**/*.json")):
        resource = loads(path.read_bytes())
        if resource.get("resourceType") in TYPES:
            found.setdefault(resource["resourceType"], []).append(resource)
    return found


def resolving(node, found):
    """What a reference resolves to, as far as its own type can be told of it."""
    for each in found:
        if isinstance(each, dict) and "resourceType" in each:
            yield node(each, each["resourceType"])
        elif isinstance(each, dict) and len(parts := str(each.get("reference", "")).split("/_history/")[0].split("/")) > 1:
            yield node({"resourceType": parts[-2]}, parts[-2])


@pytest.mark.reference
@pytest.mark.skipif(not EXAMPLES.is_dir() and "HUB_REFERENCE" not in os.environ, reason="the reference material is not at hand")
def test_an_expression_finds_in_hl7s_examples_what_fhirpath_finds():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fhirpathpy = pytest.importorskip("fhirpathpy")
        from fhirpathpy.engine.nodes import ResourceNode
        from fhirpathpy.models import models
    resolve = {"fn": lambda found: list(resolving(ResourceNode.create_node, found))}
    told = {"traceFn": lambda *_: None, "userInvocationTable": {"resolve": resolve}}
    compared = 0
    for type_name, resources in examples().items():
        for expression in {each.expression for each in TYPES[type_name].named.values() if not each.derived} - {
            "$this",
            "$this | component",
        }:
            oracle = fhirpathpy.compile(expression, models["r4"], told)
            for resource in resources:
                ours = list(compiled(expression)(resource))
                assert each_once(ours) == each_once(oracle(resource)), (type_name, resource["id"], expression)
                compared += bool(ours)
    assert compared > 500


def each_once(found):
    """FHIRPath's union keeps equal values once; an index does so anyway."""
    return [each for number, each in enumerate(found) if each not in found[:number]]
