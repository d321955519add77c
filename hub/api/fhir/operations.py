"""$meta and $validate, by GET and POST. http://hl7.org/fhir/R4/operations.html"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.api.edge import clean_id, refusing
from hub.api.fhir._asked import asked_type, pairs, type_or_none
from hub.api.formats import FHIR_JSON, asked, resource_body
from hub.errors import InvalidRequest, NotSupported
from hub.fhir.json import dumps, loads
from hub.fhir.resource import Resource
from hub.interactions.context import Context
from hub.interactions.labels import labels
from hub.interactions.read import read
from hub.interactions.validating import validated


async def meta(request: Request, context: Context) -> Response:
    """Profiles, tags and labels of a resource that is released, or of all those of a type, or of all.

    Source: http://hl7.org/fhir/R4/resource-operation-meta.html
    """
    named = clean_id(request.path_params["id"]) if "id" in request.path_params else ""
    async with refusing(context, "read" if named else "search", type_or_none(request)):
        resource_type = asked_type(request) if "type" in request.path_params else ""
        asked(request)
        for name, _ in _parameters(request):
            raise NotSupported("$meta takes no parameters", name)
    if named:
        found = loads((await read(context, resource_type, named)).bytes)["meta"]
    else:
        found = await labels(context, resource_type)
    told = {"parameter": [{"name": "return", "valueMeta": found}]} if found else {}  # FHIR has no empty elements
    return Response(dumps({"resourceType": "Parameters", **told}), media_type=FHIR_JSON)


async def validate(request: Request, context: Context) -> Response:
    """What is sent, by itself or as the parameter `resource`; of an instance without that, the instance as it stands."""
    named = clean_id(request.path_params["id"]) if "id" in request.path_params else ""
    async with refusing(context, "validate", type_or_none(request)):
        resource_type = asked_type(request)
        sent = await resource_body(request) if await request.body() else None
        said = dict(_parameters(request))
        resource = _read(sent, said) if resource_type != "Parameters" else sent
        mode = said.get("mode", "")
        if resource is None and not named:
            raise InvalidRequest("says no resource", "resource")
        for name in said.keys() - {"mode", "profile"}:
            raise NotSupported("no such parameter of $validate", name)
    if named:
        held = await read(context, resource_type, named)
        resource = loads(held.bytes) if resource is None else resource
    found = await validated(context, resource_type, named, resource, said.get("profile", ""), mode)
    return Response(dumps(found), media_type=FHIR_JSON)


def _parameters(request: Request) -> list[tuple[str, str]]:
    return [each for each in pairs(request.scope["query_string"]) if each[0] not in ("_format", "_pretty")]


def _read(sent: Resource | None, said: dict[str, str]) -> Any:
    """The resource to be judged. What a Parameters resource says besides is added to `said`.

    Raises: InvalidRequest.
    """
    if sent is None or sent.get("resourceType") != "Parameters":
        return sent
    given, resource = sent.get("parameter", []), None
    for at, each in enumerate(given if isinstance(given, list) else [None]):
        place = f"Parameters.parameter[{at}]"
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise InvalidRequest("has no name", place)
        values = [value for name, value in each.items() if name.startswith("value")]
        if each["name"] == "resource" and "resource" in each and resource is None:
            resource = each["resource"]
        elif len(values) == 1 and isinstance(values[0], str) and each["name"] not in said:
            said[each["name"]] = values[0]
        else:
            raise InvalidRequest("is no parameter of $validate, or is there twice", place)
    return resource
