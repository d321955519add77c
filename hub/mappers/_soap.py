"""A SOAP 1.1 envelope as RIV-TA uses it: its one body element, its fault, its ProcessingStatus header.

Source: https://www.w3.org/TR/2000/NOTE-SOAP-20000508/; RIV-TA Basic Profile 2.1; urn:riv:interoperability:headers:1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hub import xml
from hub.errors import HubError, Unmappable

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
HEADERS = "urn:riv:interoperability:headers:1"

_PLATFORM_CODE = re.compile(r"\bVP[0-9]{3}\b")


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """What an aggregating service says of one source: RIV-TA's ProcessingStatus."""

    address: str
    code: str
    """DataFromSource, DataFromCache, DataFromCacheSynchFailed or NoDataSynchFailed."""
    synchronised: str = ""
    """`YYYYMMDDhhmmss` of the latest successful synchronisation."""

    @property
    def whole(self) -> bool:
        """All that this source holds is in the answer."""
        return self.code in ("DataFromSource", "DataFromCache")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What an answer brought: a body, or a fault."""

    body: xml.Element
    fault: str | None
    """Why the source failed, in words without data; None: it did not."""
    statuses: tuple[SourceStatus, ...]

    @property
    def operation(self) -> str:
        """Local name of the body's element."""
        return xml.local_name(self.body)

    @property
    def namespace(self) -> str:
        return xml.namespace(self.body)


def envelope(content: bytes) -> Envelope:
    """Open a SOAP message.

    Raises: Unmappable: it is not XML that the hub reads, or not a SOAP 1.1 envelope with one body element.
    """
    try:
        root = xml.parse(content)
    except HubError as fault:
        raise Unmappable(fault.problem, fault.place) from None
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Unmappable("the message is not a SOAP 1.1 envelope")
    body = root.find(f"{{{SOAP}}}Body")
    inside = list(body) if body is not None else []
    if len(inside) != 1:
        raise Unmappable("the SOAP body does not hold just one element", "Body")
    fault_words = _fault(inside[0]) if inside[0].tag == f"{{{SOAP}}}Fault" else None
    return Envelope(inside[0], fault_words, tuple(_statuses(root)))


def _fault(element: xml.Element) -> str:
    """The platform's own code if there is one; never the fault's text, which may hold anything."""
    found = _PLATFORM_CODE.search(element.findtext("faultstring") or "")
    code = (element.findtext("faultcode") or "").rpartition(":")[2].strip()
    known = code if code in ("Server", "Client", "VersionMismatch", "MustUnderstand") else ""
    return found[0] if found else known or "no code"


def _statuses(root: xml.Element) -> Iterator[SourceStatus]:
    for row in root.iterfind(f"{{{SOAP}}}Header/{{{HEADERS}}}ProcessingStatus/{{{HEADERS}}}ProcessingStatusList"):
        said = {xml.local_name(child): (child.text or "").strip() for child in row}
        yield SourceStatus(said.get("logicalAddress", ""), said.get("statusCode", ""), said.get("lastSuccessfulSynch", ""))
