"""Passwords: kept as scrypt hashes, compared in constant time."""

import hashlib
import hmac
from base64 import b64decode, b64encode

COST, BLOCK, LANES = 2**15, 8, 1
NOBODY = "scrypt$AAAAAAAAAAAAAAAAAAAAAA==$"
"""Compared with where there is no such person, so that the answer takes as long."""


def hashed(password: str, salt: bytes) -> str:
    """What is kept of a password. `salt`: 16 random bytes."""
    return f"scrypt${b64encode(salt).decode()}${b64encode(_scrypt(password, salt)).decode()}"


def matches(password: str, held: str) -> bool:
    """Whether `password` is the one of which `held` was made; never for an empty hash."""
    _, salt, digest = (held or NOBODY).split("$")
    return hmac.compare_digest(_scrypt(password, b64decode(salt)), b64decode(digest))


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=COST, r=BLOCK, p=LANES, maxmem=2**26, dklen=32)
