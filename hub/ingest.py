"""One message in: mapped, resolved, judged, and written with its Provenance and its bytes, all or nothing per patient.

Pushed or fetched, a message has this one way in. What cannot be mapped is kept and reported; one bad row never costs the message.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.store.database import Connection

from hub.config import SourceConfig
from hub.directory import Directory
from hub.errors import Issue, Unmappable
from hub.fhir.custody import Custody
from hub.fhir.identifiers import Identifier, is_sound
from hub.fhir.identity import logical_id, rid
from hub.fhir.masking import masked, without_places
from hub.fhir.provenance import provenance
from hub.fhir.resource import Resource
from hub.fhir.types import TYPES
from hub.fhir.validation import validate
from hub.hub import MAPPERS, Hub, settings
from hub.mappers import Coverage, Entry, Mapped, Mapper, Person, SourceMessage
from hub.references import resolved, resolver
from hub.store import messages, patients
from hub.store.deposit import Record, deposit, entries_of, patients_of
from hub.store.patients import Facts
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import instant

REGISTER_FAMILY = "population"
DISPLACED = "holds a record of another patient than the one asked for"


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a message."""

    status: str
    """One of `hub.store.messages.STATUSES`."""
    issues: tuple[Issue, ...] = ()
    entries: int = 0
    strangers: tuple[Identifier, ...] = ()
    """Numbers that no patient of the hub has: the register must be asked, then the message tried again."""

    @property
    def partial(self) -> bool:
        """Something of the message is not in the record."""
        return self.status != "mapped"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one or several messages of one source and format became together."""

    source: SourceConfig
    mapper: Mapper
    mapped: Mapped


def ingest(store: Store, hub: Hub, given: Sequence[SourceMessage], pk: int | None = None, partial: bool = False) -> Ingested:
    """Take in a message, or all the pages of one answer.

    Takes: `pk`: the patient it was asked for (None: it came of its own accord); `partial`: it is known to be only a part.
    Gives: what became of it; nothing is raised for what the messages hold.
    """
    first = given[0]
    source, mapper = hub.source(first.source), MAPPERS.get(first.format)
    if source is None or mapper is None:
        raise ValueError("a message of a source or format that is not configured")
    pages: list[Mapped] = []
    unread: list[Issue] = []
    for message in given:
        try:
            pages.append(mapper.map(message, settings(source)))
        except Unmappable as fault:
            unread += fault.issues
            with store.database.writing() as connection:
                messages.keep(connection, message, pk or NO_PATIENT, "unmappable", messages.report(fault.issues))
    if pages:
        answer = _Answer(source, mapper, _together(pages, bool(unread)))
        done = _take_in(store, hub, first if len(given) == 1 else given, answer, pk, partial)
        done = replace(done, issues=(*unread, *done.issues), status="partly" if unread else done.status)
    else:
        done = Ingested("unmappable", tuple(unread))
    hub.observe_message(mapper.name, done.status)
    return done


def _together(pages: Sequence[Mapped], unread: bool) -> Mapped:
    if len(pages) == 1:
        return replace(pages[0], complete=pages[0].complete and not unread)
    return Mapped(
        entries=tuple({(each.key, each.patient): each for page in pages for each in page.entries}.values()),
        issues=tuple(each for page in pages for each in page.issues),
        withdrawn=tuple(each for page in pages for each in page.withdrawn),
        complete=all(page.complete for page in pages) and not unread,
        coverage=Coverage(mapped=sum(page.coverage.mapped for page in pages)),
    )


def _take_in(
    store: Store, hub: Hub, given: SourceMessage | Sequence[SourceMessage], answer: _Answer, pk: int | None, partial: bool
) -> Ingested:
    kept = (given,) if isinstance(given, SourceMessage) else given
    mapped = answer.mapped
    by_patient, issues, strangers = _sorted(store, mapped.entries, pk)
    issues = (*mapped.issues, *issues)
    faults = any(each.severity in ("error", "fatal") for each in issues)
    complete = mapped.complete and not faults and not partial and not strangers
    with store.database.writing() as connection:
        for each in [pk] if pk is not None else patients_of(connection, answer.source.name, answer.mapper.family):
            if complete:
                by_patient.setdefault(each, [])
        status = "waiting" if strangers else "partly" if faults else "withheld" if _lacks_custody(mapped) else "mapped"
        told = messages.report(
            issues,
            entries=len(mapped.entries),
            mapped=mapped.coverage.mapped,
            kept=dict(mapped.coverage.kept),
            unmapped=dict(mapped.coverage.unmapped),
        )
        for message in kept:
            messages.keep(connection, message, pk if pk is not None else NO_PATIENT, status, told)
        if len(by_patient) == 1:
            [(number, entries)] = by_patient.items()
            issues = (*issues, *_write(connection, store, hub, answer, number, entries, complete))
    if len(by_patient) > 1:  # one transaction writes one patient
        for number, entries in by_patient.items():
            with store.database.writing() as connection:
                issues = (*issues, *_write(connection, store, hub, answer, number, entries, complete))
    return Ingested(status, tuple(issues), len(mapped.entries), strangers)


def _lacks_custody(mapped: Mapped) -> bool:
    held = (entry.custody for entry in mapped.entries)
    return any(each.regime != "OWN" and not (each.provider and each.unit) for each in held)


def _sorted(
    store: Store, entries: Sequence[Entry], asked: int | None
) -> tuple[dict[int, list[Entry]], tuple[Issue, ...], tuple[Identifier, ...]]:
    """Entries by the patient they belong to; what belongs to nobody we know, or to somebody else, is told of."""
    found: dict[int, list[Entry]] = defaultdict(list)
    issues: list[Issue] = []
    strangers: dict[Identifier, None] = {}
    connection = store.reader()
    for number, entry in enumerate(entries):
        place = f"entry[{number}].patient"
        if not is_sound(entry.patient):
            issues.append(
                Issue(place, "the patient's number has a wrong form or check digit, so it is not matched", "error", "value")
            )
            continue
        pk = patients.find(connection, store.keys.identity, entry.patient)
        if asked is not None and pk != asked:
            issues.append(Issue(place, DISPLACED, "error", "business-rule"))
        elif pk is None:
            strangers[entry.patient] = None
        else:
            found[pk].append(entry)
    return found, tuple(issues), tuple(strangers)


def _write(
    connection: Connection, store: Store, hub: Hub, answer: _Answer, pk: int, entries: Sequence[Entry], complete: bool
) -> tuple[Issue, ...]:
    """Write one patient's entries. Gives: what the judge said of their resources."""
    key, source, mapper, mapped = store.keys.identity, answer.source, answer.mapper, answer.mapped
    fhir_id, facts = patients.facts_of(connection, pk)
    records: list[Record] = []
    issues: list[Issue] = []
    for entry in entries:
        record, faults = _record(hub, key, source, mapper.family, entry, fhir_id, facts)
        issues += faults
        if record:
            records.append(record)
    numbers = {record.entry for record in records}
    gone = {entry_number(key, source.name, mapper.family, each) for each in mapped.withdrawn}
    if complete and len(records) == len(entries):
        gone |= entries_of(connection, pk, source.name, mapper.family) - numbers
    deposit(connection, key, pk, records, gone - numbers, store.now())
    return tuple(issues)


def entry_number(key: bytes, source: str, family: str, identifier: Identifier) -> int:
    """The number of an entry: the same for the same record of the same source, whatever the contract's version."""
    return rid(key, "entry", f"{source}\0{family}\0{identifier}")


def _record(
    hub: Hub, key: bytes, source: SourceConfig, family: str, entry: Entry, patient_id: str, facts: Facts
) -> tuple[Record | None, tuple[Issue, ...]]:
    custody = placed(entry.custody, hub.directory)
    own = {
        (each.resource["resourceType"], each.key): logical_id(
            key, each.resource["resourceType"], source.name, family, str(each.key)
        )
        for each in entry.resources
    }
    resolve = resolver(entry.patient, patient_id, own, hub.directory, key)
    made: list[Resource] = []
    issues: list[Issue] = []
    for each in entry.resources:
        resource = resolved(each.resource, resolve) | {"id": own[each.resource["resourceType"], each.key]}
        if facts.protected:
            resource = without_places(resource)
        faults = [fault for fault in validate(resource) if fault.severity in ("error", "fatal")]
        if resource["resourceType"] not in TYPES:
            faults = [Issue("resourceType", "the hub does not hold this type; the source's bytes keep it", "error", "not-supported")]
        if faults:
            issues += [
                Issue(f"{resource['resourceType']}: {fault.place}", fault.problem, fault.severity, fault.code) for fault in faults
            ]
        else:
            made.append(resource)
    if not made:
        return None, tuple(issues)
    origin = _provenance(hub, key, source, family, entry, custody, made, resolve)
    if facts.protected:
        origin = without_places(origin)
    number = entry_number(key, source.name, family, entry.key)
    return Record(number, family, custody, (*made, origin)), tuple(issues)


def _provenance(
    hub: Hub,
    key: bytes,
    source: SourceConfig,
    family: str,
    entry: Entry,
    custody: Custody,
    made: Iterable[Resource],
    resolve: Any,
) -> Resource:
    told = entry.attribution
    names = {each: known.name for table in (hub.directory.providers, hub.directory.units) for each, known in table.items()}
    written = provenance(
        targets=[f"{each['resourceType']}/{each['id']}" for each in made],
        custody=custody,
        names=names,
        recorded=instant(0),
        written=told.written,
        author=resolved(told.author, resolve) if told.author else None,
        verifier=resolved(told.verifier, resolve) if told.verifier else None,
        signed=told.signed,
        others=[(code, who) for code, each in told.others if (who := resolved(each, resolve))],
        message=Identifier(f"urn:hub:message:{source.name}", logical_id(key, "message", source.name, family, str(entry.key))),
    )
    named = {"id": logical_id(key, "Provenance", source.name, family, str(entry.key))}
    return named | {name: value for name, value in written.items() if name != "recorded" or told.signed}


def placed(custody: Custody, directory: Directory) -> Custody:
    """Custody as the directory has it: it says what is social care, and a provider that the unit is not of is not believed."""
    known = directory.provider_of(custody.unit) if custody.unit else None
    provider = None if known is not None and custody.provider and known != custody.provider else custody.provider
    return replace(custody, provider=provider, social=directory.is_social(custody.unit))


def enroll(store: Store, hub: Hub, source: SourceConfig, message: SourceMessage, person: Person) -> int:
    """Take in what the population register says of one person: who it is, and the Patient that everybody is shown."""
    facts = Facts(person.numbers, person.born, person.deceased, person.protected, person.guardians, registered=True)
    key = store.keys.identity
    with store.database.writing() as connection:
        pk = patients.enroll(connection, key, facts)
        fhir_id, _ = patients.facts_of(connection, pk)
        status = "partly" if patients.split(connection, key, person.numbers) else "mapped"
        issues = (
            [Issue("linkedIdentity", "two records of one person: they must be linked by hand", "error")]
            if status == "partly"
            else []
        )
        messages.keep(connection, message, pk, status, messages.report(issues))
        deposit(connection, key, pk, [_register_record(key, source, person, fhir_id, facts)], (), store.now())
    return pk


def _register_record(key: bytes, source: SourceConfig, person: Person, fhir_id: str, facts: Facts) -> Record:
    hide = masked if facts.protected else _as_it_is
    patient = hide(person.patient | {"id": fhir_id})
    related = [
        hide(
            each | {"id": logical_id(key, "RelatedPerson", fhir_id, str(number)), "patient": {"reference": f"Patient/{fhir_id}"}}
        )
        for number, each in enumerate(person.related)
    ]
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
    return Record(rid(key, "entry", f"register\0{fhir_id}"), REGISTER_FAMILY, custody, (patient, *related))


def _as_it_is(resource: Resource) -> Resource:
    return resource


def without_register(store: Store, numbers: Iterable[Identifier]) -> None:
    """Where no register is configured, a number that nobody contradicts is a patient of its own."""
    with store.database.writing() as connection:
        for each in numbers:
            if is_sound(each):
                patients.enroll(connection, store.keys.identity, Facts((each,)))


def retry(store: Store, hub: Hub, id: str) -> Ingested | None:
    """Take in a kept message again, with today's mappers and today's configuration. None: no such message."""
    kept = messages.get(store.reader(), id)
    if kept is None:
        return None
    return ingest(store, hub, (kept.message,), kept.pk if kept.message.asked else None, partial=True)


def described(ingested: Ingested) -> Mapping[str, Any]:
    """What became of a message, for whoever delivered it: no values."""
    return {"status": ingested.status, "issues": [f"{each.place}: {each.problem}" for each in ingested.issues]}
