"""What the hub does of its own accord while it answers: signs the log and indexes it, clears old keys, feeds the log service."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from structlog.typing import FilteringBoundLogger

from hub.checkpointing import Checkpoints
from hub.errors import HubError
from hub.hub import Hub
from hub.interactions.national_log import Outbox
from hub.observe import Metrics
from hub.sources._http import posted
from hub.sources.log_service import LogService
from hub.store.audit_index import bring_up
from hub.store.database import SQLAlchemyError
from hub.store.log_outbox import Position
from hub.store.partitions import keep_months
from hub.store.purging import purge_keys
from hub.store.store import Store

INDEXED = 5_000
"""Entries of the log that are indexed after each checkpoint: about a tenth of a second's work."""
PURGE_SECONDS = 600.0
"""Between two looks for search keys that no page needs any more."""
PURGE_PAUSE = 0.5
"""Seconds between two steps of it."""


@dataclass(slots=True)
class Background:
    """The work of a running hub that nobody asked for. What goes wrong is told to the operator, and tried again."""

    hub: Hub
    checkpoints: Checkpoints
    metrics: Metrics
    log: FilteringBoundLogger
    outbox: Outbox | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if service := self.hub.config.log_service:
            self.outbox = Outbox(self.hub, LogService(service), self._behind)

    def all(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What is to run, each without an end, until it is cancelled."""
        kept = [self._keep_checkpointing(), self._keep_purging()]
        return [*kept, self._keep_sending(self.outbox)] if self.outbox else kept

    async def aclose(self) -> None:
        """Let another process hand the log over, and close the connections to the log service."""
        if self.outbox:
            try:
                await self.outbox.aclose()
            except SQLAlchemyError as fault:
                self.log.error(
                    "what was claimed of the log service's could not be let go: it is over in a minute", exc_info=fault
                )

    async def checkpoint(self) -> None:
        """Sign the log as it is now. What stands against it is told to the operator; answers go on, each with its entry."""
        try:
            await self.hub.store(self.checkpoints.make)
            await self.hub.store(_index_log)
            if self.hub.config.audit_witness:
                await self.checkpoints.witness(self._witnessed)
        except ValueError as fault:  # Invalid, or a file beside it that nobody can read
            self.log.error("the access log cannot be signed", exc_info=fault)
            self.metrics.checkpoint_refused()
        except (OSError, HubError, SQLAlchemyError) as fault:
            self.log.error("no checkpoint could be written", exc_info=fault)

    async def _witnessed(self, note: str) -> bool:
        status, _ = await posted(self.hub.config.audit_witness, {"checkpoint": note})
        return 200 <= status < 300

    async def _keep_checkpointing(self) -> None:
        while True:
            await asyncio.sleep(self.hub.config.checkpoint_every)
            await self.checkpoint()

    async def _keep_purging(self) -> None:
        done = 0
        while True:
            await asyncio.sleep(PURGE_PAUSE if done else PURGE_SECONDS)
            try:
                await self.hub.store(_kept_months)
                done = await self.hub.store(_purged)
            except SQLAlchemyError as fault:
                self.log.error("no search keys could be purged, or no month of the log made ahead", exc_info=fault)
                done = 0

    async def _keep_sending(self, outbox: Outbox) -> None:
        """Hand the log over to the log service for as long as the hub runs; what it has not taken is there at the next start."""
        while True:
            try:
                fault = await outbox.round()
                if fault and outbox.failures == 1:
                    self.log.error("the log service does not take what it is given: it is kept, and sent again")
            except (HubError, SQLAlchemyError, ValueError, LookupError, TypeError) as failure:  # an entry may be damaged
                self.log.error("the log could not be handed to the log service", exc_info=failure)
                outbox.failures += 1
            await asyncio.sleep(outbox.pause)

    def _behind(self, positions: Sequence[Position], now: int) -> None:
        """Counts how far the log service is behind."""
        oldest = min((each.oldest for each in positions if each.oldest is not None), default=now)
        self.metrics.log_service(sum(each.left for each in positions), max(0, now - oldest) / 1_000_000)


def _index_log(store: Store) -> None:
    """A little of it at a time: a reviewer who comes later waits for the rest."""
    bring_up(store.database, store.reader(), INDEXED)


def _kept_months(store: Store) -> None:
    keep_months(store.database, store.now())


def _purged(store: Store) -> int:
    return purge_keys(store.database, store.now())
