"""A whole hub behind HTTP: own directory, people and clock, sources that answer what they are told to."""

import asyncio
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select

from hub.app import Accounts, put_together
from hub.authserver import Authority, Client, Commission, Person, issue_token, load_or_create
from hub.config import ClientConfig, Config, IssuerConfig, SourceConfig
from hub.directory import Directory, Provider, Staff, Unit
from hub.enrolment import enroll
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identifiers import PERSONNUMMER, Identifier, is_sound
from hub.fhir.identity import logical_id, rid
from hub.fhir.json import loads
from hub.keys import Keys
from hub.mappers import Person as Registered
from hub.mappers import SourceMessage
from hub.sources import Fetched
from hub.store.deposit import Record, deposit
from hub.store.known import Freshness, note_freshness, put_ground
from hub.store.patients import facts_of
from hub.store.tables import audit

NOW = datetime(2040, 11, 21, 9, 0, tzinfo=UTC)
"""Ahead of any real clock: python-jose looks at that one too, whatever it is told."""
BASE = "http://hub.example.org"
KEYS = Keys(b"i" * 32, b"c" * 32)
P1, P2, M1, M2 = "SE2321990018-P1", "SE2321990018-P2", "SE2321990018-M1", "SE2321990018-M2"
U1, U2, U3, S1, S2 = "SE2321990018-U1", "SE2321990018-U2", "SE2321990018-U3", "SE2321990018-S1", "SE2321990018-S2"
E1, E2, E3, E4 = "SE2321990018-E1", "SE2321990018-E2", "SE2321990018-E3", "SE2321990018-E4"
DIRECTORY = Directory(
    providers={
        each.hsa_id: each
        for each in (
            Provider(P1, "Region Ett"),
            Provider(P2, "Vårdbolaget Två", kind="private"),
            Provider(M1, "Kommun Tre", kind="municipality"),
            Provider(M2, "Kommun Fyra", kind="municipality"),
        )
    },
    units={
        each.hsa_id: each
        for each in (
            Unit(U1, "Vårdcentralen Aspen", P1, city="Aspby"),
            Unit(U2, "Kliniken Björken", P1),
            Unit(U3, "Mottagningen Cedern", P2),
            Unit(S1, "Hemtjänsten Eken", M1, social=True),
            Unit(S2, "Hemtjänsten Granen", M2, social=True),
        )
    },
    staff={
        each.hsa_id: each
        for each in (
            Staff(E1, "Doris", "Dahl", title="Läkare", units=(U1,)),
            Staff(E2, "Erik", "Ek", title="Läkare", units=(U2,)),
            Staff(E3, "Frida", "Falk", title="Läkare", units=(U3,)),
            Staff(E4, "Gömd", "Hemlig", title="Läkare", units=(U1,), protected=True),
        )
    },
)
SYSTEM = "urn:oid:1.2.3.4"


def commission(name: str, unit: str, scope: str = "SJF", purpose: str = "Vård och behandling") -> Commission:
    provider = DIRECTORY.provider_of(unit)
    assert provider
    return Commission(
        hsa_id=f"SE2321990018-{name}", unit=unit, provider=provider, purpose=purpose, rights=(f"Läsa;alla;{scope}",)
    )


def staff(name: str, employee: str, *commissions: Commission, **more: Any) -> Person:
    settings = {"display": name.title(), "kind": "clinician", "licences": ("LK",)} | more
    return Person(name=name, employee=employee, commissions=commissions, scopes="user/*.cruds", **settings)


PEOPLE = {
    each.name: each
    for each in (
        staff("doctor", E1, commission("C1", U1)),
        staff("doctor-vg", E1, commission("C2", U1, "VG")),
        staff("doctor-ve", E1, commission("C3", U1, "VE")),
        staff("doctor-low", E1, commission("C1", U1), loa=2),
        staff("doctor-bare", E1),
        staff("sister", E2, commission("C4", U2)),
        staff("elsewhere", E3, commission("C5", U3)),
        staff("hidden", E4, commission("C6", U1)),
        staff("nurse", "SE2321990018-E5", commission("C7", U1), licences=("SJ",)),
        staff("assistant", "SE2321990018-E6", commission("C8", U1), licences=(), subject_role="Undersköterska"),
        staff("officer", "SE2321990018-E7", commission("C9", U1), roles=("BIF;Spärradministratör",)),
        staff("blocker", "SE2321990018-E8", commission("CA", U2, purpose="Administration"), roles=("BIF;Spärradministratör",)),
        staff("blocker2", "SE2321990018-E9", commission("CB", U3, purpose="Administration"), roles=("BIF;Spärradministratör",)),
        staff("quality", E1, commission("CC", U1, "VG", "Kvalitetssäkring")),
        staff("statistics", E1, commission("CD", U1, "SJF", "Statistik")),
        staff("reviewer", "SE2321990018-EA", commission("CE", U1, purpose="Administration"), roles=("BIF;Loggadministratör",)),
        staff("reviewer2", "SE2321990018-EB", commission("CF", U3, purpose="Administration"), roles=("BIF;Loggadministratör",)),
        staff("social", "SE2321990018-EC", commission("CG", S1)),
        Person(name="alfa-client", display="Alfa", kind="system", scopes="system/*.cruds"),
        Person(name="beta-client", display="Beta", kind="system", scopes="system/*.cruds"),
        Person(name="technician", display="Tekniker", kind="technician", scopes="system/*.cruds"),
    )
}
APP = Client(client_id="app", name="Appen")
CLIENTS = {name: Client(client_id=name, name=name, scopes="system/*.cruds") for name in ("alfa-client", "beta-client")}
SOURCES = (
    SourceConfig(
        name="alfa",
        title="Region Ett",
        kind="rivta",
        owner=P1,
        system=P1,
        contracts=("rivta_laboratory",),
        unit=U1,
        defaults={"released": True, "secret": False, "insurance": False, "purpose": "care", "incapacity": False},
    ),
    SourceConfig(
        name="beta", title="Vårdbolaget Två", kind="rivta", owner=P2, system=P2, contracts=("rivta_laboratory",), unit=U3
    ),
    SourceConfig(name="register", title="Registret", kind="register", owner=M2, system=M2, contracts=("rivta_persons",)),
)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Told:
    """A source that answers what it is told to: bodies, a fault, or nothing until it is let go."""

    config: SourceConfig
    answer: Any = field(default_factory=lambda: Fetched(()))
    asked: list[tuple[str, Identifier]] = field(default_factory=list)

    async def fetch(self, contract: str, patient: Identifier) -> Fetched:
        self.asked.append((contract, patient))
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, asyncio.Event):
            await self.answer.wait()
            return Fetched(())
        return self.answer

    async def aclose(self) -> None:
        pass


@dataclass(frozen=True)
class Patient:
    """A patient of the hub."""

    pk: int
    id: str
    number: Identifier


class House:
    """One hub, asked over HTTP without a socket. What is asked runs to its end before a test goes on."""

    def __init__(self, url: str, folder: Path, clock: Any = None, **changed: Any) -> None:
        """`clock`: one that moves by itself, instead of one that a test moves."""
        self.clock, self.lines = clock or Clock(), io.StringIO()
        self.runner = asyncio.Runner()
        self.numbers = itertools.count(1)
        self.url, self.folder = url, folder
        issuer = f"{BASE}/auth"
        settings: dict[str, Any] = {
            "base_url": BASE,
            "database_url": url,
            "data": folder,
            "issuers": (IssuerConfig(issuer=issuer, audience=f"{BASE}/fhir"),),
            "clients": (
                ClientConfig(client_id="alfa-client", source="alfa"),
                ClientConfig(client_id="beta-client", source="beta"),
            ),
            "sources": SOURCES,
            "deadline": 2.5,
            "rate_per_minute": 1_000_000,
            "identifier_rate_per_minute": 1_000_000,
        }
        self.running = put_together(
            Config(**(settings | changed)),
            keys=KEYS,
            directory=DIRECTORY,
            accounts=Accounts(people=list(PEOPLE.values()), clients=[APP, *CLIENTS.values()]),
            clock=self.clock,
            log_to=self.lines,
        )
        self.authority = Authority(issuer, f"{BASE}/fhir", load_or_create(folder))
        self.hub, self.store = self.running.hub, self.running.hub.store
        self.told = {each.name: Told(each) for each in SOURCES}
        self.hub.fetchers.update(self.told)  # type: ignore[attr-defined]  # a dict, as put_together makes it
        self.tokens: dict[Any, str] = {}
        self.run(self.running.start())
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.running.app), base_url=BASE)

    def close(self) -> None:
        self.run(self.http.aclose())
        self.run(self.running.stop())
        self.runner.close()

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    # Who asks

    def token(self, who: Person | str, **more: Any) -> str:
        person = PEOPLE[who] if isinstance(who, str) else who
        at = (person, self.clock.now, *sorted(more.items()))
        if at not in self.tokens:
            client = CLIENTS.get(
                person.name, APP if person.kind != "technician" else Client(client_id="t", name="t", scopes="system/*.cruds")
            )
            self.tokens[at] = issue_token(person, client, self.authority, self.clock.now.timestamp(), **more)
        return self.tokens[at]

    def patient_person(self, patient: Patient, kind: str = "patient", **more: Any) -> Person:
        """The patient as one who signs in; or with another `kind`, somebody who has that number."""
        name = f"{kind}-{patient.pk % 100_000}"
        return Person(name=name, display="Person", kind=kind, person_number=str(patient.number), scopes="patient/*.cruds", **more)  # type: ignore[arg-type]

    async def ask(self, method: str, path: str, who: Person | str | None = None, **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if who is not None:
            headers["authorization"] = f"Bearer {self.token(who)}"
        resource = more.pop("resource", None)
        if resource is not None:
            more["content"] = json.dumps(resource)
            headers.setdefault("content-type", "application/fhir+json")
        return await self.http.request(method, path, headers=headers, **more)

    def do(self, method: str, path: str, who: Person | str | None = None, **more: Any) -> httpx.Response:
        return self.run(self.ask(method, path, who, **more))

    def get(self, path: str, who: Person | str | None = None, **more: Any) -> httpx.Response:
        return self.do("GET", path, who, **more)

    def post(self, path: str, who: Person | str | None = None, **more: Any) -> httpx.Response:
        return self.do("POST", path, who, **more)

    async def raw(
        self, method: str, path: str, query: bytes = b"", headers: Any = (), body: bytes = b"", request_id: str = ""
    ) -> tuple[int, dict[str, str], bytes]:
        """A request that no client library would write: nothing is checked or quoted on its way.

        `request_id`: instead of one that is drawn; from it follow the ids of what is made.
        """
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": query,
            "root_path": "",
            "server": ("hub.example.org", 80),
            "client": ("127.0.0.1", 1),
            "headers": [(name.lower().encode(), value) for name, value in headers],
        }
        if request_id:
            scope["state"] = {"request_id": request_id}
        await (self.running.app._app if request_id else self.running.app)(scope, receive, send)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], answered, b"".join(each.get("body", b"") for each in sent[1:])

    # What the record holds

    def enroll(self, born: date = date(1990, 1, 1), number: Identifier | None = None, **more: Any) -> Patient:
        """A person whom the register knows, and has just told of."""
        number = number or self._number()
        shown = {
            "resourceType": "Patient",
            "identifier": [{"system": number.system, "value": number.value}],
            "name": [{"family": "Person"}],
        }
        person = Registered(numbers=(number,), patient=shown | more.pop("shown", {}), born=born, **more)
        register = self.hub.source("register")
        assert register
        message = SourceMessage("register", "rivta_persons", b"<x/>", self.clock.now, number)
        pk = enroll(self.store, self.hub, register, message, person)
        self.freshen(pk)
        return Patient(pk, facts_of(self.store.reader(), pk)[0], number)

    def freshen(self, pk: int, *sources: str) -> None:
        now = self.store.now()
        rows = [
            Freshness(each.name, each.contracts[0], now, now, "", "") for each in SOURCES if not sources or each.name in sources
        ]
        with self.store.database.writing() as connection:
            note_freshness(connection, pk, rows)

    def hold(self, patient: Patient, key: str = "", resource: Any = None, family: str = "test", **custody: Any) -> str:
        """An entry in the patient's record, as a message brought it, or, of another `family`, as a client wrote it. Gives: the id
        of its one resource."""
        key = key or f"entry-{next(self.numbers)}"
        made = resource or observation(patient)
        id = logical_id(KEYS.identity, made["resourceType"], "test", key)
        held = replace(CUSTODY, **custody)
        with self.store.database.writing() as connection:
            record = Record(rid(KEYS.identity, "entry", key), family, held, (encoded(made | {"id": id}),))
            deposit(connection, KEYS.identity, patient.pk, [record], (), self.store.now())
        return id

    def ground(self, patient: Patient, given: Any) -> None:
        """A ground that no endpoint registers."""
        with self.store.database.writing() as connection:
            put_ground(connection, patient.pk, given, "test", self.store.now())

    def _number(self) -> Identifier:
        """A synthetic number of the years when nobody got one."""
        start = next(self.numbers)
        day = date(1800, 1, 1) + timedelta(days=start // 900)
        nine = f"{day:%y%m%d}{start % 900 + 100}"
        for digit in "0123456789":
            found = Identifier(PERSONNUMMER, f"18{nine}{digit}")
            if is_sound(found):
                return found
        raise AssertionError

    # Shorthand

    def near(self, patient: Patient, who: str = "doctor", relevance: bool = True) -> None:
        assert self.post("/access/relations", who, json={"patient": patient.id}).status_code == 201
        if relevance:
            body = {"patient": patient.id, "type": "relevance", "reason": "vård"}
            assert self.post("/access/needs", who, json=body).status_code == 201

    def consent(self, patient: Patient, who: Person | str = "doctor", unit: str = U1, **more: Any) -> httpx.Response:
        return self.post("/fhir/Consent", who, resource=consent(patient, unit, **more))

    def found(self, path: str, who: Person | str) -> list[str]:
        """Ids of the hits of a search, over all pages."""
        held, link = [], path
        while link:
            answer = self.get(link, who)
            assert answer.status_code == 200, answer.text
            bundle = answer.json()
            held += [each["resource"]["id"] for each in bundle.get("entry", []) if each["search"]["mode"] == "match"]
            link = next((each["url"] for each in bundle["link"] if each["relation"] == "next"), "")
        return held

    def notices(self, answer: httpx.Response) -> list[str]:
        """Codes of what an answer says of itself."""
        outcomes = [each["resource"] for each in answer.json().get("entry", []) if each["search"]["mode"] == "outcome"]
        return [
            coding["code"]
            for each in outcomes
            for issue in each["issue"]
            for coding in issue.get("details", {}).get("coding", ())
        ]

    def log(self) -> list[dict[str, Any]]:
        """Every entry of the access log."""
        rows = self.store.reader().execute(select(audit.c.entry).order_by(audit.c.seq)).scalars()
        return [loads(each) for each in rows]


CUSTODY = Custody(
    source="beta",
    provider=P2,
    unit=U3,
    info_type="und-kkm-ure",
    regime="SVOD",
    social=False,
    time_from=NOW - timedelta(days=30),
    time_to=NOW - timedelta(days=20),
    released=True,
    secret=False,
    nullified=False,
    insurance=False,
    purpose="care",
    incapacity=False,
)
"""Another provider's entry that nothing stands against."""


def observation(patient: Patient, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "subject": {"reference": f"Patient/{patient.id}"},
        "effectiveDateTime": "2040-10-25T08:00:00Z",
    } | more


def consent(patient: Patient, unit: str = U1, **more: Any) -> dict[str, Any]:
    reader = {"type": "Organization", "identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": unit}}
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient.id}"},
        "dateTime": "2040-11-21T09:00:00Z",
        "performer": [{"reference": f"Patient/{patient.id}"}],
        "organization": [reader],
        "sourceAttachment": {"title": "Muntligt"},
        "policy": [{"uri": POLICY}],
        "provision": {"type": "permit", "actor": [{"role": role, "reference": reader}]},
    } | more


POLICY = (
    "https://www.riksdagen.se/sv/dokument-och-lagar/dokument/svensk-forfattningssamling/"
    "lag-2022913-om-sammanhallen-vard--och_sfs-2022-913/"
)


def denial(patient: Patient, custodian: str) -> dict[str, Any]:
    """A Consent that blocks a provider's or a unit's data."""
    held = {"type": "Organization", "identifier": {"system": "urn:oid:1.2.752.129.2.1.4.1", "value": custodian}}
    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "CST"}]}
    return consent(patient, provision={"type": "deny", "actor": [{"role": role, "reference": held}]})


@dataclass(frozen=True)
class Kit:
    """What tests take from here by name, since test folders are no packages."""

    P1: str = P1
    P2: str = P2
    M1: str = M1
    U1: str = U1
    U2: str = U2
    U3: str = U3
    S1: str = S1
    S2: str = S2
    E1: str = E1
    E2: str = E2
    BASE: str = BASE
    NOW: datetime = NOW
    House: Any = House
    Told: Any = Told
    KEYS: Any = KEYS
    observation: Any = field(default=staticmethod(observation))
    consent: Any = field(default=staticmethod(consent))
    denial: Any = field(default=staticmethod(denial))
    quote: Any = field(default=staticmethod(quote))


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()


@pytest.fixture
def opened() -> datetime:
    """When the houses' clock begins."""
    return NOW


@pytest.fixture
def house(database_url: str, tmp_path: Path) -> Iterator[House]:
    """An own hub, on each database in turn."""
    made = House(database_url, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One hub for all tests of a module, on each database in turn: every test makes patients of its own."""
    yield from house_on(request, tmp_path_factory, request.param)


@pytest.fixture(scope="module")
def light(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One hub for all tests of a module, on SQLite alone: for what cannot depend on the database."""
    yield from house_on(request, tmp_path_factory, "sqlite")


@pytest.fixture(scope="module")
def heavy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One hub for all tests of a module, on PostgreSQL alone: for samples of what is tested in full on SQLite."""
    yield from house_on(request, tmp_path_factory, "postgresql")


def house_on(request: pytest.FixtureRequest, folders: pytest.TempPathFactory, kind: str, **changed: Any) -> Iterator[House]:
    """A hub on one kind of database, made from the template."""
    folder = folders.mktemp("house")
    with request.getfixturevalue("copied")(kind, folder, NOW) as url:
        made = House(url, folder, **changed)
        yield made
        made.close()
