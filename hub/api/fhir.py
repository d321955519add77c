"""FHIR REST at /fhir: read, vread, history, search, create, update, delete, metadata. http://hl7.org/fhir/R4/http.html

Plain Starlette routes: they are the hot path. JSON only; stored bytes go out as they are.
"""

from collections.abc import Awaitable, Callable
from email.utils import formatdate
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.api.edge import FHIR_JSON, Edge
from hub.errors import HubError, InvalidRequest, NotAcceptable, NotFound, NotSupported, UnsupportedMedia
from hub.fhir.capability import Server, capability
from hub.fhir.identifiers import Identifier
from hub.fhir.json import dumps, loads_untrusted
from hub.fhir.query import Query, read_query
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.interactions.context import Context
from hub.interactions.read import Held, history_instance, read, vread
from hub.interactions.search import search_type
from hub.interactions.write import Written, create, delete, update

JSON_TYPES = ("application/fhir+json", "application/json", "text/json")
_ACCEPTED = (*JSON_TYPES, "*/*", "application/*", "text/*")
STATED = "2026-11-21"
"""When the CapabilityStatement last came to say something else."""


def fhir_routes(edge: Edge, version: str, smart_configuration: Callable[[], dict[str, object]]) -> list[Route]:
    """Every route under /fhir."""
    issuer = edge.hub.config.issuers[0] if edge.hub.config.issuers else None
    server = Server(
        base=edge.hub.base,
        software_version=version,
        date=STATED,
        authorize_url=issuer.authorize_url if issuer else "",
        token_url=issuer.token_url if issuer else "",
        cors=bool(edge.hub.config.cors_origins),
    )
    statement = dumps(capability(server))

    async def metadata(request: Request) -> Response:
        try:
            _acceptable(request)
        except HubError as fault:
            return edge.fault(fault)
        return Response(statement, media_type=FHIR_JSON)

    async def smart(request: Request) -> Response:
        return Response(dumps(smart_configuration()), media_type="application/json")

    async def unknown(request: Request) -> Response:
        return edge.fault(NotFound("there is no such resource"))

    def on(path: str, methods: list[str], handler: Callable[[Request, Context], Awaitable[Response]]) -> Route:
        return Route(f"/fhir{path}", edge.route(handler), methods=methods)

    return [
        Route("/fhir/metadata", metadata, methods=["GET"]),
        Route("/fhir/.well-known/smart-configuration", smart, methods=["GET"]),
        Route("/.well-known/smart-configuration", smart, methods=["GET"]),
        on("/{type}/_search", ["POST"], _search_by_post),
        on("/{type}/{id}/_history/{version}", ["GET"], _vread),
        on("/{type}/{id}/_history", ["GET"], _history),
        on("/Patient/{patient}/{type}", ["GET"], _search_compartment),
        on("/{type}/{id}", ["GET"], _read),
        on("/{type}/{id}", ["PUT"], _update),
        on("/{type}/{id}", ["DELETE"], _delete),
        on("/{type}", ["GET"], _search),
        on("/{type}", ["POST"], _create),
        Route("/fhir/{rest:path}", unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]


async def _search(request: Request, context: Context) -> Response:
    return await _answer_search(request, context, _pairs(request.url.query))


async def _search_by_post(request: Request, context: Context) -> Response:
    form = request.headers.get("content-type", "").split(";")[0].strip()
    if form != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("a search is posted as application/x-www-form-urlencoded")
    body = (await request.body()).decode("utf-8", "replace")
    return await _answer_search(request, context, [*_pairs(request.url.query), *_pairs(body)])


async def _search_compartment(request: Request, context: Context) -> Response:
    return await _answer_search(request, context, [*_pairs(request.url.query), ("patient", request.path_params["patient"])])


async def _answer_search(request: Request, context: Context, pairs: list[tuple[str, str]]) -> Response:
    resource_type = request.path_params["type"]
    try:
        _acceptable(request)
        query = _query(request, context, resource_type, pairs)
    except HubError as fault:
        await context.refuse("search", resource_type if resource_type in TYPES else "", fault)
        raise
    if any(isinstance(each, Identifier) for each in query.patients):
        context.count_lookup()
    return Response(await search_type(context, query), media_type=FHIR_JSON)


def _query(request: Request, context: Context, resource_type: str, pairs: list[tuple[str, str]]) -> Query:
    if resource_type not in TYPES:
        raise NotFound("the hub holds no resources of this type", "resourceType")
    lenient = "handling=lenient" in request.headers.get("prefer", "").replace(" ", "")
    return read_query(resource_type, pairs, now=context.hub.clock(), lenient=lenient, base=context.hub.base)


def _pairs(written: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(written, keep_blank_values=True, max_num_fields=200, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise InvalidRequest("the parameters cannot be read: not UTF-8, or too many") from None


async def _read(request: Request, context: Context) -> Response:
    _acceptable(request)
    held = await read(context, _known(request), request.path_params["id"])
    return _resource(request, held)


async def _vread(request: Request, context: Context) -> Response:
    _acceptable(request)
    held = await vread(context, _known(request), request.path_params["id"], request.path_params["version"])
    return _resource(request, held)


async def _history(request: Request, context: Context) -> Response:
    _acceptable(request)
    unknown = {name for name, _ in _pairs(request.url.query)} - {"_format", "_pretty"}
    if unknown:
        raise NotSupported("no such parameter of an instance's history", sorted(unknown)[0][:64])
    return Response(await history_instance(context, _known(request), request.path_params["id"]), media_type=FHIR_JSON)


async def _create(request: Request, context: Context) -> Response:
    if "if-none-exist" in request.headers:
        raise NotSupported("conditional create is not supported", "If-None-Exist")
    written = await create(context, _known(request), await _body(request))
    return _written(request, context, written, 201)


async def _update(request: Request, context: Context) -> Response:
    written = await update(context, _known(request), request.path_params["id"], await _body(request), _if_match(request))
    return _written(request, context, written, 201 if written.created else 200)


async def _delete(request: Request, context: Context) -> Response:
    await delete(context, _known(request), request.path_params["id"], _if_match(request))
    return Response(status_code=204)


def _known(request: Request) -> str:
    resource_type: str = request.path_params["type"]
    if resource_type not in TYPES:
        raise NotFound("the hub holds no resources of this type", "resourceType")
    return resource_type


async def _body(request: Request) -> Resource:
    _acceptable(request)
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in JSON_TYPES:
        raise UnsupportedMedia("a resource is sent as application/fhir+json", "Content-Type")
    held = loads_untrusted(await request.body())
    if not isinstance(held, dict):
        raise InvalidRequest("the body is not a resource")
    return held


def _acceptable(request: Request) -> None:
    """Raises: NotAcceptable: the caller takes no JSON."""
    asked = request.query_params.get("_format")
    if asked is not None:
        if asked.split(";")[0].strip() not in (*JSON_TYPES, "json"):
            raise NotAcceptable("the hub writes JSON", "_format")
        return
    accept = request.headers.get("accept", "*/*")
    if not any(part.split(";")[0].strip().lower() in _ACCEPTED for part in accept.split(",")):
        raise NotAcceptable("the hub writes application/fhir+json", "Accept")


def _resource(request: Request, held: Held) -> Response:
    headers = _headers(held.version_id, held.recorded)
    if request.headers.get("if-none-match", "").strip() == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(held.bytes, headers=headers, media_type=FHIR_JSON)


def _headers(version_id: str, recorded: int) -> dict[str, str]:
    return {"ETag": f'W/"{version_id}"', "Last-Modified": formatdate(recorded / 1_000_000, usegmt=True)}


def _written(request: Request, context: Context, written: Written, status: int) -> Response:
    headers = _headers(written.held.version_id, written.held.recorded)
    headers["Location"] = f"{context.hub.base}/{written.resource_type}/{written.fhir_id}/_history/{written.held.version_id}"
    minimal = "return=minimal" in request.headers.get("prefer", "")
    return Response(b"" if minimal else written.held.bytes, status, headers, FHIR_JSON)


def _if_match(request: Request) -> str | None:
    """The version that the writer believes to be current; None: not said."""
    written = request.headers.get("if-match")
    if written is None:
        return None
    version = written.strip().removeprefix("W/").strip('"')
    if not version:
        raise InvalidRequest("is not an ETag", "If-Match")
    return version
