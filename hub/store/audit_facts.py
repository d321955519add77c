"""What a log reviewer's cues are judged by, beside the log itself. For cues, never for an answer about the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, select

from hub.fhir.json import loads
from hub.store.tables import FOREVER, body, ground, patient, resource

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


@dataclass(frozen=True, slots=True)
class Person:
    """What the population register says of somebody; empty: it does not."""

    family: str = ""
    address: tuple[str, ...] = ()
    """Lines, postal code and city of the registered address; empty where it is protected."""


NOBODY = Person()


def person_of(connection: Connection, pk: int, register: str) -> Person:
    """A person as the population register has it."""
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
    if not found:
        return NOBODY
    told = loads(found)
    family = next((str(each.get("family", "")) for each in told.get("name", ())), "")
    protected = connection.execute(select(patient.c.facts).where(patient.c.pk == pk)).scalar()
    if not protected or loads(protected.encode()).get("protected"):
        return Person(family)
    return Person(family, next((_address(each) for each in told.get("address", ()) if each.get("line")), ()))


def _address(written: Mapping[str, Any]) -> tuple[str, ...]:
    parts = (*written["line"], written.get("postalCode", ""), written.get("city", ""))
    return tuple(" ".join(str(each).casefold().split()) for each in parts)


def consents_among(connection: Connection, pk: int, ids: Sequence[str]) -> list[str]:
    """Those of a patient's grounds that are consents."""
    held = select(ground.c.id).where(ground.c.pk == pk, ground.c.kind == "consent", ground.c.id.in_(ids)).distinct()
    return sorted(connection.execute(held).scalars()) if ids else []


def withdrawn_before(connection: Connection, pk: int, provider: str, at: int) -> int | None:
    """When the patient last changed a consent for units of a care provider before `at`, if that ended it; None: it did not, or
    there is none. What the patient has changed elsewhere says nothing of these readers, and is not told to their reviewer."""
    latest = (
        select(ground.c.rec_from, ground.c.payload)
        .where(ground.c.pk == pk, ground.c.kind == "consent", ground.c.rec_from <= at)
        .order_by(ground.c.rec_from.desc())
    )
    for row in connection.execute(latest):
        given = loads(row.payload.encode())
        if given["provider"].upper() == provider.upper():
            return None if given.get("state") == "active" else int(row.rec_from)
    return None
