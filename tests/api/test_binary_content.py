"""A Binary is given and taken as the content that it holds. http://hl7.org/fhir/R4/binary.html#rest"""

import json
from base64 import b64encode

import pytest

WHO = "alfa-client"
PDF = b"%PDF-1.7 \x00\xff"


def post(house, content, kind, **headers):
    return house.post("/fhir/Binary", WHO, content=content, headers={"content-type": kind, **headers})


@pytest.fixture(scope="module")
def pdf(light):
    answer = post(light, PDF, "application/pdf")
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_content_of_any_kind_becomes_a_binary(light, pdf):
    assert (pdf["contentType"], pdf["data"]) == ("application/pdf", b64encode(PDF).decode())
    text = post(light, "å".encode(), "text/plain;  charset=utf-8").json()
    assert (text["contentType"], text["data"]) == ("text/plain; charset=utf-8", "w6U=")
    assert "data" not in post(light, b"", "text/plain").json()


@pytest.mark.parametrize("accept", ["application/pdf", "*/*", "image/png, */*;q=0.1", "text/html"])
def test_a_binary_is_read_as_what_it_holds(light, pdf, accept):
    path = f"/fhir/Binary/{pdf['id']}"
    for at in (path, f"{path}/_history/{pdf['meta']['versionId']}"):
        answer = light.get(at, WHO, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "application/pdf", PDF)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert light.get(at, WHO, headers={"accept": accept, "if-none-match": answer.headers["etag"]}).status_code == 304


def test_a_binary_is_a_resource_where_fhir_is_asked_for_by_name(light, pdf):
    path = f"/fhir/Binary/{pdf['id']}"
    assert light.get(path, WHO, headers={"accept": "application/fhir+json"}).json() == pdf
    assert light.get(path, WHO, headers={"accept": "application/json"}).json() == pdf
    assert b"<contentType" in light.get(path, WHO, headers={"accept": "text/xml"}).content
    assert light.get(f"{path}?_format=json", WHO).json() == pdf
    assert b"<contentType" in light.get(path, WHO, headers={"accept": "application/fhir+xml, */*"}).content
    assert light.get(f"{path}?_format=ttl", WHO).status_code == 406
    assert light.get("/fhir/Binary?_id=" + pdf["id"], WHO).json()["entry"][0]["resource"] == pdf


def test_a_resource_that_is_a_binary_is_taken_as_one_and_any_other_as_content(light):
    made = {"resourceType": "Binary", "contentType": "text/csv", "data": "YTti"}
    for kind in ("application/fhir+json", "application/json"):
        answer = post(light, json.dumps(made).encode(), kind)
        assert (answer.status_code, answer.json()["contentType"]) == (201, "text/csv")
    for kind, sent in (("application/json", b'{"a":1}'), ("application/xml", b"<a/>"), ("text/xml", b"no xml")):
        answer = post(light, sent, kind)
        assert (answer.status_code, answer.json()["contentType"]) == (201, kind)
        raw = light.get(f"/fhir/Binary/{answer.json()['id']}", WHO, headers={"accept": kind})
        assert (raw.content, raw.headers["content-type"]) == (sent, kind)
    assert post(light, b'{"resourceType":"Binary"', "application/fhir+json").status_code == 400
    assert post(light, b'{"resourceType":"Binary"}', "application/fhir+json").status_code == 422
    assert post(light, b"a", "").status_code == 415


def test_content_replaces_content_under_its_id(light, pdf):
    path = f"/fhir/Binary/{pdf['id']}"
    sent = {"content": b"ny", "headers": {"content-type": "text/plain", "accept": "application/fhir+json"}}
    assert light.do("PUT", path, WHO, **sent).json()["data"] == "bnk="
    assert light.get(path, WHO).content == b"ny"
    light.do("PUT", path, WHO, content=PDF, headers={"content-type": "application/pdf"})


def test_whose_a_binary_is_can_be_said_beside_its_content(light):
    patient = light.enroll()
    person = {"resourceType": "Patient", "id": f"b{patient.pk}"}
    person["identifier"] = [{"system": patient.number.system, "value": patient.number.value}]
    assert light.do("PUT", f"/fhir/Patient/{person['id']}", WHO, resource=person).status_code == 201
    made = post(light, b"a", "text/plain", **{"x-security-context": f"Patient/{person['id']}"})
    assert made.json()["securityContext"] == {"reference": f"Patient/{person['id']}"}
    assert post(light, b"a", "text/plain", **{"x-security-context": "nobody"}).status_code == 422
    id = made.json()["id"]
    assert light.get(f"/fhir/Binary/{id}", light.patient_person(light.enroll())).status_code == 404


def test_what_is_no_media_type_is_served_as_bytes(light):
    made = {"resourceType": "Binary", "contentType": "tex\u0142/plain", "data": "YQ=="}
    id = light.post("/fhir/Binary", WHO, resource=made).json()["id"]
    answer = light.get(f"/fhir/Binary/{id}", WHO)
    assert (answer.headers["content-type"], answer.content) == ("application/octet-stream", b"a")
