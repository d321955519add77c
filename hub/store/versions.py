"""The rows of one deposit: new versions with their bytes and index keys, tombstones, locators. Each table is written once."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, bindparam, delete, select, tuple_, update

from hub.fhir.identity import logical_id
from hub.fhir.index import index
from hub.fhir.index_keys import OPEN_LOW, DateKey, Index
from hub.fhir.json import dumps, loads
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.store.cursor import LIFE
from hub.store.keys_written import KEYS, rows_of
from hub.store.tables import FOREVER, body, locator, resource
from hub.store.values import insert_all, insert_new, instant

_FIRST = ("resourceType", "id", "meta")


class Versions:
    """State: the rows gathered so far, of one patient, all with one time of recording."""

    def __init__(self, key: bytes, pk: int, now: int) -> None:
        self._key, self._pk, self._now = key, pk, now
        self._closing: list[dict[str, Any]] = []
        self._versions: list[dict[str, Any]] = []
        self._bodies: list[dict[str, Any]] = []
        self._locators: list[dict[str, Any]] = []
        self._keys: dict[str, list[dict[str, Any]]] = {}

    def write(self, given: Resource, number: int, entry: int, custody: Mapping[str, Any], before: Any) -> None:
        """A new version of a resource, unless its content is that of the current one.

        Takes: `before`: the current row of `resource`, perhaps a tombstone; None: there is none.
        """
        digest = hashlib.sha256(dumps(given)).hexdigest()[:32]
        if before is not None and before.digest == digest and not before.gone:
            return
        version = 1
        if before is None:
            self._locators.append({"rid": number, "pk": self._pk})
        else:
            self._close(before)
            version = before.version + 1
        version_id = self._version_id(given["id"], version)
        content = _stamped(given, version_id, instant(self._now))
        keys = index(content, whole=True)
        row = {"pk": self._pk, "type": given["resourceType"], "rid": number, "version": version, "version_id": version_id}
        row |= {"rec_from": self._now, "rec_to": FOREVER, "sort": _sort(given["resourceType"], keys, self._now), "entry": entry}
        self._versions.append(row | {"fhir_id": given["id"], "gone": 0, "digest": digest} | dict(custody))
        self._bodies.append({"pk": self._pk, "rid": number, "version": version, "bytes": dumps(content)})
        self._index(given["resourceType"], number, version, keys)

    def end(self, rows: Iterable[Any], custody: Mapping[str, Any]) -> None:
        """Tombstones after current rows."""
        for row in rows:
            if row.gone:
                continue
            self._close(row)
            version = row.version + 1
            ended = {"version": version, "version_id": self._version_id(row.fhir_id, version), "gone": 1}
            self._versions.append(dict(row._mapping) | dict(custody) | ended | {"rec_from": self._now, "rec_to": FOREVER})

    def save(self, connection: Connection) -> None:
        """Write everything gathered."""
        if self._closing:
            connection.execute(_CLOSE, self._closing)
        for table, rows in ((resource, self._versions), (body, self._bodies)):
            if rows:
                insert_all(connection, table, rows)
        insert_new(connection, locator, self._locators)
        for table in KEYS:
            insert_new(connection, table, self._keys.get(table.name, ()))

    def _close(self, row: Any) -> None:
        self._closing.append({"p": self._pk, "t": row.type, "r": row.rid, "v": row.version, "now": self._now})

    def _version_id(self, fhir_id: str, version: int) -> str:
        return logical_id(self._key, "version", str(self._pk), fhir_id, str(version))[:12]

    def _index(self, resource_type: str, number: int, version: int, keys: Index) -> None:
        at = {"pk": self._pk, "rid": number, "version": version}
        for name, row in rows_of(resource_type, keys, at):
            self._keys.setdefault(name, []).append(row)


def rewrite(connection: Connection, key: bytes, pk: int, change: Callable[[Resource], Resource]) -> None:
    """Put every version of a patient's resources through `change`, in place, index keys too: as if it had always been so."""
    rows = connection.execute(_BODIES, {"on": pk}).all()
    bodies, versions = [], Versions(key, pk, 0)
    for row in rows:
        content = loads(row.bytes)
        changed = change(content)
        if changed != content:
            bodies.append({"p": pk, "r": row.rid, "v": row.version, "content": dumps(changed)})
            versions._index(changed["resourceType"], row.rid, row.version, index(changed, whole=True))
    if bodies:
        connection.execute(_REPLACE, bodies)
        for statement in _UNINDEX:
            connection.execute(statement, bodies)
        versions.save(connection)


def renew_keys(connection: Connection, pk: int, now: int) -> None:
    """Make a patient's search keys anew, and what its resources are ordered by, a few hundred resources at a time.

    Versions that were replaced longer ago than any page lives lose theirs: no search looks at them.
    """
    for table in KEYS:
        connection.execute(delete(table).where(table.c.pk == pk))
    last = (-1, 0)
    while rows := connection.execute(_LIVE, {"on": pk, "since": now - LIFE, "rid": last[0], "version": last[1]}).all():
        versions, moved = Versions(b"", pk, 0), []
        for row in rows:
            keys = index(loads(row.bytes), whole=True)
            versions._index(row.type, row.rid, row.version, keys)
            sort = _sort(row.type, keys, row.rec_from)
            if sort != row.sort:
                moved.append({"p": pk, "t": row.type, "r": row.rid, "v": row.version, "new": sort})
        versions.save(connection)
        if moved:
            connection.execute(_REORDER, moved)
        last = (rows[-1].rid, rows[-1].version)


def _stamped(given: Resource, version_id: str, recorded: str) -> Resource:
    """The resource as it is kept: with the hub's version and time, whatever version the giver wrote."""
    meta = {"versionId": version_id, "lastUpdated": recorded}
    meta |= {name: value for name, value in given.get("meta", {}).items() if name not in meta}
    head = {"resourceType": given["resourceType"], "id": given["id"], "meta": meta}
    if given["resourceType"] == "Provenance":
        head["recorded"] = given.get("recorded", recorded)
    return head | {name: value for name, value in given.items() if name not in _FIRST}


def _sort(resource_type: str, keys: Index, now: int) -> int:
    name = TYPES[resource_type].sort
    if name == "_lastUpdated":
        return now
    parameter = TYPES[resource_type].parameter(name)
    found = [key.lo for key in keys.get(parameter.index if parameter else name, ()) if isinstance(key, DateKey)]
    return max(found, default=OPEN_LOW)


_BODIES = select(body.c.rid, body.c.version, body.c.bytes).where(body.c.pk == bindparam("on"))
_REPLACE = (
    update(body)
    .where(body.c.pk == bindparam("p"), body.c.rid == bindparam("r"), body.c.version == bindparam("v"))
    .values(bytes=bindparam("content"))
)
_UNINDEX = tuple(
    delete(table).where(table.c.pk == bindparam("p"), table.c.rid == bindparam("r"), table.c.version == bindparam("v"))
    for table in KEYS
)
_LIVE = (
    select(*(resource.c[name] for name in ("type", "rid", "version", "sort", "rec_from")), body.c.bytes)
    .join(body, and_(body.c.pk == resource.c.pk, body.c.rid == resource.c.rid, body.c.version == resource.c.version))
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
