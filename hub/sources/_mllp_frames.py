"""MLLP's frames and acknowledgements: the form of what goes over the wire.

Source: HL7 Transport Specification: MLLP, release 1; HL7 v2.5.1 chapter 2.9 (original mode) and 2.15 (ERR, MSA).
"""

import asyncio
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from hub.mappers import _er7
from hub.sources import Delivery, Verdict

START, END = b"\x0b", b"\x1c\x0d"
MAX_FRAME = _er7.MAX_BYTES
KEPT_OF_BAD = 65_536
"""Bytes that are kept of what is no frame."""
MAX_ERRORS = 20
"""ERR segments in one acknowledgement."""

_PLACE = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?P<number>[0-9]+)\])?(?:-(?P<field>[0-9]+))?")


class BadFrame(Exception):
    """What came is not a frame; `content` is what there was of it."""

    def __init__(self, problem: str, content: bytes) -> None:
        super().__init__(problem)
        self.problem = problem
        self.content = content


async def frame(reader: asyncio.StreamReader, idle: float, patience: float) -> bytes | None:
    """The next message, without its blocks; None: the sender has closed.

    Raises: TimeoutError: nothing came for `idle` seconds. BadFrame: no start or end block, too large, or not whole in `patience`.
    """
    async with asyncio.timeout(idle):
        first = await reader.read(1)
        while first in (b"\r", b"\n"):
            first = await reader.read(1)
    if not first:
        return None
    if first != START:
        raise BadFrame("the message has no start block", first + await _rest(reader))
    try:
        async with asyncio.timeout(patience):
            held = await reader.readuntil(END)
    except TimeoutError:
        raise BadFrame("the message was not whole in time", await _rest(reader)) from None
    except asyncio.LimitOverrunError:
        raise BadFrame("the message is larger than the hub reads", await _rest(reader)) from None
    except asyncio.IncompleteReadError as end:
        raise BadFrame("the message has no end block", end.partial) from None
    content = held[: -len(END)]
    if START in content:
        raise BadFrame("a message begins inside another", content)
    return content


def acknowledgement(header: _er7.Segment | None, delivery: Delivery, control: str, now: datetime) -> bytes:
    """The ACK of a message, in its own encoding: MSA with its control id, ERR with place and code, and no word of its data.

    Takes: MSH of the message, None where it has none that can be read; `control` becomes MSH-10.
    """
    marks = header.marks if header else _er7.Marks()
    text = header.text if header else lambda *_: ""
    value = _er7.value
    msh = [
        *(value(text(5) or "SAMSYN"), value(text(6)), value(text(3)), value(text(4))),
        *(value(f"{now:%Y%m%d%H%M%S}+0000"), value("")),
        [[["ACK"], [text(9, 2)], ["ACK"]]],
        *(value(control), value(text(11) or "P"), value("2.5.1")),
    ]
    if header and header.text(18):
        msh += [*(value("") for _ in range(13, 18)), value(header.text(18))]
    msa = [value(str(delivery.verdict)), value(text(10)[:250])]
    errors = [("ERR", error) for error in _errors(delivery)]
    return _er7.write([("MSH", msh), ("MSA", msa), *errors], marks)


def _errors(delivery: Delivery) -> Iterator[list[_er7.Field]]:
    for place, problem in delivery.problems[:MAX_ERRORS]:
        found = _PLACE.fullmatch(place)
        where = [[found["segment"]], [found["number"] or "1"], [found["field"] or ""]] if found else [[""]]
        code, meaning = _code(delivery.verdict, place, bool(found and found["field"]))
        severity = "W" if delivery.verdict is Verdict.ACCEPTED else "E"
        empty = _er7.value("")
        yield [
            *(empty, [where], [[[code], [meaning], ["HL70357"]]], _er7.value(severity)),
            *(empty, empty, empty, _er7.value(problem)),
        ]


def _code(verdict: Verdict, place: str, has_field: bool) -> tuple[str, str]:
    """Table 0357."""
    if place == "MSH-9":
        return "200", "Unsupported message type"
    if has_field:
        return "102", "Data type error"
    if verdict is Verdict.ACCEPTED:
        return "0", "Message accepted"
    return ("100", "Segment sequence error") if verdict is Verdict.REJECTED else ("207", "Application internal error")


async def _rest(reader: asyncio.StreamReader) -> bytes:
    """What has already come, up to what is kept."""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.05):
            return await reader.read(KEPT_OF_BAD)
    return b""
