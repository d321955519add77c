"""One message in: mapped, resolved, judged, and written with its Provenance and its bytes, all or nothing per patient.

Pushed or fetched, a message has this one way in. What cannot be mapped is kept and reported; one bad row never costs the message.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.belonging import by_patient
from hub.config import SourceConfig
from hub.errors import Issue, Unmappable
from hub.fhir.identifiers import Identifier
from hub.fhir.identity import rid
from hub.fhir.structure import faults
from hub.fhir.validation import validate
from hub.hub import MAPPERS, Hub, settings
from hub.mappers import Coverage, Entry, Mapped, Mapper, SourceMessage
from hub.records import Maker, entry_number, lacks_custody, provenance_id
from hub.store import messages, patients
from hub.store.audit_log import Leaf
from hub.store.database import Connection
from hub.store.deposit import Change, Record, all_entries_of, deposit, entries_of, held_digests, patients_of, release_ids
from hub.store.patients import Facts
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import micros

DOUBTFUL = (
    "a whole list that is empty, or lacks more than half of what is there: nothing was withdrawn; send the list again,"
    " or confirm this one with `hub message retry`"
)
OVERTAKEN = Issue("", "looked cut short, and a later list has come: nothing was withdrawn for it", "information", "informational")
FEW = 4
"""Of fewer records than this any part may go at once."""
MOVED = "was held as another patient's, and is withdrawn there"
OUTDATED = "a later message told of {} of its records: these stay as they are"


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of a message."""

    status: str
    """One of `hub.store.messages.STATUSES`."""
    issues: tuple[Issue, ...] = ()
    entries: int = 0
    strangers: tuple[Identifier, ...] = ()
    """Numbers that no patient of the hub has: the register must be asked, then the message tried again."""
    concerned: tuple[int, ...] = ()
    """The patients that it tells of."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one or several messages of one source and format became together."""

    source: SourceConfig
    mapper: Mapper
    mapped: Mapped
    messages: tuple[SourceMessage, ...]
    late: bool
    confirmed: bool
    """The operator has said that what it no longer tells of is gone."""
    unread: tuple[Issue, ...]
    """What is wrong with those of them of which nothing could be read."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What an answer says of one patient."""

    pk: int
    entries: tuple[Entry, ...]
    gone: frozenset[int]
    """Numbers of entries that are taken back by name."""
    complete: bool
    """What it does not tell of is gone."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A part with its records, made for a patient of whom `facts` are known."""

    part: _Part
    facts: Facts
    records: tuple[Record, ...]
    issues: tuple[Issue, ...]


def ingest(
    store: Store,
    hub: Hub,
    given: Sequence[SourceMessage],
    pk: int | None = None,
    partial: bool = False,
    late: bool = False,
    confirmed: bool = False,
) -> Ingested:
    """Take in a message, or all the pages of one answer.

    Takes: `pk`: the patient it was asked for (None: it came of its own accord); `partial`: it is known to be only a part;
    `late`: it was kept aside and is tried again; `confirmed`: by an operator, who has read that it would withdraw much.
    Gives: what became of it; nothing is raised for what the messages hold.
    """
    source, mapper = hub.source(given[0].source), MAPPERS.get(given[0].format)
    if source is None or mapper is None:
        raise ValueError("a message of a source or format that is not configured")
    pages: list[tuple[SourceMessage, Mapped]] = []
    unread: list[Issue] = []
    for message in given:
        try:
            pages.append((message, mapper.map(message, settings(source, hub.directory))))
        except Exception as fault:  # a message is kept and reported whatever is wrong, with itself or with its mapper
            issues = fault.issues if isinstance(fault, Unmappable) else (_bug(fault),)
            unread += issues
            with store.database.appending() as connection:
                messages.keep(connection, message, pk or NO_PATIENT, "unmappable", messages.report(issues))
    if pages:
        read = tuple(message for message, _ in pages)
        answer = _Answer(source, mapper, _together([mapped for _, mapped in pages]), read, late, confirmed, tuple(unread))
        done = _take_in(store, hub, answer, pk, partial)
    else:
        done = Ingested("unmappable", tuple(unread))
    hub.observe_message(mapper.name, done.status)
    return done


def _bug(fault: Exception) -> Issue:
    return Issue("", f"the mapper failed ({type(fault).__name__})", "fatal", "exception")


def _together(pages: Sequence[Mapped]) -> Mapped:
    if len(pages) == 1:
        return pages[0]
    return Mapped(
        entries=tuple({(each.key, each.patient): each for page in pages for each in page.entries}.values()),
        issues=tuple(each for page in pages for each in page.issues),
        withdrawn=tuple(each for page in pages for each in page.withdrawn),
        complete=all(page.complete for page in pages),
        coverage=Coverage(
            mapped=sum(page.coverage.mapped for page in pages),
            kept={path: why for page in pages for path, why in page.coverage.kept.items()},
            unmapped=_sums(page.coverage.unmapped for page in pages),
        ),
    )


def _sums(counts: Iterator[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for each in counts:
        for path, count in each.items():
            found[path] += count
    return dict(found)


def _take_in(store: Store, hub: Hub, answer: _Answer, pk: int | None, partial: bool) -> Ingested:
    found, issues, strangers = by_patient(store, hub, answer.mapped.entries, pk)
    issues = (*answer.unread, *answer.mapped.issues, *issues)
    stays = _faulty(issues) or answer.unread or partial or strangers or (answer.late and not answer.confirmed)
    complete = answer.mapped.complete and not stays
    doubtful = complete and pk is None and not answer.confirmed and _is_doubtful(store, answer)
    if doubtful:
        complete, issues = False, (*issues, Issue("", DOUBTFUL, "error", "business-rule"))
    holders = _holders(store, answer)
    parts = _parts(store, answer, pk, found, holders, complete)
    made = [_made(store.reader(), store, hub, answer, part) for part in parts]
    for each in made:
        for number, other in _elsewhere(store, answer, each.part, holders):
            _withdraw_from(store, answer, other, number)
            issues = (*issues, Issue("entry", MOVED, "warning", "business-rule"))
    for each in made[:-1]:  # one transaction writes one patient
        with store.database.appending() as connection:
            issues = (*issues, *_write(connection, store, hub, answer, each))
    with store.database.appending() as connection:
        for each in made[-1:]:
            issues = (*issues, *_write(connection, store, hub, answer, each))
        if answer.mapped.complete and pk is None and not answer.late:
            messages.supersede(connection, answer.messages[0], DOUBTFUL, messages.report([OVERTAKEN]))
        unplaced = sum(lacks_custody(record) for each in made for record in each.records)
        if unplaced:
            issues = (*issues, Issue("custody", f"{unplaced} records: {messages.UNPLACED}", "warning", "business-rule"))
        status = _status(issues, strangers, unplaced, bool(answer.unread))
        for message in answer.messages:
            at = NO_PATIENT if pk is None else pk
            messages.keep(connection, message, at, status, _report(answer.mapped, issues), came_again=doubtful)
    return Ingested(status, issues, len(answer.mapped.entries), strangers, tuple(found))


def _is_doubtful(store: Store, answer: _Answer) -> bool:
    """Whether a whole list of many patients looks like one that was cut short on its way out of the source."""
    key, source, family = store.keys.identity, answer.source.name, answer.mapper.family
    current = all_entries_of(store.reader(), source, family)
    told = {entry_number(key, source, family, each.key) for each in answer.mapped.entries}
    return bool(current) and (not told or (len(current) >= FEW and 2 * len(current - told) > len(current)))


def _status(issues: Sequence[Issue], strangers: Sequence[Identifier], unplaced: int, unread: bool) -> str:
    if strangers:
        return "waiting"
    if unread or _faulty(issues):
        return "partly"
    if unplaced:
        return "withheld"
    return "flawed" if any(each.severity == "warning" for each in issues) else "mapped"


def _faulty(issues: Sequence[Issue]) -> bool:
    return any(each.severity in ("error", "fatal") for each in issues)


def _report(mapped: Mapped, issues: Sequence[Issue]) -> dict[str, Any]:
    coverage = mapped.coverage
    return messages.report(
        issues,
        entries=len(mapped.entries),
        mapped=coverage.mapped,
        kept=dict(coverage.kept),
        unmapped=dict(coverage.unmapped),
    )


def _holders(store: Store, answer: _Answer) -> dict[Identifier, int]:
    """The patients in whose records the entries of an answer lie now, by the entries' keys: found by their Provenance."""
    key, at = store.keys.identity, (answer.source.name, answer.mapper.family)
    keys = [*(each.key for each in answer.mapped.entries), *answer.mapped.withdrawn]
    numbers = {each: rid(key, "Provenance", provenance_id(key, *at, each)) for each in keys}
    found = patients.locate_all(store.reader(), numbers.values())
    return {each: found[number] for each, number in numbers.items() if number in found}


def _parts(
    store: Store,
    answer: _Answer,
    asked: int | None,
    found: Mapping[int, Sequence[Entry]],
    holders: Mapping[Identifier, int],
    complete: bool,
) -> list[_Part]:
    """What the answer says of each patient: of those it tells of, of those whose records it takes back, and if it is complete
    of those of whom it tells nothing any more."""
    key, source, family = store.keys.identity, answer.source.name, answer.mapper.family
    gone: dict[int, set[int]] = defaultdict(set)
    for each in answer.mapped.withdrawn:
        if each in holders and asked in (None, holders[each]):
            gone[holders[each]].add(entry_number(key, source, family, each))
    concerned = dict.fromkeys((*found, *gone))
    if complete:
        concerned |= dict.fromkeys([asked] if asked is not None else sorted(patients_of(store.reader(), source, family)))
    return [_Part(pk, tuple(found.get(pk, ())), frozenset(gone.get(pk, ())), complete) for pk in concerned]


def _made(connection: Connection, store: Store, hub: Hub, answer: _Answer, part: _Part, lock: bool = False) -> _Made:
    """The records of a part; `lock`: the patient is locked first, so that the facts cannot change under them."""
    key, source, family = store.keys.identity, answer.source, answer.mapper.family
    fhir_id, facts = patients.facts_of(connection, part.pk, lock)
    numbers = [entry_number(key, source.name, family, each.key) for each in part.entries]
    held = held_digests(connection, part.pk, numbers)
    maker = Maker(key, hub.directory, source, family, fhir_id, facts, validate if answer.mapper.passes_on else faults)
    made = [maker.record(each, held) for each in part.entries]
    issues = [issue for _, faults in made for issue in faults]
    records: dict[int, Record] = {}
    for record, _ in made:
        if record and record.entry in records and record != records[record.entry]:
            issues.append(Issue("entry", "one record told twice in one message: the last is used", "warning", "duplicate"))
        records |= {record.entry: record} if record else {}
    return _Made(part, facts, tuple(records.values()), tuple(issues))


def _elsewhere(store: Store, answer: _Answer, part: _Part, holders: Mapping[Identifier, int]) -> Iterator[tuple[int, int]]:
    """Entries of a part that lie in another patient's record: (number, that patient)."""
    for each in part.entries:
        other = holders.get(each.key)
        if other not in (None, part.pk):
            yield entry_number(store.keys.identity, answer.source.name, answer.mapper.family, each.key), other or NO_PATIENT


def _withdraw_from(store: Store, answer: _Answer, pk: int, number: int) -> None:
    """The source told that a record is another patient's: take it out of this one's, and let its ids go with it."""
    with store.database.appending() as connection:
        change = deposit(connection, store.keys.identity, pk, (), (number,), store.now(), _told(answer))
        release_ids(connection, pk, number)
        if change.anything:
            store.audit.append_in(connection, _taken_in(answer, pk, change))


def _write(connection: Connection, store: Store, hub: Hub, answer: _Answer, made: _Made) -> tuple[Issue, ...]:
    """Write one patient's records. Gives: what is wrong with them."""
    part, key = made.part, store.keys.identity
    if patients.facts_of(connection, part.pk, lock=True)[1] != made.facts:
        made = _made(connection, store, hub, answer, part, lock=True)
    numbers = {record.entry for record in made.records}
    gone = set(part.gone)
    if part.complete and not _faulty(made.issues):
        gone |= entries_of(connection, part.pk, answer.source.name, answer.mapper.family)
    change = deposit(connection, key, part.pk, made.records, gone - numbers, store.now(), _told(answer), answer.late)
    if change.anything:
        store.audit.append_in(connection, _taken_in(answer, part.pk, change))
    if not change.outdated:
        return made.issues
    return (*made.issues, Issue("entry", OUTDATED.format(change.outdated), "information", "informational"))


def _taken_in(answer: _Answer, pk: int, change: Change) -> Leaf:
    """The log entry of what a source wrote into a patient's record: durable together with it."""
    source = answer.source
    counts = {"created": change.created, "updated": change.updated, "withdrawn": change.withdrawn}
    about = {
        "action": "take-in",
        "outcome": "permit",
        "who": {"kind": "source", "subject": source.name, "provider": source.owner},
    }
    return Leaf(pk, about | {"format": answer.mapper.name} | counts)


def _told(answer: _Answer) -> int:
    return micros(answer.messages[0].received)


def retry(store: Store, hub: Hub, id: str) -> Ingested | None:
    """Take in a kept message again, with today's mappers and today's configuration. None: no such message."""
    kept = messages.get(store.reader(), id)
    if kept is None:
        return None
    confirmed = any(each.get("problem") == DOUBTFUL for each in kept.report.get("issues", ()))
    return ingest(store, hub, (kept.message,), kept.pk if kept.message.asked else None, late=True, confirmed=confirmed)


def described(ingested: Ingested) -> Mapping[str, Any]:
    """What became of a message, for whoever delivered it: no values."""
    return {"status": ingested.status, "issues": [f"{each.place}: {each.problem}" for each in ingested.issues]}
