"""Worlds that differ, for one caller at a time, in just what is withheld from that caller; and the same request in both.

What is withheld is said by the plain-Python reading of the Release: the SQL that answers has no part in it.
"""

import asyncio
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.consent.grounds import Block, Consent, Need, Relation
from hub.consent.limits import Data, Limits
from hub.consent.release import Outcome, outcome_of
from hub.fhir.custody import API_FAMILY, Custody, Said
from hub.fhir.identity import logical_id, rid
from hub.fhir.said import said
from hub.interactions.view import sight
from hub.store.deposit import deposit
from hub.store.known import known
from hub.store.past import PastVersions
from hub.store.prepared import Kept
from hub.store.search import Searcher
from tests.api.conftest import CUSTODY, E1, E2, E3, KEYS, M1, NOW, P1, P2, S1, U1, U2, U3, House, Patient

CALLERS = (
    *("doctor", "doctor-vg", "doctor-ve", "nurse", "assistant", "sister", "elsewhere"),
    *("social", "quality", "patient", "alfa-client", "reviewer", "technician"),
)
AT_HOME = {"provider": P1, "unit": U1, "source": "alfa"}
BESIDE = {"provider": P1, "unit": U2, "source": "alfa"}
AWAY = {"provider": P2, "unit": U3, "source": "beta"}
BLOCKED_DAYS = (datetime(2040, 10, 20, tzinfo=UTC), datetime(2040, 10, 25, tzinfo=UTC))
KINDS: tuple[dict[str, Any], ...] = (
    *(AT_HOME, BESIDE, AWAY),
    *(each | {"released": False} for each in (AT_HOME, AWAY)),
    *(each | {"nullified": True} for each in (AT_HOME, BESIDE)),
    *(each | {"insurance": True} for each in (AT_HOME, AWAY)),
    *(AWAY | {"info_type": kind} for kind in ("lak", "upp")),
    *(AWAY | {"purpose": "quality"}, AWAY | {"regime": "NLL"}, AWAY | {"secret": True}, AWAY | {"incapacity": True}),
    *(BESIDE | {"time_from": BLOCKED_DAYS[0], "time_to": BLOCKED_DAYS[0]}, AWAY | {"time_from": None, "time_to": None}),
    {"provider": M1, "unit": S1, "source": "alfa", "social": True},
    {"provider": None, "unit": None, "source": "alfa"},
    {"provider": None, "unit": None, "source": "own", "regime": "OWN"},
)
"""Custody of entries: each of those that callers see or do not see for reasons of their own."""
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
BY_RESOURCE = Limits(
    labels=((CONFIDENTIALITY, "N"),), but=(Limits(kinds=("Observation",), data=(Data("authoredby", "Practitioner/a"),)),)
)
"""What one unit may see of others': what is labelled as normal, but for the Observations that somebody made."""
TYPES = ("Observation", "Encounter", "Condition", "DiagnosticReport", "MedicationRequest", "DocumentReference")
CODES = ("29463-7", "8480-6", "718-7")
ENTRIES = 40
BATCH = 256
"""Requests on their way at once: they share commits of the log, on which no answer turns."""


@dataclass(frozen=True)
class Entry:
    """What is held, or would be held, of one number: a resource in one entry, changed or withdrawn later."""

    number: int
    type: str
    id: str
    custody: dict[str, Any]

    @property
    def gone(self) -> bool:
        """Whether its source has withdrawn it."""
        return self.number % 7 == 5

    def resource(
        self, patient: Patient, entries: Sequence["Entry"], version: int, held: frozenset[int] | None = None
    ) -> dict[str, Any]:
        """What its source says of it. Takes: `held`: the entries that its source has ever spoken of; None: all. Where it must
        speak of one, it speaks of something that nobody has."""
        n = self.number
        coding = {"coding": [{"system": "http://loinc.org", "code": CODES[(n + version) % 3]}], "text": f"word{n} word"}
        status = ("final", "amended")[(n + version) % 2]
        coded = {"status": status, "code": coding}
        about = {"reference": f"Patient/{patient.id}"}
        day = f"2040-10-{n % 28 + 1:02}"

        def to(kind: str, must: bool = False, most: int = 3) -> list[dict[str, Any]]:
            beside = 2 if kind == "DocumentReference" else 0
            found = [each for each in entries if each.type == kind and (each.number + n) % 3 == beside][:most]
            nowhere = {"reference": f"{kind}/{'b' * 26}", "display": "nowhere"}
            return [each.pointed(version) if told else nowhere for each in found if (told := self._speaks(each, held)) or must]

        def other(kind: str) -> dict[str, Any]:
            return next(iter(to(kind, most=1)), {})

        inner = {"hasMember": members} if (members := to("Observation")) else {}

        said: dict[str, Any] = {
            "Observation": {"status": status, "code": coding, "effectiveDateTime": day, "hasMember": to("Observation")},
            "Encounter": {
                "status": "finished",
                "class": {"code": "AMB"},
                "period": {"start": day},
                "diagnosis": [{"condition": each} for each in to("Condition", must=True)],
                "contained": [{"resourceType": "Observation", "id": "c"} | coded | inner],
                "reasonReference": [{"reference": "#c"}],
            },
            "Condition": {"code": coding, "onsetDateTime": day, "encounter": other("Encounter")},
            "DiagnosticReport": {"status": status, "code": coding, "effectiveDateTime": day, "result": to("Observation")},
            "MedicationRequest": {
                "status": "active",
                "intent": "order",
                "authoredOn": day,
                "medicationCodeableConcept": coding,
                "reasonReference": to("Condition"),
            },
            "DocumentReference": {
                "status": "current",
                "date": f"{day}T08:00:00Z",
                "content": [{"attachment": {"title": "title"}}],
                "relatesTo": [{"code": "replaces", "target": each} for each in to("DocumentReference", must=True)],
            },
        }[self.type]
        if self.type == "Observation":
            said |= {"performer": [{"reference": f"Practitioner/{'ab'[n // 4 % 2]}"}], "encounter": other("Encounter")}
            said["extension"] = [{"url": "urn:x:e", "valueReference": each} for each in to("Condition")]
        label = ("N", "R", "N", "")[(n + version) // 2 % 4]
        said |= {"meta": {"security": [{"system": CONFIDENTIALITY, "code": label}]}} if label else {}
        made = {"resourceType": self.type, "subject": about, "identifier": [{"system": "urn:x", "value": str(n)}]} | said
        return {name: value for name, value in made.items() if value}

    def pointed(self, version: int) -> dict[str, Any]:
        """As others refer to it, the odd ones to a version, with what they say of it."""
        seen = f"{self.type}/{self.id}" + ("/_history/1" if self.number % 2 and version else "")
        says = {"identifier": {"system": "urn:x", "value": str(self.number)}, "display": f"beside{self.number}"}
        return {"reference": seen} | says

    def _speaks(self, other: "Entry", held: frozenset[int] | None) -> bool:
        """Whether its source speaks of another entry. What another source's client holds it does not know of, and whatever id it
        writes means nothing of that (docs/decisions/0038)."""
        return held is None or (other.number in held and {self.custody["source"], other.custody["source"]} != {"alfa", "beta"})

    def says(self, patient: Patient) -> tuple[Said, ...] | None:
        """What it says now; None: it is gone, and nothing is known."""
        last = self.resource(patient, entries(), 1 if self.number % 3 == 0 else 0)
        return None if self.gone else (said(last | {"id": self.id}),)


def entries() -> tuple[Entry, ...]:
    """Everything that the full world holds."""
    found = []
    for n in range(ENTRIES):
        kind = TYPES[0] if n % 2 else TYPES[n // 2 % len(TYPES)]
        found.append(Entry(n, kind, logical_id(KEYS.identity, kind, "test", f"entry-{n}"), KINDS[n % len(KINDS)]))
    return tuple(found)


@dataclass(frozen=True)
class Asked:
    """A request: who, how, with which headers and body; `family` it was made from."""

    family: str
    who: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass
class World:
    """A hub with one patient and some of the entries. State: the hub's."""

    house: House
    held: frozenset[int]
    spoken: frozenset[int] | None = None
    """The entries that sources speak of; None: all, whether or not they are held."""
    patient: Patient = field(init=False)

    def __post_init__(self) -> None:
        self.patient = self.house.enroll()
        for each in _grounds():
            self.house.ground(self.patient, each)
        everything = entries()
        for version, entry in itertools.product((0, 1), everything):
            self.house.clock.move(seconds=1)  # also where it is not there: what is held beside it has its own time
            if entry.number not in self.held:
                continue
            if version == 1 and entry.gone:
                self._withdraw(entry)
            elif version == 0 or entry.number % 3 == 0:
                resource = entry.resource(self.patient, everything, version, self.spoken)
                self.house.hold(self.patient, f"entry-{entry.number}", resource, API_FAMILY, **entry.custody)
        self.house.freshen(self.patient.pk)
        self.house.clock.move(seconds=5)

    def _withdraw(self, entry: Entry) -> None:
        with self.house.store.database.writing() as connection:
            gone = [rid(KEYS.identity, "entry", f"entry-{entry.number}")]
            deposit(connection, KEYS.identity, self.patient.pk, [], gone, self.house.store.now())

    def seen_by(self, who: str) -> frozenset[int]:
        """The entries that are released to somebody who names the patient, by the plain reading of the Release."""
        token = f"Bearer {self.token(who)}"
        caller = self.house.run(self.house.running.edge.verifier.caller(token))
        told = known(self.house.store.reader(), self.patient.pk, self.house.store.now())
        found = set()
        for entry in entries():
            custody: Custody = replace(CUSTODY, **entry.custody, says=entry.says(self.patient))
            release = sight(self.house.hub, caller, entry.type, told, True).release
            if caller.kind != "system" or custody.source == caller.source:
                found |= {entry.number} if outcome_of(release, custody)[0] is Outcome.PERMIT else set()
        return frozenset(found)

    def token(self, who: str) -> str:
        return self.house.token(self.house.patient_person(self.patient) if who == "patient" else who)

    def answers(self, asked: Sequence[Asked], first: int) -> list[tuple[Any, str]]:
        """What each is answered, with what no two answers share taken out, and the link to the next page."""

        async def everything() -> list[tuple[Any, str]]:
            return await asyncio.gather(*(self._answer(each, first + n) for n, each in enumerate(asked)))

        found: list[tuple[Any, str]] = self.house.run(everything())
        return found

    async def _answer(self, asked: Asked, number: int) -> tuple[Any, str]:
        path, _, query = asked.path.partition("?")
        given = {"authorization": f"Bearer {self.token(asked.who)}", "prefer": "handling=lenient"} | dict(asked.headers)
        body = asked.body.encode()
        if body:
            given = {"content-type": "application/fhir+json", "content-length": str(len(body))} | given
        wire = query.translate(_QUOTED).encode()
        headers = [(name, value.encode()) for name, value in given.items()]
        status, told, content = await self.house.raw(asked.method, path, wire, headers, body, request_id=f"request-{number}")
        text = content.decode()
        following = re.search(r'"next","url":"http://hub.example.org([^"]+)"', text)
        shown = _CURSOR.sub(lambda found: f"_cursor={len(found[0])}", text)  # encrypted anew each time
        return (status, told, shown), following[1] if following else ""


_CURSOR = re.compile('_cursor=[^"&]+')
_QUOTED = {ord(" "): "%20", ord("|"): "%7C", ord("["): "%5B", ord("]"): "%5D"}


def _grounds() -> Iterator[Any]:
    """Relations of all who treat the patient, a consent for one unit, and a block of one other, inner and for some days."""
    often = {"start": NOW - timedelta(days=1), "state": "active", "recorded": NOW, "recorded_by": "test"}
    week = often | {"end": NOW + timedelta(days=7)}
    staff = [(P1, U1, E1), (P1, U1, "SE2321990018-E5"), (P1, U2, E2), (P2, U3, E3), (M1, S1, "SE2321990018-EC")]
    for n, (provider, unit, employee) in enumerate(staff):
        who = {"provider": provider, "unit": unit, "employee": employee}
        yield Relation(id=f"relation-{n}", **week, **who)
        yield Need(id=f"need-{n}", **week, **who, type="relevance", reason="vård")
    reader = {"provider": P1, "unit": U1, "employee": ""}
    yield Consent(id="consent", **week, **reader, regime="SVOD", represented_by="", except_types=("upp",))
    yield Consent(id="labelled", **week, **(reader | {"unit": U2}), regime="SVOD", represented_by="", within=BY_RESOURCE)
    first, last = BLOCKED_DAYS
    days = {"information_start": first, "information_end": last}
    yield Block(id="block", **often, end=None, type="inner", regime="SVOD", provider=P1, unit=U2, excluded=(), **days)


class Twins:
    """The full world, and for each caller the one without what is withheld. State: the worlds, made when first asked for."""

    def __init__(self, new: Any, dialect: str) -> None:
        """`new`: makes a House, another each time."""
        self._new, self.dialect, self.entries = new, dialect, entries()
        self._search, self._past = Searcher(dialect), PastVersions(dialect)
        self.forget()
        self.full = self._world(frozenset(range(ENTRIES)))
        self._bare: dict[Any, World] = {}
        self._seen = {who: self.full.seen_by(who) for who in CALLERS}
        self.asked = 0

    def forget(self) -> None:
        """Write every statement anew; all worlds share them."""
        for each in (self._search, self._search.includes, self._past):
            each._prepared = Kept(16_384)

    def _world(self, held: frozenset[int], spoken: frozenset[int] | None = None) -> World:
        house = self._new()
        house.store.search, house.store.past = self._search, self._past
        return World(house, held, spoken)

    def withheld(self, who: str) -> frozenset[int]:
        return self.full.held - self._seen[who]

    def bare(self, who: str) -> World:
        """Without what is withheld from somebody; nor is it spoken of, but by the client of its own source."""
        seen = self._seen[who]
        spoken = None if who == "alfa-client" else frozenset(each for each in seen if not self.entries[each].gone)
        return self._kept(seen, spoken)

    def absent(self, who: str) -> World:
        """Without what is withheld from somebody, of which others speak all the same."""
        return self._kept(self._seen[who], None)

    def _kept(self, held: frozenset[int], spoken: frozenset[int] | None) -> World:
        if (held, spoken) not in self._bare:
            self._bare[held, spoken] = self._world(held, spoken)
        return self._bare[held, spoken]

    def differences(self, requests: Iterable[Asked], most: int = 3) -> list[Asked]:
        """The requests that the worlds answer otherwise, `most` pages of each."""
        return list(self.differing(requests, most))

    def differing(self, requests: Iterable[Asked], most: int = 3) -> Iterator[Asked]:
        """The same, one by one."""
        waiting = [(each, each, 0) for each in requests]
        while waiting:
            batch, waiting = waiting[:BATCH], waiting[BATCH:]
            for who in sorted({asked.who for asked, *_ in batch}):
                mine = [each for each in batch if each[0].who == who]
                full = self.full.answers([one for one, _, _ in mine], self.asked)
                bare = self.bare(who).answers([other for _, other, _ in mine], self.asked)
                self.asked += len(mine)
                for (one, other, page), (answer, link), (answer_too, link_too) in zip(mine, full, bare, strict=True):
                    if answer != answer_too:
                        yield one
                    elif link and link_too and page + 1 < most:
                        waiting.append((replace(one, path=link), replace(other, path=link_too), page + 1))

    def close(self) -> None:
        for each in (self.full, *self._bare.values()):
            each.house.close()
