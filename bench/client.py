"""The load: requests over some kept connections, each answer read whole and its status looked at."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONNECTIONS = 32


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as it goes over the wire."""

    wire: bytes
    status: int = 200


def get(path: str, token: str) -> Request:
    return Request(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())


def post(path: str, token: str, body: bytes, status: int = 201) -> Request:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
    return Request(head.encode() + body, status)


def run(port: int, requests: Sequence[Request], connections: int = CONNECTIONS) -> bytes:
    """Send all of them. Gives: the body of the last answer. Raises: AssertionError: an answer has another status."""
    return asyncio.run(_run(port, requests, connections))


async def _run(port: int, requests: Sequence[Request], connections: int) -> bytes:
    waiting = iter(requests)
    return (await asyncio.gather(*(_connection(port, waiting) for _ in range(connections))))[0]


async def _connection(port: int, waiting: Iterator[Request]) -> bytes:
    body = b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    try:
        for request in waiting:
            writer.write(request.wire)
            head = await reader.readuntil(b"\r\n\r\n")
            lowered = head.lower()
            at = lowered.find(b"content-length:")
            length = int(lowered[at + 15 : lowered.index(b"\r\n", at)]) if at >= 0 else 0
            body = await reader.readexactly(length)
            status = int(head[9:12])
            if status != request.status:
                raise AssertionError(f"answered {status}, not {request.status}: {body[:300]!r}")
    finally:
        writer.close()
    return body
