"""JSON and XML, asked for and sent. http://hl7.org/fhir/R4/http.html#mime-type, RFC 9110 section 12.5.1"""

import json

import pytest

from hub.api.media import Form, negotiated
from hub.errors import InvalidRequest, NotAcceptable
from hub.fhir.xml import dumps_xml
from hub.fhir.xml_reader import loads_xml

JSON, XML = Form(), Form(xml=True)
FHIR_JSON, FHIR_XML = "application/fhir+json; charset=utf-8", "application/fhir+xml; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        ("text/*", JSON),
        ("application/fhir+json", JSON),
        ("application/json", JSON),
        ("text/json", JSON),
        ("application/json+fhir", JSON),
        ("application/fhir+xml", XML),
        ("application/xml", XML),
        ("text/xml", XML),
        ("application/xml+fhir", XML),
        ("Application/FHIR+XML", XML),
        ("application/fhir+xml; charset=UTF-8", XML),
        ("application/fhir+xml, application/fhir+json", XML),
        ("application/fhir+json, application/fhir+xml", JSON),
        ("application/fhir+json;q=0.5, application/fhir+xml", XML),
        ("application/fhir+xml;q=0.5, application/fhir+json;q=0.9", JSON),
        ("application/fhir+xml;q=0.5, */*;q=0.1", XML),
        ("application/fhir+xml;q=0.5, */*", JSON),
        ("application/fhir+json;q=0, */*", XML),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", XML),
        ("text/html, */*;q=0.1", JSON),
        ("application/fhir+json; fhirVersion=4.0", Form(version="4.0")),
        ('application/fhir+xml; fhirVersion="4.0"', Form(xml=True, version="4.0")),
        ("application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=4.0", Form(xml=True, version="4.0")),
    ],
)
def test_the_best_that_is_accepted_is_written(accept, form):
    assert negotiated(accept) == form


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/turtle",
        "application/fhir+turtle",
        "image/*",
        "application/fhir+json;q=0",
        "*/*;q=0",
        "application/fhir+json;q=nothing",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+xml; fhirVersion=5.0, text/html",
        "application/fhir+json; charset=iso-8859-1",
        "json",
        ";;;,,,",
    ],
)
def test_what_the_hub_does_not_write_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable) as refused:
        negotiated(accept)
    assert refused.value.place == "Accept"


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("json", JSON),
        ("application/json", JSON),
        ("application/fhir+json", JSON),
        ("application/fhir json", JSON),
        ("xml", XML),
        ("text/xml", XML),
        ("application/xml", XML),
        ("application/fhir+xml", XML),
        ("application/fhir xml", XML),
        ("application/fhir xml; fhirVersion=4.0", Form(xml=True, version="4.0")),
    ],
)
def test_the_parameter_goes_before_the_header(code, form):
    assert negotiated("text/html", code) == form
    assert negotiated("application/fhir+xml", code) == form
    assert negotiated("application/fhir+json", code, "true") == Form(form.xml, True, form.version)


@pytest.mark.parametrize("code", ["ttl", "text/turtle", "html", "text/html", "xml2", "json; fhirVersion=3.0", "json;a=b", "*/*"])
def test_a_parameter_that_names_another_format_is_not_acceptable(code):
    with pytest.raises(NotAcceptable) as refused:
        negotiated("", code)
    assert refused.value.place == "_format"


def test_pretty_is_true_or_false():
    assert negotiated("", "", "false") == JSON
    with pytest.raises(InvalidRequest):
        negotiated("", "", "yes")


def test_indented_json_keeps_every_digit_and_the_order():
    stored = '{"b":1.50,"a":[1E2,"å  b"],"c":{}}'.encode()
    assert json.loads(Form(pretty=True).write(stored), parse_float=str) == json.loads(stored, parse_float=str)
    assert b"1.50" in Form(pretty=True).write(stored)
    assert Form(pretty=True).write(stored).count(b"\n") > 4
    assert Form().write(stored) is stored


# Over HTTP


@pytest.fixture(scope="module")
def me(light):
    return light.patient_person(light.enroll())


@pytest.fixture(scope="module")
def own(light, me, kit):
    """A measurement of one's own that lies in the hub."""
    patient = light.found("/fhir/Patient", me)[0]
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "Puls"},
        "subject": {"reference": f"Patient/{patient}"},
        "performer": [{"reference": f"Patient/{patient}"}],
        "valueQuantity": {"value": "VALUE", "unit": "1/min"},
    }
    content = json.dumps(made).replace('"VALUE"', "60.50").encode()
    answer = light.post("/fhir/Observation", me, content=content, headers={"content-type": "application/fhir+json"})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def paths(own):
    return (
        f"/fhir/Observation/{own}",
        f"/fhir/Observation/{own}/_history",
        "/fhir/Observation",
        "/fhir/Observation/none",
        "/fhir/Observation?colour=red",
        "/fhir/metadata",
        "/fhir/Ghost/1",
        "/fhir/a/b/c/d/e",
    )


def test_every_answer_is_the_same_in_xml(light, me, own):
    for path in paths(own):
        plain, found = light.get(path, me), light.get(path, me, headers={"accept": "application/fhir+xml"})
        assert (found.status_code, found.headers["content-type"]) == (plain.status_code, FHIR_XML)
        assert plain.headers["content-type"] == FHIR_JSON
        read = json.loads(json.dumps(loads_xml(found.content), default=str))
        for each in (read, said := json.loads(plain.text, parse_float=str)):
            each.get("meta", {}).pop("lastUpdated", None)
        assert read == said, path
        assert found.headers.get("etag") == plain.headers.get("etag")
    assert b'<value value="60.50"/>' in light.get(f"/fhir/Observation/{own}?_format=xml", me).content


@pytest.mark.parametrize("accept", ["text/turtle", "image/png", "application/fhir+json; fhirVersion=3.0"])
def test_what_cannot_be_written_is_said_in_json(light, me, own, accept):
    for path in paths(own)[:3]:
        answer = light.get(path, me, headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (406, FHIR_JSON)
        assert answer.json()["issue"][0]["code"] == "not-supported"
        assert light.get(f"{path}?_format=ttl", me).status_code == 406


def test_a_refused_token_is_told_of_in_xml_too(light):
    answer = light.get("/fhir/Observation/1", headers={"accept": "application/fhir+xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, FHIR_XML)
    assert loads_xml(answer.content)["resourceType"] == "OperationOutcome"


def test_a_search_by_post_says_its_format_in_the_body(light, me):
    sent = {"content": b"_format=xml&_pretty=true", "headers": {"content-type": "application/x-www-form-urlencoded"}}
    answer = light.post("/fhir/Observation/_search", me, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR_XML)
    assert answer.text.splitlines()[2].startswith("  <")


def test_a_read_gives_the_part_that_is_asked_for_in_either_format(light, me, own):
    path = f"/fhir/Observation/{own}"
    whole = light.get(path, me)
    version = whole.json()["meta"]["versionId"]
    for at in (path, f"{path}/_history/{version}"):
        part = light.get(f"{at}?_elements=subject", me)
        assert list(part.json()) == ["resourceType", "id", "meta", "status", "code", "subject"]
        assert part.json()["meta"]["tag"][0]["code"] == "SUBSETTED"
        assert part.headers["etag"] == whole.headers["etag"]
        text = loads_xml(light.get(f"{at}?_summary=text&_format=xml", me).content)
        assert list(text) == ["resourceType", "id", "meta", "status", "code"]
        assert light.get(f"{at}?_summary=false", me).json() == whole.json()
    for wrong in ("_summary=some", "_summary=count", "_elements=colour"):
        refused = light.get(f"{path}?{wrong}", me)
        assert (refused.status_code, refused.json()["issue"][0]["expression"]) == (400, [f"http.{wrong.partition('=')[0]}"])


def test_the_next_page_is_written_as_the_first_was(light, me, own):
    held = light.get(f"/fhir/Observation/{own}", me).content
    for _ in range(2):
        sent = {"content": held, "headers": {"content-type": "application/fhir+json"}}
        assert light.post("/fhir/Observation", me, **sent).status_code == 201
    first = loads_xml(light.get("/fhir/Observation?_count=1&_format=xml", me).content)
    [following] = [each["url"] for each in first["link"] if each["relation"] == "next"]
    answer = light.get(following, me)
    assert (answer.status_code, answer.headers["content-type"]) == (200, FHIR_XML)


def test_a_caller_who_names_the_version_is_told_the_version(light, me, own):
    answer = light.get(f"/fhir/Observation/{own}", me, headers={"accept": "application/fhir+json; fhirVersion=4.0"})
    assert answer.headers["content-type"] == "application/fhir+json; fhirVersion=4.0; charset=utf-8"


def test_what_is_sent_in_xml_is_kept_as_what_it_says(light, me, own):
    held = light.get(f"/fhir/Observation/{own}", me).json() | {"status": "amended"}
    held["valueQuantity"] = {"value": 61, "unit": "1/min"}
    sent = {"content": dumps_xml(held), "headers": {"content-type": "application/fhir+xml; charset=utf-8"}}
    answer = light.do("PUT", f"/fhir/Observation/{own}", me, **sent)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["valueQuantity"]) == ("amended", {"value": 61, "unit": "1/min"})


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/fhir+xml", 400),
        ("text/xml", 400),
        ("application/fhir+json; charset=iso-8859-1", 415),
        ("application/fhir+xml; charset=utf-16", 415),
        ("application/fhir+json; fhirVersion=3.0", 415),
        ("application/fhir+json; fhirVersion=4.0", 422),
        ("application/json+fhir", 422),
    ],
)
def test_a_body_is_read_as_what_its_content_type_says(light, me, kind, status):
    sent = {"content": b'{"resourceType":"Observation"}', "headers": {"content-type": kind, "accept": "text/xml"}}
    answer = light.post("/fhir/Observation", me, **sent)
    assert (answer.status_code, answer.headers["content-type"]) == (status, FHIR_XML)
