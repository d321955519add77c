"""/access: what is told about release itself. API.md section 2.

Whether data exist, why one resource is or is not seen, what a reader could see, and what would change.
"""

from datetime import UTC, datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from hub.api.access_forms import BLOCK, HSA, PATIENT, TIME, Routing, access_body, json_answer, json_schema, only
from hub.api.edge import clean_id, refusing
from hub.errors import InvalidRequest
from hub.interactions.context import Context
from hub.interactions.existence import existence
from hub.interactions.explaining import Asked, explained
from hub.interactions.reaching import Reach, could_see
from hub.interactions.readers import ROLES
from hub.interactions.simulating import simulate

_ASKED: list[dict[str, Any]] = [
    {"name": "resource", "in": "query", "required": True, "schema": {"type": "string", "description": "`Type/id`."}},
    {"name": "at", "in": "query", "schema": TIME | {"description": "A time that has been, with its zone; now where left out."}},
    {"name": "unit", "in": "query", "schema": HSA | {"description": "The reader's unit; the patient: oneself where left out."}},
    {"name": "employee", "in": "query", "schema": HSA | {"description": "The reader; anybody in care there where left out."}},
    {"name": "role", "in": "query", "schema": {"enum": list(ROLES)}},
]
_REACH: list[dict[str, Any]] = [
    {"name": "patient", "in": "query", "required": True, "schema": PATIENT},
    {"name": "unit", "in": "query", "required": True, "schema": HSA | {"description": "The reader's unit."}},
    *_ASKED[1:2],
    *_ASKED[3:],
]
_OF_DATA = {
    "type": "object",
    "description": "Of which data: dataPeriod, class, data, securityLabel and, as exceptions, provision, as in a FHIR Consent.",
}
_SIMULATED = json_schema(
    {
        "consent": {"type": "object", "required": ["unit"], "properties": {"unit": HSA, "employee": HSA, "provision": _OF_DATA}},
        "block": {"type": "object", "required": ["type", "provider"], "properties": BLOCK},
        "dissent": {"type": "object", "properties": {"unit": HSA, "employee": HSA, "but_emergencies": {"type": "boolean"}}},
    }
)


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
    route(
        "/could-see",
        "GET",
        _could_see,
        summary="What a reader could see of a patient, now or then, by care provider, kind, rule and grounds",
        openapi_extra={"parameters": _REACH},
    )
    route(
        "/simulations",
        "POST",
        _simulate,
        summary="The patient: who would gain what by a consent, or lose what by a block or a dissent",
        openapi_extra=_SIMULATED,
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
        if not (resource_type and fhir_id):
            raise InvalidRequest("name the resource, as Type/id", "resource")
        at = _moment(held["at"]) if "at" in held else None
    asked = Asked(resource_type, clean_id(fhir_id), at, held.get("unit", ""), held.get("employee", ""), held.get("role", ""))
    return json_answer(await explained(context, asked))


async def _could_see(request: Request, context: Context) -> Response:
    async with refusing(context, "could-see"):
        only(request, *(each["name"] for each in _REACH))
        held = request.query_params
        at = _moment(held["at"]) if "at" in held else None
    patient = clean_id(held["patient"]) if held.get("patient") else ""
    asked = Reach(patient, held.get("unit", ""), held.get("employee", ""), held.get("role", ""), at)
    return json_answer(await could_see(context, asked))


async def _simulate(request: Request, context: Context) -> Response:
    async with refusing(context, "simulate"):
        body = await access_body(request)
    return json_answer(await simulate(context, body))


def _moment(written: str) -> datetime:
    """Raises: InvalidRequest: no time with a zone."""
    try:
        found = datetime.fromisoformat(written)
        if found.tzinfo is None:
            raise InvalidRequest("the time has no zone", "at")
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest("a time with its zone", "at") from None
