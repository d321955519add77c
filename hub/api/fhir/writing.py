"""create, update, delete. http://hl7.org/fhir/R4/http.html#create"""

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id, refusing
from hub.api.fhir._asked import asked_type, if_match, known_type, type_or_none, version_headers
from hub.api.formats import FHIR_JSON, resource_body
from hub.errors import NotSupported
from hub.interactions import write as interactions
from hub.interactions.context import Context
from hub.interactions.write import Written


async def create(request: Request, context: Context) -> Response:
    async with refusing(context, "create", type_or_none(request)):
        resource_type = asked_type(request)
        if "if-none-exist" in request.headers:
            raise NotSupported("conditional create is not supported", "If-None-Exist")
        body = await resource_body(request)
    return _written(request, context, await interactions.create(context, resource_type, body), 201)


async def update(request: Request, context: Context) -> Response:
    async with refusing(context, "update", type_or_none(request)):
        resource_type, version, body = asked_type(request), if_match(request), await resource_body(request)
    written = await interactions.update(context, resource_type, clean_id(request.path_params["id"]), body, version)
    return _written(request, context, written, 201 if written.created else 200)


async def delete(request: Request, context: Context) -> Response:
    async with refusing(context, "delete", type_or_none(request)):
        resource_type, version = known_type(request), if_match(request)
    await interactions.delete(context, resource_type, clean_id(request.path_params["id"]), version)
    return Response(status_code=204)


def _written(request: Request, context: Context, written: Written, status: int) -> Response:
    headers = version_headers(written.held.version_id, written.held.recorded)
    headers["Location"] = f"{context.hub.base}/{written.resource_type}/{written.fhir_id}/_history/{written.held.version_id}"
    minimal = "return=minimal" in request.headers.get("prefer", "")
    return Response(b"" if minimal else written.held.bytes, status, headers, FHIR_JSON)
