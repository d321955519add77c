"""Consents given to units whose care provider has them at a security service: it is told of each before it counts here."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from hub.consent.grounds import AnyGround, Consent
from hub.consent.provision import Given
from hub.errors import Conflict, Unprocessable
from hub.interactions.context import Context
from hub.interactions.orders import Order
from hub.sources.security import Action
from hub.store.known import Known

LIMITED = "a consent of some data alone cannot be registered at the security service, which knows no such limits"
NAMELESS = "the security service has consents by number, and the patient's is not known"
REPRESENTED = "Lämnat av patientens företrädare"
BY_THE_PATIENT = "På patientens egen begäran"
"""Reasons, for who reads them at the service."""
HELD_THERE = "a security service has it, and it is ended or lifted there"


def placed(context: Context, told: Known, given: Sequence[Given]) -> Sequence[Given]:
    """The same grounds, once the services that must be told have been.

    Raises: OrdersDue: they have not; Unprocessable: it cannot be registered there.
    """
    if not context.hub.services:
        return given
    before = {each.id: each for each in told.grounds if isinstance(each, Consent)}
    found: list[Given] = []
    due: list[Order] = []
    for each in given:
        if isinstance(each, Consent):
            each, orders = _placed(context, told, each, before.get(each.id))
            due += orders
        found.append(each)
    context.order(due)
    return found


def check_ours(given: AnyGround) -> None:
    """Raises: Conflict: a security service has it, so that ending it here would not end it."""
    if given.service:
        raise Conflict(HELD_THERE)


def _placed(context: Context, told: Known, given: Consent, before: Consent | None) -> tuple[Consent, list[Order]]:
    """A consent as it is to stand, and what its service must be told for that."""
    now = context.hub.clock()
    standing = before if before and _stands_there(context, before) else None
    ending = [_order(context, told, "cancel", standing)] if standing else []
    if given.state != "active" or (given.end and given.end <= now):
        return replace(given, service=before.service if before else ""), ending
    service = context.hub.registers_consents_of(given.provider) if given.regime == "SVOD" else None
    if service is None:
        return given, ending
    if given.limited:
        raise Unprocessable(LIMITED, "Consent.provision")
    wanted = context.registered.get(given.id) or replace(given, service=service.config.name)
    if standing and _terms(standing, now) == _terms(wanted, now):
        return replace(wanted, start=standing.start), []
    return wanted, [_order(context, told, "register", wanted), *ending]


def _stands_there(context: Context, given: Consent) -> bool:
    """Whether a service that is still configured has it in force."""
    over = given.end is not None and given.end <= context.hub.clock()
    return given.service in context.hub.services and given.state == "active" and not over


def _terms(given: Consent, now: datetime) -> tuple[object, ...]:
    """What makes a consent another one from now on."""
    return given.service, given.provider, given.unit, given.employee, given.end, max(given.start, now)


def _order(context: Context, told: Known, verb: Literal["register", "cancel"], consent: Consent) -> Order:
    """Who has it done is the employee; of persons, who have no HSA-id, the owner of the service tells for them."""
    if not told.facts.numbers:
        raise Unprocessable(NAMELESS, "Consent.patient")
    caller, service = context.caller, context.hub.services[consent.service].config
    employee = caller.subject if caller.staff else service.owner
    reason = REPRESENTED if consent.represented_by else "" if caller.staff else BY_THE_PATIENT
    action = Action(employee=employee, commission=caller.commission, at=context.hub.clock(), reason=reason)
    return Order(verb, told.pk, told.facts.numbers[0], consent, action)
