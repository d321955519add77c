"""What a security service has said, ended where nobody asks it any more: nothing would end it otherwise."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from hub.store.database import Database
from hub.store.known import known, put_ground
from hub.store.tables import FOREVER, ground
from hub.store.values import micros


def forget(database: Database, service: str, now: datetime) -> int:
    """End every ground that a service told of and that stands. Gives: how many. Blocks are among them."""
    told = select(ground.c.pk).where(ground.c.person == service, ground.c.rec_to == FOREVER).distinct()
    return sum(_ended(database, pk, service, now) for pk in database.reader().execute(told).scalars().all())


def _ended(database: Database, pk: int, service: str, now: datetime) -> int:
    with database.writing() as connection:
        held = known(connection, pk, micros(now)).grounds
        over = [each for each in held if each.recorded_by == each.service == service and each.state == "active"]
        for each in over:
            until = now if each.end is None or each.end > now else each.end
            put_ground(connection, pk, replace(each, state="ended", end=until), service, micros(now))
    return len(over)
