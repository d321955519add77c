"""Writing a patient's record: entries with their resources, all or nothing, and nothing at all when nothing changed.

A version appears only when content changed. What custody says today holds for every version: an entry that is made secret
is secret in its history too. A change of custody moves the patient's epoch, as a withdrawal does.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.fhir.criteria import OPEN_LOW, DateKey, Index, ReferenceKey, StringKey, TokenKey, UriKey
from hub.fhir.custody import COLUMNS, Custody
from hub.fhir.identity import logical_id, rid
from hub.fhir.index import index
from hub.fhir.json import dumps
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.store.tables import (
    FOREVER,
    NO_PATIENT,
    body,
    entry,
    ix_date,
    ix_ref,
    ix_string,
    ix_token,
    locator,
    patient,
    resource,
)
from hub.store.values import custody_columns, insert_new, instant, parameter_number


@dataclass(frozen=True, slots=True)
class Record:
    """One entry to be deposited: its number, contract family, custody, and resources with their ids."""

    entry: int
    family: str
    custody: Custody
    resources: tuple[Resource, ...]
    """With `id`; `meta.versionId` and `meta.lastUpdated` are set here, and `recorded` of a Provenance that has none."""
    scope: str = ""
    """Sets the ids of one source's client apart, where another source has the same."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a deposit did."""

    created: int = 0
    updated: int = 0
    withdrawn: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.created or self.updated or self.withdrawn)


def lock_patient(connection: Connection, pk: int, clock: int) -> int:
    """Lock the patient's row for writing. Gives: the time of this write, later than any before it (microseconds)."""
    recorded: int = connection.execute(_LOCK, {"on": pk}).scalar_one()
    return max(clock, recorded + 1)


def mark(connection: Connection, pk: int, recorded: int, grounds_moved: bool) -> None:
    """Note a write on the patient; `grounds_moved`: answers decided before it must be decided again."""
    connection.execute(_MARK, {"on": pk, "now": recorded, "step": int(grounds_moved)})


def deposit(connection: Connection, key: bytes, pk: int, records: Sequence[Record], gone: Iterable[int], clock: int) -> Change:
    """Write `records` and withdraw the entries `gone`, inside the caller's transaction.

    Takes: `key`: the identity key; `clock`: microseconds.
    Gives: what changed; a message that was read before changes nothing.
    """
    now = lock_patient(connection, pk, clock)
    wanted = {record.entry: record for record in records}
    held = _held(connection, pk, wanted.keys() | set(gone))
    created = updated = 0
    moved = False
    batch = _Batch(key, pk, now)
    for number, record in wanted.items():
        digest = _digest_of(record)
        before = held.get(number)
        if before and before.digest == digest and before.withdrawn == FOREVER:
            continue
        custody = custody_columns(record.custody)
        if before is None:
            created += 1
            connection.execute(
                insert(entry),
                {"pk": pk, "entry": number, "family": record.family, "digest": digest, "recorded": now, "withdrawn": FOREVER}
                | custody,
            )
        else:
            updated += 1
            moved |= _recustody(connection, pk, number, custody)
            connection.execute(_RENEW, {"on": pk, "which": number, "digest": digest, "now": now})
        batch.add(record, custody, _current(connection, pk, number) if before else {})
    leaving = [number for number in set(gone) if number in held and held[number].withdrawn == FOREVER]
    for number in leaving:
        connection.execute(_WITHDRAW, {"on": pk, "which": number, "now": now})
        batch.end(_current(connection, pk, number).values())
    batch.write(connection)
    change = Change(created, updated, len(leaving))
    if change.anything:
        mark(connection, pk, now, moved or bool(leaving))
    return change


class _Batch:
    """The rows of one deposit, gathered so that each table is written once."""

    def __init__(self, key: bytes, pk: int, now: int) -> None:
        self.key, self.pk, self.now = key, pk, now
        self.closing: list[dict[str, Any]] = []
        self.versions: list[dict[str, Any]] = []
        self.bodies: list[dict[str, Any]] = []
        self.locators: list[dict[str, Any]] = []
        self.keys: dict[str, list[dict[str, Any]]] = {"token": [], "date": [], "ref": [], "string": []}

    def add(self, record: Record, custody: Mapping[str, Any], current: Mapping[tuple[str, int], Any]) -> None:
        """New versions of the resources that changed, tombstones for those that the entry no longer has."""
        kept = set()
        for each in record.resources:
            number = rid(self.key, record.scope + each["resourceType"], each["id"])
            kept.add((each["resourceType"], number))
            before = current.get((each["resourceType"], number))
            digest = hashlib.sha256(dumps(each)).hexdigest()[:32]
            if before is None or before.digest != digest or before.gone:
                self._version(each, number, record.entry, custody, digest, before)
        self.end(row for at, row in current.items() if at not in kept)

    def end(self, rows: Iterable[Any]) -> None:
        """Close current versions with a tombstone."""
        for row in rows:
            if not row.gone:
                self.closing.append({"p": self.pk, "t": row.type, "r": row.rid, "v": row.version, "now": self.now})
                self.versions.append(
                    dict(row._mapping)
                    | {
                        "version": row.version + 1,
                        "rec_from": self.now,
                        "rec_to": FOREVER,
                        "gone": 1,
                        "version_id": self._version_id(row.fhir_id, row.version + 1),
                    }
                )

    def _version(self, each: Resource, number: int, of: int, custody: Mapping[str, Any], digest: str, before: Any) -> None:
        version = before.version + 1 if before else 1
        if before:
            self.closing.append({"p": self.pk, "t": each["resourceType"], "r": number, "v": before.version, "now": self.now})
        else:
            self.locators.append({"rid": number, "pk": self.pk})
        version_id = self._version_id(each["id"], version)
        meta = {"versionId": version_id, "lastUpdated": instant(self.now)} | each.get("meta", {})
        head = {name: each[name] for name in ("resourceType", "id")}
        content = (
            head | {"meta": meta} | {name: value for name, value in each.items() if name not in ("resourceType", "id", "meta")}
        )
        if each["resourceType"] == "Provenance":
            content = {"recorded": instant(self.now)} | content
        keys = index(content)
        self.versions.append(
            {
                "pk": self.pk,
                "type": each["resourceType"],
                "rid": number,
                "version": version,
                "version_id": version_id,
                "rec_from": self.now,
                "rec_to": FOREVER,
                "sort": _sort(each["resourceType"], keys, self.now),
                "entry": of,
                "fhir_id": each["id"],
                "gone": 0,
                "digest": digest,
            }
            | dict(custody)
        )
        self.bodies.append({"pk": self.pk, "rid": number, "version": version, "bytes": dumps(content)})
        self._index(each["resourceType"], number, version, keys)

    def _version_id(self, fhir_id: str, version: int) -> str:
        return logical_id(self.key, "version", fhir_id, str(version))[:12]

    def _index(self, resource_type: str, number: int, version: int, keys: Index) -> None:
        for name, found in keys.items():
            if name in ("_id", "_lastUpdated"):
                continue
            row = {"pk": self.pk, "param": parameter_number(resource_type, name), "rid": number, "version": version}
            for each in found:
                match each:
                    case TokenKey(system, code):
                        self.keys["token"].append(row | {"system": system, "code": code})
                    case DateKey(lo, hi):
                        self.keys["date"].append(row | {"lo": lo, "hi": hi})
                    case ReferenceKey(target):
                        self.keys["ref"].append(row | {"target": target})
                    case StringKey(value) | UriKey(value):
                        self.keys["string"].append(row | {"value": value})

    def write(self, connection: Connection) -> None:
        if self.closing:
            connection.execute(_CLOSE, self.closing)
        for table, rows in ((resource, self.versions), (body, self.bodies)):
            if rows:
                connection.execute(insert(table), rows)
        for table, rows in (
            (locator, self.locators),
            (ix_token, self.keys["token"]),
            (ix_date, self.keys["date"]),
            (ix_ref, self.keys["ref"]),
            (ix_string, self.keys["string"]),
        ):
            insert_new(connection, table, rows)


def _sort(resource_type: str, keys: Index, now: int) -> int:
    name = TYPES[resource_type].sort
    if name == "_lastUpdated":
        return now
    parameter = TYPES[resource_type].parameter(name)
    found = [key.lo for key in keys.get(parameter.index if parameter else name, ()) if isinstance(key, DateKey)]
    return max(found, default=OPEN_LOW)


def _digest_of(record: Record) -> str:
    held = hashlib.sha256(repr(custody_columns(record.custody)).encode())
    for each in record.resources:
        held.update(dumps(each))
    return held.hexdigest()


def _held(connection: Connection, pk: int, numbers: Iterable[int]) -> dict[int, Any]:
    rows = connection.execute(_ENTRIES, {"on": pk}).all()
    wanted = set(numbers)
    return {row.entry: row for row in rows if row.entry in wanted}


def _current(connection: Connection, pk: int, number: int) -> dict[tuple[str, int], Any]:
    rows = connection.execute(_CURRENT, {"on": pk, "which": number}).all()
    return {(row.type, row.rid): row for row in rows}


def _recustody(connection: Connection, pk: int, number: int, custody: Mapping[str, Any]) -> bool:
    """Set an entry's custody everywhere it is copied. Gives: whether anything was another before."""
    held = connection.execute(_CUSTODY, {"on": pk, "which": number}).one()
    if all(held._mapping[name] == custody[name] for name in COLUMNS):
        return False
    values = {f"new_{name}": value for name, value in custody.items()}
    for statement in _RECUSTODY:
        connection.execute(statement, {"on": pk, "which": number} | values)
    return True


_LOCK = select(patient.c.recorded).where(patient.c.pk == bindparam("on")).with_for_update()
_MARK = (
    update(patient)
    .where(patient.c.pk == bindparam("on"))
    .values(recorded=bindparam("now"), epoch=patient.c.epoch + bindparam("step"))
)
_ENTRIES = select(entry.c.entry, entry.c.digest, entry.c.withdrawn).where(entry.c.pk == bindparam("on"))
_CURRENT = select(resource).where(
    resource.c.pk == bindparam("on"), resource.c.entry == bindparam("which"), resource.c.rec_to == FOREVER
)
_CUSTODY = select(*(entry.c[name] for name in COLUMNS)).where(entry.c.pk == bindparam("on"), entry.c.entry == bindparam("which"))
_RECUSTODY = tuple(
    update(table)
    .where(table.c.pk == bindparam("on"), table.c.entry == bindparam("which"))
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in COLUMNS})
    for table in (entry, resource)
)
_RENEW = (
    update(entry)
    .where(entry.c.pk == bindparam("on"), entry.c.entry == bindparam("which"))
    .values(digest=bindparam("digest"), recorded=bindparam("now"), withdrawn=FOREVER)
)
_WITHDRAW = (
    update(entry).where(entry.c.pk == bindparam("on"), entry.c.entry == bindparam("which")).values(withdrawn=bindparam("now"))
)
_CLOSE = (
    update(resource)
    .where(
        resource.c.pk == bindparam("p"),
        resource.c.type == bindparam("t"),
        resource.c.rid == bindparam("r"),
        resource.c.version == bindparam("v"),
    )
    .values(rec_to=bindparam("now"))
)


def entries_of(connection: Connection, pk: int, source: str, family: str) -> set[int]:
    """The entries of a patient that a source gives in a contract now: what a complete answer is compared with."""
    wanted = select(entry.c.entry).where(
        entry.c.pk == pk, entry.c.source == source, entry.c.family == family, entry.c.withdrawn == FOREVER
    )
    return set(connection.execute(wanted).scalars())


def patients_of(connection: Connection, source: str, family: str) -> set[int]:
    """The patients of whom a source gives anything in a contract now: for messages that hold many patients' records."""
    wanted = select(entry.c.pk).where(entry.c.source == source, entry.c.family == family, entry.c.withdrawn == FOREVER)
    return set(connection.execute(wanted.distinct()).scalars())


def open_record(connection: Connection, fhir_id: str, pk: int) -> None:
    """Make the row of a patient (or of the directory, pk 0) if there is none."""
    insert_new(connection, patient, [{"pk": pk, "fhir_id": fhir_id, "recorded": 1, "epoch": 1, "facts": "{}"}])


DIRECTORY_RECORD = ("directory", NO_PATIENT)
"""Id and key of the record that holds what belongs to no patient."""
