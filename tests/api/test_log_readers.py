"""Who reads the log: a reviewer looks, judges and exports; a patient has the whole own list, proven; both as FHIR too."""

import ast
import csv
import importlib.util
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

import hub
from hub.checkpointing import Checkpoints
from hub.fhir.validation import validate
from hub.interactions import log_events
from hub.interactions.log import WHO_READS
from hub.interactions.log_filters import ACTIONS
from hub.store.audit_log import Leaf

_spec = importlib.util.spec_from_file_location("verify_audit", Path(__file__).parents[2] / "tools" / "verify_audit.py")
alone = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(alone)


def listed(house, who="reviewer", **asked):
    answer = house.get("/access/log", who, params={"count": 1000, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()["entries"]


@pytest.fixture
def seen(house):
    """A patient whose record was searched by a clinician, after a relation and a consent; one more who was refused."""
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    house.hold(patient)
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    house.get("/fhir/Observation?patient=x", "doctor-low")
    return patient


# The reviewer


def test_a_reviewer_filters_by_whom_what_and_what_became_of_it(house, kit, seen):
    everything = listed(house)
    assert {each["who"]["provider"] for each in everything} == {kit.P1}
    assert {each["action"] for each in listed(house, action="search")} == {"search"}
    assert {each["outcome"] for each in listed(house, outcome="refuse")} == {"refuse"}
    assert {each["patient"] for each in listed(house, patient=seen.id)} == {seen.id}
    assert {each["who"]["unit"] for each in listed(house, unit=kit.U1)} == {kit.U1}
    assert {each["who"]["subject"] for each in listed(house, person=kit.E1)} == {kit.E1}
    assert [each["action"] for each in listed(house, rule="R47")] == ["search"]
    assert [each["rules"] for each in listed(house, basis="SVOD 3:1", action="search")] == [["R47"]]
    assert listed(house, rule="R01", action="search")[0]["outcome"] == "refuse"
    assert house.get("/access/log?action=read&action=search", "reviewer").status_code == 400
    for nothing in (
        {"patient": "nobody"},
        {"person": "SE2321990018-E3"},
        {"action": "delete"},
        {"until": "2040-11-21"},
        {"since": "2041-01-01"},
    ):
        assert listed(house, **nothing) == []
    assert len(listed(house, since="2040-11-21", until="2040-11-22")) > len(everything)  # each reading is an entry itself


def test_pages_hold_every_entry_once(house, kit, seen):
    whole, found, after = listed(house, until="2040-11-22"), [], ""
    while True:
        page = house.get("/access/log", "reviewer", params={"count": 2, "after": after, "until": "2040-11-22"}).json()
        found += page["entries"]
        after = page.get("next", "")
        if not after or len(found) >= len(whole):
            break
    assert [(each["shard"], each["seq"]) for each in found[: len(whole)]] == [(each["shard"], each["seq"]) for each in whole]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"action": "sök"}, "search, read, vread"),
        ({"outcome": "denied"}, "permit, nothing, refuse, error"),
        ({"rule": "r47"}, "R47"),
        ({"basis": "SVOD"}, "SVOD 3:1 | "),
        ({"unit": "X"}, "SE2321990018-U1, SE2321990018-U2"),
        ({"unit": ""}, "SE2321990018-U1, SE2321990018-U2"),
        ({"unit": "SE2321990018-U3"}, "SE2321990018-U1, SE2321990018-U2"),  # another care provider's
        ({"person": ""}, "neither the directory nor your care provider's log has"),
        ({"person": "SE2321990018-E999"}, "neither the directory nor your care provider's log has"),
        ({"emergency": "false"}, "true"),
        ({"unreviewed": "1"}, "true"),
        ({"until": "2040-11-21", "since": "2040-11-21"}, "does not lie after since"),
    ],
    ids=str,
)
def test_a_filter_by_what_nothing_can_be_is_refused_with_what_there_is_to_choose_from(light, asked, told):
    """An empty answer would say that nothing had happened."""
    for path in ("/access/log", "/access/log/export?form=csv"):
        refused = light.get(path, "reviewer", params={"form": "csv", **asked} if "export" in path else asked)
        [issue] = refused.json()["issue"]
        assert (refused.status_code, issue["code"], issue["location"]) == (400, "invalid", [f"http.{next(iter(asked))}"])
        assert told in issue["diagnostics"]
        assert "SE2321990018-U3" not in issue["diagnostics"]


@pytest.mark.parametrize(
    "path",
    [*(f"log?{name}=" for name in ("action", "rule", "unit", "person")), "could-see?patient=x&unit=SE2321990018-U1&employee="],
)
def test_what_no_database_can_hold_is_refused(shared, path):
    assert shared.get(f"/access/{path}%00", "reviewer").status_code == 400


def test_a_protected_unit_can_be_filtered_by_and_is_not_named_to_choose_from(house, kit, monkeypatch):
    units = house.hub.directory.units
    monkeypatch.setitem(units, kit.U2, replace(units[kit.U2], protected=True))
    assert listed(house, unit=kit.U2) == []
    told = house.get("/access/log", "reviewer", params={"unit": "X"}).text
    assert kit.U1 in told
    assert kit.U2 not in told


def test_an_employee_with_protected_identity_who_works_elsewhere_is_as_one_whom_nobody_knows(house, kit, monkeypatch):
    staff = house.hub.directory.staff
    monkeypatch.setitem(staff, "SE2321990018-E3", replace(staff["SE2321990018-E3"], protected=True))
    patient = house.enroll()
    for person, status in (("SE2321990018-E4", 200), ("SE2321990018-E3", 400), ("SE2321990018-E999", 400)):
        asked = {"patient": patient.id, "unit": kit.U1, "employee": person}
        assert house.get("/access/log", "reviewer", params={"person": person}).status_code == status
        assert house.get("/fhir/AuditEvent", "reviewer", params={"agent": person}).status_code == status
        assert house.get("/access/could-see", "reviewer", params=asked).status_code == status
    house.get("/fhir/Observation?patient=x", "nurse")  # whom the directory does not have
    assert house.get("/fhir/AuditEvent", "reviewer", params={"agent": "se2321990018-e5"}).json()["entry"]


def test_what_a_source_has_brought_is_found_by_its_name(house, kit):
    house.store.audit.append(Leaf(1, {"action": "take-in", "outcome": "permit", "who": {"subject": "alfa", "provider": kit.P1}}))
    assert [each["action"] for each in listed(house, person="alfa")] == ["take-in"]


def test_a_unit_that_is_gone_is_still_found_where_the_log_has_it(house, kit, seen, monkeypatch):
    house.get(f"/fhir/Observation?patient={seen.id}", "sister")
    monkeypatch.delitem(house.hub.directory.units, kit.U2)
    assert {each["who"]["unit"] for each in listed(house, unit=kit.U2.lower())} == {kit.U2}
    assert house.get("/access/log", "reviewer2", params={"unit": kit.U2}).status_code == 400


def test_what_staff_do_is_known_by_name_to_whoever_filters_the_log():
    """Every name of an action that stands in the code, but those of who has no care provider."""
    elsewhere = {"fetch", "refusals"}  # by nobody
    elsewhere |= {"backup", "check-source", "expire-log", "forget-service", "read-message", "reindex", "restore"}  # by operators
    elsewhere |= {"retry-message", "rotate-key"}
    place = {"administered": 1, "refused": 1, "refuse": 0, "refusing": 1, "logged": 1, "_logged": 1, "operated": 1, "noted": 2}
    named = set()
    for path in Path(hub.__file__).parent.rglob("*.py"):
        for each in ast.walk(ast.parse(path.read_text("utf-8"))) if not {"mappers", "authserver"} & set(path.parts) else ():
            if isinstance(each, ast.Call):
                at = place.get(getattr(each.func, "attr", getattr(each.func, "id", "")), len(each.args))
                named |= {part.value for part in each.args[at : at + 1] if isinstance(part, ast.Constant)}
    assert len(named) > 30
    assert named - elsewhere <= set(ACTIONS)


@pytest.mark.parametrize(
    "wrong", [{"after": "x"}, {"after": "1.2"}, {"since": "yesterday"}, {"share": "2"}, {"share": "x"}, {"count": "0"}], ids=str
)
def test_what_cannot_be_read_is_refused_and_logged(house, wrong):
    assert house.get("/access/log", "reviewer", params=wrong).status_code == 400
    assert (house.log()[-1]["action"], house.log()[-1]["outcome"]) == ("read-log", "refuse")


def test_a_share_is_drawn_by_the_entries_hashes_and_is_the_same_whoever_draws(house, seen):
    for _ in range(30):
        house.get(f"/fhir/Observation?patient={seen.id}", "doctor")
    drawn = [[each["seq"] for each in listed(house, share="0.3", action="search")] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert 0 < len(drawn[0]) < 31
    assert set(drawn[0]) <= {each["seq"] for each in listed(house, share="0.6", action="search")}


def test_cues_are_facts_with_their_rule_in_words(house, kit, seen):
    [search] = listed(house, action="search", outcome="permit")
    cues = {each["cue"]: each for each in search["cues"]}
    assert cues["no-contact"]["sv"].startswith("Patienten har ingen bokning")
    assert "many-patients" not in cues
    for more, told in ((0, False), (2, True)):
        for _ in range(more):
            house.get("/fhir/Observation?patient=x", "doctor-low")
        refused = listed(house, outcome="refuse", action="search")
        assert any(each["cue"] == "refused-repeatedly" for each in refused[-1]["cues"]) is told


HOME = {"address": [{"line": ["Storgatan 1"], "postalCode": "12345", "city": "Norrby"}]}


@pytest.fixture
def employed(house, kit, monkeypatch):
    """Makes a patient somebody of the staff, by HSA-id."""

    def work(patient, hsa_id):
        staff = house.hub.directory.staff
        monkeypatch.setitem(staff, hsa_id, replace(staff[hsa_id], person=patient.number))

    return work


def cued(house, patient):
    [entry] = listed(house, patient=patient.id, action="search")
    return {each["cue"] for each in entry["cues"]}


@pytest.mark.parametrize(
    ("ended_at", "given_after", "told"),
    [("doctor", "", True), ("elsewhere", "", False), ("doctor", "elsewhere", True), ("elsewhere", "doctor", False)],
)
def test_a_withdrawal_is_told_of_where_the_consent_was_for_the_readers_care_provider(house, kit, ended_at, given_after, told):
    patient, units = house.enroll(), {"doctor": kit.U1, "elsewhere": kit.U3}
    house.near(patient)
    house.near(patient, "elsewhere")
    house.hold(patient, provider=kit.P1, unit=kit.U1)
    given = house.consent(patient, ended_at, units[ended_at]).json()
    house.clock.move(minutes=1)
    ended = house.do("PUT", f"/fhir/Consent/{given['id']}", ended_at, resource=given | {"status": "inactive"})
    assert ended.status_code == 200
    house.clock.move(minutes=1)
    if given_after:
        assert house.consent(patient, given_after, units[given_after]).status_code == 201
        house.clock.move(minutes=1)
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert ("after-withdrawal" in cued(house, patient)) is told


def looked_at(house, **register):
    patient = house.enroll(**register)
    house.near(patient)
    house.hold(patient, provider="SE2321990018-P1", unit="SE2321990018-U1")
    assert house.get(f"/fhir/Observation?patient={patient.id}", "doctor").json()["total"] == 1
    return patient


def test_who_reads_the_own_record_or_a_colleague_s_is_told_of(house, kit, employed):
    own, colleague, other = looked_at(house), looked_at(house), looked_at(house)
    for each, hsa_id in ((own, kit.E1), (colleague, "SE2321990018-E4"), (other, "SE2321990018-E3")):
        employed(each, hsa_id)
    assert "own-record" in cued(house, own)
    assert "colleague" not in cued(house, own)
    assert "colleague" in cued(house, colleague)
    assert {"own-record", "colleague"} & cued(house, other) == set()  # works elsewhere


@pytest.mark.parametrize(
    ("patient", "told"),
    [
        ({"shown": HOME}, True),
        ({"shown": {"address": [HOME["address"][0] | {"line": ["STORGATAN  1"]}]}}, True),
        ({"shown": {"address": [HOME["address"][0] | {"postalCode": "54321"}]}}, False),
        ({"shown": HOME, "protected": "sekretessmarkering"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_who_lives_at_the_patient_s_address_is_told_of_unless_it_is_protected(house, kit, employed, patient, told):
    employed(house.enroll(shown=HOME), kit.E1)
    assert ("same-address" in cued(house, looked_at(house, **patient))) is told


def test_a_patient_of_public_interest_is_one_that_the_reviewer_said_is(house, kit):
    patient = looked_at(house)
    said = {"patient": patient.id, "watched": True, "note": "tv-känd"}
    for who, status in (("doctor", 403), ("reviewer2", 201)):
        assert house.post("/access/log/watched", who, json=said).status_code == status
    assert "public-interest" not in cued(house, patient)  # what another provider's reviewer says is theirs
    assert house.post("/access/log/watched", "reviewer", json=said).status_code == 201
    assert (house.log()[-1]["action"], house.log()[-1]["about"]) == ("watch", f"Patient/{patient.id}")
    assert "tv-känd" not in json.dumps(house.log())
    assert "public-interest" in cued(house, patient)
    house.post("/access/log/watched", "reviewer", json=said | {"watched": False})
    assert "public-interest" not in cued(house, patient)
    for wrong in ({"watched": "yes"}, {"note": 1}, {"notes": "lost"}, {"patient": "nobody"}):
        assert house.post("/access/log/watched", "reviewer", json=said | wrong).status_code == 400


HSA = "urn:oid:1.2.752.129.2.1.4.1"
AWAY = {"notAvailable": [{"description": "hemlig orsak", "during": {"start": "2040-11-20", "end": "2040-11-22"}}]}


def by_hsa_id(value):
    return {"identifier": {"system": HSA, "value": value}}


def role(house, kit, who="alfa-client", **more):
    """Its id, of a role of the doctor's that a source's client has written."""
    held = {"resourceType": "PractitionerRole", "practitioner": by_hsa_id(kit.E1)} | more
    return house.post("/fhir/PractitionerRole", who, resource=held).json()["id"]


def test_who_reads_while_away_is_told_of_and_never_why(house, kit):
    patient = looked_at(house)
    for role_told, told in (
        (None, False),  # nothing is known
        (AWAY | {"practitioner": by_hsa_id("SE2321990018-E2")}, False),  # somebody else
        (AWAY | {"organization": by_hsa_id("se2321990018-u2")}, False),  # at another unit
        (AWAY | {"organization": by_hsa_id(kit.U1)}, True),
        ({"organization": by_hsa_id(kit.U2)}, True),
        ({}, False),  # works in another role, perhaps there
    ):
        if role_told is not None:
            role(house, kit, **role_told)
        assert ("leave" in cued(house, patient)) is told
    assert "hemlig" not in json.dumps([house.log(), listed(house), house.lines.getvalue()])


def test_what_another_providers_system_tells_of_ones_staff_is_nothing(house, kit):
    role(house, kit, "beta-client", **AWAY)
    assert "leave" not in cued(house, looked_at(house))


def test_a_role_may_point_at_resources_of_its_source_and_counts_as_it_stood_then(house, kit):
    def made(kind, hsa_id):
        held = {"resourceType": kind, "identifier": [by_hsa_id(hsa_id)["identifier"]]}
        return {"reference": f"{kind}/{house.post(f'/fhir/{kind}', 'alfa-client', resource=held).json()['id']}"}

    pointing = {"practitioner": made("Practitioner", kit.E1.lower()), "organization": made("Organization", kit.U1)}
    id = role(house, kit, **pointing, active=False)
    house.clock.move(minutes=5)
    patient = looked_at(house)
    assert "leave" in cued(house, patient)
    house.clock.move(minutes=5)
    held = {"resourceType": "PractitionerRole", "id": id} | pointing
    house.do("PUT", f"/fhir/PractitionerRole/{id}", "alfa-client", resource=held | {"active": True})
    house.clock.move(minutes=5)
    assert "leave" in cued(house, patient)  # it was not in use when the record was read
    other = looked_at(house)
    assert "leave" not in cued(house, other)
    house.clock.move(minutes=5)
    house.do("PUT", f"/fhir/PractitionerRole/{id}", "alfa-client", resource=held | {"active": False})
    assert "leave" not in cued(house, other)
    house.do("PUT", f"/fhir/PractitionerRole/{id}", "alfa-client", resource=held | AWAY)
    assert "leave" in cued(house, other)  # leave is often told of afterwards


def test_an_emergency_has_its_task_beside_it(house, kit, seen):
    body = {"patient": seen.id, "type": "emergency", "step": 1, "reason": "medvetslös"}
    house.post("/access/assertions", "doctor", json=body)
    [task] = house.get("/access/follow-ups", "reviewer").json()["follow-ups"]
    [opening] = listed(house, emergency="true")
    assert opening["follow-up"] == {"id": task["id"], "status": "requested"}
    house.post(f"/access/follow-ups/{task['id']}/conclude", "reviewer", json={"conclusion": "befogad"})
    [opening] = listed(house, emergency="true")
    assert opening["follow-up"] == {"id": task["id"], "status": "completed"}


def test_a_verdict_is_an_entry_and_changes_none(house, kit, seen):
    [search] = listed(house, action="search", outcome="permit")
    said = {"shard": search["shard"], "seq": search["seq"], "verdict": "investigated", "note": "Vikarie på enheten."}
    before = house.log()[search["seq"]]
    assert house.do("POST", "/access/log/verdicts", "reviewer", json=said).status_code == 201
    [again] = listed(house, action="search", outcome="permit")
    [verdict] = again["verdicts"]
    assert (verdict["verdict"], verdict["note"]) == ("investigated", "Vikarie på enheten.")
    assert house.log()[search["seq"]] == before
    assert search["seq"] not in [each["seq"] for each in listed(house, unreviewed="true")]
    assert "Vikarie" not in json.dumps(house.log())


@pytest.mark.parametrize(
    ("who", "change", "status"),
    [
        ("doctor", {}, 403),
        ("reviewer2", {}, 400),
        ("reviewer", {"verdict": "guilty"}, 400),
        ("reviewer", {"seq": 10_000}, 400),
        ("reviewer", {"seq": "1"}, 400),
        ("reviewer", {"note": 1}, 400),
        ("reviewer", {"notes": "lost"}, 400),
    ],
    ids=str,
)
def test_only_the_own_providers_reviewer_gives_a_verdict_on_an_entry_that_is_there(house, seen, who, change, status):
    [search] = listed(house, action="search", outcome="permit")
    said = {"shard": search["shard"], "seq": search["seq"], "verdict": "justified"} | change
    assert house.do("POST", "/access/log/verdicts", who, json=said).status_code == status


def test_openings_in_an_emergency_are_found_until_they_have_a_verdict(house, kit, seen):
    body = {"patient": seen.id, "type": "emergency", "step": 1, "reason": "medvetslös"}
    assert house.do("POST", "/access/assertions", "doctor", json=body).status_code == 201
    [opening] = listed(house, emergency="true", unreviewed="true")
    assert "emergency" in [each["cue"] for each in opening["cues"]]
    said = {"shard": opening["shard"], "seq": opening["seq"], "verdict": "justified"}
    house.do("POST", "/access/log/verdicts", "reviewer", json=said)
    assert listed(house, emergency="true", unreviewed="true") == []
    assert len(listed(house, emergency="true")) == 1


@pytest.mark.parametrize("form", ["csv", "ndjson", "fhir"])
def test_an_export_holds_the_filter_the_checkpoint_and_what_was_asked_for_and_is_logged(house, kit, seen, form):
    answer = house.get("/access/log/export", "reviewer", params={"form": form, "action": "search"})
    assert answer.status_code == 200, answer.text
    ending = {"csv": "csv", "ndjson": "ndjson", "fhir": "json"}[form]
    assert answer.headers["content-disposition"] == f'attachment; filename="access-log.{ending}"'
    assert house.log()[-1]["action"] == "export-log"
    checkpoint = Checkpoints(house.folder / "audit-checkpoints.txt", house.folder).notes()[-1]
    if form == "csv":
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[0] == ["filter", "action=search"]
        assert rows[1][1:] == checkpoint.strip().splitlines()
        assert {row[rows[2].index("action")] for row in rows[3:]} == {"search"}
        named = {(int(row[rows[2].index("shard")]), int(row[rows[2].index("seq")])) for row in rows[3:]}
        assert named == {(each["shard"], each["seq"]) for each in listed(house, action="search")}
    elif form == "ndjson":
        told = alone.verify(answer.text, (house.folder / "audit-keys.json").read_text(), None)
        assert told[0].startswith("2 entries hold")
    else:
        about, *events = [each["resource"] for each in answer.json()["entry"]]
        assert {each["name"]: each["valueString"] for each in about["parameter"]} == {
            "filter-action": "search",
            "checkpoint": checkpoint,
        }
        assert [each["resourceType"] for each in events] == ["AuditEvent"] * 2


def test_nothing_that_a_caller_writes_stands_in_an_entry(house, seen):
    for asked in (
        "access/explain?resource=CANARY",
        "access/explain?resource=Observation/CANARY",
        "access/could-see?unit=CANARY&patient=CANARY",
        "access/log?action=CANARY&person=CANARY&rule=CANARY&patient=CANARY",
        "access/log/proof?shard=0&seq=0&resource=CANARY",
        "fhir/CANARY?CANARY=CANARY",
        f"fhir/Observation?patient={seen.id}&code=CANARY&CANARY=CANARY&_sort=CANARY&_include=CANARY:CANARY",
        f"fhir/Observation?patient={seen.id}&subject:CANARY.name=CANARY",
        "fhir/AuditEvent?agent=CANARY&patient=CANARY&action=CANARY",
    ):
        for who in ("doctor", "reviewer", house.patient_person(seen)):
            house.get(f"/{asked}", who, headers={"Prefer": "handling=lenient", "X-Request-Id": "CANARY"})
    assert not [entry for entry in house.log() if "CANARY" in json.dumps(entry)]


# The patient


def test_a_patient_gets_the_whole_own_list_with_proof_that_none_is_left_out(house, kit, seen):
    house.near(seen, "hidden")
    me = house.patient_person(seen)
    answer = house.get("/access/log/export", me, params={"form": "ndjson"})
    assert answer.status_code == 200, answer.text
    keys = (house.folder / "audit-keys.json").read_text()
    assert "No entry is left out" in " ".join(alone.verify(answer.text, keys))
    lines = answer.text.splitlines()
    entries = [json.loads(line) for line in lines[1:-1]]
    assert json.loads(entries[-1]["entry"])["action"] == "export-log"
    assert {json.loads(each["entry"])["key"] for each in entries if "entry" in each} == {seen.pk}
    assert sum("leaf" in each for each in entries) > 0  # who is protected is not named, and the chain holds all the same
    assert "SE2321990018-E4" not in answer.text
    for left_out in range(1, len(lines) - 2):
        harmed = "\n".join([*lines[:left_out], *lines[left_out + 1 : -1], json.dumps({"entries": len(entries) - 1})])
        with pytest.raises(alone.Broken):
            alone.verify(harmed, keys)


@pytest.mark.parametrize(
    ("who", "query"), [("doctor", {"form": "csv"}), ("reviewer", {"form": "pdf"}), ("patient", {"form": "csv"})]
)
def test_nobody_else_and_in_no_other_form(house, seen, who, query):
    caller = house.patient_person(seen) if who == "patient" else who
    assert house.get("/access/log/export", caller, params=query).status_code in (400, 403)


# As FHIR


def test_the_log_is_searched_and_read_as_audit_events(house, kit, seen):
    found = house.get("/fhir/AuditEvent", "reviewer", params={"patient": f"Patient/{seen.id}", "date": "2040-11-21"}).json()
    events = [each["resource"] for each in found["entry"]]
    assert {each["resourceType"] for each in events} == {"AuditEvent"}
    for each in events:
        assert [str(issue) for issue in validate(each) if issue.severity in ("error", "fatal")] == []
    search = next(each for each in events if each["action"] == "E" and each.get("subtype", [{}])[0].get("code") == "search-type")
    assert search["meta"]["profile"][0].endswith("PatientQuery")
    assert house.get(f"/fhir/AuditEvent/{search['id']}", "reviewer").json() == search
    assert house.get(f"/fhir/AuditEvent/{search['id']}", "reviewer2").status_code == 404
    [decision] = [each for each in events if each["id"] == f"{search['id']}-decision"]
    assert decision["subtype"][0]["code"] == "AuthZ-Consent"
    assert [each["what"]["reference"].split("/")[0] for each in decision["entity"] if each["type"]["code"] == "Consent"] == [
        "Consent"
    ]
    assert house.get(f"/fhir/AuditEvent/{decision['id']}", "reviewer").json() == decision
    [disclosed] = [each for each in events if each["id"] == f"{search['id']}-disclosure-1"]
    custodians = [each["who"] for each in disclosed["agent"] if each["type"]["coding"][0]["code"] == "159541003"]
    assert [each["identifier"]["value"] for each in custodians] == [kit.P2]
    assert house.get(f"/fhir/AuditEvent/{disclosed['id']}", "reviewer").json() == disclosed
    assert house.get(f"/fhir/AuditEvent/{search['id']}-disclosure-2", "reviewer").status_code == 404
    assert house.get("/fhir/AuditEvent/log-0-99999", "reviewer").status_code == 404
    assert house.log()[-1]["action"] == "read-log"


def test_a_patient_is_told_of_disclosures_of_what_the_patient_is_shown_alone(house, kit):
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    note = {"resourceType": "Condition", "subject": {"reference": f"Patient/{patient.id}"}, "code": {"text": "x"}}
    house.hold(patient)
    for hidden in ({"secret": True}, {"released": False}, {"released": None}, {"incapacity": True}):
        house.hold(patient, resource=note, **hidden)
    assert len(house.found(f"/fhir/Condition?patient={patient.id}", "doctor")) == 4
    assert len(house.found(f"/fhir/Observation?patient={patient.id}", "doctor")) == 1

    def disclosed(who):
        found = house.get("/fhir/AuditEvent", who, params={"patient": f"Patient/{patient.id}"}).json()["entry"]
        events = [each["resource"] for each in found if "-disclosure-" in each["resource"]["id"]]
        return [entity["what"]["type"] for each in events for entity in each["entity"] if "type" in entity.get("what", {})]

    assert disclosed("reviewer") == ["Condition", "Observation"]
    assert disclosed(house.patient_person(patient)) == ["Observation"]


def test_a_patient_has_the_own_events_and_nobody_else_s(house, kit, seen):
    me = house.patient_person(seen)
    other = house.patient_person(house.enroll())
    mine = house.get("/fhir/AuditEvent", me).json()["entry"]
    assert {each["resource"]["entity"][0]["what"].get("reference") for each in mine if "entity" in each["resource"]} <= {
        f"Patient/{seen.id}",
        None,
    }
    assert house.get(f"/fhir/AuditEvent/{mine[0]['resource']['id']}", other).status_code == 404


def test_events_are_those_of_the_patient_who_is_asked_for(house, seen):
    other = house.enroll()
    me = house.patient_person(seen)

    def numbers(who, asked):
        return [each["resource"]["id"] for each in house.get(f"/fhir/{asked}", who).json().get("entry", [])]

    assert numbers("reviewer", f"Patient/{seen.id}/AuditEvent") == numbers("reviewer", f"AuditEvent?patient={seen.id}") != []
    assert numbers("reviewer", f"Patient/{other.id}/AuditEvent") == []
    assert numbers(me, f"Patient/{seen.id}/AuditEvent?_count=3") == numbers(me, f"AuditEvent?patient={seen.id}&_count=3") != []
    assert numbers(me, f"Patient/{other.id}/AuditEvent") == numbers(me, f"AuditEvent?patient={other.id}") == []


def test_events_are_of_any_of_the_actions_and_outcomes_that_are_asked_for(house, seen):
    def asked(**query):
        found = house.get("/fhir/AuditEvent", "reviewer", params=query | {"date": "lt2040-11-22", "_count": 1000}).json()
        return {each["resource"]["id"] for each in found.get("entry", [])}

    refused, created = asked(outcome="4"), asked(action="C")  # each reading is an event itself: later answers hold more
    assert refused | asked(outcome="0") <= asked(outcome="0,4")
    assert created | asked(action="E") <= asked(action="C,E")
    assert refused
    assert created
    assert asked(action="http://hl7.org/fhir/audit-event-action|C") == created
    assert asked(outcome="12") == set()
    assert asked() <= asked(action="C,R,U,D,E") <= asked(outcome="0,4,8,12") <= asked()
    assert asked(action="E") - asked(action="C,R,U,D")


def test_events_are_found_by_the_action_that_they_tell(house, seen):
    task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": f"Patient/{seen.id}"}}
    made = house.post("/fhir/Task", "doctor", resource=task).json()
    path, changed = f"/fhir/Task/{made['id']}", [{"op": "add", "path": "/description", "value": "x"}]
    patch = {"content": json.dumps(changed), "headers": {"content-type": "application/json-patch+json"}}
    assert house.do("PATCH", path, "doctor", **patch).status_code == 200
    assert house.do("DELETE", path, "doctor").status_code == 204
    house.get("/access/log", "reviewer")
    for code in ("C", "R", "U", "D", "E"):
        query = {"action": code, "date": "lt2040-11-22", "_count": 1000}
        found = house.get("/fhir/AuditEvent", "reviewer", params=query).json().get("entry", [])
        events = [each["resource"] for each in found]
        assert {each["action"] for each in events} == {code}
        if code == "U":
            assert [each["subtype"][0]["code"] for each in events] == ["patch"]
        if code == "R":  # nobody has read by id, but the search that `seen` made disclosed something
            assert ["-disclosure-" in each["id"] for each in events] == [True]


def test_a_decision_that_denied_is_found_as_such(house, kit):
    patient = house.enroll()
    house.get(f"/fhir/Observation?patient={patient.id}", "doctor")

    def asked(**query):
        found = house.get("/fhir/AuditEvent", "reviewer", params=query | {"patient": patient.id}).json().get("entry", [])
        return {each["resource"]["id"]: each["resource"]["outcome"] for each in found}

    [(told, _)] = asked(outcome="0").items()
    assert asked(outcome="4") == {f"{told}-decision": "4"}
    assert asked(outcome="0,4") == {told: "0", f"{told}-decision": "4"}


def test_a_page_of_events_holds_one_wherever_there_is_one(house, kit, monkeypatch):
    patient = house.enroll()
    for _ in range(6):
        house.get("/access/log", "reviewer")
    house.get("/fhir/Observation?patient=x", "doctor-low")
    query = {"outcome": "4", "_count": 2}
    page = house.get("/fhir/AuditEvent", "reviewer", params=query).json()
    assert [each["resource"]["outcome"] for each in page["entry"]] == ["4"]
    assert house.log()[-1]["released"] == 1  # of what was looked at nothing else was told
    monkeypatch.setattr(log_events, "ROUNDS", 1)
    house.get(f"/fhir/Observation?patient={patient.id}&_count=1", "doctor")
    page = house.get("/fhir/AuditEvent", "reviewer", params={"action": "R", "_count": 1}).json()
    assert ("entry" in page, [each["relation"] for each in page["link"]]) == (False, ["self", "next"])
    monkeypatch.setattr(log_events, "ROUNDS", 50)
    monkeypatch.setattr(log_events, "MOST_LOOKED_AT", 1)
    assert house.get("/fhir/AuditEvent", "reviewer", params={"action": "R", "_count": 1}).json() == page


def test_an_export_that_would_not_hold_all_is_refused(house, seen, monkeypatch):
    from hub.interactions import log_export

    count = len(listed(house, until="2040-11-22"))
    for most, status in ((count + 20, 200), (count - 1, 400)):
        monkeypatch.setattr(log_export, "MOST", most)
        query = {"form": "csv", "patient": seen.id}
        assert house.get("/access/log/export", "reviewer", params=query).status_code == 200
        assert house.get("/access/log/export", "reviewer", params={"form": "csv"}).status_code == status


def test_pages_of_events_are_linked(house, seen):
    page, found = house.get("/fhir/AuditEvent", "reviewer", params={"_count": 2, "date": "lt2040-11-22"}).json(), []
    for _ in range(50):
        found += [each["resource"]["id"] for each in page.get("entry", [])]
        link = next((each["url"] for each in page["link"] if each["relation"] == "next"), None)
        if link is None:
            break
        page = house.get(link.removeprefix("http://hub.example.org"), "reviewer").json()
        if len(found) > 12:
            break
    assert len(found) == len(set(found)) > 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonsense": "1"},
        {"date": "x"},
        {"_count": "1.2"},
        {"_count": "0"},
        {"_page": "1.2"},
        {"action": ["R", "C"]},
        {"action": "read"},
        {"outcome": "0,1"},
        {"agent": "a,b"},
        {"_id": "log-0-1", "outcome": "0"},
    ],
    ids=str,
)
def test_a_search_for_events_that_cannot_be_read_is_refused(shared, wrong):
    for who in ("reviewer", shared.patient_person(shared.enroll())):
        assert shared.get("/fhir/AuditEvent", who, params=wrong).status_code == 400


def test_where_no_events_lie_a_reader_of_the_log_is_sent_to_them_and_not_told_that_there_are_none(light):
    """An empty answer would say that nothing had happened."""
    who = light.enroll()
    me = light.patient_person(who)
    beside = (
        f"Patient?_id={who.id}&_has:AuditEvent:patient:action=R",
        f"Patient?_id={who.id}&_has:Observation:patient:_has:AuditEvent:entity:action=R",
        f"Patient?_id={who.id}&_revinclude=AuditEvent:patient",
        f"Patient?_id={who.id}&_revinclude:iterate=AuditEvent:patient",
        f"Provenance?patient={who.id}&target:AuditEvent.action=R",
        f"Provenance?patient={who.id}&_include=Provenance:target:AuditEvent",
        f"?_type=Patient,AuditEvent&patient={who.id}",
        f"Patient/{who.id}/$everything?_type=AuditEvent",
        "AuditEvent/_history",
        "AuditEvent/log-0-0/_history",
        "AuditEvent/log-0-0/_history/1",
    )
    for path in beside:
        for reader in (me, "reviewer"):
            refused = light.get(f"/fhir/{path}", reader)
            assert (refused.status_code, refused.json()["issue"][0]["code"]) == (400, "not-supported"), path


def test_the_self_link_of_events_says_what_was_asked(light):
    me = light.patient_person(light.enroll())
    for asked in ("", "?_count=2"):
        [link] = [each for each in light.get(f"/fhir/AuditEvent{asked}", me).json()["link"] if each["relation"] == "self"]
        assert link["url"].endswith(f"/fhir/AuditEvent{asked}")


@pytest.mark.parametrize("who", ["doctor", "social", "officer", "quality", "technician", "guardian", "agent"])
def test_whoever_does_not_read_the_log_is_told_who_does_wherever_it_is_asked_for(light, who):
    """One answer for every patient, event and grounds: an empty one would say that nothing had happened."""
    patient = light.enroll()
    caller = light.patient_person(patient, who) if who in ("guardian", "agent") else who
    asked = (
        "/access/log",
        "/access/log/export?form=csv",
        "/access/log/proof?shard=0&seq=0",
        "/fhir/AuditEvent",
        f"/fhir/AuditEvent?patient={patient.id}",
        "/fhir/AuditEvent?nonsense=1",
        f"/fhir/Patient/{patient.id}/AuditEvent",
        "/fhir/AuditEvent/log-0-0",
        "/fhir/AuditEvent/nothing",
        "/fhir/AuditEvent/_history",
        "/fhir/AuditEvent/log-0-0/_history",
        "/fhir/AuditEvent/log-0-0/_history/1",
        f"/fhir/?_type=AuditEvent&patient={patient.id}",
        f"/fhir/Patient?_id={patient.id}&_has:AuditEvent:patient:action=R",
        f"/fhir/Provenance?patient={patient.id}&target:AuditEvent.action=R",
        f"/fhir/Provenance?patient={patient.id}&_include=Provenance:target:AuditEvent",
        f"/fhir/Patient/{patient.id}/$everything?_type=AuditEvent",
    )
    told = {path: light.get(path, caller) for path in asked}
    assert {path: answer.status_code for path, answer in told.items()} == dict.fromkeys(asked, 403)
    [issue] = {json.dumps(answer.json()["issue"]) for answer in told.values()}
    assert json.loads(issue) == [{"severity": "error", "code": "forbidden", "diagnostics": WHO_READS}]


def test_a_refused_search_for_events_is_one_entry_of_the_log(light):
    before = len(light.log())
    assert light.get("/fhir/AuditEvent?nonsense=1", "doctor").status_code == 403
    assert [(each["action"], each["outcome"]) for each in light.log()[before:]] == [("read-log", "refuse")]


@pytest.mark.parametrize(("path", "scope"), [("AuditEvent", "r"), ("AuditEvent/log-0-0", "s")])
def test_events_are_read_where_a_scope_of_the_token_covers_them(light, path, scope):
    me = light.patient_person(light.enroll())
    for scopes, status in ((f"patient/AuditEvent.{scope} patient/Observation.rs", 403), ("patient/AuditEvent.rs", (200, 404))):
        answer = light.get(f"/fhir/{path}", replace(me, name=f"{me.name}{scope}", scopes=scopes))
        assert answer.status_code in (status if isinstance(status, tuple) else (status,))
