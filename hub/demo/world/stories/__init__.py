"""One file per story. Each has `people(calendar)` and `facts(calendar)`."""

from hub.demo.world.model import Fact, Person
from hub.demo.world.scribe import Calendar
from hub.demo.world.stories import (
    berglund,
    folke,
    forsman,
    ingrid,
    ingrid_laboratory,
    ingrid_measurements,
    ingrid_medication,
    newcomers,
    nordin,
    sara,
    young,
)

CHAPTERS = (
    ingrid,
    ingrid_medication,
    ingrid_laboratory,
    ingrid_measurements,
    berglund,
    nordin,
    sara,
    forsman,
    newcomers,
    folke,
    young,
)


def people(calendar: Calendar) -> tuple[Person, ...]:
    """Everyone in the stories."""
    return tuple(person for chapter in CHAPTERS for person in chapter.people(calendar))


def facts(calendar: Calendar) -> tuple[Fact, ...]:
    """Everything that happens in them."""
    return tuple(fact for chapter in CHAPTERS for fact in chapter.facts(calendar))
