"""Elin (23) and Tove (20) Nordin and their daughter Alva, 1: asthma-like bronchitis, and a fever that went to hospital."""

from datetime import date
from functools import partial

from hub.demo.world import organisations as o
from hub.demo.world.medication import Dose, Drug, Period
from hub.demo.world.model import Fact, Person
from hub.demo.world.scribe import CRP, EMERGENCY_VISIT, HAEMOGLOBIN, LEUKOCYTES, VISIT, Calendar
from hub.demo.world.stories.brief import HOSPITAL, JOURNAL, booking, chemistry, contact, drug_ordered, plan
from hub.demo.world.values import ICD_10_SE, Code

ELIN, TOVE, ALVA = "200302022389", "200306062381", "202503082386"
KARIN, OLLE, MIKAEL = "SE2321990018-1007", "SE2321990018-1008", "SE2321990018-1003"
SOFIA, NADIA, CAMILLA = "SE2321990026-2001", "SE2321990026-2003", "SE2321990026-2008"

BRONCHITIS = Code("J20.9", "Akut bronkit, ospecificerad", ICD_10_SE)
SALBUTAMOL = Drug(
    name="Salbutamol Nordlek",
    substance="salbutamol",
    atc="R03AC02",
    npl_id="20990101000041",
    form="Inhalationsspray, suspension",
    strength="0,1",
    strength_unit="mg/dos",
    route="Inhalation",
)
BUDESONIDE = Drug(
    name="Budesonid Nordlek",
    substance="budesonid",
    atc="R03BA02",
    npl_id="20990101000042",
    form="Inhalationspulver",
    strength="200",
    strength_unit="mikrogram/dos",
    route="Inhalation",
)
PUFF = Dose("1", "2", "dos")

ASTHMA_PLAN = """Behandlingsplan förkylningsastma

Vid förkylning: Salbutamol 1–2 doser var fjärde timme i andningsbehållare.
Sök vård om: Andningen är snabb och ansträngd, barnet inte orkar äta eller behöver medicin oftare än var tredje timme."""


def people(_: Calendar) -> tuple[Person, ...]:
    resident = partial(Person, street="Strandgatan 2 A", postal_code="998 21", city="Lillhamn", family="Nordin")
    return (
        resident(numbers=(ELIN,), given="Elin", born=date(2003, 2, 2), sex="female", marital="G"),
        resident(numbers=(TOVE,), given="Tove", born=date(2003, 6, 6), sex="female", marital="G"),
        resident(
            numbers=(ALVA,),
            given="Alva",
            born=date(2025, 3, 8),
            sex="female",
            guardians=(ELIN, TOVE),
            marital="OG",
        ),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    clinic, bench, centre, emergency = JOURNAL[o.CHILDREN], HOSPITAL[o.CHILDREN], JOURNAL[o.LILLHAMN], JOURNAL[o.EMERGENCY]
    return (
        contact(emergency, "AKM-56010", ALVA, NADIA, c.at(-47, "20:15"), EMERGENCY_VISIT, "Tungt att andas, feber", minutes=210),
        chemistry(
            emergency,
            "VL-922310",
            ALVA,
            NADIA,
            c.at(-47, "20:50"),
            {CRP: "34", LEUKOCYTES: "12.1"},
            question="Feber, andningspåverkan",
        ),
        contact(centre, "LVC-K-0301", ALVA, SOFIA, c.weekday(-44, "10:20"), VISIT, "Återbesök efter akuten", minutes=20),
        drug_ordered(
            *(centre, "V-791001", ALVA, SOFIA, c.weekday(-44, "10:30")),
            *(SALBUTAMOL, "1–2 doser vid behov, högst var fjärde timme", Period("4", "h"), PUFF),
            purpose="Andningsbesvär",
            reason=BRONCHITIS,
            as_needed="vid andningsbesvär",
        ),
        plan(
            clinic, "VP-2026-006210", ALVA, KARIN, c.weekday(-25, "09:15"), "VP", "Behandlingsplan förkylningsastma", ASTHMA_PLAN
        ),
        drug_ordered(
            *(clinic, "NO-530001", ALVA, KARIN, c.weekday(-25, "09:20")),
            *(BUDESONIDE, "1 dos morgon och kväll i 8 veckor", "2", Dose("1", "1", "dos")),
            purpose="Förebyggande vid förkylningsastma",
        ),
        chemistry(bench, "NL-40411", ALVA, KARIN, c.weekday(-25, "09:40"), {CRP: "<5", HAEMOGLOBIN: "118"}, question="Kontroll"),
        booking(bench, "NB-71505", ALVA, OLLE, c.weekday(-25, "09:50"), c.weekday(24, "10:20"), "Astmasköterska", minutes=40),
        contact(JOURNAL[o.WOMEN], "KK-2231", ELIN, CAMILLA, c.weekday(-58, "13:00"), VISIT, "Rådgivning", minutes=30),
        chemistry(
            JOURNAL[o.WOMEN], "VL-922001", ELIN, CAMILLA, c.weekday(-58, "13:20"), {HAEMOGLOBIN: "119"}, question="Kontroll"
        ),
        drug_ordered(
            *(JOURNAL[o.HEALTH_CENTRE], "NO-530010", TOVE, MIKAEL, c.weekday(-210, "09:00")),
            *(BUDESONIDE, "1 dos morgon och kväll", "2", Dose("1", "1", "dos")),
            purpose="Astma",
        ),
    )
