"""What a register of consents and blocks costs: a million of others', and 0, 10 or 1,000 of the patient's own.

The grounds of one patient name other readers, or close what nobody holds, so that what is answered stays the same: the cost is
that of reading, merging and asking them. It is measured as in `bench.measures.overhead`, against a hub whose decision is
a constant.
"""

import statistics
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import client, requests, server, world
from bench.client import Request
from bench.measures import Size
from bench.server import Server
from bench.site import Site
from bench.table import Result
from hub.consent.grounds import AnyGround, Block, Consent
from hub.consent.payloads import to_payload
from hub.fhir.identity import rid
from hub.fhir.json import dumps
from hub.store.database import Database
from hub.store.known import put_ground
from hub.store.patients import find
from hub.store.tables import FOREVER, ground
from hub.store.values import insert_all, micros

OWN = (0, 10, 1_000)
"""Consents and blocks of one patient, half of each, beside those that let the physician see."""
OTHERS = {True: 1_000_000, False: 20_000}
"""Of patients who are not asked about: in full, and in small."""
EACH = 10
"""Of one of the others."""
ROWS = 5_000
"""Written at once."""


def fill(site: Site, url: str, full: bool, say: Callable[[str], None]) -> None:
    """Put the register into a store that `bench.load` has filled."""
    database, now = Database(url), datetime.now(UTC)
    say(f"  {OTHERS[full]} consents and blocks of others")
    for start in range(0, OTHERS[full], ROWS):
        with database.writing() as connection:
            insert_all(connection, ground, [_row(site.keys.identity, number, now) for number in range(start, start + ROWS)])
    for row, own in zip(_rows(), OWN, strict=True):
        pk = find(database.reader(), site.keys.identity, world.person(row).number)
        assert pk is not None
        with database.writing() as connection:
            for number in range(own):
                put_ground(connection, pk, _ground(number, now), world.PHYSICIAN, micros(now))
    database.close()


def overhead(site: Site, another: Site, database: str, size: Size, postgres: int | None) -> list[Result]:
    """A search of fifty as it is, against the same to a hub whose decision is a constant, in turns; by the patient's grounds."""
    real, bare = server.start(site, postgres), server.start(another, postgres, ("bench.open_hub",))
    each = size.searches // len(OWN)
    asked = [[[requests.search_of(at, row)] * each for at in (site, another)] for row in _rows()]
    ratios: list[list[float]] = [[] for _ in OWN]
    try:
        for _ in range(size.rounds + 1):
            for found, (mine, others) in zip(ratios, asked, strict=True):
                found.append(_once(real, mine) / _once(bare, others))
    finally:
        real.stop()
        bare.stop()
    what = [f"consent, of a search, {own} of one's own" for own in OWN]
    return [
        Result(name, statistics.median(each[1:]), "times", min(each[1:]), database)
        for name, each in zip(what, ratios, strict=True)
    ]


def _once(running: Server, asked: list[Request]) -> float:
    before = running.cpu()
    client.run(running.port, asked)
    return running.cpu() - before


def _rows() -> Iterator[int]:
    """Persons, each of whom gets a number of grounds of `OWN`."""
    rows = dict.fromkeys(row for row, _ in requests.visits(64, False, 200))
    return iter(list(rows)[: len(OWN)])


def _row(key: bytes, number: int, now: datetime) -> dict[str, Any]:
    """A row of somebody else's."""
    given = _ground(number % EACH, now)
    moment = micros(now)
    row = {"pk": rid(key, "bench-other", str(number // EACH)), "kind": given.KIND, "id": given.id, "person": world.PHYSICIAN}
    return row | {"rec_from": moment, "rec_to": FOREVER, "valid_to": FOREVER, "payload": dumps(to_payload(given)).decode()}


def _ground(number: int, now: datetime) -> AnyGround:
    """A consent for another unit, or a block of some months long ago, of which its care provider holds nothing."""
    common: dict[str, Any] = {
        "id": f"register-{number}",
        "start": now - timedelta(hours=1),
        "end": None,
        "state": "active",
        "recorded": now,
        "recorded_by": world.PHYSICIAN,
        "regime": "SVOD",
    }
    if number % 2:
        provider, unit = world.UNITS[1 + number % (len(world.UNITS) - 1)]
        return Consent(**common, provider=provider, unit=unit, employee="", represented_by="")
    first = datetime(1890, 1, 1, tzinfo=UTC) + timedelta(days=30 * number)
    last = first + timedelta(days=150)  # they meet, as those of an illness do: what meets is asked once
    where = {"type": "outer", "provider": world.UNITS[4 + 4 * (number // 2 % 2)][0], "unit": ""}
    return Block(**common, **where, information_start=first, information_end=last, excluded=())
