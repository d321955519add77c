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
    assert answer.json()["issue"][0]["expression"] == ["http.Content-Encoding"]
    plain = light.post("/fhir/Patient", CLIENT, content=json.dumps(PERSON), headers=headers | {"content-encoding": "identity"})
    assert plain.status_code == 201
