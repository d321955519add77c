"""FHIR from another server: what travels untouched, whose it is, and Bundles that try to reach further."""

import json
from datetime import UTC, datetime

import pytest

from hub.errors import Unmappable
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.fhir.json import dumps
from hub.mappers import Defaults, Settings, SourceMessage
from hub.mappers.fhir_r4 import FHIR_R4

BASE = "https://x.example/fhir/"
PERSON, OTHER = "195009072553", "199002222397"
SETTINGS = Settings("x", "SE1-J", "SE1-P", "SE1-U", Defaults(released=True))
PROVENANCE_TYPE = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def read(content, known=SETTINGS, asked=None):
    number = Identifier(PERSONNUMMER, asked) if asked else None
    return FHIR_R4.map(SourceMessage("x", "fhir_r4", content, datetime(2026, 11, 21, tzinfo=UTC), number), known)


def bundle(*resources, **more):
    entries = [{"fullUrl": f"{BASE}{each['resourceType']}/{each.get('id')}", "resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entries} | more).encode()


def patient(key="p1", *numbers, system=PERSONNUMMER):
    return {"resourceType": "Patient", "id": key, "identifier": [{"system": system, "value": n} for n in numbers or (PERSON,)]}


def observation(key="o1", subject="Patient/p1", **more):
    about = subject if isinstance(subject, dict) else {"reference": subject}
    return {"resourceType": "Observation", "id": key, "status": "final", "code": {"text": "x"}, "subject": about} | more


def resource(found):
    return found.entries[0].resources[0].resource


def test_all_but_references_and_what_is_the_hubs_travels_digit_by_digit_and_in_its_order():
    exact = (
        '{"zzz":[{"b":1.50,"a":[]}],"valueQuantity":{"value":0.0100,"unit":"g"},"_status":{"extension":[{"url":"u","valueDecimal":1E1}]},'
        '"text":{"status":"generated","div":"<div>å</div>"},"note":[{"text":"\\u0007"}]'
    )
    content = bundle(observation(), patient()).replace(b'"status": "final"', exact.encode()[1:])
    written = dumps(resource(read(content))).decode()
    for part in ('"b":1.50', '"value":0.0100', '"zzz":[{"b":1.50,"a":[]}]', "<div>å</div>", "\\u0007"):
        assert part in written
    assert written.index("zzz") < written.index("valueQuantity") < written.index("_status")


def test_the_servers_own_bookkeeping_is_left_and_labels_stay():
    label = {"system": "s", "code": "R"}
    meta = {"versionId": "3", "lastUpdated": "2026-01-01T00:00:00Z", "source": "#x", "profile": ["u"], "security": [label]}
    held = resource(read(bundle(observation(meta=meta), patient())))
    assert held["meta"] == {"profile": ["u"], "security": [label], "source": "urn:oid:1.2.752.129.2.1.4.1#SE1-J"}
    assert "id" not in held


@pytest.mark.parametrize(
    ("subject", "patients", "number"),
    [
        ("Patient/p1", [patient()], PERSON),
        (f"{BASE}Patient/p1", [patient()], PERSON),
        ("Patient/p1/_history/4", [patient()], PERSON),
        ({"identifier": {"system": PERSONNUMMER, "value": "19500907-2553"}}, [], PERSON),
        ({"identifier": {"system": "urn:oid:1.2.752.129.2.1.3.1", "value": PERSON}}, [], PERSON),
        ("Patient/p1", [patient("p1", OTHER, PERSON)], OTHER),
    ],
)
def test_whose_a_resource_is_comes_from_its_own_subject(subject, patients, number):
    assert read(bundle(observation(subject=subject), *patients)).entries[0].patient.value == number


def test_of_a_persons_several_numbers_the_one_asked_about_is_meant():
    found = read(bundle(observation(), patient("p1", OTHER, PERSON)), asked=PERSON)
    assert found.entries[0].patient.value == PERSON


@pytest.mark.parametrize(
    ("subject", "patients", "problem"),
    [
        ("Patient/p1", [], "cannot be known"),
        ("Patient/p1", [patient("p2")], "cannot be known"),
        ("https://annan.example/fhir/Patient/p1", [patient()], "cannot be known"),
        (f"Patient?identifier={PERSONNUMMER}|{PERSON}", [patient()], "cannot be known"),
        ("Patient/../Patient/p1", [patient()], "cannot be known"),
        ("#p1", [patient()], "cannot be known"),
        ({"display": "Sven"}, [patient()], "cannot be known"),
        ({"reference": ["Patient/p1"]}, [patient()], "cannot be known"),
        ("Patient/p1", [patient("p1", "195009072554")], "check digit"),
        ({"reference": "Patient/p1", "identifier": {"system": PERSONNUMMER, "value": OTHER}}, [patient()], "disagree"),
        ({}, [patient()], "cannot be known"),
    ],
)
def test_a_resource_whose_patient_is_in_doubt_is_left_out_and_costs_no_other(subject, patients, problem):
    found = read(
        bundle(observation("o1", subject), observation("o2", {"identifier": {"system": PERSONNUMMER, "value": OTHER}}), *patients)
    )
    assert [entry.key.value for entry in found.entries] == ["Observation/o2"]
    assert [(issue.place, problem in issue.problem) for issue in found.issues] == [("Bundle.entry[1]", True)]
    assert found.complete is False
    assert PERSON not in str(found.issues)


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ({"reference": "#a"}, {"reference": "#a"}),
        ({"reference": "Observation/o2"}, {"reference": "Observation?identifier=urn:hub:fhir:x|Observation/o2"}),
        ({"reference": f"{BASE}CarePlan/c/_history/1"}, {"reference": "CarePlan?identifier=urn:hub:fhir:x|CarePlan/c"}),
        ({"reference": "https://annan.example/Observation/o2", "display": "d"}, {"display": "d"}),
        ({"reference": "Condition/c1"}, {"type": "Condition"}),
        ({"reference": "Observation?identifier=urn:hub:rivta:SE2|hemlig", "display": "d"}, {"display": "d"}),
        ({"reference": "Patient/p2", "display": "Granne"}, {"display": "Granne"}),
        ({"reference": "Practitioner/a", "display": "Eva"}, {"display": "Eva"}),
        ({"identifier": {"system": "s", "value": "v"}}, {"identifier": {"system": "s", "value": "v"}}),
    ],
)
def test_a_reference_leads_into_this_source_or_nowhere(written, ours):
    found = read(bundle(observation(derivedFrom=[written]), patient(), patient("p2", OTHER)))
    assert resource(found)["derivedFrom"] == [ours]


def test_a_reference_out_of_the_source_that_says_nothing_else_is_said_to_be_so():
    found = read(
        bundle(observation(extension=[{"url": "u", "valueReference": {"reference": "https://annan.example/x"}}]), patient())
    )
    assert resource(found)["extension"][0]["valueReference"]["extension"][0]["valueCode"] == "unsupported"


@pytest.mark.parametrize(
    ("agents", "provider", "unit"),
    [
        ([], "SE1-P", "SE1-U"),
        ([("custodian", {"identifier": {"system": "urn:oid:1.2.752.29.4.19", "value": "se2-p"}})], "SE2-P", None),
        ([("custodian", {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": "SE1-P"}})], "SE1-P", "SE1-U"),
        ([("custodian", {"display": "Någon"})], None, None),
        ([("custodian", {"reference": "Organization/o"})], "SE3-O", None),
        ([("author", {"reference": "Organization/o"})], "SE1-P", "SE3-O"),
        ([("author", {"reference": "Practitioner/a"})], "SE1-P", "SE1-U"),
        ([("author", {"type": "Organization", "display": "Okänd"})], "SE1-P", None),
        ([("verifier", {"reference": "Organization/o"})], "SE1-P", "SE1-U"),
    ],
)
def test_custody_is_what_provenance_says_else_what_is_configured_and_never_mixed(agents, provider, unit):
    provenance = {
        "resourceType": "Provenance",
        "id": "v",
        "target": [{"reference": "Observation/o1"}],
        "agent": [{"type": {"coding": [{"system": PROVENANCE_TYPE, "code": code}]}, "who": who} for code, who in agents],
    }
    organization = {
        "resourceType": "Organization",
        "id": "o",
        "identifier": [{"system": "urn:oid:1.2.752.29.4.19", "value": "SE3-o"}],
    }
    person = {"resourceType": "Practitioner", "id": "a", "identifier": [{"system": "urn:oid:1.2.752.29.4.19", "value": "SE4-a"}]}
    held = read(bundle(observation(), patient(), provenance, organization, person)).entries[0].custody
    assert (held.provider, held.unit) == (provider, unit)


def test_nopatient_is_never_widened_by_the_configuration():
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    found = read(bundle(observation(meta={"security": [label]}), patient()))
    assert found.entries[0].custody.released is False
    assert resource(found)["meta"]["security"] == [label]
    closed = read(bundle(observation(), patient()), Settings("x", "SE1-J"))
    assert closed.entries[0].custody.released is None
    assert resource(closed)["meta"]["security"][0]["code"] == "NOPATIENT"


@pytest.mark.parametrize(
    ("more", "complete"),
    [
        ({}, True),
        ({"link": [{"relation": "next", "url": "x"}]}, False),
        ({"link": [{"relation": "self", "url": "x"}]}, True),
    ],
)
def test_an_answer_with_more_to_come_is_not_the_whole(more, complete):
    assert read(bundle(observation(), patient(), **more)).complete is complete


def test_an_outcome_that_warns_makes_the_answer_a_part():
    for severity, complete in (("information", True), ("warning", False), ("error", False)):
        outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "incomplete"}]}
        assert read(bundle(observation(), patient(), outcome)).complete is complete


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html></html>",
        b"[]",
        b"null",
        b'{"resourceType":"Patient"}',
        b'{"resourceType":"Bundle","entry":',
        b'{"resourceType":"Bundle","resourceType":"Bundle"}',
        b"[" * 100_000,
        b'{"resourceType":"Bundle","a":' + b"[" * 80 + b"]" * 80 + b"}",
        b'{"resourceType":"Bundle","total":' + b"9." + b"9" * 100 + b"}",
        b'\xff{"resourceType":"Bundle"}',
        json.dumps({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "OperationOutcome"}}]}).encode(),
    ],
    ids=lambda value: f"{value[:16]!r}",
)
def test_what_is_no_answer_is_refused(content):
    with pytest.raises(Unmappable):
        read(content)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "x",
        {},
        {"resource": None},
        {"resource": []},
        {"resource": {"resourceType": 5, "id": "a"}},
        {"resource": {"resourceType": "Observation", "id": "../a"}},
        {"resource": {"resourceType": "Observation", "id": "a", "subject": "Patient/p1"}},
        {"resource": {"resourceType": "Observation", "id": "a", "subject": [[]]}},
        {"resource": {"resourceType": "Appointment", "id": "a", "participant": [{"actor": 5}]}},
        {"resource": {"resourceType": "Observation", "id": "a", "meta": [], "subject": {"reference": 5}}},
        {"resource": {"resourceType": "Patient", "id": "p9", "identifier": "x", "name": 5}},
        {"resource": {"resourceType": "Provenance", "id": "p9", "target": "x", "agent": [5]}},
    ],
    ids=str,
)
def test_an_entry_of_another_shape_costs_no_other(entry):
    held = json.loads(bundle(observation("good"), patient()))
    held["entry"].append(entry)
    assert [each.key.value for each in read(json.dumps(held).encode()).entries] == ["Observation/good"]


def test_odd_shapes_inside_a_resource_travel_as_they_are():
    found = read(bundle(observation(meta=[], performer="x", category=5, effectiveDateTime=[], issued={}), patient()))
    assert resource(found)["performer"] == "x"
    assert found.entries[0].custody.info_type == "chb-go"


def test_a_type_that_is_not_taken_is_counted_and_a_made_up_one_is_not_repeated():
    odd = {"resourceType": "AnnaAndersson", "id": "1"}
    found = read(bundle({"resourceType": "Condition", "id": "c"}, odd, patient()))
    assert dict(found.coverage.unmapped) == {"Condition": 1, "another type": 1}
