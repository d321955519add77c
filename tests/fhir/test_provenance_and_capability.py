"""The resources that the hub writes about itself and its entries."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.fhir.capability import Server, capability
from hub.fhir.custody import Custody
from hub.fhir.identifiers import HSA_ID, Identifier
from hub.fhir.provenance import provenance
from hub.fhir.query import read_query
from hub.fhir.served import Interaction, Operation, interaction, served
from hub.fhir.types import TYPES
from hub.fhir.validation import validate

CUSTODY = Custody(source="region-a", provider="SE1-A", unit="SE1-U", info_type="und-kkm-ure", regime="SVOD")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
NAMES = {"SE1-A": "Region A"}


def agents(resource):
    return [(agent["type"]["coding"][0]["code"], agent["who"]) for agent in resource["agent"]]


def test_a_provenance_says_who_holds_wrote_and_signed():
    person, signer = {"display": "Anna Test"}, {"display": "Bo Test"}
    written = provenance(
        targets=["DiagnosticReport/1", "Observation/2"],
        custody=CUSTODY,
        names=NAMES,
        recorded="2026-03-02T00:00:00Z",
        written="2026-03-01T08:00:00+01:00",
        author=person,
        verifier=signer,
        signed="2026-03-01T09:00:00+01:00",
        others=[("informant", {"display": "Cia Test"})],
        message=Identifier("urn:hub:message", "m1"),
    )
    provider = {"type": "Organization", "identifier": {"system": HSA_ID, "value": "SE1-A"}, "display": "Region A"}
    unit = {"type": "Organization", "identifier": {"system": HSA_ID, "value": "SE1-U"}}
    assert agents(written) == [
        ("custodian", provider),
        ("author", unit),
        ("performer", person),
        ("verifier", signer),
        ("informant", {"display": "Cia Test"}),
    ]
    assert written["agent"][2]["onBehalfOf"] == unit
    assert written["recorded"] == "2026-03-01T09:00:00+01:00"
    assert written["entity"] == [{"role": "source", "what": {"identifier": {"system": "urn:hub:message", "value": "m1"}}}]
    assert validate(written) == []


def test_what_is_not_known_is_said_to_be_unknown():
    nobody = Custody(source="region-a", provider=None, unit=None, info_type="x", regime="SVOD")
    written = provenance(targets=["Observation/1"], custody=nobody, names={}, recorded="2026-03-02T00:00:00Z")
    assert all(who["extension"][0]["valueCode"] == "unknown" for _, who in agents(written))
    assert "occurredDateTime" not in written
    assert validate(written) == []


SERVER = Server(
    base="https://hub.example/fhir",
    software_version="0.1.0",
    date="2026-03-01",
    authorize_url="https://hub.example/authorize",
    token_url="https://hub.example/token",
)


ROUTES = (
    ("GET", "/metadata"),
    ("GET", ""),
    ("GET", "/"),
    ("HEAD", "/{type}/{id}"),
    ("GET", "/{type}/{id}"),
    ("GET", "/{type}/{id}/_history/{vid}"),
    ("GET", "/{kind:str}"),
    ("POST", "/{type}/_search"),
    ("POST", "/{type}"),
    ("PUT", "/{type}/{id}"),
    ("DELETE", "/{type}"),
    ("GET", "/Patient/{patient}/{type}"),
    ("GET", "/Patient/{id}/$everything"),
    ("POST", "/{type}/$validate"),
    ("POST", "/{type}/{id}/$validate"),
    ("GET", "/$meta"),
    ("GET", "/.well-known/smart-configuration"),
)
SERVED = served(ROUTES)
EVERYTHING = served(
    [*ROUTES, ("POST", ""), ("PUT", "/{type}"), ("PATCH", "/{type}/{id}"), ("DELETE", "/{type}/{id}"), ("GET", "/_history")]
)


def resources(statement):
    return {each["type"]: each for each in statement["rest"][0]["resource"]}


@pytest.mark.parametrize(
    "does", [served([("GET", "/{type}/{id}")]), SERVED, EVERYTHING], ids=["reading", "something", "everything"]
)
def test_the_capability_statement_is_valid(does):
    assert validate(capability(SERVER, does)) == []
    assert validate(capability(Server(base="https://hub.example/fhir", software_version="0.1.0", date="2026"), does)) == []


WRITTEN = {
    "token": "a",
    "date": "2026",
    "string": "a",
    "reference": "https://x.example/fhir/Patient/1",
    "uri": "urn:a",
    "number": "1",
    "quantity": "5.4|http://unitsofmeasure.org|mg",
    "special": "59.3|18.1",
}


def asked(parameter):
    if parameter.name == "patient":
        return "p1"
    return "$".join(map(asked, parameter.components)) if parameter.components else WRITTEN[parameter.kind]


LISTS = {"_include": "searchInclude", "_revinclude": "searchRevInclude"}
OTHERWISE = {"_content": "a", "_text": "a", "_list": "l1", "_filter": "_id eq a"}


def test_every_search_parameter_that_is_named_can_be_asked():
    for name, resource in resources(capability(SERVER, SERVED)).items():
        for named in resource["searchParam"]:
            if named["name"] == "_has":
                continue
            parameter = TYPES[name].parameter(named["name"])
            if parameter:
                assert (parameter.kind, parameter.definition) == (named["type"], named["definition"])
            value = asked(parameter) if parameter else OTHERWISE[named["name"]]
            assert read_query(name, [(named["name"], value)], now=NOW, own_source=True, places={}).unknown == ()


def test_every_include_that_is_named_can_be_asked():
    for name, resource in resources(capability(SERVER, SERVED)).items():
        for parameter in ("_include", "_revinclude"):
            for named in resource[LISTS[parameter]]:
                assert read_query(name, [(parameter, named)], now=NOW).unknown == ()


def test_a_route_tells_what_it_does():
    assert interaction("GET", "/{type}/{id}/_history/{version}").code == "vread"
    assert interaction("PUT", "/{type}") == Interaction("update", "type", "PUT", "/{type}", conditional=True)
    assert interaction("GET", "/Patient/{id}/$everything") == Operation(
        "everything", "instance", "GET", "/Patient/{id}/$everything", "Patient"
    )
    assert interaction("POST", "/{type}/$validate") == Operation("validate", "type", "POST", "/{type}/$validate")
    assert interaction("GET", "/$meta") == Operation("meta", "system", "GET", "/$meta")
    assert interaction("HEAD", "/{type}/{id}") is None
    assert interaction("HEAD", "/Patient/{id}/$everything") is None
    assert interaction("GET", "/{type}/{id}/other") is None


def test_the_statement_names_what_the_routes_do_and_nothing_else():
    (rest,) = capability(SERVER, SERVED)["rest"]
    held = resources(capability(SERVER, SERVED))
    assert held.keys() == TYPES.keys()
    for name, resource in held.items():
        codes = [each["code"] for each in resource["interaction"]]
        assert codes == ["search-type", "create", "read", "update", "vread"]
        assert (resource["updateCreate"], resource["readHistory"]) == (True, True)
        assert resource["documentation"].startswith("Written by the client of a source system")
        assert "Only the client of a source system may choose the id of a new resource" in resource["documentation"]
        assert (resource["conditionalCreate"], resource["conditionalUpdate"]) == (False, False)
        assert resource["conditionalDelete"] == "single"
        assert [each["name"] for each in resource["operation"]] == (
            ["everything", "validate"] if name == "Patient" else ["validate"]
        )
    assert "source system and by care staff and by the patient." in held["Consent"]["documentation"]
    assert held["Patient"]["operation"][0]["definition"] == "http://hl7.org/fhir/OperationDefinition/Patient-everything"
    assert rest["interaction"] == [{"code": "search-system"}]
    assert rest["operation"] == [{"name": "meta", "definition": "http://hl7.org/fhir/OperationDefinition/Resource-meta"}]
    assert rest["compartment"] == ["http://hl7.org/fhir/CompartmentDefinition/patient"]
    assert "smart-configuration" in rest["security"]["description"]


def test_a_hub_that_does_more_says_so():
    statement = capability(replace(SERVER, conditional_create=True, patch_formats=("application/json-patch+json",)), EVERYTHING)
    (rest,) = statement["rest"]
    assert [each["code"] for each in rest["interaction"]] == ["search-system", "transaction", "history-system", "batch"]
    assert statement["patchFormat"] == ["application/json-patch+json"]
    observation = resources(statement)["Observation"]
    assert {each["code"] for each in observation["interaction"]} >= {"patch", "delete"}
    assert (observation["conditionalCreate"], observation["conditionalUpdate"]) == (True, True)


def test_what_is_not_done_is_not_named():
    statement = capability(SERVER, served([("GET", "/{type}/{id}")]))
    (rest,) = statement["rest"]
    assert rest.keys() == {"mode", "security", "resource"}
    assert "patchFormat" not in statement
    for resource in rest["resource"]:
        assert [each["code"] for each in resource["interaction"]] == ["read"]
        assert resource.keys().isdisjoint(("searchParam", "searchInclude", "searchRevInclude", "operation"))
        assert resource["updateCreate"] is resource["readHistory"] is False
        assert "documentation" not in resource


def test_the_parameters_of_a_type_are_those_that_it_is_searched_by():
    held = resources(capability(SERVER, SERVED))
    named = {name: {each["name"] for each in resource["searchParam"]} for name, resource in held.items()}
    assert named["Location"] == {*(each.name for each in TYPES["Location"].named.values()), "_content", "_text"} | {
        "_filter",
        "_has",
        "_list",
    }
    assert "_text" not in named["Binary"]
