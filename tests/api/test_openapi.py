"""/openapi.json and the CapabilityStatement: what is said is done, and what is done is said."""

import re
from collections import Counter

import pytest

from hub.api.edge import Otherwise
from hub.api.fhir import fhir_routes
from hub.fhir.served import interaction
from hub.fhir.types import TYPES


@pytest.fixture(scope="module")
def described(light):
    return light.get("/openapi.json").json()


@pytest.fixture(scope="module")
def stated(light):
    return light.get("/fhir/metadata").json()


def every(node, name):
    if isinstance(node, dict):
        for key, value in node.items():
            if key == name and isinstance(value, str):
                yield value
            yield from every(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from every(value, name)


def operations(described):
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            yield path, method, operation


def looked_up(described, pointer):
    found = described
    for step in pointer.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def test_the_description_is_whole(described):
    assert described["openapi"].startswith("3.1.")
    for pointer in set(every(described, "$ref")):
        assert looked_up(described, pointer), pointer
    ids = Counter(operation["operationId"] for _, _, operation in operations(described))
    assert [each for each, times in ids.items() if times > 1] == []
    for path, method, operation in operations(described):
        given = [looked_up(described, each["$ref"]) if "$ref" in each else each for each in operation.get("parameters", ())]
        places = [each["name"] for each in given if each["in"] == "path"]
        assert sorted(places) == sorted(re.findall(r"\{(\w+)\}", path)), (path, method)
        assert len({(each["name"], each["in"]) for each in given}) == len(given), (path, method)
        assert all(
            "description" in (each if "$ref" not in each else looked_up(described, each["$ref"]))
            for each in operation["responses"].values()
        )


def test_both_apis_are_in_it(described):
    assert {"/access/relations", "/access/log", "/fhir/metadata", "/fhir/Observation", "/fhir/Observation/{id}"} <= described[
        "paths"
    ].keys()
    assert described["paths"]["/fhir/metadata"]["get"]["security"] == []
    body = described["paths"]["/fhir/Observation"]["post"]["requestBody"]["content"]["application/fhir+json"]["schema"]
    observation = looked_up(described, body["$ref"])
    assert observation["required"] == ["resourceType", "status", "code"]
    assert observation["properties"]["valueInteger"] == {"type": "integer"}
    assert observation["properties"]["category"]["type"] == "array"


def test_the_description_and_the_statement_tell_of_the_same_interactions(described, stated):
    [rest] = stated["rest"]
    assert {each["type"] for each in rest["resource"]} == TYPES.keys()
    for each in rest["resource"]:
        told = set()
        for path, method, _ in operations(described):
            parts = path.removeprefix("/fhir/").split("/")
            if parts[0] == each["type"] and not (len(parts) > 2 and parts[1] == "{patient}"):
                found = interaction(method.upper(), "/" + "/".join(["{type}", *parts[1:]]))
                told.add(getattr(found, "code", "operation"))
        assert told - {"operation"} == {interaction["code"] for interaction in each["interaction"]}, each["type"]


def test_the_description_and_the_statement_tell_of_the_same_search_parameters(described, stated):
    for each in stated["rest"][0]["resource"]:
        parameters = described["paths"][f"/fhir/{each['type']}"]["get"]["parameters"]
        told = {looked_up(described, one["$ref"])["name"] for one in parameters}
        assert {one["name"] for one in each["searchParam"]} <= told
        assert told - {one["name"] for one in each["searchParam"]} == {
            "_count",
            "_sort",
            "_include",
            "_revinclude",
            "_summary",
            "_elements",
            "_total",
            "Prefer",
        }


def test_what_acts_on_what_a_search_finds_takes_search_parameters(described):
    searched = {each["$ref"] for each in described["paths"]["/fhir/Flag"]["get"]["parameters"]}
    for method in ("put", "patch", "delete"):
        taken = {each["$ref"] for each in described["paths"]["/fhir/Flag"][method]["parameters"]}
        assert {each for each in taken if "Flag-" in each or "clinical-" in each} == {
            each for each in searched if "Flag-" in each or "clinical-" in each
        }
        assert "#/components/parameters/_count" not in taken


def test_histories_and_operations_take_what_shapes_their_answers(described):
    def taken(path, method="get"):
        return {one["$ref"].rsplit("/", 1)[-1] for one in described["paths"][path][method]["parameters"]}

    assert taken("/fhir/Flag/{id}/_history") == {"id", "_count", "_since", "_at", "_list", "_summary", "_elements"}
    assert taken("/fhir/Patient/{id}/$everything") == {"id", "_count", "_since", "_type", "start", "end"}
    assert taken("/fhir/Flag/{id}") >= {"id", "_summary", "_elements", "If-None-Match"}


def test_every_address_of_a_type_and_of_the_system_is_there_with_its_methods(light, described):
    answered = Counter()
    for path, method, _ in operations(described):
        parts = path.split("/")
        if parts[1] != "fhir" or (len(parts) > 2 and parts[2] in TYPES and parts[2] not in ("Observation", "Patient")):
            continue
        address = re.sub(r"\{\w+\}", "x1", path)
        status = light.do(method.upper(), address, "doctor").status_code
        assert status < 500, (method, path, status)
        assert status != 405, (method, path)
        answered[status] += 1
    assert sum(answered.values()) > 10
    assert light.do("PUT", "/fhir/_history", "doctor").status_code == 405


def test_the_statement_links_the_smart_configuration(light, stated):
    said = stated["rest"][0]["security"]["description"]
    assert "/.well-known/smart-configuration" in said
    assert light.get("/fhir/.well-known/smart-configuration").status_code == 200
    assert {"application/fhir+json", "application/fhir+xml"} <= set(stated["format"])


def test_every_route_of_the_fhir_api_is_an_interaction_or_operation_of_the_specification(light):
    for route in fhir_routes(light.running.edge, "0", dict):
        path = route.path.removeprefix("/fhir")
        for method in (route.methods or set()) - {"HEAD", "OPTIONS"}:
            if isinstance(route.endpoint, Otherwise):
                continue
            elsewhere = ":path}" in path or ".well-known" in path or path == route.path
            assert elsewhere or interaction(method, path), (method, route.path)
