"""A small FHIR R4 server: search by the patient's number, five to a page; it misbehaves on order.

`GET` or `POST …/_search` with `patient.identifier` (system|value), or `subject.identifier`; pages by `link.relation = next`;
Practitioner, Organization, Location and Patient that a page refers to come with it (`search.mode` include).
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.demo.clinic.resources import PERSONNUMMER, SAMORDNINGSNUMMER, Json, directory, held
from hub.demo.rivta.serving import served
from hub.demo.rivta.trouble import PAGE, Fault, Hang, Html, HttpError, Invalid, OtherPatient, Truncated
from hub.demo.world.model import World

TYPES = ("CarePlan", "CareTeam", "Appointment", "Observation")
PAGE_SIZE = 5
CHAINS = ("patient.identifier", "subject.identifier", "patient:Patient.identifier", "subject:Patient.identifier")


@dataclass(frozen=True, slots=True)
class NextElsewhere:
    """The link to the next page leads to another host."""

    url: str


@dataclass(frozen=True, slots=True)
class EndlessPages:
    """The link to the next page leads to the same page, always."""


Trouble = Hang | Fault | Html | HttpError | Truncated | OtherPatient | NextElsewhere | EndlessPages


class FhirServer:
    """The server. State: what was asked, what is wrong at the moment, the pages it has promised.

    `calls` counts requests by resource type, pages too; `troubles` maps a type, or `*` for all, to what goes wrong.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._known = {f"{each['resourceType']}/{each['id']}": each for each in directory(world)}
        self._pages: dict[str, tuple[str, str, int]] = {}
        self._closing = asyncio.Event()
        self.calls: Counter[str] = Counter()
        self.troubles: dict[str, Trouble] = {}
        self.app = Starlette(
            routes=[
                Route("/fhir/metadata", self._metadata),
                Route("/fhir/{kind}/_search", self._search, methods=["POST"]),
                Route("/fhir/{kind}/{key}", self._read),
                Route("/fhir/{kind}", self._search),
            ]
        )

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[str]:
        """Serve on loopback until the block ends. Gives the base address of the FHIR endpoint."""
        self._closing.clear()
        async with served(self.app, port) as url:
            try:
                yield f"{url}/fhir"
            finally:
                self._closing.set()

    async def _metadata(self, _: Request) -> Response:
        resources = [{"type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}]} for kind in TYPES]
        return _json(
            {
                "resourceType": "CapabilityStatement",
                "status": "active",
                "date": "2026-01-01",
                "kind": "instance",
                "fhirVersion": "4.0.1",
                "format": ["json"],
                "software": {"name": "Hjärtgårdens journal"},
                "rest": [{"mode": "server", "resource": resources}],
            }
        )

    async def _read(self, request: Request) -> Response:
        found = self._known.get(f"{request.path_params['kind']}/{request.path_params['key']}")
        return _json(found) if found else _refused(404, "not-found")

    async def _search(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in TYPES:
            return _refused(404, "not-supported")
        self.calls[kind] += 1
        trouble = self.troubles.get(kind) or self.troubles.get("*")
        if isinstance(trouble, Hang):
            await self._wait(trouble.seconds)
        asked = dict(request.query_params) | {name: str(value) for name, value in (await request.form()).items()}
        spoiled = _spoiled(trouble)
        if spoiled:
            return spoiled
        place = self._place(kind, asked)
        if place is None:
            return _refused(400, "invalid")
        number, offset = place
        if isinstance(trouble, OtherPatient):
            number = trouble.number
        answer = self._bundle(str(request.base_url), kind, number, offset, trouble)
        if isinstance(trouble, Truncated):
            return Response(bytes(answer.body)[: len(answer.body) // 2], media_type="application/fhir+json")
        return answer

    def _place(self, kind: str, asked: dict[str, str]) -> tuple[str, int] | None:
        """The number asked for and where the page begins; None: the question is not one that this server answers."""
        if "_page" in asked:
            promised = self._pages.get(asked["_page"])
            return promised[1:] if promised and promised[0] == kind else None
        written = next((asked[name] for name in CHAINS if name in asked), "")
        system, _, number = written.partition("|")
        return (number, 0) if system in (PERSONNUMMER, SAMORDNINGSNUMMER) and number else None

    def _bundle(self, base: str, kind: str, number: str, offset: int, trouble: Trouble | None) -> Response:
        found = held(self._world, kind, number)
        page = found[offset : offset + PAGE_SIZE]
        links = []
        if offset + PAGE_SIZE < len(found):
            token = f"s{len(self._pages) + 1}"
            self._pages[token] = (kind, number, offset if isinstance(trouble, EndlessPages) else offset + PAGE_SIZE)
            address = f"{base}fhir/{kind}?_page={token}"
            links = [{"relation": "next", "url": trouble.url if isinstance(trouble, NextElsewhere) else address}]
        entries = [_entry(base, each, "match") for each in page]
        included = {name: self._known[name] for each in page for name in _references(each) if name in self._known}
        entries += [_entry(base, each, "include") for each in included.values()]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        return _json(bundle | ({"link": links} if links else {}) | ({"entry": entries} if entries else {}))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass


def _spoiled(trouble: Trouble | None) -> Response | None:
    match trouble:
        case Html():
            return Response(PAGE, media_type="text/html")
        case Invalid():
            return Response(b'{"resourceType": "Basic"}', media_type="application/fhir+json")
        case HttpError(status):
            return Response(b"", status)
        case Fault(text):
            return _refused(500, "exception", text)
        case _:
            return None


def _references(value: Any) -> Iterator[str]:
    """Every literal reference inside a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


def _entry(base: str, resource: Json, mode: str) -> Json:
    return {"fullUrl": f"{base}fhir/{resource['resourceType']}/{resource['id']}", "resource": resource, "search": {"mode": mode}}


def _json(resource: Json, status: int = 200) -> Response:
    return Response(json.dumps(resource, ensure_ascii=False), status, media_type="application/fhir+json; charset=utf-8")


def _refused(status: int, code: str, text: str = "") -> Response:
    issue = {"severity": "error", "code": code} | ({"diagnostics": text} if text else {})
    return _json({"resourceType": "OperationOutcome", "issue": [issue]}, status)
