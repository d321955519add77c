"""The overview of one patient: a table of sections, each asked for as any other caller asks, all at once."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hub.consent.reach import could_permit
from hub.errors import AuditUnavailable, HubError, NotFound
from hub.fhir.json import loads
from hub.fhir.outcome import SourceReport
from hub.fhir.query import MAX_COUNT, read_query
from hub.fhir.resource import Resource
from hub.hub import MAPPERS, Hub
from hub.interactions.context import Context
from hub.interactions.plan import reports
from hub.interactions.search import Answer, look_up
from hub.interactions.services import service_reports
from hub.interactions.view import Sight
from hub.store.known import Known

Ask = tuple[str, tuple[tuple[str, str], ...]]
"""A resource type, and search parameters beside the patient."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the overview. `loinc`: what kind of section it is, as documents name them."""

    name: str
    swedish: str
    english: str
    loinc: str
    asks: tuple[Ask, ...]
    pushed: bool = True
    """Sources' clients may have pushed this, whatever contracts give; not so where the hub's own types are meant."""


SECTIONS = (
    Section(
        *("uppmarksamhet", "Överkänslighet och varningar", "Allergies and warnings", "48765-2"),
        (("AllergyIntolerance", ()), ("Flag", ())),
    ),
    Section("diagnoser", "Diagnoser", "Diagnoses", "11450-4", (("Condition", ()),)),
    Section("lakemedel", "Läkemedel", "Medicines", "10160-0", (("MedicationRequest", ()), ("MedicationStatement", ()))),
    Section(
        *("provsvar", "Provsvar och mätvärden", "Results and measurements", "30954-2"),
        (("Observation", ()), ("DiagnosticReport", ()), ("Specimen", ())),
    ),
    Section("kontakter", "Vårdkontakter", "Contacts with care", "46240-8", (("Encounter", ()),)),
    Section("tider", "Bokade tider", "Booked times", "56446-8", (("Appointment", ()),)),
    Section("vardplaner", "Vårdplaner", "Care plans", "18776-5", (("CarePlan", ()), ("Goal", ()))),
    Section("vardteam", "Vårdteam", "Care team", "85847-2", (("CareTeam", ()),)),
    Section("behandlingar", "Behandlingar", "Treatments", "47519-4", (("Procedure", ()),)),
    Section("egenvard", "Egenvård", "Self-care", "69730-0", (("Task", ()),), pushed=False),
    Section("meddelanden", "Meddelanden", "Messages", "34109-9", (("Communication", ()),), pushed=False),
)
"""In the order in which a reader meets them."""

OWN_RULES = ("R90", "R91")
EMERGENCY_RULES = ("R34", "R51", "R63")
"""The rules that let through what the patient has entered."""


@dataclass(frozen=True, slots=True)
class Row:
    """One released resource. `own`: the patient has entered it; `emergency`: nothing but an emergency shows it."""

    resource: Resource
    own: bool
    emergency: bool = False
    source: str = ""
    """The source whose client wrote it; empty: it came in a message, and says itself whence (`meta.source`)."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one section became."""

    section: Section
    rows: tuple[Row, ...] = ()
    reports: tuple[SourceReport, ...] = ()
    never: tuple[str, ...] = ()
    """Titles of sources that could be seen and never give this."""
    connected: bool = False
    """At least one configured source gives this, or a client has pushed what is shown, or may have more than is shown."""
    more: bool = False
    """There are more than the overview takes."""
    notices: tuple[str, ...] = ()
    refused: bool = False

    def of(self, *types: str) -> list[Row]:
        """The rows of these resource types, in their order."""
        return [row for row in self.rows if row.resource["resourceType"] in types]


@dataclass(frozen=True, slots=True)
class Overview:
    """A patient, what the decision rested on, and every part."""

    patient: Resource
    known: Known
    parts: tuple[Part, ...]

    @property
    def notices(self) -> tuple[str, ...]:
        """What stands in the way, each once."""
        return tuple(dict.fromkeys(code for part in self.parts for code in part.notices))


async def overview(context: Context, patient: str, sections: Sequence[Section] = SECTIONS) -> Overview:
    """Everything that the caller may see of the patient with this logical id, section by section.

    Raises: NotFound: no such patient in this caller's view; AuditUnavailable.
    """
    first, *others = await asyncio.gather(
        found(context, patient), *(part(context, patient, section) for section in sections), return_exceptions=True
    )
    parts: list[Part] = []
    for each in (first, *others):
        if isinstance(each, BaseException):
            raise each
        if isinstance(each, Part):
            parts.append(each)
    assert isinstance(first, tuple)
    resource, known = first
    return Overview(resource, known, tuple(parts))


class RegisterSilent(NotFound):
    """Nobody is known by the number, and the register, which might know, does not answer."""


async def found(context: Context, patient: str = "", number: str = "") -> tuple[Resource, Known]:
    """The Patient with a logical id, or a number written `system|value`; with neither, the caller's own.

    Raises: NotFound: none in this caller's view; RegisterSilent: it cannot be told.
    """
    named = [("_id", patient)] if patient else [("identifier", number)] if number else []
    answer, _ = await look_up(context, read_query("Patient", named, now=context.hub.clock()))
    if not answer.page.hits:
        raise RegisterSilent("the register does not answer") if answer.silent else NotFound("there is no such patient")
    return loads(answer.page.hits[0].bytes), answer.sight.known


async def part(context: Context, patient: str, section: Section) -> Part:
    """One section. A refusal is told of in it; only a log that cannot be written stops the page."""
    asks = section.asks
    given = any(gives(context.hub, kind) for kind, _ in asks)
    if not given and not (section.pushed and context.hub.config.clients):
        return Part(section)
    answers = await asyncio.gather(*(_asked(context, patient, ask) for ask in asks), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, AuditUnavailable) or (isinstance(answer, BaseException) and not isinstance(answer, HubError)):
            raise answer
    held = [each for each in answers if isinstance(each, Answer)]
    notices = tuple(dict.fromkeys(code for answer in held for code in answer.sight.release.notices))
    if not held:
        return Part(section, connected=True, refused=True)
    if not given and not any(each.page.hits for each in held):
        return Part(section, connected=bool(notices), notices=notices)  # with more access there might be something
    now = context.hub.store.now()
    told = [
        report
        for answer, (kind, _) in zip(answers, asks, strict=True)
        if isinstance(answer, Answer)
        for report in (
            *service_reports(context.hub, context.caller, answer.sight.known, now),
            *reports(context.hub, answer.sight, kind, now, context.began),
        )
    ]
    return Part(
        section=section,
        rows=tuple(row for answer in held for row in _rows(answer)),
        reports=tuple({(each.source, each.contract): each for each in told}.values()),
        never=_never(context.hub, held[0].sight, [kind for kind, _ in asks]) if given else (),
        connected=True,
        more=any(answer.page.more for answer in held),
        notices=notices,
        refused=len(held) < len(answers),
    )


def gives(hub: Hub, kind: str) -> tuple[str, ...]:
    """Names of the sources that give a resource type."""
    return tuple(each.name for each in hub.clinical if any(_may_give(contract, kind) for contract in each.contracts))


async def _asked(context: Context, patient: str, ask: Ask) -> Answer:
    kind, more = ask
    parameters = [("patient", patient), *more, ("_count", str(MAX_COUNT))]
    answer, _ = await look_up(context, read_query(kind, parameters, now=context.hub.clock()))
    return answer


def _rows(answer: Answer) -> Iterable[Row]:
    rules = answer.sight.release.rows
    for hit in answer.page.hits:
        rule = rules[hit.row].rule
        yield Row(loads(hit.bytes), own=rule in OWN_RULES, emergency=rule in EMERGENCY_RULES, source=hit.writer or "")


def _never(hub: Hub, sight: Sight, kinds: Iterable[str]) -> tuple[str, ...]:
    """Owners that could be seen, none of whose sources gives any of these types: by the title of the first source."""
    titles: dict[str, str] = {}
    giving: set[str] = set()
    named = tuple(kinds)
    for source in hub.clinical:
        owner = source.owner.upper()
        if could_permit(sight.release, source.name, owner):
            titles.setdefault(owner, source.title)
        if any(_may_give(contract, kind) for contract in source.contracts for kind in named):
            giving.add(owner)
    return tuple(title for owner, title in titles.items() if owner not in giving)


def _may_give(contract: str, kind: str) -> bool:
    given = MAPPERS[contract].gives
    return not given or kind in given
