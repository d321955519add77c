"""The demo: simulated systems, the hub and its own authorization server, on loopback; started and stopped together."""

import asyncio
import contextlib
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import uvicorn

from hub import config as configuration
from hub import keys
from hub.app import AUTH_PATH, Accounts, Running, put_together
from hub.authserver import Authority, Client, Person, issue_token, load_or_create
from hub.config import Config
from hub.demo import personas
from hub.demo.configuration import write
from hub.demo.systems import LOOPBACK, Systems, systems
from hub.demo.world.build import build
from hub.demo.world.model import World

FOLDER = Path("var") / "demo"
"""Where the running demo keeps its database, keys and log; removed when it ends."""
TOKEN_LIFE = 8 * 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo."""

    base: str
    world: World
    systems: Systems
    hub: Running
    folder: Path

    def token(self, name: str) -> str:
        """An access token for a persona."""
        return token(self.folder, self.base, self.world, name)


@asynccontextmanager
async def demo(port: int, folder: Path = FOLDER, database_url: str = "") -> AsyncIterator[Demo]:
    """Start everything; all of it has stopped when the block ends.

    Raises: OSError: the port is taken.
    """
    await asyncio.to_thread(_afresh, folder)
    base = f"http://{LOOPBACK}:{port}"
    world = build(date.today())
    async with systems(world, folder / "municipality") as simulated:
        path = write(
            folder,
            world,
            simulated.addresses,
            hub={"base_url": base, "port": port, "data": ".", "portal_issuer": f"{base}{AUTH_PATH}", "rate_per_minute": 6000},
            issuers=[issuer(base)],
        )
        config = configuration.read(path)
        config = replace(config, database_url=database_url or config.database_url)
        people, clients = accounts(world, base)
        with (folder / "hub.log").open("w") as log:
            hub = put_together(
                config, keys=keys.create(config.data), accounts=Accounts(people=people, clients=clients), log_to=log
            )
            async with served(hub, config):
                await simulated.push()
                await simulated.fetched()
                yield Demo(base, world, simulated, hub, folder)


def _afresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def issuer(base: str) -> dict[str, str]:
    """The demo's issuer, as `[[issuer]]` of hub.toml."""
    at = f"{base}{AUTH_PATH}"
    return {
        "issuer": at,
        "audience": f"{base}/fhir",
        "authorize_url": f"{at}/authorize",
        "token_url": f"{at}/token",
        "jwks_url": f"{at}/jwks",
    }


def accounts(world: World, base: str) -> tuple[tuple[Person, ...], tuple[Client, ...]]:
    """Everybody who may sign in, and through what."""
    return personas.accounts(world), personas.clients((f"{base}/logga-in/svar", "http://127.0.0.1/callback"))


def token(folder: Path, base: str, world: World, name: str) -> str:
    """An access token for a persona, signed with the key of the demo that runs in `folder`.

    Raises: KeyError: no such persona.
    """
    persona = personas.persona(name)
    people, clients = accounts(world, base)
    person = next(each for each in people if each.name == name)
    machine = persona.kind in ("system", "technician")
    client = next(each for each in clients if each.client_id == (name if machine else "demo"))
    authority = Authority(f"{base}{AUTH_PATH}", f"{base}/fhir", load_or_create(folder))
    return issue_token(person, client, authority, time.time(), TOKEN_LIFE)


def token_of_running(name: str) -> str:
    """An access token for a persona of the demo that runs here.

    Raises: FileNotFoundError: none runs; KeyError: no such persona.
    """
    config = configuration.read(FOLDER / "hub.toml")
    return token(FOLDER, config.base_url, build(date.today()), name)


@asynccontextmanager
async def served(hub: Running, config: Config) -> AsyncIterator[None]:
    """The hub on its port, until the block ends."""
    server = uvicorn.Server(
        uvicorn.Config(
            hub.app, host=config.host, port=config.port, access_log=False, log_config=None, server_header=False, lifespan="on"
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]  # the demo decides when it ends
    with contextlib.suppress(AttributeError):
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # likewise
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            raise OSError(
                f"the hub cannot listen on {config.host}:{config.port}: is something else there? HUB_PORT chooses another"
            )
        await asyncio.sleep(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def interrupted() -> None:
    """Return when the process is asked to end (Ctrl-C, SIGTERM)."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()


def temporary() -> Path:
    """A folder for a demo that leaves nothing behind."""
    return Path(tempfile.mkdtemp(prefix="samsyn-")) / "demo"
