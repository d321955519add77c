"""Cues: facts about an access to look into, not verdicts. Each has its rule in words. PORTAL.md section 10."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.fhir.swedish_time import LOCAL

NIGHT = (22, 6)
"""Hours in Sweden."""
MANY = 20
"""Patients within an hour."""
REFUSALS = 3
"""Within an hour."""
HOUR = 3_600_000_000
MONTH = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class About:
    """What a cue is judged by."""

    content: Mapping[str, Any]
    at: datetime
    staff_family: str
    patient_family: str
    hour: Sequence[tuple[int, int, str]]
    """What the person did in the hour before: (time, patient key, outcome)."""
    contact: bool | None
    """The patient had a booking or contact at the unit within 30 days; None: not known, or not asked."""
    withdrawn: datetime | None
    """When the patient last withdrew a consent, where none was given since."""
    own: bool = False
    """Who read is the patient."""
    address: Sequence[str] = ()
    patient_address: Sequence[str] = ()
    """As the population register has them; empty: not known, or protected."""
    colleague: bool = False
    """The patient works at a unit where who read works."""
    watched: bool = False
    """The reviewer has said that the patient is of public interest."""
    away: bool = False
    """The own care provider's system says that who read was away then."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A name, the rule in words (Swedish, English), and the test."""

    name: str
    sv: str
    en: str
    holds: Callable[[About], bool]


def _same_surname(about: About) -> bool:
    return bool(about.staff_family) and about.staff_family.casefold() == about.patient_family.casefold()


def _same_address(about: About) -> bool:
    return bool(about.address) and not about.own and tuple(about.address) == tuple(about.patient_address)


def _night(about: About) -> bool:
    hour = about.at.astimezone(LOCAL).hour
    return _looked(about) and (hour >= NIGHT[0] or hour < NIGHT[1])


def _no_contact(about: About) -> bool:
    return _looked(about) and about.contact is False


def _many(about: About) -> bool:
    return _looked(about) and len({pk for _, pk, _ in about.hour if pk}) > MANY


def _emergency(about: About) -> bool:
    opened = about.content.get("action") == "register-assertion"
    return opened and about.content.get("details", {}).get("type") in ("emergency", "inner_emergency")


def _withdrawn(about: About) -> bool:
    return _looked(about) and about.withdrawn is not None and about.withdrawn < about.at <= about.withdrawn + MONTH


def _refused(about: About) -> bool:
    return about.content.get("outcome") == "refuse" and sum(outcome == "refuse" for *_, outcome in about.hour) >= REFUSALS


def _looked(about: About) -> bool:
    return about.content.get("outcome") == "permit" and about.content.get("action") in ("read", "vread", "history", "search")


CUES = (
    Cue(
        "same-surname",
        "Den som läste har samma efternamn som patienten.",
        "Who read has the patient's surname.",
        _same_surname,
    ),
    Cue("own-record", "Den som läste är patienten själv.", "Who read is the patient.", lambda about: about.own),
    Cue(
        "same-address",
        "Den som läste är folkbokförd på patientens adress.",
        "Who read is registered at the patient's address.",
        _same_address,
    ),
    Cue(
        "colleague",
        "Patienten arbetar på en enhet där den som läste arbetar.",
        "The patient works at a unit where who read works.",
        lambda about: about.colleague,
    ),
    Cue(
        "public-interest",
        "Vårdgivarens logggranskare har angett att patienten är av allmänt intresse.",
        "The care provider's log reviewer has said that the patient is of public interest.",
        lambda about: about.watched,
    ),
    Cue("night", "Läst mellan klockan 22 och 6.", "Read between 22 and 6 o'clock.", _night),
    Cue(
        "leave",
        "Läst när den som läste var borta enligt vårdgivarens personalsystem, så långt det är känt för den tiden.",
        "Read when the care provider's staff system says that who read was away, as far as is known of that time.",
        lambda about: _looked(about) and about.away,
    ),
    Cue(
        "no-contact",
        "Patienten har ingen bokning eller kontakt vid enheten inom 30 dagar före eller efter.",
        "The patient has no booking or contact at the unit within 30 days before or after.",
        _no_contact,
    ),
    Cue(
        "many-patients",
        f"Fler än {MANY} patienter på en timme.",
        f"More than {MANY} patients within an hour.",
        _many,
    ),
    Cue("emergency", "Journalen öppnades med nödöppning.", "The record was opened in an emergency.", _emergency),
    Cue(
        "after-withdrawal",
        "Läst inom 30 dagar efter att patienten återkallat ett samtycke.",
        "Read within 30 days after the patient withdrew a consent.",
        _withdrawn,
    ),
    Cue(
        "refused-repeatedly",
        f"Nekad minst {REFUSALS} gånger på en timme.",
        f"Refused at least {REFUSALS} times within an hour.",
        _refused,
    ),
)
