"""Readers who are not here: whom a patient or a log reviewer asks about. The engine decides for them as for a caller."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.caller import Caller
from hub.consent.grounds import Grounds, Need, Relation
from hub.consent.release import Flag, Outcome, Release, Row, all_of, closed, negation
from hub.directory import Directory
from hub.errors import InvalidRequest

SOMEBODY = "SOMEBODY"
"""Stands for an employee whom nobody has named; no HSA-id."""
UNNAMED = "UNNAMED"
"""Stands for an employee of whom nothing is known; no HSA-id."""
ASSUMED = "assumed"
"""Id of a ground that is only supposed."""
ROLES = ("physician", "dentist", "prescribing_nurse", "nurse", "dietitian", "pharmacist", "assistant_nurse")
SURE = 3
"""Level of assurance that care data need."""


def reader(directory: Directory, unit: str, employee: str = "", role: str = "physician") -> Caller:
    """An employee of a unit under a commission for care with the widest scope; `employee` empty: somebody there.

    Raises: InvalidRequest: the directory does not know the unit.
    """
    provider, social = directory.provider_of(unit), directory.is_social(unit)
    if provider is None or social is None:
        raise InvalidRequest("the directory does not know that unit", "unit")
    return Caller(
        kind="social" if social else "clinician",
        subject=employee.upper() or SOMEBODY,
        client="",
        issuer="",
        loa=SURE,
        purpose="care",
        scope="SJF",
        provider=provider.upper(),
        unit=unit.upper(),
        social_unit=social,
        role=role,
    )


def is_protected(directory: Directory, employee: str) -> bool:
    """Whether an employee, by HSA-id, has a protected identity: patients are not told who it is."""
    staff = directory.staff.get(employee.upper())
    return bool(staff and staff.protected)


def is_known_at(directory: Directory, provider: str, employee: str) -> bool:
    """Whether a care provider's log reviewer may learn from the directory that there is an employee: of one with protected
    identity who works elsewhere, nothing."""
    staff = directory.staff.get(employee.upper())
    return bool(staff and (not staff.protected or any(directory.provider_of(unit) == provider for unit in staff.units)))


def as_told_to(caller: Caller, employee: str, directory: Directory) -> str:
    """An employee as the caller may be told of: to a patient, one with protected identity has registered nothing."""
    return UNNAMED if caller.kind == "patient" and is_protected(directory, employee) else employee


def supposing_care(given: Grounds) -> Grounds:
    """The same, where the reader takes part in the patient's care and has stated that the data may matter."""
    mine = _mine(given.caller, given.now)
    relation, need = Relation(**mine), Need(**mine, type="relevance", reason="")
    return replace(given, relations=(*given.relations, relation), needs=(*given.needs, need))


_KNOWN_TO_PATIENT = all_of(Flag("released"), *(negation(Flag(name)) for name in ("secret", "incapacity", "nullified")))
KNOWN_TO_PATIENT = Release(closed((Row(_KNOWN_TO_PATIENT, Outcome.PERMIT, "R70"),)))
"""What is released to the patient: counts and accounts of accesses tell a patient of nothing else (R04, R70, R71)."""


def as_far_as_the_patient_knows(release: Release) -> Release:
    """The same, over nothing but `KNOWN_TO_PATIENT`."""
    return Release(closed((Row(negation(_KNOWN_TO_PATIENT), Outcome.HIDE, "R70"), *release.rows)))


def _mine(caller: Caller, now: datetime) -> dict[str, Any]:
    return {
        "id": ASSUMED,
        "start": now,
        "end": now + timedelta(minutes=1),
        "state": "active",
        "recorded": now,
        "recorded_by": "",
        "provider": caller.provider,
        "unit": caller.unit,
        "employee": caller.subject,
    }
