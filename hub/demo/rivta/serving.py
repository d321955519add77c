"""An ASGI application on a loopback port of its own, in the loop that is already running."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for https; with `clients` a caller must show a certificate that one of these authorities signed."""

    certificate: Path
    key: Path
    clients: Path | None = None


class _Quiet(uvicorn.Server):
    """Leaves the process's signals to whoever owns the process, and stops when told instead of at the next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.told.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(
    app: ASGIApp,
    port: int = 0,
    tls: Tls | None = None,
    on: socket.socket | None = None,
    http: type[asyncio.Protocol] | Literal["auto"] = "auto",
) -> AsyncIterator[str]:
    """Serve until the block ends. Gives the base URL; port 0 takes a free one.

    Takes: `on`: a socket that is bound already, instead of a port; `http`: what reads HTTP, if not uvicorn's own.
    Raises: OSError: the port is taken, or a certificate file cannot be read.
    """
    config = _configured(app, tls, http)
    config.load()
    with on or bound(port) as listener:
        server = _Quiet(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not running.done():  # noqa: ASYNC110  # the only sign that uvicorn gives
                await asyncio.sleep(0.005)
            yield f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.told.set()
            await running


def bound(port: int) -> socket.socket:
    """A loopback socket on a port. Bound here, since the server would end the process over a port that is taken.

    Raises: OSError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sets TCP_NODELAY only on such
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError as fault:
        listener.close()
        raise OSError(fault.errno, f"port {port} cannot be listened on") from None
    return listener


def _configured(app: ASGIApp, tls: Tls | None, http: type[asyncio.Protocol] | Literal["auto"]) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        date_header=False,
        server_header=False,
        http=http,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    if tls:
        config.ssl_certfile, config.ssl_keyfile = str(tls.certificate), str(tls.key)
        config.ssl_ca_certs = str(tls.clients) if tls.clients else None
        config.ssl_cert_reqs = ssl.CERT_REQUIRED if tls.clients else ssl.CERT_NONE
    return config
