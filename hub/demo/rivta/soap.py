"""SOAP 1.1, document/literal, with RIVTABP21's LogicalAddress: a request read, an answer or a fault written.

Source: RIV Tekniska Anvisningar Basic Profile 2.1; fault texts begin with the national platform's codes.
"""

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET  # another reader than the hub's, on loopback, for its words only

from hub.demo.rivta.markup import Element, Hand, Vocabulary, written

ENVELOPE = Vocabulary("http://schemas.xmlsoap.org/soap/envelope/")
REGISTRY = "urn:riv:itintegration:registry:1"
PLAIN = Vocabulary("")
"""`faultcode` and `faultstring` are in no namespace."""


class Refused(Exception):
    """The request is answered by a SOAP fault. The text holds no patient data."""

    def __init__(self, text: str, code: str = "Server") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the operation by its root element, for whom, with which parameters."""

    namespace: str
    operation: str
    address: str
    """LogicalAddress."""
    parameters: ET.Element = field(repr=False)

    def one(self, path: str, core: str = "") -> str | None:
        """The text at `a/b`: the first step is in the operation's namespace, later ones in `core`."""
        return next(iter(self.all(path, core)), None)

    def all(self, path: str, core: str = "") -> tuple[str, ...]:
        """Every text at `a/b`."""
        first, *rest = path.split("/")
        steps = [f"{{{self.namespace}}}{first}", *(f"{{{core}}}{step}" for step in rest)]
        return tuple((found.text or "").strip() for found in self.parameters.iterfind("/".join(steps)))

    def must(self, path: str, core: str = "") -> str:
        """The text at a path that the contract demands.

        Raises: Refused: it is not there, or not in the contract's namespaces.
        """
        found = self.one(path, core)
        if not found:
            raise Refused(f"Unmarshalling Error: {path} is missing", "Client")
        return found


def read(body: bytes) -> Request:
    """The request in an envelope.

    Raises: Refused: not XML, not SOAP 1.1, or without a logical address.
    """
    try:
        envelope = ET.fromstring(body)  # noqa: S314  # see the import
    except ET.ParseError:
        raise Refused("VP015 The request is not well-formed", "Client") from None
    content = envelope.find(f"{{{ENVELOPE.uri}}}Body")
    if envelope.tag != f"{{{ENVELOPE.uri}}}Envelope" or content is None or len(content) != 1:
        raise Refused("VP015 The request is no SOAP 1.1 envelope", "Client")
    namespace, _, operation = content[0].tag.rpartition("}")
    address = envelope.findtext(f"{{{ENVELOPE.uri}}}Header/{{{REGISTRY}}}LogicalAddress", "").strip()
    if not address:
        raise Refused("VP003 No logical address in the header", "Client")
    return Request(namespace.lstrip("{"), operation, address, content[0])


def enveloped(answer: Element, hand: Hand) -> bytes:
    """An answer in its envelope."""
    body = ENVELOPE.root("Body", answer)
    return written(ENVELOPE.root("Envelope", ENVELOPE.root("Header"), body), hand)


def fault(refused: Refused, hand: Hand) -> bytes:
    """A fault in its envelope. SOAP 1.1 answers it with HTTP 500."""
    code = f"{hand.prefixes[ENVELOPE.uri]}:{refused.code}"
    told = ENVELOPE.root("Fault", PLAIN.root("faultcode", code), PLAIN.root("faultstring", refused.text))
    return enveloped(told, hand)
