"""The table of paths finds the route that Starlette's own router finds, for every path and method."""

import asyncio
from datetime import UTC, datetime
from email.utils import format_datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, Router

from hub.api.edge import http_date
from hub.api.paths import Paths

TEMPLATES = [
    ("/fhir/metadata", ["GET"]),
    ("/fhir/{type}/_search", ["POST"]),
    ("/fhir/{type}/{id}/_history/{version}", ["GET"]),
    ("/fhir/{type}/{id}/_history", ["GET"]),
    ("/fhir/Patient/{patient}/{type}", ["GET"]),
    ("/fhir/{type}/{id}", ["GET"]),
    ("/fhir/{type}/{id}", ["PUT"]),
    ("/fhir/{type}", ["GET"]),
    ("/fhir/{rest:path}", ["GET", "PUT", "POST", "DELETE"]),
    ("/fhir/never/reached", ["GET"]),
]
PARTS = ["", "fhir", "metadata", "Patient", "Observation", "_search", "_history", "never", "reached", "1", "å b", "%2F", "{id}"]


class Saying:
    """An endpoint that says which route it is of."""

    def __init__(self, template, methods):
        self.said = [template, *methods]

    async def __call__(self, scope, receive, send):
        await JSONResponse([self.said, scope["path_params"]])(scope, receive, send)


def _said(template, methods):
    async def said(request: Request):
        return JSONResponse([[template, *methods], request.path_params])

    return said


def _routes():
    """Every other one a function, as Starlette takes both."""
    made = []
    for number, (template, methods) in enumerate(TEMPLATES):
        kind = _said if number % 2 else Saying
        made.append(Route(template, kind(template, methods), methods=methods))
    return made


MINE, THEIRS = Paths(_routes()), Router(_routes(), redirect_slashes=False)


async def _answer(app, method, path):
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b"", "http_version": "1.1"}
    await app(scope, receive, send)
    return sent[0]["status"], sent[1].get("body") if sent[0]["status"] == 200 else b""


@settings(max_examples=200, deadline=None, derandomize=True)
@given(parts=st.lists(st.sampled_from(PARTS), max_size=6), method=st.sampled_from(["GET", "HEAD", "PUT", "POST", "PATCH"]))
def test_the_table_and_the_router_agree(parts, method):
    path = "/" + "/".join(parts)
    assert asyncio.run(_answer(MINE, method, path)) == asyncio.run(_answer(THEIRS, method, path))


@given(st.integers(0, 4_000_000_000))
def test_a_date_is_written_as_the_standard_library_writes_it(seconds):
    assert http_date(seconds) == format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
