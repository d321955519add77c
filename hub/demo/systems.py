"""All simulated systems at once: those that are asked start to listen, those that push are told where the hub listens."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.demo.clinic.server import FhirServer
from hub.demo.configuration import Addresses
from hub.demo.hospital.sender import Acknowledgement, deliver
from hub.demo.municipality.files import drop
from hub.demo.rivta.engagement_index import engagement_index
from hub.demo.rivta.log_service import NationalLog
from hub.demo.rivta.regions import norrdal, vastvik
from hub.demo.rivta.register import register
from hub.demo.rivta.security import services_of
from hub.demo.rivta.server import SoapServer
from hub.demo.world.model import World

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Systems:
    """The running systems; the servers take `troubles` and count `calls`."""

    world: World
    addresses: Addresses
    norrdal: SoapServer
    vastvik: SoapServer
    register: SoapServer
    index: SoapServer
    security: SoapServer
    log: NationalLog
    clinic: FhirServer

    async def drop(self) -> None:
        """Have the municipality drop its files, which lie there until a hub fetches them."""
        await asyncio.to_thread(drop, self.world, self.addresses.files)

    async def push(self) -> dict[str, Acknowledgement]:
        """Have the hospital send its messages; gives its acknowledgements by control id.

        Raises: OSError: nobody listens.
        """
        host, _, port = self.addresses.mllp.rpartition(":")
        return await deliver(self.world, host, int(port))

    async def fetched(self) -> None:
        """Return when the files that were dropped have been fetched. Raises: TimeoutError: nobody fetches them."""
        await asyncio.to_thread(_fetched, self.addresses.files)


def _fetched(folder: Path, seconds: float = 30.0) -> None:
    """Wait until no file lies in the folder."""
    until = time.monotonic() + seconds
    while any(path.is_file() for path in folder.iterdir()):
        if time.monotonic() > until:
            raise TimeoutError("the files were not fetched from the folder")
        time.sleep(0.05)


@asynccontextmanager
async def systems(world: World, files: Path, mllp_port: int = 0) -> AsyncIterator[Systems]:
    """Start everything on free loopback ports; all of it has stopped when the block ends.

    Takes: the folder for the municipality's files; the port on which the hub is to listen for the hospital (0: a free one).
    """
    await asyncio.to_thread(files.mkdir, parents=True, exist_ok=True)
    first, second, persons, clinic = norrdal(world), vastvik(world), register(world), FhirServer(world)
    index, security, log = engagement_index(world), services_of(world), NationalLog()
    async with AsyncExitStack() as running:
        addresses = Addresses(
            norrdal=await running.enter_async_context(first.serve()),
            vastvik=await running.enter_async_context(second.serve()),
            register=await running.enter_async_context(persons.serve()),
            index=await running.enter_async_context(index.serve()),
            security=await running.enter_async_context(security.serve()),
            log=await running.enter_async_context(log.server.serve()),
            clinic=await running.enter_async_context(clinic.serve()),
            mllp=f"{LOOPBACK}:{mllp_port or free_port()}",
            files=files,
        )
        yield Systems(world, addresses, first, second, persons, index, security, log, clinic)


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as trial:
        trial.bind((LOOPBACK, 0))
        return int(trial.getsockname()[1])
