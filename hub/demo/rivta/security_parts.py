"""What the simulated security services hold, and the data types that they share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import NAMESPACE_OID, uuid5

from hub.demo.rivta.habits import STOCKHOLM
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.rivta.scribe import kind_of_number
from hub.demo.rivta.soap import Refused, Request
from hub.demo.world import access
from hub.demo.world.model import World

Inside = tuple[Element | None, ...]
"""What follows the result in a response."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A consent or an emergency, as it is registered."""

    id: str
    kind: str
    number: str
    provider: str
    unit: str
    employee: str
    start: datetime
    end: datetime | None
    """Included."""
    over: bool = False

    def holds(self, now: datetime) -> bool:
        return not self.over and self.start <= now and (self.end is None or now <= self.end)


@dataclass(slots=True)
class Holding:
    """What the services hold. State: it changes as things are registered, cancelled, set and lifted."""

    assertions: dict[str, Assertion] = field(default_factory=dict)
    blocks: list[access.Block] = field(default_factory=list)
    revokes: list[access.Revoke] = field(default_factory=list)
    relations: list[tuple[str, access.Relation]] = field(default_factory=list)
    """With the care provider of its unit."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def of_world(world: World) -> Holding:
    """What the world says lies with the services."""
    held = Holding(revokes=list(world.access.revokes))
    held.blocks = [each for each in world.access.blocks if each.at_service]
    held.relations = [(world.units[each.unit].provider, each) for each in world.access.relations if each.at_service]
    return held


def id_of(*parts: str) -> str:
    """An id as these services give it: a UUID."""
    return str(uuid5(NAMESPACE_OID, "|".join(parts)))


def result(outer: Vocabulary, core: Vocabulary, code: str, text: str = "") -> Element:
    """`result` of consents and blocks."""
    return outer.root("result", core("resultCode", code), core("resultText", text or None))


def number_of(request: Request, core: Vocabulary) -> tuple[str, ...]:
    """The patient's number. Raises: Refused: its kind is not the one that the request names."""
    number, root = request.must("patientId/extension", core.uri), request.must("patientId/root", core.uri)
    if kind_of_number(number) != root:
        raise Refused("VP015 The patient's number is of another kind than its root says", "Client")
    return (number,)


def reader_of(request: Request, name: str, core: Vocabulary, *parts: str) -> tuple[str, str, str]:
    """Employee, care provider and unit of who reads."""
    employee, provider, unit = (request.must(f"{name}/{part}", core.uri).upper() for part in parts)
    return employee, provider, unit


def patient_id(core: Vocabulary, number: str) -> Element:
    """II of a patient."""
    return core.root("patientId", core("root", kind_of_number(number)), core("extension", number))


def written(time: datetime) -> str:
    """Swedish local time without offset."""
    return time.astimezone(STOCKHOLM).replace(tzinfo=None).isoformat()


def read(told: str | None) -> datetime | None:
    """A time, with its offset or as a Swedish clock shows it."""
    if not told:
        return None
    found = datetime.fromisoformat(told)
    return found if found.tzinfo else found.replace(tzinfo=STOCKHOLM)
