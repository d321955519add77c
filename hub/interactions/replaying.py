"""Decisions of the log made again, from the entry and from what the hub knew then: to the same outcome and the same rules.

Grounds are bitemporal, and so are the register's facts, the record and its custody: each is read as it stood then, though answers
go by the custody of today. A worklist is no one record, nor is a source's own view, and an entry of several types does not name
them: what was withheld there is not counted; each version that was released is judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.caller import Caller
from hub.consent.decision import decide
from hub.consent.notices import INCOMPLETE
from hub.consent.release import Outcome, Release, outcome_of
from hub.fhir.custody import Custody
from hub.fhir.identity import rid
from hub.fhir.json import dumps
from hub.fhir.types import TYPES
from hub.hub import Hub
from hub.interactions.scopes import scopes
from hub.interactions.view import decided_on, grounds
from hub.store.audit_reading import Logged
from hub.store.known import Known, nobody
from hub.store.known_then import custodies_of_version, known_then, records_of
from hub.store.search import View
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import moment


@dataclass(frozen=True, slots=True)
class Replayed:
    """`decision`: whether there was one to make again; `fault`: what came out otherwise, in words; empty: all the same.

    `too_little`: there was one, but the entry, of an older form, does not say all that it rests on: it was not made again.
    """

    decision: bool
    fault: str = ""
    too_little: bool = False


def replay(store: Store, hub: Hub, entry: Logged) -> Replayed:
    """Make the decision of an entry again."""
    content = entry.content
    who = content.get("who", {})
    if content.get("outcome") == "refuse" and content.get("rules") and "kind" in who:
        return _refused(entry, content)
    named = content.get("named")
    if "decided" not in content or "epoch" not in content or not (named or entry.pk == NO_PATIENT):
        return Replayed(False)
    if not _is_whole(who):
        return Replayed(False, too_little=True)
    if named and entry.pk == NO_PATIENT:
        return Replayed(True, "" if not content.get("released") else "something was released of nobody")
    told = _told(store, entry, content)
    if told is None:
        return Replayed(True, "the patient is not there any more")
    return Replayed(True, _Again(store, hub, entry, content, told, scopes(hub, caller_of(who, ""))).fault())


def _refused(entry: Logged, content: Mapping[str, Any]) -> Replayed:
    caller = caller_of(content["who"], "")
    release = decide(grounds(moment(entry.at), caller, nobody(entry.at), named=True, services_up=True))
    rule = release.refusal.rule if release.refusal else "none"
    return Replayed(True, "" if [rule] == content["rules"] else f"refused by {rule}, not by {content['rules'][0]}")


KINDS = ("Observation", "Patient", "RelatedPerson", "Practitioner")
"""One of each kind of type that decisions tell apart: of the record, of who somebody is, and of no patient."""


@dataclass(frozen=True, slots=True)
class _Again:
    store: Store
    hub: Hub
    entry: Logged
    content: Mapping[str, Any]
    told: Known
    places: Sequence[str]
    """Where a resource of an id may lie (`hub.interactions.scopes`)."""

    def fault(self) -> str:
        release = self._decision()
        if release is None:
            return "the grounds as the history has them do not give the decision that was logged"
        return self._of_released(release) or self._of_withheld(release)

    def _decision(self) -> Release | None:
        """The decision of the entry's digest. Of several types, not named, it is that of the first of patients, or of the
        first."""
        for kind in (self.content["type"],) if self.content["type"] else KINDS:
            release, basis = self._release(kind)
            if basis == self.content["basis"]:
                return release
        return None

    def _of_released(self, release: Release) -> str:
        rules = set()
        says = release.asks_of_resources
        for line in self.entry.unshown.get("released", ()):
            fhir_id, _, version = line.partition("/")
            found = self._versions(fhir_id, version, says)
            outcomes = [outcome_of(self._release(kind)[0], custody) for kind, custody in found]
            if not outcomes:
                return "a version that was released is not there any more"
            permitting = [rule for outcome, rule in outcomes if outcome is Outcome.PERMIT]
            if not permitting:
                return f"what was released would be withheld by {outcomes[0][1]}"
            rules.add(next((rule for rule in permitting if rule in self.content["rules"]), permitting[0]))
        same = not rules or sorted(rules) == list(self.content["rules"])
        return "" if same else f"released by {' '.join(sorted(rules))}, not by {' '.join(self.content['rules'])}"

    def _versions(self, fhir_id: str, version: str, says: bool) -> list[tuple[str, Custody]]:
        """The type and custody of a released version, as it was then; of several where clients chose one id.

        Takes: `says`: with what its entry said.
        """
        connection, pk = self.store.reader(), self.entry.pk
        if pk != NO_PATIENT:
            of_patient = custodies_of_version(connection, [pk], fhir_id, version, self.content["asof"], says)
            return of_patient or self._shared(fhir_id, version, says)
        main = self.content["type"]
        for kinds in ((main,), tuple(each for each in TYPES if each != main)):
            pks = records_of(
                connection, [rid(self.store.keys.identity, scope + kind, fhir_id) for scope in self.places for kind in kinds]
            )
            found = custodies_of_version(connection, pks, fhir_id, version, self.entry.at, says) if pks else []
            if found:
                return found
        return custodies_of_version(connection, None, fhir_id, version, self.entry.at, says)  # its client is no longer configured

    def _shared(self, fhir_id: str, version: str, says: bool) -> list[tuple[str, Custody]]:
        """The same of what belongs to no patient, as it was when the answer left."""
        names = [
            rid(self.store.keys.identity, scope + kind, fhir_id) for scope in self.places for kind in TYPES if TYPES[kind].shared
        ]
        pks = records_of(self.store.reader(), names)
        found = custodies_of_version(self.store.reader(), pks, fhir_id, version, self.entry.at, says) if pks else []
        return [each for each in found if TYPES[each[0]].shared]

    def _of_withheld(self, release: Release) -> str:
        logged = self.entry.unshown.get("withheld")
        if logged is None or not self.content["type"]:
            return ""
        view = View("patient", release, pk=self.entry.pk, asof=self.content["snapshot"])
        counted = self.store.search.withheld(self.store.reader(), view, self.content["type"], then=True)
        same = sorted(dumps(each._asdict()) for each in counted) == sorted(map(dumps, logged))
        return "" if same else "other entries would be withheld than were"

    def _release(self, resource_type: str) -> tuple[Release, str]:
        caller = caller_of(self.content["who"], self._person())
        up = INCOMPLETE not in self.content["notices"]
        given = grounds(moment(self.content["decided"]), caller, self.told, bool(self.content.get("named")), up)
        return decided_on(self.hub, caller, resource_type, self.told, given)

    def _person(self) -> str:
        """A number of the patient's, or of a guardian, where the entry says that the record was the caller's to ask for."""
        held = self.told.facts.guardians if self.content["who"].get("kind") == "guardian" else self.told.facts.numbers
        return str(held[0]) if self.content.get("own") and held else ""


def _told(store: Store, entry: Logged, content: Mapping[str, Any]) -> Known | None:
    """What was known: of the named patient; of nobody where there was none, and then only what who asked had stated."""
    asked = content["who"].get("subject", "")
    told = known_then(store.reader(), entry.pk, content["asof"], content["epoch"], content["decided"], asked)
    kind = TYPES.get(content["type"])
    if told is None or content.get("named"):
        return told
    shared = kind is not None and kind.shared
    stated = (each for each in told.grounds if not shared and getattr(each, "employee", "") == asked)
    return replace(told, grounds=tuple(stated))


def _is_whole(who: Mapping[str, Any]) -> bool:
    """Whether an entry says who it was as far as decisions turn on it: those of an older form do not name a client's source."""
    return "kind" in who and (who["kind"] != "system" or "source" in who)


def caller_of(who: Mapping[str, Any], person: str) -> Caller:
    """The caller of an entry, as far as decisions turn on one."""
    return Caller(
        kind=who["kind"],
        subject=who.get("subject", ""),
        client=who.get("client", ""),
        issuer="",
        loa=who.get("loa", 0),
        purpose=who.get("purpose", "none"),
        scope=who.get("scope", "VE"),
        commission=who.get("commission", ""),
        provider=who.get("provider", ""),
        unit=who.get("unit", ""),
        social_unit=who.get("social"),
        role=who.get("role", ""),
        officer=who.get("officer", False),
        block_administrator=who.get("blocks", False),
        person=person,
        source=who.get("source", ""),
    )
