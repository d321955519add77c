"""Jonas Berglund, 36, depression; his blocks close the psychiatric clinic inside Norrdal, and all of Västvik.

Maja, his daughter of 12, has diabetes type 1.
"""

from datetime import date
from functools import partial

from hub.demo.world import organisations as o
from hub.demo.world.medication import Dose, Drug, Occasions
from hub.demo.world.model import Fact, Person
from hub.demo.world.scribe import (
    CALL,
    CREATININE,
    HAEMOGLOBIN,
    HBA1C,
    TSH,
    VISIT,
    Assay,
    Calendar,
    tablet,
    tablets,
)
from hub.demo.world.stories.brief import HOSPITAL, JOURNAL, booking, chemistry, contact, drug_ordered, plan
from hub.demo.world.values import ICD_10_SE, NPU, Code

JONAS, MAJA = "199002222397", "201402192387"
MIKAEL, HENRIK, KARIN, OLLE = (f"SE2321990018-{n}" for n in ("1003", "1006", "1007", "1008"))
PER = "SE2321990026-2005"

DEPRESSION = Code("F32.1", "Medelsvår depressiv episod", ICD_10_SE)
DIABETES_1 = Code("E10.9", "Diabetes mellitus typ 1 utan komplikationer", ICD_10_SE)
SERTRALINE = tablet("Sertralin Nordlek", "sertralin", "N06AB06", "20990101000031", "50")
NALTREXONE = tablet("Naltrexon Nordlek", "naltrexon", "N07BB04", "20990101000032", "50")
ACICLOVIR = tablet("Aciklovir Nordlek", "aciklovir", "J05AB01", "20990101000033", "400")
INSULIN = Drug(
    name="Insulin aspart Nordlek",
    substance="insulin aspart",
    atc="A10AB05",
    npl_id="20990101000034",
    form="Injektionsvätska, lösning",
    strength="100",
    strength_unit="E/ml",
    route="Subkutan användning",
)
PETH = Assay(Code("PETH", "B-PEth"), "umol/L", "", "0.05", "Alkoholmarkör")
GLUCOSE = Assay(Code("NPU02192", "P-Glukos", NPU), "mmol/L", "4.2", "6.0", "Diabetes")

CRISIS_PLAN = """Krisplan

Tidiga tecken: Sover under fyra timmar, drar sig undan, slutar svara i telefon.
Det jag kan göra: Ringa min bror. Gå ut. Ta kontakt med mottagningen.
Det vården gör: Telefonkontakt samma dag, bedömning inom ett dygn."""

CHILD_PLAN = """Vårdplan barndiabetes

Mål: HbA1c under 48 mmol/mol. Tid i målområde över 70 procent.
Åtgärder: Insulinpump med sensor. Kolhydraträkning. Skolpersonal utbildad vid terminsstart.
Uppföljning: Diabetessköterska var tredje månad, läkare var sjätte."""


def people(_: Calendar) -> tuple[Person, ...]:
    resident = partial(Person, street="Ängsvägen 15", postal_code="999 12", city="Norrdal", family="Berglund")
    return (
        resident(numbers=(JONAS,), given="Jonas", born=date(1990, 2, 22), sex="male", marital="S"),
        resident(
            numbers=(MAJA,),
            given="Maja",
            born=date(2014, 2, 19),
            sex="female",
            guardians=(JONAS,),
            marital="OG",
        ),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    return (*_jonas(c), *_maja(c))


def _jonas(c: Calendar) -> list[Fact]:
    centre, mind, addiction = JOURNAL[o.HEALTH_CENTRE], JOURNAL[o.PSYCHIATRY], JOURNAL[o.ADDICTION]
    return [
        chemistry(
            centre, "SVC-8101", JONAS, MIKAEL, c.weekday(-140, "08:10"), {TSH: "2.1", HAEMOGLOBIN: "151"}, question="Trötthet"
        ),
        drug_ordered(
            *(centre, "NO-510001", JONAS, MIKAEL, c.weekday(-75, "10:00")),
            *(ACICLOVIR, "1 tablett 5 gånger dagligen i 5 dagar", "5", tablets("1")),
            purpose="Bältros",
            end=c.weekday(-70, "10:00"),
        ),
        plan(
            mind, "VP-2026-005120", JONAS, HENRIK, c.weekday(-110, "13:20"), "VP", "Krisplan", CRISIS_PLAN, units=(o.PSYCHIATRY,)
        ),
        drug_ordered(
            *(mind, "NO-510002", JONAS, HENRIK, c.weekday(-128, "14:00")),
            *(SERTRALINE, "1 tablett på morgonen", Occasions((("08:00", tablets("1")),))),
            purpose="Depression",
            reason=DEPRESSION,
        ),
        booking(
            HOSPITAL[o.PSYCHIATRY],
            "NB-71210",
            JONAS,
            HENRIK,
            c.weekday(-20, "11:00"),
            c.weekday(9, "13:00"),
            "Samtal",
            minutes=45,
        ),
        contact(addiction, "BM-1021", JONAS, PER, c.weekday(-64, "09:00"), VISIT, "Vill ha hjälp att sluta dricka", minutes=60),
        contact(addiction, "BM-1033", JONAS, PER, c.weekday(-36, "15:30"), CALL, "Uppföljning", minutes=0),
        chemistry(addiction, "VL-921101", JONAS, PER, c.weekday(-64, "09:50"), {PETH: "0.42"}, question="Alkoholmarkör"),
        drug_ordered(
            *(addiction, "V-781001", JONAS, PER, c.weekday(-64, "10:00")),
            *(NALTREXONE, "1 tablett dagligen", "1", tablets("1")),
            purpose="Alkoholberoende",
        ),
        plan(
            addiction,
            "BER-4401",
            JONAS,
            PER,
            c.weekday(-64, "10:10"),
            "VP",
            "Behandlingsplan",
            "Mål: Nykterhet.",
            units=(o.ADDICTION,),
        ),
    ]


def _maja(c: Calendar) -> list[Fact]:
    clinic, bench = JOURNAL[o.CHILDREN], HOSPITAL[o.CHILDREN]
    return [
        plan(
            clinic,
            "VP-2026-006001",
            MAJA,
            KARIN,
            c.weekday(-92, "09:30"),
            "VP",
            "Vårdplan barndiabetes",
            CHILD_PLAN,
            units=(o.CHILDREN,),
        ),
        drug_ordered(
            *(clinic, "NO-520001", MAJA, KARIN, c.weekday(-365, "10:30")),
            *(INSULIN, "Enligt pumpinställning, 20–40 E per dygn", "1", Dose("20", "40", "E")),
            purpose="Diabetes",
            reason=DIABETES_1,
        ),
        chemistry(
            bench, "NL-40301", MAJA, OLLE, c.weekday(-182, "10:40"), {HBA1C: "58", GLUCOSE: "9.8"}, question="Diabeteskontroll"
        ),
        chemistry(bench, "NL-40302", MAJA, OLLE, c.weekday(-92, "09:10"), {HBA1C: "54", GLUCOSE: "8.1", CREATININE: "48"}),
        chemistry(
            *(clinic, "SVC-8120", MAJA, KARIN, c.weekday(-30, "08:30"), {TSH: "3.9"}),
            question="Sköldkörtelkontroll",
            released=False,
        ),
        booking(bench, "NB-71410", MAJA, OLLE, c.weekday(-12, "14:00"), c.weekday(8, "15:10"), "Diabetessköterska", minutes=40),
    ]
