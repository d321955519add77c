"""What every request passes on its way in and out: an id, a line in the log, headers, a limit on its size. Pure ASGI."""

import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.typing import FilteringBoundLogger

from hub import observe
from hub.api.formats import FHIR_JSON, given
from hub.errors import TooCostly
from hub.fhir.json import dumps
from hub.limits import Refusals, is_told
from hub.observe import Metrics

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
"""Set where an answer does not set its own; pages bring a policy that lets their own style and script in."""
HSTS = "max-age=31536000; includeSubDomains"
CORS_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
CORS_TAKEN = (
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-Modified-Since",
    "If-None-Exist",
    "If-None-Match",
    "Prefer",
    "X-Provenance",
)
CORS_SHOWN = ("Content-Location", "ETag", "Last-Modified", "Location", "Retry-After", "WWW-Authenticate", "X-Request-Id")
NOTHING_MORE: Mapping[str, str] = MappingProxyType({})
UNMATCHED = "unmatched"
CANCELLED = 499
"""Counted for a caller who left before the answer."""

_MOUNTED = re.compile(r"(?:/[a-z-]{1,30}){0,4}", re.ASCII)


def edge(
    app: ASGIApp,
    log: FilteringBoundLogger,
    metrics: Metrics,
    refusals: Refusals,
    *,
    https: bool,
    origins: Sequence[str],
    max_bytes: int,
) -> ASGIApp:
    """`app` behind all of it. `https`: the hub is reached by https, whoever ends the TLS."""
    return Observed(Headers(cors(BodyLimit(app, max_bytes), origins), https), log, metrics, refusals)


def cors(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """`app`, answering scripts from `origins`; tokens travel in a header, so cookies are never allowed along."""
    if not origins:
        return app
    return CORSMiddleware(
        app, allow_origins=origins, allow_methods=CORS_METHODS, allow_headers=CORS_TAKEN, expose_headers=CORS_SHOWN, max_age=600
    )


class Observed:
    """Gives a request its id, and writes one line and one count of it: template, method, status and time, never path or query.

    The outermost door: a refusal of which nobody within has told the access log is counted here, whoever refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        log: FilteringBoundLogger,
        metrics: Metrics,
        refusals: Refusals,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app, self._log, self._metrics, self._refusals, self._clock = app, log, metrics, refusals, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = new_id()
        scope.setdefault("state", {})["request_id"] = name
        bound = observe.bind(name)
        start, status = self._clock(), CANCELLED

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= 400:
                    self._refused(scope, status)
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", name.encode())]
            await send(message)

        try:
            await self._app(scope, receive, named)
        except Exception as fault:
            status = 500
            self._refused(scope, status)
            self._log.error("request failed", exc_info=fault)
            raise
        finally:
            self._tell(scope, status, self._clock() - start)
            observe.unbind(bound)

    def _refused(self, scope: Scope, status: int) -> None:
        if not is_told(scope):
            client = scope.get("client")
            self._refusals.count("", client[0] if client else "", f"{status} {template(scope)}")

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = template(scope), scope["method"]
        self._metrics.request(route, method, status, seconds)
        self._log.info("request answered", route=route, method=method, status=status, milliseconds=round(seconds * 1000, 2))


class Headers:
    """Sets the headers that every answer has, where it has none of its own."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app, self._https = app, https
        self._always = _raw(HEADERS.items())
        self._over_tls = (*self._always, *_raw([("strict-transport-security", HSTS)]))
        self._names = frozenset(name for name, _ in self._over_tls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        always = self._over_tls if self._https or scope.get("scheme") == "https" else self._always

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                held = [name for name, _ in own if name.lower() in self._names]
                message["headers"] = [*own, *([row for row in always if row[0] not in held] if held else always)]
            await send(message)

        await self._app(scope, receive, guarded)


class _Reading:
    """One body being read. Once it is too large, nothing of the application's own answer goes out."""

    def __init__(self, receive: Receive, send: Send, max_bytes: int) -> None:
        self._receive, self._send, self._max = receive, send, max_bytes
        self._read, self._started, self.refused = 0, False, False

    async def receive(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._max:
            self.refused = not self._started
            raise TooCostly(f"the body is larger than {self._max} bytes")
        return message

    async def send(self, message: Message) -> None:
        if not self.refused:
            self._started = True
            await self._send(message)


class BodyLimit:
    """Answers 413 to a body of more than `max_bytes`, announced or not, without reading on; and 415 to one that is compressed,
    whose size nobody can tell."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max = app, max_bytes
        self._too_large = _outcome("too-costly", f"the body is larger than {max_bytes} bytes")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced, brings, coded = b"0", scope.get("http_version") not in ("1.0", "1.1"), b""
        for name, value in scope["headers"]:
            if name == b"content-length":
                announced, brings = value, True
            elif name == b"transfer-encoding":
                brings = True
            elif name == b"content-encoding":
                coded = value
        if not brings:  # in HTTP/1 a request with neither header has no body
            await self._app(scope, receive, send)
            return
        if coded.lower() not in (b"", b"identity"):
            await self._refuse(scope, receive, send, 415, _CODED, {"accept-encoding": "identity"})
            return
        if not announced.isdigit() or int(announced[:20]) > self._max:
            await self._refuse(scope, receive, send, 413, self._too_large)
            return
        reading = _Reading(receive, send, self._max)
        try:
            await self._app(scope, reading.receive, reading.send)
        except TooCostly:
            if not reading.refused:
                raise
        if reading.refused:
            await self._refuse(scope, receive, send, 413, self._too_large)

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, status: int, said: bytes, more: Mapping[str, str] = NOTHING_MORE
    ) -> None:
        headers = {"connection": "close", **more}
        answer = await given(Request(scope), Response(said, status, headers, FHIR_JSON))
        await answer(scope, receive, send)


def template(scope: Scope) -> str:
    """The template of the route that answered, such as `/fhir/{type}/{id}`; never the path itself."""
    path = _path(scope.get("route")) or _path(_plain_route(scope))
    root = str(scope.get("root_path", ""))
    return (root if _MOUNTED.fullmatch(root) else "") + path if path else UNMATCHED


def _path(route: object) -> str:
    return getattr(route, "path_format", "") or getattr(route, "path", "")


def _plain_route(scope: Scope) -> object:
    """FastAPI's router names the route in the scope for its own kind only: a plain one is found by endpoint and parameters."""
    endpoint, parameters = scope.get("endpoint"), scope.get("path_params", {}).keys()
    routes = getattr(scope.get("router"), "routes", ())
    own = (route for route in routes if endpoint is not None and getattr(route, "endpoint", None) is endpoint)
    return next((route for route in own if getattr(route, "param_convertors", {}).keys() == parameters), None)


_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_DRAWN: list[int] = []
"""Random numbers not given away yet. Drawing is a call to the system, during which another thread takes the interpreter."""
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]


def new_id() -> str:
    """A request id: 130 random bits. A caller's own id is never taken over, since it could hold anything."""
    try:
        drawn = _DRAWN.pop()
    except IndexError:
        block = secrets.token_bytes(17 * 256)
        _DRAWN.extend(int.from_bytes(block[at : at + 17]) for at in range(0, len(block), 17))
        drawn = _DRAWN.pop()
    return "".join([_PAIRS[drawn >> place & 1023] for place in range(0, 130, 10)])


def _raw(headers: Iterable[tuple[str, str]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in headers)


def _outcome(code: str, problem: str) -> bytes:
    issue = {"severity": "error", "code": code, "diagnostics": problem}
    return dumps({"resourceType": "OperationOutcome", "issue": [issue]})


_CODED = _outcome("not-supported", "Content-Encoding: a body is sent as it is")
