"""Source messages as they came, with what became of them. A message that could not be mapped is kept, listed, and tried again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, false, func, or_, select, true, update

from hub.errors import Issue
from hub.fhir.identifiers import Identifier
from hub.fhir.json import dumps, loads
from hub.mappers import SourceMessage
from hub.store.tables import NO_PATIENT, message
from hub.store.values import micros, moment, upsert

LATER = "g"
"""Comes after every digit of an id."""
MANY = 16
STATUSES = ("mapped", "flawed", "partly", "withheld", "unmappable", "waiting")
"""mapped: all of it; flawed: every record, but something in them could not be used as it was sent, such as an impossible date;
partly: some rows had faults; withheld: custody is missing, so nobody sees it; unmappable: nothing could be read; waiting: kept,
but whose it is could not be asked yet."""
UNWELL = tuple(each for each in STATUSES if each != "mapped")
"""Those that an operator looks into."""

UNPLACED = "nobody sees them: the care provider or unit is missing, or not one that may hold them"
"""The problem of records without custody, whatever else is wrong with their message."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message and what became of it."""

    id: str
    pk: int
    message: SourceMessage
    status: str
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listed:
    """One message in a list: what became of it, and with how many problems."""

    id: str
    received: datetime
    source: str
    format: str
    status: str
    problems: int


def message_id(given: SourceMessage) -> str:
    """The same message has the same id, however often it comes."""
    return hashlib.sha256(b"\0".join((given.source.encode(), given.format.encode(), given.content))).hexdigest()[:32]


def keep(
    connection: Connection, given: SourceMessage, pk: int, status: str, report: dict[str, Any], came_again: bool = False
) -> None:
    """Keep a message; when it was kept before, what became of it this time is what counts.

    Takes: `came_again`: it counts as received now, although the same came before.
    """
    row = {
        "pk": pk,
        "id": message_id(given),
        "source": given.source,
        "format": given.format,
        "name": given.name.replace("\0", ""),
        "received": micros(given.received),
        "status": status,
        "report": dumps(report).decode(),
        "asked": str(given.asked) if given.asked else "",
        "content": given.content,
    }
    renewed: dict[str, tuple[Any, ...]] = {"received": ()} if came_again else {}
    upsert(connection, message, [row], status=(), report=(), **renewed)


def supersede(connection: Connection, given: SourceMessage, problem: str, report: dict[str, Any]) -> None:
    """A newer message of this source and format has come: earlier ones with a certain problem have it no more."""
    connection.execute(
        update(message)
        .where(
            message.c.source == given.source,
            message.c.format == given.format,
            message.c.status == "partly",
            message.c.report.contains(problem, autoescape=True),
        )
        .values(report=dumps(report).decode())
    )


def listed(
    connection: Connection, statuses: Sequence[str] = (), source: str = "", limit: int = 200, problem: str = ""
) -> tuple[list[Listed], int]:
    """Kept messages, newest first, without their bytes: those of some statuses, and those with a certain problem.

    Gives: at most `limit` of them, and how many there are.
    """
    of_status = message.c.status.in_(statuses) if statuses else true()
    has_problem = message.c.report.contains(problem, autoescape=True) if problem else false()
    which = and_(or_(of_status, has_problem), message.c.source == source if source else true())
    shown = (message.c[name] for name in ("id", "received", "source", "format", "status", "report"))
    rows = connection.execute(select(*shown).where(which).order_by(message.c.received.desc(), message.c.id).limit(limit))
    found = [Listed(row.id, moment(row.received), row.source, row.format, row.status, _problems(row.report)) for row in rows]
    return found, connection.execute(select(func.count()).select_from(message).where(which)).scalar_one()


def sources(connection: Connection) -> set[str]:
    """Whose messages are kept, whether or not the source is still configured."""
    return set(connection.execute(select(message.c.source).distinct()).scalars())


def _problems(report: str) -> int:
    return len(loads(report.encode()).get("issues", ()))


def waiting(connection: Connection, after: tuple[int, str] = (0, ""), limit: int = 50) -> list[Kept]:
    """Messages that wait for the register, in the order in which they came.

    Takes: `after`: when the last one before these came (microseconds), and its id.
    """
    received, id = after
    later = (message.c.received > received) | ((message.c.received == received) & (message.c.id > id))
    wanted = select(message).where(message.c.status == "waiting", later).order_by(message.c.received, message.c.id)
    return [_kept(row) for row in connection.execute(wanted.limit(limit))]


def get(connection: Connection, id: str) -> Kept | None:
    """One message; `id` may be cut short as long as it is the only one that begins so."""
    wanted = select(message).where(message.c.id >= id, message.c.id < id + LATER).order_by(message.c.id, message.c.pk.desc())
    rows = connection.execute(wanted.limit(MANY)).all()
    return _kept(rows[0]) if len({row.id for row in rows}) == 1 else None


def report(issues: Sequence[Issue], **more: Any) -> dict[str, Any]:
    """What became of a message, as it is kept: places and problems, never values."""
    return {"issues": [{"place": each.place, "problem": each.problem, "severity": each.severity} for each in issues]} | more


def _kept(row: Any) -> Kept:
    asked = Identifier(*row.asked.rsplit("|", 1)) if row.asked else None
    given = SourceMessage(row.source, row.format, row.content, moment(row.received), asked, row.name)
    return Kept(row.id, row.pk, given, row.status, loads(row.report.encode()))


NOT_OF_ONE_PATIENT = NO_PATIENT
"""Where messages lie that hold many patients' records, or nobody's."""
