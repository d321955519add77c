"""batch and transaction: a Bundle posted to the base. http://hl7.org/fhir/R4/http.html#transaction"""

import base64
import json

import pytest

WHO = "alfa-client"
ONE, OTHER = "urn:uuid:05efabf0-4be2-4561-91ce-51548425acb9", "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"
SYSTEM = "http://example.org/lab"


def entry(method, url, resource=None, full_url="", **more):
    held = {"request": {"method": method, "url": url} | more}
    return held | ({"resource": resource} if resource else {}) | ({"fullUrl": full_url} if full_url else {})


def posted(house, *entries, kind="transaction", who=WHO, **more):
    return house.post("/fhir", who, resource={"resourceType": "Bundle", "type": kind, "entry": list(entries)}, **more)


def patient(family="Person", **more):
    return {"resourceType": "Patient", "name": [{"family": family}]} | more


def observation(subject, code="29463-7", **more):
    coding = {"system": "http://loinc.org", "code": code}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [coding]},
        "subject": {"reference": subject},
    } | more


def statuses(answer):
    return [each["response"]["status"].split()[0] for each in answer.json()["entry"]]


def at(answer, number):
    """Type/id of what an entry wrote."""
    return answer.json()["entry"][number]["response"]["location"].partition("/_history/")[0]


def test_entries_that_point_at_each_other_are_written_together(shared):
    answer = posted(
        shared,
        entry("POST", "Observation", observation(ONE, hasMember=[{"reference": OTHER}])),
        entry("POST", "Observation", observation(ONE), OTHER),
        entry("POST", "Patient", patient(), ONE),
    )
    assert answer.status_code == 200, answer.text
    assert (answer.json()["resourceType"], answer.json()["type"]) == ("Bundle", "transaction-response")
    assert statuses(answer) == ["201"] * 3
    first, member, who = (at(answer, n) for n in range(3))
    held = shared.get(f"/fhir/{first}", WHO).json()
    assert (held["subject"], held["hasMember"]) == ({"reference": who}, [{"reference": member}])
    told = answer.json()["entry"][0]
    assert told["response"]["etag"] == f'W/"{held["meta"]["versionId"]}"'
    assert told["response"]["lastModified"] == held["meta"]["lastUpdated"]
    assert told["resource"] == held
    for kind in ("batch", "transaction"):
        [read] = posted(shared, entry("GET", first), kind=kind).json()["entry"]
        assert read["response"]["lastModified"] == held["meta"]["lastUpdated"]
        [read] = posted(shared, entry("HEAD", first), kind=kind).json()["entry"]
        assert read["response"]["lastModified"] == held["meta"]["lastUpdated"][:19] + "Z"


def test_one_entry_that_fails_undoes_all_and_is_named(shared):
    unique = "undone-by-a-later-one"
    answer = posted(
        shared,
        entry("POST", "Patient", patient(identifier=[{"system": SYSTEM, "value": unique}]), ONE),
        entry("POST", "Observation", observation(ONE) | {"status": "nonsense"}),
    )
    assert answer.status_code == 422
    [issue] = answer.json()["issue"]
    assert issue["expression"] == ["Bundle.entry[1].resource.status"]
    assert shared.get(f"/fhir/Patient?identifier={SYSTEM}|{unique}", WHO).json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [("PUT", "Observation/another", 400), ("GET", "Observation/x/y/z", 400), ("DELETE", "Nonsense/x", 400)],
)
def test_what_a_request_of_its_own_would_be_refused_for_refuses_the_transaction(shared, method, url, status):
    resource = observation("Patient/x", id="never-issued") if method == "PUT" else None
    answer = posted(shared, entry("POST", "Patient", patient()), entry(method, url, resource))
    assert answer.status_code == status
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")


def test_changes_by_id_and_deletions_come_in_the_order_of_the_specification(shared):
    made = posted(shared, entry("POST", "Patient", patient(), ONE), entry("POST", "Observation", observation(ONE), OTHER))
    who, seen = at(made, 0), at(made, 1)
    held = shared.get(f"/fhir/{seen}", WHO).json()
    answer = posted(
        shared,
        entry("GET", seen),
        entry("PUT", seen, held | {"status": "amended"}, ifMatch=f'W/"{held["meta"]["versionId"]}"'),
        entry("POST", "Observation", observation(who)),
        entry("GET", f"Observation?patient={who}&_summary=count"),
    )
    assert statuses(answer) == ["200", "200", "201", "200"]
    assert answer.json()["entry"][0]["resource"]["status"] == "amended"
    assert answer.json()["entry"][3]["resource"]["total"] == 2
    stale = posted(shared, entry("PUT", seen, held, ifMatch=f'W/"{held["meta"]["versionId"]}"'))
    assert stale.status_code == 412
    gone = posted(shared, entry("DELETE", seen), entry("DELETE", at(answer, 2)))
    assert statuses(gone) == ["204", "204"]
    assert shared.get(f"/fhir/{seen}", WHO).status_code in (404, 410)


def test_what_is_to_be_created_if_it_is_not_there_is_found_and_pointed_at(shared):
    unique = "found-and-pointed-at"
    named = patient(identifier=[{"system": SYSTEM, "value": unique}])
    create = entry("POST", "Patient", named, ONE, ifNoneExist=f"identifier={SYSTEM}|{unique}")
    first = posted(shared, create, entry("POST", "Observation", observation(ONE)))
    second = posted(shared, create, entry("POST", "Observation", observation(ONE)))
    assert (statuses(first), statuses(second)) == (["201", "201"], ["200", "201"])
    assert at(first, 0) == at(second, 0)
    assert shared.get(f"/fhir/{at(second, 1)}", WHO).json()["subject"] == {"reference": at(first, 0)}


def test_a_reference_by_search_becomes_what_it_finds_and_must_find_one(shared):
    unique = "by-search"
    made = posted(shared, entry("POST", "Patient", patient(identifier=[{"system": SYSTEM, "value": unique}])))
    by_search = f"Patient?identifier={SYSTEM}|{unique}"
    answer = posted(shared, entry("POST", "Observation", observation(by_search)))
    assert shared.get(f"/fhir/{at(answer, 0)}", WHO).json()["subject"] == {"reference": at(made, 0)}
    nobody = posted(shared, entry("POST", "Observation", observation(f"Patient?identifier={SYSTEM}|nobody")))
    assert nobody.status_code == 422
    assert nobody.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.subject.reference"]
    for another in ("beta-client",):  # what is another source's is not found
        assert posted(shared, entry("POST", "Observation", observation(by_search)), who=another).status_code == 422
    posted(shared, entry("POST", "Patient", patient(identifier=[{"system": SYSTEM, "value": unique}])))
    assert posted(shared, entry("POST", "Observation", observation(by_search))).status_code == 412


def test_two_entries_do_not_write_one_resource(shared):
    made = posted(shared, entry("POST", "Patient", patient()))
    held = shared.get(f"/fhir/{at(made, 0)}", WHO).json()
    answer = posted(shared, entry("PUT", at(made, 0), held), entry("DELETE", at(made, 0)))
    assert answer.status_code == 400
    assert shared.get(f"/fhir/{at(made, 0)}", WHO).json() == held


def test_a_patch_is_carried_in_a_binary_or_as_parameters(shared):
    made = posted(shared, entry("POST", "Patient", patient(active=True)))
    patch = [{"op": "replace", "path": "/active", "value": False}]
    data = base64.b64encode(json.dumps(patch).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    answer = posted(shared, entry("PATCH", at(made, 0), binary))
    assert statuses(answer) == ["200"]
    assert shared.get(f"/fhir/{at(made, 0)}", WHO).json()["active"] is False


def test_each_entry_of_a_batch_stands_by_itself(shared):
    answer = posted(
        shared,
        entry("POST", "Patient", patient()),
        entry("POST", "Observation", {"resourceType": "Observation", "status": "nonsense"}),
        entry("GET", "Patient/never-issued"),
        entry("GET", "metadata"),
        entry("POST", "", {"resourceType": "Bundle", "type": "batch"}),
        entry("GET", "Nonsense"),
        entry("HEAD", "metadata"),
        entry("POST", "Patient/$validate", patient()),
        entry("DELETE", "Observation/never-issued"),
        kind="batch",
    )
    assert (answer.status_code, answer.json()["type"]) == (200, "batch-response")
    assert statuses(answer) == ["201", "422", "404", "200", "400", "404", "200", "200", "204"]
    assert answer.json()["entry"][1]["response"]["status"] == "422 Unprocessable Entity"
    assert "resource" not in answer.json()["entry"][6]
    assert answer.json()["entry"][7]["resource"]["resourceType"] == "OperationOutcome"
    refused = answer.json()["entry"][1]["response"]["outcome"]
    assert (refused["resourceType"], refused["issue"][0]["expression"]) == (
        "OperationOutcome",
        ["Bundle.entry[1].resource.status"],
    )
    assert answer.json()["entry"][3]["resource"]["resourceType"] == "CapabilityStatement"


def test_a_batch_is_answered_under_the_callers_own_release(shared, kit):
    who = shared.enroll()
    own, elsewhere = shared.hold(who, provider=kit.P1, unit=kit.U1), shared.hold(who)
    shared.near(who)
    never = entry("GET", "Observation/never-issued")
    answer = posted(
        shared, entry("GET", f"Observation/{own}"), entry("GET", f"Observation/{elsewhere}"), never, kind="batch", who="doctor"
    )
    assert statuses(answer) == ["200", "404", "404"]
    withheld, absent = (json.dumps(answer.json()["entry"][n]).replace(f"entry[{n}]", "") for n in (1, 2))
    assert withheld == absent
    assert posted(shared, entry("POST", "Observation", observation(f"Patient/{who.id}")), who="doctor").status_code == 403


def test_every_change_and_refusal_is_in_the_log(shared):
    before = len(shared.log())
    posted(shared, entry("POST", "Patient", patient(), ONE), entry("POST", "Observation", observation(ONE)))
    posted(shared, entry("POST", "Observation", {"resourceType": "Observation"}))
    found = [(each["action"], each["outcome"], each.get("type", "")) for each in shared.log()[before:]]
    assert found == [("create", "permit", "Patient"), ("create", "permit", "Observation"), ("transaction", "refuse", "Bundle")]


@pytest.mark.parametrize(
    "bundle",
    [
        {"resourceType": "Bundle", "type": "document"},
        {"resourceType": "Patient"},
        {"resourceType": "Bundle", "type": "batch", "entry": [1]},
    ],
)
def test_what_is_no_batch_and_no_transaction_is_refused(shared, bundle):
    assert shared.post("/fhir", WHO, resource=bundle).status_code == 400


def test_an_answer_is_as_short_as_is_preferred(shared):
    answer = posted(shared, entry("POST", "Patient", patient()), headers={"prefer": "return=minimal"})
    assert "resource" not in answer.json()["entry"][0]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"hasMember": [{"reference": ONE}, {"reference": OTHER}]}, "hasMember[1].reference"),
        (
            {"extension": [{"url": "http://example.org/x", "valueReference": {"reference": OTHER}}]},
            "extension[0].value.reference",
        ),
        ({"focus": [{"reference": "urn:oid:1.2.3"}]}, "focus[0].reference"),
    ],
)
def test_a_reference_to_an_entry_that_is_not_there_refuses_the_transaction(shared, more, place):
    answer = posted(shared, entry("POST", "Patient", patient(), ONE), entry("POST", "Observation", observation(ONE, **more)))
    assert answer.status_code == 400
    [issue] = answer.json()["issue"]
    assert issue["expression"] == [f"Bundle.entry[1].resource.{place}"]


def test_a_system_that_is_a_urn_is_no_reference_to_an_entry(shared):
    named = patient(identifier=[{"system": "urn:oid:1.2.3", "value": "urn:uuid:nobody"}])
    assert statuses(posted(shared, entry("POST", "Patient", named))) == ["201"]


# What is read in a transaction


def count_of(house, unique):
    return house.get(f"/fhir/Patient?identifier={SYSTEM}|{unique}", WHO).json()["total"]


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("Patient/never-issued", 404),
        ("Patient/never-issued/_history", 404),
        ("Patient?nonsense=1", 400),
        ("Patient?birthdate=nonsense", 400),
        ("Observation/{gone}", 410),
        ("Nonsense/x", 404),
        ("Nonsense/x/y/z", 400),
    ],
)
def test_a_reading_that_fails_undoes_the_transaction_and_is_named(shared, url, status):
    gone = at(posted(shared, entry("POST", "Observation", observation(ONE)), entry("POST", "Patient", patient(), ONE)), 0)
    shared.do("DELETE", f"/fhir/{gone}", WHO)
    asked, unique = url.replace("Observation/{gone}", gone), f"undone-by-reading-{abs(hash(url))}"
    named = patient(identifier=[{"system": SYSTEM, "value": unique}])
    answer = posted(shared, entry("POST", "Patient", named), entry("GET", "metadata"), entry("GET", asked))
    assert answer.status_code == status, answer.text
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[2]")
    assert count_of(shared, unique) == 0
    alone = posted(shared, entry("GET", asked))
    assert alone.status_code == status
    assert alone.json()["issue"][0]["expression"][0].startswith("Bundle.entry[0]")


def test_what_is_read_in_a_transaction_sees_what_it_wrote_whatever_the_form(shared):
    unique = "seen-by-reading"
    kept = at(posted(shared, entry("POST", "Patient", patient("Innan"))), 0)
    current = shared.get(f"/fhir/{kept}", WHO).headers["etag"]
    binary = {"resourceType": "Binary", "contentType": "text/plain", "data": "aGVq", "id": "read-in-a-transaction"}
    answer = posted(
        shared,
        entry("GET", f"{kept}?_summary=true&_format=xml"),
        entry("GET", kept, ifNoneMatch=current),
        entry("GET", f"{kept}/_history"),
        entry("GET", f"Patient?identifier={SYSTEM}|{unique}&_pretty=true"),
        entry("POST", "Patient/_search?family=Efter"),
        entry("GET", f"{kept}/$everything"),
        entry("POST", "Patient/$validate", patient()),
        entry("HEAD", kept),
        entry("GET", "Binary/read-in-a-transaction"),
        entry("PUT", kept, patient("Efter", id=kept.split("/")[1])),
        entry("POST", "Patient", patient(identifier=[{"system": SYSTEM, "value": unique}])),
        entry("PUT", "Binary/read-in-a-transaction", binary),
    )
    assert answer.status_code == 200, answer.text
    assert statuses(answer) == ["200"] * 9 + ["200", "201", "201"]
    told = [each.get("resource") for each in answer.json()["entry"]]
    assert told[0]["name"][0]["family"] == told[1]["name"][0]["family"] == "Efter"
    assert [each["request"]["method"] for each in told[2]["entry"]] == ["PUT", "POST"]
    assert (told[3]["total"], told[4]["total"], told[5]["total"]) == (1, 1, 1)
    assert told[6]["resourceType"] == "OperationOutcome"
    assert told[7] is None
    assert (told[8]["resourceType"], told[8]["data"]) == ("Binary", "aGVq")
    again = posted(shared, entry("GET", "Binary/read-in-a-transaction"), entry("GET", f"{kept}?_format=xml"), kind="batch")
    assert [each["resource"]["resourceType"] for each in again.json()["entry"]] == ["Binary", "Patient"]
    addresses = [each["fullUrl"].split("/fhir/")[1] for each in again.json()["entry"]]
    assert addresses == ["Binary/read-in-a-transaction", kept]


def test_each_reading_is_in_the_log_and_the_one_that_failed_too(shared):
    made = at(posted(shared, entry("POST", "Patient", patient(), ONE)), 0)

    def logged(*entries):
        before = len(shared.log())
        posted(shared, *entries)
        return [(each["action"], each["outcome"], each.get("released")) for each in shared.log()[before:]]

    write, found = entry("POST", "Patient", patient()), entry("GET", made)
    assert logged(write, found, entry("GET", "Patient?family=nobody-at-all")) == [
        ("create", "permit", None),
        ("read", "permit", 1),
        ("search", "nothing", 0),
    ]
    assert logged(write, found, entry("GET", "Patient/never-issued")) == [
        ("read", "nothing", 0),
        ("transaction", "refuse", None),
    ]
    assert logged(found) == [("read", "permit", 1)]


def test_what_a_patient_reads_in_a_transaction_is_under_the_release(shared, kit):
    who = shared.enroll()
    me = shared.patient_person(who)
    seen, secret = shared.hold(who), shared.hold(who, secret=True)
    mine = entry("POST", "Observation", observation(f"Patient/{who.id}"))
    answer = posted(shared, mine, entry("GET", f"Observation/{seen}"), entry("GET", "Observation"), who=me)
    assert statuses(answer) == ["201", "200", "200"]
    assert answer.json()["entry"][2]["resource"]["total"] == 2
    withheld = posted(shared, mine, entry("GET", f"Observation/{secret}"), who=me)
    absent = posted(shared, mine, entry("GET", "Observation/never-issued"), who=me)
    assert (withheld.status_code, withheld.content) == (404, absent.content)
    assert shared.get("/fhir/Observation?_summary=count", me).json()["total"] == 2


def test_a_rehearsal_and_the_log_are_read_in_a_transaction_too(shared, kit):
    rehearsed = {
        "resourceType": "Parameters",
        "parameter": [{"name": "mode", "valueCode": "create"}, {"name": "resource", "resource": patient("Prov")}],
    }
    before = shared.get("/fhir/Patient?_summary=count", WHO).json()["total"]
    answer = posted(
        shared, entry("POST", "Patient", patient()), entry("POST", "Patient/$validate", rehearsed), entry("GET", "$meta")
    )
    assert statuses(answer) == ["201", "200", "200"]
    assert answer.json()["entry"][1]["resource"]["issue"][0]["severity"] == "information"
    assert shared.get("/fhir/Patient?_summary=count", WHO).json()["total"] == before + 1
    who = shared.enroll()
    me = shared.patient_person(who)
    mine = entry("POST", "Observation", observation(f"Patient/{who.id}"))
    reads = [entry("GET", "AuditEvent"), entry("GET", "Observation?code:in=http://x"), entry("GET", f"Patient/{who.id}")]
    assert posted(shared, mine, *reads, who=me).status_code == 400
    assert statuses(posted(shared, mine, reads[0], reads[2], who=me)) == ["201", "200", "200"]
    number = f"{who.number.system}|{who.number.value}"
    by_number = entry("GET", f"Observation?patient.identifier={number}")
    assert statuses(posted(shared, mine, by_number, who=me)) == ["201", "200"]
