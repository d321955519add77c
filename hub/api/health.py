"""/health/live, /health/ready, /metrics: for whoever runs the hub. No patient data, no callers."""

import hmac
import ipaddress
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.hub import Hub
from hub.observe import Metrics
from hub.store.store import Store


def health_routes(hub: Hub, metrics: Metrics, breakers: Callable[[], dict[str, str]]) -> list[Route]:
    """The three of them. `breakers`: source that is asked -> `ready` or `resting`."""

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(request: Request) -> Response:
        try:
            await hub.store(_answers)
        except Exception as fault:  # whatever is wrong with the database, the answer is: not ready
            return JSONResponse({"status": "not ready", "database": type(fault).__name__}, 503)
        states = breakers()
        sources = [
            {"name": each.name, "kind": each.kind, "state": states.get(each.name, "listening")} for each in hub.config.sources
        ]
        return JSONResponse({"status": "ready", "database": "answers", "sources": sources})

    async def exposed(request: Request) -> Response:
        if not _may_measure(request, hub.config.metrics_token):
            return Response(status_code=403)
        content, media_type = metrics.exposition()
        return Response(content, media_type=media_type)

    return [
        Route("/health/live", live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/metrics", exposed, methods=["GET"]),
    ]


def _may_measure(request: Request, token: str) -> bool:
    """Whether who asks bears the token; without one, whether nothing but this machine lies between."""
    if token:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for"))
    try:
        near = ipaddress.ip_address(request.client.host if request.client else "")
    except ValueError:
        return False
    return not forwarded and (getattr(near, "ipv4_mapped", None) or near).is_loopback


def _answers(store: Store) -> None:
    store.database.ping()
