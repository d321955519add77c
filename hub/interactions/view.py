"""What a caller may look at: the named patient's record, the own unit's, a source's own, the directory; each under a Release.

Consent, SMART scope and compartment are three gates, each on its own; here consent and compartment become one View.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.caller import Caller
from hub.catalogue import SOURCE as CATALOGUE
from hub.consent.decision import decide, good_until
from hub.consent.grounds import AnyGround, Grounds, Request
from hub.consent.payloads import to_payload, with_rows
from hub.consent.release import TRUE, Equals, Outcome, Release, Row, all_of, any_of, closed, negation
from hub.fhir.custody import CONSENT, HUB, LIFTING, OWN
from hub.fhir.json import dumps
from hub.fhir.types import TYPES
from hub.hub import Hub
from hub.interactions.services import answered_until
from hub.store.known import Known
from hub.store.patients import Facts
from hub.store.search import View
from hub.store.tables import FOREVER, NO_PATIENT
from hub.store.values import micros, moment

DEMOGRAPHICS = "DEMOGRAPHICS"
"""The rule by which care staff may see who a patient is (API.md section 3): a grant of its own, apart from any record."""
PERSONS = ("Patient", "RelatedPerson")
"""Types that tell who somebody is: staff see them by naming the patient, never by searching among many (API.md section 3)."""
DIRECTORY = "DIRECTORY"
"""The rule by which any signed-in person may see who works where."""
COMPARTMENT = "COMPARTMENT"
"""The rule that hides another person's record from a patient, a guardian or an agent."""
ERRAND = "ERRAND"
"""The rule that hides from guardians what staff asked of others for the child, and who is to read of one who is protected."""
ABSENT = -1
"""A patient key that no patient has: the same statements are run for who does not exist."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A view with what it was decided on."""

    view: View
    known: Known
    named: bool
    """One patient was named (whether or not there is such a patient)."""
    decided: int = 0
    """Microseconds: the time that the grounds were weighed at; the decision has stood since."""
    basis: str = ""
    """A digest of what it was decided on, and of what was decided."""
    until: int = FOREVER
    """Microseconds: from then on the same grounds may decide otherwise."""
    said: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What the log says of it in every entry (`hub.interactions.logbook`)."""

    @property
    def release(self) -> Release:
        return self.view.release

    @property
    def epochs(self) -> tuple[tuple[int, int], ...]:
        """What the log entry must find unmoved. Of a patient who does not exist as of one who does, so that it takes as long."""
        if self.known.epoch:
            return ((self.known.pk, self.known.epoch),)
        return ((ABSENT, 0),) if self.named and not self.known.fhir_id else ()


def sight(hub: Hub, caller: Caller, resource_type: str, told: Known, named: bool, request: Request = "care") -> Sight:
    """What `caller` may look at of `resource_type`.

    Takes: `told`: what is known of the named patient; of nobody (pk 0) where none is named.
    """
    held = _release(hub, caller, resource_type, told, named, request)
    if held.seen is not None and held.seen.known is told:
        return held.seen
    release = held.release
    if caller.kind == "guardian" and named and not TYPES[resource_type].shared and not _guarded_now(hub, told):
        release = release if release.refusal else _single(Row(TRUE, Outcome.HIDE, COMPARTMENT))
    if caller.kind == "system":
        view = View("source", release, source=caller.source)
    elif TYPES[resource_type].shared:
        view = View("patient", release, pk=NO_PATIENT, asof=told.recorded)
    elif named:
        view = View("patient", release, pk=told.pk or ABSENT, asof=told.recorded)
    else:
        view = View("unit", release, provider=caller.provider, unit=caller.unit)
    seen = Sight(view, told, named, held.decided, held.basis, micros(held.until))
    if caller.kind != "guardian":  # what guardians see hangs on the time as well
        held.seen = seen
    return seen


@dataclass(slots=True)
class _Decided:
    """A Release, on what it was decided, and when it holds: as long as the same decision would come of it."""

    since: datetime
    until: datetime
    caller: Caller
    facts: Facts
    grounds: tuple[AnyGround, ...]
    release: Release
    decided: int
    basis: str
    seen: Sight | None = None
    """What was last made of it."""

    def stands(self, now: datetime, caller: Caller, told: Known) -> bool:
        same = self.facts is told.facts and self.grounds is told.grounds and (self.caller is caller or self.caller == caller)
        return same and self.since <= now < self.until


def _release(hub: Hub, caller: Caller, resource_type: str, told: Known, named: bool, request: Request) -> _Decided:
    now = hub.clock()
    until = answered_until(hub, caller, told) if hub.services else FOREVER
    up = micros(now) < until
    at = (_alike(hub, resource_type), named, request, up)
    held: _Decided | None = told.decided.get(at)
    if held is None or not held.stands(now, caller, told):
        given = grounds(now, caller, told, named, up, request)
        release, stated = decided_on(hub, caller, resource_type, told, given)
        good = good_until(given) if until == FOREVER or not up else min(good_until(given), moment(until))
        held = _Decided(now, good, caller, told.facts, told.grounds, release, micros(now), stated)
        told.decided[at] = held
    return held


def _alike(hub: Hub, resource_type: str) -> str:
    """The type itself where the decision hangs on it (`_decided`); nothing for those on which it is one and the same."""
    return resource_type if TYPES[resource_type].shared or (hub.register and resource_type in PERSONS) else ""


def decided_on(hub: Hub, caller: Caller, resource_type: str, told: Known, given: Grounds) -> tuple[Release, str]:
    """The decision on these grounds, and a digest of it with what it rests on: the same whenever it is made."""
    release = _decided(hub, caller, resource_type, told, given)
    return release, basis_of(given, told.grounds, release)


def basis_of(given: Grounds, grounds: Iterable[AnyGround], release: Release) -> str:
    """A digest of a decision with all it rests on: facts of the patient, grounds as they stood, rows of the Release."""
    held = (row for row in grounds if row.KIND in ("relation", "consent") or row.end is None or row.end > given.now)
    rows = sorted(((row.KIND, row.id, to_payload(row)) for row in held), key=lambda row: row[:2])
    facts = given.patient and (str(given.patient.born), given.patient.deceased, given.patient.protected)
    return hashlib.sha256(dumps([facts, rows, release.digest])).hexdigest()


def _decided(hub: Hub, caller: Caller, resource_type: str, told: Known, given: Grounds) -> Release:
    decided = decide(given)
    if decided.refusal or caller.kind in ("system", "technician", "anonymous"):
        return decided
    if TYPES[resource_type].shared:
        return _single(Row(Equals("source", CATALOGUE), Outcome.PERMIT, DIRECTORY))
    if not concerns(caller, told):
        return _single(Row(TRUE, Outcome.HIDE, COMPARTMENT), decided.notices)
    if caller.kind == "guardian":
        decided = _errands_apart(decided, told)
    register = hub.register
    if resource_type in PERSONS and register:
        return _demographics(caller, resource_type, decided, register.name)
    return decided


def grounds(now: datetime, caller: Caller, told: Known, named: bool, services_up: bool, request: Request = "care") -> Grounds:
    """All that the decision knows. Rows that are over, or another's, do no harm.

    Takes: `services_up`: whether the security services have told of the patient (`hub.interactions.services`).
    """
    patient = told.facts.for_consent() if named and told.pk else None
    bare = Grounds(caller=caller, now=now, patient=patient, named=named, request=request, services_up=services_up)
    return with_rows(bare, told.grounds)


def _guarded_now(hub: Hub, told: Known) -> bool:
    """Whether the register said a short while ago who the guardians are: what it said longer ago opens nothing."""
    register = hub.register
    if register is None:
        return True
    held = told.fresh(register.name, register.contracts[0])
    oldest = hub.store.now() - (register.max_age + hub.config.deadline) * 1_000_000
    return bool(held and held.succeeded and held.succeeded >= oldest)


def concerns(caller: Caller, told: Known) -> bool:
    """Whether the named patient is the caller's own, or a child of the caller's; staff may name anyone."""
    if caller.kind == "patient":
        return caller.person in {str(each) for each in told.facts.numbers}
    if caller.kind == "guardian":
        return caller.person in {str(each) for each in told.facts.guardians}
    return True


def _demographics(caller: Caller, resource_type: str, decided: Release, register: str) -> Release:
    """The register's entry, no source's: to care staff by a grant of its own, to the person by the person's own rules."""
    held = Equals("source", register)
    staff = caller.staff and caller.purpose == "care"
    near = "relation-required" not in decided.notices
    if staff and (resource_type == "Patient" or near):
        return Release(closed([Row(held, Outcome.PERMIT, DEMOGRAPHICS)]), ())
    if caller.staff or caller.kind == "reviewer":
        return _single(Row(TRUE, Outcome.HIDE, DEMOGRAPHICS), decided.notices)
    return replace(decided, rows=closed([Row(negation(held), Outcome.HIDE, DEMOGRAPHICS), *decided.rows]))


def _errands_apart(decided: Release, told: Known) -> Release:
    """To a guardian: without requests to lift, which tell who treats the child and who may have blocked what (of both only the
    patient's own log and `hub.interactions.existence` tell); of a child with protected identity without its Consents, which name
    units that treat it."""
    kinds = (LIFTING, CONSENT) if told.facts.protected else (LIFTING,)
    ours, errand = (
        any_of(*(Equals(name, each) for each in held)) for name, held in (("source", (HUB, OWN)), ("info_type", kinds))
    )
    return replace(decided, rows=closed([Row(all_of(ours, errand), Outcome.HIDE, ERRAND), *decided.rows]))


def _single(row: Row, notices: tuple[str, ...] = ()) -> Release:
    return Release(closed([row]), notices)
