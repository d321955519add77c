"""What a source system does with any request: refuses what the contract forbids, finds its records, narrows them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.demo.rivta.habits import STOCKHOLM, Habit, Manner
from hub.demo.rivta.markup import Vocabulary
from hub.demo.rivta.scribe import Scribe
from hub.demo.rivta.server import InvalidRequest
from hub.demo.rivta.soap import Refused, Request
from hub.demo.world.model import F, Fact, World


@dataclass(frozen=True, slots=True)
class Producer:
    """One source system of the world: its records, and its vendor's manner."""

    world: World
    name: str
    """Name of the system in the world."""
    manner: Manner

    @property
    def system(self) -> str:
        return self.world.systems[self.name].hsa_id

    def scribe(self, core: Vocabulary) -> Scribe:
        return Scribe(self.world, self.system, self.manner, core)

    def records(self, numbers: tuple[str, ...], kind: type[F]) -> Iterable[F]:
        """What this system holds under any number of the persons; what was taken back only where the vendor sends it."""
        for number in numbers:
            for fact in self.world.facts(self.name, number, kind):
                if not fact.custody.nullified or self.manner.has(Habit.NULLIFIED):
                    yield fact


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters that the clinical contracts share."""

    units: tuple[str, ...]
    providers: tuple[str, ...]
    start: str
    """YYYYMMDD; empty: open."""
    end: str

    def takes(self, fact: Fact, times: Iterable[datetime | None], goes_on: bool = False) -> bool:
        """Whether a record is asked for: its owner, and any overlap of its days with the period, ends included.

        Takes: `goes_on`: what the record tells of has no end yet.
        """
        custody = fact.custody
        if self.units and custody.unit.upper() not in self.units:
            return False
        if self.providers and custody.provider.upper() not in self.providers:
            return False
        days = sorted(time.astimezone(STOCKHOLM).strftime("%Y%m%d") for time in times if time)
        return not days or ((goes_on or days[-1] >= self.start) and (not self.end or days[0] <= self.end))


def asked(request: Request, core: str, system: str, extension: str = "") -> Asked:
    """Read the shared parameters; `extension` is the step below ids where the contract has II for them.

    Raises: InvalidRequest: another source system, or a search by contact without naming this one, or a period without ends.
    """
    source = request.one(f"sourceSystemHSAId{extension}", core)
    if source and source.upper() not in (system.upper(), request.address.upper()):
        raise InvalidRequest("sourceSystemHSAId skiljer sig från LogicalAddress")
    if request.one("careContactId") and not source:
        raise InvalidRequest("careContactId kräver sourceSystemHSAId")
    start, end = request.one("datePeriod/start", core) or "", request.one("datePeriod/end", core) or ""
    if not all(day == "" or (len(day) == 8 and day.isdigit()) for day in (start, end)):
        raise Refused("Unmarshalling Error: datePeriod", "Client")
    return Asked(
        tuple(unit.upper() for unit in request.all(f"careUnitHSAId{extension}", core)),
        tuple(giver.upper() for giver in request.all(f"careGiverHSAId{extension}", core)),
        start,
        end,
    )


def patient(core: str, path: str = "patientId/id", kind: str = "patientId/type") -> Callable[[Request], tuple[str, ...]]:
    """Reads the one patient number of a request, which must say of what kind it is."""

    def read(request: Request) -> tuple[str, ...]:
        request.must(kind, core)
        return (request.must(path, core),)

    return read
