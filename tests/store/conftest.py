"""A store on each database in turn, a clock that ticks when it is told to, and short ways to write records."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from hub.consent.release import TRUE, Outcome, Release, Row, closed
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identity import rid
from hub.keys import Keys
from hub.store.database import Database
from hub.store.deposit import Record, deposit, open_record
from hub.store.known import known
from hub.store.search import View
from hub.store.store import Store

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
KEY = b"k" * 32
KEYS = Keys(identity=KEY, cursor=b"c" * 32)
PK = 4_000_000_000
CUSTODY = Custody(
    source="north",
    provider="SE1",
    unit="SE1-U1",
    info_type="und-kkm-ure",
    regime="SVOD",
    social=False,
    released=True,
    secret=False,
    nullified=False,
    insurance=False,
    purpose="care",
    incapacity=False,
)
EVERYTHING = Release(closed([Row(TRUE, Outcome.PERMIT, "R47")]))


class Clock:
    """A time that moves by a second each time somebody reads it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


class Held(Store):
    """A store with short ways to write and look."""

    def put(self, *records: Record, pk: int = PK, gone: tuple[int, ...] = (), **more):
        with self.database.writing() as connection:
            return deposit(connection, KEY, pk, records, gone, self.now(), **more)

    def patient(self, pk: int = PK, fhir_id: str = "") -> int:
        with self.database.writing() as connection:
            open_record(connection, fhir_id or f"patient-{pk}", pk)
        return pk

    def known(self, pk: int = PK):
        return known(self.reader(), pk, self.now())

    def view(self, release: Release = EVERYTHING, pk: int = PK) -> View:
        return View("patient", release, pk=pk, asof=self.known(pk).recorded)

    def read(self, id: str, release: Release = EVERYTHING, pk: int = PK, kind: str = "Observation"):
        return self.search.read(self.reader(), self.view(release, pk), kind, rid(KEY, kind, id), id)

    def versions(self, id: str, release: Release = EVERYTHING, pk: int = PK, kind: str = "Observation"):
        return self.search.versions(self.reader(), self.view(release, pk), kind, rid(KEY, kind, id), id)


def observation(id: str, **more):
    """An Observation with an id."""
    return {"resourceType": "Observation", "id": id, "status": "final", "code": {"coding": [{"code": "a"}]}} | more


def record(number: int, *resources, **custody) -> Record:
    """An entry of Observations; custody may differ in a few facts from the common one."""
    return Record(number, "lab", replace(CUSTODY, **custody), tuple(map(encoded, resources)))


@pytest.fixture
def store(database_url: str) -> Iterator[Held]:
    held = Held(database_url, KEYS, Clock())
    held.open()
    held.patient()
    yield held
    held.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, copied) -> Iterator[Held]:
    """One store for all tests of a module, for those that only read."""
    with copied(request.param, tmp_path_factory.mktemp("shared")) as url:
        held = Held(url, KEYS, Clock())
        held.open()
        held.patient()
        yield held
        held.close()


@pytest.fixture
def other_database(databases: Callable[[str], str]) -> Iterator[Database]:
    """One more empty SQLite database, migrated."""
    held = Database(databases("sqlite"))
    yield held
    held.close()


@pytest.fixture(scope="session")
def write() -> SimpleNamespace:
    """What tests write with: `write.record`, `write.observation`, …"""
    return SimpleNamespace(
        record=record,
        observation=observation,
        KEY=KEY,
        KEYS=KEYS,
        PK=PK,
        CUSTODY=CUSTODY,
        EVERYTHING=EVERYTHING,
        Clock=Clock,
        Held=Held,
    )
