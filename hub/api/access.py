"""/access: what is registered before a request, and the log of accesses. API.md section 2. JSON, documented in OpenAPI."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.api.access_follow_ups import follow_up_routes
from hub.api.access_forms import BLOCK, HSA, PATIENT, REASON, TIME, Handler, access_body, json_answer, json_schema, only
from hub.api.access_lifting import lifting_routes
from hub.api.access_log import log_routes
from hub.api.access_telling import telling_routes
from hub.api.edge import Edge, clean_id, refusing
from hub.errors import InvalidRequest
from hub.interactions.access import BY_CONSENT, KINDS, end, listed, register
from hub.interactions.context import Context

BODIES: dict[str, dict[str, Any]] = {
    "relations": {"required": ["patient"], "properties": {"patient": PATIENT, "start": TIME, "end": TIME}},
    "needs": {
        "required": ["type", "reason"],
        "properties": {
            "patient": PATIENT,
            "type": {"enum": ["relevance", "work", "worklist", "certificate"]},
            "reason": REASON,
            "start": TIME,
            "end": TIME,
        },
    },
    "assertions": {
        "required": ["patient", "type", "reason"],
        "properties": {
            "patient": PATIENT,
            "type": {"enum": ["emergency", "incapacity", "child", "inner_emergency"]},
            "step": {"enum": [1, 2]},
            "reason": REASON,
            "providers": {"type": "array", "items": HSA},
            "units": {"type": "array", "items": HSA},
            "attestations": {"type": "array", "items": {"enum": ["necessary", "attitude_clarified", "no_refusal"]}},
            "start": TIME,
            "end": TIME,
        },
    },
    "blocks": {
        "required": ["patient", "type", "provider"],
        "properties": {"patient": PATIENT} | BLOCK,
    },
    "revokes": {
        "required": ["patient", "block", "unit", "reason"],
        "properties": {
            "patient": PATIENT,
            "block": {"type": "string"},
            "unit": HSA,
            "employee": HSA,
            "reason": {"enum": ["patient_consent", "emergency"]},
            "start": TIME,
            "end": TIME,
        },
    },
    "shares": {
        "required": ["patient"],
        "properties": {"patient": PATIENT, "unit": HSA, "provider": HSA, "start": TIME, "end": TIME},
    },
}
NAMES = KINDS | BY_CONSENT
SUMMARIES = {
    "relations": "Register one's own relation to a patient",
    "needs": "State that data may matter, or are needed for work, or for a certificate, or that a list of the own unit is",
    "assertions": "Assert an emergency, incapacity, or that a child cannot consent",
    "blocks": "Block the data of a care provider or unit",
    "revokes": "Lift a block for a while, as the care provider that owns it",
    "shares": "Share own measurements with a unit or care provider",
}


def access_router(edge: Edge) -> APIRouter:
    """Every route under /access."""
    router = APIRouter(prefix="/access", tags=["access"])

    def route(path: str, method: str, handler: Handler, **more: Any) -> None:
        answered = edge.route(handler)

        async def endpoint(request: Request) -> Response:
            return await answered(request)

        router.add_api_route(path, endpoint, methods=[method], response_class=Response, **more)

    follow_up_routes(route)
    lifting_routes(route)
    log_routes(route)
    telling_routes(route)
    for kind in KINDS:
        body = json_schema(**BODIES[kind])
        route(
            f"/{kind}",
            "POST",
            _registering(kind),
            summary=SUMMARIES[kind],
            openapi_extra=body,
            status_code=201,
            name=f"register {kind}",
            operation_id=f"register_{kind}",
        )
        route(f"/{kind}/{{id}}", "DELETE", _ending(kind), summary="End it, now", name=f"end {kind}", operation_id=f"end_{kind}")
        route(
            f"/{kind}/{{id}}/end",
            "POST",
            _ending(kind),
            summary="End it, now",
            name=f"end {kind} by POST",
            operation_id=f"end_{kind}_by_post",
        )
    for kind in NAMES:
        patient = {"parameters": [{"name": "patient", "in": "query", "required": True, "schema": PATIENT}]}
        route(
            f"/{kind}",
            "GET",
            _listing(kind),
            summary="One's own that stand for a patient",
            openapi_extra=patient,
            name=f"list {kind}",
            operation_id=f"list_{kind}",
        )
    return router


def _registering(kind: str) -> Handler:
    async def handler(request: Request, context: Context) -> Response:
        async with refusing(context, f"register-{KINDS[kind]}"):
            body = await access_body(request)
        return json_answer(await register(context, kind, body), 201)

    return handler


def _ending(kind: str) -> Handler:
    async def handler(request: Request, context: Context) -> Response:
        return json_answer(await end(context, kind, clean_id(request.path_params["id"])))

    return handler


def _listing(kind: str) -> Handler:
    async def handler(request: Request, context: Context) -> Response:
        async with refusing(context, f"list-{NAMES[kind]}"):
            only(request, "patient")
            patient = request.query_params.get("patient", "")
            if not patient:
                raise InvalidRequest("name the patient, by the logical id of the Patient", "patient")
        return json_answer({kind: await listed(context, kind, clean_id(patient))})

    return handler
