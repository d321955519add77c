"""How much one client, person or address may ask, and how refusals that have no entry of their own become one each minute."""

import ipaddress
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import anyio

from hub.caller import Caller
from hub.errors import HubError, Throttled

MAX_KEYS = 1000
"""Kinds of refusals counted apart in one interval; further ones are counted together."""


WINDOW = 60.0
"""Seconds."""


class Limit:
    """At most `per_minute` of one thing by one key in any minute. Has state: the counts, in memory.

    A sliding window of two counters a key: what the last minute counted weighs by the part of it that still lies in the window.
    """

    def __init__(self, name: str, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._name, self._most, self._clock = name, per_minute, clock
        self._minute = 0.0
        self._counts: dict[tuple[str, ...], int] = {}
        self._before: dict[tuple[str, ...], int] = {}

    def take(self, *key: str) -> None:
        """Count one. Raises: Throttled: it is one too many."""
        minute, passed = divmod(self._clock() / WINDOW, 1)
        if minute != self._minute:
            self._before = self._counts if minute == self._minute + 1 else {}
            self._minute, self._counts = minute, {}
        count = self._counts.get(key, 0)
        if count + self._before.get(key, 0) * (1 - passed) > self._most - 1:
            raise Throttled(f"too many of: {self._name}; try again in a minute")
        self._counts[key] = count + 1


class Limits:
    """The limits of `hub.toml`: requests by client and by person, look-ups of a patient by number."""

    def __init__(self, per_minute: int, identifiers_per_minute: int) -> None:
        self._requests = Limit("requests", per_minute)
        self._persons = Limit("requests by one person", per_minute)
        self._identifiers = Limit("look-ups by identifier", identifiers_per_minute)

    def request(self, caller: Caller) -> None:
        """Count a request against its person, or against its client where there is none.

        A client that serves many persons is not held to one person's share. Raises: Throttled.
        """
        if caller.kind in ("system", "technician", "anonymous"):
            self._requests.take(caller.issuer, caller.client)
        else:
            self._persons.take(caller.issuer, caller.client, caller.subject)

    def identifier(self, caller: Caller) -> None:
        """Count a look-up by identifier. Raises: Throttled."""
        self._identifiers.take(caller.issuer, caller.subject)


@dataclass(frozen=True, slots=True, order=True)
class Refused:
    """How often, in one interval, requests of one network were refused for one reason: without a token that holds, too many of
    a known caller, at an address where nothing is, and the like."""

    issuer: str
    network: str
    reason: str
    count: int
    who: str = ""
    """Opaque id of the caller, where one was known."""
    rule: str = ""
    """That refused, where one did."""


@dataclass(frozen=True, slots=True)
class Summary:
    """All refusals from `since` to `until`, seconds since 1970."""

    since: float
    until: float
    rows: tuple[Refused, ...]


class Refusals:
    """Counts refused requests and hands one summary per interval to `record`. Has state: the counts, bounded."""

    def __init__(
        self, record: Callable[[Summary], Awaitable[None]], interval: float = 60.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._record = record
        self._interval = interval
        self._clock = clock
        self._since = clock()
        self._counts: Counter[tuple[str, str, str, str, str]] = Counter()

    def count(self, issuer: str, address: str, reason: str, who: str = "", rule: str = "") -> None:
        """One refusal. `issuer` is a configured one or empty, `reason` one of our fixed texts; `who`: the caller, if known."""
        key = (issuer, network(address), reason, who, rule)
        self._counts[key if key in self._counts or len(self._counts) < MAX_KEYS else ("", "other", reason, "", rule)] += 1

    async def flush(self) -> None:
        """Hand over what was counted. What cannot be recorded is kept for the next time."""
        since, until, counts = self._since, self._clock(), self._counts
        self._since, self._counts = until, Counter()
        if not counts:
            return
        try:
            rows = (Refused(*key[:3], count, *key[3:]) for key, count in counts.items())
            await self._record(Summary(since, until, tuple(sorted(rows))))
        except HubError:
            self._since = since
            self._counts.update(counts)

    async def run(self) -> None:
        """Flush once per interval, until cancelled; and then once more."""
        try:
            while True:
                await anyio.sleep(self._interval)
                await self.flush()
        finally:
            with anyio.CancelScope(shield=True):
                await self.flush()


def told(scope: MutableMapping[str, Any]) -> None:
    """Note that the log has, or will have, an entry of what becomes of this request: the outermost door counts it no more."""
    scope.setdefault("state", {})[_TOLD] = True


def is_told(scope: MutableMapping[str, Any]) -> bool:
    """Whether `told` was noted of this request."""
    return _TOLD in scope.get("state", ())


_TOLD = "told"


def network(address: str) -> str:
    """The network of an address: enough to see a flood, too little to point at a person's machine."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((mapped, 24 if mapped.version == 4 else 48), strict=False))
