"""The resources that the hub writes about itself and its entries."""

from datetime import UTC, datetime

import pytest

from hub.fhir.capability import READING, Server, capability
from hub.fhir.custody import Custody
from hub.fhir.identifiers import HSA_ID, Identifier
from hub.fhir.provenance import provenance
from hub.fhir.query import read_query
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


def test_the_capability_statement_is_valid():
    assert validate(capability(SERVER)) == []
    assert validate(capability(Server(base="https://hub.example/fhir", software_version="0.1.0", date="2026"))) == []


WRITTEN = {
    "token": "a",
    "date": "2026",
    "string": "a",
    "reference": "https://x.example/fhir/Patient/1",
    "uri": "urn:a",
    "number": "1",
    "quantity": "5.4|http://unitsofmeasure.org|mg",
}


def asked(parameter):
    if parameter.name == "patient":
        return "p1"
    return "$".join(map(asked, parameter.components)) if parameter.components else WRITTEN[parameter.kind]


def test_every_search_parameter_that_is_named_can_be_asked():
    for resource in capability(SERVER)["rest"][0]["resource"]:
        for named in resource["searchParam"]:
            parameter = TYPES[resource["type"]].parameter(named["name"])
            assert (parameter.kind, parameter.definition) == (named["type"], named["definition"])
            query = read_query(resource["type"], [(named["name"], asked(parameter))], now=NOW, own_source=True)
            assert query.unknown == ()


def test_every_type_is_there_with_what_it_does():
    resources = {each["type"]: each for each in capability(SERVER)["rest"][0]["resource"]}
    assert resources.keys() == TYPES.keys()
    for name, resource in resources.items():
        codes = [each["code"] for each in resource["interaction"]]
        assert set(READING) <= set(codes)
        assert ("create" in codes) is bool(TYPES[name].writers)
        assert len(codes) == len(set(codes))


@pytest.mark.parametrize("reading", [("read",), ("read", "search-type")])
def test_what_is_not_done_is_not_named(reading):
    (rest,) = capability(SERVER, reading, ())["rest"]
    for resource in rest["resource"]:
        assert [each["code"] for each in resource["interaction"]] == list(reading)
        assert ("searchParam" in resource) is ("search-type" in reading)
        assert resource["updateCreate"] is resource["readHistory"] is False
