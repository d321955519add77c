"""An ASGI application on a loopback port of its own, in the loop that is already running."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp


@dataclass(frozen=True, slots=True)
class Tls:
    """Files for https; with `clients` a caller must show a certificate that one of these authorities signed."""

    certificate: Path
    key: Path
    clients: Path | None = None


class _Quiet(uvicorn.Server):
    """Leaves the process's signals to whoever owns the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0, tls: Tls | None = None) -> AsyncIterator[str]:
    """Serve until the block ends. Gives the base URL; port 0 takes a free one.

    Raises: OSError: the port is taken, or a certificate file cannot be read.
    """
    server = _Quiet(_configured(app, port, tls))
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            await asyncio.gather(running, return_exceptions=True)
            raise OSError(f"port {port} cannot be listened on")
        await asyncio.sleep(0.005)
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{bound}"
    finally:
        server.should_exit = True
        await running


def _configured(app: ASGIApp, port: int, tls: Tls | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    if tls:
        config.ssl_certfile, config.ssl_keyfile = str(tls.certificate), str(tls.key)
        config.ssl_ca_certs = str(tls.clients) if tls.clients else None
        config.ssl_cert_reqs = ssl.CERT_REQUIRED if tls.clients else ssl.CERT_NONE
    return config
