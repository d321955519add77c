"""Log entries as AuditEvents: each pattern of IHE BALP, by the rows of its profile; and nothing that an entry must not tell."""

import json
from base64 import b64decode

import pytest

from hub.fhir.audit_event import DCM, PARTICIPATION, PROFILE, Entry, audit_event, consent_decision, disclosure
from hub.fhir.validation import validate

WHO = {
    "kind": "clinician",
    "subject": "SE2321990018-E1",
    "name": "Doctor",
    "client": "app",
    "commission": "SE2321990018-C1",
    "unit": "SE2321990018-U1",
    "provider": "SE2321990018-P1",
    "purpose": "care",
    "role": "physician",
}
ENTRY = {
    "action": "read",
    "outcome": "permit",
    "who": WHO,
    "type": "Observation",
    "rules": ["R47"],
    "grounds": ["c1"],
    "released": 41,
    "root": "ab" * 32,
    "request": "r1",
    "patient": "p1",
    "parameters": ["code", "patient"],
}
SOURCE, DESTINATION = "110153", "110152"
# profile: (action code, subtype, client's type, server's type, user's type, role of the object)
PROFILES = {
    "read": ("PatientRead", "R", "read", DESTINATION, SOURCE, "IRCP", "4"),
    "vread": ("PatientRead", "R", "vread", DESTINATION, SOURCE, "IRCP", "4"),
    "search": ("PatientQuery", "E", "search-type", SOURCE, DESTINATION, "IRCP", "24"),
    "create": ("PatientCreate", "C", "create", SOURCE, DESTINATION, "AUT", "4"),
    "update": ("PatientUpdate", "U", "update", SOURCE, DESTINATION, "AUT", "4"),
    "delete": ("PatientDelete", "D", "delete", SOURCE, DESTINATION, "AUT", "4"),
}


def event(**changed):
    return audit_event(Entry(ENTRY | changed, "e1", "2026-11-21T09:00:00Z", "https://hub.example.org"))


def agents(held, code, system=None):
    found = [each for each in held["agent"] if each["type"]["coding"][0]["code"] == code]
    return [each for each in found if system is None or each["type"]["coding"][0]["system"] == system]


def entities(held, code):
    return [each for each in held["entity"] if each["type"]["code"] == code]


@pytest.mark.parametrize("action", PROFILES)
def test_an_interaction_follows_its_profile(action):
    profile, code, subtype, client, server, user, role = PROFILES[action]
    held = event(action=action)
    assert held["meta"]["profile"] == [PROFILE + profile]
    assert (held["type"]["code"], held["action"], held["outcome"]) == ("rest", code, "0")
    assert [each["code"] for each in held["subtype"]] == [subtype]
    assert [each["who"]["identifier"]["value"] for each in agents(held, client, DCM)] == ["app"]
    assert [each["who"]["identifier"]["value"] for each in agents(held, server, DCM)] == ["https://hub.example.org"]
    assert all("network" in each for each in held["agent"] if each["type"]["coding"][0]["system"] == DCM)
    [person] = agents(held, user, PARTICIPATION)
    assert (person["requestor"], person["name"], "network" in person, "media" in person) == (True, "Doctor", False, False)
    assert person["purposeOfUse"][0]["coding"][0]["code"] == "TREAT"
    [thing] = entities(held, "2")
    assert thing["role"]["code"] == role
    assert ("what" in thing, "query" in thing) == (action != "search", action == "search")
    [patient] = entities(held, "1")
    assert (patient["role"]["code"], patient["what"]) == ("1", {"reference": "Patient/p1"})
    [transaction] = entities(held, "XrequestId")
    assert transaction["what"]["identifier"]["value"] == "r1"


@pytest.mark.parametrize("action", [*PROFILES, "history", "take-in", "read-log", "sign-in", "register-relation", "rotate-key"])
@pytest.mark.parametrize(
    "more", [{}, {"patient": ""}, {"outcome": "refuse", "reason": "forbidden"}, {"who": {"kind": "hub"}}], ids=str
)
def test_whatever_is_logged_is_a_valid_r4_event(action, more):
    assert [str(each) for each in validate(event(action=action, **more)) if each.severity in ("error", "fatal")] == []


def test_without_a_patient_the_pattern_is_the_one_without():
    assert event(patient="")["meta"]["profile"] == [f"{PROFILE}Read"]


def test_a_refusal_is_a_minor_failure_and_claims_no_pattern():
    held = event(outcome="refuse", reason="forbidden")
    assert (held["outcome"], held["outcomeDesc"], "meta" in held) == ("4", "forbidden", False)


def test_an_opening_in_an_emergency_says_so():
    held = event(action="register-assertion", details={"type": "emergency", "reason": "x"})
    assert held["purposeOfEvent"][0]["coding"][0]["code"] == "BTG"


@pytest.mark.parametrize(("outcome", "code"), [("permit", "0"), ("nothing", "4")])
def test_a_decision_by_consent_names_the_consent_and_what_became_of_it(outcome, code):
    held = consent_decision(Entry(ENTRY | {"outcome": outcome}, "e1", "2026-11-21T09:00:00Z", "https://hub.example.org", ["c1"]))
    assert held["meta"]["profile"] == [f"{PROFILE}AuthZconsent"]
    assert (held["type"]["code"], held["subtype"][0]["code"], held["outcome"]) == ("110113", "AuthZ-Consent", code)
    for kind in ("110150", "IRCP", "PROV", "authserver"):
        assert len(agents(held, kind)) == 1, kind
    assert entities(held, "Consent")[0]["what"] == {"reference": "Consent/c1"}
    assert len(entities(held, "1")) == 1
    assert [each for each in validate(held) if each.severity in ("error", "fatal")] == []


def test_what_was_disclosed_of_another_provider_s_record_follows_its_profile():
    about = Entry(ENTRY, "e1", "2026-11-21T09:00:00Z", "https://hub.example.org", ["c1"])
    held = disclosure(about, 2, "SE2321990026-P2", "Region Två", ["Observation", "Patient"])
    assert (held["id"], held["meta"]["profile"]) == ("e1-disclosure-2", [f"{PROFILE}PrivacyDisclosure.Source"])
    assert (held["type"]["code"], held["subtype"][0]["code"], held["action"]) == ("110106", "disclose", "R")
    [source], [recipient] = agents(held, SOURCE, DCM), agents(held, DESTINATION, DCM)
    assert source["who"] == held["source"]["observer"]  # the profile's invariant
    assert "network" in source
    assert "network" in recipient
    [custodian], [authorizer] = agents(held, "159541003"), agents(held, "429577009")
    assert custodian["who"]["identifier"]["value"] == "SE2321990026-P2"
    assert authorizer["who"] == {"reference": "Patient/p1"}
    assert len(entities(held, "1")) == 1
    assert [each["what"]["type"] for each in entities(held, "2")] == ["Observation", "Patient"]
    assert [each for each in validate(held) if each.severity in ("error", "fatal")] == []
    without = disclosure(Entry(ENTRY, "e1", "2026-11-21T09:00:00Z", "https://hub.example.org"), 1, "SE2", "", ["Observation"])
    assert agents(without, "429577009") == []  # no consent of the patient's authorized it


def test_staff_with_protected_identity_is_unnamed_where_the_reader_may_not_learn_it():
    written = json.dumps(audit_event(Entry(ENTRY, "e1", "2026-11-21T09:00:00Z", "https://hub.example.org", named=False)))
    assert "SE2321990018-E1" not in written
    assert "Doctor" not in written
    assert "SE2321990018-U1" in written


def test_a_query_is_told_by_the_names_of_its_parameters():
    [query] = entities(event(action="search"), "2")
    assert b64decode(query["query"]) == b"Observation?code&patient"


def test_an_event_tells_no_counts_and_no_contents():
    written = json.dumps(event(action="search"))
    assert "41" not in written
    assert "ab" * 32 not in written
