"""What a mapper is: one file per source format and contract, a message in, entries out. Pure.

A mapper names things by business identifier and never invents an id: `hub.ingest` derives ids with a keyed hash,
resolves references (`hub.fhir.resource.reference`), and writes one Provenance per entry from its `Attribution`.
A module here holds one `Mapper` constant, named as the module in capitals; `hub.discovery` finds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from hub.errors import Issue
from hub.fhir.custody import Custody
from hub.fhir.identifiers import Identifier
from hub.fhir.resource import Resource


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """One message from a source, its bytes untouched."""

    source: str
    format: str
    """The name of the mapper that reads it."""
    content: bytes
    received: datetime
    """UTC."""
    asked: Identifier | None = None
    """The patient number the source was asked about; None for what it sent of its own accord."""
    name: str = ""
    """File name or address where it was found, for the reader of reports; never holds a patient's number."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the configuration says for a source that cannot say it itself. None: not set, which closes."""

    released: bool | None = None
    secret: bool | None = None
    insurance: bool | None = None
    purpose: str | None = None
    incapacity: bool | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code of a source lies in the directory: HSA-ids of provider and unit."""

    provider: str
    unit: str
    name: str = ""
    """What the directory calls the unit; empty: it knows no such, or its name is not to be shown."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says of a source, as far as mapping needs it."""

    source: str
    system: str
    """HSA-id of the source system (its logical address); `meta.source` and identifier systems are made of it."""
    provider: str | None = None
    """HSA-id of the owner, for sources whose messages name no provider (files, FHIR)."""
    unit: str | None = None
    defaults: Defaults = Defaults()
    places: Mapping[str, Place] = field(default_factory=dict)
    """HL7 v2 facility, location and order codes, and scheduling facilities -> place."""
    encoding: str = "utf-8"
    """Charset of HL7 v2 messages that name none, and of files."""


class Keyed(NamedTuple):
    """A resource and the business identifier it is known by inside (source, contract family, type).

    `key` must equal the `system|value` that other resources of the same source use in `reference(...)`.
    The resource carries neither `id` nor `meta.versionId`/`meta.lastUpdated`: these are the hub's.
    """

    key: Identifier
    resource: Resource


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who stands behind an entry, for its Provenance. Agents are FHIR `Reference` objects (identifier, display)."""

    author: Resource | None = None
    written: str | None = None
    """FHIR dateTime at which it was recorded in the source."""
    verifier: Resource | None = None
    signed: str | None = None
    """FHIR instant of the signature; absent: not signed."""
    others: tuple[tuple[str, Resource], ...] = ()
    """More agents: (code of provenance-participant-type, Reference)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One source record: the unit of release. The first resource is the one that the record is about."""

    key: Identifier
    """Business identifier of the record in its source and contract family."""
    patient: Identifier
    custody: Custody
    resources: tuple[Keyed, ...]
    attribution: Attribution = Attribution()
    others: tuple[Identifier, ...] = ()
    """Further national numbers that the message gives this patient; the entry is nobody's where one means somebody else."""


@dataclass(frozen=True, slots=True)
class Person:
    """What the population register says of one person."""

    numbers: tuple[Identifier, ...]
    """Every number that means this person; the first is today's main identity."""
    patient: Resource
    """FHIR Patient without id; HL7 Sweden's SEBasePatient. Unmasked: masking is release's."""
    related: tuple[Resource, ...] = ()
    """RelatedPerson resources without id; `patient` is filled in by ingest."""
    guardians: tuple[Identifier, ...] = ()
    protected: str | None = None
    """`sekretessmarkering` or `skyddadFolkbokforing`; None: neither."""
    born: date | None = None
    deceased: date | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of each leaf (element with a value) of the message. Paths carry no values and no indexes."""

    mapped: int = 0
    kept: Mapping[str, str] = field(default_factory=dict)
    """path -> why it is kept only in the source bytes."""
    unmapped: Mapping[str, int] = field(default_factory=dict)
    """path -> how often it was met."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a message became."""

    entries: tuple[Entry, ...] = ()
    persons: tuple[Person, ...] = ()
    issues: tuple[Issue, ...] = ()
    """One bad row never costs the message: it is an issue here."""
    withdrawn: tuple[Identifier, ...] = ()
    """Keys of records that the source takes back (a cancelled booking that is to vanish)."""
    complete: bool = False
    """The message is all that the source holds of the patient in this contract: what is absent is gone."""
    coverage: Coverage = Coverage()


@dataclass(frozen=True, slots=True)
class Mapper:
    """A source format. `family` is the contract without its version: two versions of one record are one resource."""

    name: str
    family: str
    map: Callable[[SourceMessage, Settings], Mapped]
    """Raises: hub.errors.Unmappable: nothing in the message can be read."""
    info_type: str = ""
    """Engagement-index category of what it gives, where there is just one."""
    gives: frozenset[str] = frozenset()
    """Resource types that it can give, Provenance aside; a search of another type need not ask for it. Empty: any."""
    passes_on: bool = False
    """What it gives is FHIR as the source wrote it, not made here."""
