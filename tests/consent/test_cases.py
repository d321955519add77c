"""The worked cases of the reference go through the one function."""

import json

import pytest

from hub.consent.cases import cases, decide_case
from hub.errors import InvalidRequest, Unprocessable

BASE = {
    "kind": "clinician",
    "role": "physician",
    "loa": 3,
    "purpose": "care",
    "scope": "SJF",
    "patientNamed": True,
    "location": "OTHER_PROVIDER",
    "relation": "current",
    "relevance": True,
    "consent": "none",
    "assertion": "none",
    "step": 0,
    "block": "none",
    "blockExcludes": [],
    "blockPeriod": "none",
    "revoke": "none",
    "dataType": "general",
    "dataPurpose": "care",
    "insuranceInvestigation": False,
    "nullified": False,
    "releasedToPatient": True,
    "secretFromPatient": False,
    "patientAge": 50,
    "patientDeceased": False,
    "orgKnown": True,
    "servicesUp": True,
    "request": "care",
    "officer": False,
    "underIncapacityRule": False,
    "sharedWith": "none",
    "ownSource": False,
}


@pytest.mark.reference
def test_every_worked_case_of_the_reference_comes_out_as_it_says(reference):
    held = json.loads((reference / "consent-cases.json").read_text("utf-8"))
    wrong = {
        case["id"]: decided
        for case in held["cases"]
        if (decided := decide_case(held["base"], case["given"])) != (case["expect"], case["rule"])
    }
    assert len(held["cases"]) >= 92
    assert wrong == {}


@pytest.mark.parametrize(
    ("given", "outcome", "rule"),
    [
        ({"location": "SAME_PROVIDER", "relation": "work_need"}, "PERMIT", "R35"),
        ({"relation": "work_need", "consent": "unit"}, "ASK", "R44"),
        ({"location": "SAME_PROVIDER", "servicesUp": False}, "HIDE", "R08"),
        ({"location": "SAME_UNIT", "servicesUp": False}, "PERMIT", "R20"),
        ({"location": "SAME_UNIT", "nullified": True}, "PERMIT", "R04"),
        ({"location": "SAME_UNIT", "nullified": True, "relation": "work_need"}, "HIDE", "R04"),
        ({"location": "SAME_UNIT", "insuranceInvestigation": True}, "PERMIT", "R20"),
        ({"kind": "system", "ownSource": True}, "PERMIT", "R02"),
        ({"kind": "technician", "ownSource": True}, "HIDE", "R02"),
        ({"kind": "system", "ownSource": True, "nullified": True}, "PERMIT", "R02"),
        ({"kind": "reviewer", "request": "audit"}, "HIDE", "R06"),
        ({"kind": "clinician", "request": "audit", "location": "SAME_UNIT"}, "HIDE", "R00"),
        ({"kind": "agent", "location": "NLL"}, "PERMIT", "R75"),
        ({"location": "OWN", "sharedWith": "unit"}, "PERMIT", "R91"),
        ({"location": "OWN", "sharedWith": "provider", "relation": "work_need"}, "PERMIT", "R91"),
        ({"location": "OWN", "sharedWith": "other"}, "HIDE", "R92"),
        ({"location": "OWN", "sharedWith": "unit", "purpose": "quality"}, "HIDE", "R92"),
        ({"location": "OWN", "kind": "patient", "orgKnown": False}, "PERMIT", "R90"),
        ({"location": "OWN", "kind": "guardian", "patientAge": 13}, "HIDE", "R92"),
        ({"kind": "guardian", "patientAge": 13}, "HIDE", "R73"),
        ({"kind": "guardian", "patientAge": 12, "releasedToPatient": False}, "HIDE", "R74"),
        ({"consent": "person_self"}, "PERMIT", "R47"),
        ({"consent": "person_other"}, "EXISTS", "R48"),
        ({"consent": "future"}, "EXISTS", "R48"),
        ({"assertion": "emergency", "step": 1, "relevance": False, "relation": "none"}, "WHO", "R50"),
        ({"assertion": "child", "patientAge": 18}, "EXISTS", "R48"),
        ({"block": "outer", "blockPeriod": "overlaps", "consent": "unit"}, "BLOCKED_EXISTS", "R42"),
        ({"block": "outer", "blockPeriod": "outside", "consent": "unit"}, "PERMIT", "R47"),
        ({"block": "outer", "blockExcludes": ["lak"], "dataType": "caa-gmh", "consent": "unit"}, "PERMIT", "R47"),
        ({"block": "outer", "blockExcludes": ["lak"], "dataType": "caa-gvh", "consent": "unit"}, "BLOCKED_EXISTS", "R42"),
        ({"block": "outer", "blockExcludes": ["general"], "consent": "unit"}, "BLOCKED_EXISTS", "R42"),
        ({"location": "SOCIAL", "block": "outer", "consent": "unit"}, "HIDE", "R49"),
        ({"location": "NLL", "block": "inner", "revoke": "unit", "consent": "unit"}, "BLOCKED_EXISTS", "R64"),
        ({"location": "NLL", "scope": "VE", "consent": "unit"}, "PERMIT", "R61"),
        ({"location": "NLL", "request": "narcotic_flag", "role": "nurse"}, "HIDE", "R62"),
        ({"location": "NLL", "assertion": "emergency", "step": 1, "role": "pharmacist", "relation": "none"}, "ASK", "R21"),
        ({"kind": "social", "location": "NLL"}, "HIDE", "R60"),
        ({"kind": "social", "assertion": "incapacity", "step": 2}, "EXISTS", "R83"),
        ({"kind": "social", "location": "SOCIAL", "assertion": "incapacity", "step": 1}, "WHO", "R83"),
        ({"kind": "social", "assertion": "child", "patientAge": 8}, "EXISTS", "R82"),
        ({"kind": "social", "location": "SAME_UNIT", "relation": "work_need"}, "ASK", "R21"),
        ({"kind": "social", "purpose": "none"}, "REFUSE", "R03"),
        ({"dissent": "none", "consent": "unit"}, "PERMIT", "R47"),
        ({"dissent": "all", "consent": "unit"}, "BLOCKED_EXISTS", "R42"),
        ({"dissent": "all", "relation": "none"}, "ASK", "R44"),
        ({"dissent": "all", "assertion": "emergency", "step": 1}, "WHO_BLOCKED", "R43"),
        ({"dissent": "all", "assertion": "emergency", "step": 2}, "WHO_BLOCKED", "R43"),
        ({"dissent": "all", "assertion": "emergency", "step": 2, "revoke": "unit"}, "PERMIT", "R51"),
        ({"dissent": "all", "consent": "unit", "revoke": "person_self"}, "PERMIT", "R47"),
        ({"dissent": "all", "consent": "unit", "revoke": "expired"}, "BLOCKED_EXISTS", "R42"),
        ({"dissent": "all", "location": "SAME_UNIT"}, "PERMIT", "R20"),
        ({"dissent": "all", "location": "SAME_PROVIDER"}, "PERMIT", "R35"),
        ({"dissent": "all", "location": "SOCIAL", "consent": "unit"}, "HIDE", "R49"),
        ({"dissent": "all", "kind": "patient"}, "PERMIT", "R70"),
        ({"dissent": "but_emergencies", "consent": "unit"}, "EXISTS", "R55"),
        ({"dissent": "but_emergencies", "relevance": False}, "EXISTS", "R45"),
        ({"dissent": "but_emergencies", "assertion": "emergency", "step": 1}, "WHO", "R50"),
        ({"dissent": "but_emergencies", "assertion": "emergency", "step": 2}, "PERMIT", "R51"),
        ({"dissent": "but_emergencies", "assertion": "emergency", "step": 2, "block": "outer"}, "WHO_BLOCKED", "R43"),
        ({"dissent": "but_emergencies", "consent": "unit", "revoke": "unit"}, "EXISTS", "R55"),
        ({"dissent": "but_emergencies", "assertion": "child", "patientAge": 8}, "EXISTS", "R55"),
        ({"dissent": "but_emergencies", "assertion": "incapacity", "step": 2}, "EXISTS", "R55"),
        ({"dissent": "but_emergencies", "kind": "social", "consent": "unit"}, "EXISTS", "R85"),
        ({"dissent": "all", "kind": "social", "consent": "unit"}, "HIDE", "R49"),
        ({"dissent": "all", "location": "NLL", "consent": "unit"}, "BLOCKED_EXISTS", "R64"),
        ({"dissent": "but_emergencies", "location": "NLL", "assertion": "emergency", "step": 2}, "PERMIT", "R63"),
    ],
    ids=str,
)
def test_a_case_is_decided_by_the_rule_that_speaks_of_it(given, outcome, rule):
    assert decide_case(BASE, given) == (outcome, rule)


@pytest.mark.parametrize(
    "given",
    [
        {"location": "MOON"},
        {"step": True},
        {"relevance": 1},
        {"loa": "3"},
        {"colour": "red"},
        {"blockExcludes": "lak"},
        {"dissent": "outer"},
    ],
    ids=str,
)
def test_a_case_with_a_fact_that_cannot_be_is_refused(given):
    with pytest.raises(InvalidRequest):
        decide_case(BASE, given)


@pytest.mark.parametrize("held", [{}, {"base": BASE, "cases": {}}, {"base": BASE, "cases": [3]}], ids=str)
def test_a_file_of_another_form_is_refused(held):
    with pytest.raises(InvalidRequest):
        cases(held)


def label(code):
    return {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": code}


def observation(code, author="a"):
    said = {"meta": {"security": [label(code)]}, "performer": [{"reference": f"Practitioner/{author}"}]}
    return {"resourceType": "Observation", "id": "x"} | said


BY_A = {"data": [{"meaning": "authoredby", "reference": {"reference": "Practitioner/a"}}]}
NOT_X = {"type": "deny", "data": [{"meaning": "instance", "reference": {"reference": "Observation/x"}}]}


@pytest.mark.parametrize(
    ("provision", "resource", "outcome"),
    [
        ({"securityLabel": [label("N")]}, observation("N"), "PERMIT"),
        ({"securityLabel": [label("N")]}, observation("R"), "EXISTS"),
        ({"securityLabel": [label("N")]} | BY_A, observation("N", "b"), "EXISTS"),
        (BY_A, observation("V"), "PERMIT"),
        ({"provision": [NOT_X]}, observation("N"), "EXISTS"),
        ({"provision": [NOT_X]}, observation("N") | {"id": "y"}, "PERMIT"),
        ({"provision": [NOT_X]}, None, "EXISTS"),  # of a made-up entry nothing is known
        ({}, None, "PERMIT"),
    ],
    ids=str,
)
def test_a_case_may_say_of_which_data_the_consent_is_and_what_the_entry_holds(provision, resource, outcome):
    held = {"resource": resource} if resource else {}
    assert decide_case(BASE, {"consent": "unit", "provision": provision, **held})[0] == outcome


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"provision": []}, InvalidRequest),
        ({"provision": {"code": []}}, Unprocessable),
        ({"provision": {}, "location": "NLL"}, InvalidRequest),
        ({"resource": {"id": "x"}}, InvalidRequest),
    ],
    ids=str,
)
def test_a_case_of_data_that_no_consent_can_be_of_is_refused(given, fault):
    with pytest.raises(fault):
        decide_case(BASE, {"consent": "unit"} | given)


def test_a_file_gives_its_cases_by_name():
    assert [case.id for case in cases({"base": BASE, "cases": [{"id": "A", "given": {}}, {}]})] == ["A", "1"]
