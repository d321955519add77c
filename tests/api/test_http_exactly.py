"""Methods, headers and bodies, as HTTP and R4 say it to the letter. http://hl7.org/fhir/R4/http.html, RFC 9110."""

import gzip
import json

import pytest

CLIENT = "alfa-client"
PERSON = {"resourceType": "Patient", "name": [{"family": "Person"}]}


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        *[("metadata", each, "GET, HEAD") for each in ("PUT", "POST", "PATCH", "DELETE", "TRACE")],
        (".well-known/smart-configuration", "PUT", "GET, HEAD"),
        ("_history", "DELETE", "GET, HEAD"),
        ("_search", "GET", "POST"),
        ("Patient/_search", "GET", "POST"),
        ("Patient/_search", "PUT", "POST"),
        ("Patient/_history", "PUT", "GET, HEAD"),
        ("Patient/x/_history", "POST", "GET, HEAD"),
        ("Patient/x/_history/1", "PUT", "GET, HEAD"),
        ("Patient/x/$everything", "DELETE", "GET, HEAD, POST"),
        ("Patient/x", "POST", "DELETE, GET, HEAD, PATCH, PUT"),
        ("", "PUT", "GET, HEAD, POST"),
    ],
)
def test_a_method_that_is_not_served_at_an_address_is_405_and_told_which_are(light, path, method, allowed):
    answer = light.do(method, f"/fhir/{path}".rstrip("/"), CLIENT)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["issue"][0]["code"] == "not-supported"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "GZIP"])
def test_a_compressed_body_is_415_and_told_what_is_read(light, coding):
    body, headers = gzip.compress(json.dumps(PERSON).encode()), {"content-type": "application/fhir+json"}
    answer = light.post("/fhir/Patient", CLIENT, content=body, headers=headers | {"content-encoding": coding})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["issue"][0]["diagnostics"].startswith("Content-Encoding: ")
    plain = light.post("/fhir/Patient", CLIENT, content=json.dumps(PERSON), headers=headers | {"content-encoding": "identity"})
    assert plain.status_code == 201


# X-Provenance


WROTE = {
    "resourceType": "Provenance",
    "recorded": "2040-11-21T08:59:00Z",
    "agent": [{"who": {"display": "Läkaren"}}],
}


def carried(provenance):
    return {"x-provenance": json.dumps(provenance, ensure_ascii=False).encode()}


def about(house, target):
    return house.get(f"/fhir/Provenance?target={target}", CLIENT).json()


def test_a_provenance_that_comes_with_a_write_is_created_of_the_version_written(shared):
    made = shared.post("/fhir/Patient", CLIENT, resource=PERSON, headers=carried(WROTE))
    assert made.status_code == 201, made.text
    address = f"Patient/{made.json()['id']}"
    [entry] = about(shared, address)["entry"]
    version = f"{address}/_history/{made.json()['meta']['versionId']}"
    assert entry["resource"]["target"] == [{"reference": version}]
    assert entry["resource"]["agent"] == WROTE["agent"]
    assert {each["action"] for each in shared.log()[-3:-1]} == {"create"}
    assert {each["type"] for each in shared.log()[-3:-1]} == {"Patient", "Provenance"}
    changed = shared.do("PUT", f"/fhir/{address}", CLIENT, resource=made.json() | {"active": True}, headers=carried(WROTE))
    assert (changed.status_code, about(shared, address)["total"]) == (200, 2)
    again = shared.post(
        "/fhir/Patient", CLIENT, resource=PERSON, headers=carried(WROTE) | {"if-none-exist": f"_id={made.json()['id']}"}
    )
    assert (again.status_code, about(shared, address)["total"]) == (200, 2)


@pytest.mark.parametrize(
    ("provenance", "status"),
    [
        (WROTE | {"target": [{"reference": "Patient/x"}]}, 400),
        ({"resourceType": "Provenance", "recorded": "2040-11-21T08:59:00Z"}, 422),
        (PERSON, 400),
        ("text", 400),
    ],
)
def test_a_provenance_that_cannot_stand_keeps_the_write_from_being_done(shared, provenance, status):
    before = shared.get("/fhir/Patient?_summary=count", CLIENT).json()["total"]
    answer = shared.post("/fhir/Patient", CLIENT, resource=PERSON, headers=carried(provenance))
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    assert shared.get("/fhir/Patient?_summary=count", CLIENT).json()["total"] == before


def test_a_provenance_comes_with_one_create_or_update_of_one_who_may_write_it(shared, kit):
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": []}
    assert shared.post("/fhir", CLIENT, resource=bundle, headers=carried(WROTE)).status_code == 400
    assert shared.do("DELETE", "/fhir/Patient/x", CLIENT, headers=carried(WROTE)).status_code == 400
    patient = shared.enroll()
    own = kit.observation(patient)
    assert (
        shared.post("/fhir/Observation", shared.patient_person(patient), resource=own, headers=carried(WROTE)).status_code == 403
    )
    assert shared.get("/fhir/Observation", shared.patient_person(patient)).json()["total"] == 0
