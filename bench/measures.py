"""What is measured over HTTP: CPU of the hub's process and of PostgreSQL's, divided by the requests answered."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench import client, requests, server
from bench.client import Request
from bench.server import Server
from bench.site import Site
from bench.table import Result


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked."""

    patients: int
    reads: int
    searches: int
    creates: int
    rounds: int


def microseconds(running: Server, asked: Sequence[Request], rounds: int) -> list[float]:
    """CPU a request, for each round; one round before them is not counted."""
    found = []
    for number in range(rounds + 1):
        before = running.cpu()
        client.run(running.port, asked)
        if number:
            found.append((running.cpu() - before) / len(asked) * 1e6)
    return found


def over_http(site: Site, database: str, size: Size, postgres: int | None) -> list[Result]:
    """Start the hub and ask it."""
    server.start(site, postgres).stop()  # so that the next start finds its bytecode and its directory
    running = server.start(site, postgres)
    try:
        results = [
            Result("start to first answer", running.started, "s", running.started, database),
            Result("memory at idle", running.memory() / 1e6, "MB", running.memory() / 1e6, database),
        ]
        cases: list[tuple[str, list[Request]]] = [
            ("read by id", requests.reads(site, size.patients, size.reads)),
            ("search of 50", requests.searches(site, size.patients, size.searches)),
            ("read by id, each of another patient", requests.reads(site, size.patients, size.reads, length=1)),
            ("search, each of another patient", requests.searches(site, size.patients, size.searches, length=1)),
            ("create, validated", requests.creates(site, size.patients, size.creates)),
        ]
        for what, asked in cases:
            rounds = microseconds(running, asked, size.rounds)
            results.append(Result(what, statistics.median(rounds), "us", min(rounds), database))
        return results
    finally:
        running.stop()


def overhead(site: Site, another: Site, database: str, size: Size, postgres: int | None) -> list[Result]:
    """What consent adds: requests about persons with grounds to the hub as it is, against requests about persons without
    any to a hub whose decision is a constant; in turns, so that both meet the same machine."""
    real, bare = server.start(site, postgres), server.start(another, postgres, ("bench.open_hub",))
    asks: tuple[tuple[str, Callable[..., list[Request]], int], ...] = (
        ("consent, of a read", requests.reads, size.reads),
        ("consent, of a search", requests.searches, size.searches),
    )
    results = []
    try:
        for what, make, count in asks:
            mine, others = make(site, size.patients, count), make(another, size.patients, count, bare=True)
            ratios = []
            for _ in range(size.rounds + 1):
                [cost], [least] = _once(real, mine), _once(bare, others)
                ratios.append(cost / least)
            results.append(Result(what, statistics.median(ratios[1:]), "times", min(ratios[1:]), database))
        return results
    finally:
        real.stop()
        bare.stop()


def _once(running: Server, asked: Sequence[Request]) -> list[float]:
    before = running.cpu()
    client.run(running.port, asked)
    return [(running.cpu() - before) / len(asked) * 1e6]


def hanging(site: Site, asked: Sequence[Request], deadline: float) -> Result:
    """How long after its deadline the hub answers when a source does not: milliseconds of the clock, one after another."""
    running = server.start(site)
    try:
        late = []
        for request in asked:
            began = time.monotonic()
            client.run(running.port, [request], 1)
            late.append((time.monotonic() - began - deadline) * 1000)
        return Result("one source hangs: after the deadline", statistics.median(late), "ms", min(late), "sqlite")
    finally:
        running.stop()
