"""The form of what is sent and answered: JSON or XML, indented or not. The one place that decides it, for every FHIR route.

Handlers answer in JSON, as it is stored; `given` writes that anew only where another form is asked for.
Source: http://hl7.org/fhir/R4/http.html#mime-type, http://hl7.org/fhir/R4/http.html#parameters,
http://hl7.org/fhir/R4/versioning.html#mt-version, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from hub.errors import InvalidRequest, NotAcceptable, UnsupportedMedia
from hub.fhir.fhirpath_patch import fhirpath_patch
from hub.fhir.json import dumps, indented, loads, loads_untrusted
from hub.fhir.json_patch import Patch, json_patch
from hub.fhir.outcome import outcome
from hub.fhir.resource import Resource
from hub.fhir.xml import dumps_xml
from hub.fhir.xml_reader import loads_xml
from hub.xml import indented as indented_xml

FHIR_JSON = "application/fhir+json; charset=utf-8"
FHIR_XML = "application/fhir+xml; charset=utf-8"
JSON_TYPES = ("application/fhir+json", "application/json", "text/json", "application/json+fhir")
XML_TYPES = ("application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir")
"""The last of each is what versions of FHIR before R4 called it; servers are encouraged to go on taking it."""
JSON_PATCH = "application/json-patch+json"
FHIR_TYPES = frozenset((JSON_TYPES[0], JSON_TYPES[-1], XML_TYPES[0], XML_TYPES[-1]))
"""Those that are FHIR's own."""
VERSIONS = ("4.0", "4.0.1")

_CODES: Mapping[str, bool] = {
    **dict.fromkeys(("json", *JSON_TYPES), False),
    **dict.fromkeys(("xml", *XML_TYPES), True),
}
_LONG = 64_000
"""Bytes from which a body is written anew, or read as XML, on another thread: the others must not wait for it."""
_LONGEST = 1_000
"""Characters of an Accept header that is worth remembering."""
_HELD = "hub.form"


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer is written as."""

    xml: bool = False
    pretty: bool = False
    version: str = ""
    """Of FHIR, as the caller named it; then the answer names it too."""

    @property
    def media_type(self) -> str:
        written = FHIR_XML if self.xml else FHIR_JSON
        return written.replace(";", f"; fhirVersion={self.version};", 1) if self.version else written

    def write(self, content: bytes) -> bytes:
        """A resource or Bundle in this form; `content`: its JSON.

        Raises: NotAcceptable: it cannot be written in this form.
        """
        if self.xml:
            made = dumps_xml(loads(content))
            return indented_xml(made, "div") if self.pretty else made
        return indented(content) if self.pretty else content


PLAIN = Form()


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
    return frozenset(_media(each)[0] for each in request.headers.get("accept", "").split(","))


def as_it_is(request: Request) -> None:
    """The answer to this request is not written anew, whatever it is."""
    request.scope[_HELD] = PLAIN


def media_type(request: Request) -> str:
    """The media type of what was sent, in small letters; empty: not said."""
    return _media(request.headers.get("content-type", ""))[0]


async def given(request: Request, response: Response) -> Response:
    """An answer in the form asked for. What is asked for wrongly is answered in JSON: what is wrong was said before."""
    form = _form_or_plain(request.scope)
    if form is PLAIN or not response.body or response.headers.get("content-type") != FHIR_JSON:
        return response
    content = bytes(response.body)
    try:
        made = await run_in_threadpool(form.write, content) if len(content) > _LONG else form.write(content)
    except NotAcceptable as fault:
        return Response(dumps(outcome(fault)), 406, media_type=FHIR_JSON)
    headers = {name: value for name, value in response.headers.items() if name not in ("content-type", "content-length")}
    return Response(made, response.status_code, headers, form.media_type, response.background)


async def resource_body(request: Request) -> Resource:
    """The resource that was sent, as JSON or XML.

    Raises: UnsupportedMedia: something else was; InvalidRequest; TooCostly; Unprocessable.
    """
    if _sent(request, (*JSON_TYPES, *XML_TYPES)) not in XML_TYPES:
        return _object(await request.body())
    content = await request.body()
    return await run_in_threadpool(loads_xml, content) if len(content) > _LONG else loads_xml(content)


async def patch_body(request: Request) -> Patch:
    """The patch that was sent: JSON Patch, or FHIRPath Patch as JSON or XML.

    Raises: as `resource_body`.
    """
    if _media(request.headers.get("content-type", ""))[0] != JSON_PATCH:
        return fhirpath_patch(await resource_body(request))
    return json_patch(_document(await request.body()))


async def json_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent.

    Raises: UnsupportedMedia: something else was; InvalidRequest; TooCostly.
    """
    _sent(request, JSON_TYPES)
    return _object(await request.body())


def _asked(scope: Scope, pairs: Iterable[tuple[str, str]] = ()) -> Form:
    accept = ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
    written = dict(reversed((*_query(scope["query_string"]), *pairs)))
    decide = negotiated if len(accept) < _LONGEST else negotiated.__wrapped__
    return decide(accept, written.get("_format", "")[:_LONGEST], written.get("_pretty", "")[:10])


def _form_or_plain(scope: Scope) -> Form:
    held = scope.get(_HELD)
    if isinstance(held, Form):
        return held
    try:
        return _asked(scope)
    except (NotAcceptable, InvalidRequest):
        return PLAIN


def _query(written: bytes) -> list[tuple[str, str]]:
    """The parameters of an address that say how to write the answer; what cannot be read is for others to refuse."""
    if b"format" not in written and b"pretty" not in written:
        return []
    try:
        return parse_qsl(written.decode("latin-1"), max_num_fields=200)
    except ValueError:
        return []


@lru_cache(maxsize=256)
def negotiated(accept: str, code: str = "", pretty: str = "") -> Form:
    """The form that an Accept header and the parameters `_format` and `_pretty` ask for; each empty: not said.

    `_format` goes before Accept. Of what is accepted the best goes, JSON before XML where nothing tells them apart.
    Raises: NotAcceptable; InvalidRequest.
    """
    if pretty not in ("", "true", "false"):
        raise InvalidRequest("is true or false", "_pretty")
    chosen = _named(code) if code else _accepted(accept) if accept.strip() else PLAIN
    return replace(chosen, pretty=True) if pretty == "true" else chosen


def _named(code: str) -> Form:
    name, parameters = _media(code)
    name = name.replace(" ", "+")  # few clients write the plus as it should be written
    if name not in _CODES or not _readable(parameters) or not parameters.keys() <= {"charset", "fhirversion"}:
        raise NotAcceptable("the hub writes json and xml, in FHIR 4.0", "_format")
    return _form(_CODES[name], parameters.get("fhirversion", ""))


def _accepted(accept: str) -> Form:
    ranges = [(name, parameters, _quality(parameters)) for name, parameters in map(_media, accept.split(","))]
    ranges = [each for each in ranges if _readable(each[1])]
    quality, _, form = max((_best(ranges, xml) for xml in (False, True)), key=lambda each: each[:2])
    if quality <= 0:
        raise NotAcceptable("the hub writes application/fhir+json and application/fhir+xml, in FHIR 4.0", "Accept")
    return form


def _best(ranges: list[tuple[str, Mapping[str, str], float]], xml: bool) -> tuple[float, int, Form]:
    """How well JSON or XML is accepted, by the most specific of the ranges that mean it; then how early that range stands."""
    for names in (XML_TYPES if xml else JSON_TYPES, ("application/*", "text/*"), ("*/*",)):
        found = [(quality, -at, each) for at, (name, each, quality) in enumerate(ranges) if name in names]
        if found:
            quality, at, parameters = max(found, key=lambda each: each[:2])
            return quality, at, _form(xml, parameters.get("fhirversion", ""))
    return 0, 0, PLAIN


def _form(xml: bool, version: str) -> Form:
    return Form(xml, version=version) if xml or version else PLAIN


def _media(written: str) -> tuple[str, Mapping[str, str]]:
    """A media type or range, in small letters, and its parameters."""
    name, *rest = written.split(";")
    parameters = (each.partition("=") for each in rest)
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in parameters}


def _readable(parameters: Mapping[str, str]) -> bool:
    """Whether it is of our version of FHIR, in UTF-8."""
    charset = parameters.get("charset", "utf-8")
    return parameters.get("fhirversion", VERSIONS[0]) in VERSIONS and charset in ("utf-8", "utf8", "us-ascii")


def _quality(parameters: Mapping[str, str]) -> float:
    try:
        return min(max(float(parameters.get("q", "1")), 0), 1)
    except ValueError:
        return 0


def _sent(request: Request, types: tuple[str, ...]) -> str:
    name, parameters = _media(request.headers.get("content-type", ""))
    if name not in types:
        raise UnsupportedMedia(f"is sent as {' or '.join(types[:-1:4])}", "Content-Type")
    if not _readable(parameters):
        raise UnsupportedMedia("is sent in UTF-8, as FHIR 4.0", "Content-Type")
    return name


def _object(content: bytes) -> dict[str, Any]:
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
