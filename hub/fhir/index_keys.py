"""Index keys: what a resource is found by. Values that the store can compare as they stand."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

OPEN_LOW = -(2**62)
"""Start of what has no start, in microseconds; fits a 64-bit column."""
OPEN_HIGH = 2**62
"""End of what has no end."""
LEAST, MOST = "!", "~"
"""Below and above every number that `decimal_text` writes."""
IDENTIFIER, TEXT, EXACT, OF_TYPE, PRESENT = ":identifier", ":text", ":exact", ":of-type", ":present"
"""End the names under which a parameter's other keys are kept: a Reference's identifier, a code's text, a text letter for
letter, an identifier with its type, and an element that gives none of the parameter's own keys."""


class TokenKey(NamedTuple):
    """A code or identifier. `system` is empty where the element has none."""

    system: str
    code: str


class DateKey(NamedTuple):
    """The time that a value covers: half-open [lo, hi), microseconds since 1970-01-01T00:00Z."""

    lo: int
    hi: int


class StringKey(NamedTuple):
    """A text in normal form (`parameters.string.normal`); under a name that ends in `:exact`, letter for letter."""

    value: str


class ReferenceKey(NamedTuple):
    """What is pointed at: `Type/id`, or an absolute URL that is not this hub's; without version."""

    target: str


class PointedKey(NamedTuple):
    """The identifier that a reference to an entry says its target has, and the target as in `ReferenceKey`."""

    system: str
    code: str
    target: str


class UriKey(NamedTuple):
    """A uri, letter for letter."""

    value: str


class QuantityKey(NamedTuple):
    """The numbers that a value covers, closed [lo, hi], as `decimal_text` writes them; `unit` is a code of `system`, or where
    that is empty a unit in words. Numbers without unit have neither."""

    lo: str
    hi: str
    system: str
    unit: str


class WordsKey(NamedTuple):
    """Words in normal form, in one text: each has a space before it."""

    words: str


class CompositeKey(NamedTuple):
    """Elements that belong together: for each component its keys, in order."""

    parts: tuple[tuple["TokenKey | DateKey | StringKey | ReferenceKey | UriKey | QuantityKey", ...], ...]


Key = TokenKey | DateKey | StringKey | ReferenceKey | PointedKey | UriKey | QuantityKey | WordsKey | CompositeKey
Index = Mapping[str, Collection[Key]]
"""A resource's keys by the name under which they are kept."""


@lru_cache(4096)
def decimal_text(value: Decimal, beside: int = 0) -> str:
    """A number as a text, such that texts have the order of numbers, exactly, whatever the digits.

    Takes: `beside`: 1 for just above the number, -1 for just below it: the ends of ranges that do not hold their end.
    Gives: the power of ten of the first digit, then the digits, then an end that tells the three apart; of negative numbers
    the complement of each.
    """
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits)).lstrip("0")
    if not written:
        return "5" + "-./"[beside + 1]
    power = len(written) + exponent + 5000
    significant = written.rstrip("0")
    if sign:
        return f"4{9999 - power:04}" + "".join(str(9 - int(digit)) for digit in significant) + ":;<"[beside + 1]
    return f"6{power:04}{significant}" + "-./"[beside + 1]
