"""/openapi.json: the FHIR API and /access in one description."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route

from hub.api.fhir.stated import MEDIA_TYPES, does
from hub.fhir.openapi import described

SECURITY = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of SMART App Launch; /.well-known/smart-configuration says where it comes from.",
}


def description(app: FastAPI, fhir: Iterable[Route], base_url: str) -> Callable[[], dict[str, Any]]:
    """What `app.openapi` is to be: OpenAPI 3.1 of the application's own routes and of what is served under /fhir.

    Takes: `base_url`: of the hub. It is made when it is first asked for, since few ask.
    """
    held: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not held:
            own, ours = FastAPI.openapi(app), described(does(fhir), MEDIA_TYPES)
            components = {
                name: own.get("components", {}).get(name, {}) | ours["components"].get(name, {})
                for name in own.get("components", {}).keys() | ours["components"].keys()
            }
            held.update(own | {"servers": [{"url": base_url}], "security": [{"token": []}]})
            held["paths"] = {path: _with_places(path, methods) for path, methods in own["paths"].items()} | ours["paths"]
            held["components"] = components | {"securitySchemes": {"token": SECURITY}}
        return held

    return openapi


def _with_places(path: str, methods: Mapping[str, Any]) -> dict[str, Any]:
    """Operations with the parameters in their path, which handlers that read the request themselves do not declare."""
    names = re.findall(r"\{(\w+)\}", path)
    places = [{"name": each, "in": "path", "required": True, "schema": {"type": "string"}} for each in names]
    return {
        method: operation | ({"parameters": [*places, *operation.get("parameters", ())]} if places else {})
        for method, operation in methods.items()
    }
