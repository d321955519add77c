"""batch and transaction: a Bundle posted to the base. http://hl7.org/fhir/R4/http.html#transaction

What an entry asks for is a request of its own: it finds the same route, is read and answered by the same handler, and counts
towards the same limits. The entries of a transaction stand or fall together.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope

from hub.api.edge import Edge, refusing, request_id
from hub.api.fhir._asked import condition
from hub.api.fhir.writing import PROVENANCE, answered, asked_change
from hub.api.formats import FHIR_JSON, asked, resource_body
from hub.api.media import JSON_TYPES
from hub.errors import HubError, InvalidRequest, NotSupported
from hub.fhir.bundle import Reply, replies
from hub.fhir.bundle_request import Asked, asked_in, at
from hub.fhir.json import dumps, loads
from hub.fhir.pointing import by_search
from hub.fhir.types import TYPES
from hub.interactions.changes import Action
from hub.interactions.context import Context
from hub.interactions.transaction import Reading, Sought, Step, transaction

Handler = Callable[[Request, Context], Awaitable[Response]]
_CHANGES: Mapping[str, Action] = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_TYPE = re.compile(r"[A-Z][A-Za-z]+(?P<id>/[A-Za-z0-9\-.]{1,64})?")


@dataclass(frozen=True, slots=True)
class Door:
    """A route under the FHIR base: its parts, where `{name}` stands for any, and what answers there."""

    parts: tuple[str, ...]
    methods: frozenset[str]
    handler: Handler


class Bundles:
    """Answers Bundles posted to the base. State: none but the routes, which entries find their own among."""

    def __init__(self, doors: Sequence[Door], edge: Edge) -> None:
        self._doors, self._edge = doors, edge

    async def post(self, request: Request, context: Context) -> Response:
        """The answer to a batch or transaction."""
        async with refusing(context, "transaction", "Bundle"):
            asked(request)
            if PROVENANCE in request.headers:
                raise InvalidRequest("comes with the create or update of one resource", PROVENANCE)
            asking = asked_in(await resource_body(request), context.hub.base)
        if asking.kind == "transaction":
            done = await self._together(request, context, asking.entries)
        else:
            done = {entry.number: await self._alone(request, context, entry) for entry in asking.entries}
        found = [_reply(each, done[each.number], context.hub.base) for each in asking.entries]
        return Response(replies(asking.kind, found), media_type=FHIR_JSON)

    async def _together(self, request: Request, context: Context, entries: Sequence[Asked]) -> dict[int, Response]:
        found: dict[int, Response] = {}
        async with refusing(context, "transaction", "Bundle"):
            parts = [(_own(request, entry), entry) for entry in entries if entry.writes]
            steps = [(part, await _step(part, context, entry)) for part, entry in parts]
            readings = [self._reading(request, entry, found) for entry in entries if not entry.writes]
        written = await transaction(context, [step for _, step in steps], readings)
        return found | {step.asked.number: answered(part, context, written[step.asked.number]) for part, step in steps}

    def _reading(self, request: Request, entry: Asked, found: dict[int, Response]) -> Reading:
        """An entry of a transaction that reads; its answer goes into `found`."""
        with at(entry):
            door, parameters = self._found(entry)

        async def answer(context: Context) -> None:
            self._edge.limits.request(context.caller)
            part = _own(request, entry)
            part.scope["path_params"] = parameters
            found[entry.number] = await door.handler(part, context)

        return Reading(entry, answer)

    async def _alone(self, request: Request, context: Context, entry: Asked) -> Response:
        if entry.fault:
            self._edge.count_unlogged(request, entry.fault, context.caller)
            return self._edge.fault(entry.fault)
        try:
            with at(entry):
                door, parameters = self._found(entry)
                part = _own(request, entry)
        except HubError as fault:
            self._edge.count_unlogged(request, fault, context.caller)
            return self._edge.fault(fault)
        part.scope["path_params"] = parameters

        async def answer(request: Request, context: Context) -> Response:
            with at(entry):
                return await door.handler(request, context)

        return await self._edge.route(answer)(part)

    def _found(self, entry: Asked) -> tuple[Door, dict[str, str]]:
        parts = tuple(entry.path.split("/")) if entry.path else ()
        for door in self._doors:
            if _asked_of(entry) in door.methods and len(door.parts) == len(parts) and not (entry.writes and not parts):
                pairs = list(zip(door.parts, parts, strict=True))
                if all(mine.startswith("{") or mine == theirs for mine, theirs in pairs):
                    return door, {mine[1:-1]: theirs for mine, theirs in pairs if mine.startswith("{")}
        raise NotSupported("nothing here answers that", f"{entry.place}.request.url")


async def _step(part: Request, context: Context, entry: Asked) -> Step:
    """An entry of a transaction that writes."""
    with at(entry):
        found = _TYPE.fullmatch(entry.path)
        if not found or entry.type not in TYPES or (entry.method == "POST" and found["id"]):
            raise NotSupported("a transaction writes to a type, or to a resource", f"{entry.place}.request.url")
        part.scope["path_params"] = {"type": entry.type} | ({"id": entry.id} if found["id"] else {})
        change = await asked_change(part, context, _CHANGES[entry.method], entry.number)
        references = by_search(change.resource) if change.resource else ()
        return Step(entry, change, tuple(_sought(context, place, written) for place, written in references))


def _sought(context: Context, place: str, written: str) -> Sought:
    """What a reference by search means. Raises: NotSupported; InvalidRequest: it is no search that finds one thing."""
    resource_type, _, query = written.partition("?")
    if resource_type not in TYPES:
        raise NotSupported("a reference by search names a type that the hub does not hold", place)
    try:
        return Sought(written, place, condition(context, resource_type, parse_qsl(query, keep_blank_values=True)))
    except HubError as fault:
        fault.retold(lambda issue: replace(issue, place=place, problem=": ".join(filter(None, (issue.place, issue.problem)))))
        raise


def _own(request: Request, entry: Asked) -> Request:
    """The request that an entry is. Whatever form it asks for, its answer is part of one in JSON."""
    kind, body = _body(entry)
    query = "&".join(each for each in entry.query.split("&") if each.partition("=")[0] not in ("_format", "_pretty"))
    held = [(name, value) for name, value in request.scope["headers"] if name in (b"authorization", b"prefer")]
    headers = [*held, *((name.encode(), value.encode()) for name, value in entry.headers.items())]
    scope: Scope = {
        **request.scope,
        "method": entry.method,
        "path": f"/fhir/{entry.path}",
        "query_string": query.encode(),
        "headers": [
            *headers,
            (b"accept", JSON_TYPES[0].encode()),
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
        ],
        "path_params": {},
        "state": {"request_id": f"{request_id(request)}-{entry.number}"},
    }
    scope = {name: value for name, value in scope.items() if not name.startswith("hub.")}

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request(scope, receive)


def _body(entry: Asked) -> tuple[str, bytes]:
    """The media type and body of an entry's request: a patch may be carried in a Binary."""
    resource = entry.resource
    if resource is None:
        return ("application/x-www-form-urlencoded", b"") if entry.path.endswith("_search") else ("application/fhir+json", b"")
    if entry.method == "PATCH" and resource.get("resourceType") == "Binary":
        try:
            return str(resource.get("contentType", "")), b64decode(str(resource.get("data", "")), validate=True)
        except NotBase64:
            raise InvalidRequest("is not base64", f"{entry.place}.resource.data") from None
    return "application/fhir+json", dumps(resource)


def _reply(entry: Asked, response: Response, base: str) -> Reply:
    """A response as an entry tells of it."""
    content, headers = bytes(response.body), response.headers
    good = response.status_code < 400
    location = headers.get("location", "")
    read = f"{base}/{entry.type}/{entry.id.partition('/')[0]}" if not entry.writes and "etag" in headers else ""
    told = _is_outcome(content) and "$" not in entry.path
    shown = content if good and not told and entry.method != "HEAD" else b""
    return Reply(
        status=f"{response.status_code} {HTTPStatus(response.status_code).phrase}",
        full_url=location.partition("/_history/")[0] or read,
        location=location.removeprefix(base + "/"),
        etag=headers.get("etag", ""),
        last_modified=_modified(headers.get("last-modified", ""), shown),
        resource=shown,
        outcome=content if not good or told else b"",
    )


def _modified(written: str, resource: bytes) -> str:
    """When a version was made, as an instant: what the resource says of itself where it is shown, or else the header, to the
    second. http://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.response.lastModified"""
    if not written:
        return ""
    said: str = loads(resource).get("meta", {}).get("lastUpdated", "") if resource else ""
    return said or parsedate_to_datetime(written).isoformat().replace("+00:00", "Z")


def _asked_of(entry: Asked) -> str:
    """The method by which a route is found: what answers GET answers HEAD."""
    return "GET" if entry.method == "HEAD" else entry.method


def _is_outcome(content: bytes) -> bool:
    return content.startswith(b'{"resourceType":"OperationOutcome"')
