"""What a source is: somewhere that holds data, asked or listened to. One file per way in; none knows FHIR or consent.

Asked: `Fetcher.fetch` gives messages or raises `SourceFailed`. Pushing: a listener is given a `deliver` (see `Deliver`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from hub.config import SourceConfig
from hub.fhir.identifiers import Identifier


class Fault(StrEnum):
    """Why a source gave nothing, in words that an operator can act on and that hold no data."""

    NAME = "name-not-found"
    REFUSED = "connection-refused"
    TLS = "tls-failed"
    TIMEOUT = "timed-out"
    HTTP = "http-status"
    SOAP = "soap-fault"
    FORM = "not-what-the-contract-says"
    LOGICAL = "refused-by-the-source"
    TOO_LARGE = "too-large"
    BREAKER = "resting-after-failures"


class SourceFailed(Exception):
    """The source gave no answer that can be used. `detail` holds no patient data; `content` what came, if anything did."""

    def __init__(self, fault: Fault, detail: str = "", content: bytes = b"") -> None:
        super().__init__(f"{fault}: {detail}" if detail else str(fault))
        self.fault = fault
        self.detail = detail
        self.content = content


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one question gave: the bodies as they came, in order (more than one where the source pages)."""

    contents: tuple[bytes, ...]
    partial: str = ""
    """Not empty: why the answer is known to be only a part."""


class Fetcher(Protocol):
    """A source that is asked about one patient."""

    config: SourceConfig

    async def fetch(self, contract: str, patient: Identifier) -> Fetched:
        """Ask for what it holds of `patient` in `contract` (a mapper's name).

        Raises: SourceFailed.
        """
        ...

    async def aclose(self) -> None: ...


class Verdict(StrEnum):
    """What became of a delivered message, as HL7 v2 acknowledges it."""

    ACCEPTED = "AA"
    ERROR = "AE"
    """Understood, but could not be taken now, or a part is wrong: kept, and reported."""
    REJECTED = "AR"
    """Not a message that this hub can read: kept."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A verdict, with what is wrong in words without data: (place, problem). Of what is accepted, what could not be used."""

    verdict: Verdict
    problems: tuple[tuple[str, str], ...] = ()


Deliver = Callable[[str, str, bytes, str], Awaitable[Delivery]]
"""(source name, mapper name, content, name) -> Delivery; returns when the message is durable."""
