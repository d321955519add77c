"""The forms that answers are written in, and which of them is asked for: content negotiation.

Source: http://hl7.org/fhir/R4/http.html#mime-type, http://hl7.org/fhir/R4/http.html#parameters,
http://hl7.org/fhir/R4/versioning.html#mt-version, https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from hub.errors import InvalidRequest, NotAcceptable
from hub.fhir.json import indented, loads
from hub.fhir.xml import dumps_xml
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
    name, parameters = media(code)
    name = name.replace(" ", "+")  # few clients write the plus as it should be written
    if name not in _CODES or not readable(parameters) or not parameters.keys() <= {"charset", "fhirversion"}:
        raise NotAcceptable("the hub writes json and xml, in FHIR 4.0", "_format")
    return _form(_CODES[name], parameters.get("fhirversion", ""))


def _accepted(accept: str) -> Form:
    ranges = [(name, parameters, _quality(parameters)) for name, parameters in map(media, accept.split(","))]
    ranges = [each for each in ranges if readable(each[1])]
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


def media(written: str) -> tuple[str, Mapping[str, str]]:
    """A media type or range, in small letters, and its parameters."""
    name, *rest = written.split(";")
    parameters = (each.partition("=") for each in rest)
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"').lower() for key, _, value in parameters}


def readable(parameters: Mapping[str, str]) -> bool:
    """Whether it is of our version of FHIR, in UTF-8."""
    charset = parameters.get("charset", "utf-8")
    return parameters.get("fhirversion", VERSIONS[0]) in VERSIONS and charset in ("utf-8", "utf8", "us-ascii")


def _quality(parameters: Mapping[str, str]) -> float:
    try:
        return min(max(float(parameters.get("q", "1")), 0), 1)
    except ValueError:
        return 0
