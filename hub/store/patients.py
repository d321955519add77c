"""Patients: from a number or a resource's id to the patient key, and what the register says of each.

Numbers are kept as keyed digests for finding, and in `facts` for asking sources; nowhere else.
"""

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, bindparam, insert, select, update

from hub.consent.grounds import PatientFacts
from hub.fhir.identifiers import Identifier
from hub.fhir.identity import logical_id, rid
from hub.fhir.json import dumps, loads
from hub.store.deposit import open_record
from hub.store.prepared import ForMany, Prepared
from hub.store.tables import facts_past, locator, number, patient
from hub.store.values import insert_new


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a patient beside the record. None: not known."""

    numbers: tuple[Identifier, ...] = ()
    """The main identity first."""
    born: date | None = None
    deceased: date | None = None
    protected: str | None = None
    guardians: tuple[Identifier, ...] = ()
    registered: bool = False
    """The population register knows the person; if not, nothing above but the numbers means anything."""

    def for_consent(self) -> PatientFacts:
        """As the decision reads it: unknown stays unknown."""
        known = self.registered
        return PatientFacts(
            born=self.born,
            deceased=self.deceased is not None if known else None,
            protected=self.protected is not None if known else None,
        )

    def to_json(self) -> str:
        return dumps(
            {
                "numbers": [[each.system, each.value] for each in self.numbers],
                "born": self.born and self.born.isoformat(),
                "deceased": self.deceased and self.deceased.isoformat(),
                "protected": self.protected,
                "guardians": [[each.system, each.value] for each in self.guardians],
                "registered": self.registered,
            }
        ).decode()

    @classmethod
    def from_json(cls, written: str) -> "Facts":
        held: dict[str, Any] = loads(written.encode())
        return cls(
            numbers=tuple(Identifier(*each) for each in held.get("numbers", ())),
            born=_day(held.get("born")),
            deceased=_day(held.get("deceased")),
            protected=held.get("protected"),
            guardians=tuple(Identifier(*each) for each in held.get("guardians", ())),
            registered=held.get("registered", False),
        )


def number_digest(key: bytes, identifier: Identifier) -> str:
    """What a number is found by."""
    return hmac.digest(key, f"number\0{identifier}".encode(), "sha256").hex()


def find(connection: Connection, key: bytes, identifier: Identifier) -> int | None:
    """The patient key of a number; None: never seen."""
    found = _FIND.row(connection, {"digest": number_digest(key, identifier)})
    return found[0] if found else None


def find_all(connection: Connection, key: bytes, identifiers: Iterable[Identifier]) -> dict[Identifier, int]:
    """The patient keys of those numbers that were seen before, in one statement a thousand."""
    digests = {number_digest(key, each): each for each in identifiers}
    return {digests[digest]: pk for digest, pk in _FIND_ALL.rows(connection, digests)}


def locate_all(connection: Connection, rids: Iterable[int]) -> dict[int, int]:
    """The patient keys of those resources that there are, by number."""
    return dict(_LOCATE_ALL.rows(connection, set(rids)))


def locate(connection: Connection, key: bytes, resource_type: str, fhir_id: str) -> int | None:
    """The patient key of a resource; None: no such id. The same work either way."""
    return located(connection, rid(key, resource_type, fhir_id))


def located(connection: Connection, number: int) -> int | None:
    """As `locate`, by the store's number of the resource."""
    found = _LOCATE.row(connection, {"rid": number})
    return found[0] if found else None


def enroll(connection: Connection, key: bytes, facts: Facts, now: int = 0) -> int:
    """The patient that `facts` speak of: found by any of the numbers, or made. Facts of the register replace what was known.

    Takes: `now`: microseconds, when they were learnt; 0: of old, or nothing but a number.
    Gives: the patient key. A number that already means another patient goes on meaning that one (`split`).
    """
    known = pks_of(connection, key, facts.numbers)
    fhir_id = patient_id(key, facts.numbers[0])
    made = rid(key, "patient-key", fhir_id) or 1
    pk = known[0] if known else made
    claimed = sorted(number_digest(key, each) for each in facts.numbers)  # in one order, so that two who claim do not deadlock
    insert_new(connection, number, [{"digest": each, "pk": pk} for each in claimed])
    if not known:
        pk = pks_of(connection, key, facts.numbers)[0]  # another's, if one of them was claimed meanwhile
    if not known and pk == made:
        open_record(connection, fhir_id, pk)
        insert_new(connection, locator, [{"rid": rid(key, "Patient", fhir_id), "pk": pk}])
    held = connection.execute(_FACTS, {"on": pk}).scalar_one()
    written = facts.to_json()
    before = Facts.from_json(held)
    if written != held and (facts.registered or not before.registered):
        connection.execute(_SET, {"on": pk, "facts": written})
        connection.execute(_KEEP, {"on": pk, "now": now})
    return pk


def split(connection: Connection, key: bytes, numbers: Sequence[Identifier]) -> bool:
    """Whether these numbers of one person mean several patients here: two records that a person must link."""
    return len(set(pks_of(connection, key, numbers))) > 1


def patient_id(key: bytes, main: Identifier) -> str:
    """The opaque logical id of the Patient who was first known by this number."""
    return logical_id(key, "Patient", "population", str(main))


def pks_of(connection: Connection, key: bytes, numbers: Iterable[Identifier]) -> tuple[int, ...]:
    """The patient keys of numbers that are known, in the order of the numbers."""
    listed = list(numbers)
    found = find_all(connection, key, listed)
    return tuple(found[each] for each in listed if each in found)


def facts_of(connection: Connection, pk: int, lock: bool = False) -> tuple[str, Facts]:
    """Logical id and facts of a patient; `lock`: no one else writes the patient until the transaction ends."""
    [(fhir_id, facts)] = (_OF_LOCKED if lock else _OF).rows(connection, {"on": pk})
    return fhir_id, Facts.from_json(facts)


def _day(written: str | None) -> date | None:
    return date.fromisoformat(written) if written else None


_FIND = Prepared(select(number.c.pk).where(number.c.digest == bindparam("digest")))
_OF_PATIENT = select(patient.c.fhir_id, patient.c.facts).where(patient.c.pk == bindparam("on"))
_OF, _OF_LOCKED = Prepared(_OF_PATIENT), Prepared(_OF_PATIENT.with_for_update())
_LOCATE = Prepared(select(locator.c.pk).where(locator.c.rid == bindparam("rid")))
_FIND_ALL = ForMany(
    lambda digests: select(number.c.digest, number.c.pk).where(number.c.digest.in_(digests)), kind=Text, most=1024
)
_LOCATE_ALL = ForMany(lambda rids: select(locator.c.rid, locator.c.pk).where(locator.c.rid.in_(rids)))
_FACTS = select(patient.c.facts).where(patient.c.pk == bindparam("on")).with_for_update()
_KEEP = insert(facts_past).from_select(
    ["pk", "epoch", "facts", "recorded"],
    select(patient.c.pk, patient.c.epoch, patient.c.facts, bindparam("now", type_=BigInteger)).where(
        patient.c.pk == bindparam("on")
    ),
)
_SET = update(patient).where(patient.c.pk == bindparam("on")).values(facts=bindparam("facts"), epoch=patient.c.epoch + 1)
