"""From an HTTP request to a Context, and from what went wrong to a status: every route passes here.

Source: http://hl7.org/fhir/R4/http.html#summary; API.md section 3.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from hub import errors
from hub.api.middleware import new_id
from hub.errors import HubError, Unauthenticated
from hub.fhir.json import dumps
from hub.fhir.outcome import outcome
from hub.hub import Hub
from hub.interactions.context import Context
from hub.limits import Limits, Refusals
from hub.refresh import Refresher
from hub.smart import Verifier

FHIR_JSON = "application/fhir+json; charset=utf-8"

STATUS: Mapping[type[HubError], int] = {
    errors.InvalidRequest: 400,
    errors.NotSupported: 400,
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Expired: 410,
    errors.Gone: 410,
    errors.TooCostly: 413,
    errors.Throttled: 429,
    errors.NotAcceptable: 406,
    errors.UnsupportedMedia: 415,
    errors.Unprocessable: 422,
    errors.AuditUnavailable: 503,
    errors.Unmappable: 422,
}
RETRY_AFTER = "60"
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What routes are given: the hub, and who may come in."""

    hub: Hub
    refresher: Refresher
    verifier: Verifier
    limits: Limits
    refusals: Refusals

    async def context(self, request: Request) -> Context:
        """Who is calling, and the request's own id.

        Raises: Unauthenticated; Forbidden; Throttled.
        """
        header = request.headers.get("authorization")
        try:
            caller = await self.verifier.caller(header)
        except HubError as fault:
            address = request.client.host if request.client else ""
            self.refusals.count(self.verifier.issuer_named(header), address, fault.problem)
            raise
        self.limits.request(caller)
        count = partial(self.limits.identifier, caller)
        return Context(self.hub, self.refresher, caller, request_id(request), self.hub.store.now(), count)

    def route(self, handler: Callable[[Request, Context], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """A route: who is calling is known before the handler runs, and what goes wrong becomes an OperationOutcome."""

        async def answered(request: Request) -> Response:
            try:
                return await handler(request, await self.context(request))
            except HubError as fault:
                return self.fault(fault)

        return answered

    def fault(self, fault: HubError) -> Response:
        """What went wrong, as FHIR says it."""
        status = next((STATUS[kind] for kind in type(fault).__mro__ if kind in STATUS), 400)
        headers = {}
        if isinstance(fault, Unauthenticated):
            headers["WWW-Authenticate"] = 'Bearer realm="fhir"'
        if status in (429, 503):
            headers["Retry-After"] = RETRY_AFTER
        return Response(dumps(outcome(fault)), status, headers, FHIR_JSON)


def request_id(request: Request) -> str:
    """The id that this request has in logs and in the access log."""
    held = request.scope.get("state", {}).get("request_id")
    return held if isinstance(held, str) else new_id()
