"""What a security service must be told before the hub writes it down: a consent that is given, or ended.

The service is told first, outside of any transaction; then the work is done again, with what was told at hand. Where the work
fails after all, what was registered is cancelled.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hub.consent.grounds import Consent
from hub.errors import Conflict, Unreachable
from hub.fhir.identifiers import Identifier
from hub.hub import Hub
from hub.refresh import asking
from hub.sources import Fault, SourceFailed
from hub.sources.security import Action, Reader, Refused, Registration, SecurityService
from hub.told_grounds import assertion_id

CONTRACTS = {"register": "RegisterExtendedConsent", "cancel": "CancelExtendedConsent"}


@dataclass(frozen=True, slots=True)
class Order:
    """One thing to tell a service."""

    verb: Literal["register", "cancel"]
    pk: int
    number: Identifier
    consent: Consent
    """As it is to stand, or stood."""
    action: Action


class OrdersDue(Exception):
    """Services are to be told before the work goes on; nothing is done yet."""

    def __init__(self, orders: Sequence[Order]) -> None:
        super().__init__()
        self.orders = orders


async def carry_out(hub: Hub, order: Order) -> None:
    """Tell the service; that it is told is in the log before the number leaves the hub.

    Raises: Unreachable: it gave no answer that counts; Conflict: it refused. Either way nothing is left of it there, as far
    as can be seen to.
    """
    service = hub.services[order.consent.service]
    try:
        await _told(hub, service, order)
    except Refused as refused:
        text = f"the security service {service.config.title} does not do it: {refused.code}"
        raise Conflict(text, "Consent") from None
    except SourceFailed as failure:
        if order.verb == "register" and failure.fault not in (Fault.NAME, Fault.REFUSED, Fault.TLS, Fault.BREAKER):
            await take_back(hub, order)  # it may have been done, though no word of it came
        text = f"the security service {service.config.title}, which must be told first, gives no answer: {failure.fault}"
        raise Unreachable(text, "Consent") from None


async def take_back(hub: Hub, order: Order) -> None:
    """Cancel what was registered. Where that fails, the metrics tell of it: the service has what the hub has not."""
    service = hub.services[order.consent.service]
    contract = CONTRACTS["cancel"]
    try:
        await service.cancel(order.number, _id(hub, order), order.action)
    except (SourceFailed, Refused):
        hub.observe_source(service.config.name, contract, "not-taken-back", 0.0)
    else:
        hub.observe_source(service.config.name, contract, "taken-back", 0.0)


async def _told(hub: Hub, service: SecurityService, order: Order) -> None:
    name, contract, consent = service.config.name, CONTRACTS[order.verb], order.consent
    await hub.store.commit(asking(order.pk, service.config, contract))
    try:
        if order.verb == "cancel":
            await service.cancel(order.number, _id(hub, order), order.action)
        else:
            reader = Reader(consent.provider, consent.unit, consent.employee)
            given = Registration(id=_id(hub, order), reader=reader, start=consent.start, end=consent.end)
            await service.register(order.number, given, order.action)
    except SourceFailed as failure:
        hub.observe_source(name, contract, str(failure.fault), 0.0)
        raise
    except Refused:
        hub.observe_source(name, contract, str(Fault.LOGICAL), 0.0)
        raise
    hub.observe_source(name, contract, "answered", 0.0)


def _id(hub: Hub, order: Order) -> str:
    return assertion_id(hub.store.keys.identity, order.consent)
