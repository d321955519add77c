"""create, update, patch and delete, by id and by condition. http://hl7.org/fhir/R4/http.html#create"""

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id, refusing
from hub.api.fhir._asked import asked_type, condition, etags, known_type, pairs, preference, type_or_none, version_headers
from hub.api.fhir.content import sent_resource
from hub.api.formats import FHIR_JSON, json_object, patch_body
from hub.errors import InvalidRequest
from hub.fhir.json import dumps
from hub.fhir.outcome import all_well
from hub.fhir.pointing import ONLY_IN_A_TRANSACTION, by_search
from hub.fhir.relinked import made_relative
from hub.fhir.resource import Resource
from hub.interactions.changes import Action, Change, Written
from hub.interactions.context import Context
from hub.interactions.matching import Condition
from hub.interactions.write import write

PROVENANCE = "X-Provenance"


async def create(request: Request, context: Context) -> Response:
    return await _change(request, context, "create")


async def update(request: Request, context: Context) -> Response:
    return await _change(request, context, "update")


async def patch(request: Request, context: Context) -> Response:
    return await _change(request, context, "patch")


async def delete(request: Request, context: Context) -> Response:
    return await _change(request, context, "delete")


async def _change(request: Request, context: Context, action: Action) -> Response:
    async with refusing(context, action, type_or_none(request)):
        change = await asked_change(request, context, action)
        if change.resource is not None and b"?" in await request.body():
            for place, _ in by_search(change.resource):
                raise InvalidRequest(ONLY_IN_A_TRANSACTION, place)
    return answered(request, context, await write(context, change))


async def asked_change(request: Request, context: Context, action: Action, part: int = 0) -> Change:
    """What a request asks to be changed: the resource that the path names, or that its condition finds.

    Takes: `part`: the place of the request in a Bundle.
    """
    resource_type = known_type(request) if action == "delete" else asked_type(request)
    named = "id" in request.path_params
    sought = _sought(request, action, named)
    return Change(
        action=action,
        type=resource_type,
        id=clean_id(request.path_params["id"]) if named else "",
        resource=await _resource(request, context) if action in ("create", "update") else None,
        patch=await patch_body(request) if action == "patch" else None,
        condition=None if sought is None else Condition(condition(context, resource_type, pairs(sought))),
        versions=etags(request.headers.get("if-match"), "If-Match"),
        absent=request.headers.get("if-none-match", "").strip() == "*",
        part=part,
        provenance=_provenance(request, context, action),
    )


async def _resource(request: Request, context: Context) -> Resource:
    """The resource that was sent."""
    return _with_own(await sent_resource(request), context)


def _with_own(resource: Resource, context: Context) -> Resource:
    """A resource that was sent, this server's own absolute references in it relative ones. It may still be anything."""
    return made_relative(resource, context.hub.base) if isinstance(resource.get("resourceType"), str) else resource


def _provenance(request: Request, context: Context, action: Action) -> Resource | None:
    """The Provenance that a header brings with a create or an update. http://hl7.org/fhir/R4/provenance.html#header

    Raises: InvalidRequest; TooCostly.
    """
    written = request.headers.get(PROVENANCE)
    if written is None:
        return None
    if action not in ("create", "update"):
        raise InvalidRequest("comes with the create or update of one resource", PROVENANCE)
    resource = json_object(written.encode("latin-1"))
    if "target" in resource:
        raise InvalidRequest("names no target, since that is what the request writes", PROVENANCE)
    return _with_own(resource, context)


def _sought(request: Request, action: Action, named: bool) -> bytes | None:
    """The condition as it is written; None: there is none."""
    if action == "create":
        written = request.headers.get("if-none-exist")
        return None if written is None else written.strip().lstrip("?").encode()
    found: bytes = request.scope["query_string"]
    return None if named else found


def answered(request: Request, context: Context, written: Written) -> Response:
    """What was written, or found instead, as far as the caller prefers to hear of it."""
    if written.deleted:
        return Response(status_code=204)
    status = 201 if written.created else 200
    held = written.held
    if held is None:
        return Response(status_code=status, media_type=FHIR_JSON)
    headers = version_headers(held.version_id, held.recorded)
    headers["Location"] = f"{context.hub.base}/{written.resource_type}/{written.fhir_id}/_history/{held.version_id}"
    match preference(request, "return"):
        case "minimal":
            return Response(b"", status, headers, FHIR_JSON)
        case "operationoutcome":
            done = "the resource was created" if written.created else "the resource stands as it is shown at its address"
            return Response(dumps(all_well(done)), status, headers, FHIR_JSON)
        case _:
            return Response(held.bytes, status, headers, FHIR_JSON)
