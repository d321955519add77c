"""A hub over the simulated world, with the portal and the real authorization server, in one process."""

import re
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from hub import config, directory, ingest
from hub.authserver import Client, authorization_server
from hub.authserver.issue import Authority, issue_token
from hub.caller import Caller
from hub.demo import personas
from hub.demo.clinic.server import FhirServer
from hub.demo.configuration import Addresses, write
from hub.demo.hospital.sender import outbox
from hub.demo.municipality.files import drop
from hub.demo.rivta import regions, register
from hub.demo.rivta.server import SoapServer
from hub.demo.world import organisations as o
from hub.demo.world.build import build
from hub.demo.world.model import Measurement, World
from hub.demo.world.stories.ingrid import INGRID
from hub.errors import HubError
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.hub import Hub
from hub.interactions import write as writing
from hub.interactions.access import register as grant
from hub.interactions.changes import Change
from hub.interactions.context import Context
from hub.interactions.overview import found
from hub.keys import Keys
from hub.limits import Limits
from hub.mappers import SourceMessage
from hub.portal import Portal, missing_page, portal_routes
from hub.refresh import Refresher
from hub.smart import Verifier
from hub.sources.fhir_rest import FhirSource
from hub.sources.rivta import RivtaSource
from hub.store.audit_log import Leaf
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.tokens import SigningKey, new_pem
from hub.tokens import signing_key as read_key

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
BASE = "http://hub.test"
UCUM = "http://unitsofmeasure.org"


@dataclass(slots=True)
class Clock:
    """A time that moves when told."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(slots=True)
class House:
    """Everything that a test may want to reach."""

    hub: Hub
    refresher: Refresher
    verifier: Verifier
    app: Starlette
    clock: Clock
    world: World
    regions: dict[str, SoapServer]
    clinic: FhirServer
    key: SigningKey
    posts: list[Mapping[str, str]] = field(default_factory=list)
    unlogged: list[tuple[str, str]] = field(default_factory=list)
    """Refusals that have no entry of their own: kind and who."""

    def browser(self) -> "Browser":
        return Browser(self, httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=self.hub.config.base_url))

    async def measure(self, count: int = 50) -> None:
        """Ingrid writes her own measurements and shares them with the heart clinic."""
        await measure(self, count)


@dataclass(slots=True)
class Browser:
    """What a browser does: follows links, sends the forms of pages, keeps cookies."""

    house: House
    http: httpx.AsyncClient
    started: str = ""
    """The address of the sign-in page that was last come to."""

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, follow_redirects=True)

    async def send(self, page: httpx.Response | str, action: str, **fields: str) -> httpx.Response:
        """Send the form of `page` that goes to `action`, its hidden fields with it."""
        held = page if isinstance(page, str) else page.text
        forms = re.findall(rf'<form method="post" action="{re.escape(action)}"[^>]*>(.*?)</form>', held, re.S)
        wanted = [form for form in forms if all(f'name="{name}"' in form or name == "choice" for name in fields)]
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', wanted[0]))
        return await self.http.post(action, data=hidden | fields, follow_redirects=True)

    async def sign_in(self, persona: str) -> httpx.Response:
        """As a person does: the link, the choice of a persona, back with a code."""
        page = await self.get("/logga-in")
        assert page.status_code == 200, page.text
        self.started = str(page.url)
        held = personas.account(personas.persona(persona), self.house.world)
        commission = held.commissions[0].hsa_id if held.commissions else ""
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        fields = {name: value.replace("&amp;", "&").replace("&#34;", '"') for name, value in fields.items()}
        return await self.http.post("/auth/authorize", data=fields | {"choice": f"{persona}|{commission}"}, follow_redirects=True)

    async def open(self, number: str) -> tuple[str, httpx.Response]:
        """Choose a patient by number. Gives: the handle, and the page one comes to."""
        page = await self.send(await self.get("/sok"), "/sok", number=number)
        found = re.search(r"/patient/([\w-]+)", str(page.url))
        assert found, page.text
        return found[1], page

    async def all_steps(self, number: str, consent: str = "unit") -> httpx.Response:
        """Relation, need, consent. Gives: the overview."""
        handle, page = await self.open(number)
        gate = f"/patient/{handle}/atkomst"
        page = await self.send(page, gate, **{"relation": "yes", "relation-end": "2026-11-27"})
        page = await self.send(page, gate, need="treatment")
        return await self.send(page, gate, **{"consent": consent, "consent-end": "2027-05-19"})


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return read_key(new_pem())


@pytest.fixture(scope="session")
async def delivered(tmp_path_factory: pytest.TempPathFactory, signing_key: SigningKey) -> Path:
    """A database in which the register knows Ingrid, and the pushing sources have sent what they have."""
    folder = tmp_path_factory.mktemp("delivered")
    async with made(folder, signing_key, BASE):
        pass
    return folder / "hub.db"


@pytest.fixture
async def house(tmp_path: Path, delivered: Path, signing_key: SigningKey) -> AsyncIterator[House]:
    """The whole world behind the portal, nothing asked yet."""
    shutil.copy(delivered, tmp_path / "hub.db")
    async with made(tmp_path, signing_key, BASE) as held:
        yield held


@pytest.fixture
def made_house(tmp_path: Path, signing_key: SigningKey) -> Callable[[str], "made"]:
    """Makes a House at another address."""
    return lambda base: made(tmp_path, signing_key, base)


class made:  # reads as a word where it is used
    """A House while the block lasts; at `base`."""

    def __init__(self, folder: Path, key: SigningKey, base: str) -> None:
        self.folder, self.key, self.base = folder, key, base

    async def __aenter__(self) -> House:
        self.house = await _built(self.folder, self.key, self.base)
        return self.house

    async def __aexit__(self, *_: object) -> None:
        await self.house.refresher.close()
        for fetcher in self.house.hub.fetchers.values():
            await fetcher.aclose()
        self.house.hub.store.close()


async def _built(folder: Path, key: SigningKey, base: str) -> House:
    world, clock = build(NOW.date()), Clock()
    issuer = f"{base}/auth"
    held = config.read(
        write(
            folder,
            world,
            Addresses(
                norrdal=f"{base}/n", vastvik=f"{base}/v", clinic=f"{base}/fhir", register=f"{base}/r", mllp="x:1", files=folder
            ),
            {"base_url": base, "portal_issuer": issuer, "data": ".", "deadline": 2.0},
            [
                {
                    "issuer": issuer,
                    "audience": f"{base}/fhir",
                    "authorize_url": f"{issuer}/authorize",
                    "token_url": f"{issuer}/token",
                }
            ],
        ),
        {},
    )
    ready = (folder / "hub.db").exists()
    store = Store(f"sqlite:///{folder / 'hub.db'}", Keys(b"i" * 32, b"c" * 32), clock)
    store.open()
    servers = {
        o.REGION_NORRDAL: regions.norrdal(world),
        o.REGION_VASTVIK: regions.vastvik(world),
        o.POPULATION: register.register(world),
    }
    clinic = FhirServer(world)
    by_name = {source.name: source for source in held.sources}
    fetchers: dict[str, Any] = {
        name: RivtaSource(by_name[name], httpx.ASGITransport(server.app)) for name, server in servers.items()
    }
    fetchers[o.PRIVATE] = FhirSource(by_name[o.PRIVATE], httpx.ASGITransport(clinic.app))
    places = directory.read(folder / "directory.toml")
    hub = Hub(config=held, directory=places, store=store, fetchers=fetchers, clock=clock)
    refresher = Refresher(hub)
    accounts = personas.accounts(world)
    client = Client(client_id="portal", name="Patientöversikten", redirect_uris=(f"{base}/logga-in/svar",))

    async def logged(action: str, outcome: str, who: Mapping[str, str]) -> None:
        await store.commit(Leaf(NO_PATIENT, {"action": action, "outcome": outcome, "who": dict(who)}))

    audience = f"{base}/fhir"
    server = authorization_server(issuer, accounts, [client], key, audience=audience, clock=time.time, logged=logged)
    verifier = Verifier(
        held.issuers,
        held.clients,
        places,
        _nothing,
        given={issuer: {"keys": [dict(key.public)]}},
        clock=time.time,
    )
    made_house = House(hub, refresher, verifier, Starlette(), clock, world, servers, clinic, key)

    async def post(url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
        made_house.posts.append(form)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made_house.app), base_url=base) as http:
            answer = await http.post(url, data=dict(form))
        return answer.status_code, answer.content

    def count(_: Request, fault: HubError, caller: Caller | None) -> None:
        if caller and not fault.logged:
            made_house.unlogged.append((fault.issue, caller.subject))

    limits = Limits(6000, 12)
    portal = Portal(hub=hub, refresher=refresher, verifier=verifier, limits=limits, post=post, count=count)
    routes, missing = [*portal_routes(portal), Mount("/auth", server)], {404: missing_page(portal)}
    made_house.app = Starlette(routes=routes, exception_handlers=missing)
    if not ready:
        await refresher.identify(Identifier(PERSONNUMMER, INGRID))
        await _push(made_house, folder)
    for name in (o.HOSPITAL, o.MUNICIPALITY):
        hub.pushed[name] = store.now()
    return made_house


async def _nothing(_: str) -> bytes | None:
    return None


async def _push(house: House, folder: Path) -> None:
    """What the hospital sends and the municipality drops."""
    hub = house.hub
    for message in outbox(house.world):
        name = "hl7v2_oru_r01" if message.structure == "ORU_R01" else "hl7v2_siu"
        given = SourceMessage(o.HOSPITAL, name, message.content, NOW)
        await hub.store(ingest.ingest, hub, (given,))
    plans, teams = drop(house.world, folder)
    for name, path in (("csv_care_plans", plans), ("csv_care_team", teams)):
        await hub.store(ingest.ingest, hub, (SourceMessage(o.MUNICIPALITY, name, path.read_bytes(), NOW),))


async def measure(house: House, count: int = 50) -> None:
    """Ingrid writes her own measurements and shares them with the heart clinic."""
    account = personas.account(personas.persona("patient-ingrid"), house.world)
    client = Client(client_id="portal", name="p")
    authority = Authority(house.hub.config.portal_issuer, f"{house.hub.config.base_url}/fhir", house.key)
    caller = await house.verifier.caller(f"Bearer {issue_token(account, client, authority, time.time())}")
    start = Context(house.hub, house.refresher, caller, "own", house.hub.store.now())
    patient, _ = await found(start)
    for number, fact in enumerate(house.world.facts("own", INGRID, Measurement)[-count:]):
        context = Context(house.hub, house.refresher, caller, f"own-{number}", house.hub.store.now())
        made = _observation(fact, f"Patient/{patient['id']}")
        await writing.write(context, Change(action="create", type="Observation", resource=made))
    await grant(start, "shares", {"patient": patient["id"], "unit": o.HEART})


def _observation(fact: Measurement, patient: str) -> dict[str, Any]:
    def coded(code: Any) -> dict[str, Any]:
        return {"coding": [{"system": code.system, "code": code.code}], "text": code.text}

    def quantity(held: Any) -> dict[str, Any]:
        return {"value": Decimal(held.value), "unit": held.unit, "system": UCUM, "code": held.unit}

    written: dict[str, Any] = {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}
        ],
        "code": coded(fact.code),
        "subject": {"reference": patient},
        "performer": [{"reference": patient}],
        "effectiveDateTime": fact.time.isoformat(),
    }
    if fact.value:
        return written | {"valueQuantity": quantity(fact.value)}
    return written | {"component": [{"code": coded(code), "valueQuantity": quantity(value)} for code, value in fact.parts]}
