"""The form of what is sent and answered: JSON or XML, indented or not. The one place that decides it, for every FHIR route.

Handlers answer in JSON, as it is stored; `given` writes that anew only where another form is asked for.
`hub.api.media` says which forms there are. Source: http://hl7.org/fhir/R4/http.html#mime-type
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from hub.api.media import FHIR_JSON, FHIR_TYPES, JSON_PATCH, JSON_TYPES, PLAIN, XML_TYPES, Form, media, negotiated, readable
from hub.errors import InvalidRequest, NotAcceptable, UnsupportedMedia
from hub.fhir.fhirpath_patch import fhirpath_patch
from hub.fhir.json import dumps, loads_untrusted
from hub.fhir.json_patch import Patch, json_patch
from hub.fhir.outcome import outcome
from hub.fhir.resource import Resource
from hub.fhir.xml_reader import loads_xml

__all__ = [
    "FHIR_JSON",
    "as_it_is",
    "asked",
    "form_or_plain",
    "given",
    "json_body",
    "json_object",
    "media_type",
    "named_types",
    "patch_body",
    "resource_body",
]

_LONG = 64_000
"""Bytes from which a body is written anew, or read as XML, on another thread: the others must not wait for it."""
_LONGEST = 1_000
"""Characters of an Accept header that is worth remembering."""
_HELD = "hub.form"


def asked(request: Request, pairs: Iterable[tuple[str, str]] = ()) -> Form:
    """The form in which an answer is asked for; `pairs`: parameters that came in the body.

    Raises: NotAcceptable: none that the hub writes; InvalidRequest: `_pretty` is neither true nor false.
    """
    found = _asked(request.scope, pairs)
    request.scope[_HELD] = found
    return found


def named_types(request: Request) -> frozenset[str]:
    """The media types that Accept names, without their parameters; where `_format` is given, FHIR's own."""
    if any(name == "_format" for name, _ in _query(request.scope["query_string"])):
        return FHIR_TYPES
    return frozenset(media(each)[0] for each in request.headers.get("accept", "").split(","))


def as_it_is(request: Request) -> None:
    """The answer to this request is not written anew, whatever it is."""
    request.scope[_HELD] = PLAIN


def media_type(request: Request) -> str:
    """The media type of what was sent, in small letters; empty: not said."""
    return media(request.headers.get("content-type", ""))[0]


async def given(request: Request, response: Response) -> Response:
    """An answer in the form asked for. What is asked for wrongly is answered in JSON: what is wrong was said before."""
    form = form_or_plain(request.scope)
    if form is PLAIN or not response.body or response.headers.get("content-type") != FHIR_JSON:
        return response
    content = bytes(response.body)
    try:
        made = await run_in_threadpool(form.write, content) if len(content) > _LONG else form.write(content)
    except NotAcceptable as fault:
        return Response(dumps(outcome(fault)), 406, media_type=FHIR_JSON)
    headers = {name: value for name, value in response.headers.items() if name not in ("content-type", "content-length")}
    return Response(made, response.status_code, headers, form.media_type, response.background)


def form_or_plain(scope: Scope) -> Form:
    """The form in which a request asks for its answer, as far as it can be told; JSON where it asks wrongly, or not at all."""
    held = scope.get(_HELD)
    if isinstance(held, Form):
        return held
    try:
        return _asked(scope)
    except (NotAcceptable, InvalidRequest):
        return PLAIN


async def resource_body(request: Request) -> Resource:
    """The resource that was sent, as JSON or XML.

    Raises: UnsupportedMedia: something else was; InvalidRequest; TooCostly; Unprocessable.
    """
    if _sent(request, (*JSON_TYPES, *XML_TYPES)) not in XML_TYPES:
        return json_object(await request.body())
    content = await request.body()
    return await run_in_threadpool(loads_xml, content) if len(content) > _LONG else loads_xml(content)


async def patch_body(request: Request) -> Patch:
    """The patch that was sent: JSON Patch, or FHIRPath Patch as JSON or XML.

    Raises: as `resource_body`.
    """
    name, _ = media(request.headers.get("content-type", ""))
    if name == JSON_PATCH:
        return json_patch(_document(await request.body()))
    if name not in (*JSON_TYPES, *XML_TYPES):
        raise UnsupportedMedia(f"is sent as {JSON_PATCH}, {JSON_TYPES[0]} or {XML_TYPES[0]}", "Content-Type")
    return fhirpath_patch(await resource_body(request))


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises: UnsupportedMedia: something else was; InvalidRequest; TooCostly.
    """
    _sent(request, JSON_TYPES)
    return json_object(await request.body())


def _asked(scope: Scope, pairs: Iterable[tuple[str, str]] = ()) -> Form:
    accept = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
    written = dict(reversed((*_query(scope["query_string"]), *pairs)))
    decide = negotiated if len(accept) < _LONGEST else negotiated.__wrapped__
    return decide(accept, written.get("_format", "")[:_LONGEST], written.get("_pretty", "")[:10])


def _query(written: bytes) -> list[tuple[str, str]]:
    """The parameters of an address that say how to write the answer; what cannot be read is for others to refuse."""
    if b"format" not in written and b"pretty" not in written:
        return []
    try:
        return parse_qsl(written.decode("latin-1"), max_num_fields=200)
    except ValueError:
        return []


def _sent(request: Request, types: tuple[str, ...]) -> str:
    name, parameters = media(request.headers.get("content-type", ""))
    if name not in types:
        raise UnsupportedMedia(f"is sent as {' or '.join(types[:-1:4])}", "Content-Type")
    if not readable(parameters):
        raise UnsupportedMedia("is sent in UTF-8, as FHIR 4.0", "Content-Type")
    return name


def json_object(content: bytes) -> dict[str, Any]:
    """A JSON object from outside. Raises: InvalidRequest; TooCostly."""
    held = _document(content)
    if not isinstance(held, dict):
        raise InvalidRequest("the body is not an object")
    return held


def _document(content: bytes) -> Any:
    held = loads_untrusted(content)
    if b"\\u" in content:
        _check_texts(held)
    return held


def _check_texts(held: Any) -> None:
    """Raises: InvalidRequest: a text holds what no database keeps: NUL, or half a character."""
    if isinstance(held, dict):
        for name, value in held.items():
            _check_texts(name)
            _check_texts(value)
    elif isinstance(held, list):
        for value in held:
            _check_texts(value)
    elif isinstance(held, str) and ("\0" in held or any("\ud800" <= each <= "\udfff" for each in held)):
        raise InvalidRequest("a text holds a character that no text can hold")
