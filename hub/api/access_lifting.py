"""/access/requests-to-lift: a block's owner is asked to lift it, and answers. API.md section 2."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from hub.api.access_forms import HSA, PATIENT, REASON, TIME, Handler, Routing, access_body, json_answer, json_schema, only
from hub.api.edge import clean_id, refusing
from hub.errors import InvalidRequest
from hub.interactions.context import Context
from hub.interactions.lifting import grant, refuse_to_lift, request_to_lift, requests_to_lift, take_back

PATH = "/requests-to-lift"
STATUSES = ("requested", "completed", "rejected", "cancelled")
_ASKED = json_schema(
    required=["patient", "provider", "reason"],
    properties={
        "patient": PATIENT,
        "provider": HSA,
        "unit": HSA | {"description": "The unit whose inner block it is."},
        "for": {"enum": ["unit", "employee"], "description": "Staff: whether the own unit or oneself is to read."},
        "for_unit": HSA | {"description": "Patient: the unit that is to read; without it the block is asked to be ended."},
        "reason": REASON,
    },
)
_GRANTED = json_schema(
    required=["block"],
    properties={
        "block": {"type": "string"},
        "reason": {"enum": ["patient_consent", "emergency"], "description": "Needed where the block is lifted for a unit."},
        "start": TIME,
        "end": TIME,
    },
)
_LISTED = {
    "parameters": [
        {"name": "patient", "in": "query", "schema": PATIENT},
        {"name": "status", "in": "query", "schema": {"enum": list(STATUSES)}},
    ]
}


def lifting_routes(route: Routing) -> None:
    """The routes of requests to lift."""
    route(PATH, "POST", _request, summary="Ask a care provider to lift its block", openapi_extra=_ASKED, status_code=201)
    route(PATH, "GET", _list, summary="Own requests about a patient; for the owner all that it is asked", openapi_extra=_LISTED)
    route(f"{PATH}/{{id}}/grant", "POST", _answer("grant", grant), summary="Lift the block, as its owner", openapi_extra=_GRANTED)
    refused = json_schema(required=["reason"], properties={"reason": REASON})
    route(
        f"{PATH}/{{id}}/refuse", "POST", _answer("refuse", refuse_to_lift), summary="Refuse, as its owner", openapi_extra=refused
    )
    route(f"{PATH}/{{id}}", "DELETE", _take_back, summary="Take an own request back", operation_id="take_back_request")
    route(f"{PATH}/{{id}}/end", "POST", _take_back, summary="Take an own request back", operation_id="take_back_request_by_post")


async def _request(request: Request, context: Context) -> Response:
    async with refusing(context, "request-to-lift", "Task"):
        body = await access_body(request)
    return json_answer(await request_to_lift(context, body), 201)


async def _list(request: Request, context: Context) -> Response:
    async with refusing(context, "list-requests-to-lift", "Task"):
        only(request, "patient", "status")
        status = request.query_params.get("status", "")
        if status not in ("", *STATUSES):
            raise InvalidRequest(f"one of {', '.join(STATUSES)}", "status")
        patient = request.query_params.get("patient", "")
    found = await requests_to_lift(context, clean_id(patient) if patient else "", status)
    return json_answer({"requests-to-lift": found})


def _answer(action: str, interaction: Callable[[Context, str, dict[str, Any]], Awaitable[dict[str, Any]]]) -> Handler:
    async def handler(request: Request, context: Context) -> Response:
        async with refusing(context, f"{action}-request-to-lift", "Task"):
            body = await access_body(request)
        return json_answer(await interaction(context, clean_id(request.path_params["id"]), body))

    return handler


async def _take_back(request: Request, context: Context) -> Response:
    return json_answer(await take_back(context, clean_id(request.path_params["id"])))
