"""Ids derived from business identifiers with a keyed hash: the same record has the same id, and no id gives a number away."""

from functools import lru_cache
from hashlib import sha256
from typing import Any

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = tuple(one + other for one in _LETTERS for other in _LETTERS)
"""Ten bits in base32 (RFC 4648), in small letters. The standard library's own takes ten times as long."""
LETTERS = 26
MIN_KEY = 16
"""Bytes. A national number under a plain or weakly keyed hash is found by trying them all."""


def logical_id(key: bytes, *parts: str, letters: int = LETTERS) -> str:
    """A FHIR id for what is known by `parts`: for a resource its type, source, contract family, system and value.

    Takes: `letters`: how many of them are wanted, an even number.
    Gives: 26 characters among a-z and 2-7 (130 bits); other parts, or the same cut elsewhere, give another id.
    Raises: ValueError: the key is too short, or there are no parts.
    """
    bits = int.from_bytes(_digest(key, "id", parts)[:17], "big") >> 6
    return "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, 120 - 5 * letters, -10)])


def rid(key: bytes, resource_type: str, resource_id: str) -> int:
    """The store's number for a resource: 62 bits, never negative. Two resources may share one: compare the id too."""
    return int.from_bytes(_digest(key, "rid", (resource_type, resource_id))[:8], "big") >> 2


def _digest(key: bytes, use: str, parts: tuple[str, ...]) -> bytes:
    """HMAC-SHA-256 (RFC 2104) of the parts, each after its length."""
    if len(key) < MIN_KEY:
        raise ValueError(f"the key for ids is shorter than {MIN_KEY} bytes")
    if not parts:
        raise ValueError("nothing to derive an id from")
    written: list[bytes] = []
    for each in (use, *parts):
        octets = each.encode()
        written += (len(octets).to_bytes(4, "big"), octets)
    begun, then = _keyed(key)
    inner, outer = begun.copy(), then.copy()
    inner.update(b"".join(written))
    outer.update(inner.digest())
    found: bytes = outer.digest()
    return found


@lru_cache(8)
def _keyed(key: bytes) -> tuple[Any, Any]:
    """Both digests of an HMAC, begun with the key: that is half the work, and the standard library's object a quarter."""
    block = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    return sha256(bytes(octet ^ 0x36 for octet in block)), sha256(bytes(octet ^ 0x5C for octet in block))
