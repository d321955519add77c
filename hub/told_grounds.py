"""What security services say of a patient, as grounds in the hub's register. CONSENT.md section 5; FACTS.md sections 9 to 11.

The register stays the one thing that is decided by. What a service no longer tells of ends when the hub hears of it; what it
tells of unchanged is not written again, so that the patient's epoch moves only when something has changed.
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from hub.consent.grounds import AnyGround, Block, Consent, Relation, Revoke
from hub.consent.release import TRUE, Outcome, Release, Row
from hub.fhir.encoded import encoded
from hub.fhir.identity import rid
from hub.fhir.json import dumps, loads
from hub.hub import Hub
from hub.service_questions import CHECKS, KINDS, ServiceQuestion
from hub.sources import Fault
from hub.sources.security import Told, ToldBlock, ToldConsent, ToldRelation
from hub.store.database import Connection
from hub.store.deposit import Record, deposit, lock_patient
from hub.store.held_entry import held_entry
from hub.store.known import Freshness, known, note_freshness, put_new_ground
from hub.store.search import View
from hub.store.store import Store
from hub.store.tables import FOREVER
from hub.store.values import micros

_WHOLE = Release((Row(TRUE, Outcome.PERMIT, "KEPT"),))
"""What the hub itself changes, it reads whoever may see it."""


def take_told(store: Store, hub: Hub, question: ServiceQuestion, told: Sequence[Told], asked: int) -> None:
    """Write down what a service said, and that it said it.

    Takes: `asked`: when the question was sent (microseconds): the answer is as old as that.
    """
    name = question.source.name
    with store.database.writing() as connection:
        lock_patient(connection, question.pk, store.now())
        held = known(connection, question.pk, store.now())
        before = held.fresh(name, question.kept)
        if before and before.asked > asked:
            return  # a later question was answered first
        changes = list(_changes(hub, question, told, held.grounds, asked))
        for given in changes:
            put_new_ground(connection, store.keys.identity, question.pk, given, name, store.now())
        over = {each.id for each in changes if isinstance(each, Consent) and each.state == "ended" and each.recorded_by != name}
        for consent_id in sorted({each.split("-")[0] for each in over}):
            if not any(_is_of(each, consent_id) and each.state == "active" and each.id not in over for each in held.grounds):
                _say_ended(connection, store, question.pk, consent_id)
        note_freshness(connection, question.pk, [Freshness(name, question.kept, asked, asked, "", "")])


def note_silence(store: Store, question: ServiceQuestion, fault: Fault, asked: int) -> None:
    """Write down that a service gave no answer that counts. What it said before stays, and no longer counts."""
    silence = Freshness(question.source.name, question.kept, asked, None, str(fault), "")
    with store.database.writing() as connection:
        note_freshness(connection, question.pk, [silence])


def assertion_id(key: bytes, given: Consent) -> str:
    """The id under which a consent of the hub's register is registered at its service; of other terms, another id."""
    terms = [given.service, given.id, given.provider, given.unit, given.employee, given.start.isoformat(), str(given.end)]
    return str(UUID(bytes=hmac.digest(key, b"assertion\0" + dumps(terms), sha256)[:16], version=4))


def _changes(
    hub: Hub, question: ServiceQuestion, told: Sequence[Told], held: Sequence[AnyGround], asked: int
) -> Iterator[AnyGround]:
    """The grounds to write: new ones, those that have changed, and those that are over."""
    now, name = hub.clock(), question.source.name
    mine = {each.id: each for each in held if each.service == name and _is_answered(question, each)}
    registered = {assertion_id(hub.store.keys.identity, each): each for each in mine.values() if isinstance(each, Consent)}
    found: set[str] = set()
    for row in told:
        own = registered.get(row.id)
        if own and own.recorded_by != name and isinstance(row, ToldConsent) and _same_end(own.end, row.end):
            found.add(own.id)  # the hub registered it there: it stands under the hub's own id
            continue
        for given in _grounds(hub, question, row, now):
            found.add(given.id)
            if not _stands(mine.get(given.id), given):
                yield given
    yield from (_over(each, now) for each in mine.values() if each.id not in found and _ends(each, name, now, asked))


def _is_of(given: AnyGround, consent_id: str) -> bool:
    return isinstance(given, Consent) and given.id.split("-")[0] == consent_id


def _say_ended(connection: Connection, store: Store, pk: int, consent_id: str) -> None:
    """A new version of the FHIR Consent by which what is over was registered, as ended."""
    key, whole = store.keys.identity, View("patient", _WHOLE, pk=pk, asof=FOREVER - 1)
    found = store.search.read(connection, whole, "Consent", rid(key, "Consent", consent_id), consent_id)
    entry = held_entry(connection, pk, found.entry) if found else None
    if found and entry:
        held = loads(found.bytes)
        meta = {name: value for name, value in held.pop("meta").items() if name not in ("versionId", "lastUpdated")}
        ended = held | {"status": "inactive"} | ({"meta": meta} if meta else {})
        deposit(connection, key, pk, [Record(entry.number, entry.family, entry.custody, (encoded(ended),))], (), store.now())


def _is_answered(question: ServiceQuestion, given: AnyGround) -> bool:
    """Whether a ground of the service is of the kind, and for whom, the question asked about."""
    if given.KIND not in KINDS[question.contract]:
        return False
    if isinstance(given, Block | Revoke):
        return True
    if question.contract in CHECKS:
        reader = question.reader
        return given.id == _id(question, f"{reader.unit}.{reader.employee}")
    return getattr(given, "provider", "").upper() == question.reader.provider.upper()


def _same_end(one: datetime | None, other: datetime | None) -> bool:
    """Whether two ends are one, to the second, which is what services keep."""
    return one == other if one is None or other is None else abs(one - other) <= timedelta(seconds=1)


def _ends(given: AnyGround, name: str, now: datetime, asked: int) -> bool:
    """Whether what the service does not tell of has to be ended: it stands, and was there when the question was sent."""
    young = given.recorded_by != name and micros(given.recorded) >= asked
    return given.state == "active" and (given.end is None or given.end > now) and not young


def _over(given: AnyGround, now: datetime) -> AnyGround:
    return replace(given, state="ended", end=now)


def _stands(before: AnyGround | None, given: AnyGround) -> bool:
    """Whether a ground is what it was. Of what begins when the hub first hears of it, the first time counts."""
    if before is None:
        return False
    start = given.start if isinstance(given, Consent | Relation) else before.start
    return replace(given, start=start, recorded=before.recorded) == before


def _grounds(hub: Hub, question: ServiceQuestion, row: Told, now: datetime) -> Iterator[AnyGround]:
    name = question.source.name
    common: dict[str, Any] = {"state": "active", "recorded": now, "recorded_by": name, "service": name}
    match row:
        case ToldConsent():
            whose: dict[str, Any] = {"provider": row.provider.upper(), "unit": row.unit.upper(), "employee": row.employee.upper()}
            terms: dict[str, Any] = {"start": row.start, "end": row.end, "regime": "SVOD", "represented_by": ""}
            yield Consent(id=_id(question, row.id), **terms, **whose, **common)
        case ToldRelation():
            whose = {"provider": row.provider.upper(), "unit": row.unit.upper(), "employee": row.employee.upper()}
            yield Relation(id=_id(question, row.id), start=row.start, end=row.end, **whose, **common)
        case ToldBlock():
            yield Block(
                id=_id(question, row.id),
                start=now,
                end=None,
                type="inner" if row.inner else "outer",
                regime="SVOD",
                provider=row.provider.upper(),
                unit=row.unit.upper() if row.inner else "",
                information_start=row.start,
                information_end=row.end,
                excluded=row.excluded,
                **common,
            )
            yield from _revokes(hub, question, row, now, common)


def _revokes(hub: Hub, question: ServiceQuestion, row: ToldBlock, now: datetime, common: dict[str, Any]) -> Iterator[Revoke]:
    for each in row.revokes:
        yield Revoke(
            id=_id(question, each.id),
            start=now,
            end=each.end,
            provider=hub.directory.provider_of(each.unit.upper()) or "",
            unit=each.unit.upper(),
            employee=each.employee.upper(),
            block=_id(question, row.id),
            owner=row.provider.upper(),
            reason="untold",
            **common,
        )


def _id(question: ServiceQuestion, id: str) -> str:
    """A ground's id: under the service's name, so that two services may use one id."""
    return f"{question.source.name}.{id}"
