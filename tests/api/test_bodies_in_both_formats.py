"""What a source's client writes comes out as it went in, in both formats; what nobody should send is refused with its place."""

import json
import re

import pytest

from hub.fhir.json import dumps, loads
from hub.fhir.types import TYPES
from hub.fhir.validation import validate
from hub.fhir.xml import dumps_xml
from hub.fhir.xml_reader import loads_xml

WHO = "alfa-client"
JSON, XML = "application/fhir+json", "application/fhir+xml"
ELSEWHERE = frozenset(("QuestionnaireResponse/bb",))
"""Examples about a Patient of another server, of whom no source writes here."""


def plain(held):
    """A resource without what the server sets."""
    meta = {name: each for name, each in held.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    rest = {name: each for name, each in held.items() if name != "meta"}
    return rest | ({"meta": meta} if meta else {})


def send(house, method, path, content, kind):
    return house.do(method, path, WHO, content=content, headers={"content-type": kind, "accept": kind})


@pytest.fixture(scope="module")
def examples(reference):
    """The first valid example of HL7's of every type that the hub holds."""
    found = {}
    for path in sorted((reference / "samples" / "fhir-r4" / "hl7-r4-examples").glob("**/*.json")):
        held = loads(path.read_bytes())
        if held.get("resourceType") in TYPES and held.get("id") and not validate(held):
            found.setdefault(held["resourceType"], held)
    return [held for held in found.values() if f"{held['resourceType']}/{held['id']}" not in ELSEWHERE]


@pytest.mark.reference
def test_every_example_comes_out_as_it_went_in(light, examples):
    assert len(examples) > 25
    for name in sorted({name for held in examples for name in re.findall(rb'"Patient/([A-Za-z0-9.-]+)"', dumps(held))}):
        path = f"/fhir/Patient/{name.decode()}"
        assert send(light, "PUT", path, dumps({"resourceType": "Patient", "id": name.decode()}), JSON).status_code == 201
    for held in examples:
        path = f"/fhir/{held['resourceType']}/{held['id']}"
        made = send(light, "PUT", path, dumps(held), JSON)
        assert made.status_code in (200, 201), (path, made.text)
        stored = light.get(path, WHO)
        shown = light.get(path, WHO, headers={"accept": XML})
        assert plain(loads(stored.content)) == plain(held), path
        assert plain(loads_xml(shown.content)) == plain(held), path
        again = send(light, "PUT", path, dumps_xml(held), XML)
        assert (again.status_code, plain(loads_xml(again.content))) == (200, plain(held)), (path, again.text)
        assert plain(loads(light.get(path, WHO).content)) == plain(held)


# What nobody should send


def basic(inside, before=""):
    return f'{before}<Observation xmlns="http://hl7.org/fhir">{inside}<status value="final"/></Observation>'.encode()


DEEP = b'{"resourceType":"Observation","extension":' * 10_000
LAUGHS = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))


@pytest.mark.parametrize(
    ("kind", "content", "status", "place"),
    [
        (XML, basic("", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), 400, None),
        (XML, basic('<id value="&j;"/>', f'<!DOCTYPE a [<!ENTITY a "ha">{LAUGHS}]>'), 400, None),
        (XML, basic("").decode().encode("utf-16"), 400, None),
        (XML, basic("").replace(b"org/fhir", b"org/fhir2"), 400, "resourceType"),
        (XML, basic('<extension url="a">' * 10_000), 413, None),
        (XML, basic("<extension/>" * 100_000), 422, None),
        (XML, basic('<colour value="red"/>'), 422, "Observation.colour"),
        (XML, basic('<id value="a"/><identifier><colour/></identifier>'), 422, "Observation.identifier[0].colour"),
        (XML, basic('<note><text value=""/></note>'), 422, "Observation.status"),
        (XML, b"", 400, None),
        (XML, b'{"resourceType":"Observation"}', 400, None),
        (JSON, basic(""), 400, None),
        (JSON, b"", 400, None),
        (JSON, b"[]", 400, None),
        (JSON, b"null", 400, None),
        (JSON, b'"\xff"', 400, None),
        (JSON, DEEP, 413, None),
        (JSON, b"[" * 10_000, 413, None),
        (JSON, b'{"resourceType":"Observation","status":"final","status":"amended"}', 400, "Observation.status"),
        (JSON, b'{"resourceType":"Observation","status":"final","code":{"text":"a","text":"b"}}', 400, "Observation.code.text"),
        (JSON, b'{"resourceType":"Observation","status":1,"code":{"text":"a"}}', 422, "Observation.status"),
        (JSON, b'{"resourceType":"Observation","status":"final","code":"a"}', 422, "Observation.code"),
        (JSON, b'{"resourceType":"Observation","status":"final","code":{"text":"a\\u0000"}}', 400, None),
        (JSON, b'{"resourceType":"Observation","status":"final","code":{"text":"a\\ud800"}}', 400, None),
        (JSON, b'{"resourceType":"Observation","valueQuantity":{"value":1e999999999}}', 400, None),
        (JSON, b'{"resourceType":"Observation","valueQuantity":{"value":NaN}}', 400, None),
        (JSON, b'{"resourceType":"Observation","category":[' + b"{}," * 300_000 + b"{}]}", 422, "Observation.category[0]"),
        (JSON, b'{"resourceType":"Observation","x":"' + b"k" * 10_000_000 + b'"}', 413, None),
        (XML, basic('<id value="' + "k" * 10_000_000 + '"/>'), 413, None),
    ],
    ids=lambda value: repr(value[:60]) if isinstance(value, bytes) else str(value),
)
def test_a_hostile_body_is_refused_with_its_place(light, kind, content, status, place):
    answer = send(light, "POST", "/fhir/Observation", content, kind)
    assert answer.status_code == status, answer.text[:500]
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    held = loads_xml(answer.content) if answer.headers["content-type"].startswith(XML) else json.loads(answer.content)
    assert held["resourceType"] == "OperationOutcome"
    assert len(held["issue"]) <= 51
    if place:
        assert place in [each for issue in held["issue"] for each in issue.get("expression", ())], held


def test_a_fault_is_told_with_expression_and_location_in_both_formats(light):
    wrong = {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, "component": [{"valueBoolean": "yes"}]}
    for kind, content in ((JSON, dumps(wrong)), (XML, dumps_xml(wrong))):
        answer = send(light, "POST", "/fhir/Observation", content, kind)
        held = loads_xml(answer.content) if kind == XML else answer.json()
        assert answer.status_code == 422
        assert [(each["expression"], each["location"]) for each in held["issue"]] == [
            (["Observation.component[0].value"], ["/f:Observation/f:component[1]/f:valueBoolean"]),
            (["Observation.component[0].code"], ["/f:Observation/f:component[1]/f:code"]),
        ]


def test_a_document_that_is_no_xml_is_refused_with_its_line(light):
    answer = send(light, "POST", "/fhir/Observation", b"<Observation xmlns='http://hl7.org/fhir'>\n <a></b></Observation>", XML)
    assert (answer.status_code, "line 2" in answer.text) == (400, True)
    answer = send(light, "POST", "/fhir/Observation", b'{"resourceType":\n ]', JSON)
    assert (answer.status_code, "line 2, column 2" in answer.text) == (400, True)
