"""Persons as the population register tells of them: who it is, and the Patient that everybody is shown."""

from collections.abc import Iterable

from hub.config import SourceConfig
from hub.errors import Issue
from hub.fhir.custody import Custody
from hub.fhir.encoded import encoded
from hub.fhir.identifiers import Identifier, is_sound
from hub.fhir.identity import logical_id, rid
from hub.fhir.masking import hidden
from hub.hub import Hub
from hub.mappers import Person, SourceMessage
from hub.store import messages, patients
from hub.store.deposit import Record, deposit
from hub.store.patients import Facts
from hub.store.store import Store
from hub.store.versions import rewrite

FAMILY = "population"
TWO_RECORDS = Issue("linkedIdentity", "two records of one person: they must be linked by hand", "error")


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
