"""What can go wrong with a source, on order: each kind is one that real sources have shown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hang:
    """Says nothing for so many seconds, then answers."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault with HTTP 500, as when the producer behind the platform is down."""

    text: str = "VP009 Error when calling the producer"


@dataclass(frozen=True, slots=True)
class HttpError:
    """A bare HTTP status without SOAP."""

    status: int = 500


@dataclass(frozen=True, slots=True)
class Html:
    """A gateway's page, with status 200."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """The right answer, cut in the middle."""


@dataclass(frozen=True, slots=True)
class EntityBomb:
    """A document type that unfolds into gigabytes (billion laughs)."""


@dataclass(frozen=True, slots=True)
class ExternalEntity:
    """A document type that would read a file of the receiver's."""


@dataclass(frozen=True, slots=True)
class OtherPatient:
    """The answer holds this patient's records instead of those asked for."""

    number: str


@dataclass(frozen=True, slots=True)
class LogicalError:
    """`result` ERROR with INVALID_REQUEST; contracts without `result` have only the fault."""

    message: str = "Ogiltig begäran"


@dataclass(frozen=True, slots=True)
class Invalid:
    """An answer that is well-formed and not valid: its root element is another's."""


Trouble = Hang | Fault | HttpError | Html | Invalid | Truncated | EntityBomb | ExternalEntity | OtherPatient | LogicalError

PAGE = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1><p>Underh\xc3\xa5ll</body></html>"

_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = (
    f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE e [<!ENTITY l0 "ha">{_LAUGHS}]>'
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>&l9;</e:Body></e:Envelope>'
).encode()
READER = (
    b'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE e [<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>&f;</e:Body></e:Envelope>'
)
