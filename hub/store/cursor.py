"""The page cursor: opaque, encrypted, of fixed length, so that nothing of the record shows in it."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Expired
from hub.fhir.json import dumps, loads

LIFE = 15 * 60 * 1_000_000
"""Microseconds for which a cursor holds."""
_BASE, _KEY = 128, 248
"""Bytes of a cursor without sort keys, and for each of them: 40 characters as JSON, however they are escaped."""
_AGAIN = "the page is no longer to be had: search again"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins. `bound`: digest of caller, commission, query and Release, all of which must be the same."""

    issued: int
    asof: int
    total: int | None
    bound: str
    after: tuple[Any, ...]


def seal(key: bytes, cursor: Cursor) -> str:
    """The cursor as it stands in a link: its length depends on how many keys there are to sort by, and on nothing else."""
    plain = dumps([cursor.issued, cursor.asof, cursor.total, cursor.bound, list(cursor.after)])
    size = _BASE + _KEY * (len(cursor.after) - 1)
    assert len(plain) <= size
    nonce = os.urandom(12)
    padded = len(plain).to_bytes(2, "big") + plain.ljust(size, b"\0")
    return urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, padded, b"cursor")).decode().rstrip("=")


def unseal(key: bytes, written: str, bound: str, now: int) -> Cursor:
    """The cursor in a link.

    Raises: Expired: not ours, too old, or not for this caller, query and decision. All alike.
    """
    try:
        held = urlsafe_b64decode(written + "=" * (-len(written) % 4))
        padded = AESGCM(key).decrypt(held[:12], held[12:], b"cursor")
        issued, asof, total, its, after = loads(padded[2 : 2 + int.from_bytes(padded[:2], "big")])
    except (InvalidTag, ValueError):
        raise Expired(_AGAIN) from None
    if its != bound or not 0 <= now - issued <= LIFE:
        raise Expired(_AGAIN)
    return Cursor(issued, asof, total, its, tuple(after))
