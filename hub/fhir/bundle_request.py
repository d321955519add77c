"""A batch or transaction, read: what each entry of a Bundle asks for. http://hl7.org/fhir/R4/http.html#transaction"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from hub.errors import Gone, HubError, InvalidRequest, Issue, NotFound, TooCostly
from hub.fhir.bundle import Method
from hub.fhir.resource import Resource

MOST_ENTRIES = 1000
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"))
WRITING_ORDER = ("DELETE", "POST", "PUT", "PATCH")
"""http://hl7.org/fhir/R4/http.html#trules; PUT and PATCH stand for one step there."""
_PATH = re.compile(r"[A-Za-z0-9$_./\-]*", re.ASCII)
_HEADERS = {
    "ifMatch": "if-match",
    "ifNoneMatch": "if-none-match",
    "ifModifiedSince": "if-modified-since",
    "ifNoneExist": "if-none-exist",
}
_ELEMENTS = {"If-Match": "ifMatch", "If-None-Match": "ifNoneMatch", "If-Modified-Since": "ifModifiedSince"}
"""What stands for a header in an entry's request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one entry asks for."""

    number: int
    method: Method
    path: str
    """Below the FHIR base, without a slash at its beginning: `Observation`, `Patient/1`."""
    query: str
    """What stands behind the question mark, as it was written."""
    headers: Mapping[str, str]
    """What would be headers if the entry were a request of its own, in small letters."""
    resource: Resource | None
    full_url: str
    fault: InvalidRequest | None = None
    """Of an entry of a batch: what keeps it from being carried out. The others are."""

    @property
    def place(self) -> str:
        """Where it stands, as FHIRPath."""
        return f"Bundle.entry[{self.number}]"

    @property
    def writes(self) -> bool:
        """Whether it changes something: a search and an operation are asked by POST too, and change nothing."""
        return self.method not in ("GET", "HEAD") and "$" not in self.path and not self.path.endswith("_search")

    @property
    def type(self) -> str:
        return self.path.partition("/")[0]

    @property
    def id(self) -> str:
        return self.path.partition("/")[2]


@dataclass(frozen=True, slots=True)
class Asking:
    """A whole Bundle."""

    kind: Literal["batch", "transaction"]
    entries: tuple[Asked, ...]


def asked_in(bundle: Resource, base: str) -> Asking:
    """What a Bundle asks for. Takes: `base`: the hub's FHIR base URL.

    Raises: InvalidRequest: it cannot be read; the place says where. TooCostly: too many entries.
    """
    kind = bundle.get("type")
    if bundle.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
        raise InvalidRequest("what is posted here is a Bundle of type batch or transaction", "Bundle.type")
    held = bundle.get("entry", [])
    if not isinstance(held, list):
        raise InvalidRequest("must be a list", "Bundle.entry")
    if len(held) > MOST_ENTRIES:
        raise TooCostly(f"more than {MOST_ENTRIES} entries", "Bundle.entry")
    entries = tuple(_asked(number, each, base, alone=kind == "batch") for number, each in enumerate(held))
    _check_full_urls(entries)
    return Asking(cast("Literal['batch', 'transaction']", kind), entries)


def in_order(entries: Sequence[Asked]) -> Iterator[Asked]:
    """The entries of a transaction that write, in the order in which they are carried out: Patients before what is theirs, since
    a resource is written to the record of the Patient that it names."""
    placed = [each for each in entries if each.method in WRITING_ORDER]
    yield from sorted(
        placed, key=lambda each: (each.method != "DELETE", each.type != "Patient", WRITING_ORDER.index(each.method))
    )


@contextmanager
def at(entry: Asked) -> Iterator[None]:
    """What goes wrong within names the entry as its place: the element of its resource, or of its request."""
    try:
        yield
    except HubError as fault:
        absent = isinstance(fault, NotFound | Gone)
        fault.retold(lambda issue: _within(entry, issue, absent))
        raise


def _within(entry: Asked, issue: Issue, absent: bool) -> Issue:
    place = issue.place
    if place.startswith("Bundle.entry["):
        return issue
    name, dot, rest = place.partition(".")
    resource = entry.resource or {}
    if name in ("resourceType", resource.get("resourceType")):
        location = f"/f:Bundle/f:entry[{entry.number + 1}]/f:resource{issue.location}" if issue.location else ""
        return replace(issue, place=f"{entry.place}.resource{dot}{rest}", location=location)
    if place in _ELEMENTS:
        return replace(issue, place=f"{entry.place}.request.{_ELEMENTS[place]}")
    asked = "ifNoneExist" if entry.method == "POST" and "if-none-exist" in entry.headers else "url"
    if place:
        return replace(issue, place=f"{entry.place}.request.{asked}", problem=f"{place}: {issue.problem}")
    return replace(issue, place=f"{entry.place}.request.{asked}" if absent or not entry.writes else entry.place)


def _asked(number: int, held: Any, base: str, *, alone: bool) -> Asked:
    """`alone`: what is wrong with the entry is its own affair, so far as the Bundle is one."""
    place = f"Bundle.entry[{number}]"
    request = held.get("request") if isinstance(held, dict) else None
    if not isinstance(request, dict):
        raise InvalidRequest("each entry says what it asks for", f"{place}.request")
    method = request.get("method")
    if not isinstance(method, str) or method not in METHODS:
        raise InvalidRequest(f"one of {', '.join(sorted(METHODS))}", f"{place}.request.method")
    resource = held.get("resource")
    if resource is not None and not isinstance(resource, dict):
        raise InvalidRequest("must be an object", f"{place}.resource")
    full_url = held.get("fullUrl", "")
    asked = Asked(
        number=number,
        method=cast("Method", method),
        path="",
        query="",
        headers={},
        resource=resource,
        full_url=full_url if isinstance(full_url, str) else "",
    )
    try:
        path, query = _address(request.get("url"), base, f"{place}.request.url")
        if resource is None and method in ("POST", "PUT", "PATCH") and "$" not in path and not path.endswith("_search"):
            raise InvalidRequest("is needed", f"{place}.resource")
        return replace(asked, path=path, query=query, headers=dict(_headers(request, place)))
    except InvalidRequest as fault:
        if not alone:
            raise
        return replace(asked, fault=fault)


def _address(url: Any, base: str, place: str) -> tuple[str, str]:
    if not isinstance(url, str):
        raise InvalidRequest("is needed, as text", place)
    below = url.removeprefix(base) if url == base or url.startswith((base + "/", base + "?")) else url
    try:
        parts = urlsplit(below.lstrip("/"))
    except ValueError:
        raise InvalidRequest("is not an address below this server's base", place) from None
    if parts.scheme or parts.netloc or parts.fragment or not _PATH.fullmatch(parts.path) or ".." in parts.path.split("/"):
        raise InvalidRequest("is not an address below this server's base", place)
    return parts.path.rstrip("/"), parts.query


def _headers(request: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    for name, header in _HEADERS.items():
        value = request.get(name)
        if value is not None:
            if not isinstance(value, str) or not value.isprintable():
                raise InvalidRequest("is written as text", f"{place}.request.{name}")
            yield header, value


def _check_full_urls(entries: Sequence[Asked]) -> None:
    """Raises: InvalidRequest: two entries that write have one fullUrl (bdl-7)."""
    seen: set[str] = set()
    for each in entries:
        if each.full_url and each.writes:
            if each.full_url in seen:
                raise InvalidRequest("another entry has it already", f"{each.place}.fullUrl")
            seen.add(each.full_url)
