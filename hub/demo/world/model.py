"""The fictional reality: who exists, what was done, and which system holds the record of it. Source-neutral.

A fact says what is true and who keeps it; how a system spells it is that system's simulator. Times are aware, in
Europe/Stockholm. Codes carry the dotted OID that the national contracts name. Texts are Swedish, as clinicians write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeVar

from hub.demo.world.access import Access
from hub.demo.world.medication import Administration, Authorization, Dosage, Drug
from hub.demo.world.values import Code, Quantity, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Vårdgivare or omsorgsgivare."""

    hsa_id: str
    name: str
    org_number: str
    kind: Literal["region", "municipality", "private", "state"] = "region"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Vårdenhet. `code` is what the hospital's own systems call it in HL7 v2."""

    hsa_id: str
    name: str
    provider: str
    city: str
    street: str = ""
    postal_code: str = ""
    phone: str = ""
    email: str = ""
    social: bool = False
    protected: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """An employee. `role` is a KV Befattning code, `title` its text."""

    hsa_id: str
    given: str
    family: str
    role: str
    title: str
    units: tuple[str, ...]
    protected: bool = False

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A system that holds facts. `name` is its name in `hub.toml`, `hsa_id` its logical address."""

    name: str
    title: str
    kind: Literal["rivta", "fhir", "mllp", "files", "register", "engagement", "security", "own"]
    owner: str
    """HSA-id of the provider that owns it."""
    hsa_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A resident as the population register knows them."""

    numbers: tuple[str, ...]
    """Personnummer first; after it older numbers (samordningsnummer) that mean the same person."""
    given: str
    family: str
    middle: str = ""
    born: date
    sex: Literal["male", "female"]
    street: str = ""
    postal_code: str = ""
    city: str = ""
    protected: Literal["", "sekretessmarkering", "skyddadFolkbokforing"] = ""
    deceased: date | None = None
    guardians: tuple[str, ...] = ()
    """Numbers of the persons who are this child's guardians."""
    marital: str = ""
    """OG, G, Ä, S … as the register writes it."""

    @property
    def number(self) -> str:
        return self.numbers[0]

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """Which system holds a fact, and who answers for it."""

    system: str
    provider: str
    """Empty for what the patient keeps (regime OWN)."""
    unit: str
    author: str
    """HSA-id of the employee; for the patient's own entries the person's number."""
    time: datetime
    """When it was recorded (authorTime)."""
    released: bool = True
    """Released to the patient (approvedForPatient)."""
    signed: datetime | None = None
    signer: str = ""
    nullified: bool = False
    names_unit: bool = True
    """False: the system does not send the care unit with this record, so nobody may see it (R09)."""
    names_provider: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One record. `key` is its business identifier in its system; `person` the number under which that system holds it."""

    key: str
    person: str
    custody: Custody
    contact: str = ""
    """Key of the care contact it came of, in the same system."""

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The time that a block's period is compared with, both ends included."""
        return self.custody.time, self.custody.time


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The text that a plan consists of."""

    text: str
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePlan(Fact):
    """A plan. `kind`: SIP, SPLPTLRV, SPU, VP, HP, RP, GP or SVP (KV typ av plan)."""

    title: str
    kind: str
    status: Literal["draft", "active", "completed", "revoked"] = "active"
    """Known to systems that keep one (files, FHIR); the national contract has no status."""
    start: date
    end: date | None = None
    goals: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    units: tuple[str, ...] = ()
    """HSA-ids of the units that take part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prescription(Fact):
    """One prescription decision (ordination)."""

    decision: Literal["I", "U"] = "I"
    """Insättning, or utsättning (a decision to stop)."""
    active: bool = True
    """False: a later decision in the chain replaced it."""
    drug: Drug
    dosages: tuple[Dosage, ...] = ()
    start: datetime
    end: datetime | None = None
    end_reason: str = ""
    first_start: datetime | None = None
    purpose: str = ""
    """Treatment purpose (ändamål) in words."""
    reason: Code | None = None
    note: str = ""
    prescription_id: str = ""
    """Shared by decisions on one prescription in some systems; empty: the key."""
    chain: str = ""
    preceding: str = ""
    succeeding: str = ""
    prescriber: str = ""
    """HSA-id; empty for self medication."""
    prescribed: datetime | None = None
    self_medication: bool = False
    administrations: tuple[Administration, ...] = ()
    authorization: Authorization | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """What was taken. `key` is the laboratory's specimen number."""

    key: str
    material: Code
    collected: datetime
    site: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A reference interval as the laboratory writes it."""

    text: str
    low: str = ""
    high: str = ""
    population: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """One analysis and its result; `value` None while it is not ready."""

    key: str
    code: Code
    """NPU (OID 1.2.752.108.1) or local."""
    specimen: str
    """Key of a specimen in the same report."""
    value: Value | None
    reference: Reference | None = None
    interpretation: Literal["", "N", "H", "L", "HH", "LL", "A", "S", "I", "R"] = ""
    """The laboratory's own flag; empty: it gave none."""
    status: Literal["final", "preliminary", "corrected", "registered", "cancelled"] = "final"
    time: datetime
    """When the result was released."""
    group: str = ""
    """Heading that it stands under in the report (Njurfunktion, …)."""
    comment: str = ""
    method: str = ""
    accredited: bool | None = None
    related: tuple["Analysis", ...] = ()
    """Answers that belong beneath it: susceptibility of an isolate, …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryReport(Fact):
    """An answer to one referral."""

    laboratory: str
    """Unit HSA-id of the laboratory."""
    laboratory_id: str
    """The laboratory's number (LID)."""
    referral_id: str
    """The requester's number (RID)."""
    ordered: datetime
    requester: str
    question: str = ""
    status: Literal["final", "partial", "preliminary"] = "final"
    discipline: Literal["chemistry", "microbiology"] = "chemistry"
    specimens: tuple[Specimen, ...]
    analyses: tuple[Analysis, ...]
    conclusion: str = ""

    @property
    def span(self) -> tuple[datetime, datetime]:
        latest = max(specimen.collected for specimen in self.specimens)
        return latest, latest


@dataclass(frozen=True, slots=True, kw_only=True)
class CareContact(Fact):
    """A visit, call, stay."""

    kind: Code
    """KV Vårdkontakttyp."""
    status: Code
    reason: str = ""
    """The patient's own words."""
    start: datetime
    end: datetime | None = None
    org_unit: str = ""
    """Name of the clinic or ward inside the unit; empty: the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking(Fact):
    """A booked time; its place is `custody.unit`."""

    start: datetime
    end: datetime | None
    status: Literal["booked", "invitation", "cancelled"] = "booked"
    moved_from: datetime | None = None
    """It was first booked for this time."""
    performer: str = ""
    care_type: str = ""
    time_type: str = ""
    purpose: str = ""
    reason: str = ""
    resource: str = ""
    """A room or device."""
    cancel_allowed: bool = False
    rebook_allowed: bool = False
    message_allowed: bool = False
    timed: bool = True
    """False: an invitation to book, without a proposed time; `start` is then only when it was sent."""
    numbered: bool = True
    """False: the system gives out no booking number for it."""

    @property
    def span(self) -> tuple[datetime, datetime]:
        return self.start, self.end or self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Someone in a care team: an employee (`staff`) or a relative (`name` alone)."""

    staff: str = ""
    name: str = ""
    role: Code
    unit: str = ""
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CareTeam(Fact):
    """Who looks after a person together."""

    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement(Fact):
    """A measurement made by a person: by staff (vital signs at a provider) or by the patient at home (system `own`).

    Either `value`, or `parts` where it has several (blood pressure).
    """

    code: Code
    time: datetime
    value: Quantity | None = None
    parts: tuple[tuple[Code, Quantity], ...] = ()
    category: Literal["vital-signs", "exam", "laboratory"] = "vital-signs"
    note: str = ""

    @property
    def span(self) -> tuple[datetime, datetime]:
        return self.time, self.time


F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """All of it, on one day."""

    today: date
    providers: Mapping[str, Provider]
    units: Mapping[str, Unit]
    staff: Mapping[str, Staff]
    systems: Mapping[str, System]
    persons: Mapping[str, Person]
    """By current number."""
    held: tuple[Fact, ...]
    access: Access = field(default_factory=Access)

    def person(self, number: str) -> Person | None:
        """The person that any of its numbers means; None: nobody."""
        return next((person for person in self.persons.values() if number in person.numbers), None)

    def facts(self, system: str, number: str, kind: type[F]) -> tuple[F, ...]:
        """What a system holds of a person, under whichever of the person's numbers, in order of time and key."""
        person = self.person(number)
        numbers = person.numbers if person else (number,)
        found = [f for f in self.held if isinstance(f, kind) and f.custody.system == system and f.person in numbers]
        return tuple(sorted(found, key=lambda f: (f.custody.time, f.key)))

    def of_person(self, number: str) -> tuple[Fact, ...]:
        """Everything that anyone holds of a person."""
        person = self.person(number)
        numbers = person.numbers if person else (number,)
        return tuple(fact for fact in self.held if fact.person in numbers)
