"""Hugo Sjögren, 18, known to the municipality alone: home nursing after an accident, and support in his own flat."""

from datetime import date

from hub.demo.world import organisations as o
from hub.demo.world.model import CareTeam, Fact, Member, Person
from hub.demo.world.scribe import Calendar
from hub.demo.world.stories.brief import TOWN, plan
from hub.demo.world.values import Code

HUGO = "200802122390"
MARIE, AHMED, DANIEL = "SE2120990011-4001", "SE2120990011-4002", "SE2120990011-4005"


def people(_: Calendar) -> tuple[Person, ...]:
    return (
        Person(
            numbers=(HUGO,),
            given="Hugo",
            family="Sjögren",
            born=date(2008, 2, 12),
            sex="male",
            street="Bruksgatan 5",
            postal_code="999 31",
            city="Åkerby",
            marital="OG",
        ),
    )


def facts(c: Calendar) -> tuple[Fact, ...]:
    nurses, support = TOWN[o.HOME_HEALTH], TOWN[o.SUPPORT]
    when = c.weekday(-38, "09:00")
    return (
        plan(
            *(nurses, "HSV-2110", HUGO, AHMED, when, "RP", "Rehabiliteringsplan efter trafikolycka"),
            goals=("Gå utan kryckor",),
            activities=("Träning tre gånger i veckan", "Anpassning av bostaden"),
        ),
        plan(
            *(support, "BS-0131", HUGO, DANIEL, c.weekday(-21, "15:00"), "GP", "Genomförandeplan boendestöd"),
            goals=("Egen struktur i vardagen",),
            activities=("Planering på söndagar", "Stöd vid myndighetskontakter"),
        ),
        CareTeam(
            key="VT-2110",
            person=HUGO,
            custody=nurses.custody(MARIE, when, signed=False),
            name="Rehabteam Hugo",
            members=(
                Member(staff=AHMED, role=Code("", "Arbetsterapeut"), unit=o.HOME_HEALTH, since=c.day(-38)),
                Member(staff=MARIE, role=Code("", "Fast vårdkontakt"), unit=o.HOME_HEALTH, since=c.day(-38)),
            ),
        ),
    )
