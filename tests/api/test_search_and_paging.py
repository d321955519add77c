"""Searching over HTTP: ways to ask, pages that belong together, what sources did, and finding a patient. API.md 3, 5."""

import asyncio
import re
from base64 import urlsafe_b64decode

import pytest

from hub.fhir.identifiers import Identifier
from hub.fhir.types import TYPES
from hub.sources import Fault, SourceFailed


@pytest.fixture
def seen(shared, kit):
    """A patient with seven entries that a clinician of unit 1 may see."""
    patient = shared.enroll()
    shared.near(patient)
    shared.consent(patient)
    ids = [
        shared.hold(patient, resource=kit.observation(patient, effectiveDateTime=f"2040-10-{day:02}T08:00:00Z"))
        for day in range(1, 8)
    ]
    return patient, ids[::-1]


def following(answer):
    return next((each["url"] for each in answer.json()["link"] if each["relation"] == "next"), "")


# Ways to ask


def test_a_search_is_asked_in_four_ways(shared, seen):
    patient, ids = seen
    system, value = patient.number.system, patient.number.value
    assert shared.found(f"/fhir/Observation?patient={patient.id}", "doctor") == ids
    assert shared.found(f"/fhir/Patient/{patient.id}/Observation", "doctor") == ids
    assert shared.found(f"/fhir/Observation?subject=Patient/{patient.id}", "doctor") == ids
    assert shared.found(f"/fhir/Observation?patient.identifier={system}|{value}", "doctor") == ids
    posted = shared.post("/fhir/Observation/_search?_count=3", "doctor", data={"patient": patient.id})
    assert [each["resource"]["id"] for each in posted.json()["entry"] if each["search"]["mode"] == "match"] == ids[:3]
    assert shared.get(f"/fhir/Patient/{patient.id}/Nonsense", "doctor").status_code == 404


def test_one_patients_compartment_is_not_anothers(shared, seen, kit):
    patient, _ids = seen
    other = shared.enroll()
    answer = shared.get(f"/fhir/Patient/{other.id}/Observation?patient={patient.id}", "doctor")
    assert answer.status_code == 400
    assert shared.get(f"/fhir/Patient/{other.id}/*?_type=Observation&patient={patient.id}", "doctor").status_code == 400
    assert shared.get(f"/fhir/Patient/{other.id},{patient.id}/Observation", "doctor").json()["total"] == 0


def test_a_compartment_is_what_the_definition_says(light):
    """http://hl7.org/fhir/R4/compartmentdefinition-patient.html: by performer and by actor too."""
    who = light.post("/fhir/Patient", "alfa-client", resource={"resourceType": "Patient"}).json()["id"]
    seen = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    by = light.post("/fhir/Observation", "alfa-client", resource=seen | {"performer": [{"reference": f"Patient/{who}"}]})
    of = light.post("/fhir/Observation", "alfa-client", resource=seen | {"subject": {"reference": f"Patient/{who}"}})
    actor = [{"reference": f"Patient/{who}"}]
    times = light.post("/fhir/Schedule", "alfa-client", resource={"resourceType": "Schedule", "actor": actor})
    both = {by.json()["id"], of.json()["id"]}
    answer = light.get(f"/fhir/Patient/{who}/Observation?code:text=x", "alfa-client").json()
    assert {each["resource"]["id"] for each in answer["entry"]} == both
    assert answer["link"][0]["url"].endswith(f"/fhir/Patient/{who}/Observation?code:text=x")
    assert light.found(f"/fhir/Patient/{who}/Schedule", "alfa-client") == [times.json()["id"]]
    assert light.get(f"/fhir/Patient/{who}/Organization", "alfa-client").status_code == 400
    every = [each for each, held in TYPES.items() if held.patient]
    assert {light.get(f"/fhir/Patient/{who}/{each}", "alfa-client").status_code for each in every} == {200}


@pytest.mark.parametrize(
    "where", ["http://elsewhere.example.org/fhir/Patient/x", "urn:uuid:x", "http://elsewhere.example.org/Patient/{id}"]
)
def test_who_names_a_patient_of_another_server_finds_nothing_and_not_the_own_record(light, where):
    patient = light.enroll()
    me, id = light.patient_person(patient), light.hold(patient)
    assert light.found("/fhir/Observation", me) == [id]
    answer = light.get("/fhir/Observation", me, params={"patient": where.format(id=patient.id)})
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


def test_a_type_that_names_its_patient_by_no_parameter_is_searched_in_a_compartment_without_a_fault(light):
    who = light.post("/fhir/Patient", "alfa-client", resource={"resourceType": "Patient"}).json()["id"]
    for path in ("*?_type=Binary", "$everything?_type=Binary", "*?_type=Binary,Patient"):
        assert light.get(f"/fhir/Patient/{who}/{path}", "alfa-client").status_code == 200, path


def test_what_was_written_since_can_be_asked_for(shared, seen):
    patient, ids = seen
    path = f"/fhir/Observation?patient={patient.id}&_lastUpdated="
    assert shared.found(f"{path}ge2040-11-21", "doctor") == ids
    assert shared.found(f"{path}lt2040-11-21", "doctor") == []


def test_what_is_unknown_is_ignored_where_that_is_asked_for_and_said(shared, seen):
    patient, _ids = seen
    path = f"/fhir/Observation?patient={patient.id}&nonsense=1"
    assert shared.get(path, "doctor").status_code == 400
    answer = shared.get(path, "doctor", headers={"prefer": "handling=lenient"})
    assert answer.json()["total"] == 7
    issues = next(each["resource"]["issue"] for each in answer.json()["entry"] if each["search"]["mode"] == "outcome")
    assert [each["diagnostics"] for each in issues if each["code"] == "not-supported"] == [
        "the parameter was ignored, as asked: nonsense"
    ]
    assert all("nonsense" not in each["url"] for each in answer.json()["link"])


# Pages


@pytest.mark.parametrize("sort", ["", "&_sort=date", "&_sort=-_lastUpdated,_id", "&_sort=code"])
@pytest.mark.parametrize("count", [1, 2, 3, 7, 100])
def test_the_pages_together_are_the_whole(shared, seen, sort, count):
    patient, ids = seen
    path = f"/fhir/Observation?patient={patient.id}{sort}"
    whole = shared.found(path, "doctor")
    assert sorted(whole) == sorted(ids)
    assert shared.found(f"{path}&_count={count}", "doctor") == whole


def test_a_page_belongs_to_the_first_even_if_something_came_between(shared, seen, kit):
    patient, ids = seen
    first = shared.get(f"/fhir/Observation?patient={patient.id}&_count=4", "doctor")
    late = shared.hold(patient, resource=kit.observation(patient, effectiveDateTime="2040-10-05T12:00:00Z"))
    second = shared.get(following(first), "doctor")
    hits = [each["resource"]["id"] for each in second.json()["entry"] if each["search"]["mode"] == "match"]
    assert (hits, second.json()["total"]) == (ids[4:], 7)
    assert late in shared.found(f"/fhir/Observation?patient={patient.id}", "doctor")


def test_a_page_is_its_callers_under_one_commission_of_one_query(shared, seen, kit):
    patient, _ids = seen
    for who in ("sister", "nurse"):
        shared.near(patient, who)
    link = following(shared.get(f"/fhir/Observation?patient={patient.id}&_count=2", "doctor"))
    assert shared.get(link, "doctor").status_code == 200
    others = [
        "doctor-vg",
        "doctor-ve",
        "nurse",
        "sister",
        "social",
        shared.patient_person(patient),
        "quality",
        "alfa-client",
        "reviewer",
    ]
    for who in others:
        assert shared.get(link, who).status_code == 410, who
    for changed in (link.replace("_count=2", "_count=3"), link + "&code=x", link.replace("/Observation", "/CarePlan")):
        assert shared.get(changed, "doctor").status_code == 410
    other = shared.enroll()
    shared.near(other)
    assert shared.get(link.replace(patient.id, other.id), "doctor").status_code == 410


def test_a_page_is_gone_after_a_quarter_of_an_hour(house, kit):
    patient = house.enroll()
    house.near(patient)
    for _ in range(3):
        house.hold(patient, provider=kit.P1, unit=kit.U1)
    link = following(house.get(f"/fhir/Observation?patient={patient.id}&_count=1", "doctor"))
    house.clock.move(minutes=15)
    assert house.get(link, "doctor").status_code == 200
    house.clock.move(seconds=1)
    assert house.get(link, "doctor").status_code == 410


def test_links_hold_no_number_and_their_cursors_say_nothing(shared, seen):
    patient, ids = seen
    by_number = f"/fhir/Observation?patient.identifier={patient.number.system}|{patient.number.value}&_count=2"
    answer = shared.get(by_number, "doctor")
    links = [each["url"] for each in answer.json()["link"]]
    assert patient.number.value not in answer.text
    assert f"patient={patient.id}" in links[0]
    assert shared.get(following(answer), "doctor").status_code == 200
    cursors = [re.search("_cursor=([^&]+)", following(shared.get(by_number, "doctor")))[1] for _ in "ab"]
    assert len({len(each) for each in cursors}) == 1
    held = urlsafe_b64decode(cursors[0] + "===")
    assert patient.id.encode() not in held
    assert ids[1].encode() not in held


# What sources did


@pytest.fixture
def asked(house, kit):
    """A patient of whom nothing is fresh: one entry of each source, both of which the clinician may see."""
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    mine = house.hold(patient, source="alfa", provider=kit.P1, unit=kit.U1)
    theirs = house.hold(patient)
    house.clock.move(minutes=11)
    house.near(patient)
    with house.store.database.writing() as connection:  # as if the register had not been asked for that
        connection.exec_driver_sql("UPDATE freshness SET asked = 0, succeeded = 0 WHERE source = 'register'")
    house.told["register"].asked.clear()
    return house, patient, sorted([mine, theirs])


def statuses(house, answer):
    issues = [
        issue for each in answer.json()["entry"] if each["search"]["mode"] == "outcome" for issue in each["resource"]["issue"]
    ]
    said = [issue for issue in issues if "processingstatus" in issue["details"]["coding"][0]["system"]]
    return {
        issue["details"]["text"].split(",")[0]: (issue["details"]["coding"][0]["code"], issue.get("diagnostics"))
        for issue in said
    }


def test_stale_sources_are_asked_once_and_fresh_ones_not(asked):
    house, patient, _ids = asked
    path = f"/fhir/Observation?patient={patient.id}&_sort=_id"
    first = house.get(path, "doctor")
    assert statuses(house, first) == {"Region Ett": ("DataFromSource", None), "Vårdbolaget Två": ("DataFromSource", None)}
    assert [house.told[name].asked for name in ("alfa", "beta")] == [[("rivta_laboratory", patient.number)]] * 2
    house.clock.move(minutes=5)
    for _ in range(2):  # said anew, and as it was said
        assert {code for code, _ in statuses(house, house.get(path, "doctor")).values()} == {"DataFromCache"}
    assert len(house.told["alfa"].asked) == 1
    house.clock.move(minutes=700)
    house.told["beta"].answer = SourceFailed(Fault.REFUSED)
    later = {name: code for name, (code, _) in statuses(house, house.get(path, "doctor")).items()}
    assert later == {"Region Ett": "DataFromSource", "Vårdbolaget Två": "DataFromCacheSynchFailed"}


def test_a_source_that_fails_is_said_and_costs_the_others_nothing(asked):
    house, patient, ids = asked
    house.told["beta"].answer = SourceFailed(Fault.REFUSED)
    answer = house.get(f"/fhir/Observation?patient={patient.id}&_sort=_id", "doctor")
    assert statuses(house, answer) == {
        "Region Ett": ("DataFromSource", None),
        "Vårdbolaget Två": ("DataFromCacheSynchFailed", "connection-refused"),
    }
    assert [each["resource"]["id"] for each in answer.json()["entry"] if each["search"]["mode"] == "match"] == ids


def test_a_source_that_never_answered_is_said_even_if_nothing_was_found(house, kit):
    patient = house.enroll()
    house.near(patient)
    house.consent(patient)
    with house.store.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM freshness WHERE source <> 'register'")
    house.told["beta"].answer = SourceFailed(Fault.TIMEOUT)
    answer = house.get(f"/fhir/Observation?patient={patient.id}", "doctor")
    assert answer.json()["total"] == 0
    assert statuses(house, answer)["Vårdbolaget Två"] == ("NoDataSynchFailed", "timed-out")


def test_a_source_that_hangs_is_waited_for_until_the_deadline(asked):
    house, patient, ids = asked

    async def ask():
        house.told["beta"].answer = asyncio.Event()
        began = asyncio.get_running_loop().time()
        answer = await house.ask("GET", f"/fhir/Observation?patient={patient.id}&_sort=_id", "doctor")
        took = asyncio.get_running_loop().time() - began
        house.told["beta"].answer.set()
        return answer, took

    answer, took = house.run(ask())
    assert 2.4 <= took < 20
    assert statuses(house, answer)["Vårdbolaget Två"] == ("DataFromCacheSynchFailed", "timed-out")
    assert statuses(house, answer)["Region Ett"][0] == "DataFromSource"
    assert [each["resource"]["id"] for each in answer.json()["entry"] if each["search"]["mode"] == "match"] == ids


@pytest.mark.parametrize(
    "who", ["reviewer", "technician", "social", "doctor-ve", "quality", "alfa-client", "doctor-low", "doctor-bare"]
)
def test_a_source_is_not_asked_for_who_may_see_nothing_of_it(asked, who):
    house, patient, _ids = asked
    house.get(f"/fhir/Observation?patient={patient.id}", who)
    house.get(f"/fhir/Observation?patient.identifier={patient.number.system}|{patient.number.value}", who)
    assert house.told["beta"].asked == []
    if who not in ("social", "doctor-ve", "quality"):
        assert house.told["register"].asked == []


def test_a_patient_asks_no_source_about_anybody_else(asked):
    house, patient, _ids = asked
    other = house.enroll()
    me = house.patient_person(other)
    path = f"/fhir/Observation?patient.identifier={patient.number.system}|{patient.number.value}"
    assert house.found(path, me) == []
    assert {number for told in house.told.values() for _, number in told.asked} <= {other.number}


# Finding a patient


def test_care_staff_find_a_patient_by_an_exact_number(shared, kit):
    patient = shared.enroll()
    body = {"identifier": f"{patient.number.system}|{patient.number.value}"}
    for who in ("doctor", "social", "nurse", "doctor-ve"):
        answer = shared.post("/fhir/Patient/_search", who, data=body)
        assert [each["resource"]["id"] for each in answer.json()["entry"]][:1] == [patient.id], who
        assert patient.number.value not in str(answer.json()["link"])
        assert shared.get(f"/fhir/Patient/{patient.id}", who).status_code == 200
    entry = shared.log()[-1]
    assert (entry["rules"], entry["patient"]) == (["DEMOGRAPHICS"], patient.id)


@pytest.mark.parametrize("who", ["reviewer", "technician", "quality", "alfa-client", "blocker"])
def test_others_find_nobody(shared, who):
    patient = shared.enroll()
    body = {"identifier": f"{patient.number.system}|{patient.number.value}"}
    answer = shared.post("/fhir/Patient/_search", who, data=body)
    assert answer.status_code == 200
    assert answer.json()["total"] == 0
    assert shared.get(f"/fhir/Patient/{patient.id}", who).status_code == 404


@pytest.mark.parametrize(
    "query", ["name=Person", "family=Person", "birthdate=1990-01-01", "gender=male", "", "identifier=196101182803", "_id=a,b"]
)
def test_there_is_no_search_for_patients_by_anything_else(light, query):
    assert light.get(f"/fhir/Patient?{query}", "doctor").status_code == 400


def test_a_protected_person_is_masked_for_everyone(shared):
    shown = {"address": [{"city": "Hemlunda"}], "telecom": [{"system": "phone", "value": "070-1"}]}
    patient = shared.enroll(shown=shown, protected="sekretessmarkering")
    answer = shared.post(
        "/fhir/Patient/_search", "doctor", data={"identifier": f"{patient.number.system}|{patient.number.value}"}
    )
    assert answer.json()["total"] == 1
    for text in (answer.text, shared.get(f"/fhir/Patient/{patient.id}", "doctor").text):
        assert "Hemlunda" not in text
        assert "070-1" not in text


def test_a_number_that_nobody_has_gives_an_empty_answer(shared):
    number = Identifier("http://electronichealth.se/identifier/personnummer", "191212121212")
    answer = shared.post("/fhir/Patient/_search", "doctor", data={"identifier": str(number)})
    assert (answer.status_code, answer.json()["total"]) == (200, 0)
    assert shared.told["register"].asked[-1][1] == number
    answer = shared.get(f"/fhir/Observation?patient.identifier={number}", "doctor")
    assert (answer.status_code, answer.json()["total"]) == (200, 0)


def test_look_ups_by_number_are_few_a_minute(tmp_path, sqlite_template, kit):
    path = tmp_path / "hub.db"
    path.write_bytes(sqlite_template.read_bytes())
    house = kit.House(f"sqlite:///{path}", tmp_path, identifier_rate_per_minute=3, rate_per_minute=12)
    try:
        patient = house.enroll()
        body = {"identifier": f"{patient.number.system}|{patient.number.value}"}
        answers = [house.post("/fhir/Patient/_search", "doctor", data=body) for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert answers[-1].headers["retry-after"]
        assert answers[-1].json()["issue"][0]["code"] == "throttled"
        assert house.get(f"/fhir/Observation?patient={patient.id}", "doctor").status_code == 200
        assert house.post("/fhir/Patient/_search", "nurse", data=body).status_code == 200
        assert 429 in {house.get("/fhir/Observation/x", "doctor").status_code for _ in range(12)}
    finally:
        house.close()


# The directory


def test_anyone_signed_in_sees_the_directory_with_protected_staff_masked(light):
    patient = light.enroll()
    for who in ("doctor", "social", light.patient_person(patient), "reviewer"):
        assert len(light.found("/fhir/Practitioner", who)) == 4
        text = light.get("/fhir/Practitioner", who).text
        assert "Dahl" in text
        assert "Hemlig" not in text
    assert light.found("/fhir/Practitioner", "alfa-client") == []
    assert light.found("/fhir/Organization", "technician") == []


def test_a_register_that_does_not_answer_is_told_of_whether_or_not_the_number_is_known(shared):
    known, register = shared.enroll(), shared.told["register"]
    before, register.answer = register.answer, SourceFailed(Fault.REFUSED)
    shared.clock.move(hours=1)
    try:
        for number, code, hits in ((known.number, "DataFromCacheSynchFailed", 1), (shared._number(), "NoDataSynchFailed", 0)):
            answer = shared.post("/fhir/Patient/_search", "doctor", data={"identifier": str(number)})
            assert (answer.json()["total"], shared.notices(answer)) == (hits, [code])
    finally:
        register.answer = before


def test_links_tell_a_client_of_its_own_identifiers_and_nobody_of_personal_numbers(light, kit):
    mine = [{"system": "urn:x:own", "value": "k-17"}]
    for _ in range(2):
        light.post("/fhir/Patient", "alfa-client", resource={"resourceType": "Patient", "identifier": mine})
    found = light.get("/fhir/Patient?identifier=urn:x:own|k-17&_count=1", "alfa-client").json()
    links = {each["relation"]: each["url"] for each in found["link"]}
    assert links["self"].endswith("/fhir/Patient?identifier=urn:x:own%7Ck-17&_count=1")
    assert "next" in links
    patient = light.enroll()
    for who in ("alfa-client", "doctor"):
        number = f"{patient.number.system}|{patient.number.value}"
        answer = light.get("/fhir/Patient", who, params={"identifier": number})
        assert patient.number.value not in answer.text.partition('"entry"')[0], who
