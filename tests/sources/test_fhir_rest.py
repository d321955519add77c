"""The FHIR fetcher: what it asks, what it takes for an answer, and servers that misbehave."""

import asyncio
import json
from urllib.parse import parse_qs

import httpx
import pytest

from hub.config import SourceConfig
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.sources import Fault, SourceFailed
from hub.sources.fhir_rest import MAX_PAGES, TYPES, FhirSource

BASE = "https://hjartgarden.example/fhir/"
PERSON = Identifier(PERSONNUMMER, "195009072553")


def source(answer, timeout=1.0):
    config = SourceConfig(
        name="h", title="", kind="fhir", owner="SE1-P", unit="SE1-U", system="SE1-J", address=BASE[:-1], timeout=timeout
    )

    async def handle(request):
        found = answer(request)
        return await found if asyncio.iscoroutine(found) else found

    return FhirSource(config, httpx.MockTransport(handle))


def fetch(answer, contract="fhir_r4", timeout=1.0):
    async def scenario():
        asked = source(answer, timeout)
        try:
            return await asked.fetch(contract, PERSON)
        finally:
            await asked.aclose()

    return asyncio.run(scenario())


def bundle(*names, after=None, **more):
    link = {"link": [{"relation": "next", "url": after}]} if after else {}
    entries = [{"resource": {"resourceType": "Observation", "id": name}} for name in names]
    return {"resourceType": "Bundle", "type": "searchset", **link, "entry": entries} | more


def page(*names, **more):
    return httpx.Response(200, json=bundle(*names, **more), headers={"content-type": "application/fhir+json; charset=utf-8"})


def pages(fetched):
    (content,) = fetched.contents
    held = json.loads(content)
    assert held["type"] == "batch-response"
    return [entry["resource"] for entry in held["entry"]]


def test_the_number_is_asked_for_in_the_body_and_stands_in_no_url():
    asked = []

    def answer(request):
        asked.append((request.method, str(request.url), parse_qs(request.content.decode())))
        return page()

    fetched = fetch(answer)
    assert fetched.partial == ""
    assert sorted(url for _, url, _ in asked) == sorted(f"{BASE}{kind}/_search" for kind in TYPES)
    assert all(method == "POST" and "195009072553" not in url for method, url, _ in asked)
    assert all(form["patient.identifier"] == [f"{PERSONNUMMER}|195009072553"] for _, _, form in asked)


def test_pages_are_followed_and_bound_together_byte_by_byte():
    exact = b'{"resourceType":"Bundle","type":"searchset",  "total":1.50 }'

    def answer(request):
        if "Observation" not in request.url.path:
            return page()
        if request.method == "POST":
            return page("a", after=f"{BASE}Observation?_page=2")
        if request.url.params["_page"] == "2":
            return page("b", after="Observation?_page=3")
        return httpx.Response(200, content=exact, headers={"content-type": "application/json"})

    fetched = fetch(answer)
    assert [len(each.get("entry", [])) for each in pages(fetched)] == [0, 0, 0, 1, 1, 0]
    assert exact in fetched.contents[0]
    assert fetched.partial == ""


@pytest.mark.parametrize(
    "after",
    [
        "https://annan.example/fhir/Observation?_page=2",
        "http://hjartgarden.example/fhir/Observation?_page=2",
        "https://hjartgarden.example/admin",
        "https://hjartgarden.example.annan.example/fhir/",
        f"{BASE}../admin",
        "../admin",
        "//annan.example/fhir/Observation",
        "file:///etc/passwd",
    ],
)
def test_a_next_link_that_leads_astray_is_not_followed_and_the_answer_is_said_to_be_a_part(after):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return page("a", after=after)

    fetched = fetch(answer)
    assert len(asked) == len(TYPES)
    assert "another address" in fetched.partial
    assert pages(fetched)[-1]["resourceType"] == "OperationOutcome"


def test_pages_without_end_are_cut_off():
    numbers = iter(range(10_000))

    def answer(request):
        return page("a", after=f"{BASE}Observation?_page={next(numbers)}")

    fetched = fetch(answer, timeout=20.0)
    assert len(pages(fetched)) == MAX_PAGES * len(TYPES) + 1
    assert "more pages than are read" in fetched.partial


def test_a_circle_of_two_pages_is_noticed():
    def answer(request):
        return page("a", after=f"{BASE}Observation?_page={'2' if '1' in str(request.url) else '1'}")

    assert "circle" in fetch(answer).partial


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        (httpx.Response(200, html="<h1>Underhåll</h1>"), Fault.FORM),
        (httpx.Response(200, json={"resourceType": "Patient"}), Fault.FORM),
        (httpx.Response(200, json={"resourceType": "Bundle", "type": "collection"}), Fault.FORM),
        (httpx.Response(200, json=[]), Fault.FORM),
        (httpx.Response(200, content=b'{"resourceType":"Bun', headers={"content-type": "application/fhir+json"}), Fault.FORM),
        (httpx.Response(200, content=b"[" * 100_000, headers={"content-type": "application/fhir+json"}), Fault.FORM),
        (httpx.Response(200, content=b"\xff\xfe{", headers={"content-type": "application/fhir+json"}), Fault.FORM),
        (httpx.Response(400, json={"resourceType": "OperationOutcome"}), Fault.LOGICAL),
        (httpx.Response(401), Fault.HTTP),
        (httpx.Response(500, html="fel"), Fault.HTTP),
        (httpx.Response(503), Fault.HTTP),
        (httpx.Response(302, headers={"location": "https://annan.example"}), Fault.HTTP),
    ],
    ids=lambda value: str(getattr(value, "status_code", value)),
)
def test_an_answer_that_is_no_page_is_a_fault_with_what_came(response, fault):
    with pytest.raises(SourceFailed) as failed:
        fetch(lambda request: response)
    assert failed.value.fault is fault
    assert failed.value.content == response.content
    assert "195009072553" not in str(failed.value)


def test_a_server_that_hangs_is_given_up_in_time():
    async def hang(request):
        await asyncio.sleep(30)

    with pytest.raises(SourceFailed) as failed:
        fetch(hang, timeout=0.1)
    assert failed.value.fault is Fault.TIMEOUT


def test_what_one_type_gives_is_not_lost_because_another_failed():
    def answer(request):
        return httpx.Response(404, json={}) if "CareTeam" in request.url.path else page("a")

    fetched = fetch(answer)
    assert fetched.partial == "CareTeam: refused-by-the-source: status 404"
    assert len([each for each in pages(fetched) if each["resourceType"] == "Bundle"]) == len(TYPES) - 1


def test_a_later_page_that_fails_leaves_the_earlier_ones():
    def answer(request):
        return page("a", after=f"{BASE}Observation?p=2") if request.method == "POST" else httpx.Response(500)

    fetched = fetch(answer)
    assert "a later page failed (http-status)" in fetched.partial
    assert pages(fetched)[0]["entry"]


def test_another_contract_is_refused():
    with pytest.raises(SourceFailed) as failed:
        fetch(lambda request: page(), contract="rivta_care_plans")
    assert failed.value.fault is Fault.FORM
