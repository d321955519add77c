"""The data types of the contracts: times, codes, ids, professionals, the older header (PatientSummaryHeader), results."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from hub.demo.rivta.habits import STOCKHOLM, Habit, Manner
from hub.demo.rivta.markup import Element, Vocabulary
from hub.demo.world.model import Custody, Fact, Staff, Unit, World
from hub.demo.world.values import ATC, KV_BEFATTNING, Code

HSA = "1.2.752.129.2.1.4.1"
LOCAL = "1.2.752.129.2.1.2.1"
"""Ids whose owner has no OID: `<HSA-id of the system>:<id>`."""
PERSONNUMMER = "1.2.752.129.2.1.3.1"
SAMORDNINGSNUMMER = "1.2.752.129.2.1.3.3"
NATIONAL_RESERVE = "1.2.752.74.9.1"
HL7_ATC = "2.16.840.1.113883.6.73"

Order = Literal["contact-last", "nullified-last"]
"""Where the schemas put careContactId in the header: after nullified (logistics) or before it (the others)."""


def moment(time: datetime) -> str:
    """TS: local time without offset."""
    return time.astimezone(STOCKHOLM).strftime("%Y%m%d%H%M%S")


def moment_or_none(time: datetime | None) -> str | None:
    return moment(time) if time else None


def kind_of_number(number: str) -> str:
    """The OID of a patient number, by its form."""
    if not number.isdigit():
        return NATIONAL_RESERVE
    return SAMORDNINGSNUMMER if int(number[6:8]) > 60 else PERSONNUMMER


def boolean(value: bool) -> str:
    return "true" if value else "false"


@dataclass(frozen=True, slots=True)
class Scribe:
    """Writes the types of one namespace for one system, in its vendor's manner."""

    world: World
    system: str
    """HSA-id of the source system."""
    manner: Manner
    core: Vocabulary

    def cv(self, name: str, code: Code | None, local: bool = False) -> Element | None:
        """A coded value: code, system and text together, or originalText alone; `local` may be sent as text only."""
        if code is None:
            return None
        if not code.code or (local and self.manner.has(Habit.TEXT_ONLY)):
            return self.text_only(name, code.text)
        system = code.system or (self.manner.local_codes if self.manner.has(Habit.LOCAL_CODES) else "")
        if not system:
            return self.text_only(name, code.text)
        if system == ATC and self.manner.has(Habit.OTHER_ATC):
            system = HL7_ATC
        core = self.core
        return core(name, core("code", code.code), core("codeSystem", system), core("displayName", code.text))

    def text_only(self, name: str, text: str) -> Element | None:
        """A coded value without code."""
        return self.core(name, self.core("originalText", text)) if text else None

    def ii(self, name: str, root: str, extension: str) -> Element:
        """An instance identifier."""
        return self.core.root(name, self.core.root("root", root), self.core.root("extension", extension))

    def local_id(self, name: str, key: str) -> Element | None:
        """An id of this system's own; nothing for an empty key."""
        return self.ii(name, LOCAL, f"{self.system}:{key}") if key else None

    def person_id(self, name: str, number: str) -> Element:
        """PersonIdType: id and the OID of its kind."""
        return self.core.root(name, self.core("id", number), self.core("type", kind_of_number(number)))

    def is_bare(self, custody: Custody) -> bool:
        """Whether the record came over from the older system without its people."""
        return self.manner.has(Habit.MIGRATED) and custody.time < self.manner.migrated

    def professional(self, name: str, by: str, unit: str, time: datetime, *more: Element | None) -> Element:
        """HealthcareProfessionalType; `more` is the care unit and care giver of the record."""
        core, person = self.core, self.world.staff.get(by)
        told = _role(person) if person else None
        return core.root(
            name,
            core("authorTime", moment(time)),
            core("healthcareProfessionalHSAId", by or None),
            core("healthcareProfessionalName", person.name if person else None),
            self.cv("healthcareProfessionalRoleCode", told, local=True),
            self.org_unit("healthcareProfessionalOrgUnit", self.world.units.get(unit)),
            *more,
        )

    def org_unit(self, name: str, unit: Unit | None, called: str = "") -> Element | None:
        """OrgUnitType; `called` is the name of a part of the unit, which then goes without the unit's id."""
        if unit is None:
            return self.core(name, self.core("orgUnitName", called or None))
        core = self.core
        return core(
            name,
            core("orgUnitHSAId", None if called else unit.hsa_id),
            core("orgUnitName", called or unit.name),
            core("orgUnitTelecom", unit.phone or None),
            core("orgUnitEmail", unit.email or None),
            core("orgUnitAddress", ", ".join(filter(None, (unit.street, f"{unit.postal_code} {unit.city}".strip()))) or None),
            core("orgUnitLocation", unit.city or None),
        )

    def author(self, custody: Custody) -> Element:
        """accountableHealthcareProfessional, with the care unit and care giver that answer for the record."""
        core = self.core
        owner = (
            core("healthcareProfessionalCareUnitHSAId", custody.unit if custody.names_unit else None),
            core("healthcareProfessionalCareGiverHSAId", custody.provider if custody.names_provider else None),
        )
        if self.is_bare(custody):
            return core.root("accountableHealthcareProfessional", core("authorTime", moment(custody.time)), *owner)
        seen = custody.unit if custody.names_unit else ""
        return self.professional("accountableHealthcareProfessional", custody.author, seen, custody.time, *owner)

    def signer(self, custody: Custody) -> Element | None:
        """legalAuthenticator; nothing when unsigned, or when the older system did not say."""
        if custody.signed is None or self.is_bare(custody):
            return None
        core, person = self.core, self.world.staff.get(custody.signer)
        return core(
            "legalAuthenticator",
            core("signatureTime", moment(custody.signed)),
            core("legalAuthenticatorHSAId", custody.signer or None),
            core("legalAuthenticatorName", person.name if person else None),
        )

    def header(
        self, name: str, fact: Fact, order: Order, title: str = "", time: str | None = None, signed: bool = True
    ) -> Element:
        """PatientSummaryHeaderType."""
        core, custody = self.core, fact.custody
        contact = core("careContactId", fact.contact or None)
        nullified = (
            core("nullified", "true" if custody.nullified else None),
            core("nullifiedReason", "Registrerad på fel patient" if custody.nullified else None),
        )
        return core.root(
            name,
            core("documentId", fact.key),
            core("sourceSystemHSAId", self.system),
            core("documentTitle", title or None),
            core("documentTime", time),
            self.person_id("patientId", fact.person),
            self.author(custody),
            self.signer(custody) if signed else None,
            core("approvedForPatient", boolean(custody.released)),
            *((*nullified, contact) if order == "contact-last" else (contact, *nullified)),
        )


def result(core: Vocabulary, message: str = "", outer: Vocabulary | None = None) -> Element:
    """`result`: OK, or ERROR/INVALID_REQUEST with a message."""
    return (outer or core).root(
        "result",
        core("resultCode", "ERROR" if message else "OK"),
        core("errorCode", "INVALID_REQUEST" if message else None),
        core("logId", str(uuid4())),
        core("message", message or None),
    )


def _role(person: Staff) -> Code:
    return Code(person.role, person.title, KV_BEFATTNING)
