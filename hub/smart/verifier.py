"""The state behind `Authorization`: issuers' keys, tokens already verified, tokens revoked."""

import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import anyio
from cachetools import LRUCache

from hub import tokens
from hub.caller import Caller
from hub.config import ClientConfig, IssuerConfig
from hub.directory import Directory
from hub.errors import InvalidToken, Unauthenticated
from hub.smart.claims import caller_of
from hub.tokens import Claims, Jwk, TokenError

Fetch = Callable[[str], Awaitable[bytes | None]]
"""What lies at an `https` address; None: it cannot be had."""

REFRESH = 30.0
"""Seconds between two fetches of one issuer's keys, however many unknown keys are named."""
MAX_AGE = 3600.0
"""Seconds after which keys are fetched again, so that a withdrawn key stops counting."""
MAX_STALE = 24 * 3600.0
"""Seconds for which keys count while the issuer cannot be reached."""
MAX_KEYS_BYTES = 1_000_000

REASONS = {
    "form": "the access token is not a well-formed JWT",
    "header": "the access token's header names an algorithm or key that is not taken",
    "key": "the access token is signed with an unknown key, or by an unknown issuer",
    "signature": "the access token's signature does not hold",
    "claims": "the access token's claims do not hold",
    "lifetime": "the access token is not valid yet, or lives too long",
    "expired": "the access token has expired",
    "revoked": "the access token has been revoked",
    "none": "no bearer token",
}
"""All that a caller is told. Fixed words, so that refusals can be counted by them."""
HEADER = "Authorization"


@dataclass(slots=True)
class _Issuer:
    """An issuer's keys, and when they were asked for. Changes: that is its use."""

    config: IssuerConfig
    keys: Mapping[str, Jwk] = field(default_factory=dict)
    tried: float = -MAX_STALE
    held: float = -MAX_STALE
    fixed: bool = False
    lock: anyio.Lock = field(default_factory=anyio.Lock)


class Verifier:
    """Gives the Caller of an `Authorization` header. Has state so that a token is verified once and a key fetched once."""

    def __init__(
        self,
        issuers: Iterable[IssuerConfig],
        clients: Iterable[ClientConfig],
        directory: Directory,
        fetch: Fetch,
        *,
        given: Mapping[str, object] | None = None,
        clock: Callable[[], float] = time.time,
        size: int = 20_000,
    ) -> None:
        """`given`: issuer -> JWKS, for an issuer that lives in this process.

        Raises: ValueError: an issuer without a name or audience, or named twice.
        """
        rows = list(issuers)
        if len({row.issuer for row in rows}) != len(rows) or not all(row.issuer and row.audience for row in rows):
            raise ValueError("issuer: each needs a name of its own and an audience")
        self._issuers = {row.issuer: _Issuer(row) for row in rows}
        for name, jwks in (given or {}).items():
            self._issuers[name].keys, self._issuers[name].fixed = tokens.keys(jwks), True
        self._clients = {client.client_id: client.source for client in clients}
        self._directory = directory
        self._fetch = fetch
        self._clock = clock
        self._known: LRUCache[bytes, tuple[float, Caller]] = LRUCache(size)
        self._revoked: dict[tuple[str, str], float] = {}

    async def caller(self, authorization: str | None) -> Caller:
        """Who is calling, from the header's text.

        Raises: Unauthenticated: no token. InvalidToken: one that does not hold. Forbidden: it holds, but not for anything here.
        """
        text = authorization or ""
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        held = self._known.get(digest)
        if held and held[0] > self._clock():
            if self._revoked and (held[1].issuer, held[1].token_id) in self._revoked:
                raise InvalidToken(REASONS["revoked"], HEADER)
            return held[1]
        scheme, _, token = text.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated(REASONS["none"], HEADER)
        try:
            expires, caller = await self._verified(token)
        except TokenError as fault:
            raise InvalidToken(REASONS[fault.reason], HEADER) from None
        self._known[digest] = (expires, caller)
        return caller

    def revoke(self, issuer: str, token_id: str, expires: float) -> None:
        """From now on the token is refused; `expires` is its own `exp`, after which it need not be remembered."""
        now = self._clock()
        self._revoked = {key: until for key, until in self._revoked.items() if until > now}
        self._revoked[(issuer, token_id)] = expires + tokens.LEEWAY

    def stands(self, caller: Caller) -> bool:
        """Whether the token that a caller came with has not been revoked since; for sessions, which outlive their token."""
        return (caller.issuer, caller.token_id) not in self._revoked

    def issuer_named(self, authorization: str | None) -> str:
        """The configured issuer that a refused token names, for counting refusals; empty: none."""
        try:
            name = tokens.issuer_of((authorization or "").partition(" ")[2])
        except TokenError:
            return ""
        return name if name in self._issuers else ""

    async def _verified(self, token: str) -> tuple[float, Caller]:
        issuer = self._issuers.get(tokens.issuer_of(token))
        if issuer is None:
            raise TokenError("key")
        if self._clock() - issuer.held > MAX_AGE:
            await self._refresh(issuer)
        try:
            claims = self._claims(token, issuer)
        except TokenError as fault:
            if fault.reason != "key" or not await self._refresh(issuer):
                raise
            claims = self._claims(token, issuer)
        caller = caller_of(claims, self._clients, self._directory)
        if (caller.issuer, caller.token_id) in self._revoked:
            raise TokenError("revoked")
        return float(claims["exp"]), caller

    def _claims(self, token: str, issuer: _Issuer) -> Claims:
        config = issuer.config
        return tokens.verify(token, issuer.keys, self._clock(), issuer=config.issuer, audience=config.audience)

    async def _refresh(self, issuer: _Issuer) -> bool:
        """Fetch the issuer's keys, unless that was just tried. Gives: whether they may be other keys than a moment ago."""
        if issuer.fixed:
            return False
        before = issuer.held
        async with issuer.lock:
            now = self._clock()
            if now - issuer.tried < REFRESH:
                return issuer.held != before
            issuer.tried = now
            keys = await self._keys(issuer.config)
            if keys is not None:
                self._renew(issuer, keys, now)
            elif now - issuer.held > MAX_STALE:
                self._renew(issuer, {}, issuer.held)
            return issuer.held != before

    def _renew(self, issuer: _Issuer, keys: Mapping[str, Jwk], now: float) -> None:
        if issuer.keys != keys:
            self._known.clear()
        issuer.keys, issuer.held = keys, now

    async def _keys(self, config: IssuerConfig) -> Mapping[str, Jwk] | None:
        content = await (_read(config.jwks_file) if config.jwks_file else self._fetch(config.jwks_url))
        if content is None or len(content) > MAX_KEYS_BYTES:
            return None
        try:
            return tokens.keys(json.loads(content))
        except (TokenError, ValueError, RecursionError):
            return None


async def _read(path: str) -> bytes | None:
    try:
        return await anyio.Path(path).read_bytes()
    except OSError:
        return None
