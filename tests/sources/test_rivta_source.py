"""RIV-TA producers are asked as the contracts say, and every way of failing has its own words, without data."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from hub.config import SourceConfig
from hub.discovery import plugins
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.mappers import Mapper
from hub.sources import Fault, SourceFailed
from hub.sources._rivta_requests import QUESTIONS
from hub.sources.rivta import RivtaSource, question_of

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
PATIENT = Identifier(PERSONNUMMER, "195009072553")
RESERVE = Identifier("urn:oid:1.2.752.97.3.1.3", "99195009072553")
ADDRESS = "http://producer.example:8080/rivta"
LOGISTICS = "urn:riv:clinicalprocess:logistics:logistics"
CONTRACTS = tuple(mapper.name for mapper in plugins("hub.mappers", Mapper) if mapper.family in QUESTIONS)


def config(**more: Any) -> SourceConfig:
    return SourceConfig(
        **{"name": "a", "title": "A", "kind": "rivta", "owner": "SE-O", "system": "SE-SYS", "address": ADDRESS, "timeout": 1.0}
        | more
    )


def soap(body: str, header: str = "") -> str:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'


def plans(inside: str = "", code: str = "OK", header: str = "") -> str:
    result = f'<r:result xmlns:c="{LOGISTICS}:3"><c:resultCode>{code}</c:resultCode></r:result>'
    body = f'<r:GetCarePlansResponse xmlns:r="{LOGISTICS}:GetCarePlansResponder:2">{inside}{result}</r:GetCarePlansResponse>'
    return soap(body, header)


Handler = Callable[[httpx.Request], httpx.Response]


async def ask(handler: Handler, contract: str = "rivta_care_plans", patient: Identifier = PATIENT, **more: Any) -> Any:
    source = RivtaSource(config(**more), httpx.MockTransport(handler))
    try:
        return await source.fetch(contract, patient)
    finally:
        await source.aclose()


def failure_of(handler: Handler, **more: Any) -> SourceFailed:
    with pytest.raises(SourceFailed) as failure:
        asyncio.run(ask(handler, **more))
    return failure.value


def says(text: str, status: int = 200) -> Handler:
    return lambda request: httpx.Response(status, text=text)


def test_the_answer_comes_back_byte_for_byte() -> None:
    text = plans("<r:carePlan/>\n  <!-- as sent -->")
    fetched = asyncio.run(ask(says(text)))
    assert (fetched.contents, fetched.partial) == ((text.encode(),), "")


def test_a_question_carries_its_action_and_its_logical_address() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, text=plans())

    asyncio.run(ask(handler))
    (request,) = seen
    assert request.headers["SOAPAction"] == '"urn:riv:clinicalprocess:logistics:GetCarePlansResponder:2:GetCarePlans"'
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert b"<a:LogicalAddress>SE-SYS</a:LogicalAddress>" in request.content
    assert PATIENT.value not in str(request.url) + str(request.headers)


@pytest.mark.reference
@pytest.mark.parametrize("patient", [PATIENT, RESERVE], ids=["personnummer", "reserve number"])
@pytest.mark.parametrize("operation", QUESTIONS)
def test_every_question_is_valid_against_the_real_schema(operation: str, patient: Identifier, reference: Path) -> None:
    root = etree.fromstring(QUESTIONS[operation].envelope(patient, "SE-SYS"))
    (body,) = root.find(f"{{{SOAP}}}Body")
    for person in body.iter("{*}subject_of_care"):
        person.text = f"^{PATIENT.value}$"  # the schema's pattern has a literal ^ and $, which no number has
    (schema,) = reference.glob(f"rivta/*/schemas/interactions/*/{operation}Responder_*.xsd")
    etree.XMLSchema(etree.parse(str(schema))).assertValid(body)


@pytest.mark.reference
@pytest.mark.parametrize("operation", QUESTIONS)
def test_every_action_is_the_one_in_the_wsdl(operation: str, reference: Path) -> None:
    (wsdl,) = reference.glob(f"rivta/*/schemas/interactions/*/{operation}Interaction_*_RIVTABP21.wsdl")
    (action,) = etree.parse(str(wsdl)).xpath("//*[local-name()='operation']/@soapAction")
    assert QUESTIONS[operation].action == action


def test_every_contract_that_can_be_asked_has_a_mapper() -> None:
    assert {question_of(name).operation for name in CONTRACTS} <= set(QUESTIONS)
    assert {"GetCarePlans", "GetCareContacts", "GetSubjectOfCareSchedule", "GetPersonsForProfile"} <= {
        question_of(name).operation for name in CONTRACTS
    }


def test_a_number_cannot_break_out_of_its_element() -> None:
    held = QUESTIONS["GetCarePlans"].envelope(Identifier(PERSONNUMMER, "</c:id><evil/>&x;"), "SE<SYS>").decode()
    assert "<evil/>" not in held
    etree.fromstring(held.encode())


FAULT = "<s:Fault><faultcode>s:Server</faultcode><faultstring>VP007 195009072553 Astrid</faultstring></s:Fault>"


@pytest.mark.parametrize(
    ("text", "status", "fault", "detail"),
    [
        (soap(FAULT), 500, Fault.SOAP, "VP007"),
        (soap(FAULT), 200, Fault.SOAP, "VP007"),
        ("<html>Astrid 195009072553</html>", 200, Fault.FORM, "the message is not a SOAP 1.1 envelope"),
        ("Astrid 195009072553", 500, Fault.HTTP, "status 500"),
        ("", 404, Fault.HTTP, "status 404"),
        ("", 302, Fault.HTTP, "status 302"),
        ("", 503, Fault.HTTP, "status 503"),
        (plans(), 404, Fault.HTTP, "status 404"),
        (soap("<x/>"), 200, Fault.FORM, "not an answer to GetCarePlans"),
        (plans().replace("Responder:2", "Responder:3"), 200, Fault.FORM, "not an answer to GetCarePlans"),
        (plans(code="ERROR"), 200, Fault.LOGICAL, "resultCode ERROR"),
        ('<!DOCTYPE a [<!ENTITY x "195009072553">]><a>&x;</a>', 200, Fault.FORM, "the document has a document type"),
    ],
    ids=[
        "fault",
        "fault with 200",
        "HTML",
        "500 without SOAP",
        "404",
        "redirect",
        "503",
        "SOAP with 404",
        "another answer",
        "another version",
        "refused",
        "DTD",
    ],
)
def test_a_failure_is_told_in_our_words_and_what_came_is_kept(text: str, status: int, fault: Fault, detail: str) -> None:
    failure = failure_of(says(text, status))
    assert (failure.fault, failure.detail, failure.content) == (fault, detail, text.encode())
    assert "195009072553" not in str(failure)


def test_an_error_with_records_is_a_part_and_not_a_failure() -> None:
    fetched = asyncio.run(ask(says(plans("<r:carePlan/>", code="ERROR"))))
    assert fetched.partial == "the source says that the question failed"


def test_an_aggregators_missing_source_makes_the_answer_a_part() -> None:
    row = "<h:ProcessingStatusList><h:logicalAddress>X</h:logicalAddress><h:statusCode>{}</h:statusCode></h:ProcessingStatusList>"
    rows = row.format("DataFromSource") + row.format("NoDataSynchFailed")
    header = f'<h:ProcessingStatus xmlns:h="urn:riv:interoperability:headers:1">{rows}</h:ProcessingStatus>'
    assert asyncio.run(ask(says(plans(header=header)))).partial == "1 of its 2 sources gave old data or none"


def test_a_redirect_is_never_followed() -> None:
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.host)
        return httpx.Response(307, headers={"Location": "http://elsewhere.example/"})

    failure_of(handler)
    assert seen == ["producer.example"]


def test_an_answer_without_end_is_cut_off() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    assert failure_of(lambda _: httpx.Response(200, content=endless()), timeout=30.0).fault is Fault.TOO_LARGE


def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"\x1f\x8b"))
    assert failure_of(lambda _: bomb).fault is Fault.FORM


def test_a_source_that_trickles_is_late_by_its_timeout() -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(5)
        return httpx.Response(200)

    begun = time.monotonic()
    assert failure_of(slow, timeout=0.1).fault is Fault.TIMEOUT  # type: ignore[arg-type]  # the transport takes either colour
    assert time.monotonic() - begun < 2


def test_only_a_connection_that_never_came_about_is_tried_again() -> None:
    tries = {"connect": 0, "read": 0}

    def refuses_twice(request: httpx.Request) -> httpx.Response:
        tries["connect"] += 1
        if tries["connect"] < 3:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, text=plans())

    def breaks(request: httpx.Request) -> httpx.Response:
        tries["read"] += 1
        raise httpx.ReadError("broken")

    asyncio.run(ask(refuses_twice))
    assert failure_of(breaks).fault is Fault.HTTP
    assert tries == {"connect": 3, "read": 1}


def test_a_source_that_is_down_is_soon_left_alone() -> None:
    asked = 0

    def handler(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(503)

    async def scenario() -> list[Fault]:
        source = RivtaSource(config(), httpx.MockTransport(handler), clock=lambda: 0.0)
        found = []
        for _ in range(8):
            try:
                await source.fetch("rivta_care_plans", PATIENT)
            except SourceFailed as failure:
                found.append(failure.fault)
        await source.aclose()
        return found

    assert asyncio.run(scenario()) == [Fault.HTTP] * 5 + [Fault.BREAKER] * 3
    assert asked == 5


def test_no_more_questions_run_at_once_than_the_source_takes() -> None:
    running, most = 0, 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.01)
        running -= 1
        return httpx.Response(200, text=plans())

    async def scenario() -> None:
        source = RivtaSource(config(concurrency=2), httpx.MockTransport(handler))
        await asyncio.gather(*(source.fetch("rivta_care_plans", PATIENT) for _ in range(9)))
        await source.aclose()

    asyncio.run(scenario())
    assert most == 2


def test_a_number_that_riv_ta_has_no_oid_for_is_not_asked() -> None:
    assert failure_of(says(plans()), patient=Identifier("http://example.org/id", "1")).fault is Fault.FORM


def test_a_contract_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a RIV-TA contract"):
        question_of("hl7v2_oru_r01")
