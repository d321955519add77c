"""`python -m bench`: load, measure, print one table, keep it in bench/results/. `--small` for a minute's run."""

import argparse
import os
import shutil
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench import inside, load, log, long_log, measures, register, requests, shapes, table, world
from bench.measures import Size
from bench.postgres import beside, postgres
from bench.simulated import sources
from bench.site import Site, site, source
from bench.table import Result
from hub.store.database import Database

RESULTS = Path(__file__).parent / "results"
FULL = Size(patients=4000, reads=6000, searches=3000, creates=1500, rounds=5)
SMALL = Size(patients=160, reads=1000, searches=500, creates=200, rounds=3)
LOGGED = (20_000, 1_000_000)
"""Entries that the log is measured with: small, full."""
DEADLINE = 1.0


def main() -> None:
    asked = _arguments()
    size = SMALL if asked.small else FULL
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hub-bench-", ignore_cleanup_errors=True) as given:
        folder = Path(asked.folder) if asked.folder else Path(given)
        results = [inside.mapping(size.rounds)]
        loaded = _loaded(folder / f"sqlite-{size.patients}", size.patients)
        for database in asked.database.split(","):
            results += _sqlite(folder, loaded, size) if database == "sqlite" else _postgresql(folder, loaded, size)
        if not asked.small or asked.growth:
            results += _growth(folder, loaded, asked.growth or 16, size)
    about = (
        f"{size.patients} patients, {size.patients * world.REPORTS * world.RESULTS} Observations, 32 connections, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {time.monotonic() - began:.0f} s, "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    )
    path = table.keep(RESULTS, "small" if asked.small else "full", results, about)
    sys.stdout.write(path.read_text("utf-8"))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few patients and requests: about a minute, and only a hint")
    parser.add_argument("--database", default="sqlite,postgresql", help="sqlite, postgresql, or both with a comma")
    parser.add_argument("--folder", help="keep the loaded databases here, and use them again")
    parser.add_argument("--growth", type=int, default=0, help="measure growth to so many times the patients (16, 64)")
    return parser.parse_args()


def _loaded(folder: Path, patients: int) -> Site:
    """A site on SQLite with all that `bench.load` puts there. Nothing more is written to it: requests are made to a copy."""
    made = site(folder, _free_port())
    path = folder / "hub.db"
    if not path.is_file():
        _say(f"loading {patients} patients")
        database = Database(f"sqlite:///{path}")
        load.load(database, made.keys, patients, _say)
        database.close()
    return made


def _sqlite(folder: Path, loaded: Site, size: Size) -> list[Result]:
    _say("SQLite")
    copy = _copied(loaded.folder, folder / "asked")
    mine, another = site(copy, _free_port()), site(copy, _free_port())
    return [
        *measures.over_http(mine, "sqlite", size, None),
        *measures.overhead(mine, another, "sqlite", size, None),
        inside.storing(mine, size.rounds),
        log.under_requests(mine, size.patients, size.reads, "sqlite", None),
        *log.alone(f"sqlite:///{copy / 'log.db'}", LOGGED[size.patients > SMALL.patients], "sqlite"),
        *(
            long_log.appending(*(f"sqlite:///{copy / name}" for name in ("short-log.db", "long-log.db")), "sqlite")
            if size is FULL
            else ()
        ),
        *_register(mine, another, f"sqlite:///{copy / 'hub.db'}", "sqlite", size, None),
        _hanging(folder),
    ]


def _postgresql(folder: Path, loaded: Site, size: Size) -> list[Result]:
    _say("PostgreSQL: copying")
    with postgres() as (url, process):
        held = Database(f"sqlite:///{loaded.folder / 'hub.db'}")
        load.copy(held, url, _say)
        held.close()
        mine, another = site(loaded.folder, _free_port(), url), site(loaded.folder, _free_port(), url)
        return [
            *measures.over_http(mine, "postgresql", size, process),
            *measures.overhead(mine, another, "postgresql", size, process),
            *_register(mine, another, url, "postgresql", size, process),
            *(
                long_log.appending(beside(url, "hub_short_log"), beside(url, "hub_long_log"), "postgresql")
                if size is FULL
                else ()
            ),
        ]


def _register(mine: Site, another: Site, url: str, database: str, size: Size, postgres: int | None) -> list[Result]:
    register.fill(mine, url, size is FULL, _say)
    return register.overhead(mine, another, database, size, postgres)


def _hanging(folder: Path) -> Result:
    _say("a source that hangs")
    patients = 8
    with sources(patients) as (answers, hangs):
        tables = [
            source("norr", world.HOME[0], answers, 0.0, ("rivta_laboratory",)),
            source("vast", world.UNITS[4][0], hangs, 0.0, ("rivta_laboratory",)),
        ]
        place = folder / "hanging"
        shutil.rmtree(place, ignore_errors=True)
        made = site(place, _free_port(), deadline=DEADLINE, sources="\n".join(tables))
        database = Database(f"sqlite:///{place / 'hub.db'}")
        load.load(database, made.keys, patients, lambda _: None)
        database.close()
        return measures.hanging(made, requests.searches(made, patients, 4, length=1), DEADLINE)


def _growth(folder: Path, loaded: Site, times: int, size: Size) -> list[Result]:
    base = min(1000, size.patients)
    small = _loaded(folder / f"sqlite-{base}", base)
    large = folder / f"sqlite-{base}-{times}"
    if not large.is_dir():
        _say(f"{times} times {base} patients")
        shutil.copytree(small.folder, large)
        inside.multiply(large / "hub.db", times)
    growth = inside.growth(small, site(large, _free_port()), base, times, size.rounds)
    _say("shapes of search")
    few = site(_copied(small.folder, folder / "asked"), _free_port())
    many = site(_copied(large, folder / "asked-many"), _free_port())
    return [growth, *shapes.shapes(few, many, base, times, size.rounds, size.searches // 10)]


def _copied(folder: Path, to: Path) -> Path:
    """A copy that may be written to, in place of one that was."""
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    return to


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _say(what: str) -> None:
    sys.stderr.write(what + "\n")


if __name__ == "__main__":
    main()
