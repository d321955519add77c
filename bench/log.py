"""What the access log costs by itself: appending, verifying, proving. And how many entries a second it takes under requests."""

import random
import statistics
import time
from collections.abc import Sequence

from bench import client, requests, server
from bench.site import Site
from bench.table import Result
from hub.checkpoints import Checkpoint, ShardHead
from hub.store.audit_check import verify_all
from hub.store.audit_log import AuditLog, Leaf
from hub.store.audit_reading import heads
from hub.store.audit_tree import inclusion_of, keep_nodes, root_at
from hub.store.database import Database

BATCH = 32
"""Entries of one commit: as many as there are connections under load."""
PERSONS = 4_000
PROOFS = 200
CONTENT = {
    "action": "search",
    "outcome": "permit",
    "who": {"kind": "clinician", "subject": "SE-1", "client": "bench", "unit": "SE-U", "provider": "SE-P", "purpose": "care"},
    "type": "Observation",
    "rules": ["R47"],
    "grounds": ["c1"],
    "released": 50,
    "root": "00" * 32,
    "request": "r",
}
KEPT = {"released": [f"{number:026d}/abcdefghijkl" for number in range(50)]}


def alone(url: str, entries: int, database: str) -> list[Result]:
    """Append `entries`, then verify them all, and prove some. Takes: an empty database."""
    held = Database(url)
    held.migrate()
    log = AuditLog(held, lambda: time.time_ns() // 1000)
    appending = _appended(log, entries)
    connection = held.reader()
    [head] = heads(connection)
    with held.writing() as writing:
        keep_nodes(writing, 0, head.size)
    signed = Checkpoint("bench", (ShardHead(0, head.size, root_at(connection, 0, head.size)),), 0, "-")
    began = time.process_time()
    assert verify_all(connection, [signed]).fault == ""
    verifying = time.process_time() - began
    proving = []
    for _ in range(PROOFS):
        began = time.perf_counter()
        inclusion_of(connection, 0, random.randrange(head.size), head.size)  # noqa: S311  (no secret)
        proving.append((time.perf_counter() - began) * 1e3)
    held.close()
    return [
        Result("log: entries appended, alone", statistics.median(appending), "a second", min(appending), database),
        Result("log: verified, a million entries", verifying / entries * 1e6, "s", verifying / entries * 1e6, database),
        Result(f"log: a proof among {entries}", statistics.median(proving), "ms", min(proving), database),
    ]


def under_requests(site: Site, patients: int, count: int, database: str, postgres: int | None) -> Result:
    """Entries a second while the hub answers reads as fast as it can: each answer has one."""
    running = server.start(site, postgres)
    try:
        asked = requests.reads(site, patients, count)
        rates = []
        for _ in range(3):
            began = time.perf_counter()
            client.run(running.port, asked)
            rates.append(len(asked) / (time.perf_counter() - began))
        return Result("log: entries appended, under reads", statistics.median(rates), "a second", min(rates), database)
    finally:
        running.stop()


def _appended(log: AuditLog, entries: int) -> Sequence[float]:
    """Entries a second, for each tenth."""
    rates = []
    for tenth in range(10):
        count, began = entries // 10, time.perf_counter()
        for at in range(0, count, BATCH):
            log.append_all([Leaf(1 + (tenth * count + at + n) * 7919 % PERSONS, CONTENT, kept=KEPT) for n in range(BATCH)])
        rates.append(count / (time.perf_counter() - began))
    return rates
