"""Two sources for the federated search: one that answers, one that takes the question and says nothing."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bench import messages, world

_NUMBER = re.compile(rb"[^0-9](18[0-9]{10})[^0-9]")


@contextmanager
def sources(patients: int) -> Iterator[tuple[str, str]]:
    """Addresses of the one that answers and the one that hangs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    people = {world.person(row).number.value: world.person(row) for row in range(patients)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: *([0-9]+)", head)[1])  # type: ignore[index]  # httpx always says it
        found = _NUMBER.search(await reader.readexactly(length))
        assert found
        content = messages.laboratory(people[found[1].decode()], 0).content
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        await writer.drain()
        writer.close()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def start() -> list[asyncio.Server]:
        return [await asyncio.start_server(each, "127.0.0.1", 0) for each in (answer, hang)]

    started = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        first, second = (f"http://127.0.0.1:{each.sockets[0].getsockname()[1]}/" for each in started)
        yield first, second
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
