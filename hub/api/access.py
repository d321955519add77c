"""/access: what is registered before a request, and the log of accesses. API.md section 2. JSON, documented in OpenAPI."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.api.edge import Edge, clean_id, refusing
from hub.api.formats import json_body
from hub.errors import InvalidRequest, NotSupported
from hub.fhir.json import dumps
from hub.interactions.access import KINDS, end, listed, register
from hub.interactions.context import Context
from hub.interactions.log import access_log

_TIME = {"type": "string", "format": "date-time", "description": "A time with its zone, or a date (a last day counts to 24:00)."}
_PATIENT = {"type": "string", "description": "Logical id of the Patient."}
_HSA = {"type": "string", "description": "HSA-id."}
_REASON = {"type": "string", "maxLength": 500}
BODIES: dict[str, dict[str, Any]] = {
    "relations": {"required": ["patient"], "properties": {"patient": _PATIENT, "start": _TIME, "end": _TIME}},
    "needs": {
        "required": ["type", "reason"],
        "properties": {
            "patient": _PATIENT,
            "type": {"enum": ["relevance", "work", "worklist"]},
            "reason": _REASON,
            "start": _TIME,
            "end": _TIME,
        },
    },
    "assertions": {
        "required": ["patient", "type", "reason"],
        "properties": {
            "patient": _PATIENT,
            "type": {"enum": ["emergency", "incapacity", "child", "inner_emergency"]},
            "step": {"enum": [1, 2]},
            "reason": _REASON,
            "providers": {"type": "array", "items": _HSA},
            "units": {"type": "array", "items": _HSA},
            "attestations": {"type": "array", "items": {"enum": ["necessary", "attitude_clarified", "no_refusal"]}},
            "start": _TIME,
            "end": _TIME,
        },
    },
    "blocks": {
        "required": ["patient", "type", "provider"],
        "properties": {
            "patient": _PATIENT,
            "type": {"enum": ["outer", "inner"]},
            "provider": _HSA,
            "unit": _HSA,
            "information_start": _TIME,
            "information_end": _TIME,
            "excluded": {"type": "array", "items": {"enum": ["lak", "upp"]}},
        },
    },
    "revokes": {
        "required": ["patient", "block", "unit", "reason"],
        "properties": {
            "patient": _PATIENT,
            "block": {"type": "string"},
            "unit": _HSA,
            "employee": _HSA,
            "reason": {"enum": ["patient_consent", "emergency"]},
            "start": _TIME,
            "end": _TIME,
        },
    },
    "shares": {
        "required": ["patient"],
        "properties": {"patient": _PATIENT, "unit": _HSA, "provider": _HSA, "start": _TIME, "end": _TIME},
    },
}
SUMMARIES = {
    "relations": "Register one's own relation to a patient",
    "needs": "State that data may matter, or are needed for work, or that a list of the own unit is",
    "assertions": "Assert an emergency, incapacity, or that a child cannot consent",
    "blocks": "Block the data of a care provider or unit",
    "revokes": "Lift a block for a while, as the care provider that owns it",
    "shares": "Share own measurements with a unit or care provider",
}


def access_router(edge: Edge) -> APIRouter:
    """Every route under /access."""
    router = APIRouter(prefix="/access", tags=["access"])

    def route(path: str, method: str, handler: Callable[[Request, Context], Awaitable[Response]], **more: Any) -> None:
        answered = edge.route(handler)

        async def endpoint(request: Request) -> Response:
            return await answered(request)

        router.add_api_route(path, endpoint, methods=[method], response_class=Response, **more)

    for kind in KINDS:
        schema = {"type": "object", "additionalProperties": False} | BODIES[kind]
        body = {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
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
    for kind in (*KINDS, "consents"):
        patient = {"parameters": [{"name": "patient", "in": "query", "required": True, "schema": _PATIENT}]}
        route(
            f"/{kind}",
            "GET",
            _listing(kind),
            summary="One's own that stand for a patient",
            openapi_extra=patient,
            name=f"list {kind}",
            operation_id=f"list_{kind}",
        )
    after = {
        "parameters": [
            {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": -1}},
            {"name": "count", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 1000}},
        ]
    }
    route(
        "/log",
        "GET",
        _log,
        summary="The access log: a patient's own, or for a reviewer the own care provider's",
        openapi_extra=after,
        name="access log",
        operation_id="access_log",
    )
    return router


def _registering(kind: str) -> Callable[[Request, Context], Awaitable[Response]]:
    async def handler(request: Request, context: Context) -> Response:
        async with refusing(context, f"register-{KINDS[kind]}"):
            body = await _body(request)
        return _json(await register(context, kind, body), 201)

    return handler


def _ending(kind: str) -> Callable[[Request, Context], Awaitable[Response]]:
    async def handler(request: Request, context: Context) -> Response:
        return _json(await end(context, kind, clean_id(request.path_params["id"])))

    return handler


def _listing(kind: str) -> Callable[[Request, Context], Awaitable[Response]]:
    async def handler(request: Request, context: Context) -> Response:
        async with refusing(context, f"list-{kind}"):
            _only(request, "patient")
            patient = request.query_params.get("patient", "")
        return _json({kind: await listed(context, kind, clean_id(patient))})

    return handler


async def _log(request: Request, context: Context) -> Response:
    async with refusing(context, "read-log", "AuditEvent"):
        _only(request, "after", "count")
        after, count = (_number(request, name, least) for name, least in (("after", -1), ("count", 1)))
    return _json(await access_log(context, -1 if after is None else after, min(200 if count is None else count, 1000)))


def _only(request: Request, *names: str) -> None:
    """Raises: NotSupported: a parameter that is none of these."""
    if any(name not in names for name in request.query_params):
        raise NotSupported(f"the parameters here are {', '.join(names)}")


def _number(request: Request, name: str, least: int) -> int | None:
    written = request.query_params.get(name)
    if written is None:
        return None
    digits = written.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(written) < 16 and int(written) >= least):
        raise InvalidRequest(f"not a whole number of {least} or more", name)
    return int(written)


async def _body(request: Request) -> dict[str, Any]:
    return await json_body(request)


def _json(content: Any, status: int = 200) -> Response:
    return Response(dumps(content), status, media_type="application/json")
