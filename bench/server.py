"""The hub as a process of its own, and what it has cost: CPU time of all its threads, and of PostgreSQL's processes."""

import http.client
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.site import Site

WAIT = 60.0
"""Seconds in which the hub must answer."""


@dataclass(slots=True)
class Server:
    """A running hub. State: its process."""

    site: Site
    process: "subprocess.Popen[bytes]"
    started: float
    """Seconds from start to first answer."""
    postgres: int | None = None
    """Process id of the PostgreSQL server that it uses."""

    @property
    def port(self) -> int:
        return self.site.settings.port

    def cpu(self) -> float:
        """CPU seconds used so far, user and system, database included."""
        ours = psutil.Process(self.process.pid).cpu_times()
        return ours.user + ours.system + (postgres_cpu(self.postgres) if self.postgres else 0.0)

    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


def postgres_cpu(postmaster: int) -> float:
    """CPU seconds of a PostgreSQL server with its backends; those that have ended count with it."""
    total = 0.0
    main = psutil.Process(postmaster)
    for each in (main, *main.children()):
        try:
            times = each.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    own = main.cpu_times()
    return total + own.children_user + own.children_system


def start(site: Site, postgres: int | None = None, module: Sequence[str] = ("hub.cli", "serve")) -> Server:
    """Start a hub and wait for its first answer. Raises: RuntimeError: it does not come up."""
    log = (site.folder / "hub.log").open("ab")
    began = time.monotonic()
    command = [sys.executable, "-m", *module, "--config", str(site.config)]
    process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603  # our own module
    log.close()
    while time.monotonic() - began < WAIT:
        if process.poll() is not None:
            break
        if _answers(site.settings.port):
            return Server(site, process, time.monotonic() - began, postgres)
        time.sleep(0.01)
    process.kill()
    raise RuntimeError(f"the hub does not start: see {site.folder / 'hub.log'}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/fhir/metadata")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def postmaster(folder: Path) -> int:
    """Process id of the PostgreSQL server whose data lie in `folder`."""
    return int((folder / "postmaster.pid").read_text().splitlines()[0])
