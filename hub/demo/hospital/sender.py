"""The hospital's outgoing link: MLLP to the receiver, one message at a time, each acknowledged before the next.

Source: HL7, Transport Specification: MLLP, release 1.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from hub.demo.hospital import bookings, laboratory
from hub.demo.hospital.er7 import Message
from hub.demo.world.model import Booking, Fact, LaboratoryReport, World
from hub.demo.world.organisations import HOSPITAL

START, END = b"\x0b", b"\x1c\x0d"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the receiver answered: MSA-1 (AA, AE, AR), and what it said was wrong, segment by segment."""

    code: str
    control: str
    errors: tuple[str, ...] = ()


class NotAcknowledged(Exception):
    """The answer is no acknowledgement of what was sent."""


def outbox(world: World) -> tuple[Message, ...]:
    """Everything that the hospital has sent up to the world's day, in the order it happened."""
    reports = [fact for fact in world.held if fact.custody.system == HOSPITAL and isinstance(fact, LaboratoryReport)]
    booked = [fact for fact in world.held if fact.custody.system == HOSPITAL and isinstance(fact, Booking)]
    sent: list[tuple[Fact, tuple[Message, ...]]] = [(fact, (laboratory.report(world, fact),)) for fact in reports]
    sent += [(fact, bookings.course(world, fact)) for fact in booked]
    sent.sort(key=lambda row: (row[0].custody.time, row[0].key))
    return tuple(message for _, messages in sent for message in messages)


class Sender:
    """An open link. State: the connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience

    async def send(self, message: Message) -> Acknowledgement:
        """Deliver a message and wait for its acknowledgement.

        Raises: NotAcknowledged: the answer is about another message, or is none; TimeoutError; ConnectionError.
        """
        answer = acknowledgement(await self.send_bytes(message.content))
        if answer.control != message.control:
            raise NotAcknowledged("the answer names another message")
        return answer

    async def send_bytes(self, content: bytes) -> bytes:
        """Deliver any bytes in a frame, and give the frame that comes back."""
        self._writer.write(START + content + END)
        await self._writer.drain()
        try:
            async with asyncio.timeout(self._patience):
                framed = await self._reader.readuntil(END)
        except asyncio.IncompleteReadError as fault:
            raise ConnectionError("the receiver closed the link") from fault
        if not framed.startswith(START):
            raise NotAcknowledged("the answer is not in a frame")
        return framed[len(START) : -len(END)]


@asynccontextmanager
async def link(host: str, port: int, patience: float = 10.0) -> AsyncIterator[Sender]:
    """A link to a receiver, closed when the block ends."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield Sender(reader, writer, patience)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def deliver(world: World, host: str, port: int) -> dict[str, Acknowledgement]:
    """Send the whole outbox; gives the acknowledgements by control id."""
    async with link(host, port) as sender:
        return {message.control: await sender.send(message) for message in outbox(world)}


def acknowledgement(content: bytes) -> Acknowledgement:
    """Read an ACK.

    Raises: NotAcknowledged: it has no MSA.
    """
    lines = content.decode("utf-8", "replace").replace("\n", "\r").split("\r")
    errors = tuple(line for line in lines if line.startswith("ERR"))
    for fields in _segments(lines, "MSA"):
        if len(fields) > 2 and fields[1] in ("AA", "AE", "AR"):
            return Acknowledgement(fields[1], fields[2], errors)
    raise NotAcknowledged("the answer has no acknowledgement code")


def _segments(lines: list[str], name: str) -> Iterator[list[str]]:
    for line in lines:
        fields = line.split("|")
        if fields[0] == name:
            yield fields
