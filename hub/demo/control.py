"""Making a simulated source misbehave while the demo runs: a small loopback endpoint, and the command's way to it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.demo.rivta import trouble
from hub.demo.rivta.serving import served
from hub.demo.systems import Systems
from hub.demo.world import organisations as o

FILE = "control"
"""In the demo's folder: where the endpoint answers."""
KINDS = ("hang", "down", "wrong", "fault", "error", "html", "truncated")


class Misunderstood(Exception):
    """There is no such source, or nothing of that kind can go wrong with it; says which there are."""


def put(troubles: Mapping[str, dict[str, Any]], source: str, kind: str, seconds: float) -> None:
    """Let a source misbehave in every answer from now on, or with `kind` "none" no longer.

    Raises: Misunderstood.
    """
    if source not in troubles:
        raise Misunderstood(f"no source that is asked has that name; there are {', '.join(sorted(troubles))}")
    wrong = {
        "hang": trouble.Hang(seconds),
        "down": trouble.HttpError(503),
        "wrong": trouble.Invalid(),
        "fault": trouble.Fault(),
        "error": trouble.HttpError(),
        "html": trouble.Html(),
        "truncated": trouble.Truncated(),
        "none": None,
    }
    if kind not in wrong:
        raise Misunderstood(f"no such trouble; there are {', '.join(KINDS)}")
    troubles[source].clear()
    if wrong[kind] is not None:
        troubles[source]["*"] = wrong[kind]


@asynccontextmanager
async def controlled(systems: Systems, folder: Path) -> AsyncIterator[None]:
    """Serve the endpoint until the block ends; its address lies in the folder meanwhile."""
    troubles: dict[str, dict[str, Any]] = {
        o.REGION_NORRDAL: systems.norrdal.troubles,
        o.REGION_VASTVIK: systems.vastvik.troubles,
        o.POPULATION: systems.register.troubles,
        o.INDEX: systems.index.troubles,
        o.SECURITY: systems.security.troubles,
        o.PRIVATE: systems.clinic.troubles,
    }

    async def answer(request: Request) -> Response:
        if request.headers.get("content-type", "") != "application/json":  # what no page of another site can send
            return PlainTextResponse("application/json only", 415)
        asked = json.loads(await request.body())
        try:
            put(troubles, str(asked["source"]), str(asked["kind"]), float(asked["seconds"]))
        except Misunderstood as fault:
            return PlainTextResponse(str(fault), 404)
        return Response(status_code=204)

    async with served(Starlette(routes=[Route("/trouble", answer, methods=["PUT"])])) as url:
        (folder / FILE).write_text(f"{url}/trouble", "utf-8")
        yield


def tell(folder: Path, source: str, kind: str, seconds: float) -> None:
    """Tell the demo that runs in a folder how a source is to misbehave.

    Raises: Misunderstood; OSError: it does not answer.
    """
    asked = {"source": source, "kind": kind, "seconds": seconds}
    try:
        answer = httpx.put((folder / FILE).read_text("utf-8"), json=asked, timeout=5, trust_env=False)
    except httpx.HTTPError:
        raise OSError("the demo does not answer") from None
    if answer.status_code != 204:
        raise Misunderstood(answer.text)
