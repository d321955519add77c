"""What a log reviewer's cues are judged by, beside the log itself. For cues, never for an answer about the record."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, select

from hub.fhir.json import loads
from hub.store.tables import FOREVER, body, ground, resource

NEAR = timedelta(days=30) // timedelta(microseconds=1)
"""Microseconds before and after an access in which a contact counts."""
CONTACTS = ("Appointment", "Encounter")


def contact_near(connection: Connection, pk: int, unit: str, at: int) -> bool:
    """Whether the patient has a booking or contact at the unit that begins within 30 days of `at`."""
    found = (
        select(resource.c.rid)
        .where(resource.c.pk == pk, resource.c.type.in_(CONTACTS), resource.c.unit == unit, resource.c.rec_to == FOREVER)
        .where(resource.c.gone == 0, resource.c.sort >= at - NEAR, resource.c.sort <= at + NEAR)
        .limit(1)
    )
    return connection.execute(found).first() is not None


def family_of(connection: Connection, pk: int, register: str) -> str:
    """The patient's surname as the population register has it; empty where it is not known."""
    held = (
        select(body.c.bytes)
        .join(
            resource,
            (resource.c.pk == body.c.pk) & (resource.c.rid == body.c.rid) & (resource.c.version == body.c.version),
        )
        .where(resource.c.pk == pk, resource.c.type == "Patient", resource.c.source == register, resource.c.rec_to == FOREVER)
        .limit(1)
    )
    found = connection.execute(held).scalar()
    names = loads(found).get("name", []) if found else []
    return str(names[0].get("family", "")) if names else ""


def consents_among(connection: Connection, pk: int, ids: Sequence[str]) -> list[str]:
    """Those of a patient's grounds that are consents."""
    held = select(ground.c.id).where(ground.c.pk == pk, ground.c.kind == "consent", ground.c.id.in_(ids)).distinct()
    return sorted(connection.execute(held).scalars()) if ids else []


def withdrawn_before(connection: Connection, pk: int, at: int) -> int | None:
    """When the patient's last change of consent before `at` was recorded, if it ended one; None: it did not, or there is none."""
    last = (
        select(ground.c.rec_from, ground.c.payload)
        .where(ground.c.pk == pk, ground.c.kind == "consent", ground.c.rec_from <= at)
        .order_by(ground.c.rec_from.desc())
        .limit(1)
    )
    row = connection.execute(last).first()
    if row is None or loads(row.payload.encode()).get("state") == "active":
        return None
    recorded: int = row.rec_from
    return recorded
