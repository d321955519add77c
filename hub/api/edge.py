"""From an HTTP request to a Context, and from what went wrong to a status: every route passes here.

Source: http://hl7.org/fhir/R4/http.html#summary; API.md section 3.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hub import errors
from hub.api.formats import FHIR_JSON, given
from hub.api.middleware import new_id
from hub.caller import Caller
from hub.errors import HubError, InvalidToken, Issue, NotFound, NotSupported, Throttled, Unauthenticated
from hub.fhir.json import dumps
from hub.fhir.outcome import outcome
from hub.hub import Hub
from hub.interactions.context import Context
from hub.interactions.logbook import log_failure
from hub.limits import Limits, Refusals, told
from hub.refresh import Refresher
from hub.smart import Verifier
from hub.store.database import OperationalError

DOWN = "the database does not answer, or cannot be written"
STATUS: Mapping[type[HubError], int] = {
    errors.InvalidRequest: 400,
    errors.NotSupported: 400,
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Several: 412,
    errors.Expired: 410,
    errors.Gone: 410,
    errors.TooCostly: 413,
    errors.Throttled: 429,
    errors.NotAcceptable: 406,
    errors.UnsupportedMedia: 415,
    errors.Unprocessable: 422,
    errors.Unreachable: 503,
    errors.AuditUnavailable: 503,
    errors.Unmappable: 422,
}
RETRY_AFTER = "60"
"""Seconds."""
UNSURE = "R01"
"""The rule by which a request without a token that holds is refused."""
NO_ID = "-"
"""Stands for what no id can look like: it is looked for, logged and not found as any other that was never issued."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}", re.ASCII)
_PLACE = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\[\]-]{0,199}", re.ASCII)
_POSITION = re.compile(r"(?:line|byte) [0-9]{1,9}(?:, column [0-9]{1,9})?", re.ASCII)
_NUMBERS = re.compile(r"[0-9]{5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Edge:
    """What routes are given: the hub, and who may come in."""

    hub: Hub
    refresher: Refresher
    verifier: Verifier
    limits: Limits
    refusals: Refusals
    note: Callable[[Exception], None] = lambda fault: None
    """Tells the operator of a fault of ours: class and place, no data."""

    async def context(self, request: Request) -> Context:
        """Who is calling, and the request's own id.

        Raises: Unauthenticated; Forbidden; Throttled.
        """
        header = header_of(request, b"authorization")
        try:
            caller = await self.verifier.caller(header)
        except HubError as fault:
            self.count(request, fault.problem, issuer=self.verifier.issuer_named(header), rule=UNSURE)
            raise
        try:
            self.limits.request(caller)
        except HubError as fault:
            self.count(request, fault.problem, caller)
            raise
        count = partial(self.limits.identifier, caller)
        return Context(self.hub, self.refresher, caller, request_id(request), self.hub.store.now(), count)

    def count(self, request: Request, reason: str, caller: Caller | None = None, issuer: str = "", rule: str = "") -> None:
        """Count a refusal that has no entry of its own: one entry an interval tells of them all."""
        address = request.client.host if request.client else ""
        named = (caller.issuer, caller.subject or caller.client) if caller else (issuer, "")
        self.refusals.count(named[0], address, reason, named[1], rule)
        told(request.scope)

    def count_unlogged(self, request: Request, fault: HubError, caller: Caller | None) -> None:
        """Count what a known caller was refused, unless the log has an entry of it."""
        if caller and not fault.logged:
            self.count(request, fault.problem if isinstance(fault, Throttled) else fault.issue, caller)
        told(request.scope)

    def route(self, handler: Callable[[Request, Context], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """A route: who is calling is known before the handler runs, and what goes wrong becomes an OperationOutcome."""

        async def answered(request: Request) -> Response:
            caller: Caller | None = None
            try:
                context = await self.context(request)
                caller = context.caller
                answer = await given(request, await handler(request, context))
                if answer.status_code >= 400:  # in a form that it cannot be written in; it has its entry
                    told(request.scope)
                return answer
            except HubError as fault:
                self.count_unlogged(request, fault, caller)
                return await given(request, self.fault(fault))
            except ClientDisconnect:
                told(request.scope)  # nobody is there to be told anything
                return Response(status_code=400)
            except Exception as fault:  # the last resort: a fault of ours, told to the operator and to the caller without data
                self.note(fault)
                name = request_id(request)
                if await log_failure(self.hub.store, caller, name):
                    told(request.scope)
                down = isinstance(fault, OperationalError)  # locked, without room, not there: nothing that was sent is to blame
                return await given(request, self.fault(errors.Unreachable(DOWN)) if down else _failed(name))

        return answered

    def otherwise(self, prefix: str, routes: Sequence[Any]) -> list[Route]:
        """What answers under `prefix` where none of `routes` does: 405 for a path that is there, 404 for one that is not."""
        answer = Otherwise(self, tuple(routes))
        return [Route(prefix, answer), Route(f"{prefix}/{{rest:path}}", answer)]

    def fault(self, fault: HubError, status: int = 0, **more: str) -> Response:
        """What went wrong, as FHIR says it. Places that a caller made up are left out: they could hold anything."""
        status = status or next((STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS), 400)
        headers = {name.capitalize(): value for name, value in more.items()}
        if isinstance(fault, Unauthenticated):
            refused = isinstance(fault, InvalidToken)  # RFC 6750, 3.1: a client then knows that a new token may help
            headers["WWW-Authenticate"] = 'Bearer realm="fhir", error="invalid_token"' if refused else 'Bearer realm="fhir"'
        if status in (429, 503):
            headers["Retry-After"] = RETRY_AFTER
        return Response(dumps(outcome(map(_shown, fault.issues))), status, headers, FHIR_JSON)


class Endpoint:
    """A class, since Starlette puts two more layers around a route to a function."""

    def __init__(self, answered: Callable[[Request], Awaitable[Response]]) -> None:
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answered(Request(scope, receive, send))
        await response(scope, receive, send)


class Otherwise:
    """A class, since a route to a function takes GET alone."""

    def __init__(self, edge: Edge, routes: tuple[Any, ...]) -> None:
        self._edge, self._routes = edge, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fitting = [route for route in self._routes if route.path_regex.match(scope["path"])]
        found = [route for route in fitting if is_named(route.path)] or fitting
        allowed = sorted({method for route in found for method in route.methods or ()})
        operation = scope["path"].rpartition("/")[2].startswith("$")
        if operation and not any(route.path.rpartition("/")[2].startswith("$") for route in found):
            answer = self._edge.fault(NotFound("there is no such operation"))
        elif allowed and scope["method"] not in allowed:
            answer = self._edge.fault(NotSupported("the method is not supported here"), 405, allow=", ".join(allowed))
        else:
            answer = self._edge.fault(NotFound("there is no such resource"))
        shown = await given(Request(scope), answer)
        await shown(scope, receive, send)


def is_named(path: str) -> bool:
    """Whether a route's path ends in a name of its own rather than in any type or id."""
    return not path.endswith(("/", "}"))


class refusing:
    """Writes to the access log what is refused before an interaction begins."""

    __slots__ = ("_action", "_context", "_type")

    def __init__(self, context: Context, action: str, resource_type: str = "") -> None:
        self._context, self._action, self._type = context, action, resource_type

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(self, kind: object, fault: BaseException | None, trail: object) -> None:
        if isinstance(fault, HubError):
            await self._context.refuse(self._action, self._type, fault)


def header_of(request: Request, name: bytes) -> str | None:
    """The first header of a name in small letters, as Starlette gives it; without making all of them ready to be asked for."""
    return next((value.decode("latin-1") for given, value in request.scope["headers"] if given == name), None)


def http_date(seconds: int) -> str:
    """A time since 1970 as HTTP writes it. Source: RFC 9110 section 5.6.7."""
    at = time.gmtime(seconds)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year:04} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"


def clean_id(written: str) -> str:
    """An id as it may be looked for."""
    return written if _ID.fullmatch(written) else NO_ID


def _shown(issue: Issue) -> Issue:
    plain = _PLACE.fullmatch(issue.place) and not _NUMBERS.search(issue.place)
    return issue if plain or _POSITION.fullmatch(issue.place) else replace(issue, place="", location="")


def _failed(name: str) -> Response:
    said = f"something went wrong in the hub; the request's id is {name}"
    issue = {"severity": "fatal", "code": "exception", "diagnostics": said}
    return Response(dumps({"resourceType": "OperationOutcome", "issue": [issue]}), 500, media_type=FHIR_JSON)


def request_id(request: Request) -> str:
    """The id that this request has in logs and in the access log."""
    held = request.scope.get("state", {}).get("request_id")
    return held if isinstance(held, str) else new_id()
