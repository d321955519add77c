"""What the routes under /fhir read of a request: type, parameters, versions; and the headers of a version."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from hub.api.edge import http_date
from hub.api.formats import asked
from hub.errors import InvalidRequest, NotFound
from hub.fhir.types import TYPES


def type_or_none(request: Request) -> str:
    """The type, as the log may name it."""
    resource_type: str = request.path_params.get("type", "")
    return resource_type if resource_type in TYPES else ""


def known_type(request: Request) -> str:
    resource_type = type_or_none(request)
    if not resource_type:
        raise NotFound("the hub holds no resources of this type", "resourceType")
    return resource_type


def asked_type(request: Request) -> str:
    """The type, of which the answer can be written in the form that is asked for."""
    asked(request)
    return known_type(request)


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


def if_match(request: Request) -> str | None:
    """The version that the writer believes to be current; None: not said."""
    written = request.headers.get("if-match")
    if written is None:
        return None
    version = written.strip().removeprefix("W/").strip('"')
    if not version:
        raise InvalidRequest("is not an ETag", "If-Match")
    return version
