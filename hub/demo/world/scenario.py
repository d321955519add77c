"""What the scenario registers before anyone asks: relations, needs, consents, blocks, shares, assertions."""

from typing import Literal

from hub.demo.world import organisations as o
from hub.demo.world.access import Access, Assertion, Block, Consent, Need, Relation, Share
from hub.demo.world.scribe import Calendar
from hub.demo.world.stories.berglund import JONAS, MAJA
from hub.demo.world.stories.folke import FOLKE
from hub.demo.world.stories.forsman import ASTRID, WILMA
from hub.demo.world.stories.ingrid import INGRID
from hub.demo.world.stories.newcomers import SAMUEL, VIKTOR
from hub.demo.world.stories.nordin import ALVA
from hub.demo.world.stories.sara import SARA
from hub.demo.world.stories.young import HUGO

ANNA, MIKAEL, SOFIA = ("SE2321990018-1001", o.HEART), ("SE2321990018-1003", o.HEALTH_CENTRE), ("SE2321990026-2001", o.LILLHAMN)
PETRA, KERSTIN = ("SE2321990018-1002", o.HEART), ("SE2120990011-4003", o.HOME_CARE)

RELATIONS = (
    *((ANNA, person) for person in (INGRID, JONAS, SARA, SAMUEL, FOLKE, WILMA)),
    *((MIKAEL, person) for person in (INGRID, JONAS, SARA, SAMUEL, VIKTOR, MAJA, ASTRID)),
    *((SOFIA, person) for person in (INGRID, JONAS, ALVA, SAMUEL, FOLKE, ASTRID)),
    *((PETRA, person) for person in (INGRID, MAJA)),
    *((KERSTIN, person) for person in (INGRID, FOLKE, HUGO)),
)
"""(employee and unit, patient): who has stated a current relation and, with it, a need."""

AT_SERVICE = (PETRA,)
"""Whose relations lie at the security service."""

CONSENTS = (
    # patient, reading unit, one employee only, days from, days to, state
    (INGRID, o.HEART, "", -17, 180, "valid"),
    (JONAS, o.HEART, "", -5, 30, "valid"),
    (JONAS, o.HEALTH_CENTRE, "", -5, 30, "valid"),
    (SAMUEL, o.HEALTH_CENTRE, "SE2321990018-1003", -30, 60, "valid"),
    (SAMUEL, o.HEART, "", -90, -10, "valid"),
    (SARA, o.HEALTH_CENTRE, "", -8, 365, "valid"),
    (ASTRID, o.LILLHAMN, "", -30, 30, "annulled"),
    (INGRID, o.LILLHAMN, "", -100, 100, "ended"),
    (INGRID, o.HOME_CARE, "", -11, 90, "valid"),
)

EMERGENCY: tuple[tuple[Literal[1, 2], tuple[str, ...]], ...] = ((1, ()), (2, (o.VASTVIK,)))
"""Both choices of the heart physician about Folke: the second opens one of the two providers that the first one named."""


def access(c: Calendar) -> Access:
    """The grounds, as they stand on the calendar's day."""
    start, end = c.at(-1, "00:00"), c.at(6, "23:59")
    night = c.at(0, "00:00"), c.at(1, "00:00")
    return Access(
        relations=tuple(
            Relation(staff=who, unit=unit, person=person, start=start, end=end, at_service=(who, unit) in AT_SERVICE)
            for (who, unit), person in RELATIONS
        ),
        needs=tuple(Need(staff=who, unit=unit, person=person, start=start, end=end) for (who, unit), person in RELATIONS),
        consents=tuple(
            Consent(person=person, unit=unit, staff=staff, start=c.at(low, "00:00"), end=c.at(high, "23:59"), state=state)  # type: ignore[arg-type]  # the states of the table above
            for person, unit, staff, low, high, state in CONSENTS
        ),
        blocks=(
            Block(key="inre-1", person=JONAS, kind="inner", provider=o.NORRDAL, unit=o.PSYCHIATRY),
            Block(key="yttre-1", person=JONAS, kind="outer", provider=o.VASTVIK, at_service=True),
        ),
        shares=(Share(person=INGRID, organization=o.HEART, end=c.at(180, "23:59")),),
        assertions=(
            Assertion(staff=SOFIA[0], unit=SOFIA[1], person=ALVA, kind="child", step=0, start=start, end=end),
            Assertion(staff=SOFIA[0], unit=SOFIA[1], person=FOLKE, kind="incapacity", step=1, start=start, end=end),
            *(
                Assertion(
                    staff=ANNA[0],
                    unit=ANNA[1],
                    person=FOLKE,
                    kind="emergency",
                    step=step,
                    providers=chosen,
                    start=night[0],
                    end=night[1],
                )
                for step, chosen in EMERGENCY
            ),
        ),
    )
