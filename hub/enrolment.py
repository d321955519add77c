"""Persons as the population register tells of them: who it is, and the Patient that everybody is shown."""

from collections.abc import Iterable
from dataclasses import dataclass

from hub.config import SourceConfig
from hub.errors import Issue, Unmappable
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identifiers import Identifier, is_sound
from hub.fhir.identity import logical_id, rid
from hub.fhir.masking import hidden
from hub.hub import MAPPERS, Hub, settings
from hub.mappers import Mapped, Person, SourceMessage
from hub.sources import Fault, Fetched
from hub.store import messages, patients
from hub.store.deposit import Record, deposit
from hub.store.known import Freshness, known, note_freshness
from hub.store.patients import Facts
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.versions import rewrite

FAMILY = "population"
TWO_RECORDS = Issue("linkedIdentity", "two records of one person: they must be linked by hand", "error")


@dataclass(frozen=True, slots=True)
class Identified:
    """Whose a number is. `pk` None: nobody known has it; `fault`: why the register could not say so now."""

    pk: int | None
    fault: Fault | None = None


def enroll(store: Store, hub: Hub, source: SourceConfig, message: SourceMessage, person: Person) -> int:
    """Take in what the population register says of one person.

    Gives: the patient key. A person who has become protected is so in every version of the record, from now on.
    """
    facts = Facts(person.numbers, person.born, person.deceased, person.protected, person.guardians, registered=True)
    key = store.keys.identity
    with store.database.writing() as connection:
        known = patients.pks_of(connection, key, person.numbers)
        before = patients.facts_of(connection, known[0])[1] if known else Facts()
        pk = patients.enroll(connection, key, facts, store.now())
        fhir_id, _ = patients.facts_of(connection, pk)
        issues = [TWO_RECORDS] if len(set(known)) > 1 else []
        status = "partly" if issues else "mapped"
        messages.keep(connection, message, pk, status, messages.report(issues))
        deposit(connection, key, pk, [_record(key, source, person, fhir_id, facts)], (), store.now())
        if facts.protected and not before.protected:
            rewrite(connection, pk, hidden)
    hub.observe_message(message.format, status)
    return pk


def without_register(store: Store, numbers: Iterable[Identifier]) -> None:
    """Where no register is configured, a number that nobody contradicts is a patient of its own."""
    for each in numbers:
        if is_sound(each):
            with store.database.writing() as connection:
                patients.enroll(connection, store.keys.identity, Facts((each,)))


def known_number(store: Store, hub: Hub, number: Identifier) -> tuple[int | None, bool]:
    """The patient of a number, and whether the register said so a short while ago."""
    connection = store.reader()
    pk = patients.find(connection, store.keys.identity, number)
    register = hub.register
    if pk is None or register is None:
        return pk, False
    told = known(connection, pk, store.now()).fresh(register.name, register.contracts[0])
    return pk, bool(told and told.succeeded and store.now() - told.succeeded < register.max_age * 1_000_000)


def take_answer(
    store: Store, hub: Hub, register: SourceConfig, contract: str, number: Identifier, fetched: Fetched
) -> Identified:
    """Take in the register's answer. Gives: the patient of the number asked for; None: the register has none such."""
    found: int | None = None
    unread = False
    for content in fetched.contents:
        message = SourceMessage(register.name, contract, content, hub.clock(), number)
        try:
            mapped: Mapped = MAPPERS[contract].map(message, settings(register, hub.directory))
        except Unmappable as fault:
            with store.database.appending() as connection:
                messages.keep(connection, message, NO_PATIENT, "unmappable", messages.report(fault.issues))
            unread = True
            continue
        for person in mapped.persons:
            if number in person.numbers:  # an answer about somebody else says nothing
                found = enroll(store, hub, register, message, person)
    if found is not None:
        now = store.now()
        with store.database.appending() as connection:
            note_freshness(connection, found, [Freshness(register.name, contract, now, now, "", "")])
    else:
        note_register(store, register, number, str(Fault.FORM) if unread else "")
    return Identified(found, Fault.FORM if unread else None)


def take_awaited(
    store: Store, hub: Hub, register: SourceConfig, contract: str, number: Identifier, fetched: Fetched
) -> tuple[Identified, bool]:
    """As `take_answer`; with it whether this is somebody new while messages wait."""
    before = patients.find(store.reader(), store.keys.identity, number)
    found = take_answer(store, hub, register, contract, number, fetched)
    is_new = before is None and found.pk is not None
    return found, is_new and bool(messages.waiting(store.reader(), limit=1))


def note_register(store: Store, register: SourceConfig, number: Identifier, fault: str) -> None:
    """Note that the register, asked about a patient whom the hub knows, has not told of this one."""
    pk = patients.find(store.reader(), store.keys.identity, number)
    if pk is not None:
        told = Freshness(register.name, register.contracts[0], store.now(), None, fault, "")
        with store.database.appending() as connection:
            note_freshness(connection, pk, [told])


def _record(key: bytes, source: SourceConfig, person: Person, fhir_id: str, facts: Facts) -> Record:
    related = [
        each | {"id": logical_id(key, "RelatedPerson", fhir_id, str(number)), "patient": {"reference": f"Patient/{fhir_id}"}}
        for number, each in enumerate(person.related)
    ]
    shown = (person.patient | {"id": fhir_id}, *related)
    custody = Custody(
        source=source.name,
        provider=source.owner.upper(),
        unit=source.owner.upper(),
        info_type="population",
        regime="SVOD",
        social=False,
        released=True,
        secret=False,
        nullified=False,
        insurance=False,
        purpose="care_admin",
        incapacity=False,
    )
    number = rid(key, "entry", f"register\0{fhir_id}")
    return Record(number, FAMILY, custody, tuple(map(encoded, map(hidden, shown) if facts.protected else shown)))
