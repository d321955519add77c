"""Hjärtgården's FHIR server, asked over a real socket: searches, pages, what comes along, and its bad days."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class

from hub.demo.clinic.resources import PERSONNUMMER, held
from hub.demo.clinic.server import PAGE_SIZE, TYPES, EndlessPages, FhirServer, NextElsewhere
from hub.demo.rivta.trouble import Fault, Hang, Html, HttpError, OtherPatient, Truncated
from hub.demo.world import organisations as o
from hub.demo.world.model import Fact, World
from hub.demo.world.stories.ingrid import INGRID
from hub.demo.world.stories.newcomers import VIKTOR

pytestmark = pytest.mark.anyio
ABOUT_INGRID = {"patient.identifier": f"{PERSONNUMMER}|{INGRID}"}


class Clinic:
    """The running server and somebody who asks it."""

    def __init__(self, server: FhirServer, url: str, client: httpx.AsyncClient) -> None:
        self.server, self.url, self.client = server, url, client

    async def ask(self, kind: str) -> httpx.Response:
        return await self.client.post(f"{self.url}/{kind}/_search", data=ABOUT_INGRID)

    async def everything(self, kind: str) -> list[dict[str, Any]]:
        """All pages of a search."""
        bundle, pages = (await self.ask(kind)).json(), []
        while True:
            pages.append(bundle)
            following = [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
            if not following:
                return pages
            bundle = (await self.client.get(following[0])).json()


@pytest.fixture
async def clinic(world: World) -> AsyncIterator[Clinic]:
    server = FhirServer(world)
    async with server.serve() as url, httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield Clinic(server, url, client)


def matches(pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry["resource"] for page in pages for entry in page.get("entry", []) if entry["search"]["mode"] == "match"]


@pytest.mark.parametrize("kind", TYPES)
async def test_a_search_gives_all_that_the_clinic_holds_of_a_type_in_pages_of_five(
    clinic: Clinic, world: World, kind: str
) -> None:
    pages = await clinic.everything(kind)
    found = matches(pages)
    assert [each["id"] for each in found] == [each["id"] for each in held(world, kind, INGRID)]
    assert all(len(matches([page])) <= PAGE_SIZE for page in pages)
    assert {page["total"] for page in pages} == {len(found)}
    assert len(pages) == -(-len(found) // PAGE_SIZE)


async def test_every_fact_that_the_clinic_holds_is_found_by_its_key(clinic: Clinic, world: World) -> None:
    found = {resource["identifier"][0]["value"] for kind in TYPES for resource in matches(await clinic.everything(kind))}
    assert found == {fact.key for fact in world.facts(o.PRIVATE, INGRID, Fact)}


async def test_every_resource_is_sound_fhir_and_every_reference_comes_with_its_page(clinic: Clinic) -> None:
    for kind in TYPES:
        for page in await clinic.everything(kind):
            get_fhir_model_class("Bundle").model_validate(page)
            names = {f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in page["entry"]}
            for resource in matches([page]):
                subject = resource.get("subject") or resource["participant"][0]["actor"]
                assert subject["reference"] in names
                assert subject["identifier"] == {"system": PERSONNUMMER, "value": INGRID}


async def test_a_get_answers_as_a_post_does_and_an_unknown_number_gives_an_empty_bundle(clinic: Clinic) -> None:
    by_get = (await clinic.client.get(f"{clinic.url}/CarePlan", params=ABOUT_INGRID)).json()
    assert by_get == (await clinic.ask("CarePlan")).json()
    nobody = {"patient.identifier": f"{PERSONNUMMER}|191212121212"}
    assert (await clinic.client.post(f"{clinic.url}/CarePlan/_search", data=nobody)).json() == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
    }


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("CarePlan", {}, 400),
        ("CarePlan", {"patient.identifier": INGRID}, 400),
        ("CarePlan", {"_page": "s99"}, 400),
        ("Condition", ABOUT_INGRID, 404),
        ("Practitioner/9999", {}, 404),
    ],
    ids=str,
)
async def test_what_it_does_not_do_it_refuses(clinic: Clinic, path: str, asked: dict[str, str], status: int) -> None:
    answer = await clinic.client.get(f"{clinic.url}/{path}", params=asked)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


async def test_it_states_its_capabilities_and_gives_a_practitioner_by_id(clinic: Clinic) -> None:
    assert (await clinic.client.get(f"{clinic.url}/metadata")).json()["fhirVersion"] == "4.0.1"
    practitioner = (await clinic.client.get(f"{clinic.url}/Practitioner/3001")).json()
    assert practitioner["identifier"][0]["value"] == "SE5599990016-3001"


async def test_a_bad_day_shows_as_html_an_error_half_an_answer_or_an_outcome(clinic: Clinic) -> None:
    clinic.server.troubles["*"] = Html()
    assert (await clinic.ask("CarePlan")).headers["content-type"].startswith("text/html")
    clinic.server.troubles["*"] = HttpError(503)
    assert (await clinic.ask("CarePlan")).status_code == 503
    clinic.server.troubles["*"] = Fault("database")
    assert (await clinic.ask("CarePlan")).json()["issue"][0]["code"] == "exception"
    clinic.server.troubles["*"] = Truncated()
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        (await clinic.ask("CarePlan")).json()
    clinic.server.troubles.clear()
    assert (await clinic.ask("CarePlan")).json()["total"] == 2


async def test_on_order_it_answers_about_another_patient(clinic: Clinic) -> None:
    clinic.server.troubles["Observation"] = OtherPatient(VIKTOR)
    found = matches([(await clinic.ask("Observation")).json()])
    assert {each["subject"]["identifier"]["value"] for each in found} == {VIKTOR}
    assert matches([(await clinic.ask("CarePlan")).json()])[0]["subject"]["identifier"]["value"] == INGRID


async def test_on_order_its_pages_lead_elsewhere_or_round_and_round(clinic: Clinic) -> None:
    clinic.server.troubles["Observation"] = NextElsewhere("http://198.51.100.7/fhir")
    assert (await clinic.ask("Observation")).json()["link"][0]["url"] == "http://198.51.100.7/fhir"
    clinic.server.troubles["Observation"] = EndlessPages()
    first = (await clinic.ask("Observation")).json()
    again = (await clinic.client.get(first["link"][0]["url"])).json()
    assert matches([again]) == matches([first])


async def test_a_hanging_server_still_stops_at_once(world: World) -> None:
    server = FhirServer(world)
    server.troubles["*"] = Hang(60)
    started = time.monotonic()
    async with server.serve() as url, httpx.AsyncClient(timeout=0.2, trust_env=False) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(f"{url}/CarePlan/_search", data=ABOUT_INGRID)
    assert time.monotonic() - started < 5
    assert server.calls == {"CarePlan": 1}
