"""What cannot be read as HTTP is refused before any application sees it: like every other refusal, in an OperationOutcome."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hub.api.formats import form_or_plain
from hub.api.media import Form
from hub.api.middleware import HEADERS
from hub.errors import InvalidRequest
from hub.fhir.json import dumps
from hub.fhir.outcome import outcome

_SAID = dumps(outcome(InvalidRequest("not a request in HTTP; what is not ASCII in a URL is percent-encoded, as UTF-8")))


class Protocol(HttpToolsProtocol):
    """uvicorn's reading of HTTP, with the hub's own answer to what it cannot read; it says no more of it to anybody."""

    def send_400_response(self, msg: str) -> None:
        read = {"headers": self.headers or [], "query_string": getattr(self, "url", b"").partition(b"?")[2]}
        self.transport.write(_answer(form_or_plain(read)))
        self.transport.close()


def _answer(form: Form) -> bytes:
    """The refusal in the form that was asked for by what could be read of address and headers; else in JSON."""
    body = form.write(_SAID)
    headers = HEADERS | {"content-type": form.media_type, "content-length": str(len(body)), "connection": "close"}
    lines = (f"{name}: {value}".encode("ascii") for name, value in headers.items())
    return b"\r\n".join((b"HTTP/1.1 400 Bad Request", *lines, b"", body))
