"""Narrative: the XHTML that tells a reader what a resource says. http://hl7.org/fhir/R4/narrative.html#xhtml

What may stand there is little: text with basic formatting, tables, links and images; nothing that runs.
"""

import re
from collections.abc import Iterator

from hub.errors import HubError
from hub.xml import Element, local_name, namespace, parse, standalone, text_of, with_returns

XHTML = "http://www.w3.org/1999/xhtml"

_ELEMENTS = frozenset(
    """
    p br div h1 h2 h3 h4 h5 h6 a span table caption thead tbody tfoot colgroup col tr td th code samp img map area dl dt dd ol ul
    li q blockquote b i u tt em strong big small sub sup ins del abbr acronym cite dfn kbd var pre hr address bdo center font
    strike s
    """.split()  # noqa: SIM905 - a list of this length is read as words
)
"""HTML 4.0 chapters 7 to 11 (except section 4 of chapter 9) and 15, links, images and their maps."""
_ATTRIBUTES = frozenset(
    """
    title style class id lang dir accesskey tabindex span width align valign char charoff abbr axis headers scope rowspan colspan
    frame rules border cellspacing cellpadding summary cite datetime name href hreflang rel rev shape coords src alt longdesc
    height usemap ismap type charset nowrap bgcolor color size face start value compact noshade clear hspace vspace nohref
    """.split()  # noqa: SIM905 - likewise
)
_NAMED = re.compile(r"\s*<(?:[\w.-]+:)?div[\s/>]")
_SCHEME = re.compile(r"[^/?#]*:")
_UNSEEN = re.compile(r"[\x00-\x20]")
"""Browsers pass over these in an address."""
_ADDRESSES = ("http:", "https:", "mailto:", "tel:", "cid:", "urn:", "ftp:", "data:image/")
"""Where links and images may point; an address without scheme lies in or beside the resource."""


def problem(div: str) -> str:
    """What is wrong with a `Narrative.div`; empty: nothing."""
    try:
        root = _root(div)
    except HubError as fault:
        return fault.problem
    if not text_of(root).strip() and not any(local_name(each) == "img" for each in root.iter()):
        return "tells nothing: there is neither text nor an image"
    return next(_faults(root), "")


def embedded(div: str) -> str:
    """A `Narrative.div` as it stands in an XML document: as it is written, or as text where it is no XHTML."""
    try:
        _root(div)
    except HubError:
        return f'<div xmlns="{XHTML}">{_as_text(div)}</div>'
    return with_returns(div.strip())


def extracted(element: Element, written: str) -> str:
    """A `Narrative.div` from an XML document: as it is written there, if that can stand alone."""
    try:
        _root(written)
    except HubError:
        return standalone(element)
    return written.replace("&#13;", "\r")


def _root(div: str) -> Element:
    if not _NAMED.match(div):
        raise HubError("must be a div of XHTML")
    try:
        root = parse(div.strip().encode())
    except UnicodeEncodeError:
        raise HubError("holds a character that no text can hold") from None
    if namespace(root) != XHTML or local_name(root) != "div":
        raise HubError("must be a div of XHTML")
    return root


def _faults(root: Element) -> Iterator[str]:
    for element in root.iter():
        if namespace(element) != XHTML or local_name(element) not in _ELEMENTS:
            yield "holds an element that may not stand in a narrative"
        for name, value in element.attrib.items():
            if str(name) not in _ATTRIBUTES and not str(name).startswith("{http://www.w3.org/XML/1998/namespace}"):
                yield "holds an attribute that may not stand in a narrative"
            if name in ("href", "src", "cite", "longdesc") and not _leads(str(value)):
                yield "points where a narrative may not point"


def _leads(address: str) -> bool:
    seen = _UNSEEN.sub("", address).lower()
    return not _SCHEME.match(seen) or seen.startswith(_ADDRESSES)


def _as_text(written: str) -> str:
    plain = "".join(each if each >= " " or each in "\t\n\r" else "\ufffd" for each in written)
    plain = plain.encode("utf-8", "replace").decode().replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
