"""Interactions that hang on a condition: a search, a version, a time; and what the caller prefers to hear.

Source: http://hl7.org/fhir/R4/http.html#create, #ccreate, #cond-update, #patch, #cread, #ops
"""

import asyncio
import base64
import json
import threading
from dataclasses import replace

import pytest

CLIENT = "alfa-client"


def practitioner(value, **more):
    return {"resourceType": "Practitioner", "identifier": [{"system": "urn:oid:1.2.3", "value": value}]} | more


def where(value):
    return {"if-none-exist": f"identifier=urn:oid:1.2.3|{value}"}


def created(house, value, **more):
    answer = house.post("/fhir/Practitioner", CLIENT, resource=practitioner(value, **more))
    assert answer.status_code == 201, answer.text
    return answer.json()


def code(answer):
    return answer.json()["issue"][0]["code"]


def test_a_conditional_create_creates_where_nothing_meets_it_and_else_gives_what_does(shared, kit):
    first = shared.post("/fhir/Practitioner", CLIENT, resource=practitioner("c1"), headers=where("c1"))
    again = shared.post("/fhir/Practitioner", CLIENT, resource=practitioner("c1", active=True), headers=where("c1"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    created(shared, "c1")
    several = shared.post("/fhir/Practitioner", CLIENT, resource=practitioner("c1"), headers=where("c1"))
    assert (several.status_code, code(several)) == (412, "multiple-matches")
    other = shared.post("/fhir/Practitioner", "beta-client", resource=practitioner("c1"), headers=where("c1"))
    assert other.status_code == 201, "another source's entries are not there for this one"


@pytest.mark.parametrize("sought", ["", "_count=1", "nonsense=1", "identifier=x&_sort=_id", "identifier=x&_include=*", "%ff=1"])
def test_a_condition_that_says_nothing_or_too_much_is_refused(light, sought):
    answer = light.post("/fhir/Practitioner", CLIENT, resource=practitioner("c2"), headers={"if-none-exist": sought})
    assert answer.status_code == 400
    assert light.do("DELETE", f"/fhir/Practitioner?{sought}", CLIENT).status_code == 400


def test_a_conditional_update_follows_the_table_of_the_specification(shared):
    house, path = shared, "/fhir/Practitioner?identifier=urn:oid:1.2.3|u1"

    def put(**more):
        return house.do("PUT", path, CLIENT, resource=practitioner("u1", **more))

    none = put()
    assert none.status_code == 201, "no match, no id: create"
    id = none.json()["id"]
    assert (put(active=True).status_code, put(active=True, id=id).status_code) == (200, 200)
    assert put(id="another").status_code == 400
    assert house.get(f"/fhir/Practitioner/{id}", CLIENT).json()["active"] is True
    stale = house.do("PUT", path, CLIENT, resource=practitioner("u1"), headers={"if-match": none.headers["etag"]})
    assert stale.status_code == 412
    created(house, "u1")
    assert (put().status_code, code(put())) == (412, "multiple-matches")
    named = "/fhir/Practitioner?identifier=urn:oid:1.2.3|u2"
    assert house.do("PUT", named, CLIENT, resource=practitioner("u2", id="mine")).status_code == 201
    taken = house.do("PUT", "/fhir/Practitioner?identifier=urn:oid:1.2.3|u3", CLIENT, resource=practitioner("u3", id="mine"))
    assert taken.status_code == 409, "what has that id does not meet the condition"


def test_a_conditional_patch_and_delete_want_one_match(shared):
    house, path = shared, "/fhir/Practitioner?identifier=urn:oid:1.2.3|d1"
    patch = {"content": json.dumps([{"op": "add", "path": "/active", "value": False}])}
    sent = {"headers": {"content-type": "application/json-patch+json"}} | patch
    assert house.do("PATCH", path, CLIENT, **sent).status_code == 404
    assert house.do("DELETE", path, CLIENT).status_code == 204
    id = created(house, "d1")["id"]
    assert house.do("PATCH", path, CLIENT, **sent).json()["active"] is False
    other = created(house, "d1")["id"]
    assert house.do("PATCH", path, CLIENT, **sent).status_code == 412
    assert house.do("DELETE", path, CLIENT).status_code == 412
    assert house.do("DELETE", f"/fhir/Practitioner/{other}", CLIENT).status_code == 204
    assert house.do("DELETE", path, CLIENT).status_code == 204
    assert house.get(f"/fhir/Practitioner/{id}", CLIENT).status_code == 410


def test_a_condition_is_met_by_what_is_released_and_by_nothing_else(shared, kit):
    """LEAKS.md row 16: with and without a withheld match the answers are the same, but for ids and times."""
    answers = []
    for withheld in (False, True):
        patient = shared.enroll()
        me = shared.patient_person(patient)
        mark = {"identifier": [{"system": "urn:x", "value": "leak"}]}
        if withheld:
            shared.hold(patient, resource=kit.observation(patient, **mark), secret=True)
        sent = {"resource": kit.observation(patient, **mark), "headers": {"if-none-exist": "identifier=urn:x|leak"}}
        first, again = (shared.post("/fhir/Observation", me, **sent) for _ in range(2))
        gone = [shared.do("DELETE", "/fhir/Observation?identifier=urn:x|leak", me) for _ in range(2)]
        answers.append([(each.status_code, len(each.content)) for each in (first, again, *gone)])
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [201, 200, 204, 204]


def test_a_condition_needs_the_scope_of_a_search(light, kit):
    patient = light.enroll()
    bare = replace(light.patient_person(patient), scopes="patient/*.crud")
    sent = {"resource": kit.observation(patient), "headers": {"if-none-exist": "status=final"}}
    assert light.post("/fhir/Observation", bare, **sent).status_code == 403


# Patches


def test_a_resource_is_patched_by_json_patch_and_by_fhirpath_patch(shared, kit):
    house, patient = shared, shared.enroll()
    me = house.patient_person(patient)
    made = house.post("/fhir/Observation", me, resource=kit.observation(patient))
    at = f"/fhir/Observation/{made.json()['id']}"
    kind = {"content-type": "application/json-patch+json"}
    test = [{"op": "test", "path": "/status", "value": "final"}, {"op": "replace", "path": "/status", "value": "amended"}]
    first = house.do("PATCH", at, me, content=json.dumps(test), headers=kind | {"if-match": made.headers["etag"]})
    assert (first.status_code, first.json()["status"]) == (200, "amended")
    assert first.headers["etag"] != made.headers["etag"]
    late = house.do("PATCH", at, me, content=json.dumps(test), headers=kind | {"if-match": made.headers["etag"]})
    assert late.status_code == 412
    assert house.do("PATCH", at, me, content=json.dumps(test), headers=kind).status_code == 422, "its test fails now"
    parts = [("type", "valueCode", "replace"), ("path", "valueString", "Observation.status"), ("value", "valueCode", "corrected")]
    operation = {"name": "operation", "part": [{"name": name, kind: value} for name, kind, value in parts]}
    by_path = house.do("PATCH", at, me, resource={"resourceType": "Parameters", "parameter": [operation]})
    assert (by_path.status_code, by_path.json()["status"]) == (200, "corrected")
    xml = (
        '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>'
        '<part><name value="type"/><valueCode value="delete"/></part>'
        '<part><name value="path"/><valueString value="Observation.effective"/></part></parameter></Parameters>'
    )
    by_xml = house.do("PATCH", at, me, content=xml, headers={"content-type": "application/fhir+xml"})
    assert by_xml.status_code == 200, by_xml.text
    assert "effectiveDateTime" not in by_xml.json()
    past = house.get(f"{at}/_history", me).json()["entry"]
    assert [each["request"]["method"] for each in past] == ["PUT", "PUT", "PUT", "POST"]


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ([{"op": "replace", "path": "/id", "value": "other"}], 422),
        ([{"op": "replace", "path": "/resourceType", "value": "Patient"}], 400),
        ([{"op": "remove", "path": "/status"}], 422),
        ([{"op": "replace", "path": "/status", "value": "nope"}], 422),
        ([{"op": "replace", "path": "/subject/reference", "value": "Patient/nobody"}], 422),
        ({"op": "add"}, 400),
        ([{"op": "add", "path": "x", "value": 1}], 400),
    ],
)
def test_a_patch_that_leaves_no_such_resource_is_refused(light, kit, patch, status):
    patient = light.enroll()
    me = light.patient_person(patient)
    at = f"/fhir/Observation/{light.post('/fhir/Observation', me, resource=kit.observation(patient)).json()['id']}"
    before = light.get(at, me).content
    answer = light.do("PATCH", at, me, content=json.dumps(patch), headers={"content-type": "application/json-patch+json"})
    assert answer.status_code == status, answer.text
    assert light.get(at, me).content == before


def test_nobody_patches_what_is_anothers_or_is_not_there(light, kit):
    patient = light.enroll()
    me, seen, hidden = light.patient_person(patient), light.hold(patient), light.hold(patient, secret=True)
    kind = {"content-type": "application/json-patch+json"}
    patch = json.dumps([{"op": "test", "path": "/status", "value": "nope"}])
    assert light.do("PATCH", f"/fhir/Observation/{seen}", me, content=patch, headers=kind).status_code == 403
    absent = [light.do("PATCH", f"/fhir/Observation/{id}", me, content=patch, headers=kind) for id in (hidden, "never")]
    assert [each.status_code for each in absent] == [404, 404]
    assert absent[0].content == absent[1].content
    assert (
        light.do(
            "PATCH", f"/fhir/Observation/{seen}", me, content=b"<diff/>", headers={"content-type": "application/xml-patch+xml"}
        ).status_code
        == 415
    )


# Versions and times


def test_what_the_caller_has_already_is_not_sent_again(shared):
    id = created(shared, "r1")["id"]
    at = f"/fhir/Practitioner/{id}"
    whole = shared.get(at, CLIENT)
    etag, modified = whole.headers["etag"], whole.headers["last-modified"]
    told = {
        304: [
            {"if-none-match": etag},
            {"if-none-match": f'W/"x", {etag}'},
            {"if-none-match": "*"},
            {"if-modified-since": modified},
            {"if-modified-since": "Sat, 01 Jan 2050 00:00:00 GMT"},
        ],
        200: [
            {"if-none-match": 'W/"x"'},
            {"if-none-match": 'W/"x"', "if-modified-since": modified},
            {"if-modified-since": "Sat, 01 Jan 2000 00:00:00 GMT"},
            {"if-modified-since": "yesterday"},
        ],
    }
    for status, asked in told.items():
        for headers in asked:
            answer = shared.get(at, CLIENT, headers=headers)
            assert answer.status_code == status, headers
            assert answer.headers["etag"] == etag
            assert bool(answer.content) is (status == 200)


def test_an_update_can_be_bound_to_a_version_or_to_there_being_none(shared):
    house, at = shared, "/fhir/Practitioner/bound"
    body = practitioner("b1", id="bound")
    new = house.do("PUT", at, CLIENT, resource=body, headers={"if-none-match": "*"})
    assert new.status_code == 201
    assert house.do("PUT", at, CLIENT, resource=body, headers={"if-none-match": "*"}).status_code == 412
    assert house.do("PUT", at, CLIENT, resource=body | {"active": True}, headers={"if-match": "*"}).status_code == 200
    for other in ('W/"nope"', '"1"', new.headers["etag"], "x" * 3000, 'W/"a", W/"b"'):
        answer = house.do("PUT", at, CLIENT, resource=body, headers={"if-match": other})
        assert (answer.status_code, code(answer)) == (412, "conflict")
    assert house.do("PUT", at, CLIENT, resource=body, headers={"if-match": 'W/""'}).status_code == 400
    assert house.do("DELETE", at, CLIENT, headers={"if-match": new.headers["etag"]}).status_code == 412


def test_what_comes_back_of_a_write_is_what_the_caller_prefers(light):
    told = {}
    for preferred in (
        "return=minimal",
        "return=OperationOutcome",
        "return=representation",
        "handling=lenient, return=minimal",
        "",
    ):
        answer = light.post("/fhir/Practitioner", CLIENT, resource=practitioner("p1"), headers={"prefer": preferred})
        assert answer.status_code == 201
        assert answer.headers["location"]
        assert answer.headers["etag"]
        told[preferred] = answer.json()["resourceType"] if answer.content else None
    assert list(told.values()) == [None, "OperationOutcome", "Practitioner", None, "Practitioner"]


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/metadata",
        "/fhir/Practitioner",
        "/fhir/Practitioner/{id}",
        "/fhir/Practitioner/{id}/_history",
        "/fhir",
        "/fhir/Practitioner/{id}/_history/{version}",
    ],
)
def test_head_answers_as_get_does_without_a_body(light, path):
    made = created(light, "h1")
    path = path.format(id=made["id"], version=made["meta"]["versionId"])
    get, head = light.get(path, CLIENT), light.do("HEAD", path, CLIENT)
    assert (head.status_code, head.headers["content-length"]) == (get.status_code, get.headers["content-length"])
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers.get("etag") == get.headers.get("etag")


# Writers side by side


def beside_each_other(house, kit, tmp_path, work, times=8):
    """Do `work(house, n)` so many times in each of two hubs on one database, all at once."""
    other = kit.House(house.url, house.folder)
    done = []
    try:
        together = [threading.Thread(target=lambda at=at: done.extend(at.run(work(at, times)))) for at in (house, other)]
        for each in together:
            each.start()
        for each in together:
            each.join()
    finally:
        other.close()
    return done


def test_writers_side_by_side_create_one_resource_on_one_condition(house, kit, tmp_path):
    async def work(at, times):
        asked = [
            at.ask("POST", "/fhir/Practitioner", CLIENT, resource=practitioner("race"), headers=where("race"))
            for _ in range(times)
        ]
        updates = [
            at.ask("PUT", "/fhir/Practitioner?identifier=urn:oid:1.2.3|race2", CLIENT, resource=practitioner("race2"))
            for _ in range(times)
        ]
        return [each.status_code for each in await asyncio.gather(*asked, *updates)]

    statuses = beside_each_other(house, kit, tmp_path, work)
    assert sorted(statuses) == [200] * 30 + [201] * 2
    assert len(house.found("/fhir/Practitioner?identifier=urn:oid:1.2.3|race,urn:oid:1.2.3|race2", CLIENT)) == 2


def test_writers_side_by_side_lose_no_update(house, kit, tmp_path):
    id = created(house, "count", name=[{"text": "0"}])["id"]
    at = f"/fhir/Practitioner/{id}"

    async def counted(one):
        while True:
            held = await one.ask("GET", at, CLIENT)
            text = str(int(held.json()["name"][0]["text"]) + 1)
            patch = json.dumps([{"op": "replace", "path": "/name/0/text", "value": text}])
            kind = {"content-type": "application/json-patch+json", "if-match": held.headers["etag"]}
            answer = await one.ask("PATCH", at, CLIENT, content=patch, headers=kind)
            if answer.status_code == 200:
                return text
            assert answer.status_code == 412

    async def work(one, times):
        return await asyncio.gather(*(counted(one) for _ in range(times)))

    told = beside_each_other(house, kit, tmp_path, work, 4)
    assert sorted(map(int, told)) == list(range(1, 9))
    assert house.get(at, CLIENT).json()["name"][0]["text"] == "8"
    assert house.get(f"{at}/_history", CLIENT).json()["total"] == 9


def test_a_body_of_a_patch_can_be_sent_as_nothing_else(light):
    id = created(light, "m1")["id"]
    for kind in ("text/plain", "application/octet-stream", ""):
        answer = light.do(
            "PATCH", f"/fhir/Practitioner/{id}", CLIENT, content=base64.b64encode(b"[]"), headers={"content-type": kind}
        )
        assert (answer.status_code, code(answer)) == (415, "not-supported")
        assert "application/json-patch+json" in answer.json()["issue"][0]["diagnostics"]


def test_transactions_that_meet_in_another_order_are_all_carried_out(house, kit, tmp_path):
    """They come one after another; without that, PostgreSQL would find them waiting for each other's patients."""
    for name in ("ta", "tb"):
        person = {"resourceType": "Patient", "id": name, "name": [{"text": name}]}
        assert house.do("PUT", f"/fhir/Patient/{name}", CLIENT, resource=person).status_code == 201

    def bundle(names, text):
        held = {"resourceType": "Observation", "status": "final", "code": {"text": text}}
        entries = [
            {
                "resource": held | {"id": f"o-{name}", "subject": {"reference": f"Patient/{name}"}},
                "request": {"method": "PUT", "url": f"Observation/o-{name}"},
            }
            for name in names
        ]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    async def work(one, times):
        orders = (("ta", "tb"), ("tb", "ta"))
        sent = [one.ask("POST", "/fhir", CLIENT, resource=bundle(orders[n % 2], f"{id(one)}-{n}")) for n in range(times)]
        return [each.status_code for each in await asyncio.gather(*sent)]

    assert set(beside_each_other(house, kit, tmp_path, work, 6)) == {200}
    texts = {house.get(f"/fhir/Observation/o-{name}", CLIENT).json()["code"]["text"] for name in ("ta", "tb")}
    assert len(texts) == 1, "one transaction came last for both"
    assert house.get("/fhir/Observation/o-ta/_history", CLIENT).json()["total"] == 12


def test_a_version_of_what_is_not_there_is_not_the_one_believed_and_what_never_was_is_deleted_already(light):
    made = {"resourceType": "Practitioner", "id": "never-was"}
    believed = light.do("PUT", "/fhir/Practitioner/never-was", CLIENT, resource=made, headers={"if-match": 'W/"1"'})
    assert believed.status_code == 412
    assert light.do("DELETE", "/fhir/Practitioner/never-was", CLIENT).status_code == 204


def test_an_absolute_reference_to_this_server_is_the_relative_one(light):
    base = light.hub.base
    who = light.post("/fhir/Patient", CLIENT, resource={"resourceType": "Patient"}).json()["id"]
    place = light.post("/fhir/Organization", CLIENT, resource={"resourceType": "Organization", "name": "Absolut"}).json()["id"]
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    observation |= {
        "subject": {"reference": f"{base}/Patient/{who}"},
        "performer": [{"reference": f"{base}/Organization/{place}"}],
    }
    made = light.post("/fhir/Observation", CLIENT, resource=observation)
    assert made.json()["subject"] == {"reference": f"Patient/{who}"}
    for asked in (
        f"performer=Organization/{place}",
        f"performer={base}/Organization/{place}",
        "performer:Organization.name=absolut",
    ):
        assert light.found(f"/fhir/Observation?{asked}", CLIENT) == [made.json()["id"]], asked
