"""Notices: what stands in the way, said from the grounds alone, so that they are the same whatever the record holds.

Blocks are never among them, for that there are any is an answer of its own (`BLOCKED_EXISTS`).
"""

from collections.abc import Iterator

from hub.consent.facts import Facts
from hub.consent.grounds import Grounds

INCOMPLETE = "incomplete"
"""A consent, block or relation service gave no answer: the result may be incomplete."""
WORKLIST = "own-unit-only"
"""No patient is named, so the answer is clipped to the own unit."""
RELATION_REQUIRED = "relation-required"
NEED_REQUIRED = "need-required"
CONSENT_REQUIRED = "consent-required"
CONSENT_REFUSED = "consent-refused"
"""The patient has said no, but for emergencies: a consent would not count. What closes as a block does is not told here."""


LOG_ONLY = "log-only"
"""A log reviewer sees no record (R05), whatever there is and whatever is registered."""
NO_SOURCE = "no-source"
"""A client without a user that is registered for no source sees nothing (R02)."""
PATIENT_REQUIRED = "patient-required"
"""A guardian or an agent has named nobody; whom they stand in for is not looked for among all."""
STAND_IN = ("guardian", "agent")


def notices(facts: Facts) -> tuple[str, ...]:
    """The codes, in the order in which they are to be shown."""
    return tuple(_notices(facts) if facts.caller.staff else _by_kind(facts.grounds))


def _by_kind(grounds: Grounds) -> Iterator[str]:
    """What stands in the way of those who are no staff, and cannot be registered away."""
    kind = grounds.caller.kind
    if kind == "reviewer" and grounds.request != "audit":
        yield LOG_ONLY
    elif kind == "technician":
        yield NO_SOURCE
    elif kind in STAND_IN and not grounds.named:
        yield PATIENT_REQUIRED


def _notices(facts: Facts) -> Iterator[str]:
    if not facts.grounds.services_up:
        yield INCOMPLETE
    if not facts.grounds.named:
        yield WORKLIST
        if facts.worklist and not facts.needs("worklist"):
            yield NEED_REQUIRED
    elif facts.caller.purpose == "care":
        yield from _missing(facts)


def _missing(facts: Facts) -> Iterator[str]:
    """What a reader for care lacks: first the relation, then the need, then the consent or what stands for it."""
    crosses = facts.caller.scope == "SJF"
    emergency = bool(facts.assertions("emergency")) and facts.caller.kind == "clinician"
    related = facts.related if facts.caller.kind == "clinician" else facts.relations
    if not related and not emergency and (crosses or not facts.near):
        yield RELATION_REQUIRED
    elif crosses and not facts.relevance:
        yield NEED_REQUIRED
    elif crosses and not emergency and not _stands_for_consent(facts):
        yield CONSENT_REFUSED if facts.refusals else CONSENT_REQUIRED


def _stands_for_consent(facts: Facts) -> bool:
    if facts.refusals:
        return False
    return bool(facts.consents("SVOD") or facts.assertions("child") or facts.assertions("incapacity"))
