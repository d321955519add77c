"""Writing a patient's record: entries with their resources, all or nothing, and nothing at all when nothing changed.

A version appears only when content changed. What custody says today holds for every version: an entry that is made secret
is secret in its history too; what it said before is kept for explaining the past. A change of custody moves the patient's
epoch, as a withdrawal does. The number of statements does not depend on the number of entries.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, select, update

from hub.fhir.custody import COLUMNS, Custody
from hub.fhir.encoded import Encoded
from hub.fhir.identity import rid
from hub.fhir.resource import Resource
from hub.store.prepared import ForMany, Prepared
from hub.store.tables import FOREVER, NO_PATIENT, custody_past, entry, locator, patient, resource
from hub.store.values import as_array, custody_columns, insert_all, insert_new, unnested
from hub.store.versions import Rows, Stored, Versions

MANY = 1000
"""More entries than this are not named one by one: the whole record is read."""


@dataclass(frozen=True)
class Record:
    """One entry to be deposited: its number, contract family, custody, and resources with their ids."""

    entry: int
    family: str
    custody: Custody
    encoded: tuple[Encoded, ...]
    """Resources with `id`; `meta.versionId` and `meta.lastUpdated` are set here, and `recorded` of a Provenance that has none."""
    scope: str = ""
    """Sets the ids of one source's client apart, where another source has the same."""

    @property
    def resources(self) -> tuple[Resource, ...]:
        return tuple(each.resource for each in self.encoded)

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        """Its custody as the columns of `entry` and `resource` hold it."""
        return custody_columns(self.custody)

    @cached_property
    def digest(self) -> str:
        """What an entry is compared by: custody and the resources as they are given."""
        held = hashlib.sha256(repr(self.columns).encode())
        for each in self.encoded:
            held.update(each.written)
        return held.hexdigest()


@dataclass(frozen=True, slots=True)
class Change:
    """What a deposit did."""

    created: int = 0
    updated: int = 0
    withdrawn: int = 0
    outdated: int = 0
    """Entries left as they are, since a later message told of them."""

    @property
    def anything(self) -> bool:
        return bool(self.created or self.updated or self.withdrawn)


def lock_patient(connection: Connection, pk: int, clock: int) -> int:
    """Lock the patient's row for writing. Gives: the time of this write, later than any before it (microseconds)."""
    [(recorded,)] = _LOCK.rows(connection, {"on": pk})
    return max(clock, int(recorded) + 1)


def mark(connection: Connection, pk: int, recorded: int, grounds_moved: bool) -> None:
    """Note a write on the patient; `grounds_moved`: answers decided before it must be decided again."""
    _MARK.write(connection, [{"on": pk, "now": recorded, "step": int(grounds_moved)}])


def deposit(
    connection: Connection,
    key: bytes,
    pk: int,
    records: Sequence[Record],
    gone: Iterable[int],
    clock: int,
    told: int | None = None,
    late: bool = False,
) -> Change:
    """Write `records` and withdraw the entries `gone`, inside the caller's transaction.

    Takes: `key`: the identity key; `clock`: microseconds; `told`: when the message came (None: now); `late`: it was put aside
    and is tried again, so what a later message told stays.
    Gives: what changed; a message that was read before changes nothing.
    """
    now = lock_patient(connection, pk, clock)
    told = now if told is None else told
    wanted = {record.entry: record for record in records}
    held = _held(connection, pk, {*wanted, *gone})
    outdated = {number for number, row in held.items() if late and row.told > told}
    changed = [
        record for number, record in wanted.items() if number not in outdated and not _is_held(held.get(number), record.digest)
    ]
    leaving = [number for number in held.keys() - wanted.keys() - outdated if held[number].withdrawn == FOREVER]
    if not changed and not leaving:
        return Change(outdated=len(outdated))
    current = _current(connection, pk, [*(record.entry for record in changed if record.entry in held), *leaving])
    rows = Rows()
    versions = Versions(key, pk, now, rows)
    for record in changed:
        _write(versions, key, record, current.get(record.entry, {}))
    for number in leaving:
        versions.end(current.get(number, {}).values(), _custody_of(held[number]))
    moved = _write_entries(connection, pk, now, told, changed, held)
    if leaving:
        connection.execute(_WITHDRAW, [{"on": pk, "which": number, "now": now, "told": told} for number in leaving])
    rows.save(connection)
    mark(connection, pk, now, moved or bool(leaving))
    created = sum(record.entry not in held for record in changed)
    return Change(created, len(changed) - created, len(leaving), len(outdated))


def deposit_new(
    connection: Connection, key: bytes, times: Mapping[int, int], given: Sequence[tuple[int, Record]]
) -> list[tuple[Stored, ...]]:
    """Write entries that nobody has written before, of several patients, so that nothing need be compared.

    Takes: `times`: for each patient, who is locked, the time of this write (microseconds); `given`: patients and their records.
    Gives: for each record what was written of its resources.
    """
    rows, entries, stored = Rows(), [], []
    for pk, record in given:
        now, custody = times[pk], record.columns
        versions = Versions(key, pk, now, rows)
        entries.append(entry_row(pk, record, now, now))
        stored.append(tuple(_new(versions, key, record, each, custody) for each in record.encoded))
    insert_all(connection, entry, entries)
    rows.save(connection)
    _mark_all(connection, times)
    return stored


def _mark_all(connection: Connection, times: Mapping[int, int]) -> None:
    if connection.dialect.name == "sqlite":
        _MARK.write(connection, [{"on": pk, "now": now, "step": 0} for pk, now in times.items()])
    else:
        _MARK_ALL.rows(connection, {"on": as_array(times, BigInteger()), "now": as_array(times.values(), BigInteger())})


def _new(versions: Versions, key: bytes, record: Record, given: Encoded, custody: Mapping[str, Any]) -> Stored:
    number = rid(key, record.scope + given.resource["resourceType"], given.resource["id"])
    stored = versions.write(given, number, record, custody, None)
    assert stored is not None
    return stored


def _write(versions: Versions, key: bytes, record: Record, current: Mapping[tuple[str, int], Any]) -> None:
    """New versions of the resources that changed, tombstones for those that the entry no longer has."""
    custody = record.columns
    kept = set()
    for each in record.encoded:
        kind = each.resource["resourceType"]
        at = (kind, rid(key, record.scope + kind, each.resource["id"]))
        kept.add(at)
        versions.write(each, at[1], record, custody, current.get(at))
    versions.end((row for at, row in current.items() if at not in kept), custody)


def _write_entries(
    connection: Connection, pk: int, now: int, told: int, changed: Sequence[Record], held: Mapping[int, Any]
) -> bool:
    """Write the rows of `entry`, and custody wherever it is copied. Gives: whether custody of anything held was another."""
    new, renewed, recustodied, before = [], [], [], []
    for record in changed:
        custody = record.columns
        if record.entry not in held:
            new.append(entry_row(pk, record, now, told))
            continue
        renewed.append({"on": pk, "which": record.entry, "digest": record.digest, "now": now, "told": told})
        if _custody_of(held[record.entry]) != custody:
            values = {f"new_{name}": value for name, value in custody.items()}
            recustodied.append({"on": pk, "which": record.entry} | values)
            before.append({"pk": pk, "entry": record.entry, "rec_to": now} | _custody_of(held[record.entry]))
    insert_all(connection, entry, new)
    if renewed:
        connection.execute(_RENEW, renewed)
    insert_all(connection, custody_past, before)
    if recustodied:
        for statement in _RECUSTODY:
            connection.execute(statement, recustodied)
    return bool(recustodied)


def entry_row(pk: int, record: Record, now: int, told: int) -> dict[str, Any]:
    """The row of a new entry."""
    row = {"pk": pk, "entry": record.entry, "family": record.family, "digest": record.digest}
    return row | {"recorded": now, "withdrawn": FOREVER, "told": told, **record.columns}


def _is_held(row: Any, digest: str) -> bool:
    return row is not None and row.digest == digest and row.withdrawn == FOREVER


def _custody_of(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def _held(connection: Connection, pk: int, numbers: set[int]) -> dict[int, Any]:
    rows = (SimpleNamespace(**dict(zip(_NAMES, row, strict=True))) for row in _HELD.rows(connection, numbers, on=pk))
    return {row.entry: row for row in rows}


def _current(connection: Connection, pk: int, numbers: Sequence[int]) -> dict[int, dict[tuple[str, int], Any]]:
    """The current rows of `resource` of some entries, by entry; tombstones are among them."""
    found: dict[int, dict[tuple[str, int], Any]] = {}
    if not numbers:
        return found
    if len(numbers) <= MANY:
        rows = connection.execute(_CURRENT_OF_ENTRIES, {"on": pk, "numbers": sorted(numbers)})
    else:
        rows = connection.execute(_CURRENT, {"on": pk})
    for row in rows:
        found.setdefault(row.entry, {})[row.type, row.rid] = row
    return found


_LOCK = Prepared(select(patient.c.recorded).where(patient.c.pk == bindparam("on")).with_for_update())
_MARK = Prepared(
    update(patient)
    .where(patient.c.pk == bindparam("on"))
    .values(recorded=bindparam("now"), epoch=patient.c.epoch + bindparam("step"))
)
_TIMES = select(unnested("on", BigInteger()).label("pk"), unnested("now", BigInteger()).label("now")).subquery("times")
_MARK_ALL = Prepared(update(patient).where(patient.c.pk == _TIMES.c.pk).values(recorded=_TIMES.c.now))
_NAMES = tuple(entry.columns.keys())
_HELD = ForMany(lambda numbers: select(entry).where(entry.c.pk == bindparam("on"), entry.c.entry.in_(numbers)), most=1024)
_CURRENT = select(resource).where(resource.c.pk == bindparam("on"), resource.c.rec_to == FOREVER)
_CURRENT_OF_ENTRIES = _CURRENT.where(resource.c.entry.in_(bindparam("numbers", expanding=True)))
_THIS = (entry.c.pk == bindparam("on"), entry.c.entry == bindparam("which"))
_RECUSTODY = tuple(
    update(table)
    .where(table.c.pk == bindparam("on"), table.c.entry == bindparam("which"))
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in COLUMNS})
    for table in (entry, resource)
)
_RENEW = (
    update(entry)
    .where(*_THIS)
    .values(digest=bindparam("digest"), recorded=bindparam("now"), told=bindparam("told"), withdrawn=FOREVER)
)
_WITHDRAW = update(entry).where(*_THIS).values(withdrawn=bindparam("now"), told=bindparam("told"))


def held_digests(connection: Connection, pk: int, numbers: Iterable[int]) -> dict[int, str]:
    """The digests of those entries of a patient that there are now."""
    held = _held(connection, pk, set(numbers))
    return {number: row.digest for number, row in held.items() if row.withdrawn == FOREVER}


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


def all_entries_of(connection: Connection, source: str, family: str) -> set[int]:
    """The entries that a source gives in a contract now, of all patients: what a whole list is compared with."""
    wanted = select(entry.c.entry).where(entry.c.source == source, entry.c.family == family, entry.c.withdrawn == FOREVER)
    return set(connection.execute(wanted).scalars())


def release_ids(connection: Connection, pk: int, number: int) -> None:
    """Let go of the ids of an entry's resources: the record turned out to be another patient's, and is read there from now on."""
    its = select(resource.c.rid).where(resource.c.pk == pk, resource.c.entry == number)
    connection.execute(delete(locator).where(locator.c.pk == pk, locator.c.rid.in_(its)))


def open_record(connection: Connection, fhir_id: str, pk: int) -> None:
    """Make the row of a patient (or of the directory, pk 0) if there is none."""
    insert_new(connection, patient, [{"pk": pk, "fhir_id": fhir_id, "recorded": 1, "epoch": 1, "facts": "{}"}])


DIRECTORY_RECORD = ("directory", NO_PATIENT)
"""Id and key of the record that holds what belongs to no patient."""
