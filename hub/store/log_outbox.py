"""How far the log went to the log service: a place in each shard, moved when what lies before it was taken.

The log is the outbox. An entry is there as soon as its answer may leave, in an order that never changes; so nothing is lost,
whenever the hub is killed, and what was taken but not noted is sent again under the same id. Of several processes one sends a
shard at a time: it claims it for a while, and another goes on when that is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, or_, select, update

from hub.consent.release import Release
from hub.store.audit_reading import Logged, entries, heads
from hub.store.audit_removed import removed_sizes
from hub.store.database import Database
from hub.store.released import Relation, View
from hub.store.tables import NO_PATIENT, audit_sent, locator, resource
from hub.store.values import in_parts, insert_new


@dataclass(frozen=True, slots=True)
class Position:
    """Of a shard: how many entries were taken, of how many, and when the first that was not was written (microseconds)."""

    shard: int
    sent: int
    size: int
    oldest: int | None

    @property
    def left(self) -> int:
        """How many have still to be taken, or passed over."""
        return self.size - self.sent


def positions(connection: Connection) -> list[Position]:
    """How far every shard went."""
    held = {row.shard: row.sent for row in connection.execute(select(audit_sent))}
    removed = removed_sizes(connection)
    found = []
    for head in heads(connection):
        sent = max(held.get(head.shard, 0), removed.get(head.shard, 0))
        first = entries(connection, after=sent - 1, limit=1, shard=head.shard) if sent < head.size else []
        found.append(Position(head.shard, sent, head.size, first[0].at if first else None))
    return found


def part(connection: Connection, shard: int, sent: int, most: int) -> list[Logged]:
    """The next entries of a shard."""
    return entries(connection, after=sent - 1, limit=most, shard=shard)


def claimed(database: Database, shard: int, holder: str, now: int, until: int) -> int | None:
    """Claim what is left of a shard, or hold on to it, until a time (microseconds); whoever held it longer ago lets go.

    Takes: `holder`: names the process, as no other is named. Gives: how many entries were taken; None: another process has it.
    """
    row = audit_sent.c
    free = or_(row.holder == holder, row.until.is_(None), row.until <= now)
    with database.writing() as connection:
        insert_new(connection, audit_sent, [_UNSENT | {"shard": shard}])
        held = update(audit_sent).where(row.shard == shard, free).values(holder=holder, until=until)
        if not connection.execute(held).rowcount:
            return None
        sent: int = connection.execute(select(row.sent).where(row.shard == shard)).scalar_one()
        return max(sent, removed_sizes(connection).get(shard, 0))


def let_go(database: Database, holder: str) -> None:
    """Let other processes go on at once with what this one has claimed."""
    with database.writing() as connection:
        connection.execute(update(audit_sent).where(audit_sent.c.holder == holder).values(holder=None, until=None))


def taken(database: Database, shard: int, sent: int) -> None:
    """Note that the entries before a place were taken; never back: another process may have gone on."""
    with database.writing() as connection:
        insert_new(connection, audit_sent, [_UNSENT | {"shard": shard}])
        connection.execute(update(audit_sent).where(audit_sent.c.shard == shard, audit_sent.c.sent <= sent).values(sent=sent))


_UNSENT = {"sent": 0, "holder": None, "until": None}


Custodian = tuple[int, str, str, str]
"""Patient key, resource type, care provider, unit: whose a resource is. Empty: the source did not say."""


def custodians(
    connection: Connection, pk: int, ids: Sequence[str], rids: Sequence[int], release: Release | None = None
) -> list[Custodian]:
    """Whose the resources are that an answer held, each once.

    Takes: the patient key and logical ids; or NO_PATIENT, of an answer about several patients, and the resources' numbers;
    `release`: of what it lets through now, of the one patient.
    """
    view = View("patient", release, pk=pk) if release else None
    seen, given = ([Relation(view).permitted()], view.values()) if view else ([], {})
    columns = (resource.c.pk, resource.c.type, resource.c.provider, resource.c.unit)
    found: set[Custodian] = set()
    if pk != NO_PATIENT:
        tests = [and_(resource.c.pk == pk, resource.c.fhir_id.in_(some)) for some in in_parts(ids)]
    else:
        tests = [
            and_(resource.c.pk.in_(select(locator.c.pk).where(locator.c.rid.in_(some))), resource.c.rid.in_(some))
            for some in in_parts(rids)
        ]
    for test in tests:
        rows = connection.execute(select(*columns).where(test, *seen).distinct(), given)
        found |= {(row.pk, row.type, row.provider or "", row.unit or "") for row in rows}
    return sorted(found)
