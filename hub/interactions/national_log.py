"""The log told to a national log service: entry after entry, in order, until it was taken, whatever happens meanwhile.

Told is what PDL wants logged: that a member of staff read, wrote, removed or opened in an emergency something of a patient. What
else the log holds (refusals, the patient's own reading, administration) is the hub's own, and passed over.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from hub.fhir.identifiers import Identifier
from hub.fhir.identity import rid
from hub.hub import Hub
from hub.sources import SourceFailed
from hub.sources.log_service import Accessed, EntryRefused, LogService, PdlLog, Place
from hub.store import log_outbox
from hub.store.audit_index import OPENINGS
from hub.store.audit_reading import Logged
from hub.store.known import known
from hub.store.log_outbox import Position
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import instant

ACTIVITIES: Mapping[str, str] = {
    "read": "Läsa",
    "vread": "Läsa",
    "history": "Läsa",
    "search": "Läsa",
    "create": "Skriva",
    "update": "Skriva",
    "patch": "Skriva",
    "delete": "Radera",
}
OPENING = "Nödöppning"
PURPOSES: Mapping[str, str] = {
    "care": "Vård och behandling",
    "quality": "Kvalitetsuppföljning",
    "admin": "Administration",
    "statistics": "Statistik",
}
STAFF = ("clinician", "social")
AT_ONCE = 50
"""Entries of one message."""
LEASE = 60.0
"""Seconds beside the service's timeout for which a process has a shard to itself, from each message on."""
PATIENCE = (1.0, 300.0)
"""Seconds until the next attempt after a first failure, and at most; each failure doubles them."""


@dataclass(slots=True)
class Outbox:
    """What hands the log over. State: how often in a row it failed, and so how long it waits; by what name it claims shards."""

    hub: Hub
    service: LogService
    told: Callable[[Sequence[Position], int], None] = lambda positions, now: None
    """Is told where it stands after each round, and the time."""
    failures: int = field(default=0, init=False)
    holder: str = field(default_factory=lambda: secrets.token_hex(16), init=False)

    @property
    def pause(self) -> float:
        """Seconds until the next round: one while all goes well."""
        first, most = PATIENCE
        return min(first * 2.0 ** min(self.failures, 20), most)

    async def round(self) -> str:
        """Hand over what there is, but what another process is about to. Gives: why it stopped before the end, in words without
        data; empty: it did not."""
        fault = ""
        for each in await self.hub.store(_positions):
            if each.left and not fault:
                fault = await self._shard(each)
        self.failures = self.failures + 1 if fault else 0
        self.told(await self.hub.store(_positions), self.hub.store.now())
        return fault

    async def _shard(self, position: Position) -> str:
        most, longest = AT_ONCE, LEASE + self.service.config.timeout
        while True:
            some, logs = await self.hub.store(_next, self, position, longest, most)
            if not some:
                return ""
            try:
                if logs:
                    await self.service.store(logs)
            except SourceFailed as failure:
                return failure.detail
            except EntryRefused:
                if most == 1:
                    return "the log service refuses an entry"
                most = 1  # those before it are taken
                continue
            await self.hub.store(_taken, position.shard, some[-1].seq + 1)

    async def aclose(self) -> None:
        """Let go of what is claimed, and of the connections."""
        await self.service.aclose()
        await self.hub.store(_let_go, self.holder)


def _positions(store: Store) -> list[Position]:
    return log_outbox.positions(store.reader())


def _taken(store: Store, shard: int, sent: int) -> None:
    log_outbox.taken(store.database, shard, sent)


def _let_go(store: Store, holder: str) -> None:
    log_outbox.let_go(store.database, holder)


def _next(store: Store, outbox: Outbox, position: Position, seconds: float, most: int) -> tuple[list[Logged], list[PdlLog]]:
    """The next entries, claimed for so long; none: it was come to the end, or another process has them."""
    now = store.now()
    sent = log_outbox.claimed(store.database, position.shard, outbox.holder, now, now + int(seconds * 1_000_000))
    if sent is None or sent >= position.size:
        return [], []
    some = log_outbox.part(store.reader(), position.shard, sent, most)
    return some, [log for each in some if (log := pdl_log(store, outbox.hub, each))]


def pdl_log(store: Store, hub: Hub, entry: Logged) -> PdlLog | None:
    """An entry as PDL wants it told; None: it is nothing that PDL wants told."""
    content = entry.content
    who = content.get("who", {})
    activity = _activity(content)
    if not activity or content.get("outcome") != "permit" or who.get("kind") not in STAFF or not {"unit", "provider"} <= set(who):
        return None
    accessed = _accessed(store, hub, entry, content)
    if not accessed:
        return None
    staff = hub.directory.staff.get(who["subject"])
    return PdlLog(
        id=str(uuid5(NAMESPACE_OID, entry.leaf.hex())),
        activity=activity,
        at=instant(entry.at),
        purpose=PURPOSES.get(who.get("purpose", ""), who.get("purpose", "none")),
        user=who["subject"],
        name=who.get("name", ""),
        assignment=who.get("commission", ""),
        title=staff.title if staff else "",
        provider=_provider(hub, who["provider"]),
        unit=_unit(hub, who["unit"]),
        accessed=accessed,
    )


def _activity(content: Mapping[str, Any]) -> str:
    if content.get("action") == "register-assertion":
        return OPENING if content.get("details", {}).get("type") in OPENINGS else ""
    return ACTIVITIES.get(content.get("action", ""), "")


def _accessed(store: Store, hub: Hub, entry: Logged, content: Mapping[str, Any]) -> tuple[Accessed, ...]:
    """What of whom: by care provider and unit as the record has them, or the user's own where the entry names no version."""
    lines, kind, who = entry.unshown.get("released", ()), content.get("type", "") or "Patient", content["who"]
    ids = [line.partition("/")[0] for line in lines]
    key = store.keys.identity
    rids = [rid(key, kind, each) for each in ids] if entry.pk == NO_PATIENT else []
    found = log_outbox.custodians(store.reader(), entry.pk, ids, rids)
    if not found and entry.pk != NO_PATIENT:
        found = [(entry.pk, kind, who["provider"], who["unit"])]
    return tuple(
        Accessed(its_kind, _number(store, pk), _provider(hub, provider), _unit(hub, unit) if unit else None)
        for pk, its_kind, provider, unit in found
        if pk != NO_PATIENT and provider
    )


def _number(store: Store, pk: int) -> Identifier | None:
    numbers = known(store.reader(), pk, store.now()).facts.numbers
    return numbers[0] if numbers else None


def _provider(hub: Hub, hsa_id: str) -> Place:
    found = hub.directory.providers.get(hsa_id.upper())
    return Place(hsa_id, found.name if found else "")


def _unit(hub: Hub, hsa_id: str) -> Place:
    found = hub.directory.units.get(hsa_id.upper())
    return Place(hsa_id, found.name if found else "")
