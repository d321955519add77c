"""HL7 v2 over MLLP: listens, hands each message over, and acknowledges it when it is durable. Kind `mllp`.

A message goes to the mapper of its type among the source's contracts (`hl7v2_oru_r01`, `hl7v2_siu`); what is of no such
type, or no message at all, goes to the first contract, whose mapper refuses it, and so is kept and reported like any other.
TLS is on where `cert_file` is set; with `ca_file` too, senders need a certificate of that authority.
"""

import asyncio
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.config import SourceConfig
from hub.errors import Unmappable
from hub.mappers import _er7
from hub.sources import Deliver, Delivery, Fault, SourceFailed, Verdict
from hub.sources._check import Step, failed
from hub.sources._mllp_frames import END, MAX_FRAME, START, BadFrame, acknowledgement, frame

IDLE_SECONDS = 600.0
"""A connection that says nothing for so long is closed; the sender opens another."""
FRAME_SECONDS = 30.0
"""Longest time from the first byte of a message to its last."""
MAX_CONNECTIONS = 64
MAX_OF_ADDRESS = 8
"""Of one sender's address at once. Beyond these limits the connection that has been quiet longest makes room."""

Note = Callable[..., object]
"""Takes an event in words and its fields (source, error): the warning method of the hub's log."""
_NMQ = ("NMQ", "N01")
"""Application query (HL7 v2.5.1 chapter 14): answered by the listener itself, stored by nobody."""


@dataclass(slots=True)
class _Line:
    """A connection. State: when it last brought a message."""

    address: str
    spoke: float
    """Seconds, monotonic; at first when it was opened."""


class MllpListener:
    """Listens for one source. State: the server, its connections, the number of the next acknowledgement."""

    def __init__(
        self,
        config: SourceConfig,
        deliver: Deliver,
        note: Note,
        *,
        idle: float = IDLE_SECONDS,
        patience: float = FRAME_SECONDS,
    ) -> None:
        self.config = config
        self._deliver = deliver
        self._note = note
        self._idle = idle
        self._patience = patience
        self._numbers = itertools.count(1)
        self._connections: dict[asyncio.Task[None], _Line] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        """Begin to listen. Gives: the port (the configured one, or the one that the system chose for 0)."""
        host, port = address(self.config)
        tls = server_tls(self.config)
        self._server = await asyncio.start_server(self._connected, host, port, limit=MAX_FRAME, ssl=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def aclose(self) -> None:
        """Stop listening. A message that is being handed over is finished and acknowledged first."""
        if self._server is None:
            return
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, *self._leaving, return_exceptions=True)
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its end; what ends it otherwise than the sender's close is noted."""
        connection = asyncio.current_task()
        assert connection
        line = _Line(str((writer.get_extra_info("peername") or ("",))[0]), time.monotonic())
        self._make_room(line.address)
        self._connections[connection] = line
        try:
            await self._serve(reader, writer, line)
        except (ConnectionError, ssl.SSLError, TimeoutError) as end:
            self._note("a connection ended early", source=self.config.name, error=type(end).__name__)
        except asyncio.CancelledError:
            pass  # the listener closes, or another connection needs the room: both have said so
        finally:
            self._connections.pop(connection, None)
            self._leaving.discard(connection)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def _make_room(self, address: str) -> None:
        """For one more connection of `address`: the one that has been quiet longest ends, after its message if it has one."""
        of_address = [each for each, line in self._connections.items() if line.address == address]
        crowded = of_address if len(of_address) >= MAX_OF_ADDRESS else list(self._connections)
        if len(of_address) < MAX_OF_ADDRESS and len(self._connections) < MAX_CONNECTIONS:
            return
        quiet = min(crowded, key=lambda each: self._connections[each].spoke)
        self._note("too many connections", source=self.config.name)
        del self._connections[quiet]
        self._leaving.add(quiet)
        quiet.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: _Line) -> None:
        """Message after message, each acknowledged before the next is read."""
        while True:
            try:
                content = await frame(reader, self._idle, self._patience)
            except BadFrame as fault:
                self._note("not a frame", source=self.config.name)
                await self._answer(writer, fault.content, fault.problem)
                return  # where the next message begins is not known
            if content is None:
                return
            line.spoke = time.monotonic()
            await self._answer(writer, content)

    async def _answer(self, writer: asyncio.StreamWriter, content: bytes, bad_frame: str = "") -> None:
        """Hand over and acknowledge, whole even when the listener is closing."""
        work = asyncio.ensure_future(self._taken(content, bad_frame))
        try:
            answer = await asyncio.shield(work)
        except asyncio.CancelledError:
            writer.write(START + await work + END)
            raise
        writer.write(START + answer + END)
        await writer.drain()

    async def _taken(self, content: bytes, bad_frame: str) -> bytes:
        """Gives: the acknowledgement of a message that is durable; AE where it could not be made so."""
        header = self._header(content)
        if header and not bad_frame and (header.text(9), header.text(9, 2)) == _NMQ:
            return self._acknowledged(header, Delivery(Verdict.ACCEPTED))
        try:
            name = f"mllp:{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
            delivery = await self._deliver(self.config.name, contract(self.config, header), content, name)
        except Exception as fault:  # whatever it is, the sender must hear AE and the connection must live
            self._note("a message could not be stored", source=self.config.name, error=type(fault).__name__)
            delivery = Delivery(Verdict.ERROR, (("MSH", "could not be stored: send it again"),))
        if bad_frame and delivery.verdict is not Verdict.ERROR:
            delivery = Delivery(Verdict.REJECTED, (("MSH", bad_frame),))
        return self._acknowledged(header, delivery)

    def _header(self, content: bytes) -> _er7.Segment | None:
        """MSH, also of a message whose other lines cannot be read."""
        with suppress(Unmappable):
            return _er7.read(content.lstrip(b"\r\n").split(b"\r", 1)[0][:2000], self.config.encoding).header
        return None

    def _acknowledged(self, header: _er7.Segment | None, delivery: Delivery) -> bytes:
        return acknowledgement(header, delivery, f"SAMSYN{next(self._numbers)}", datetime.now(UTC))


async def check(config: SourceConfig) -> AsyncIterator[Step]:
    """Try the listener from the sender's side, step by step: connection, TLS, acknowledgement of a query that stores nothing."""
    host, port = address(config)
    tls = _own_tls(config)
    try:
        async with asyncio.timeout(config.timeout):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except TimeoutError:
        yield failed("connection", SourceFailed(Fault.TIMEOUT, f"no connection within {config.timeout:g} s"))
        return
    except ssl.SSLError as fault:
        yield failed("TLS", SourceFailed(Fault.TLS, fault.reason or "handshake failed"))
        return
    except OSError:
        yield Step("connection", False, f"nobody listens on port {port}", "start the hub, or check `address`")
        return
    yield Step("connection", True, f"port {port}")
    yield Step("TLS", True, "on" if tls else "none: `cert_file` is not set")
    try:
        yield await _greeted(config, reader, writer)
    finally:
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


async def _greeted(config: SourceConfig, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Step:
    value, now = _er7.value, f"{datetime.now(UTC):%Y%m%d%H%M%S}+0000"
    header = [*map(value, ("SAMSYN", "CHECK", "SAMSYN", "HUB", now, "")), [[[part] for part in _NMQ]]]
    query = _er7.write([("MSH", [*header, value("CHECK"), value("P"), value("2.5.1")])])
    writer.write(START + query + END)
    try:
        found = _er7.read(await frame(reader, config.timeout, config.timeout) or b"").first("MSA")
    except (TimeoutError, ConnectionError, BadFrame, Unmappable):
        found = None
    if found is None or (found.text(1), found.text(2)) != (Verdict.ACCEPTED, "CHECK"):
        return failed("acknowledgement", SourceFailed(Fault.FORM, "what listens there does not acknowledge as this hub does"))
    return Step("acknowledgement", True, "AA")


def contract(config: SourceConfig, header: _er7.Segment | None) -> str:
    """The source's mapper for a message: of its type and event, else of its type, else the first, which will refuse it."""
    kind, event = (header.text(9).lower(), header.text(9, 2).lower()) if header else ("", "")
    named = [name for name in (f"hl7v2_{kind}_{event}", f"hl7v2_{kind}") if name in config.contracts]
    return (named or list(config.contracts) or ["hl7v2_oru_r01"])[0]


def address(config: SourceConfig) -> tuple[str, int]:
    """Where to listen: `host:port`; without a host, on loopback.

    Raises: ValueError: no port.
    """
    host, _, port = config.address.rpartition(":")
    if not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"source {config.name}: address is host:port for kind mllp")
    return host.strip("[]") or "127.0.0.1", int(port)


def server_tls(config: SourceConfig) -> ssl.SSLContext | None:
    """TLS with our certificate; senders must show theirs where an authority is configured. None: no certificate, no TLS."""
    if not config.cert_file:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=config.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.cert_file, config.key_file or None)
    if config.ca_file:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _own_tls(config: SourceConfig) -> ssl.SSLContext | None:
    """To reach our own listener: its very certificate is what is trusted, and shown where one is demanded."""
    if not config.cert_file:
        return None
    context = ssl.create_default_context(cafile=config.cert_file)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_cert_chain(config.cert_file, config.key_file or None)
    return context
