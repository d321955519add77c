"""Astrid Forsman, deceased 2009 at 101: her last months, in both regions. Wilma Åkesson, of whom nobody holds anything."""

from datetime import date, datetime

from hub.demo.world import organisations as o
from hub.demo.world.model import Fact, Person
from hub.demo.world.scribe import CREATININE, POTASSIUM, STOCKHOLM, VISIT, Calendar, tablet, tablets
from hub.demo.world.stories.brief import JOURNAL, chemistry, contact, drug_ordered, plan

ASTRID, WILMA = "190704019801", "200607092384"
MIKAEL, SOFIA = "SE2321990018-1003", "SE2321990026-2001"
FUROSEMIDE = tablet("Furosemid Nordlek", "furosemid", "C03CA01", "20990101000015", "40")


def people(_: Calendar) -> tuple[Person, ...]:
    return (
        Person(
            numbers=(ASTRID,),
            given="Astrid",
            family="Forsman",
            born=date(1907, 4, 1),
            sex="female",
            city="Sjöstad",
            street="Kyrkogatan 1",
            postal_code="999 40",
            deceased=date(2009, 2, 11),
            marital="Ä",
        ),
        Person(
            numbers=(WILMA,),
            given="Wilma",
            family="Åkesson",
            born=date(2006, 7, 9),
            sex="female",
            street="Norra Storgatan 40",
            postal_code="999 10",
            city="Norrdal",
            marital="OG",
        ),
    )


def facts(_: Calendar) -> tuple[Fact, ...]:
    autumn, winter = datetime(2008, 10, 14, 9, 30, tzinfo=STOCKHOLM), datetime(2009, 1, 20, 8, 15, tzinfo=STOCKHOLM)
    centre, other = JOURNAL[o.HEALTH_CENTRE], JOURNAL[o.LILLHAMN]
    text = "Vårdplan i livets slutskede\n\nLindrande vård i hemmet. Ingen ny sjukhusvård om den inte behövs för lindring."
    return (
        plan(centre, "VP-2009-000012", ASTRID, MIKAEL, winter, "VP", "Vårdplan i livets slutskede", text),
        drug_ordered(*(centre, "NO-090001", ASTRID, MIKAEL, autumn, FUROSEMIDE), "1 tablett på morgonen", "1", tablets("1")),
        chemistry(centre, "SVC-0901", ASTRID, MIKAEL, winter, {POTASSIUM: "4.9", CREATININE: "141"}),
        contact(other, "LVC-K-0901", ASTRID, SOFIA, autumn, VISIT, "Svullna ben"),
    )
