"""Ids derived from business identifiers with a keyed hash: the same record has the same id, and no id gives a number away."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _LETTERS for other in _LETTERS)
"""Ten bits in base32 (RFC 4648), in small letters. The standard library's own takes ten times as long."""
LETTERS = 26
_SHIFTS = tuple(range(120, -1, -10))
"""To the ten bits of each pair of letters."""
MIN_KEY = 16
"""Bytes. A national number under a plain or weakly keyed hash is found by trying them all."""


def logical_id(key: bytes, *parts: str, letters: int = LETTERS) -> str:
    """A FHIR id for what is known by `parts`: for a resource its type, source, contract family, system and value.

    Takes: `letters`: how many of them are wanted, an even number.
    Gives: 26 characters among a-z and 2-7 (130 bits); other parts, or the same cut elsewhere, give another id.
    Raises: ValueError: the key is too short, or there are no parts.
    """
    if not parts:
        raise ValueError("nothing to derive an id from")
    return _in_letters(_digest(*_begun(key, "id"), parts), letters)


class Ids:
    """Ids of what is known by the same first parts: as `logical_id` of all parts gives them, but the first are hashed once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes, *first: str) -> None:
        begun, self._outer = _begun(key, "id")
        self._inner = begun.copy()
        self._inner.update(_written(first))

    def of(self, *parts: str, letters: int = LETTERS) -> str:
        """The id of what is known by these parts after the first."""
        return _in_letters(_digest(self._inner, self._outer, parts), letters)


def rid(key: bytes, resource_type: str, resource_id: str) -> int:
    """The store's number for a resource: 62 bits, never negative. Two resources may share one: compare the id too."""
    return int.from_bytes(_digest(*_begun(key, "rid", resource_type), (resource_id,))[:8], "big") >> 2


def _in_letters(digest: bytes, letters: int) -> str:
    bits = int.from_bytes(digest[:17], "big") >> 6
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS[: letters >> 1]])


def _digest(inner: Any, outer: Any, parts: tuple[str, ...]) -> bytes:
    """HMAC-SHA-256 (RFC 2104), begun with a key and some parts, of these after them."""
    inner, outer = inner.copy(), outer.copy()
    inner.update(_written(parts))
    outer.update(inner.digest())
    found: bytes = outer.digest()
    return found


def _written(parts: Iterable[str]) -> bytes:
    """Each part after its length."""
    written: list[bytes] = []
    for each in parts:
        octets = each.encode()
        written += (len(octets).to_bytes(4, "big"), octets)
    return b"".join(written)


@lru_cache(512)
def _begun(key: bytes, *first: str) -> tuple[Any, Any]:
    """Both digests of an HMAC, begun with the key and, the inner one, with what it is used for: that is half the work, and the
    standard library's object a quarter."""
    if len(key) < MIN_KEY:
        raise ValueError(f"the key for ids is shorter than {MIN_KEY} bytes")
    block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (sha256(bytes(octet ^ pad for octet in block)) for pad in (0x36, 0x5C))
    inner.update(_written(first))
    return inner, outer
