"""The first steps of `hub source check NAME`, the same for every source over HTTP: name, connection, TLS."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from hub.config import SourceConfig
from hub.sources import Fault, SourceFailed
from hub.sources._http import tls_context


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was tried. Holds no data of any patient."""

    name: str
    passed: bool
    what: str
    advice: str = ""
    """What to do about it."""


ADVICE = {
    Fault.NAME: "check the host in `address`, and the name service of this machine",
    Fault.REFUSED: "check the port in `address`, the firewall, and that the source is up",
    Fault.TLS: "check `ca_file`, and that the source trusts our certificate (`cert_file`, `key_file`)",
    Fault.TIMEOUT: "ask the source how long it needs; raise `timeout` if it must be so",
    Fault.HTTP: "ask the source's operator, with the time of this check",
    Fault.SOAP: "VP004 to VP007: routing or authorisation is missing for our HSA-id, this contract and this logical address",
    Fault.FORM: "check that `address` and `contracts` belong together",
    Fault.LOGICAL: "the source refused the question itself: check `system` (the logical address)",
    Fault.TOO_LARGE: "the answer is larger than the hub reads",
    Fault.BREAKER: "wait half a minute",
}


def failed(name: str, failure: SourceFailed) -> Step:
    """A failed step, with what to do."""
    return Step(name, False, str(failure), ADVICE[failure.fault])


async def check_address(config: SourceConfig) -> AsyncIterator[Step]:
    """Name, connection and TLS of a source's address, ending at the first that fails."""
    url = urlsplit(config.address)
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        yield failed("name", SourceFailed(Fault.NAME, f"{url.hostname}"))
        return
    yield Step("name", True, f"{url.hostname} is {found[0][4][0]}")
    try:
        async with asyncio.timeout(config.timeout):
            what = await _connected(config, url.hostname or "", port, url.scheme == "https")
    except TimeoutError:
        yield failed("connection", SourceFailed(Fault.TIMEOUT, f"no connection within {config.timeout:g} s"))
    except ssl.SSLCertVerificationError as fault:
        yield failed("TLS", SourceFailed(Fault.TLS, fault.verify_message))
    except ssl.SSLError as fault:
        yield failed("TLS", SourceFailed(Fault.TLS, fault.reason or "handshake failed"))
    except OSError:
        yield failed("connection", SourceFailed(Fault.REFUSED, f"port {port}"))
    else:
        yield Step("connection", True, f"port {port}")
        yield Step("TLS", True, what)


async def _connected(config: SourceConfig, host: str, port: int, encrypted: bool) -> str:
    """Connect and leave; what the TLS of the connection is.

    A source that refuses our certificate under TLS 1.3 says so only when it is asked: that is the next step's.
    """
    context = tls_context(config) if encrypted else None
    reader, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        session = writer.get_extra_info("ssl_object")
        return f"{session.version()}, certificate trusted" if session else "none: the address is http"
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        del reader
