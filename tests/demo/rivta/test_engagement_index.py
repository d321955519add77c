"""The engagement index of the simulated world: valid by its contract, read by the hub's own client, and told of changes."""

from contextlib import aclosing, asynccontextmanager
from datetime import date

import httpx
import pytest
from lxml import etree

from hub.config import SourceConfig
from hub.demo.rivta.engagement_index import CORE, FIND, KINDS, SYSTEM, UPDATE, engagement_index
from hub.demo.world import organisations as o
from hub.demo.world.build import build
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.sources.engagement import CONTRACT, DOMAINS, EngagementIndex, engagements, find_content

pytestmark = pytest.mark.anyio
FOLDER = "rivta/itintegration_engagementindex/schemas/interactions"


@pytest.fixture(scope="module")
def world():
    return build(date(2026, 11, 21))


@asynccontextmanager
async def served(world):
    async with engagement_index(world).serve() as url:
        yield SourceConfig(
            name="index", title="Index", kind="engagement", owner=o.REGISTER, system=world.systems[SYSTEM].hsa_id, address=url
        )


async def rows(config, number):
    source, patient = EngagementIndex(config), Identifier(PERSONNUMMER, number)
    try:
        fetched = await source.fetch(CONTRACT, patient)
    finally:
        await source.aclose()
    return {(each.category, each.holder) for content in fetched.contents for each in engagements(content, patient)}


async def checked(config):
    async with aclosing(EngagementIndex(config)) as source:
        return [each async for each in source.check()]


async def sent(config, operation, inside):
    envelope = "http://schemas.xmlsoap.org/soap/envelope/"
    header = f'<a:LogicalAddress xmlns:a="urn:riv:itintegration:registry:1">{config.system}</a:LogicalAddress>'
    namespace = (FIND if operation == "FindContent" else UPDATE).uri
    body = f'<r:{operation} xmlns:r="{namespace}" xmlns:c="{CORE.uri}">{inside}</r:{operation}>'
    text = f'<s:Envelope xmlns:s="{envelope}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    async with httpx.AsyncClient() as client:
        answer = await client.post(config.address, content=text)
    [found] = etree.fromstring(answer.content).find(f"{{{envelope}}}Body")
    return etree.fromstring(etree.tostring(found))


def change(number, holder, gone="false"):
    return (
        f"<r:engagementTransaction><c:deleteFlag>{gone}</c:deleteFlag><c:engagement>"
        f"<c:registeredResidentIdentification>{number}</c:registeredResidentIdentification>"
        f"<c:serviceDomain>{DOMAINS[5]}</c:serviceDomain><c:categorization>voo</c:categorization>"
        f"<c:logicalAddress>{holder}-J</c:logicalAddress><c:businessObjectInstanceIdentifier>NA</c:businessObjectInstanceIdentifier>"
        "<c:clinicalProcessInterestId>NA</c:clinicalProcessInterestId><c:mostRecentContent>20261101120000</c:mostRecentContent>"
        f"<c:sourceSystem>{holder}-J</c:sourceSystem><c:dataController>{holder}</c:dataController>"
        "</c:engagement></r:engagementTransaction>"
    )


async def test_the_hub_is_told_who_holds_what_kind_of_a_person_in_the_world(world):
    async with served(world) as config:
        for person in world.persons.values():
            expected = {
                (KINDS[type(fact)][1], fact.custody.provider)
                for fact in world.of_person(person.number)
                if type(fact) in KINDS and not fact.custody.nullified and not world.units[fact.custody.unit].social
            }
            assert await rows(config, person.number) == expected
    assert any(world.of_person(person.number) for person in world.persons.values())


async def test_what_is_told_by_update_is_there_until_it_is_taken_back(world):
    number = next(iter(world.persons))
    async with served(world) as config:
        before = await rows(config, number)
        assert (await sent(config, "Update", change(number, o.VASTVIK))).findtext("{*}ResultCode") == "OK"
        assert await rows(config, number) == before | {("voo", o.VASTVIK)}
        assert (await sent(config, "Update", change(number, o.VASTVIK, "true"))).findtext("{*}ResultCode") == "OK"
        assert await rows(config, number) == before
        twice = change(number, o.VASTVIK) * 2
        assert (await sent(config, "Update", twice)).findtext("{*}ResultCode") == "ERROR"


async def test_the_way_to_it_is_tried_step_by_step_and_ends_where_it_breaks(world):
    async with served(world) as config:
        steps = await checked(config)
        assert [each.name for each in steps] == ["name", "connection", "TLS", f"{CONTRACT}: answer"]
        assert all(each.passed for each in steps)
    steps = await checked(config)  # nobody listens there any more
    assert [(each.name, each.passed) for each in steps] == [("name", True), ("connection", False)]


@pytest.mark.reference
async def test_its_answers_and_the_updates_sent_to_it_are_valid(world, reference):
    find = etree.XMLSchema(etree.parse(reference / FOLDER / "FindContentInteraction" / "FindContentResponder_1.0.xsd"))
    told = etree.XMLSchema(etree.parse(reference / FOLDER / "UpdateInteraction" / "UpdateResponder_1.0.xsd"))
    async with served(world) as config:
        for person in world.persons.values():
            for domain in {domain for domain, _ in KINDS.values()}:
                asked = find_content(domain).body(Identifier(PERSONNUMMER, person.number), "")
                find.assertValid(await sent(config, "FindContent", asked))
        told.assertValid(await sent(config, "Update", change(person.number, o.VASTVIK)))
        told.assertValid(await sent(config, "Update", change(person.number, o.VASTVIK) * 2))
    update = f'<r:Update xmlns:r="{UPDATE.uri}" xmlns:c="{CORE.uri}">{change(person.number, o.VASTVIK)}</r:Update>'
    told.assertValid(etree.fromstring(update))
