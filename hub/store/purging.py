"""Search keys of versions that were replaced longer ago than any page lives: no search looks at them, so they go.

The versions themselves stay, for history and vread. What is done is noted, and each step is small: writers wait for none.
"""

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.store.cursor import LIFE
from hub.store.database import Database
from hub.store.tables import IS_CLOSED, keys_purged, resource
from hub.store.versions import unindex

STEP = 200
"""Versions whose keys go in one transaction, and with the last of them all that were replaced in the same moment."""
_ROW = 1


def purge_keys(database: Database, now: int, step: int = STEP) -> int:
    """Delete the search keys of the versions that are due longest.

    Takes: `now`: microseconds; `step`: of how many versions in this transaction.
    Gives: how many versions lost theirs; 0: none is due.
    """
    with database.writing() as connection:
        upto = _begun(connection)
        moments = connection.execute(_MOMENTS, {"since": upto, "until": now - LIFE, "step": step}).scalars().all()
        if not moments:
            return 0
        due = connection.execute(_DUE, {"since": upto, "last": moments[-1]}).all()
        for pk in {row.pk for row in due}:
            versions = [(row.rid, row.version) for row in due if row.pk == pk]
            unindex(connection, pk, versions)
        connection.execute(_DONE, {"upto": moments[-1]})
        return len(due)


def _begun(connection: Connection) -> int:
    held: int | None = connection.execute(_UPTO).scalar()
    if held is None:
        connection.execute(insert(keys_purged), {"id": _ROW, "upto": 0})
    return held or 0


_UPTO = select(keys_purged.c.upto).with_for_update()
_DONE = update(keys_purged).values(upto=bindparam("upto"))
_MOMENTS = (
    select(resource.c.rec_to)
    .where(IS_CLOSED, resource.c.rec_to > bindparam("since"), resource.c.rec_to < bindparam("until"))
    .order_by(resource.c.rec_to)
    .limit(bindparam("step"))
)
_DUE = select(resource.c.pk, resource.c.rid, resource.c.version).where(
    IS_CLOSED, resource.c.rec_to > bindparam("since"), resource.c.rec_to <= bindparam("last")
)
