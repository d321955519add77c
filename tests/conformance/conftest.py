"""A store on each database in which everything lies in one record, and short ways to search it."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.consent.release import TRUE, Outcome, Release, Row, closed
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.holding import Placed, holds
from hub.fhir.index import index
from hub.fhir.query import read_query
from hub.fhir.types import TYPES
from hub.fhir.value_sets import NOTHING_LOADED
from hub.keys import Keys
from hub.store.deposit import Record, deposit, open_record
from hub.store.known import known
from hub.store.search import View, Views
from hub.store.store import Store

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
PK = 4_000_000_000
RELEASE = Release(closed([Row(TRUE, Outcome.PERMIT, "R47")]))
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


class Searched(Store):
    """A store with one record."""

    terminology = NOTHING_LOADED

    def put(self, resources):
        with self.database.writing() as connection:
            open_record(connection, "p-one", PK)
            records = [Record(number, "test", CUSTODY, (encoded(each),)) for number, each in enumerate(resources)]
            deposit(connection, self.keys.identity, PK, records, (), self.now())
        self.world = [Placed(each["resourceType"], each["id"], index(each, whole=True)) for each in resources]

    def views(self, kind="patient"):
        place = {"pk": PK, "asof": known(self.reader(), PK, self.now()).recorded} if kind == "patient" else {"source": "north"}
        return View(kind, RELEASE, **place)

    def query(self, resource_type, *asked):
        pairs = [*asked, ("_count", "1000")]
        return read_query(resource_type, pairs, now=NOW, terminology=self.terminology, own_source=True)

    def ids(self, resource_type, *asked, kind="patient"):
        """Ids of what a search finds."""
        query, view = self.query(resource_type, *asked), self.views(kind)
        others = None if query.plain else Views(dict.fromkeys((resource_type, *TYPES), view))
        return {each.fhir_id for each in self.search.page(self.reader(), view, query, others=others).hits}

    def held(self, resource_type, *asked):
        """The same, in the plain-Python reading of criteria."""
        query = self.query(resource_type, *asked)
        return {
            each.id
            for each in self.world
            if each.resource_type == resource_type
            and all(holds(one, each.index, each.target, self.world) for one in (*query.naming, *query.criteria))
        }


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def searched(request, tmp_path_factory, copied):
    """An empty store of each kind in turn."""
    with copied(request.param, tmp_path_factory.mktemp("searched")) as url:
        store = Searched(url, Keys(identity=b"k" * 32, cursor=b"c" * 32), lambda: NOW)
        store.open()
        yield store
        store.close()


def _module(name):
    path = Path(__file__).parents[1] / "reference" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def naive():
    """The second opinion on one value."""
    return _module("search_naive")


@pytest.fixture(scope="session")
def naive_world():
    """The second opinion on modifiers, chains and filters."""
    return _module("search_naive_world")
