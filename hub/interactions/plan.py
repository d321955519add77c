"""Which sources could matter for an answer, how fresh they are, and what is said of them in it.

Sources are named by policy (what they could hold that the caller could see), never by what was found.
"""

import functools
from collections.abc import Container, Iterator
from dataclasses import dataclass

from hub.caller import Caller
from hub.config import SourceConfig
from hub.consent.reach import could_permit
from hub.consent.release import Outcome
from hub.fhir.outcome import SourceReport, StatusCode, report_outcome
from hub.fhir.resource import Resource
from hub.hub import MAPPERS, Hub
from hub.interactions.view import Sight, concerns
from hub.refresh import Question
from hub.store.known import Freshness, Known
from hub.store.tables import FOREVER
from hub.store.values import moment

LABELS = {
    "rivta_persons": "personuppgifter",
    "rivta_care_plans": "vårdplaner",
    "rivta_medication_history": "läkemedel",
    "rivta_laboratory": "provsvar",
    "rivta_care_contacts": "vårdkontakter",
    "rivta_schedule": "bokade tider",
    "hl7v2_oru_r01": "provsvar",
    "hl7v2_siu": "bokade tider",
    "fhir_r4": "journaluppgifter",
    "csv_care_plans": "vårdplaner",
    "csv_care_team": "vårdteam",
}
"""What a reader calls a contract."""
ENGLISH = {
    "personuppgifter": "personal data",
    "vårdplaner": "care plans",
    "läkemedel": "medications",
    "provsvar": "laboratory results",
    "vårdkontakter": "care contacts",
    "bokade tider": "appointments",
    "journaluppgifter": "records",
    "vårdteam": "care teams",
}
"""The same, in English."""


def reachable(hub: Hub, sight: Sight, resource_type: str) -> tuple[tuple[SourceConfig, str], ...]:
    """Every source and contract that could hold something of this type that the caller could see."""
    if not sight.named or sight.view.kind != "patient" or sight.view.pk <= 0:
        return ()
    worked, at = sight.release.worked, ("reachable", resource_type)
    if at not in worked:
        worked[at] = tuple(_reachable(hub, sight, resource_type))
    held: tuple[tuple[SourceConfig, str], ...] = worked[at]
    return held


def _reachable(hub: Hub, sight: Sight, resource_type: str) -> Iterator[tuple[SourceConfig, str]]:
    for source in hub.clinical:
        if any(could_permit(sight.release, source.name, each) for each in source.holders):
            for contract in source.contracts:
                gives = MAPPERS[contract].gives
                if not gives or resource_type in gives or resource_type == "Provenance":
                    yield source, contract


def stale(hub: Hub, sight: Sight, resource_type: str, now: int) -> list[Question]:
    """The questions to ask before answering: of sources that can be asked, and were not a short while ago."""
    told = sight.known
    if not told.facts.numbers:
        return []
    return [
        Question(told.pk, told.facts.numbers[0], source, contract)
        for source, contract in reachable(hub, sight, resource_type)
        if source.name in hub.fetchers and not _fresh(told.fresh(source.name, contract), source, now)
    ]


def stale_of(hub: Hub, told: Known, providers: Container[str], now: int) -> list[Question]:
    """The questions to the sources that hold what these care providers have of a patient, whatever the caller could see of it."""
    if not told.facts.numbers:
        return []
    return [
        Question(told.pk, told.facts.numbers[0], source, contract)
        for source in hub.clinical
        if source.name in hub.fetchers and any(each in providers for each in source.holders)
        for contract in source.contracts
        if not _fresh(told.fresh(source.name, contract), source, now)
    ]


def all_fresh(hub: Hub, told: Known, now: int) -> bool:
    """Whether every source that can be asked has told of the patient lately, whatever it could hold."""
    asked = ((source, contract) for source in hub.clinical if source.name in hub.fetchers for contract in source.contracts)
    return all(_fresh(told.fresh(source.name, contract), source, now) for source, contract in asked)


def register_question(hub: Hub, caller: Caller, sight: Sight, now: int) -> Question | None:
    """What to ask the population register before answering: the patient is named, and it has not told of the patient lately.

    None as well for whoever could see nothing of the answer: nobody learns by asking whether there is such a patient.
    """
    if not sight.named or sight.view.kind != "patient" or sight.view.pk <= 0 or hub.register is None:
        return None
    if not concerns(caller, sight.known):
        return None
    if caller.kind != "guardian" and not any(row.outcome is Outcome.PERMIT for row in sight.release.rows):
        return None
    return question_about(hub, sight.known, now)


def question_about(hub: Hub, told: Known, now: int) -> Question | None:
    """The question to the population register about a patient; None: it told of the patient lately, or there is none."""
    register = hub.register
    if register is None or register.name not in hub.fetchers or not told.facts.numbers:
        return None
    contract = register.contracts[0]
    held = told.fresh(register.name, contract)
    lately = held and not held.fault and now - held.asked < register.max_age * 1_000_000
    return None if lately else Question(told.pk, told.facts.numbers[0], register, contract)


def register_fault(hub: Hub, told: Known, since: int) -> str:
    """Why the register, asked in this request, has not told of a patient."""
    register = hub.register
    held = told.fresh(register.name, register.contracts[0]) if register else None
    return held.fault if held and held.asked >= since and held.fault else "timed-out"


def reports(hub: Hub, sight: Sight, resource_type: str, now: int, since: int) -> list[SourceReport]:
    """What each source that could matter did.

    Takes: `since`: when this request began (microseconds); what was fetched after that was fetched for it.
    """
    return [_report(hub, sight, source, contract, now, since) for source, contract in reachable(hub, sight, resource_type)]


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said of the sources, on what, and from when until when the same would be said (microseconds)."""

    issues: list[Resource]
    freshness: tuple[Freshness, ...]
    pushed: list[tuple[int, bool]]
    reachable: tuple[tuple[SourceConfig, str], ...]
    after: int
    until: int

    def stands(self, freshness: object, pushed: object, reachable: object, now: int, since: int) -> bool:
        same = self.freshness is freshness and self.reachable is reachable and self.pushed == pushed
        return same and self.after < since and now < self.until


def source_issues(hub: Hub, sight: Sight, resource_type: str, now: int, since: int) -> list[Resource]:
    """What is said of each source that could matter: worked out anew once one has told something or has grown old.

    Takes: as `reports`.
    """
    could, told, at = reachable(hub, sight, resource_type), sight.known, ("said of sources", resource_type)
    pushed = [
        (hub.pushed.get(source.name, 0), (source.name, contract) in hub.pushed_partly)
        for source, contract in could
        if source.name not in hub.fetchers
    ]
    held: _Said | None = told.decided.get(at)
    if held and held.stands(told.freshness, pushed, could, now, since):
        return held.issues
    outcome = report_outcome(reports(hub, sight, resource_type, now, since))
    said = _Said(outcome["issue"] if outcome else [], told.freshness, pushed, could, *_stands(hub, told, could, now))
    if said.after < since:  # else what is said is of this request alone
        told.decided[at] = said
    return said.issues


def _stands(hub: Hub, told: Known, could: tuple[tuple[SourceConfig, str], ...], now: int) -> tuple[int, int]:
    """After which time a request must have begun, and before which it must be answered, for the same to be said of sources.
    Where one of them is not fresh, what is said depends on the request: never."""
    after, until = 0, FOREVER
    for source, contract in could:
        if source.name in hub.fetchers:
            held = told.fresh(source.name, contract)
            if held is None or held.succeeded is None or not _fresh(held, source, now):
                return FOREVER, 0
            after, until = max(after, held.succeeded), min(until, held.succeeded + int(source.max_age * 1_000_000))
    return after, until


def silent_register(hub: Hub, fault: str, known: bool) -> SourceReport | None:
    """What is said when the register does not tell whose a number is; `known`: the hub knew it from before."""
    register = hub.register
    code: StatusCode = "DataFromCacheSynchFailed" if known else "NoDataSynchFailed"
    label = LABELS["rivta_persons"]
    said = functools.partial(SourceReport, contract=label, in_english=ENGLISH.get(label, ""))
    return said(source=register.title, code=code, fault=str(fault)) if register else None


def _report(hub: Hub, sight: Sight, source: SourceConfig, contract: str, now: int, since: int) -> SourceReport:
    told = sight.known.fresh(source.name, contract)
    label = LABELS.get(contract, contract)
    said = functools.partial(SourceReport, source=source.title, contract=label, in_english=ENGLISH.get(label, ""))
    partial = bool(told and told.partial)
    if source.name not in hub.fetchers:
        pushed = hub.pushed.get(source.name)
        partial = partial or (source.name, contract) in hub.pushed_partly
        when = moment(pushed) if pushed else None
        return said(code="DataFromCache", updated=when, partial=partial)
    updated = moment(told.succeeded) if told and told.succeeded else None
    if told and told.succeeded and told.succeeded >= since:
        return said(code="DataFromSource", updated=updated, partial=partial)
    if _fresh(told, source, now):
        return said(code="DataFromCache", updated=updated, partial=partial)
    fault = told.fault if told and told.asked >= since and told.fault else "timed-out"
    code = "DataFromCacheSynchFailed" if updated else "NoDataSynchFailed"
    return said(code=code, updated=updated, fault=fault, partial=partial)  # type: ignore[arg-type]  # one of the four codes


def _fresh(told: Freshness | None, source: SourceConfig, now: int) -> bool:
    return bool(told and told.succeeded and not told.fault and now - told.succeeded < source.max_age * 1_000_000)
