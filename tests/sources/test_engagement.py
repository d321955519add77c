"""The engagement index is asked as its contract says, in every service domain, and believed about the patient asked for alone."""

import asyncio

import httpx
import pytest
from lxml import etree

from hub.config import SourceConfig
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.sources import Fault, SourceFailed
from hub.sources.engagement import CONTRACT, CORE, DOMAINS, Engagement, EngagementIndex, engagements, find_content

DOMAIN = "itintegration_engagementindex"
PATIENT = Identifier(PERSONNUMMER, "191212121212")
RESPONDER = "urn:riv:itintegration:engagementindex:FindContentResponder:1"


def row(number="191212121212", category="voo", holder="SE2321000016", address="SE2321000016-src1"):
    return (
        f'<r:engagement xmlns:c="{CORE}"><c:registeredResidentIdentification>{number}</c:registeredResidentIdentification>'
        f"<c:serviceDomain>{DOMAINS[0]}</c:serviceDomain><c:categorization>{category}</c:categorization>"
        f"<c:logicalAddress>{address}</c:logicalAddress>"
        "<c:businessObjectInstanceIdentifier>NA</c:businessObjectInstanceIdentifier>"
        "<c:clinicalProcessInterestId>NA</c:clinicalProcessInterestId><c:mostRecentContent>20240115103000</c:mostRecentContent>"
        f"<c:sourceSystem>{address}</c:sourceSystem><c:dataController>{holder}</c:dataController></r:engagement>"
    )


def answer(*rows):
    body = f'<r:FindContentResponse xmlns:r="{RESPONDER}">{"".join(rows)}</r:FindContentResponse>'
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<s:Envelope xmlns:s="{envelope}"><s:Body>{body}</s:Body></s:Envelope>'


def ask(handler, patient=PATIENT):
    async def asked():
        config = SourceConfig(
            name="index", title="Index", kind="engagement", owner="SE1", system="SE-NTJP", address="http://index.example:8080/ei"
        )
        source = EngagementIndex(config, httpx.MockTransport(handler))
        try:
            return await source.fetch(CONTRACT, patient)
        finally:
            await source.aclose()

    return asyncio.run(asked())


def test_every_service_domain_is_asked_by_its_own_question():
    seen = []

    def handler(request):
        [body] = etree.fromstring(request.content).find("{*}Body")
        seen.append((request.headers["soapaction"], body.findtext("{*}serviceDomain"), body[0].text))
        return httpx.Response(200, text=answer(row()))

    fetched = ask(handler)
    assert sorted(seen) == sorted((f'"{RESPONDER}:FindContent"', each, PATIENT.value) for each in DOMAINS)
    assert len(fetched.contents) == len(DOMAINS)


def test_a_domain_without_an_answer_is_no_whole_answer():
    def handler(request):
        return httpx.Response(200, text=answer()) if DOMAINS[3].encode() not in request.content else httpx.Response(500, text="x")

    with pytest.raises(SourceFailed):
        ask(handler)


def test_the_index_is_not_asked_of_a_number_that_it_cannot_have():
    with pytest.raises(SourceFailed) as failure:
        ask(lambda request: httpx.Response(200, text=answer()), Identifier("urn:oid:1.2.752.97.3.1.3", "99195009072553"))
    assert failure.value.fault is Fault.FORM


def test_rows_of_somebody_else_or_of_nobody_say_nothing():
    content = answer(row(), row(number="191112111211"), row(holder=""), row(category="")).encode()
    assert engagements(content, PATIENT) == (Engagement("voo", "SE2321000016", "SE2321000016-SRC1"),)


@pytest.mark.reference
@pytest.mark.parametrize("domain", DOMAINS)
def test_a_question_is_valid_by_the_contract_s_schema(reference, domain):
    schema = etree.XMLSchema(
        etree.parse(
            reference / "rivta" / DOMAIN / "schemas" / "interactions" / "FindContentInteraction" / "FindContentResponder_1.0.xsd"
        )
    )
    [body] = etree.fromstring(find_content(domain).envelope(PATIENT, "SE-NTJP")).find("{*}Body")
    schema.assertValid(etree.fromstring(etree.tostring(body)))


@pytest.mark.reference
@pytest.mark.parametrize(("sample", "categories"), [("Basic_Response", 1), ("Multiple", 2), ("Empty_Response", 0)], ids=str)
def test_the_contract_s_own_samples_are_read(reference, sample, categories):
    content = (reference / "rivta" / DOMAIN / "samples" / "FindContent" / f"{sample}.xml").read_bytes()
    assert len({each.category for each in engagements(content, PATIENT)}) == categories
