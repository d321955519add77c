"""FHIR R4 over REST: another server, searched for one patient's resources, page by page. Kind `fhir`.

Searches go by POST, so that the patient's number stands in no URL. What the pages are is bound into one batch-response,
byte by byte as they came, so that the mapper sees the whole answer and the store keeps it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode, urljoin

import httpx

from hub.config import SourceConfig
from hub.errors import HubError, Unmappable
from hub.fhir import json
from hub.fhir.identifiers import PERSONNUMMER, Identifier
from hub.mappers import Settings, SourceMessage
from hub.mappers.fhir_r4 import FHIR_R4
from hub.sources import Fault, Fetched, SourceFailed
from hub.sources._check import Step, check_address, failed
from hub.sources._http import Answer, Http

TYPES = ("CarePlan", "CareTeam", "Appointment", "Observation")
MAX_PAGES = 20
"""Of one search."""
MAX_BYTES = 4_500_000
"""Of all pages together: what the mapper reads, less the binding."""
MEDIA_TYPES = ("application/fhir+json", "application/json")
ACCEPT = {"Accept": "application/fhir+json"}
FORM = ACCEPT | {"Content-Type": "application/x-www-form-urlencoded"}
TEST_PERSON = Identifier(PERSONNUMMER, "191212121212")
"""A published test number, for trying a source without naming a patient."""


@dataclass(frozen=True, slots=True)
class Pages:
    """What one search gave."""

    contents: tuple[bytes, ...] = ()
    partial: str = ""
    """Not empty: why there is more that was not read."""


class FhirSource:
    """One FHIR server, asked about one patient at a time."""

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.config = replace(config, address=config.address.rstrip("/") + "/")
        self.http = Http(self.config, transport, clock)

    async def fetch(self, contract: str, patient: Identifier) -> Fetched:
        """Ask for all resources of `patient` that are taken, types in parallel.

        Gives: one content. A type that failed is said in `partial`.
        Raises: SourceFailed: every type failed.
        """
        if contract != FHIR_R4.name:
            raise SourceFailed(Fault.FORM, f"{contract} is no contract of a FHIR server")
        answers = await asyncio.gather(*(self._search(kind, patient) for kind in TYPES), return_exceptions=True)
        found, failures = [], []
        for kind, answer in zip(TYPES, answers, strict=True):
            if isinstance(answer, SourceFailed):
                failures.append((kind, answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found.append((kind, answer))
        if not found:
            raise failures[0][1]
        partial = [f"{kind}: {failure}" for kind, failure in failures]
        partial += [f"{kind}: {pages.partial}" for kind, pages in found if pages.partial]
        contents = [content for _, pages in found for content in pages.contents]
        if sum(map(len, contents)) > MAX_BYTES:
            raise SourceFailed(Fault.TOO_LARGE, f"more than {MAX_BYTES} bytes of one patient")
        return Fetched((bound(contents, bool(partial)),), "; ".join(partial))

    async def _search(self, kind: str, patient: Identifier) -> Pages:
        """Every page of one search. Raises: SourceFailed: the first page failed, or one is not what it must be."""
        asked = urlencode({"patient.identifier": f"{patient.system}|{patient.value}", "_count": "100"}).encode()
        url = urljoin(self.config.address, f"{kind}/_search")
        content = opened(await self.http.request("POST", url, FORM, asked))
        contents, seen = [content], {url}
        while link := next_link(content):
            url = urljoin(self.config.address, link)
            if url in seen:
                return Pages(tuple(contents), "its pages go in a circle")
            if not url.startswith(self.config.address) or "/../" in url:
                return Pages(tuple(contents), "the next page lies at another address")
            if len(contents) == MAX_PAGES or sum(map(len, contents)) > MAX_BYTES:
                return Pages(tuple(contents), "more pages than are read")
            seen.add(url)
            try:
                content = opened(await self.http.request("GET", url, ACCEPT))
            except SourceFailed as failure:
                return Pages(tuple(contents), f"a later page failed ({failure.fault})")
            contents.append(content)
        return Pages(tuple(contents))

    async def aclose(self) -> None:
        await self.http.aclose()

    async def check(self, patient: Identifier = TEST_PERSON) -> AsyncIterator[Step]:
        """Try the way to the source step by step: name, connection, TLS, what it is, then answer, schema and a patient."""
        async for step in check_address(self.config):
            yield step
            if not step.passed:
                return
        yield await self._capability()
        started = time.monotonic()
        try:
            fetched = await self.fetch(FHIR_R4.name, patient)
        except SourceFailed as failure:
            yield failed("answer", failure)
            return
        waited = f"{(time.monotonic() - started) * 1000:.0f} ms"
        yield Step("answer", not fetched.partial, f"{waited}, but {fetched.partial}" if fetched.partial else waited)
        for step in _read_through(self.config, fetched.contents[0], patient):
            yield step

    async def _capability(self) -> Step:
        try:
            answer = await self.http.request("GET", urljoin(self.config.address, "metadata"), ACCEPT)
            held = json.loads_untrusted(_json(answer))
        except SourceFailed as failure:
            return failed("metadata", failure)
        except HubError as fault:
            return failed("metadata", SourceFailed(Fault.FORM, fault.problem))
        version = held.get("fhirVersion") if isinstance(held, dict) else None
        good = isinstance(version, str) and version.startswith("4.0")
        return Step("metadata", good, "FHIR 4.0" if good else "not FHIR 4.0", "" if good else "only FHIR R4 is read")


def _read_through(config: SourceConfig, content: bytes, patient: Identifier) -> tuple[Step, ...]:
    """What the hub understands of an answer; places and counts only."""
    message = SourceMessage(config.name, FHIR_R4.name, content, datetime.now(UTC), patient)
    try:
        mapped = FHIR_R4.map(message, Settings(config.name, config.system, config.owner, config.unit or None))
    except Unmappable as fault:
        return (failed("schema", SourceFailed(Fault.FORM, fault.problem)),)
    problems = "; ".join(f"{issue.place}: {issue.problem}" for issue in mapped.issues if issue.severity == "error")
    schema = Step("schema", not problems, problems or f"{mapped.coverage.mapped} values read")
    homeless = sum(entry.custody.provider is None or entry.custody.unit is None for entry in mapped.entries)
    if homeless:
        what = f"{homeless} of {len(mapped.entries)} records have no care provider or unit: nobody will see them"
        return schema, Step("a patient", False, what, "set `unit` of the source, or have it send Provenance")
    return schema, Step("a patient", True, f"{len(mapped.entries)} records" if mapped.entries else "nothing of this patient")


def opened(answer: Answer) -> bytes:
    """The page, if it is one.

    Raises: SourceFailed: with what came, so that it can be kept.
    """
    content = _json(answer)
    try:
        bundle = json.loads_untrusted(content)
    except HubError as fault:
        raise SourceFailed(Fault.FORM, fault.problem, content) from None
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle" or bundle.get("type") != "searchset":
        raise SourceFailed(Fault.FORM, "not a searchset Bundle", content)
    return content


def _json(answer: Answer) -> bytes:
    """Raises: SourceFailed: an error status, or another media type."""
    is_json = answer.media_type in MEDIA_TYPES
    if answer.status in (400, 404, 405, 422) and is_json:
        raise SourceFailed(Fault.LOGICAL, f"status {answer.status}", answer.content)
    if answer.status != 200:
        raise SourceFailed(Fault.HTTP, f"status {answer.status}", answer.content)
    if not is_json:
        raise SourceFailed(Fault.FORM, "another media type than FHIR JSON", answer.content)
    return answer.content


def next_link(content: bytes) -> str | None:
    """Where the next page is; None: this is the last."""
    for link in json.loads(content).get("link") or []:
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def bound(contents: list[bytes], partial: bool) -> bytes:
    """The pages as one batch-response; an OperationOutcome in it says that something is missing."""
    entries = [b'{"response":{"status":"200"},"resource":' + content + b"}" for content in contents]
    if partial:
        issue = b'{"severity":"warning","code":"incomplete"}'
        entries.append(b'{"response":{"status":"500"},"resource":{"resourceType":"OperationOutcome","issue":[' + issue + b"]}}")
    return b'{"resourceType":"Bundle","type":"batch-response","entry":[' + b",".join(entries) + b"]}"
