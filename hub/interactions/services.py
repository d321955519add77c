"""Whether the security services that matter to a caller have told of the patient lately, and what to ask them: R08.

Consents and relations are asked of the services that have those of the caller's care provider, blocks of all that have any. Where
one has not told, staff see their own unit's data alone, and the answer says that it may be incomplete, whatever the record holds.
"""

import functools
from collections.abc import Iterator

from hub.caller import Caller
from hub.config import SourceConfig
from hub.consent.grounds import Assertion, Need, Relation
from hub.fhir.outcome import SourceReport
from hub.fhir.types import TYPES
from hub.hub import Hub
from hub.service_questions import BLOCKS, CONSENTS, KINDS, RELATIONS, ServiceQuestion, decided_by, kept_as
from hub.sources.security import Reader
from hub.store.known import Freshness, Known
from hub.store.tables import FOREVER
from hub.store.values import moment

RETRY = 10 * 1_000_000
"""Microseconds for which a service that failed is not asked about that patient again, so that the own unit need not wait."""
LABELS = {
    CONSENTS: ("samtycken", "consents"),
    BLOCKS: ("spärrar", "blocks"),
    RELATIONS: ("patientrelationer", "patient relations"),
}
"""What a reader calls what a service tells of, in Swedish and English."""

Wanted = tuple[SourceConfig, str, str]
"""A service, its contract, and the name under which it is noted when it answered."""


def of_record(resource_type: str) -> bool:
    """Whether it is a part of the record: who somebody is, and who works where, hang on no service."""
    return resource_type != "Patient" and not TYPES[resource_type].shared


def answered(hub: Hub, caller: Caller, told: Known, now: int) -> bool:
    """Whether every service that matters to the caller has told of the patient lately (`now`: microseconds)."""
    return now < answered_until(hub, caller, told)


def answered_until(hub: Hub, caller: Caller, told: Known) -> int:
    """When the first of what the services that matter to the caller have told of the patient is too old (microseconds).

    Gives: 0 where one of them has not told; FOREVER where the question does not arise: no service, no staff, or no patient.
    """
    if not hub.services or not caller.staff or not told.pk:
        return FOREVER
    wanted = _wanted(hub, caller, told)
    return min((_counts_until(told.fresh(service.name, kept), service) for service, _, kept in wanted), default=FOREVER)


def service_questions(hub: Hub, caller: Caller, told: Known, now: int) -> list[ServiceQuestion]:
    """What to ask before deciding: of whom has not told lately, and has not just failed."""
    if not hub.services or not caller.staff or not told.pk or not told.facts.numbers:
        return []
    return [
        ServiceQuestion(told.pk, told.facts.numbers, service, contract, _reader(caller))
        for service, contract, kept in _wanted(hub, caller, told)
        if _due(told.fresh(service.name, kept), service, now)
    ]


def questions_of_one(hub: Hub, caller: Caller, told: Known, now: int) -> list[ServiceQuestion]:
    """The same where the patient is not named but found by the id of something: only on behalf of whom the register knows to
    have to do with the patient. Nobody else learns, by waiting, whether there is something of that id."""
    if not hub.services or not any(
        isinstance(each, Relation | Need | Assertion) and each.personal(caller) for each in told.grounds
    ):
        return []
    return service_questions(hub, caller, told, now)


def service_reports(hub: Hub, caller: Caller, told: Known, now: int) -> list[SourceReport]:
    """What is said in an answer of services that have not told: hangs on them alone."""
    if answered(hub, caller, told, now):
        return []
    found = ((service, contract, told.fresh(service.name, kept)) for service, contract, kept in _wanted(hub, caller, told))
    return [_silent(service, contract, held) for service, contract, held in found if not _fresh(held, service, now)]


def _silent(service: SourceConfig, contract: str, held: Freshness | None) -> SourceReport:
    label, english = LABELS[KINDS[contract]]
    said = functools.partial(SourceReport, source=service.title, contract=label, in_english=english)
    updated = moment(held.succeeded) if held and held.succeeded else None
    return said(code="NoDataSynchFailed", updated=updated, fault=held.fault if held and held.fault else "timed-out")


def _wanted(hub: Hub, caller: Caller, told: Known) -> tuple[Wanted, ...]:
    at = ("services", caller.provider, caller.unit, caller.subject)
    if at not in told.decided:
        told.decided[at] = tuple(_all_wanted(hub, caller))
    held: tuple[Wanted, ...] = told.decided[at]
    return held


def _all_wanted(hub: Hub, caller: Caller) -> Iterator[Wanted]:
    for service in hub.services.values():
        for contract in decided_by(service.config, caller.provider):
            yield service.config, contract, kept_as(contract, _reader(caller))


def _reader(caller: Caller) -> Reader:
    return Reader(caller.provider, caller.unit, caller.subject)


def _counts_until(told: Freshness | None, service: SourceConfig) -> int:
    return told.succeeded + int(service.max_age * 1_000_000) if told and told.succeeded and not told.fault else 0


def _fresh(told: Freshness | None, service: SourceConfig, now: int) -> bool:
    return now < _counts_until(told, service)


def _due(told: Freshness | None, service: SourceConfig, now: int) -> bool:
    just_failed = told is not None and bool(told.fault) and now - told.asked < RETRY
    return not just_failed and not _fresh(told, service, now)
