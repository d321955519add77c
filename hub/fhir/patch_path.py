"""The paths of FHIRPath Patch, as a tree: names of elements, and what chooses among several of one name.

`hub.fhir.patch_path_read` reads one, `hub.fhir.patch_spots` finds what it names.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as OneOf

Choosing = OneOf["first", "last", "tail", "single"]
Counting = OneOf["skip", "take"]
Value = str | bool | Decimal


@dataclass(frozen=True, slots=True)
class Named:
    """The elements of that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """The one at a place, from 0."""

    at: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """Some by where they stand; `single`: all, which must be one."""

    which: Choosing


@dataclass(frozen=True, slots=True)
class Counted:
    """All but the first `count`, or these alone."""

    which: Counting
    count: int


@dataclass(frozen=True, slots=True)
class OfType:
    """Those of a type."""

    type: str


@dataclass(frozen=True, slots=True)
class Extended:
    """The extensions of a URL."""

    url: str


@dataclass(frozen=True, slots=True)
class Where:
    """Those for which a condition holds."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Tested:
    """A value about what was found: exists, empty, not, count, startsWith, endsWith, contains."""

    how: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What steps find from the element that a condition is about."""

    steps: tuple["Step", ...]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A literal."""

    value: Value


@dataclass(frozen=True, slots=True)
class Compared:
    operator: str
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Is:
    """Whether the one thing found is of a type."""

    of: "Condition"
    type: str


@dataclass(frozen=True, slots=True)
class Joined:
    word: OneOf["and", "or"]
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Negated:
    inner: "Condition"


Condition = Found | Fixed | Compared | Is | Joined | Negated
Step = Named | Place | Chosen | Counted | OfType | Extended | Where | Tested
Path = tuple[Step, ...]
