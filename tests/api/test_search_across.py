"""Searches that look at other resources than their hits: chains, `_has`, includes, several types. Each is seen on its own."""

import json

import pytest

ENCOUNTER_CLASS = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


@pytest.fixture(scope="module")
def world(shared):
    """What a source's client has written, by short names."""
    held = {}

    def put(name, resource):
        answer = shared.do("PUT", f"/fhir/{resource['resourceType']}/{name}", "alfa-client", resource=resource | {"id": name})
        assert answer.status_code == 201, answer.text
        held[name] = resource["resourceType"]

    def observation(name, code, **more):
        fixed = {"resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/w-anna"}}
        put(name, fixed | {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}} | more)

    put("w-org", {"resourceType": "Organization", "name": "Vårdcentralen Ängen"})
    put("w-ward", {"resourceType": "Organization", "name": "Avdelning 1", "partOf": {"reference": "Organization/w-org"}})
    put("w-anna", {"resourceType": "Patient", "name": [{"family": "Åkesson", "given": ["Anna"]}], "gender": "female"})
    put("w-bo", {"resourceType": "Patient", "name": [{"family": "Akesson", "given": ["Bo"]}], "gender": "male"})
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": ENCOUNTER_CLASS,
        "subject": {"reference": "Patient/w-anna"},
    }
    put("w-stay", visit | {"serviceProvider": {"reference": "Organization/w-ward"}})
    put("w-visit", visit | {"status": "planned", "partOf": {"reference": "Encounter/w-stay"}})
    observation("w-pulse", "8867-4", encounter={"reference": "Encounter/w-visit"})
    observation("w-panel", "85354-9", encounter={"reference": "Encounter/w-stay"})
    observation("w-systolic", "8480-6", derivedFrom=[{"reference": "Observation/w-pulse"}])
    observation("w-summary", "55417-0", hasMember=[{"reference": "Observation/w-systolic"}])
    observation("w-of-bo", "8867-4", subject={"reference": "Patient/w-bo"})
    report = {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Prov"}}
    put("w-report", report | {"subject": {"reference": "Patient/w-anna"}, "result": [{"reference": "Observation/w-panel"}]})
    return shared, held


def ids(world, path, mode="match", who="alfa-client"):
    house, held = world
    answer = house.get(f"/fhir/{path}", who)
    assert answer.status_code == 200, answer.text
    found = [each for each in answer.json().get("entry", []) if each["search"]["mode"] == mode]
    assert all(each["fullUrl"].endswith(f"{each['resource']['resourceType']}/{each['resource']['id']}") for each in found)
    return {each["resource"]["id"] for each in found if each["resource"]["id"] in held}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Observation?subject:Patient.name=åkesson", "w-pulse w-panel w-systolic w-summary"),
        ("Observation?subject:Patient.name=akesson", "w-of-bo"),
        ("Observation?patient.gender=male", "w-of-bo"),
        ("Observation?subject.name=anna&code=8867-4", "w-pulse"),
        ("Observation?patient.name:exact=Anna&encounter.status=planned", "w-pulse"),
        ("Observation?encounter.part-of:Encounter.status=finished", "w-pulse"),
        ("Observation?encounter.part-of.service-provider.partof.name=vårdcentralen", "w-pulse"),
        ("Observation?encounter.service-provider.name:contains=delning", "w-panel"),
        ("Observation?encounter.status:not=planned", "w-panel"),
        ("Observation?encounter:Encounter.subject:Patient.gender=female", "w-pulse w-panel"),
        ("Observation?has-member:Observation.derived-from:Observation.code=8867-4", "w-summary"),
        ("Observation?encounter.status=cancelled", ""),
        ("Patient?_has:Observation:patient:code=55417-0", "w-anna"),
        ("Patient?_has:Observation:patient:code=8867-4", "w-anna w-bo"),
        ("Patient?_has:Observation:patient:encounter.status=planned", "w-anna"),
        ("Patient?_has:Encounter:patient:_has:Observation:encounter:code=8867-4", "w-anna"),
        ("Encounter?_has:Observation:encounter:_has:DiagnosticReport:result:status=final", "w-stay"),
        ("Observation?_has:Observation:derived-from:code=8480-6", "w-pulse"),
        ("Observation?patient._has:DiagnosticReport:patient:status=final&code=85354-9", "w-panel"),
        ("Observation?encounter:missing=true&subject=Patient/w-anna", "w-systolic w-summary"),
        ("Encounter?service-provider:below=Organization/w-org", "w-stay"),
        ("Encounter?service-provider:above=w-ward", "w-stay"),
        ("Organization?partof:below=w-org", "w-ward"),
        ("Organization?partof:above=Organization/w-ward", "w-ward"),
        ("Observation?encounter:below=Encounter/w-stay", "w-pulse w-panel"),
        ("Observation?encounter:above=Encounter/w-visit", "w-pulse w-panel"),
        ("Observation?encounter:below=Encounter/w-visit", "w-pulse"),
        ("Observation?encounter.service-provider:below=w-org", "w-panel"),
        ("Observation?_filter=encounter.status eq planned or code eq loinc|55417-0", "w-pulse w-summary"),
        ("Observation?_filter=subject.name sw åkes and not (encounter pr true)", "w-systolic w-summary"),
        ("Observation?_filter=encounter[status eq finished].service-provider.name co avdelning", "w-panel"),
        ("Observation?_content=8867&subject=w-bo", "w-of-bo"),
        ("?_type=Patient,Organization&_id=w-anna,w-org,w-pulse", "w-anna w-org"),
        ("?_type=Observation,Encounter&patient=w-anna&status=planned", "w-visit"),
        ("?_id=w-anna,w-visit", "w-anna w-visit"),
        ("?_id=w-anna,w-visit,w-org&_sort=-_lastUpdated&_lastUpdated=gt2000", "w-anna w-visit w-org"),
        ("Patient/w-bo/*", "w-bo w-of-bo"),
        ("Patient/w-anna/Encounter", "w-stay w-visit"),
        ("Patient/w-anna/Observation?code=8867-4", "w-pulse"),
    ],
)  # fmt: skip
def test_a_search_finds_through_other_resources(world, path, expected):
    assert ids(world, path) == set(expected.split())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Observation?_id=w-pulse&_include=Observation:encounter", "w-visit"),
        ("Observation?_id=w-pulse&_include=Observation:encounter&_include:iterate=Encounter:part-of", "w-visit w-stay"),
        ("Observation?_id=w-pulse&_include=Observation:*", "w-visit w-anna"),
        ("Observation?_id=w-pulse&_include=*", "w-visit w-anna"),
        ("Observation?_id=w-pulse&_include=Observation:subject:Location", ""),
        ("Observation?_id=w-pulse&_include=Observation:subject:Patient", "w-anna"),
        (
            "Observation?_id=w-summary&_include:iterate=Observation:has-member&_include:iterate=Observation:derived-from",
            "w-systolic w-pulse",
        ),
        ("Observation?_id=w-pulse&_include:iterate=*", "w-visit w-anna w-stay w-ward w-org"),
        ("Patient?_id=w-bo&_revinclude=Observation:subject", "w-of-bo"),
        ("Patient?_id=w-bo&_revinclude=Observation:patient", "w-of-bo"),
        ("Patient?_id=w-bo&_revinclude=Observation:subject:Location", ""),
        ("Patient?_id=w-bo&_revinclude=*", "w-of-bo"),
        (
            "Encounter?_id=w-stay&_revinclude=Encounter:part-of&_revinclude:iterate=Observation:encounter",
            "w-visit w-pulse w-panel",
        ),
        ("Encounter?_id=w-visit&_include=Encounter:part-of&_revinclude:iterate=Encounter:part-of", "w-stay"),
        ("?_type=Observation,Encounter&_id=w-pulse,w-visit&_include=Observation:encounter&_include=Encounter:part-of", "w-stay"),
        ("Observation?_id=nobody&_include=Observation:subject", ""),
    ],
)  # fmt: skip
def test_what_lies_beside_the_hits_is_included_once(world, path, expected):
    assert ids(world, path, "include") == set(expected.split())


def test_includes_do_not_count_and_are_not_paged(world):
    house, _ = world
    answer = house.get("/fhir/Observation?subject=w-anna&_include=Observation:subject&_count=1", "alfa-client").json()
    assert answer["total"] == 4
    assert [each["search"]["mode"] for each in answer["entry"]] == ["match", "include"]
    following = next(each["url"] for each in answer["link"] if each["relation"] == "next")
    again = house.get(following, "alfa-client").json()
    assert [each["search"]["mode"] for each in again["entry"]] == ["match", "include"]
    assert {each["relation"] for each in again["link"]} == {"self", "next", "first"}


def test_the_statements_of_an_include_do_not_follow_the_hits(world):
    house, _ = world
    counted = []
    for path in ("Observation?_id=w-pulse", "Observation?subject=w-anna", "Observation?subject=w-anna,w-bo"):
        house.get(f"/fhir/{path}&_include=Observation:subject&_include=Observation:encounter", "alfa-client")
        with house.store.database.count() as counter:
            house.get(f"/fhir/{path}&_include=Observation:subject&_include=Observation:encounter", "alfa-client")
        counted.append(len(counter.statements))
    assert len(set(counted)) == 1


def test_the_log_names_what_was_included(world):
    house, _ = world
    house.get("/fhir/Observation?_id=w-pulse&_include=Observation:*", "alfa-client")
    assert house.log()[-1]["released"] == 3


def test_a_search_is_posted_at_every_level(world):
    house, _ = world
    for path, form, expected in (
        ("/_search", {"_type": "Patient", "_id": "w-anna"}, 1),
        ("/Observation/_search", {"encounter.status": "planned"}, 1),
        ("/Patient/w-anna/Observation/_search", {"code": "8867-4"}, 1),
        ("/Patient/w-bo/*/_search", {}, 2),
    ):
        answer = house.post(f"/fhir{path}", "alfa-client", data=form)
        assert (answer.status_code, answer.json().get("total")) == (200, expected), (path, answer.text)


def test_total_is_told_unless_it_is_not_wanted(world):
    house, _ = world
    for total, told in (("accurate", True), ("estimate", True), ("none", False)):
        answer = house.get(f"/fhir/Observation?subject=w-anna&_total={total}", "alfa-client").json()
        assert ("total" in answer) is told
    counted = house.get("/fhir/Observation?subject=w-anna&_summary=count", "alfa-client").json()
    assert (counted["total"], "entry" in counted) == (4, False)


def test_another_source_finds_and_includes_nothing_of_it(world):
    for path in (
        "Observation?subject:Patient.name=åkesson",
        "Patient?_has:Observation:patient:code=8867-4",
        "?_id=w-anna,w-visit",
        "Patient/w-anna/*",
    ):
        assert ids(world, path, who="beta-client") == set()


def test_security_labels_are_a_source_s_own_to_search_by(world):
    house, _ = world
    assert ids(world, "Observation?_security=R") == set()
    for path in ("_security=R", "_filter=_security eq R", "encounter._security=R", "_has:Observation:has-member:_security=R"):
        assert house.get(f"/fhir/Observation?{path}", "doctor").status_code == 400


@pytest.mark.parametrize(
    ("asked", "given", "left_out"),
    [
        ("_summary=true", {"status", "code", "subject"}, {"note"}),
        ("_summary=text", {"status", "code"}, {"subject", "note"}),
        ("_summary=data", {"status", "note", "subject"}, {"text"}),
        ("_summary=false", {"status", "note", "subject"}, set()),
        ("_elements=note", {"status", "code", "note"}, {"subject"}),
    ],
)
def test_a_part_of_each_resource_is_given_and_marked(world, asked, given, left_out):
    house, _ = world
    noted = {"resourceType": "Observation", "id": "w-noted", "status": "final", "code": {"text": "x"}, "note": [{"text": "n"}]}
    house.do("PUT", "/fhir/Observation/w-noted", "alfa-client", resource=noted | {"subject": {"reference": "Patient/w-bo"}})
    answer = house.get(f"/fhir/Observation?_id=w-noted&_include=Observation:subject&{asked}", "alfa-client").json()
    found, beside = (each["resource"] for each in answer["entry"])
    assert given <= found.keys()
    assert not left_out & found.keys()
    assert ("tag" in found["meta"]) is (asked != "_summary=false")
    assert beside["id"] == "w-bo"
    assert ("tag" in beside["meta"]) is (asked not in ("_summary=false", "_elements=note"))


def test_a_source_s_value_sets_and_code_systems_are_its_own_to_search_by(world):
    house, _ = world
    concepts = [{"code": "8867-4", "concept": [{"code": "8480-6"}]}, {"code": "85354-9"}]
    system = {"resourceType": "CodeSystem", "url": "http://loinc.org", "status": "active", "content": "complete"}
    rates = {"system": "http://loinc.org", "filter": [{"property": "concept", "op": "is-a", "value": "8867-4"}]}
    made = {"resourceType": "ValueSet", "url": "http://example.org/rates", "status": "active", "compose": {"include": [rates]}}
    for name, resource in (("w-system", system | {"concept": concepts}), ("w-set", made)):
        path = f"/fhir/{resource['resourceType']}/{name}"
        assert house.do("PUT", path, "alfa-client", resource=resource | {"id": name}).status_code in (200, 201)
    for asked, expected in (
        ("code:in=http://example.org/rates", "w-pulse w-systolic w-of-bo"),
        ("code:in=ValueSet/w-set", "w-pulse w-systolic w-of-bo"),
        ("code:not-in=http://example.org/rates", "w-panel w-summary"),
        ("code:below=http://loinc.org|8867-4", "w-pulse w-systolic w-of-bo"),
        ("code:above=http://loinc.org|8480-6", "w-pulse w-systolic w-of-bo"),
        ("_filter=code in http://example.org/rates and subject re Patient/w-bo", "w-of-bo"),
        ("has-member:Observation.code:in=http://example.org/rates", "w-summary"),
    ):
        assert ids(world, f"Observation?{asked}") == set(expected.split()), asked
    for who in ("beta-client", "doctor"):
        answer = house.get("/fhir/Observation?code:in=http://example.org/rates", who)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "not-supported")


def test_terminology_lies_in_a_folder(tmp_path):
    from hub.terminology_files import read

    made = {"resourceType": "ValueSet", "url": "urn:set", "expansion": {"contains": [{"system": "urn:s", "code": "a"}]}}
    (tmp_path / "one.json").write_text(json.dumps({"resourceType": "Bundle", "entry": [{"resource": made}]}))
    (tmp_path / "two.txt").write_text("is passed by")
    assert read(tmp_path).value_set("urn:set") == (("urn:s", "a"),)
    assert read(tmp_path).value_set("urn:other") is None
    (tmp_path / "three.json").write_text("[")
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ValueError, match=r"hub\.terminology"):
            read(folder)


@pytest.mark.parametrize(
    ("scope", "path", "expected"),
    [
        ("system/Observation.rs", "Observation?_id=w-pulse&_include=Observation:*", "w-pulse"),
        ("system/Observation.rs system/Patient.s", "Observation?_id=w-pulse&_include=Observation:*", "w-pulse"),
        ("system/Observation.rs system/Patient.r", "Observation?_id=w-pulse&_include=Observation:*", "w-pulse w-anna"),
        ("system/Observation.rs system/Patient.r", "Observation?patient.gender=male", ""),
        ("system/Observation.rs system/Patient.s", "Observation?patient.gender=male", "w-of-bo"),
        ("system/Patient.rs", "Patient?_has:Observation:patient:code=8867-4", ""),
        ("system/Observation.rs", "?_id=w-pulse,w-anna", "w-pulse"),
        ("system/Observation.rs", "Patient/w-bo/*", "w-of-bo"),
    ],
)
def test_scopes_hold_in_chains_and_includes(world, scope, path, expected):
    house, held = world
    token = {"authorization": f"Bearer {house.token('alfa-client', scope=scope)}"}
    answer = house.get(f"/fhir/{path}", headers=token)
    assert answer.status_code == 200, answer.text
    found = {each["resource"].get("id") for each in answer.json().get("entry", [])}
    assert found & held.keys() == set(expected.split())


def test_a_type_that_is_named_must_be_covered_by_the_scope(world):
    house, _ = world
    token = {"authorization": f"Bearer {house.token('alfa-client', scope='system/Observation.rs')}"}
    for path in ("?_type=Observation,Patient", "Patient", "?_type=Patient"):
        assert house.get(f"/fhir/{path}", headers=token).status_code == 403


def test_staff_find_nobody_among_many_by_any_way(world, kit):
    house, _ = world
    patient = house.enroll()
    house.near(patient)
    own = {"provider": kit.P1, "unit": kit.U1, "source": "alfa"}
    house.hold(patient, resource=kit.observation(patient), **own)
    need = {"type": "worklist", "reason": "dagens lista"}
    assert house.post("/access/needs", "doctor", json=need).status_code == 201
    listed = house.get("/fhir/Observation?_include=Observation:subject&_count=5", "doctor").json()
    assert {each["resource"]["resourceType"] for each in listed["entry"]} == {"Observation", "OperationOutcome"}
    assert house.found("/fhir/Observation?subject:Patient.name=person", "doctor") == []
    several = house.get("/fhir?_type=Patient,RelatedPerson&_content=person", "doctor").json()
    assert several["total"] == 0
    named = house.get(f"/fhir/Observation?patient={patient.id}&_include=Observation:subject", "doctor").json()
    assert [each["search"]["mode"] for each in named["entry"]][:2] == ["match", "include"]
    assert house.found(f"/fhir/Observation?patient={patient.id}&subject:Patient.name=person", "doctor") != []


def test_the_directory_is_looked_at_from_a_patient_s_record(world, kit):
    from hub.references import directory_id

    house, _ = world
    patient, key = house.enroll(), kit.KEYS.identity
    house.near(patient)
    seen, masked = (f"Practitioner/{directory_id(key, 'Practitioner', each)}" for each in (kit.E1, "SE2321990018-E4"))
    own = {"provider": kit.P1, "unit": kit.U1, "source": "alfa"}
    made = kit.observation(patient, performer=[{"reference": seen}, {"reference": masked}])
    held = house.hold(patient, resource=made, **own)
    path = f"/fhir/Observation?patient={patient.id}"
    for asked, expected in (
        ("performer:Practitioner.family=dahl", [held]),
        ("performer:Practitioner.family=hemlig", []),
        (f"performer:Practitioner._id={masked.split('/')[1]}", [held]),
        ("performer:Practitioner._has:PractitionerRole:practitioner:active=true", [held]),
    ):
        assert house.found(f"{path}&{asked}", "doctor") == expected, asked
    found = house.get(f"{path}&_include=Observation:performer", "doctor")
    assert {each["search"]["mode"] for each in found.json()["entry"]} >= {"match", "include"}
    assert "Dahl" in found.text
    assert "Hemlig" not in found.text
    again = house.get(f"{path}&_include=Observation:performer&_revinclude:iterate=PractitionerRole:practitioner", "doctor").json()
    assert "PractitionerRole" in {each["resource"]["resourceType"] for each in again["entry"]}
    house.hold(patient, resource=made, **own)
    assert house.post("/access/needs", "doctor", json={"type": "worklist", "reason": "dagens lista"}).status_code == 201
    assert len(house.found("/fhir/Observation?performer:Practitioner.family=dahl&_count=1", "doctor")) == 2
