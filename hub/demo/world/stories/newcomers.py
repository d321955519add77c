"""Samuel Tekle, whose older records lie under a samordningsnummer; Viktor Melnyk, who still has one and a high blood pressure.

Samuel's birth date was uncertain when the number was given; it was settled when he was registered.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from hub.demo.world import organisations as o
from hub.demo.world.model import CarePlan, Fact, Measurement, Person
from hub.demo.world.scribe import (
    CREATININE,
    EMERGENCY_VISIT,
    HAEMOGLOBIN,
    HBA1C,
    LDL,
    POTASSIUM,
    STOCKHOLM,
    VISIT,
    Calendar,
    tablet,
    tablets,
)
from hub.demo.world.stories.brief import HOSPITAL, JOURNAL, booking, chemistry, contact, drug_ordered, plan
from hub.demo.world.stories.ingrid import CLINIC, LISA, SAMIR
from hub.demo.world.stories.ingrid_measurements import BLOOD_PRESSURE, pressure

SAMUEL, SAMUEL_BEFORE, VIKTOR = "195009072553", "196109732393", "197010632391"
MIKAEL, EVA = "SE2321990018-1003", "SE2321990018-1013"
SOFIA, JOHAN, NADIA = "SE2321990026-2001", "SE2321990026-2002", "SE2321990026-2003"

TIOTROPIUM = tablet(
    "Tiotropium Nordlek", "tiotropium", "R03BB04", "20990101000061", "18", "mikrogram", "Inhalationspulver, hård kapsel"
)
AMLODIPINE = tablet("Amlodipin Nordlek", "amlodipin", "C08CA01", "20990101000062", "5")

LUNG_PLAN = """Vårdplan KOL

Mål: Rökfri. Ingen inläggning på ett år.
Åtgärder: Tiotropium dagligen. Inhalationsteknik kontrollerad. Vaccination mot influensa och pneumokocker."""


def people(_: Calendar) -> tuple[Person, ...]:
    return (
        Person(
            numbers=(SAMUEL, SAMUEL_BEFORE),
            given="Samuel",
            family="Tekle",
            born=date(1950, 9, 7),
            sex="male",
            street="Hamngatan 21",
            postal_code="998 20",
            city="Lillhamn",
            marital="Ä",
        ),
        Person(numbers=(VIKTOR,), given="Viktor", family="Melnyk", born=date(1970, 10, 3), sex="male", city="Norrdal"),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    return (*_samuel(c), *_viktor(c))


def _samuel(c: Calendar) -> list[Fact]:
    centre, emergency, norrdal = JOURNAL[o.LILLHAMN], JOURNAL[o.EMERGENCY], JOURNAL[o.HEALTH_CENTRE]
    night = autumn_night(c.today)
    unnamed = chemistry(centre, "VL-924044", SAMUEL, JOHAN, c.weekday(-66, "08:00"), {HBA1C: "44"})
    void = plan(
        centre, "LVC-88241", SAMUEL, SOFIA, c.weekday(-90, "11:20"), "RP", "Rehabiliteringsplan", "Upprättad på fel patient."
    )
    return [
        contact(centre, "LVC-K-0710", SAMUEL_BEFORE, SOFIA, c.weekday(-900, "10:00"), VISIT, "Hosta sedan länge"),
        chemistry(centre, "VL-880112", SAMUEL_BEFORE, SOFIA, c.weekday(-900, "10:20"), {HAEMOGLOBIN: "158", POTASSIUM: "4.0"}),
        drug_ordered(
            *(centre, "V-700120", SAMUEL_BEFORE, SOFIA, c.weekday(-899, "14:00")),
            *(TIOTROPIUM, "1 inhalation dagligen", "1", tablets("1", unit="inhalation")),
            purpose="KOL",
        ),
        plan(centre, "LVC-88240", SAMUEL, SOFIA, c.weekday(-95, "11:00"), "VP", "Vårdplan KOL", LUNG_PLAN),
        replace(void, custody=replace(void.custody, nullified=True)),
        contact(centre, "LVC-K-0711", SAMUEL, SOFIA, c.weekday(-95, "10:30"), VISIT, "Årskontroll"),
        contact(emergency, "AKM-54400", SAMUEL, NADIA, night, EMERGENCY_VISIT, "Svårt att andas i natt", minutes=0),
        chemistry(
            centre, "VL-924040", SAMUEL, SOFIA, c.weekday(-95, "10:50"), {HAEMOGLOBIN: "155", LDL: "<0.5", CREATININE: "79"}
        ),
        replace(unnamed, custody=replace(unnamed.custody, names_unit=False)),
        booking(centre, "B-33410", SAMUEL, JOHAN, c.weekday(-10, "09:00"), c.weekday(15, "09:20"), "Spirometri"),
        chemistry(
            norrdal, "SVC-8300", SAMUEL, MIKAEL, c.weekday(-30, "08:45"), {POTASSIUM: "4.3"}, question="Besök hos släkting, yrsel"
        ),
    ]


def _viktor(c: Calendar) -> list[Fact]:
    norrdal, bench = JOURNAL[o.HEALTH_CENTRE], HOSPITAL[o.HEALTH_CENTRE]
    return [
        drug_ordered(
            *(norrdal, "NO-540001", VIKTOR, MIKAEL, c.weekday(-55, "10:10"), AMLODIPINE), "1 tablett dagligen", "1", tablets("1")
        ),
        chemistry(
            bench,
            "NL-40501",
            VIKTOR,
            MIKAEL,
            c.weekday(-55, "08:30"),
            {POTASSIUM: "4.1", CREATININE: "88"},
            question="Högt blodtryck",
        ),
        booking(bench, "NB-71720", VIKTOR, EVA, c.weekday(-55, "10:20"), c.weekday(6, "08:20"), "Blodtryckskontroll", minutes=20),
        *_at_the_clinic(c),
    ]


def _at_the_clinic(c: Calendar) -> list[Fact]:
    found: list[Fact] = []
    for number, (offset, systolic, diastolic) in enumerate(((-52, "168", "98"), (-27, "154", "92"), (-11, "146", "88")), start=1):
        when = c.weekday(offset, "14:20")
        found.append(
            Measurement(
                key=f"obs-vm-bt-{number}",
                person=VIKTOR,
                custody=CLINIC.custody(LISA, when),
                code=BLOOD_PRESSURE,
                time=when,
                parts=pressure(systolic, diastolic),
            )
        )
    plan_made = c.weekday(-52, "14:50")
    found.append(
        CarePlan(
            key="cp-blodtryck-1",
            person=VIKTOR,
            custody=CLINIC.custody(SAMIR, plan_made),
            title="Behandlingsplan högt blodtryck",
            kind="VP",
            start=plan_made.date(),
            goals=("Blodtryck under 140/90",),
            activities=("Kontroll av blodtryck var tredje vecka",),
        )
    )
    return found


def autumn_night(today: date) -> datetime:
    """02:30 in the night when summer time last ended before `today`: an hour that occurs twice (the first of them)."""
    year = today.year if today > date(today.year, 11, 1) else today.year - 1
    last = date(year, 10, 31)
    sunday = last - timedelta(days=(last.weekday() + 1) % 7)
    return datetime(sunday.year, sunday.month, sunday.day, 2, 30, tzinfo=STOCKHOLM)
