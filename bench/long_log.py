"""What it costs to append to a short log and to one of ten years: ten million entries, written by SQL: only their places count.

On PostgreSQL they lie in a month each of ten years, as they would.
"""

import statistics
import time

from sqlalchemy import Connection, text

from bench.log import BATCH, CONTENT, KEPT
from bench.table import Result
from hub.audit import HASH_SIZE
from hub.store.audit_log import AuditLog, Leaf
from hub.store.database import Database
from hub.store.partitions import keep_months
from hub.store.tables import audit, audit_head

SHORT, LONG = 1_000, 10_000_000
PERSONS = 4_000
"""Patient keys of the long log."""
ROUNDS = 60
"""Commits that are timed of each kind."""
NOW = 1_800_000_000_000_000
YEARS = 10 * 365 * 86_400 * 1_000_000
"""Microseconds, both."""


def appending(short_url: str, long_url: str, database: str, long: int = LONG) -> list[Result]:
    """An entry appended to a log of `SHORT` and to one of `long` entries, in commits of `BATCH`, in turns; and how many times as
    long the long one takes, turn by turn: the machine has fast and slow hours, and both logs have the same.

    Takes: two empty databases. *Remembered* are lists that the process has gone on with before; *of another day* are those that
    it must look up.
    """
    logs = [_Log(url, size) for url, size in ((short_url, SHORT), (long_url, long))]
    found = []
    for what, again in (("remembered", False), ("of another day", True)):
        turns = [[each.commit(turn, again) for each in logs] for turn in range(ROUNDS + 1)][1:]  # the first looks up
        both = list(zip(*turns, strict=True))
        for size, times in zip((SHORT, long), both, strict=True):
            found.append(Result(f"log: to {size:.0e}, {what}", statistics.median(times), "us", min(times), database))
        ratio, least = statistics.median(slow / quick for quick, slow in turns), min(both[1]) / min(both[0])
        found.append(Result(f"log: {long:.0e} by {SHORT:.0e}, {what}", ratio, "times", least, database))
    for each in logs:
        each.held.close()
    return found


class _Log:
    """One log, and the process that appends to it. State: what that process remembers."""

    def __init__(self, url: str, size: int) -> None:
        self.held = Database(url)
        self.held.migrate()
        self.persons = fill(self.held, size)
        self.log = AuditLog(self.held, lambda: NOW)

    def commit(self, turn: int, again: bool) -> float:
        """Microseconds an entry. Takes: `again`: whether the process forgets the lists before."""
        if again:
            self.log = AuditLog(self.held, lambda: NOW)
        batch = leaves(self.persons, turn if again else 0)
        began = time.perf_counter()
        self.log.append_all(batch)
        return (time.perf_counter() - began) / BATCH * 1e6


def leaves(persons: int, turn: int) -> list[Leaf]:
    """The entries of one commit, each of another person, in other turns of others."""
    return [Leaf(1 + (turn * BATCH + n) % persons, CONTENT, kept=KEPT) for n in range(BATCH)]


def fill(held: Database, size: int) -> int:
    """A log of so many entries in place of the one that is there: in the order of the primary key, the other index afterwards.

    Gives: of how many patient keys.
    """
    persons = min(PERSONS, size // 10)
    each, roots = size // persons, b"\0" * HASH_SIZE * size.bit_count()
    with held.writing() as connection:
        connection.execute(audit.delete())
        connection.execute(audit_head.delete())
        connection.execute(text("DROP INDEX audit_in_order"))
        _insert(connection, held.sqlite, {"persons": persons, "each": each, "step": YEARS // size, "from": NOW - YEARS})
        connection.execute(text("CREATE INDEX audit_in_order ON audit (shard, seq)"))
        connection.execute(audit_head.insert().values(shard=0, size=size, frontier=roots, at=NOW))
    keep_months(held, NOW)
    if held.sqlite:
        with held.writing() as connection:
            connection.execute(text("ANALYZE audit"))
    else:  # as autovacuum would in time: the rows that were put into their months are dead where they lay before
        held.reader().execute(text("VACUUM ANALYZE audit"))
    return persons


def _insert(connection: Connection, sqlite: bool, values: dict[str, int]) -> None:
    """Entry k of person p stands at k * persons + p; all of a person's follow each other in the table."""
    series = _SERIES[sqlite]
    nothing, leaf = ("X'7B7D'", "zeroblob(32)") if sqlite else ("'{}'::bytea", "decode(repeat('00', 32), 'hex')")
    connection.execute(
        text(
            "INSERT INTO audit (pk, shard, seq, number, at, leaf, entry, kept)"  # our own words
            " SELECT p.n + 1, 0, k.n * :persons + p.n, k.n + 1, :from + (k.n * :persons + p.n) * :step,"
            f" {leaf}, {nothing}, {nothing} FROM {series.format('persons')} AS p CROSS JOIN {series.format('each')} AS k"
        ),
        values,
    )


_SERIES = {
    True: "(WITH RECURSIVE count(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM count WHERE n + 1 < :{0}) SELECT n FROM count)",
    False: "(SELECT generate_series(0, CAST(:{0} AS bigint) - 1) AS n)",
}
