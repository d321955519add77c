"""Sara Lindh, 26, with protected identity (sekretessmarkering): visits, a plan and a drug that must not tell where she is."""

from datetime import date

from hub.demo.world import organisations as o
from hub.demo.world.model import Booking, Fact, Person
from hub.demo.world.scribe import CREATININE, HAEMOGLOBIN, VISIT, Calendar, tablet, tablets
from hub.demo.world.stories.brief import HOSPITAL, JOURNAL, TOWN, booking, chemistry, contact, drug_ordered, plan

SARA = "200001252386"
MIKAEL, ULRIKA, CAMILLA, DANIEL = "SE2321990018-1003", "SE2321990026-2004", "SE2321990026-2008", "SE2120990011-4005"

IRON = tablet("Ferrofumarat Nordlek", "järnfumarat", "B03AA02", "20990101000051", "60")

PREGNANCY_PLAN = """Plan för graviditet med blodbrist

Mål: Hemoglobin över 110 g/L före förlossningen.
Åtgärder: Järntablett dagligen. Provtagning var fjärde vecka."""


def people(_: Calendar) -> tuple[Person, ...]:
    return (
        Person(
            numbers=(SARA,),
            given="Sara",
            family="Lindh",
            born=date(2000, 1, 25),
            sex="female",
            street="Skyddad",
            postal_code="999 99",
            city="Skyddad",
            protected="sekretessmarkering",
            marital="S",
        ),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    women, centre = JOURNAL[o.WOMEN], JOURNAL[o.HEALTH_CENTRE]
    checkup = Booking(
        key="B-33020",
        person=SARA,
        custody=women.custody(CAMILLA, c.weekday(-14, "10:10"), signed=False),
        start=c.weekday(13, "09:00"),
        end=c.weekday(13, "09:30"),
        performer=CAMILLA,
        care_type="Barnmorska, kontroll",
    )
    return (
        contact(women, "KK-2310", SARA, ULRIKA, c.weekday(-70, "11:00"), VISIT, "Graviditet, trötthet"),
        contact(women, "KK-2344", SARA, CAMILLA, c.weekday(-14, "09:30"), VISIT, "Kontroll"),
        chemistry(women, "VL-923010", SARA, ULRIKA, c.weekday(-70, "11:30"), {HAEMOGLOBIN: "101"}, question="Trötthet"),
        chemistry(women, "VL-923044", SARA, CAMILLA, c.weekday(-14, "09:50"), {HAEMOGLOBIN: "108"}),
        plan(women, "KK-P-118", SARA, ULRIKA, c.weekday(-70, "11:45"), "VP", "Plan för graviditet med blodbrist", PREGNANCY_PLAN),
        drug_ordered(*(women, "V-792001", SARA, ULRIKA, c.weekday(-70, "11:50"), IRON), "1 tablett dagligen", "1", tablets("1")),
        checkup,
        chemistry(centre, "SVC-8210", SARA, MIKAEL, c.weekday(-400, "08:20"), {CREATININE: "61"}, question="Hälsokontroll"),
        booking(
            HOSPITAL[o.HEALTH_CENTRE], "NB-71600", SARA, MIKAEL, c.weekday(-8, "09:00"), c.weekday(20, "13:20"), "Läkarbesök"
        ),
        plan(
            *(TOWN[o.SUPPORT], "BS-0112", SARA, DANIEL, c.weekday(-50, "14:00"), "GP", "Genomförandeplan boendestöd"),
            goals=("Trygg vardag",),
            activities=("Stöd en gång i veckan",),
        ),
    )
