"""Authorization codes: good once, for sixty seconds, for the client and challenge they were made for."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TTLCache

from hub.authserver.people import Commission, Person

LIFE = 60
REMEMBERED = 3600
"""Seconds for which a used code is known, so that its second use ends the token it gave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a signed-in person let a client have."""

    client_id: str
    redirect_uri: str
    challenge: str
    person: Person
    commission: Commission | None
    scope: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Spent:
    """The token that a used code gave."""

    token_id: str
    expires: float


class Codes:
    """Codes out and not yet back, and those used. Has state: that is what it is for; bounded, in memory."""

    def __init__(self, clock: Callable[[], float], size: int = 10_000) -> None:
        self._out: TTLCache[bytes, Grant] = TTLCache(size, LIFE, clock)
        self._spent: TTLCache[bytes, Spent] = TTLCache(size, REMEMBERED, clock)

    def issue(self, grant: Grant) -> str:
        """A new code for `grant`; only its digest is kept."""
        code = secrets.token_urlsafe(32)
        self._out[_digest(code)] = grant
        return code

    def take(self, code: str) -> Grant | None:
        """The grant of a code, which is used up by asking."""
        return self._out.pop(_digest(code), None)

    def spend(self, code: str, spent: Spent) -> None:
        """Remember which token a code gave."""
        self._spent[_digest(code)] = spent

    def spent(self, code: str) -> Spent | None:
        """The token that an earlier use of `code` gave."""
        return self._spent.get(_digest(code))


def challenge_of(verifier: str) -> str:
    """PKCE's S256 challenge. Source: RFC 7636 section 4.2."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode()


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
