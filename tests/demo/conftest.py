"""The world that the demo's tests look at, on a fixed day."""

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, make_url, text

from hub.config import SourceConfig
from hub.demo.expected import Sight
from hub.demo.systems import free_port
from hub.demo.world.build import build
from hub.demo.world.model import World
from hub.mappers import Defaults, Entry, Place, Settings

TODAY = date(2026, 11, 21)


@pytest.fixture(scope="session")
def world() -> World:
    return build(TODAY)


@pytest.fixture(scope="session")
def published() -> frozenset[str]:
    """The test numbers that the Tax Agency has published, from the reference material."""
    asked = os.environ.get("HUB_REFERENCE")
    folder = Path(asked) if asked else Path(__file__).parents[2] / ".." / "shared" / "reference"
    listed = folder / "profiles" / "identifiers" / "test-persons.json"
    if not asked and not listed.exists():
        pytest.skip("the reference material is not at hand (HUB_REFERENCE)")
    groups = json.loads(listed.read_text("utf-8"))
    return frozenset(number for numbers in groups.values() if isinstance(numbers, list) for number in numbers)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shown() -> Callable[[Entry], set[Sight]]:
    """How the resources of an entry can be told: type and any identifier."""

    def told(entry: Entry) -> set[Sight]:
        named = (
            (each.resource, identifier) for each in entry.resources for identifier in _several(each.resource.get("identifier"))
        )
        return {Sight(resource["resourceType"], identifier["value"]) for resource, identifier in named}

    return told


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []


@pytest.fixture
def settings_of() -> Callable[[SourceConfig], Settings]:
    """What a source's configuration tells its mappers."""

    def told(source: SourceConfig) -> Settings:
        return Settings(
            source=source.name,
            system=source.system,
            provider=source.owner,
            unit=source.unit or None,
            encoding=source.encoding,
            defaults=Defaults(**source.defaults),
            places={code: Place(**place) for code, place in source.places.items()},
        )

    return told


READY = "Ctrl-C ends all of it."


@dataclass
class DemoProcess:
    """A `hub demo` of its own, in a folder that looks like a newcomer's: `.venv` is there, nothing else."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    environment: dict[str, str]
    lines: list[str] = field(default_factory=list)
    ready: threading.Event = field(default_factory=threading.Event)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def end(self, how: int = signal.SIGINT) -> int:
        """Ask it to end. Gives its exit code."""
        self.process.send_signal(how)
        return self.process.wait(20)

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command beside it, as from another terminal."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment | more, text=True, capture_output=True, timeout=100, check=False
        )

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if READY in line:
                self.ready.set()
        self.ready.set()


@pytest.fixture(scope="session")
def demo_process() -> Callable[..., AbstractContextManager[DemoProcess]]:
    """Starts `hub demo` on a free port; ready in the block, killed after it if it still runs."""

    @contextmanager
    def started(folder: Path, *more: str, port: int = 0, wait: bool = True, **environment: str) -> Iterator[DemoProcess]:
        if not (folder / ".venv").exists():
            (folder / ".venv").symlink_to(sys.prefix)
        number = port or free_port()
        held = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
        held |= {"HUB_PORT": str(number), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": "default"} | environment
        process = subprocess.Popen(
            [".venv/bin/hub", "demo", *more], cwd=folder, env=held, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        running = DemoProcess(process, folder, number, held)
        reader = threading.Thread(target=running.read, daemon=True)
        reader.start()
        try:
            if wait:
                assert running.ready.wait(90)
                assert READY in running.output, running.output
            yield running
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(20)
            reader.join(5)
            assert process.stdout
            process.stdout.close()

    return started


@pytest.fixture
def empty_database(postgres: str, maintenance: Connection) -> Iterator[str]:
    """An empty PostgreSQL database."""
    name = f"hub_demo_{uuid.uuid4().hex[:12]}"
    maintenance.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres).set(database=name).render_as_string(hide_password=False)
    maintenance.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
