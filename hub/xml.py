"""XML from outside, read safely. The only door to lxml.

What may come in is one element tree in UTF-8: no document type, no entities of one's own, no processing instructions.
Comments are dropped before anyone reads, since they would cut a value in two.
Source: https://www.w3.org/TR/xml/, https://www.w3.org/TR/2000/NOTE-SOAP-20000508/ (section 3: no DTD, no instructions).
"""

import re
from copy import deepcopy

from lxml import etree

from hub.errors import InvalidRequest, TooCostly

MAX_BYTES = 10_000_000
"""Bytes of one document that are read."""
MAX_DEPTH = 256
"""Levels of nesting that the parser reads (libxml2 without `huge_tree`)."""
MAX_MARKS = 600_000
"""Tags and attributes of one document that are read: each costs memory many times its length."""

Element = etree._Element

_TOKEN = re.compile(
    r"""<!--.*?-->|<!\[CDATA\[.*?\]\]>|<(?P<end>/)?(?P<name>[^\s/>!?][^\s/>]*)(?:"[^"]*"|'[^']*'|[^"'>])*>""", re.DOTALL
)
"""Comments, literal text and tags of a document that is well-formed and has no document type."""

_DECLARATION = re.compile(rb"<\?xml\s[^>]*?\?>")
_ENCODING = re.compile(rb"""encoding\s*=\s*["']([^"']*)["']""")
_BEFORE_ROOT = re.compile(rb"(?:\s+|<!--.*?-->)*", re.DOTALL)
_ENCODINGS = {b"utf-8", b"utf8", b"us-ascii", b"ascii"}


def parse(content: bytes) -> Element:
    """Read a document and give its root element.

    Raises: TooCostly: too large or too deep. InvalidRequest: not UTF-8, not well-formed, or with a document type,
        an entity or a processing instruction. The message names the place, never what stands there.
    """
    if len(content) > MAX_BYTES:
        raise TooCostly(f"the document is larger than {MAX_BYTES} bytes")
    if len(content) > MAX_MARKS and content.count(b"<") + content.count(b'="') + content.count(b"='") > MAX_MARKS:
        raise TooCostly(f"the document has more than {MAX_MARKS} tags and attributes")
    _check_bytes(content)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, encoding="utf-8"
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        line, column = fault.position
        if "depth" in str(fault.msg):
            raise TooCostly(f"the document is nested deeper than {MAX_DEPTH} levels", f"line {line}") from None
        raise InvalidRequest("the document is not well-formed XML", f"line {line}, column {column}") from None
    _check_tree(root)
    return root


def namespace(element: Element) -> str:
    """The namespace of an element's name; empty where it has none."""
    return etree.QName(element).namespace or ""


def local_name(element: Element) -> str:
    """An element's name without its namespace."""
    return etree.QName(element).localname


def text_of(element: Element) -> str:
    """All text inside an element, in order."""
    return "".join(str(part) for part in element.itertext())


def written(content: bytes, root: Element, name: str) -> dict[Element, str]:
    """How elements of one local name are written in the document that `root` was read from: each from its `<` to its `>`.

    Gives: line ends as XML reads them; of an element that lies within another of that name nothing.
    """
    text = content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    found: dict[Element, str] = {}
    elements, depth, start, held = root.iter(), 0, 0, None
    for token in _TOKEN.finditer(text):
        if not token["name"]:
            continue
        if not token["end"]:
            element = next(elements)
            depth += held is not None
            if held is None and token["name"].rpartition(":")[2] == name:
                held, depth, start = element, 1, token.start()
        if held is not None and (token["end"] or token[0].endswith("/>")):
            depth -= 1
            if not depth:
                found[held], held = text[start : token.end()], None
    return found


def with_returns(fragment: str) -> str:
    """A well-formed fragment in which carriage returns outlive being read, those inside tags excepted."""
    if "\r" not in fragment:
        return fragment
    made, end = [], 0
    for token in _TOKEN.finditer(fragment):
        made += [fragment[end : token.start()].replace("\r", "&#13;"), token[0]]
        end = token.end()
    return "".join(made)


def standalone(element: Element) -> str:
    """An element as a document of its own, with the namespaces that it uses."""
    alone = deepcopy(element)
    alone.tail = None
    etree.cleanup_namespaces(alone)
    return etree.tostring(alone, encoding="unicode")


def indented(content: bytes, opaque: str) -> bytes:
    """A document without text, with a line for each of its elements; what is inside elements named `opaque` stays as it is.

    Takes: what the hub has written itself: an element holds elements or is empty, outside of those that are opaque.
    """
    made, depth, inside, end = [], 0, 0, 0
    text = content.decode("utf-8")
    for token in _TOKEN.finditer(text):
        if inside:
            if (token["name"] or "").rpartition(":")[2] == opaque and not token[0].endswith("/>"):
                inside += -1 if token["end"] else 1
            made.append(text[end : token.end()])
        else:
            depth -= bool(token["end"])
            made.append(f"{text[end : token.start()].rstrip()}\n{'  ' * depth}{token[0]}")
            if not token["end"] and not token[0].endswith("/>"):
                inside = int((token["name"] or "").rpartition(":")[2] == opaque)
                depth += not inside
        end = token.end()
    return "".join(made).encode()


def _check_bytes(content: bytes) -> None:
    """Refuse what must not reach the parser at all."""
    if content[:3] == b"\xef\xbb\xbf" or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InvalidRequest("the document begins with a byte-order mark", "byte 0")
    if (place := content.find(b"\0")) >= 0:
        raise InvalidRequest("the document holds a NUL byte", f"byte {place}")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise InvalidRequest("the document is not UTF-8", f"byte {fault.start}") from None
    start = 0
    if declaration := _DECLARATION.match(content):
        start = declaration.end()
        encoding = _ENCODING.search(declaration[0])
        if encoding and encoding[1].lower() not in _ENCODINGS:
            raise InvalidRequest("the document declares another encoding than UTF-8", "byte 0")
    _check_prolog(content, start)


def _check_prolog(content: bytes, start: int) -> None:
    """Refuse a document type: it can stand only before the root element, where nothing but comments may."""
    between = _BEFORE_ROOT.match(content, start)
    place = between.end() if between else start
    if content.startswith(b"<!", place):
        raise InvalidRequest("the document has a document type", f"byte {place}")
    if content.startswith(b"<?", place):
        raise InvalidRequest("the document has a processing instruction", f"byte {place}")


def _check_tree(root: Element) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidRequest("the document has a document type", "line 1")
    for node in root.iter(etree.Entity, etree.ProcessingInstruction):
        raise InvalidRequest("the document has an entity or a processing instruction", f"line {node.sourceline}")
    after = root.getnext()
    if after is not None:
        raise InvalidRequest("the document has a processing instruction", f"line {after.sourceline}")
