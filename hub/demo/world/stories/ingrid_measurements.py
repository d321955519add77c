"""Ingrid Sandell's measurements: at Hjärtgården, and her own at home (weight and blood pressure, rising before the stay)."""

from hub.demo.world import organisations as o
from hub.demo.world.model import Custody, Fact, Measurement, Person
from hub.demo.world.scribe import Calendar
from hub.demo.world.stories.ingrid import CLINIC, INGRID, LISA, SAMIR
from hub.demo.world.values import LOINC, Code, Quantity

WEIGHT = Code("29463-7", "Kroppsvikt", LOINC)
BLOOD_PRESSURE = Code("85354-9", "Blodtryck", LOINC)
SYSTOLIC = Code("8480-6", "Systoliskt blodtryck", LOINC)
DIASTOLIC = Code("8462-4", "Diastoliskt blodtryck", LOINC)
PULSE = Code("8867-4", "Hjärtfrekvens", LOINC)
EJECTION_FRACTION = Code("10230-1", "Ejektionsfraktion vänster kammare", LOINC)

CLINIC_VISITS = (
    # days ago, systolic, diastolic, pulse, weight, ejection fraction
    (-555, "148", "88", "92", "78.4", "50"),
    (-372, "142", "86", "84", "78.0", ""),
    (-190, "138", "84", "78", "78.2", "43"),
    (-74, "136", "82", "76", "79.1", "38"),
)

HOME_WEIGHTS = (
    # days ago, kg; she weighs herself more often when it rises
    *((-90, "77.9"), (-86, "78.1"), (-83, "77.8"), (-79, "78.0"), (-74, "78.2"), (-70, "77.9"), (-65, "78.0")),
    *((-61, "78.3"), (-56, "78.1"), (-52, "78.0"), (-47, "78.2"), (-43, "78.4"), (-40, "78.3"), (-37, "78.6")),
    *((-34, "77.9"), (-33, "78.9"), (-31, "79.4"), (-29, "79.8"), (-27, "80.3"), (-26, "80.6"), (-25, "81.0"), (-24, "81.4")),
    *((-16, "77.6"), (-15, "77.4"), (-14, "77.5"), (-13, "77.2"), (-12, "77.3"), (-11, "77.1"), (-10, "77.4")),
    *((-9, "77.2"), (-8, "77.0"), (-7, "77.3"), (-6, "77.1"), (-5, "77.4"), (-4, "77.2"), (-3, "77.3"), (-2, "77.2")),
)

HOME_PRESSURES = (
    *((-89, "139", "82"), (-80, "141", "84"), (-71, "136", "80"), (-62, "138", "83"), (-54, "142", "85"), (-46, "140", "82")),
    *((-38, "137", "81"), (-30, "134", "80"), (-25, "128", "76"), (-15, "118", "68"), (-12, "116", "66"), (-8, "120", "70")),
    *((-5, "117", "66"), (-2, "119", "65")),
)


def people(_: Calendar) -> tuple[Person, ...]:
    return ()


def facts(c: Calendar) -> tuple[Fact, ...]:
    return (*(fact for number, row in enumerate(CLINIC_VISITS, start=1) for fact in _visit(c, number, *row)), *_home(c))


def _visit(
    c: Calendar, number: int, offset: int, systolic: str, diastolic: str, pulse: str, weight: str, fraction: str
) -> list[Fact]:
    when = c.weekday(offset, "15:10")
    custody = CLINIC.custody(LISA, when)
    found: list[Fact] = [
        Measurement(
            key=f"obs-bt-{number}",
            person=INGRID,
            custody=custody,
            code=BLOOD_PRESSURE,
            time=when,
            parts=pressure(systolic, diastolic),
        ),
        Measurement(
            key=f"obs-puls-{number}", person=INGRID, custody=custody, code=PULSE, time=when, value=Quantity(pulse, "/min")
        ),
        Measurement(
            key=f"obs-vikt-{number}", person=INGRID, custody=custody, code=WEIGHT, time=when, value=Quantity(weight, "kg")
        ),
    ]
    if fraction:
        found.append(
            Measurement(
                key=f"obs-ef-{number}",
                person=INGRID,
                custody=CLINIC.custody(SAMIR, when),
                code=EJECTION_FRACTION,
                time=when,
                value=Quantity(fraction, "%"),
                category="exam",
                note="Ekokardiografi.",
            )
        )
    return found


def pressure(systolic: str, diastolic: str) -> tuple[tuple[Code, Quantity], ...]:
    return (SYSTOLIC, Quantity(systolic, "mm[Hg]")), (DIASTOLIC, Quantity(diastolic, "mm[Hg]"))


def _home(c: Calendar) -> list[Fact]:
    weights: list[Fact] = [
        Measurement(
            key=f"own-vikt-{number}",
            person=INGRID,
            custody=_own(c, offset, "07:10"),
            code=WEIGHT,
            time=c.at(offset, "07:10"),
            value=Quantity(kilograms, "kg"),
        )
        for number, (offset, kilograms) in enumerate(HOME_WEIGHTS, start=1)
    ]
    pressures: list[Fact] = [
        Measurement(
            key=f"own-bt-{number}",
            person=INGRID,
            custody=_own(c, offset, "07:20"),
            code=BLOOD_PRESSURE,
            time=c.at(offset, "07:20"),
            parts=pressure(systolic, diastolic),
        )
        for number, (offset, systolic, diastolic) in enumerate(HOME_PRESSURES, start=1)
    ]
    return weights + pressures


def _own(c: Calendar, offset: int, clock: str) -> Custody:
    return Custody(system=o.OWN, provider="", unit="", author=INGRID, time=c.at(offset, clock))
