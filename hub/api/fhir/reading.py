"""read, vread and history. http://hl7.org/fhir/R4/http.html#read"""

from email.utils import parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id, header_of, refusing
from hub.api.fhir._asked import asked_part, asked_type, etags, known_type, pairs, type_or_none, version_headers
from hub.api.fhir.content import content, wants_content
from hub.api.formats import FHIR_JSON, asked
from hub.fhir.history import read_history
from hub.fhir.json import dumps, loads
from hub.fhir.summary import Projection
from hub.interactions import read as interactions
from hub.interactions.context import Context
from hub.interactions.history import history_of
from hub.interactions.log_events import asks_of_log, check_has_history, read_event
from hub.interactions.read import Held


async def read(request: Request, context: Context) -> Response:
    async with refusing(context, "read", type_or_none(request)):
        whole = wants_content(request)
        resource_type = known_type(request) if whole else asked_type(request)
        part = asked_part(request, resource_type)
    if asks_of_log(context, resource_type):
        return Response(await read_event(context, clean_id(request.path_params["id"])), media_type=FHIR_JSON)
    held = await interactions.read(context, resource_type, clean_id(request.path_params["id"]))
    return _resource(request, held, part, whole)


async def vread(request: Request, context: Context) -> Response:
    async with refusing(context, "vread", type_or_none(request)):
        whole = wants_content(request)
        resource_type = known_type(request) if whole else asked_type(request)
        part = asked_part(request, resource_type)
        check_has_history(context, resource_type)
    held = await interactions.vread(context, resource_type, clean_id(request.path_params["id"]), request.path_params["version"])
    return _resource(request, held, part, whole)


async def history(request: Request, context: Context) -> Response:
    """Of a resource, a type, or everything, as the path says."""
    async with refusing(context, "history", type_or_none(request)):
        asked(request)
        resource_type = known_type(request) if "type" in request.path_params else ""
        check_has_history(context, resource_type)
        wanted = read_history(pairs(request.scope["query_string"]), context.hub.clock(), resource_type)
        fhir_id = clean_id(request.path_params["id"]) if "id" in request.path_params else ""
    return Response(await history_of(context, resource_type, fhir_id, wanted), media_type=FHIR_JSON)


def _resource(request: Request, held: Held, part: Projection | None, whole: bool) -> Response:
    """`whole`: of a Binary the content may be asked for, not the resource."""
    headers = version_headers(held.version_id, held.recorded)
    if _unchanged(request, held):
        return Response(status_code=304, headers=headers)
    if whole and (found := content(request, held.bytes, headers)) is not None:
        return found
    return _Resource(held.bytes if part is None else dumps(part(loads(held.bytes))), headers)


class _Resource(Response):
    """A resource as JSON. Its headers are written in one go, for Starlette's way of it costs more than all else here."""

    def __init__(self, written: bytes, headers: dict[str, str]) -> None:
        self.status_code, self.background, self.body = 200, None, written
        self.raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.raw_headers += [(b"content-length", b"%d" % len(written)), _AS_JSON]


_AS_JSON = (b"content-type", FHIR_JSON.encode())


def _unchanged(request: Request, held: Held) -> bool:
    """Whether the caller has this version already: by its ETag, or where none is named by its time. A time that cannot be read
    says nothing. What may tell of other entries can have changed since, whether or not it tells of any now. Source: RFC 9110
    section 13.2.2."""
    if held.moving:
        return False
    named = header_of(request, b"if-none-match")
    if named is not None:
        return not {"*", held.version_id}.isdisjoint(etags(named, "If-None-Match") or ())
    since = header_of(request, b"if-modified-since")
    if since is None:
        return False
    try:
        at = parsedate_to_datetime(since)
        return held.recorded // 1_000_000 <= at.timestamp()
    except (ValueError, OverflowError):
        return False
