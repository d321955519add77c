"""What the routes of /access share: how bodies are documented and read, and how answers are written."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from fastapi import Request
from fastapi.responses import Response

from hub.api.formats import json_body
from hub.errors import InvalidRequest, NotSupported
from hub.fhir.json import dumps
from hub.interactions.context import Context

Handler = Callable[[Request, Context], Awaitable[Response]]


class Routing(Protocol):
    """Adds a route under /access."""

    def __call__(self, path: str, method: str, handler: Handler, **more: Any) -> None: ...


TIME = {"type": "string", "format": "date-time", "description": "A time with its zone, or a date (a last day counts to 24:00)."}
PATIENT = {"type": "string", "description": "Logical id of the Patient."}
HSA = {"type": "string", "description": "HSA-id."}
REASON = {"type": "string", "maxLength": 500}
BLOCK: dict[str, Any] = {
    "type": {"enum": ["outer", "inner"]},
    "provider": HSA,
    "unit": HSA,
    "information_start": TIME,
    "information_end": TIME,
    "excluded": {"type": "array", "items": {"enum": ["lak", "upp"]}},
}
"""What a block closes."""


def json_schema(properties: dict[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    """A JSON body, as OpenAPI tells of it: these fields and no others."""
    schema = {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def only(request: Request, *names: str) -> None:
    """Raises: NotSupported: a parameter that is none of these, or one of them twice; InvalidRequest: no database can hold one."""
    if any(name not in names for name in request.query_params):
        raise NotSupported(f"the parameters here are {', '.join(names)}" if names else "there are no parameters here")
    if len(request.query_params.multi_items()) > len(request.query_params):
        raise NotSupported("each parameter is given once")
    for name, value in request.query_params.items():
        if "\0" in value:
            raise InvalidRequest("holds a character that no text can hold", name)


async def access_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises: as `json_body`."""
    return await json_body(request)


def json_answer(content: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(dumps(content), status, media_type="application/json")
