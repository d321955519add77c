"""FHIR REST at /fhir: its routes, and what it says of itself. http://hl7.org/fhir/R4/http.html

Plain Starlette routes: they are the hot path. Stored bytes go out as they are; `hub.api.formats` writes them anew where
another form is asked for.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.api.edge import Edge, Endpoint, Otherwise, is_named
from hub.api.fhir.bundles import Bundles, Door
from hub.api.fhir.everything import everything
from hub.api.fhir.operations import meta, validate
from hub.api.fhir.reading import history, read, vread
from hub.api.fhir.searching import search, search_by_post
from hub.api.fhir.stated import statement
from hub.api.fhir.writing import create, delete, patch, update
from hub.api.formats import FHIR_JSON, asked, given
from hub.api.middleware import CORS_METHODS
from hub.errors import HubError
from hub.fhir.json import dumps
from hub.interactions.context import Context


def fhir_routes(edge: Edge, version: str, smart_configuration: Callable[[], dict[str, object]]) -> list[Route]:
    """Every route under /fhir."""

    @cache
    def stated() -> bytes:
        return statement(edge, version, routes)

    async def stated_within(request: Request, _: Context) -> Response:
        asked(request)
        return Response(stated(), media_type=FHIR_JSON)

    async def metadata(request: Request) -> Response:
        try:
            asked(request)
        except HubError as fault:
            return edge.fault(fault)
        return await given(request, Response(stated(), media_type=FHIR_JSON))

    async def smart(request: Request) -> Response:
        return Response(dumps(smart_configuration()), media_type="application/json")

    doors = [Door(("metadata",), frozenset(("GET", "HEAD")), stated_within)]

    def on(path: str, methods: list[str], handler: Callable[[Request, Context], Awaitable[Response]]) -> Route:
        answered = edge.route(handler)
        doors.append(Door(tuple(filter(None, path.split("/"))), frozenset(methods), handler))
        return Route(f"/fhir{path}", Endpoint(answered), methods=methods)

    bundles = Bundles(doors, edge)

    routes = [
        Route("/fhir/metadata", metadata, methods=["GET"]),
        Route("/fhir/.well-known/smart-configuration", smart, methods=["GET"]),
        Route("/.well-known/smart-configuration", smart, methods=["GET"]),
        on("", ["GET"], search),
        on("/", ["GET"], search),
        on("", ["POST"], bundles.post),
        on("/", ["POST"], bundles.post),
        on("/_search", ["POST"], search_by_post),
        on("/{type}/_search", ["POST"], search_by_post),
        on("/Patient/{patient}/{type}/_search", ["POST"], search_by_post),
        on("/{type}/{id}/_history/{version}", ["GET"], vread),
        on("/{type}/{id}/_history", ["GET"], history),
        on("/_history", ["GET"], history),
        on("/{type}/_history", ["GET"], history),
        on("/Patient/{id}/$everything", ["GET", "POST"], everything),
        on("/Patient/$everything", ["GET", "POST"], everything),
        on("/$meta", ["GET", "POST"], meta),
        on("/{type}/$meta", ["GET", "POST"], meta),
        on("/{type}/$validate", ["POST"], validate),
        on("/{type}/{id}/$validate", ["GET", "POST"], validate),
        on("/{type}/{id}/$meta", ["GET", "POST"], meta),
        on("/Patient/{patient}/{type}", ["GET"], search),
        on("/{type}/{id}", ["GET"], read),
        on("/{type}/{id}", ["PUT"], update),
        on("/{type}/{id}", ["DELETE"], delete),
        on("/{type}", ["GET"], search),
        on("/{type}/{id}", ["PATCH"], patch),
        on("/{type}", ["POST"], create),
        on("/{type}", ["PUT"], update),
        on("/{type}", ["PATCH"], patch),
        on("/{type}", ["DELETE"], delete),
    ]
    return [*_closed(routes, Otherwise(edge, tuple(routes))), *routes, *edge.otherwise("/fhir", routes)]


def _closed(routes: Sequence[Route], answer: Otherwise) -> list[Route]:
    """What answers at a name of its own (`metadata`, `_history`, `$meta`) to a method that is not served there, by which the name
    would be taken for a type or an id."""
    named: dict[str, set[str]] = {}
    for each in routes:
        if each.path.startswith("/fhir/") and is_named(each.path):
            named.setdefault(each.path, set()).update(each.methods or ())
    left = {path: [each for each in CORS_METHODS if each not in served] for path, served in named.items()}
    return [Route(path, answer, methods=methods) for path, methods in left.items() if methods]
