"""Blocks of the same data, of periods that meet, as one block: the same entries are closed, by fewer questions. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from hub.consent.grounds import Block

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def merged(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks that together close what `blocks` close. They stand for several: of the first of these they bear the id."""
    for _, alike in groupby(sorted(blocks, key=_closed), key=_closed):
        yield from _joined(sorted(alike, key=_start))


def _joined(alike: Iterable[Block]) -> Iterator[Block]:
    held: Block | None = None
    for block in alike:
        if _is_turned(block):
            yield block
        elif held is None:
            held = block
        elif _start(block) <= _end(held):
            held = replace(held, information_end=block.information_end) if _end(block) > _end(held) else held
        else:
            yield held
            held = block
    if held is not None:
        yield held


def _closed(block: Block) -> tuple[str, ...]:
    """Which data a block closes, its time aside."""
    unit = block.unit.upper() if block.type == "inner" else ""
    return (block.type, block.provider.upper(), unit, *sorted(set(block.excluded)))


def _start(block: Block) -> datetime:
    return block.information_start or _FIRST


def _end(block: Block) -> datetime:
    return block.information_end or _LAST


def _is_turned(block: Block) -> bool:
    """A period without a single instant still closes entries that lie on both sides of it: it is left as it is."""
    return _start(block) >= _end(block)
