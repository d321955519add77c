"""/access: what is told about release itself: whether data exist, and why one resource is or is not seen. API.md section 2."""

from fastapi import Request
from fastapi.responses import Response

from hub.api.access_forms import Routing, json_answer, only
from hub.api.edge import clean_id, refusing
from hub.interactions.context import Context
from hub.interactions.existence import existence


def telling_routes(route: Routing) -> None:
    """The routes."""
    route(
        "/patients/{id}/existence",
        "GET",
        _existence,
        summary="Whether data that one is not shown exist, as far as the grounds let it be told",
    )


async def _existence(request: Request, context: Context) -> Response:
    async with refusing(context, "existence"):
        only(request)
    return json_answer(await existence(context, clean_id(request.path_params["id"])))
