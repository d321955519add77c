"""Every request has an id, one log line without path or query, the headers of the house, and a limit on its body."""

import io
import json

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from hub import observe
from hub.api.middleware import HEADERS, BodyLimit, edge
from hub.errors import TooCostly
from hub.limits import Refusals
from hub.observe import Metrics

NUMBER = "191212121212"


@pytest.fixture
def anyio_backend():
    return "asyncio"


pytestmark = pytest.mark.anyio


class House:
    """An application of each kind of route behind the edge, and what the edge wrote of it."""

    def __init__(self, **changed):
        self.stream, self.metrics = io.StringIO(), Metrics()
        settings = {"https": False, "origins": (), "max_bytes": 100} | changed
        self.app = edge(
            _application(), observe.logger(self.stream, self.metrics), self.metrics, Refusals(self.record), **settings
        )

    async def record(self, summary):
        pass

    async def ask(self, method, path, *, base="http://hub.example.org", **more):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **more)

    @property
    def lines(self):
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


def _application():
    async def read(request: Request) -> Response:
        return PlainTextResponse(request.state.request_id)

    async def echo(request: Request) -> Response:
        return Response(await request.body(), headers={"cache-control": "max-age=60", "content-security-policy": "own"})

    async def fail(request: Request) -> Response:
        raise LookupError(NUMBER)

    async def stream(request: Request) -> Response:
        return PlainTextResponse(str(sum([len(part) async for part in request.stream()])))

    app = FastAPI(openapi_url=None)
    small = APIRouter(prefix="/access")

    @small.get("/patients/{id}/existence")
    async def existence(id: str) -> str:
        return "yes"

    app.include_router(small)
    app.router.routes.extend(
        [
            Route("/fhir/{type}/{id}", read),
            Route("/fhir/{type}", echo, methods=["GET", "POST"]),
            Route("/fail/{id}", fail),
            Route("/stream", stream, methods=["POST"]),
            Mount("/auth", Starlette(routes=[Route("/token/{id}", read)])),
            Mount("/patient/{handle}", Starlette(routes=[Route("/page", read)])),
        ]
    )
    return app


async def test_an_answer_carries_the_id_that_the_log_and_the_handler_have():
    house = House()
    answer = await house.ask("GET", "/fhir/Patient/1", headers={"x-request-id": "canary"})
    assert answer.headers["x-request-id"] == answer.text == house.lines[0]["request_id"]
    assert len(answer.text) == 26
    assert answer.text != (await house.ask("GET", "/fhir/Patient/1")).text


@pytest.mark.parametrize(
    ("method", "path", "status", "route"),
    [
        ("GET", f"/fhir/Patient/{NUMBER}?identifier={NUMBER}", 200, "/fhir/{type}/{id}"),
        ("POST", f"/fhir/Patient?identifier={NUMBER}", 200, "/fhir/{type}"),
        ("GET", f"/access/patients/{NUMBER}/existence", 200, "/access/patients/{id}/existence"),
        ("GET", f"/auth/token/{NUMBER}", 200, "/auth/token/{id}"),
        ("GET", f"/patient/{NUMBER}/page", 200, "/page"),
        ("GET", f"/nothing/{NUMBER}", 404, "unmatched"),
        ("DELETE", f"/fhir/Patient/{NUMBER}", 405, "/fhir/{type}/{id}"),
        ("GET", f"/fail/{NUMBER}", 500, "/fail/{id}"),
    ],
)
async def test_a_request_is_told_by_its_template_alone(method, path, status, route):
    house = House()
    answer = await house.ask(method, path)
    assert answer.status_code == status
    line = house.lines[-1]
    assert (line["event"], line["route"], line["method"], line["status"]) == ("request answered", route, method, status)
    told = house.stream.getvalue() + house.metrics.exposition()[0].decode()
    assert NUMBER not in told
    assert f'hub_requests_total{{method="{method}",route="{route}",status="{status // 100}xx"}} 1.0' in told


async def test_a_fault_is_logged_by_class_and_place_and_ends_in_500():
    house = House()
    answer = await house.ask("GET", f"/fail/{NUMBER}")
    assert NUMBER not in answer.text
    assert [line["event"] for line in house.lines] == ["request failed", "request answered"]
    assert house.lines[0]["error"] == "LookupError"
    assert house.lines[0]["request_id"] == house.lines[1]["request_id"]


async def test_every_answer_has_the_headers_of_the_house():
    for path in ("/fhir/Patient/1", "/nothing", "/fail/1"):
        answer = await House().ask("GET", path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        assert "strict-transport-security" not in answer.headers


async def test_an_answer_may_set_its_own():
    answer = await House().ask("GET", "/fhir/Patient")
    assert answer.headers.get_list("cache-control") == ["max-age=60"]
    assert answer.headers.get_list("content-security-policy") == ["own"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("https", "base"), [(True, "http://hub.example.org"), (False, "https://hub.example.org")])
async def test_https_is_asked_for_where_the_hub_is_reached_by_it(https, base):
    answer = await House(https=https).ask("GET", "/fhir/Patient/1", base=base)
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_a_body_at_the_limit_passes():
    assert (await House().ask("POST", "/fhir/Patient", content=b"x" * 100)).content == b"x" * 100


async def test_a_body_over_the_limit_is_refused_before_it_is_read():
    house = House()
    answer = await house.ask("POST", "/fhir/Patient", content=b"x" * 101)
    _is_413(answer)
    assert house.lines[0]["status"] == 413


@pytest.mark.parametrize("path", ["/fhir/Patient", "/stream"])
async def test_a_body_that_grows_over_the_limit_is_refused(path):
    async def parts():
        for _ in range(11):
            yield b"x" * 10

    _is_413(await House().ask("POST", path, content=parts()))


async def test_a_body_that_grows_over_the_limit_after_the_answer_began_breaks_the_answer_off():
    async def hasty(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()

    async def receive():
        return {"type": "http.request", "body": b"x" * 101, "more_body": True}

    sent = []

    async def send(message):
        sent.append(message["type"])

    with pytest.raises(TooCostly):
        await BodyLimit(hasty, 100)({"type": "http", "headers": []}, receive, send)
    assert sent == ["http.response.start"]


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 5000])
async def test_a_length_that_is_no_number_or_too_large_is_refused(length):
    house, sent = House(), []

    async def receive():
        return {"type": "http.request", "body": b"x", "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [(b"content-length", length.encode())]
    scope = {"type": "http", "method": "POST", "path": "/stream", "headers": headers, "query_string": b"", "scheme": "http"}
    await house.app(scope, receive, send)
    assert sent[0]["status"] == 413


def _is_413(answer):
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/fhir+json; charset=utf-8"
    issue = {"severity": "error", "code": "too-costly", "diagnostics": "the body is larger than 100 bytes"}
    assert answer.json() == {"resourceType": "OperationOutcome", "issue": [issue]}
    assert answer.headers["cache-control"] == "no-store"


ORIGIN = "https://app.example.org"
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "PUT", "access-control-request-headers": "authorization,if-match"}


async def test_scripts_from_a_configured_origin_are_answered():
    house = House(origins=(ORIGIN,))
    asked = await house.ask("OPTIONS", "/fhir/Patient/1", headers=PREFLIGHT)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "PUT" in asked.headers["access-control-allow-methods"]
    answer = await house.ask("GET", "/fhir/Patient/1", headers={"origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origins", [(), (ORIGIN,)])
async def test_scripts_from_elsewhere_are_not(origins):
    house = House(origins=origins)
    for method, headers in (("OPTIONS", PREFLIGHT), ("GET", {})):
        answer = await house.ask(method, "/fhir/Patient/1", headers=headers | {"origin": "https://evil.example.org"})
        assert "access-control-allow-origin" not in answer.headers


async def test_what_is_not_http_passes_untouched():
    house, sent = House(), []
    asked = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive():
        return next(asked)

    async def send(message):
        sent.append(message["type"])

    await house.app({"type": "lifespan", "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert house.lines == []
