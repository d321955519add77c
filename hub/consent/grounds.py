"""The grounds of a decision: everything known before any entry is looked at. CONSENT.md sections 2 and 5.

Periods are half-open, in UTC: `start <= now < end`. An inclusive end becomes `after(end)`, or `closing(date)` for a day.
HSA-ids compare in upper case, and are kept so by `hub.consent.payloads`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import ClassVar, Literal

from hub.caller import Caller
from hub.consent.limits import Limits
from hub.fhir.swedish_time import LOCAL, midnight

State = Literal["active", "ended", "annulled"]
"""ended: over before its time, and it did hold; annulled: registered by mistake, so it never held. Neither comes back."""
Request = Literal["care", "certificate", "narcotic_flag", "dose_dispensed", "audit"]
CareRegime = Literal["SVOD", "NLL"]
NeedType = Literal["relevance", "work", "worklist", "certificate"]
AssertionType = Literal["emergency", "incapacity", "child", "inner_emergency"]
ATTESTATIONS = frozenset({"necessary", "attitude_clarified", "no_refusal"})
"""What SVOD 3:3 asks of who reads under permanent incapacity; all three, or nothing opens."""
LONGEST_EMERGENCY = timedelta(hours=24)
LONGEST_SECOND_THOUGHT = timedelta(minutes=60)
"""From the first step of an assertion to its second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every ground has: who recorded it and when, when it holds, and whether it still stands."""

    OPEN_ENDED: ClassVar[bool] = False
    """Whether it may hold until someone ends it; the others hold at no time if they have no end."""
    id: str
    start: datetime
    end: datetime | None
    """Exclusive."""
    state: State
    recorded: datetime
    recorded_by: str
    """Who registered it: employee HSA-id, opaque id of a person, or the service it came from."""
    service: str = ""
    """The security service that has it, which alone ends it; empty: the hub's own register."""

    def holds(self, now: datetime) -> bool:
        """Whether it stands and `now` lies in its period."""
        unended = self.OPEN_ENDED if self.end is None else now < self.end
        return self.state == "active" and self.start <= now and unended

    @property
    def moments(self) -> tuple[datetime, ...]:
        """The instants at which whether it holds may change."""
        return (self.start,) if self.end is None else (self.start, self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioned(Ground):
    """A ground that belongs to one commission, and to one employee where `employee` is not empty."""

    provider: str
    unit: str
    employee: str

    def belongs(self, caller: Caller) -> bool:
        """Whether it is for this caller under this commission."""
        return bool(
            self.unit
            and same(self.unit, caller.unit)
            and same(self.provider, caller.provider)
            and (not self.employee or same(self.employee, caller.subject))
        )

    def personal(self, caller: Caller) -> bool:
        """Whether it is for this employee by name, under this commission."""
        return bool(self.employee) and self.belongs(caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Commissioned):
    """The patient lets a *reading* unit (or one employee of it) see what others have made available."""

    KIND: ClassVar[str] = "consent"
    OPEN_ENDED: ClassVar[bool] = True
    regime: CareRegime
    """SVOD: other providers' records; NLL: the national medication list. One never stands for the other."""
    represented_by: str
    """`RelatedPerson/[id]` of the guardian or representative who gave it; empty: the patient."""
    information_start: datetime | None = None
    information_end: datetime | None = None
    """Exclusive. Only data whose time lies wholly in between; None, None: whatever their time."""
    except_start: datetime | None = None
    except_end: datetime | None = None
    """Exclusive. Not data whose time meets this; None, None: no such exception."""
    except_holders: tuple[str, ...] = ()
    """Not data of these care providers and units."""
    except_types: tuple[str, ...] = ()
    """Not these information types: `lak`, `upp`."""
    within: Limits | None = None
    """Of which data it is, where the fields above cannot say it; they are empty then."""

    @property
    def limited(self) -> bool:
        """Whether it is of some data alone."""
        times = (self.information_start, self.information_end, self.except_start, self.except_end)
        return any(times) or bool(self.except_holders or self.except_types or self.within)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Ground):
    """The patient closes data of a provider (outer) or a unit (inner); `readable` False closes all but the reader's own unit."""

    KIND: ClassVar[str] = "block"
    OPEN_ENDED: ClassVar[bool] = True
    type: Literal["inner", "outer"]
    regime: CareRegime
    provider: str
    unit: str
    """Empty for an outer block."""
    information_start: datetime | None
    information_end: datetime | None
    """Exclusive. None, None: all of it, whatever its time."""
    excluded: tuple[str, ...]
    """Information types that stay open: `lak`, `upp`; others are not known and close nothing less."""
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Dissent(Commissioned):
    """The patient says no to what a regime lets others read: to all of them, or to the unit or employee that it names.

    No consent counts beside it, nor what stands for one where a patient cannot consent.
    """

    KIND: ClassVar[str] = "dissent"
    OPEN_ENDED: ClassVar[bool] = True
    regime: CareRegime
    but_emergencies: bool
    """True: an emergency opens what it opens without consent (SVOD 3:6). False: nothing is made available at all (SVOD 2:3), as
    if every care provider had an outer block, which each lifts of its own data."""

    def binds(self, caller: Caller) -> bool:
        """Whether it is said of this caller's reading."""
        return not self.unit or self.belongs(caller)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoke(Commissioned):
    """The owner of a block lifts it for a while, for a unit or one employee of it; of a dissent, for its own data."""

    KIND: ClassVar[str] = "revoke"
    block: str
    """Id of the block."""
    owner: str
    """HSA-id of the provider where it was registered; counts only if the block is that provider's, or binds every provider."""
    reason: Literal["patient_consent", "emergency", "untold"]
    """untold: a security service does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation(Commissioned):
    """The employee takes part in the patient's care (patientrelation)."""

    KIND: ClassVar[str] = "relation"

    def past(self, now: datetime) -> bool:
        """Whether it once held and does no longer."""
        return self.state != "annulled" and self.start <= now and not self.holds(now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need(Commissioned):
    """An active choice: the data may matter (relevance), are needed for work (work) or for a certificate that the employee is to
    write (certificate), or a list of the unit is (worklist)."""

    KIND: ClassVar[str] = "need"
    type: NeedType
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion(Commissioned):
    """An employee states that another ground is at hand. Two steps, but for `child`, which has none."""

    KIND: ClassVar[str] = "assertion"
    type: AssertionType
    step: int
    """0: nothing pressed, so no assertion; 1: the first choice; 2: the second."""
    follows: str
    """Id of the same employee's step 1; a step 2 that does not follow one at hand counts as step 1."""
    reason: str
    providers: tuple[str, ...]
    """Chosen in step 2: whose data open."""
    units: tuple[str, ...]
    attestations: tuple[str, ...]
    """Of `ATTESTATIONS`; for incapacity."""

    def holds(self, now: datetime) -> bool:
        """As every ground, and an emergency no longer than a day."""
        too_long = self.type in ("emergency", "inner_emergency") and now >= self.start + LONGEST_EMERGENCY
        return not too_long and Commissioned.holds(self, now)

    @property
    def moments(self) -> tuple[datetime, ...]:
        """Its start and ends."""
        return (self.start, self.end or self.start, self.start + LONGEST_EMERGENCY)

    def begun_by(self, first: "Assertion") -> bool:
        """Whether this is the second step after `first`, which nobody has ended: the same employee, commission and type,
        within the hour."""
        return (
            (self.step, first.step) == (2, 1)
            and (self.follows, self.type) == (first.id, first.type)
            and all(same(getattr(self, name), getattr(first, name)) for name in ("employee", "provider", "unit"))
            and first.state == "active"
            and timedelta(0) <= self.start - first.start <= LONGEST_SECOND_THOUGHT
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share(Ground):
    """The patient shows own entries (regime OWN) to a unit, or to every unit of a provider."""

    KIND: ClassVar[str] = "share"
    provider: str
    unit: str
    """Empty: the whole provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attorney(Ground):
    """A power of attorney registered for an agent (NLL 5:6)."""

    KIND: ClassVar[str] = "attorney"
    agent: str
    """`Caller.subject` of the agent."""


AnyGround = Consent | Block | Dissent | Revoke | Relation | Need | Assertion | Share | Attorney


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFacts:
    """What the population register says of the patient. None is unknown, and unknown never opens anything."""

    born: date | None
    deceased: bool | None
    protected: bool | None

    def age(self, now: datetime) -> int | None:
        """Whole years on the Swedish calendar. Who is born on 29 February turns a year on the 28th in common years:
        whatever ends with an age ends no later than either reading of the law."""
        if self.born is None:
            return None
        today = now.astimezone(LOCAL).date()
        leap = (self.born.month, self.born.day) == (2, 29)
        birthday = (2, 28) if leap and not _leap(today.year) else (self.born.month, self.born.day)
        return today.year - self.born.year - ((today.month, today.day) < birthday)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """All that a decision knows. Rows are of the one patient; rows that are over, or another's, do no harm."""

    caller: Caller
    now: datetime
    patient: PatientFacts | None
    """None: no patient's rows are at hand (a worklist, a source's view)."""
    named: bool
    """Exactly one patient is named by the request."""
    request: Request
    services_up: bool
    """Every consent, block and relation service that matters to the caller has told of the patient lately."""
    consents: tuple[Consent, ...] = ()
    blocks: tuple[Block, ...] = ()
    dissents: tuple[Dissent, ...] = ()
    revokes: tuple[Revoke, ...] = ()
    relations: tuple[Relation, ...] = ()
    needs: tuple[Need, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    shares: tuple[Share, ...] = ()
    attorneys: tuple[Attorney, ...] = ()

    @property
    def rows(self) -> Iterator[Ground]:
        """Every row of every kind."""
        return chain(
            self.consents,
            self.blocks,
            self.dissents,
            self.revokes,
            self.relations,
            self.needs,
            self.assertions,
            self.shares,
            self.attorneys,
        )


def unreadable_block(id: str, recorded: datetime) -> Block:
    """The denial that stands for what cannot be read: it closes all of the patient's data at other units and providers."""
    return Block(
        id=id,
        start=datetime.min.replace(tzinfo=UTC),
        end=None,
        state="active",
        recorded=recorded,
        recorded_by="",
        type="outer",
        regime="SVOD",
        provider="",
        unit="",
        information_start=None,
        information_end=None,
        excluded=(),
        readable=False,
    )


def after(instant: datetime) -> datetime:
    """The exclusive end of a period whose last instant is `instant`."""
    return instant + timedelta(microseconds=1)


def closing(day: date) -> datetime:
    """The exclusive end of a period whose last day is `day`: 24:00 Swedish time."""
    return midnight(day + timedelta(days=1))


def same(one: str, other: str) -> bool:
    """Whether two HSA-ids are one; letter case does not matter."""
    return one.upper() == other.upper()


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
