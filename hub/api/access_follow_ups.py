"""/access/follow-ups: emergencies that the care provider's log reviewer follows up. API.md section 2."""

from fastapi import Request
from fastapi.responses import Response

from hub.api.access_forms import Routing, access_body, json_answer, json_schema, only
from hub.api.edge import clean_id, refusing
from hub.errors import InvalidRequest
from hub.interactions.context import Context
from hub.interactions.follow_ups import STATUSES, conclude, follow_ups

PATH = "/follow-ups"
_LISTED = {"parameters": [{"name": "status", "in": "query", "schema": {"enum": list(STATUSES)}}]}
_CONCLUDED = json_schema(required=["conclusion"], properties={"conclusion": {"type": "string", "maxLength": 500}})


def follow_up_routes(route: Routing) -> None:
    """The routes."""
    route(PATH, "GET", _list, summary="Emergencies of the own care provider, for its log reviewer", openapi_extra=_LISTED)
    route(f"{PATH}/{{id}}/conclude", "POST", _conclude, summary="Close it with a conclusion", openapi_extra=_CONCLUDED)


async def _list(request: Request, context: Context) -> Response:
    async with refusing(context, "list-follow-ups", "Task"):
        only(request, "status")
        status = request.query_params.get("status", "")
        if status not in ("", *STATUSES):
            raise InvalidRequest(f"one of {', '.join(STATUSES)}", "status")
    return json_answer({"follow-ups": await follow_ups(context, status)})


async def _conclude(request: Request, context: Context) -> Response:
    async with refusing(context, "conclude-follow-up", "Task"):
        body = await access_body(request)
    return json_answer(await conclude(context, clean_id(request.path_params["id"]), body))
