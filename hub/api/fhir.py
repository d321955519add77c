"""FHIR REST at /fhir: read, vread, history, search, create, update, delete, metadata. http://hl7.org/fhir/R4/http.html

Plain Starlette routes: they are the hot path. Stored bytes go out as they are; `hub.api.formats` writes them anew where
another form is asked for.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.api.edge import Edge, Endpoint, clean_id, http_date, refusing
from hub.api.formats import FHIR_JSON, asked, given, resource_body
from hub.errors import HubError, InvalidRequest, NotFound, NotSupported, UnsupportedMedia
from hub.fhir.capability import Server, capability
from hub.fhir.identifiers import Identifier
from hub.fhir.json import dumps
from hub.fhir.query import Query, read_query
from hub.fhir.types import TYPES
from hub.interactions.context import Context
from hub.interactions.read import Held, history_instance, read, vread
from hub.interactions.search import search_type
from hub.interactions.write import Written, create, delete, update

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
            asked(request)
        except HubError as fault:
            return edge.fault(fault)
        return await given(request, Response(statement, media_type=FHIR_JSON))

    async def smart(request: Request) -> Response:
        return Response(dumps(smart_configuration()), media_type="application/json")

    def on(path: str, methods: list[str], handler: Callable[[Request, Context], Awaitable[Response]]) -> Route:
        return Route(f"/fhir{path}", Endpoint(edge.route(handler)), methods=methods)

    routes = [
        Route("/fhir/metadata", metadata, methods=["GET"]),
        Route("/fhir/.well-known/smart-configuration", smart, methods=["GET"]),
        Route("/.well-known/smart-configuration", smart, methods=["GET"]),
        on("", ["GET"], _search),
        on("/", ["GET"], _search),
        on("/_search", ["POST"], _search_by_post),
        on("/{type}/_search", ["POST"], _search_by_post),
        on("/Patient/{patient}/{type}/_search", ["POST"], _search_by_post),
        on("/{type}/{id}/_history/{version}", ["GET"], _vread),
        on("/{type}/{id}/_history", ["GET"], _history),
        on("/Patient/{patient}/{type}", ["GET"], _search),
        on("/{type}/{id}", ["GET"], _read),
        on("/{type}/{id}", ["PUT"], _update),
        on("/{type}/{id}", ["DELETE"], _delete),
        on("/{type}", ["GET"], _search),
        on("/{type}", ["POST"], _create),
    ]
    return [*routes, *edge.otherwise("/fhir", routes)]


async def _search(request: Request, context: Context) -> Response:
    return await _answer_search(request, context)


async def _search_by_post(request: Request, context: Context) -> Response:
    async with refusing(context, "search", _type_or_none(request)):
        form = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if form not in ("application/x-www-form-urlencoded", "") or (not form and await request.body()):
            raise UnsupportedMedia("a search is posted as application/x-www-form-urlencoded", "Content-Type")
        written = await request.body()
    return await _answer_search(request, context, written)


async def _answer_search(request: Request, context: Context, form: bytes = b"") -> Response:
    async with refusing(context, "search", _type_or_none(request)):
        sent = _pairs(form)
        asked(request, sent)
        query = _query(request, context, [*_pairs(request.scope["query_string"]), *sent])
    if any(isinstance(each, Identifier) for each in query.patients):
        context.count_lookup()
    return Response(await search_type(context, query), media_type=FHIR_JSON)


def _query(request: Request, context: Context, pairs: list[tuple[str, str]]) -> Query:
    """What is asked: of a type, of every type, or in a patient's compartment of one or all of them (`*`)."""
    at, patient = request.path_params, clean_id(request.path_params.get("patient", ""))
    everything = at.get("type", "*") == "*"
    if "patient" in at and not everything:
        pairs = [*pairs, ("patient", patient)]
    return read_query(
        "" if everything else _known(request),
        pairs,
        now=context.hub.clock(),
        lenient="handling=lenient" in request.headers.get("prefer", "").replace(" ", ""),
        base=context.hub.base,
        own_source=context.caller.kind == "system",
        patient=patient if "patient" in at and everything else "",
    )


def _pairs(written: bytes) -> list[tuple[str, str]]:
    """Names and values, decoded."""
    try:
        pairs = parse_qsl(written.decode(), keep_blank_values=True, max_num_fields=200, errors="strict")
    except ValueError:
        raise InvalidRequest("the parameters cannot be read: not UTF-8, or too many") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidRequest("a parameter holds a character that no text can hold")
    return pairs


async def _read(request: Request, context: Context) -> Response:
    async with refusing(context, "read", _type_or_none(request)):
        resource_type = _asked(request)
    held = await read(context, resource_type, clean_id(request.path_params["id"]))
    return _resource(request, held)


async def _vread(request: Request, context: Context) -> Response:
    async with refusing(context, "vread", _type_or_none(request)):
        resource_type = _asked(request)
    held = await vread(context, resource_type, clean_id(request.path_params["id"]), request.path_params["version"])
    return _resource(request, held)


async def _history(request: Request, context: Context) -> Response:
    async with refusing(context, "history", _type_or_none(request)):
        resource_type = _asked(request)
        unknown = {name for name, _ in _pairs(request.scope["query_string"])} - {"_format", "_pretty"}
        if unknown:
            raise NotSupported("no such parameter of an instance's history", sorted(unknown)[0])
    return Response(await history_instance(context, resource_type, clean_id(request.path_params["id"])), media_type=FHIR_JSON)


async def _create(request: Request, context: Context) -> Response:
    async with refusing(context, "create", _type_or_none(request)):
        resource_type = _asked(request)
        if "if-none-exist" in request.headers:
            raise NotSupported("conditional create is not supported", "If-None-Exist")
        body = await resource_body(request)
    return _written(request, context, await create(context, resource_type, body), 201)


async def _update(request: Request, context: Context) -> Response:
    async with refusing(context, "update", _type_or_none(request)):
        resource_type, version, body = _asked(request), _if_match(request), await resource_body(request)
    written = await update(context, resource_type, clean_id(request.path_params["id"]), body, version)
    return _written(request, context, written, 201 if written.created else 200)


async def _delete(request: Request, context: Context) -> Response:
    async with refusing(context, "delete", _type_or_none(request)):
        resource_type, version = _known(request), _if_match(request)
    await delete(context, resource_type, clean_id(request.path_params["id"]), version)
    return Response(status_code=204)


def _type_or_none(request: Request) -> str:
    """The type, as the log may name it."""
    resource_type: str = request.path_params.get("type", "")
    return resource_type if resource_type in TYPES else ""


def _known(request: Request) -> str:
    resource_type = _type_or_none(request)
    if not resource_type:
        raise NotFound("the hub holds no resources of this type", "resourceType")
    return resource_type


def _asked(request: Request) -> str:
    """The type, of which the answer can be written in the form that is asked for."""
    asked(request)
    return _known(request)


def _resource(request: Request, held: Held) -> Response:
    headers = _headers(held.version_id, held.recorded)
    if request.headers.get("if-none-match", "").strip() == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(held.bytes, headers=headers, media_type=FHIR_JSON)


def _headers(version_id: str, recorded: int) -> dict[str, str]:
    return {"ETag": f'W/"{version_id}"', "Last-Modified": http_date(recorded // 1_000_000)}


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
