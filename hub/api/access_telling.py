"""/access: what is told about release itself: whether data exist, and why one resource is or is not seen. API.md section 2."""

from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from hub.api.access_forms import HSA, TIME, Routing, json_answer, only
from hub.api.edge import clean_id, refusing
from hub.errors import InvalidRequest
from hub.interactions.context import Context
from hub.interactions.existence import existence
from hub.interactions.explaining import Asked, explained
from hub.interactions.readers import ROLES

_ASKED: list[dict[str, Any]] = [
    {"name": "resource", "in": "query", "required": True, "schema": {"type": "string", "description": "`Type/id`."}},
    {"name": "at", "in": "query", "schema": TIME | {"description": "A time that has been, with its zone; now where left out."}},
    {"name": "unit", "in": "query", "schema": HSA | {"description": "The reader's unit; the patient: oneself where left out."}},
    {"name": "employee", "in": "query", "schema": HSA | {"description": "The reader; anybody in care there where left out."}},
    {"name": "role", "in": "query", "schema": {"enum": list(ROLES)}},
]


def telling_routes(route: Routing) -> None:
    """The routes."""
    route(
        "/patients/{id}/existence",
        "GET",
        _existence,
        summary="Whether data that one is not shown exist, as far as the grounds let it be told",
    )

    route(
        "/explain",
        "GET",
        _explain,
        summary="Why a resource is or is not shown: in full to the patient and the log reviewer, to staff only whether it is",
        openapi_extra={"parameters": _ASKED},
    )


async def _existence(request: Request, context: Context) -> Response:
    async with refusing(context, "existence"):
        only(request)
    return json_answer(await existence(context, clean_id(request.path_params["id"])))


async def _explain(request: Request, context: Context) -> Response:
    async with refusing(context, "explain"):
        only(request, *(each["name"] for each in _ASKED))
        held = request.query_params
        resource_type, _, fhir_id = held.get("resource", "").partition("/")
        at = _moment(held["at"]) if "at" in held else None
    asked = Asked(resource_type, clean_id(fhir_id), at, held.get("unit", ""), held.get("employee", ""), held.get("role", ""))
    return json_answer(await explained(context, asked))


def _moment(written: str) -> datetime:
    """Raises: InvalidRequest: no time with a zone."""
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise InvalidRequest("a time with its zone", "at") from None
    if found.tzinfo is None:
        raise InvalidRequest("the time has no zone", "at")
    return found.astimezone(UTC)
