"""A section of the overview from what was found: a row that cannot be shown never takes the others with it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from hub.interactions.overview import Part

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """What became of a part. `unread`: how many of its rows are not in it; readers are told."""

    shown: T
    unread: int = 0


def made(make: Callable[[Part], T], part: Part, note: Callable[[Exception], None]) -> Made[T]:
    """The section that `make` makes of `part`; where that fails, of the rows that it can be made of.

    Takes: `note`: tells the operator, without data.
    """
    try:
        return Made(make(part))
    except Exception as fault:  # whatever a source wrote, the rest of the section is shown
        note(fault)
    kept = replace(part, rows=tuple(row for row in part.rows if _can_be_made(make, replace(part, rows=(row,)))))
    if not _can_be_made(make, kept):
        kept = replace(part, rows=())
    return Made(make(kept), len(part.rows) - len(kept.rows))


def _can_be_made(make: Callable[[Part], T], part: Part) -> bool:
    try:
        make(part)
    except Exception:  # noted by whoever asks
        return False
    return True
