"""What is no HTTP is refused in FHIR's words too, and the connection ends."""

import asyncio

import pytest

from hub.api.middleware import HEADERS
from hub.api.not_http import Protocol
from hub.demo.rivta.serving import served
from hub.fhir.json import loads

SENT = "Ström".encode()


async def _asked(content: bytes) -> tuple[list[str], bytes, bytes]:
    """Gives: the paths that the application was asked for; head and body of all that came before the connection ended."""
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b""})

    async with served(app, http=Protocol) as base:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
        writer.write(content)
        head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        writer.close()
    return seen, head, body


@pytest.mark.parametrize(
    "content",
    [
        b"GET /fhir/Patient?name=" + SENT + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"GET /fhir/Patient/" + SENT + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"GET /fhir/Patient?name=\xff HTTP/1.1\r\nHost: hub\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01" + SENT,
    ],
    ids=["query", "path", "no-utf-8", "tls"],
)
def test_what_is_no_http_gets_an_operation_outcome_that_holds_nothing_of_it(content):
    seen, head, body = asyncio.run(_asked(content))
    status, *headers = head.decode("ascii").split("\r\n")
    held = dict(each.split(": ", 1) for each in headers)
    assert seen == []
    assert status == "HTTP/1.1 400 Bad Request"
    assert held["content-type"] == "application/fhir+json; charset=utf-8"
    assert (held["connection"], int(held["content-length"])) == ("close", len(body))
    assert held.items() >= HEADERS.items()
    (issue,) = loads(body)["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "invalid")
    assert SENT not in body


@pytest.mark.parametrize(
    ("content", "xml"),
    [
        (b"GET /fhir/Patient HTTP/1.1\r\nAccept: application/fhir+xml\r\nHost: hub\r\nno header\r\n\r\n", True),
        (b"GET /fhir/Patient?_format=xml HTTP/1.1\r\nno header\r\n\r\n", True),
        (b"GET /fhir/Patient?_format=xml&_pretty=true HTTP/1.1\r\nno header\r\n\r\n", True),
        (b"GET /fhir/Patient?_format=json HTTP/1.1\r\nAccept: application/fhir+xml\r\nHost: hub\r\nno header\r\n\r\n", False),
        (b"GET /fhir/Patient?_format=pdf HTTP/1.1\r\nno header\r\n\r\n", False),
        (b"GET /fhir/Patient HTTP/1.1\r\nAccept: text/csv\r\nHost: hub\r\nno header\r\n\r\n", False),
        (b"GET /fhir/Patient HTTP/1.1\r\nno header\r\nAccept: application/fhir+xml\r\n\r\n", False),  # comes after the fault
    ],
    ids=["accept", "format", "pretty", "both", "no-such-format", "not-acceptable", "too-late"],
)
def test_the_refusal_is_written_as_what_could_be_read_asks_for(content, xml):
    seen, head, body = asyncio.run(_asked(content))
    kind = "xml" if xml else "json"
    assert seen == []
    assert f"content-type: application/fhir+{kind}; charset=utf-8" in head.decode("ascii").split("\r\n")
    assert (b"<OperationOutcome" if xml else b'{"resourceType":"OperationOutcome"') in body
    assert f"content-length: {len(body)}" in head.decode("ascii")


def test_what_is_encoded_reaches_the_application():
    seen, head, _ = asyncio.run(_asked(b"GET /fhir/Str%C3%B6m HTTP/1.1\r\nHost: hub\r\n\r\n"))
    assert (seen, head.split(b"\r\n")[0]) == (["/fhir/Ström"], b"HTTP/1.1 204 No Content")
