"""What cannot be read as HTTP is refused before any application sees it: like every other refusal, in an OperationOutcome."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.api.media import FHIR_JSON
from hub.api.middleware import HEADERS
from hub.errors import InvalidRequest
from hub.fhir.json import dumps
from hub.fhir.outcome import outcome

_BODY = dumps(outcome(InvalidRequest("not a request in HTTP; what is not ASCII in a URL is percent-encoded, as UTF-8")))
_HEADERS = HEADERS | {"content-type": FHIR_JSON, "content-length": str(len(_BODY)), "connection": "close"}
_ANSWER = b"\r\n".join(
    (b"HTTP/1.1 400 Bad Request", *(f"{name}: {value}".encode("ascii") for name, value in _HEADERS.items()), b"", _BODY)
)


class Protocol(HttpToolsProtocol):
    """uvicorn's reading of HTTP, with the hub's own answer to what it cannot read; it says no more of it to anybody."""

    def send_400_response(self, msg: str) -> None:
        self.transport.write(_ANSWER)
        self.transport.close()
