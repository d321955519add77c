"""What is measured inside this process: mapping, storing what was mapped, and how a search grows with the patients."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench import messages, world
from bench.requests import _patient as patient_of
from bench.requests import visits
from bench.site import Site
from bench.table import Result
from hub.app import Running, look_for_garbage_seldom, put_together
from hub.fhir.query import read_query
from hub.hub import MAPPERS
from hub.ingest import ingest
from hub.interactions.context import told_of
from hub.interactions.view import sight
from hub.store.database import Database
from hub.store.patients import find
from hub.store.tables import METADATA

MASK = 2**62 - 1
STEP = 0x2545F4914F6CDD1D & MASK
"""By which copies of a patient's keys are set apart: they fall everywhere among the others."""


def mapping(rounds: int) -> Result:
    """An HL7 v2 report of 20 results, parsed and mapped."""
    given = messages.oru(world.person(0))
    costs = _costs(lambda _: MAPPERS["hl7v2_oru_r01"].map(given, messages.SETTINGS), 50, rounds)
    return Result("HL7 v2 ORU, 20 OBX, mapped", statistics.median(costs), "us", min(costs))


def storing(site: Site, rounds: int) -> Result:
    """RIV-TA laboratory answers of 50 results, mapped, judged and stored: CPU a result."""
    running = put_together(site.settings)
    store = running.hub.store
    look_for_garbage_seldom()  # as in a hub that runs
    try:
        given = iter([(messages.laboratory(world.person(n % 50), n), world.person(n % 50)) for n in range(4 * (rounds + 1))])

        def one(_: int) -> None:
            message, person = next(given)
            pk = find(store.reader(), store.keys.identity, person.number)
            assert ingest(store, running.hub, (message,), pk, partial=True).status == "mapped"

        costs = [each / 50 for each in _costs(one, 4, rounds)]
        return Result("RIV-TA laboratory, stored, a result", statistics.median(costs), "us", min(costs), "sqlite")
    finally:
        store.close()


def growth(small: Site, large: Site, patients: int, times: int, rounds: int) -> Result:
    """A search among `times` as many patients against the same search among few, in turns."""
    running = [put_together(each.settings) for each in (small, large)]
    try:
        ratios = []
        for _ in range(rounds):
            few, many = (_costs(_search(hub, small, patients), 200, 1)[0] for hub in running)
            ratios.append(many / few)
        return Result(f"search, {times} times the patients", statistics.median(ratios), "times", min(ratios), "sqlite")
    finally:
        for each in running:
            each.hub.store.close()


def multiply(path: Path, times: int) -> None:
    """Make `times` as many patients of those in a SQLite store, row by row, under other keys. Only the first can be asked for."""
    database = Database(f"sqlite:///{path}")
    for copy in range(1, times):
        with database.writing() as connection:
            for table in METADATA.sorted_tables:
                if "pk" not in table.c or table.name in ("audit", "number", "message", "locator"):
                    continue
                names = [column.name for column in table.columns]
                moved = [f"({name} + {copy * STEP & MASK}) & {MASK}" if name in ("pk", "rid") else name for name in names]
                connection.exec_driver_sql(
                    f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(moved)} FROM {table.name}"
                    f" WHERE pk IN (SELECT pk FROM locator WHERE pk <> 0)"
                )
    database.close()


def _search(running: Running, site: Site, patients: int) -> Callable[[int], None]:
    hub, store = running.hub, running.hub.store
    caller = world.physician()
    rows = [row for row, _ in visits(patients, False, 200)]

    def one(number: int) -> None:
        patient = patient_of(site, rows[number % len(rows)])
        query = read_query("Observation", [("patient", patient), ("_count", "50")], now=hub.clock()).resolved(patient)
        told = told_of(store, "Patient", patient)
        seen = sight(hub, caller, "Observation", told, named=True)
        page = store.search.page(store.reader(), seen.view, query, compartment=True)
        assert len(page.hits) == world.REPORTS * world.RESULTS

    return one


def _costs(work: Callable[[int], object], count: int, rounds: int) -> list[float]:
    """Microseconds of CPU for each `work`, in each round; one round before them is not counted."""
    found = []
    for number in range(rounds + 1):
        before = time.process_time()
        for at in range(count):
            work(at)
        if number:
            found.append((time.process_time() - before) / count * 1e6)
    return found
