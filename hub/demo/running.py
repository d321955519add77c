"""The demo: simulated systems, the hub and its own authorization server, on loopback; started and stopped together."""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub import config as configuration
from hub import keys
from hub.api.not_http import Protocol
from hub.app import AUTH_PATH, Accounts, Running, put_together
from hub.config import Config
from hub.demo import database, signing
from hub.demo.configuration import Row, write
from hub.demo.control import controlled
from hub.demo.folder import LOOPBACK
from hub.demo.rivta.serving import bound, served
from hub.demo.systems import Systems, systems
from hub.demo.world.build import build
from hub.demo.world.model import World
from hub.demo.world.scribe import STOCKHOLM


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo."""

    base: str
    began: datetime
    """When it started; the world's times lie around its Swedish day."""
    world: World
    systems: Systems
    hub: Running
    config: Config

    def token(self, name: str) -> str:
        """An access token for a persona."""
        return signing.token(self.config, self.world, name)


@asynccontextmanager
async def demo(port: int, folder: Path, database_url: str = "") -> AsyncIterator[Demo]:
    """Start everything; all of it has stopped when the block ends, and the folder is gone.

    Takes: `folder`: made anew; `database_url`: a PostgreSQL database to use, instead of a file in the folder.
    Raises: OSError: the port is taken (and then nothing was touched), or the database cannot be had.
    """
    async with AsyncExitStack() as stack:
        listener = _listener(port)
        stack.callback(listener.close)
        store = stack.enter_context(database.lent(database_url)) if database_url else None
        stack.enter_context(_made(folder))
        began = datetime.now(UTC)
        world = build(began.astimezone(STOCKHOLM).date())
        simulated = await stack.enter_async_context(systems(world, folder / "municipality"))
        await simulated.drop()  # before the hub looks for the first time, since it takes what it sees twice
        config = _configured(folder, world, simulated, port, database_url)
        log = stack.enter_context((folder / "hub.log").open("w"))
        people, clients = signing.accounts(world, config.base_url, folder)
        hub = put_together(config, keys=keys.create(folder), accounts=Accounts(people=people, clients=clients), log_to=log)
        await stack.enter_async_context(_started(hub))
        await stack.enter_async_context(served(hub.app, on=listener, http=Protocol))
        if store:
            database.mark(store)
        await stack.enter_async_context(controlled(simulated, folder))
        await simulated.push()
        await simulated.fetched()
        yield Demo(config.base_url, began, world, simulated, hub, config)


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


def _configured(folder: Path, world: World, simulated: Systems, port: int, database_url: str) -> Config:
    """The hub's configuration, read from the file that is written for it, whatever the environment says."""
    base = f"http://{LOOPBACK}:{port}"
    hub: Row = {
        "base_url": base,
        "port": port,
        "data": ".",
        "portal_issuer": f"{base}{AUTH_PATH}",
        "portal_client": "demo",
        "rate_per_minute": 6000,
        "database_url": database_url,
    }
    return configuration.read(write(folder, world, simulated.addresses, hub=hub, issuers=[issuer(base)]), {})


def _listener(port: int) -> socket.socket:
    """The hub's socket. It listens at once: whoever connects early waits, and a second demo on the port ends here.

    Raises: OSError: something else listens on the port.
    """
    try:
        listener = bound(port)
        listener.listen()
    except OSError as fault:
        why = os.strerror(fault.errno).lower() if fault.errno else "no such port"
        raise OSError(f"the hub cannot listen on {LOOPBACK}:{port}, {why}: HUB_PORT chooses another port") from None
    return listener


@contextmanager
def _made(folder: Path) -> Iterator[None]:
    """The folder, empty at first; removed at the end."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _started(hub: Running) -> AsyncIterator[None]:
    try:
        await hub.start()
        yield
    finally:
        await hub.stop()


@contextmanager
def until_asked_to_end() -> Iterator[None]:
    """A block that Ctrl-C or SIGTERM ends, as if it had come to its end; asking again does not hurry it."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task
    asked = False

    def ask() -> None:
        nonlocal asked
        if not asked:
            asked = True
            task.cancel()

    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, ask)
    try:
        yield
    except asyncio.CancelledError:
        if not asked:
            raise
        task.uncancel()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder for a demo that leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="samsyn-") as made:
        yield Path(made) / "demo"
