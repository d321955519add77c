"""The rows of one deposit: new versions with their bytes and index keys, tombstones, locators. Each table is written once."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import BigInteger, Connection, and_, bindparam, delete, not_, select, tuple_, update

from hub.fhir.across import may_point
from hub.fhir.custody import FOLLOW_UP, HUB, LIFTING
from hub.fhir.encoded import Encoded, encoded, of_elements, whole
from hub.fhir.identity import Ids
from hub.fhir.json import dumps, loads
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.store.cursor import LIFE
from hub.store.keys_written import KEYS, Row, gather
from hub.store.tables import FOREVER, body, entry, locator, resource
from hub.store.values import insert_rows, instant

_FIRST = dict.fromkeys(("resourceType", "id", "meta"), b"")


class Rows:
    """State: rows gathered so far, of any patients."""

    def __init__(self) -> None:
        self.closing: list[dict[str, Any]] = []
        self.versions: list[Row] = []
        self.bodies: list[Row] = []
        self.locators: list[Row] = []
        self.keys: dict[str, list[Row]] = {table.name: [] for table in KEYS}

    def index(self, content: Encoded, pk: int, number: int, version: int, recorded: int) -> int:
        """The search keys of a version. Gives: what it is ordered by, in microseconds; `recorded`: when it was written."""
        told = gather(self.keys, content, pk, number, version)
        return recorded if TYPES[content.resource["resourceType"]].sort == "_lastUpdated" else told

    def save(self, connection: Connection) -> None:
        """Write everything gathered."""
        if self.closing:
            connection.execute(_CLOSE, self.closing)
        insert_rows(connection, resource, self.versions)
        insert_rows(connection, body, self.bodies)
        insert_rows(connection, locator, self.locators, new=True)
        for table in KEYS:
            insert_rows(connection, table, self.keys[table.name], new=True)


class Entry(Protocol):
    """What is written together (`hub.store.deposit.Record`)."""

    @property
    def entry(self) -> int: ...

    @property
    def family(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A version as it was written."""

    bytes: bytes
    version_id: str
    recorded: int
    """Microseconds."""


class Versions:
    """Makes the rows of new versions of one patient's resources, all with one time of recording."""

    def __init__(self, key: bytes, pk: int, now: int, rows: Rows) -> None:
        self._pk, self._now, self._rows = pk, now, rows
        self._ids = Ids(key, "version", str(pk))
        self._instant = instant(now)

    def write(self, given: Encoded, number: int, of: Entry, custody: Mapping[str, Any], before: Any) -> Stored | None:
        """A new version of a resource; None: its content is that of the current one, and nothing is written.

        Takes: `of`: the entry that it is of; `before`: the current row of `resource`, perhaps a tombstone; None: there is none.
        """
        digest = hashlib.sha256(given.written).hexdigest()[:32]
        if before is not None and before.digest == digest and not before.gone:
            return None
        version = 1
        if before is None:
            self._rows.locators.append((number, self._pk))
        else:
            self._close(before)
            version = before.version + 1
        fhir_id, kind = given.resource["id"], given.resource["resourceType"]
        version_id = self._version_id(fhir_id, version)
        content = _recorded(given, self._instant)
        sort = self._rows.index(content, self._pk, number, version, self._now)
        at = (self._pk, kind, number, version, version_id, self._now, FOREVER, sort, of.entry)
        self._rows.versions.append((*at, fhir_id, 0, digest, *custody.values()))  # as the table's columns stand
        written = _stamped(content, version_id, self._instant)
        across = int(may_point(of.family, kind, custody["source"]))
        self._rows.bodies.append((self._pk, number, version, written, across))
        return Stored(written, version_id, self._now)

    def end(self, rows: Iterable[Any], custody: Mapping[str, Any]) -> None:
        """Tombstones after current rows."""
        for row in rows:
            if row.gone:
                continue
            self._close(row)
            version = row.version + 1
            ended = {"version": version, "version_id": self._version_id(row.fhir_id, version), "gone": 1}
            ended |= {"rec_from": self._now, "rec_to": FOREVER}
            held = dict(row._mapping) | dict(custody) | ended
            self._rows.versions.append(tuple(held[column.name] for column in resource.columns))

    def _close(self, row: Any) -> None:
        self._rows.closing.append({"p": self._pk, "t": row.type, "r": row.rid, "v": row.version, "now": self._now})

    def _version_id(self, fhir_id: str, version: int) -> str:
        return self._ids.of(fhir_id, str(version), letters=12)


def rewrite(connection: Connection, pk: int, change: Callable[[Resource], Resource]) -> None:
    """Put every version of a patient's resources through `change`, in place, index keys too: as if it had always been so.

    But for the hub's own Tasks, which are no part of the record: it reads in them what is to be done.
    """
    rows = connection.execute(_BODIES, {"on": pk}).all()
    bodies, gathered = [], Rows()
    for row in rows:
        content = loads(row.bytes)
        changed = change(content)
        if changed != content:
            bodies.append({"p": pk, "r": row.rid, "v": row.version, "content": dumps(changed)})
            gather(gathered.keys, encoded(changed), pk, row.rid, row.version)
    if bodies:
        connection.execute(_REPLACE, bodies)
        unindex(connection, pk, [(each["r"], each["v"]) for each in bodies])
        gathered.save(connection)


def unindex(connection: Connection, pk: int, versions: Sequence[tuple[int, int]]) -> None:
    """Take away the search keys of versions of one patient's resources: SQLite goes through all of the patient's for it, once."""
    for statement in _UNINDEX:
        connection.execute(statement, {"on": pk, "versions": versions})


def mark_across(connection: Connection, pk: int) -> None:
    """Note of every version of a patient's resources whether it may refer to other entries, a few hundred at a time."""
    last = (-1, 0)
    while rows := connection.execute(_HELD, {"on": pk, "rid": last[0], "version": last[1]}).all():
        told = [(row, int(may_point(row.family, row.type, row.source))) for row in rows]
        changed = [{"p": pk, "r": row.rid, "v": row.version, "new": across} for row, across in told if across != row.across]
        if changed:
            connection.execute(_MARK, changed)
        last = (rows[-1].rid, rows[-1].version)


def renew_keys(connection: Connection, pk: int, now: int) -> None:
    """Make a patient's search keys anew, and what its resources are ordered by, a few hundred resources at a time.

    Versions that were replaced longer ago than any page lives lose theirs: no search looks at them.
    """
    for table in KEYS:
        connection.execute(delete(table).where(table.c.pk == pk))
    last = (-1, 0)
    while rows := connection.execute(_LIVE, {"on": pk, "since": now - LIFE, "rid": last[0], "version": last[1]}).all():
        gathered, moved = Rows(), []
        for row in rows:
            sort = gathered.index(encoded(loads(row.bytes)), pk, row.rid, row.version, row.rec_from)
            if sort != row.sort:
                moved.append({"p": pk, "t": row.type, "r": row.rid, "v": row.version, "new": sort})
        gathered.save(connection)
        if moved:
            connection.execute(_REORDER, moved)
        last = (rows[-1].rid, rows[-1].version)


def _recorded(given: Encoded, recorded: str) -> Encoded:
    """A Provenance says when it was recorded: by the giver, else by the hub. Anything else is as it is given."""
    resource = given.resource
    if resource["resourceType"] != "Provenance" or "recorded" in resource:
        return given
    return of_elements(resource | {"recorded": recorded}, {"recorded": dumps(recorded), **given.elements})


def _stamped(content: Encoded, version_id: str, recorded: str) -> bytes:
    """The resource as it is kept: with the hub's version and time, whatever version the giver wrote."""
    stamp, given = dumps({"versionId": version_id, "lastUpdated": recorded}), content.meta
    meta = stamp if given in (b"", b"{}") else stamp[:-1] + b"," + given[1:]
    return whole({**_FIRST, **content.elements, "meta": meta})


_OF_VERSION = and_(body.c.pk == resource.c.pk, body.c.rid == resource.c.rid, body.c.version == resource.c.version)
_BODIES = (
    select(body.c.rid, body.c.version, body.c.bytes)
    .join(resource, _OF_VERSION)
    .where(resource.c.pk == bindparam("on"), not_(and_(resource.c.source == HUB, resource.c.info_type.in_((LIFTING, FOLLOW_UP)))))
)
_REPLACE = (
    update(body)
    .where(body.c.pk == bindparam("p"), body.c.rid == bindparam("r"), body.c.version == bindparam("v"))
    .values(bytes=bindparam("content"))
)
_UNINDEX = tuple(
    delete(table).where(
        table.c.pk == bindparam("on"), tuple_(table.c.rid, table.c.version).in_(bindparam("versions", expanding=True))
    )
    for table in KEYS
)
_LIVE = (
    select(*(resource.c[name] for name in ("type", "rid", "version", "sort", "rec_from")), body.c.bytes)
    .join(body, _OF_VERSION)
    .where(
        resource.c.pk == bindparam("on"),
        resource.c.gone == 0,
        resource.c.rec_to > bindparam("since"),
        tuple_(resource.c.rid, resource.c.version)
        > tuple_(bindparam("rid", type_=BigInteger), bindparam("version", type_=BigInteger)),
    )
    .order_by(resource.c.rid, resource.c.version)
    .limit(500)
)
_HELD = (
    select(*(resource.c[name] for name in ("type", "rid", "version", "source")), entry.c.family, body.c.across)
    .join(body, _OF_VERSION)
    .join(entry, and_(entry.c.pk == resource.c.pk, entry.c.entry == resource.c.entry))
    .where(
        resource.c.pk == bindparam("on"),
        tuple_(resource.c.rid, resource.c.version)
        > tuple_(bindparam("rid", type_=BigInteger), bindparam("version", type_=BigInteger)),
    )
    .order_by(resource.c.rid, resource.c.version)
    .limit(500)
)
_MARK = (
    update(body)
    .where(body.c.pk == bindparam("p"), body.c.rid == bindparam("r"), body.c.version == bindparam("v"))
    .values(across=bindparam("new"))
)
_REORDER = (
    update(resource)
    .where(
        resource.c.pk == bindparam("p"),
        resource.c.type == bindparam("t"),
        resource.c.rid == bindparam("r"),
        resource.c.version == bindparam("v"),
    )
    .values(sort=bindparam("new"))
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
