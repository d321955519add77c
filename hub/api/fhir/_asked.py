"""What the routes under /fhir read of a request: type, parameters, versions; and the headers of a version."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

from hub.api.edge import http_date
from hub.api.formats import asked
from hub.errors import InvalidRequest, NotFound, NotSupported
from hub.fhir.identifiers import Identifier
from hub.fhir.query import Query, read_query
from hub.fhir.summary import Projection, read_part
from hub.fhir.types import TYPES
from hub.interactions.context import Context


def type_or_none(request: Request) -> str:
    """The type, as the log may name it."""
    resource_type: str = request.path_params.get("type", "")
    return resource_type if resource_type in TYPES else ""


def known_type(request: Request) -> str:
    resource_type = type_or_none(request)
    if not resource_type:
        raise NotFound("the hub holds no resources of this type")
    return resource_type


def asked_type(request: Request) -> str:
    """The type, of which the answer can be written in the form that is asked for."""
    asked(request)
    return known_type(request)


def asked_part(request: Request, resource_type: str) -> Projection | None:
    """Which part of a resource is asked for by `_summary` and `_elements`; None: all of it.

    Raises: InvalidRequest; NotSupported: a count, of what is only one.
    """
    written = request.scope["query_string"]
    if b"summary" not in written and b"elements" not in written:
        return None
    asked = dict(pairs(written))
    part = read_part(asked.get("_summary", "false"), asked.get("_elements", ""), resource_type)
    if part.summary == "count":
        raise NotSupported("counts what a search finds", "_summary")
    return part.projection


def pairs(written: bytes) -> list[tuple[str, str]]:
    """Names and values, decoded."""
    try:
        pairs = parse_qsl(written.decode(), keep_blank_values=True, max_num_fields=200, errors="strict")
    except ValueError:
        raise InvalidRequest("the parameters cannot be read: not UTF-8, or too many") from None
    if any("\0" in text for pair in pairs for text in pair):
        raise InvalidRequest("a parameter holds a character that no text can hold")
    return pairs


def version_headers(version_id: str, recorded: int) -> dict[str, str]:
    return {"ETag": f'W/"{version_id}"', "Last-Modified": http_date(recorded // 1_000_000)}


def etags(written: str | None, place: str) -> frozenset[str] | None:
    """The versions that an If-Match or If-None-Match names, perhaps `*`; None: not said.

    Raises: InvalidRequest: it names none.
    """
    if written is None:
        return None
    found = frozenset(each.strip().removeprefix("W/").strip('"') for each in written.split(","))
    if not all(found):
        raise InvalidRequest("is not an ETag", place)
    return found


def preference(request: Request, name: str) -> str:
    """What the caller prefers, in small letters; empty: not said. Source: RFC 7240."""
    for each in request.headers.get("prefer", "").replace(";", ",").split(","):
        given, _, value = each.partition("=")
        if given.strip().lower() == name:
            return value.strip().strip('"').lower()
    return ""


def condition(context: Context, resource_type: str, given: Iterable[tuple[str, str]]) -> Query:
    """The condition of a conditional interaction: every clause counts, an unknown one is refused.

    Raises: NotSupported; InvalidRequest; Throttled.
    """
    query = read_query(
        resource_type,
        [(name, value) for name, value in given if name not in ("_format", "_pretty")],
        now=context.hub.clock(),
        base=context.hub.base,
        terminology=context.hub.terminology,
        own_source=context.caller.kind == "system",
    )
    if any(isinstance(each, Identifier) for each in query.patients):
        context.count_lookup()
    return query
