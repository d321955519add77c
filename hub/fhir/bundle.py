"""Bundles, written by splicing: the stored bytes of each resource go out as they are, never decoded.

Source: http://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from hub.fhir.json import dumps

Mode = Literal["match", "include", "outcome"]
"""http://hl7.org/fhir/R4/valueset-search-entry-mode.html"""
Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"]


@dataclass(frozen=True, slots=True)
class Link:
    """One `Bundle.link`: self, first, next, …"""

    relation: str
    url: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry of a searchset. An outcome has no `full_url`."""

    resource: bytes
    full_url: str = ""
    mode: Mode = "match"


@dataclass(frozen=True, slots=True)
class Past:
    """One version in a history. No `resource`: it was deleted then."""

    full_url: str
    resource: bytes | None
    method: Method
    url: str
    """What was asked, without the base: `Observation`, `Observation/1`."""
    status: str
    """The code and phrase of the answer: `201 Created`."""
    etag: str
    last_modified: str
    """FHIR instant."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one entry of a batch or transaction. Empty: not said."""

    status: str
    """The code and phrase of the answer: `201 Created`."""
    full_url: str = ""
    location: str = ""
    """Without the base: `Observation/1/_history/2`."""
    etag: str = ""
    last_modified: str = ""
    """FHIR instant."""
    resource: bytes = b""
    outcome: bytes = b""
    """An OperationOutcome."""


def matches(url: str, found: Sequence[tuple[str, bytes]]) -> bytes:
    """Entries of what matched, one after another: id and bytes of each; `url`: what stands before the id, with its slash."""
    if not found:
        return b""
    start, end = b'{"fullUrl":' + dumps(url)[:-1], _ENDS["match"]
    between = end + b"," + start
    parts = [part for id, held in found for part in (between, dumps(id)[1:-1], b'","resource":', held)]
    return b"".join((start, *parts[1:], end))


def searchset(hits: Iterable[Hit | bytes], *, links: Sequence[Link], total: int | None, updated: str | None = None) -> bytes:
    """A searchset Bundle.

    Takes: matches, includes and outcomes in the order they are shown, or several as `matches` wrote them; `total`: of matches on
    all pages; `updated`: instant.
    """
    return _bundle("searchset", map(_hit, hits), links, total, updated)


def history(versions: Iterable[Past], *, links: Sequence[Link], total: int | None, updated: str | None = None) -> bytes:
    """A history Bundle; newest first, as the versions come."""
    return _bundle("history", map(_past, versions), links, total, updated)


def replies(kind: Literal["batch", "transaction"], entries: Iterable[Reply]) -> bytes:
    """The answer to a batch or transaction: a reply to each entry, in the order of the entries."""
    return _bundle(f"{kind}-response", map(_reply, entries), (), None, None)


def _bundle(kind: str, entries: Iterable[bytes], links: Sequence[Link], total: int | None, updated: str | None) -> bytes:
    return b"".join(_parts(kind, entries, links, total, updated))


def _parts(kind: str, entries: Iterable[bytes], links: Sequence[Link], total: int | None, updated: str | None) -> Iterator[bytes]:
    yield b'{"resourceType":"Bundle"'
    if updated:
        yield b',"meta":' + dumps({"lastUpdated": updated})
    yield b',"type":' + dumps(kind)
    if total is not None:
        yield b',"total":%d' % total
    if links:
        yield b',"link":' + dumps([{"relation": each.relation, "url": each.url} for each in links])
    written = b",".join(filter(None, entries))
    if written:  # FHIR has no empty lists
        yield b',"entry":[' + written + b"]"
    yield b"}"


_ENDS = {mode: b',"search":{"mode":' + dumps(mode) + b"}}" for mode in get_args(Mode)}


def _hit(hit: Hit | bytes) -> bytes:
    if isinstance(hit, bytes):
        return hit
    start = b'{"fullUrl":' + dumps(hit.full_url) + b',"resource":' if hit.full_url else b'{"resource":'
    return start + hit.resource + _ENDS[hit.mode]


def _past(past: Past) -> bytes:
    resource = b',"resource":' + past.resource if past.resource is not None else b""
    request = dumps({"method": past.method, "url": past.url})
    response = dumps({"status": past.status, "etag": past.etag, "lastModified": past.last_modified})
    address = dumps(past.full_url)
    return b'{"fullUrl":' + address + resource + b',"request":' + request + b',"response":' + response + b"}"


def _reply(reply: Reply) -> bytes:
    response = {"status": reply.status, "location": reply.location, "etag": reply.etag, "lastModified": reply.last_modified}
    written = dumps({name: value for name, value in response.items() if value})
    if reply.outcome:
        written = written[:-1] + b',"outcome":' + reply.outcome + b"}"
    parts = [
        *([b'"fullUrl":' + dumps(reply.full_url)] if reply.full_url else []),
        *([b'"resource":' + reply.resource] if reply.resource else []),
        b'"response":' + written,
    ]
    return b"{" + b",".join(parts) + b"}"
