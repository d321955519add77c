"""Patient/[id]/$everything and Patient/$everything, by GET with parameters in the address, by POST with a Parameters resource."""

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id, refusing
from hub.api.fhir._asked import pairs
from hub.api.formats import FHIR_JSON, asked, resource_body
from hub.errors import InvalidRequest
from hub.fhir.resource import Resource
from hub.interactions import everything as interactions
from hub.interactions.context import Context

_VALUES = ("valueInstant", "valueCode", "valueString", "valueInteger", "valueDateTime", "valueDate")


async def everything(request: Request, context: Context) -> Response:
    async with refusing(context, "search", "Patient"):
        asked(request)
        given = [each for each in pairs(request.scope["query_string"]) if each[0] not in ("_format", "_pretty")]
        if request.method == "POST" and await request.body():
            given += parameters(await resource_body(request))
        for_patient = clean_id(request.path_params["id"]) if "id" in request.path_params else ""
    return Response(await interactions.everything(context, for_patient, given), media_type=FHIR_JSON)


def parameters(resource: Resource) -> list[tuple[str, str]]:
    """Names and values of a Parameters resource that holds nothing but simple values; several of one name are alternatives.

    Raises: InvalidRequest.
    """
    if resource.get("resourceType") != "Parameters":
        raise InvalidRequest("what is posted here is a Parameters resource", "resourceType")
    given = resource.get("parameter", [])
    if not isinstance(given, list):
        raise InvalidRequest("must be a list", "Parameters.parameter")
    held: dict[str, list[str]] = {}
    for number, each in enumerate(given):
        value = next((each[name] for name in _VALUES if isinstance(each, dict) and name in each), None)
        if value is None or not isinstance(each.get("name"), str):
            raise InvalidRequest("has a name and a simple value", f"Parameters.parameter[{number}]")
        held.setdefault(each["name"], []).append(str(value))
    return [(name, ",".join(values)) for name, values in held.items()]
