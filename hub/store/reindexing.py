"""Search keys of what an earlier version stored, made anew: a search over keys that are not there would find too little and
not say so, so a hub does not start on a database whose keys were made by other definitions. Likewise what is kept of persons with
protected identity: it leads nowhere that this version would not let it lead.
"""

import hashlib
from collections.abc import Callable

from sqlalchemy import Connection, bindparam, insert, select, update

from hub.fhir.masking import hidden
from hub.fhir.types import TYPES
from hub.store.database import Database
from hub.store.deposit import lock_patient
from hub.store.patients import facts_of
from hub.store.tables import FOREVER, index_made, patient, resource
from hub.store.values import insert_new
from hub.store.versions import mark_across, renew_keys, rewrite

WAYS = 4
"""Raised when a kind of parameter makes other keys of the same element, or keeps them otherwise; or more is noted of a body."""
MASKS = 1
"""Raised when more of a protected person's resources is masked."""
_ROW = 1


class OutdatedKeys(ValueError):
    """The search keys were made by other definitions than this version's."""


def definitions() -> str:
    """A digest of what search keys follow from."""
    told = hashlib.sha256(f"{WAYS} {MASKS}".encode())
    for name, held in sorted(TYPES.items()):
        told.update(repr((name, held.sort, held.search)).encode())
    return told.hexdigest()[:32]


def check(connection: Connection) -> None:
    """See that every search key is of this version; a database that holds nothing yet begins with it.

    Raises: OutdatedKeys.
    """
    held = connection.execute(_STATE).one_or_none()
    if held is None and connection.execute(_ANYTHING).one_or_none() is None:
        insert_new(connection, index_made, [{"id": _ROW, "digest": definitions(), "upto": FOREVER}])
    elif held is None or (held.digest, held.upto) != (definitions(), FOREVER):
        raise OutdatedKeys("the search keys were made by another version: stop the hub and run `hub reindex`")


def reindex(database: Database, now: int, tell: Callable[[int], None] = lambda _: None) -> int:
    """Make every patient's search keys anew, each patient's in a transaction of its own. What was done before an interruption is
    not done again. Nothing if they are of this version already.

    Takes: `now`: microseconds; `tell`: is called with the number of patients done so far.
    Gives: how many patients' keys were made.
    """
    done, upto = 0, _begun(database)
    while upto < FOREVER:
        with database.writing() as connection:
            following = connection.execute(_NEXT, {"after": upto}).scalar()
            upto = FOREVER if following is None else following
            if following is not None:
                lock_patient(connection, following, now)
                if facts_of(connection, following)[1].protected:
                    rewrite(connection, following, hidden)
                renew_keys(connection, following, now)
                mark_across(connection, following)
                done += 1
            connection.execute(_DONE, {"upto": upto})
        tell(done)
    return done


def _begun(database: Database) -> int:
    """The last patient whose keys are of this version; -1: none."""
    with database.writing() as connection:
        held = connection.execute(_STATE).one_or_none()
        if held is not None and held.digest == definitions():
            return int(held.upto)
        if held is None:
            connection.execute(insert(index_made), {"id": _ROW, "digest": definitions(), "upto": -1})
        else:
            connection.execute(update(index_made).values(digest=definitions(), upto=-1))
        return -1


_STATE = select(index_made.c.digest, index_made.c.upto)
_ANYTHING = select(resource.c.pk).limit(1)
_NEXT = select(patient.c.pk).where(patient.c.pk > bindparam("after")).order_by(patient.c.pk).limit(1)
_DONE = update(index_made).values(upto=bindparam("upto"))
