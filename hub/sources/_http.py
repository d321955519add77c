"""HTTP to sources: the only place that builds httpx clients. One client, breaker and concurrency limit per source.

No redirects, no other host than the configured one, no environment proxies, a cap on what is read. Only a connection
that never came about is tried again: a question that may have arrived is not asked twice.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import anyio
import httpx
import stamina

from hub.config import SourceConfig
from hub.sources import Fault, SourceFailed
from hub.sources._breaker import Breaker
from hub.xml import MAX_BYTES

CONNECT_SECONDS = 2.0
"""Longest wait for a connection; never longer than the source's own timeout."""
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    media_type: str
    """Without parameters, in lower case."""
    content: bytes


class Http:
    """The way to one source."""

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = config
        self.breaker = Breaker(clock)
        self._slots = anyio.Semaphore(config.concurrency)
        self._origin = _origin(httpx.URL(config.address))
        # without TLS nobody need be trusted, and reading all authorities takes 40 ms
        trusted = tls_context(config) if self._origin[0] == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx.AsyncClient(
            transport=transport,
            verify=trusted,
            timeout=httpx.Timeout(config.timeout, connect=min(CONNECT_SECONDS, config.timeout)),
            limits=httpx.Limits(max_connections=config.concurrency, max_keepalive_connections=config.concurrency),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "samsyn"},
        )

    async def request(self, method: str, url: str, headers: Mapping[str, str], content: bytes = b"") -> Answer:
        """Ask once, within the source's timeout; any HTTP status is an answer.

        Raises: SourceFailed: no connection, no answer in time, too large, another host, or the breaker is open.
        """
        if _origin(httpx.URL(url)) != self._origin:
            raise SourceFailed(Fault.FORM, "an address at another host than the configured one")
        async with self._slots:
            with self.breaker.passage():
                answer = await self._within_time(method, url, headers, content)
                if answer.status in (502, 503, 504):
                    raise SourceFailed(Fault.HTTP, f"status {answer.status}", answer.content)
                return answer

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _within_time(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        try:
            with anyio.fail_after(self.config.timeout):
                return await self._with_retries(method, url, headers, content)
        except (TimeoutError, httpx.TimeoutException):
            raise SourceFailed(Fault.TIMEOUT, f"no whole answer within {self.config.timeout:g} s") from None
        except httpx.TransportError as failure:
            raise SourceFailed(*_explained(failure)) from None

    async def _with_retries(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        async for attempt in stamina.retry_context(
            on=_may_pass, attempts=ATTEMPTS, timeout=None, wait_initial=0.05, wait_max=0.2, wait_jitter=0.05
        ):
            with attempt:
                return await self._once(method, url, headers, content)
        raise AssertionError("unreachable: the last attempt gives an answer or raises")

    async def _once(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        async with self._client.stream(method, url, headers=dict(headers), content=content) as response:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise SourceFailed(Fault.FORM, "a compressed answer, which was not asked for")
            held = bytearray()
            async for part in response.aiter_bytes():
                held += part
                if len(held) > MAX_BYTES:
                    raise SourceFailed(Fault.TOO_LARGE, f"more than {MAX_BYTES} bytes")
            media_type = response.headers.get("content-type", "").split(";")[0].strip().lower()
            return Answer(response.status_code, media_type, bytes(held))


def tls_context(config: SourceConfig) -> ssl.SSLContext:
    """Server verification against the configured authorities, with our own certificate where there is one."""
    context = ssl.create_default_context(cafile=config.ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.cert_file:
        context.load_cert_chain(config.cert_file, config.key_file or None)
    return context


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _may_pass(failure: Exception) -> bool:
    """A connection that never came about, for a reason that may be gone in a moment."""
    return isinstance(failure, httpx.ConnectError) and _explained(failure)[0] is Fault.REFUSED


def _explained(failure: BaseException) -> tuple[Fault, str]:
    """What lies behind a transport error, in our words: library messages may quote addresses and data."""
    for cause in _causes(failure):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Fault.TLS, "the source's certificate is not trusted, or is another's"
        if isinstance(cause, ssl.SSLError):
            return Fault.TLS, "the TLS handshake failed; perhaps our certificate is not accepted"
        if isinstance(cause, socket.gaierror):
            return Fault.NAME, "the host name has no address"
    if isinstance(failure, httpx.ConnectError):
        return Fault.REFUSED, "no connection"
    return Fault.HTTP, "the connection broke before the answer was whole"


def _causes(failure: BaseException | None) -> Iterator[BaseException]:
    while failure is not None:
        yield failure
        failure = failure.__cause__ or failure.__context__


async def fetched(url: str) -> bytes | None:
    """A small document of another service: an issuer's keys. None: it cannot be had."""
    answered = await _small("GET", url, None)
    return answered[1] if answered and answered[0] == 200 else None


async def posted(url: str, form: Mapping[str, str]) -> tuple[int, bytes]:
    """Send a form to another service: a code for tokens. Gives: status and body; 502 and nothing where it does not answer."""
    return await _small("POST", url, form) or (502, b"")


async def _small(method: str, url: str, form: Mapping[str, str] | None) -> tuple[int, bytes] | None:
    try:
        async with httpx.AsyncClient(timeout=SMALL_SECONDS, follow_redirects=False, trust_env=False) as client:
            answer = await client.request(method, url, data=form)
    except httpx.HTTPError:
        return None
    return (answer.status_code, answer.content) if len(answer.content) <= SMALL_BYTES else None


SMALL_SECONDS = 5.0
SMALL_BYTES = 100_000
"""What is read of a document that must be small."""
