"""What the routes under /fhir read of a request: type, parameters, versions; and the headers of a version."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

from hub.api.edge import http_date
from hub.api.formats import asked
from hub.errors import InvalidRequest, NotFound, NotSupported
from hub.fhir.identifiers import Identifier
from hub.fhir.query import Query, read_query
from hub.fhir.summary import SUMMARIES, Projection, projection, unknown_elements
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
    summary, elements = asked.get("_summary", "false"), [each for each in asked.get("_elements", "").split(",") if each]
    if summary == "count":
        raise NotSupported("counts what a search finds", "_summary")
    if summary not in SUMMARIES:
        raise InvalidRequest(f"is one of {', '.join(SUMMARIES)}", "_summary")
    if unknown_elements(resource_type, elements):
        raise InvalidRequest(f"names an element that no {resource_type} has at its top", "_elements")
    return projection(summary, elements)  # type: ignore[arg-type]  # it is one of them


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
