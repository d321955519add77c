"""Ids derived from business identifiers with a keyed hash: the same record has the same id, and no id gives a number away."""

import hmac
from functools import lru_cache

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
    if len(key) < MIN_KEY:
        raise ValueError(f"the key for ids is shorter than {MIN_KEY} bytes")
    if not parts:
        raise ValueError("nothing to derive an id from")
    written = [each.encode() for each in (use, *parts)]
    found = _keyed(key).copy()
    found.update(b"".join([len(each).to_bytes(4, "big") + each for each in written]))
    return found.digest()


@lru_cache(8)
def _keyed(key: bytes) -> hmac.HMAC:
    """A digest begun with the key: that is half the work."""
    return hmac.new(key, digestmod="sha256")
