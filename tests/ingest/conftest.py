"""A hub on each database in turn, with sources as the examples' settings say, and fetchers that answer as they are told."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from hub.config import Config, SourceConfig
from hub.directory import Directory, Provider, Staff, Unit
from hub.enrolment import enroll
from hub.fhir.identifiers import PERSONNUMMER, SAMORDNINGSNUMMER, Identifier
from hub.fhir.json import loads
from hub.hub import MAPPERS, Hub, settings
from hub.ingest import ingest
from hub.keys import Keys
from hub.mappers import Person, SourceMessage
from hub.sources import Fault, Fetched, SourceFailed
from hub.store import messages, patients
from hub.store.store import Store
from hub.store.tables import FOREVER, body, message, resource

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
JOINED = (body.c.pk == resource.c.pk) & (body.c.rid == resource.c.rid) & (body.c.version == resource.c.version)
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ANNA, MARIA, OLLE = (Identifier(PERSONNUMMER, value) for value in ("195009072553", "196101182803", "199002222397"))
LINKED = Identifier(SAMORDNINGSNUMMER, "196109732393")
OPEN = {"released": True, "secret": False, "insurance": False, "purpose": "care", "incapacity": False}
REGISTER = SourceConfig(
    name="register", title="Register", kind="register", owner="SE-REG", system="SE-REG-1", contracts=("rivta_persons",)
)
DIRECTORY = Directory(
    {each: Provider(each, each.lower()) for each in ("SE2321990018-NORR", "SE2120990011-AKERBY")},
    {
        each.hsa_id: each
        for each in (
            Unit("SE2321990018-HJMOTT", "Hjärtmottagningen", "SE2321990018-NORR"),
            Unit("SE2120990011-HSVARD", "Hemsjukvården", "SE2120990011-AKERBY", social=True),
        )
    },
    {each: Staff(each, "Lisa", "Läkare") for each in ("SE2321990018-1001",)},
)


@dataclass
class Asked:
    """A source that answers as it is told: bytes, an exception, or something to wait for."""

    config: SourceConfig
    answers: dict = field(default_factory=dict)
    questions: list = field(default_factory=list)

    async def fetch(self, contract: str, patient: Identifier) -> Fetched:
        self.questions.append((contract, patient))
        answer = self.answers.get((contract, patient), self.answers.get(contract))
        if callable(answer):
            answer = await answer()
        if answer is None:
            raise SourceFailed(Fault.REFUSED)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Fetched) else Fetched((answer,))

    async def aclose(self) -> None: ...


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


class House:
    """A hub with short ways to send it messages and to look at what became of them."""

    def __init__(self, url: str, *sources: SourceConfig, directory: Directory = DIRECTORY, deadline: float = 0.3) -> None:
        self.clock = Clock()
        self.store = Store(url, Keys(b"k" * 32, b"c" * 32), self.clock)
        self.store.open()
        self.fetchers = {each.name: Asked(each) for each in sources if each.kind in ("rivta", "register", "fhir")}
        self.observed: list[tuple] = []
        self.hub = Hub(
            config=Config(sources=sources, deadline=deadline),
            directory=directory,
            store=self.store,
            fetchers=self.fetchers,
            clock=self.clock,
            observe_source=lambda *told: self.observed.append(told),
        )

    def enroll(self, *numbers: Identifier, **more) -> int:
        patient = {"resourceType": "Patient", "name": [{"family": "Ek"}], "address": [{"city": "Hemort"}]}
        message = SourceMessage("register", "rivta_persons", b"told", self.clock(), numbers[0])
        return enroll(self.store, self.hub, REGISTER, message, Person(numbers, patient | more.pop("patient", {}), **more))

    def send(self, source: str, format: str, *contents: bytes, pk: int | None = None, **more):
        asked = ANNA if pk else None
        given = [SourceMessage(source, format, each, self.clock(), asked) for each in contents]
        return ingest(self.store, self.hub, given, pk, **more)

    def pk(self, number: Identifier) -> int | None:
        return patients.find(self.store.reader(), self.store.keys.identity, number)

    def shown(self, pk: int, kind: str = "") -> list[dict]:
        """The current resources of a patient, those of the register aside."""
        wanted = (
            select(body.c.bytes)
            .join(resource, JOINED)
            .where(resource.c.pk == pk, resource.c.rec_to == FOREVER, resource.c.gone == 0, resource.c.source != "register")
            .order_by(resource.c.fhir_id)
        )
        found = [loads(each) for each in self.store.reader().execute(wanted).scalars()]
        return [each for each in found if kind in ("", each["resourceType"])]

    def run(self, work):
        return asyncio.run(work)

    def kept(self, statuses=()):
        """The messages that are listed, each with its bytes and report."""
        connection = self.store.reader()
        listed = {each.id: each.status for each in messages.listed(connection, statuses)[0]}
        found = [messages._kept(row) for row in connection.execute(select(message).where(message.c.id.in_(listed)))]
        return [each for each in found if each.status in (statuses or messages.STATUSES)]

    def close(self) -> None:
        self.store.close()


COLUMNS = (
    "personnummer;plan_id;titel;typ;status;start;slut;mal;atgard;enhet_hsaid;"
    "ansvarig_hsaid;ansvarig_namn;ansvarig_roll;uppdaterad"
)


def plans(*rows: tuple[str, str, str]) -> bytes:
    """A municipality's file: number, plan, title."""
    rest = "VP;aktiv;2026-03-01;;;;SE2120990011-HSVARD;;;;2026-03-02 09:15"
    return "\n".join([COLUMNS, *(";".join((*row, rest)) for row in rows), ""]).encode()


def source(name: str, kind: str, *contracts: str, **more) -> SourceConfig:
    held = {"owner": "SE2120990011-AKERBY", "system": f"SE-{name.upper()}", "defaults": OPEN}
    return SourceConfig(name=name, title=name, kind=kind, contracts=contracts, **(held | more))


MUNICIPALITY = source("kommunen", "files", "csv_care_plans", "csv_care_team")


def case(path: Path) -> tuple[SourceConfig, bytes, dict]:
    """The source that an example's settings describe, its message, and the settings."""
    (message,) = path.glob("message.*")
    written = path / "settings.json"
    held = json.loads(written.read_text("utf-8")) if written.exists() else {}
    config = SourceConfig(
        name=held.get("source", "example"),
        title="Example",
        kind="files",
        owner=held.get("provider") or "SE2321990018-NORR",
        unit=held.get("unit") or "",
        system=held.get("system", "SE2321990018-JOURNAL"),
        contracts=(path.parent.name,),
        defaults=held.get("defaults", {}),
        places=held.get("places", {}),
    )
    return config, message.read_bytes(), held


@pytest.fixture
def open_house(database_url: str) -> Iterator:
    """Opens houses on one database; all are closed afterwards."""
    opened: list[House] = []

    def make(*sources: SourceConfig, **more) -> House:
        opened.append(House(database_url, *sources, **more))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def light_house(databases: Callable[[str], str]) -> Iterator:
    """Opens one house on SQLite alone."""
    opened: list[House] = []

    def make(*sources: SourceConfig) -> House:
        opened.append(House(databases("sqlite"), *sources))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def _mapped(config: SourceConfig, format: str, content: bytes):
    return MAPPERS[format].map(SourceMessage(config.name, format, content, NOW), settings(config, DIRECTORY))


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    held = {name: value for name, value in globals().items() if not name.startswith("_") and name != "kit"}
    return SimpleNamespace(**held, mapped=_mapped)
