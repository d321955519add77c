"""Writes over HTTP: a patient's own measurements, Consents that open and close, what a source's client keeps. API.md 1 and 4."""

import asyncio

import pytest


def location(answer, kit):
    return answer.headers["location"].removeprefix(kit.BASE)


def own(house, patient):
    return house.patient_person(patient)


# A patient's own measurements


def test_a_patient_writes_reads_changes_and_deletes_an_own_measurement(shared, kit):
    house, patient = shared, shared.enroll()
    me = own(house, patient)
    made = house.post("/fhir/Observation", me, resource=kit.observation(patient))
    assert made.status_code == 201
    id, version = made.json()["id"], made.json()["meta"]["versionId"]
    assert location(made, kit) == f"/fhir/Observation/{id}/_history/{version}"
    assert made.headers["etag"] == f'W/"{version}"'
    changed = made.json() | {"status": "amended"}
    kept = house.do("PUT", f"/fhir/Observation/{id}", me, resource=changed, headers={"if-match": made.headers["etag"]})
    assert (kept.status_code, kept.json()["status"]) == (200, "amended")
    late = house.do("PUT", f"/fhir/Observation/{id}", me, resource=changed, headers={"if-match": made.headers["etag"]})
    assert late.status_code == 412
    past = house.get(f"/fhir/Observation/{id}/_history", me).json()
    assert [each["request"]["method"] for each in past["entry"]] == ["PUT", "POST"]
    assert house.get(location(made, kit), me).json()["status"] == "final"
    assert house.do("DELETE", f"/fhir/Observation/{id}", me).status_code == 204
    assert house.do("DELETE", f"/fhir/Observation/{id}", me).status_code == 204
    gone = house.get(f"/fhir/Observation/{id}", me)
    assert (gone.status_code, gone.json()["issue"][0]["code"]) == (410, "deleted")
    never = house.get("/fhir/Observation/never-issued", "doctor")
    withheld = house.get(f"/fhir/Observation/{id}", "doctor")
    assert (withheld.status_code, withheld.content) == (404, never.content)
    assert house.do("PUT", f"/fhir/Observation/{id}", me, resource=changed).status_code == 410
    assert house.found("/fhir/Observation", me) == []
    past = house.get(f"/fhir/Observation/{id}/_history", me).json()
    assert [each["request"]["method"] for each in past["entry"]] == ["DELETE", "PUT", "POST"]


def test_creates_that_come_at_once_stand_and_fall_each_by_itself_and_are_logged_each(shared, kit):
    house, patients = shared, [shared.enroll() for _ in range(6)]
    stranger, me = patients[0], own(house, patients[1])
    asks = [
        *((own(house, each), kit.observation(each)) for each in patients),
        (me, kit.observation(patients[1], status="unheard-of")),
        (me, kit.observation(stranger)),
        (me, {"resourceType": "Observation"}),
        *((own(house, each), kit.observation(each)) for each in patients),
    ]

    async def all_at_once(asked):
        return await asyncio.gather(*(house.ask("POST", "/fhir/Observation", who, resource=held) for who, held in asked))

    for asked in (asks, asks[:6]):
        before, commits = len(house.log()), house.store.database.commits
        answers = house.run(all_at_once(asked))
        wanted = [201] * 6 + [422, 422, 422] + [201] * 6
        assert [each.status_code for each in answers] == wanted[: len(asked)]
        assert len(house.log()) - before == len(asked)
        assert house.store.database.commits - commits <= (len(asked) if asked is asks else 2)
    for each in patients:
        made = [one for one in answers if each.id in one.json()["subject"]["reference"]]
        assert house.found("/fhir/Observation", own(house, each))[:1] != []
        assert [house.get(f"/fhir/Observation/{one.json()['id']}", own(house, each)).content for one in made] == [
            one.content for one in made
        ]


def test_an_answer_can_be_left_out_of_a_write(light, kit):
    patient = light.enroll()
    made = light.post(
        "/fhir/Observation", own(light, patient), resource=kit.observation(patient), headers={"prefer": "return=minimal"}
    )
    assert (made.status_code, made.content) == (201, b"")
    assert location(made, kit)


def test_own_measurements_are_seen_by_the_unit_they_are_shared_with_and_by_no_other(shared, kit):
    house, patient = shared, shared.enroll()
    me = own(house, patient)
    id = house.post("/fhir/Observation", me, resource=kit.observation(patient)).json()["id"]
    house.near(patient)
    house.near(patient, "sister")
    path = f"/fhir/Observation?patient={patient.id}"
    assert (house.found(path, "doctor"), house.found(path, "sister")) == ([], [])
    shared_with = house.post("/access/shares", me, json={"patient": patient.id, "unit": kit.U1})
    assert shared_with.status_code == 201
    assert (house.found(path, "doctor"), house.found(path, "sister")) == ([id], [])
    assert house.found(path, "elsewhere") == []
    assert house.do("DELETE", f"/access/shares/{shared_with.json()['id']}", me).status_code == 200
    assert house.found(path, "doctor") == []
    house.post("/access/shares", me, json={"patient": patient.id, "provider": kit.P1})
    assert (house.found(path, "doctor"), house.found(path, "sister")) == ([id], [id])


def test_a_patient_writes_of_nobody_else(shared, kit):
    house, patient, other = shared, shared.enroll(), shared.enroll()
    me = own(house, patient)
    assert house.post("/fhir/Observation", me, resource=kit.observation(other)).status_code == 422
    both = kit.observation(patient, performer=[{"reference": f"Patient/{other.id}"}])
    assert house.post("/fhir/Observation", me, resource=both).status_code == 422
    theirs = house.post("/fhir/Observation", own(house, other), resource=kit.observation(other)).json()
    assert house.do("PUT", f"/fhir/Observation/{theirs['id']}", me, resource=theirs).status_code == 404
    assert house.do("DELETE", f"/fhir/Observation/{theirs['id']}", me).status_code == 404
    moved = house.post("/fhir/Observation", me, resource=kit.observation(patient)).json()
    moved["subject"] = {"reference": f"Patient/{other.id}"}
    assert house.do("PUT", f"/fhir/Observation/{moved['id']}", me, resource=moved).status_code == 422


def test_a_patient_changes_nothing_that_a_care_provider_wrote(shared, kit):
    house, patient = shared, shared.enroll()
    me, id = own(house, patient), house.hold(patient)
    seen = house.get(f"/fhir/Observation/{id}", me).json()
    assert house.do("PUT", f"/fhir/Observation/{id}", me, resource=seen | {"status": "amended"}).status_code == 403
    assert house.do("DELETE", f"/fhir/Observation/{id}", me).status_code == 403
    assert house.get(f"/fhir/Observation/{id}", me).json() == seen


@pytest.mark.parametrize("who", ["doctor", "social", "quality", "reviewer", "technician", "doctor-low", "doctor-bare"])
def test_nobody_else_writes_measurements(light, kit, who):
    patient = light.enroll()
    assert light.post("/fhir/Observation", who, resource=kit.observation(patient)).status_code == 403


def test_a_patient_at_too_low_a_level_writes_nothing(light, kit):
    patient = light.enroll()
    me = light.patient_person(patient, loa=2)
    assert light.post("/fhir/Observation", me, resource=kit.observation(patient)).status_code == 403
    assert light.post("/access/shares", me, json={"patient": patient.id, "unit": kit.U1}).status_code == 403
    assert light.get("/access/log", me).status_code == 403


# Guardians


def test_a_guardian_reads_the_record_of_a_child_under_13_and_writes_nothing(shared, kit):
    house, guardian = shared, shared.enroll()
    child = house.enroll(born=kit.NOW.date().replace(year=2032), guardians=(guardian.number,))
    teen = house.enroll(born=kit.NOW.date().replace(year=2026), guardians=(guardian.number,))
    stranger = house.enroll(born=kit.NOW.date().replace(year=2032))
    me = house.patient_person(guardian, "guardian")
    ids = [house.hold(each) for each in (child, teen, stranger)]
    own_id = house.post("/fhir/Observation", own(house, child), resource=kit.observation(child)).json()["id"]
    assert house.found(f"/fhir/Observation?patient={child.id}&_sort=_id", me) == sorted([ids[0], own_id])
    assert house.found(f"/fhir/Observation?patient={teen.id}", me) == []
    assert house.found(f"/fhir/Observation?patient={stranger.id}", me) == []
    assert [house.get(f"/fhir/Observation/{id}", me).status_code for id in ids] == [200, 404, 404]
    assert house.post("/fhir/Observation", me, resource=kit.observation(child)).status_code == 403
    block = {"patient": child.id, "type": "outer", "provider": kit.P2}
    assert house.post("/access/blocks", me, json=block).status_code == 403
    assert house.post("/fhir/Consent", me, resource=kit.denial(child, kit.P2)).status_code == 403


# Consents


@pytest.mark.parametrize("giver", ["doctor", "patient"])
@pytest.mark.parametrize("ending", ["inactive", "entered-in-error", "deleted"])
def test_a_consent_opens_and_its_end_closes(shared, kit, giver, ending):
    house, patient = shared, shared.enroll()
    id = house.hold(patient)
    house.near(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    assert house.found(path, "doctor") == []
    assert "consent-required" in house.notices(house.get(path, "doctor"))
    who = own(house, patient) if giver == "patient" else giver
    given = house.consent(patient, who)
    assert given.status_code == 201, given.text
    assert house.found(path, "doctor") == [id]
    where = f"/fhir/Consent/{given.json()['id']}"
    if ending == "deleted":
        assert house.do("DELETE", where, who).status_code == 204
    else:
        assert house.do("PUT", where, who, resource=given.json() | {"status": ending}).status_code == 200
        again = house.do("PUT", where, who, resource=given.json())
        assert again.status_code == 409
    assert house.found(path, "doctor") == []
    assert house.get(f"/fhir/Observation/{id}", "doctor").status_code == 404


def test_what_has_ended_does_not_come_back_with_more_readers(shared):
    house, patient = shared, shared.enroll()
    id = house.hold(patient)
    house.near(patient)
    given = house.consent(patient).json()
    [actor] = given["provision"]["actor"]

    def of(number, status):
        return given | {"status": status, "provision": given["provision"] | {"actor": [actor] * number}}

    where = f"/fhir/Consent/{given['id']}"
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [id]
    assert house.do("PUT", where, "doctor", resource=of(1, "inactive")).status_code == 200
    assert house.do("PUT", where, "doctor", resource=of(2, "active")).status_code == 409
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == []


def test_a_patient_ends_a_consent_that_a_clinician_registered(shared):
    house, patient = shared, shared.enroll()
    id = house.hold(patient)
    house.near(patient)
    given = house.consent(patient).json()
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [id]
    ended = house.do("PUT", f"/fhir/Consent/{given['id']}", own(house, patient), resource=given | {"status": "inactive"})
    assert ended.status_code == 200, ended.text
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == []
    assert house.get(f"/fhir/Consent/{given['id']}", "doctor").json()["status"] == "inactive"


def test_a_consent_is_registered_by_the_unit_it_is_given_to(shared, kit):
    house, patient = shared, shared.enroll()
    assert house.consent(patient, "doctor", kit.U2).status_code == 403
    assert house.consent(patient, "quality").status_code == 403
    given = house.consent(patient).json()
    house.near(patient, "sister")
    assert house.get(f"/fhir/Consent/{given['id']}", "sister").status_code == 404
    assert house.do("DELETE", f"/fhir/Consent/{given['id']}", "sister").status_code == 404
    taken = house.do("PUT", f"/fhir/Consent/{given['id']}", "sister", resource=given | kit.consent(patient, kit.U2))
    assert taken.status_code == 404


def test_what_a_writer_wrote_comes_back_even_to_one_who_may_not_look(shared):
    house, patient = shared, shared.enroll()
    given = house.consent(patient)
    assert given.status_code == 201
    assert house.get(f"/fhir/Consent/{given.json()['id']}", "doctor").status_code == 404


def test_a_patients_block_is_lifted_by_its_owner_alone(shared, kit):
    house, patient = shared, shared.enroll()
    me, id = own(house, patient), house.hold(patient)
    house.near(patient)
    house.consent(patient)
    path = f"/fhir/Observation?patient={patient.id}"
    assert house.found(path, "doctor") == [id]
    block = house.post("/fhir/Consent", me, resource=kit.denial(patient, kit.P2)).json()
    assert house.found(path, "doctor") == []
    where = f"/fhir/Consent/{block['id']}"
    assert house.do("DELETE", where, me).status_code == 403
    assert house.do("PUT", where, me, resource=block | {"status": "inactive"}).status_code == 403
    moved = block | {"provision": kit.denial(patient, kit.P1)["provision"]}
    assert house.do("PUT", where, me, resource=moved).status_code == 403
    house.post("/access/shares", me, json={"patient": patient.id, "unit": kit.U1})
    assert house.get(where, "doctor").status_code == 404
    assert house.do("DELETE", where, "doctor").status_code == 404
    assert house.found(path, "doctor") == []
    assert house.do("DELETE", f"/access/blocks/{block['id']}", "blocker").status_code == 404
    assert house.do("DELETE", f"/access/blocks/{block['id']}", "blocker2").status_code == 200
    assert house.found(path, "doctor") == [id]


def test_no_consent_is_registered_for_the_dead(light, kit):
    patient = light.enroll(deceased=kit.NOW.date())
    assert light.consent(patient).status_code == 422


@pytest.mark.parametrize(
    "changed", [{"policy": []}, {"status": "nope"}, {"patient": {"display": "X"}}, {"scope": {"text": "x"}}, {"provision": {}}]
)
def test_a_consent_that_cannot_be_read_in_full_is_refused(light, kit, changed):
    patient = light.enroll()
    assert light.post("/fhir/Consent", "doctor", resource=kit.consent(patient) | changed).status_code == 422


# A source's client


def test_a_sources_client_keeps_its_own_entries(shared, kit):
    house = shared
    person = {"resourceType": "Patient", "id": "p1", "name": [{"text": "P"}]}
    made = house.do("PUT", "/fhir/Patient/p1", "alfa-client", resource=person)
    assert made.status_code == 201, made.text
    assert house.do("PUT", "/fhir/Patient/p1", "alfa-client", resource=person).status_code == 200
    observation = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "x"}}
    observation["subject"] = {"reference": "Patient/p1"}
    stale = house.do("PUT", "/fhir/Observation/o1", "alfa-client", resource=observation, headers={"if-match": 'W/"1"'})
    assert stale.status_code == 412
    assert house.do("PUT", "/fhir/Observation/o1", "alfa-client", resource=observation).status_code == 201
    assert house.found("/fhir/Observation", "alfa-client") == ["o1"]
    assert house.found("/fhir/Observation?patient=p1", "alfa-client") == ["o1"]
    assert house.found("/fhir/Patient?_id=p1", "alfa-client") == ["p1"]
    assert house.get("/fhir/Observation/o1", "alfa-client").status_code == 200
    changed = house.do("PUT", "/fhir/Observation/o1", "alfa-client", resource=observation | {"status": "amended"})
    assert (changed.status_code, changed.json()["status"]) == (200, "amended")
    assert house.get("/fhir/Observation/o1/_history", "alfa-client").json()["total"] == 2
    plain = house.post("/fhir/Observation", "alfa-client", resource={**observation, "id": "ignored"})
    assert plain.status_code == 201
    assert plain.json()["id"] != "ignored"
    assert house.do("DELETE", "/fhir/Observation/o1", "alfa-client").status_code == 204
    assert house.get("/fhir/Observation/o1", "alfa-client").status_code == 410
    assert house.get("/fhir/Observation/o1", "beta-client").status_code == 404
    assert house.do("PUT", "/fhir/Observation/o1", "alfa-client", resource=observation).status_code == 201
    assert house.get("/fhir/Observation/o1", "alfa-client").status_code == 200


def test_two_sources_with_one_id_never_see_each_other(shared):
    house = shared
    persons = {}
    for name in ("alfa-client", "beta-client"):
        person = {"resourceType": "Patient", "id": "same", "name": [{"text": name}]}
        observation = {"resourceType": "Observation", "id": "same", "status": "final", "code": {"text": name}}
        observation["subject"] = {"reference": "Patient/same"}
        persons[name] = person
        assert house.do("PUT", "/fhir/Patient/same", name, resource=person).status_code == 201
        assert house.do("PUT", "/fhir/Observation/same", name, resource=observation).status_code == 201
    for name in persons:
        assert house.get("/fhir/Patient/same", name).json()["name"] == [{"text": name}]
        assert house.get("/fhir/Observation/same", name).json()["code"]["text"] == name
        assert house.found("/fhir/Observation?_id=same", name) == ["same"]
        assert house.get("/fhir/Observation/same/_history", name).json()["total"] == 1
        renewed = {**house.get("/fhir/Observation/same", name).json(), "status": "amended"}
        assert house.do("PUT", "/fhir/Observation/same", name, resource=renewed).status_code == 200
    assert house.do("DELETE", "/fhir/Observation/same", "beta-client").status_code == 204
    assert house.get("/fhir/Observation/same", "beta-client").status_code == 410
    assert house.get("/fhir/Observation/same", "alfa-client").status_code == 200


@pytest.mark.parametrize("first", ["beta-client", "alfa-client"])
def test_staff_read_what_is_released_to_them_by_its_id_whoever_else_chose_the_same(shared, kit, first):
    house, patient = shared, shared.enroll()
    house.near(patient)
    id = f"chosen-{first}"  # beta says of nothing that it may be released: what it writes is withheld
    for name in (first, *({"alfa-client", "beta-client"} - {first})):
        made = kit.observation(patient, id=id, code={"text": name})
        assert house.do("PUT", f"/fhir/Observation/{id}", name, resource=made).status_code == 201
    assert house.found(f"/fhir/Observation?patient={patient.id}&_id={id}", "doctor") == [id]
    held = house.get(f"/fhir/Observation/{id}", "doctor")
    assert (held.status_code, held.json()["code"]["text"]) == (200, "alfa-client")
    version = held.json()["meta"]["versionId"]
    assert house.get(f"/fhir/Observation/{id}/_history/{version}", "doctor").content == held.content
    assert house.get(f"/fhir/Observation/{id}/_history", "doctor").json()["total"] == 1
    assert house.do("DELETE", f"/fhir/Observation/{id}", "alfa-client").status_code == 204
    assert house.get(f"/fhir/Observation/{id}", "doctor").status_code == 410
    hidden = kit.observation(patient, id=f"hidden-{first}")
    assert house.do("PUT", f"/fhir/Observation/hidden-{first}", "beta-client", resource=hidden).status_code == 201
    withheld = house.get(f"/fhir/Observation/hidden-{first}", "doctor")
    assert house.log()[-1]["patient"] == patient.id, "what is withheld is logged with whose it is"
    assert withheld.content == house.get("/fhir/Observation/never", "doctor").content


def test_what_a_source_deleted_comes_back_where_it_was(shared, kit):
    house, patient = shared, shared.enroll()
    for address, made in (("POST", kit.observation(patient)), ("PUT", kit.observation(patient, id="comes-back"))):
        path = "/fhir/Observation" if address == "POST" else f"/fhir/Observation/{made['id']}"
        written = house.do(address, path, "alfa-client", resource=made).json()
        path = f"/fhir/Observation/{written['id']}"
        assert house.do("DELETE", path, "alfa-client").status_code == 204
        assert house.do("PUT", path, "alfa-client", resource=written).status_code == 201
        assert house.get(path, "alfa-client").status_code == 200
        assert house.get(f"{path}/_history", "alfa-client").json()["total"] == 3


def test_what_two_sources_write_of_two_persons_lies_in_two_records(shared):
    house = shared
    for name in ("alfa-client", "beta-client"):
        person = {"resourceType": "Patient", "id": "twin", "name": [{"text": name}]}
        observation = {"resourceType": "Observation", "id": "twin", "status": "final", "code": {"text": name}}
        observation["subject"] = {"reference": "Patient/twin"}
        assert house.do("PUT", "/fhir/Patient/twin", name, resource=person).status_code == 201
        assert house.do("PUT", "/fhir/Observation/twin", name, resource=observation).status_code == 201
    from sqlalchemy import text

    wanted = text("SELECT count(DISTINCT pk) FROM resource WHERE type = 'Observation' AND fhir_id = 'twin'")
    assert house.store.reader().execute(wanted).scalar_one() == 2


def test_what_a_source_pushes_of_a_known_person_is_released_like_all_else(shared, kit):
    house, patient = shared, shared.enroll()
    person = {"resourceType": "Patient", "id": f"x{patient.pk}", "name": [{"text": "P"}]}
    person["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
    assert house.do("PUT", f"/fhir/Patient/{person['id']}", "alfa-client", resource=person).status_code == 201
    observation = kit.observation(patient, subject={"reference": f"Patient/{person['id']}"})
    id = house.post("/fhir/Observation", "alfa-client", resource=observation).json()["id"]
    house.near(patient)
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == [id]
    assert house.found(f"/fhir/Observation?patient={patient.id}", "elsewhere") == []
    assert house.get(f"/fhir/Patient/{person['id']}", "doctor").status_code == 404
    assert house.get(f"/fhir/Patient/{person['id']}", own(house, patient)).status_code == 404
    assert house.found("/fhir/Patient", own(house, patient)) == [patient.id]


def test_what_a_source_pushes_of_a_protected_person_tells_no_place(shared, kit):
    house, patient = shared, shared.enroll(protected="sekretessmarkering")
    person = {"resourceType": "Patient", "id": f"h{patient.pk}", "address": [{"city": "Gömstad"}]}
    person["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
    kept = house.do("PUT", f"/fhir/Patient/{person['id']}", "alfa-client", resource=person)
    assert (kept.status_code, "Gömstad" in kept.text) == (201, False)
    told = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Gömstad</div>'}
    visit = {"resourceType": "Encounter", "status": "finished", "text": told}
    visit |= {"class": {"code": "AMB"}, "subject": {"reference": f"Patient/{person['id']}"}}
    visit["serviceProvider"] = {"display": "Gömstad"}
    id = house.post("/fhir/Encounter", "alfa-client", resource=visit).json()["id"]
    house.near(patient)
    assert house.found(f"/fhir/Encounter?patient={patient.id}", "doctor") == [id]
    assert "Gömstad" not in house.get(f"/fhir/Encounter/{id}", "doctor").text


@pytest.mark.parametrize("who", ["doctor", "patient"])
def test_nobody_writes_a_place_into_a_protected_person_s_record(shared, kit, who):
    house, patient = shared, shared.enroll(protected="sekretessmarkering")
    place = {"identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": kit.U2}, "display": "Gömstads vårdcentral"}
    told = {"resourceType": "Communication", "status": "completed", "subject": {"reference": f"Patient/{patient.id}"}}
    house.near(patient)
    writer = own(house, patient) if who == "patient" else who
    made = house.post("/fhir/Communication", writer, resource=told | {"sender": place})
    assert (made.status_code, "Gömstad" in made.text, kit.U2 in made.text) == (201, False, False)
    where = f"/fhir/Communication/{made.json()['id']}"
    changed = house.do("PUT", where, writer, resource=made.json() | {"recipient": [place]})
    assert (changed.status_code, "Gömstad" in changed.text, kit.U2 in changed.text) == (200, False, False)
    given = house.consent(patient, writer)
    assert given.status_code == 201
    assert given.json()["provision"] == kit.consent(patient)["provision"]


def test_a_sources_consent_is_a_document_that_opens_and_closes_nothing(shared, kit):
    house, patient = shared, shared.enroll()
    me, id = own(house, patient), house.hold(patient)
    house.near(patient)
    house.consent(patient)
    block = house.post("/fhir/Consent", me, resource=kit.denial(patient, kit.P2)).json()
    person = {"resourceType": "Patient", "id": f"c{patient.pk}", "name": [{"text": "P"}]}
    person["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
    house.do("PUT", f"/fhir/Patient/{person['id']}", "alfa-client", resource=person)
    copied = kit.consent(patient) | {"id": block["id"], "patient": {"reference": f"Patient/{person['id']}"}}
    assert house.do("PUT", f"/fhir/Consent/{block['id']}", "alfa-client", resource=copied).status_code == 201
    assert house.do("DELETE", f"/fhir/Consent/{block['id']}", "alfa-client").status_code == 204
    assert house.found(f"/fhir/Observation?patient={patient.id}", "doctor") == []
    assert id


def test_staff_that_a_source_tells_of_are_not_in_the_directory(shared):
    house = shared
    told = {"resourceType": "Practitioner", "id": "hidden-1", "name": [{"family": "Gömd"}]}
    assert house.do("PUT", "/fhir/Practitioner/hidden-1", "alfa-client", resource=told).status_code == 201
    assert house.get("/fhir/Practitioner/hidden-1", "doctor").status_code == 404
    assert "hidden-1" not in house.found("/fhir/Practitioner", "doctor")
    assert house.get("/fhir/Practitioner/hidden-1", "alfa-client").status_code == 200


def test_a_write_and_its_log_entry_are_durable_together(shared, kit):
    house, patient = shared, shared.enroll()
    before = len(house.log())
    house.post("/fhir/Observation", own(house, patient), resource=kit.observation(patient))
    [entry] = house.log()[before:]
    assert (entry["action"], entry["type"], entry["patient"], entry["outcome"]) == ("create", "Observation", patient.id, "permit")


def test_of_many_who_change_one_version_one_wins(shared, kit):
    house, patient = shared, shared.enroll()
    me = own(house, patient)
    made = house.post("/fhir/Observation", me, resource=kit.observation(patient))
    where, tag = f"/fhir/Observation/{made.json()['id']}", {"if-match": made.headers["etag"]}

    async def change(number):
        changed = made.json() | {"note": [{"text": str(number)}]}
        return (await house.ask("PUT", where, me, resource=changed, headers=tag)).status_code

    async def all_at_once():
        return await asyncio.gather(*[change(number) for number in range(6)])

    assert sorted(house.run(all_at_once())) == [200] + [412] * 5
    assert house.get(f"{where}/_history", me).json()["total"] == 2
