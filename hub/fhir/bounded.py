"""A set that does not grow without end."""

from collections.abc import Hashable
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


class Bounded(set[T]):
    """What was met before. State: that; when there is too much of it, it begins anew."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def remember(self, met: T) -> None:
        if len(self) >= self._most:
            self.clear()
        self.add(met)
