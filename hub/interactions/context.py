"""What every interaction is given beside its own arguments, and the loop that makes an answer durable before it leaves."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Concatenate, ParamSpec, TypeVar

from hub.caller import Caller
from hub.consent.decision import refusal
from hub.consent.grounds import Consent
from hub.consent.release import Row
from hub.errors import Forbidden, HubError, Throttled
from hub.fhir.identifiers import Identifier
from hub.fhir.outcome import notice
from hub.fhir.resource import Resource
from hub.hub import Hub
from hub.interactions import logbook
from hub.interactions.orders import Order, OrdersDue, carry_out, take_back
from hub.interactions.view import Sight, grounds
from hub.refresh import Question, Refresher
from hub.service_questions import ServiceQuestion
from hub.store.audit_log import Leaf
from hub.store.known import Known, known, nobody
from hub.store.patients import locate
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """One request on its way through the hub."""

    hub: Hub
    refresher: Refresher
    caller: Caller
    request_id: str
    began: int
    """Microseconds."""
    count_lookup: Callable[[], None] = lambda: None
    """Counts a look-up of a patient by number. Raises: Throttled."""
    asked: frozenset[str] = frozenset()
    """The register and security services that have been asked in this request, whether or not they answered."""
    waited: float = 0.0
    """Seconds that this request has waited for them."""
    told: frozenset[tuple[str, str]] = frozenset()
    """What security services have been told in this request: verb and id of the consent."""
    registered: Mapping[str, Consent] = field(default_factory=dict)
    """The consents that they have been told of, by id, as they were told."""
    rehearsing: bool = False
    """What is done will be undone: no service is told of it."""

    @property
    def patience(self) -> float:
        """Seconds that it still waits for sources."""
        return max(0.0, self.hub.config.deadline - self.waited)

    async def durable(self, work: Callable[Concatenate[Store, P], tuple[T, Leaf | None]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in the store and commit the log entry it gives; when the grounds moved meanwhile, run it again.

        `work` gives (result, None) where there is nothing to log yet.
        """
        result, leaf = await self.hub.store.answered(work, *args, **kwargs)
        if leaf is not None:
            self._observe(leaf)
        return result

    async def durable_at(
        self, place: int, work: Callable[Concatenate[Store, P], tuple[T, Leaf | None]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """As `durable`, for work that begins by asking what is known of whom `place` belongs to (`recalled`)."""
        result, leaf = await self.hub.store.answered_at(place, work, *args, **kwargs)
        if leaf is not None:
            self._observe(leaf)
        return result

    async def refuse(self, action: str, resource_type: str, fault: HubError) -> None:
        """Write a refusal to the log; the fault itself is the caller's to raise. What is too much is counted at the door."""
        if isinstance(fault, Throttled):
            return
        rule = fault.place if isinstance(fault, Refused) else ""
        leaf = logbook.refused(self.caller, action, resource_type, fault, self.request_id, rule)
        await self.hub.store.commit(leaf)
        fault.logged = True
        self._observe(leaf)

    async def patient_of(self, named: tuple[str | Identifier, ...]) -> str | Identifier | None:
        """The one patient that a request names, numbers resolved to logical ids; a patient who names nobody names himself."""
        if not named and self.caller.kind == "patient" and self.caller.person:
            system, _, value = self.caller.person.rpartition("|")
            named = (Identifier(system, value),)
        if len(named) != 1:
            return None
        [only] = named
        return only

    async def current(self, work: Callable[["Context"], Awaitable[T]]) -> T:
        """Do `work`; where it raises Due or OrdersDue, ask or tell those and do it again. All questions share one deadline.

        Raises: Unreachable, Conflict: a service that must be told was not, or refused; and what `work` raises. Then what
        services were told to register is cancelled there.
        """
        given, done = self, list[Order]()
        try:
            while True:
                try:
                    return await work(given)
                except Due as due:
                    given = await given._having_asked(due.questions)
                except OrdersDue as due:
                    given = await given._having_told(due.orders, done)
        except BaseException:
            for each in done:
                if each.verb == "register":
                    await take_back(self.hub, each)
            raise

    async def _having_asked(self, questions: Sequence[Question | ServiceQuestion]) -> "Context":
        began, longest = time.monotonic(), self.patience
        if any(isinstance(each, ServiceQuestion) for each in questions):
            longest = min(longest, self.hub.config.deadline / 2)  # so that the own unit's sources have the rest
        await self.refresher.refresh(questions, longest)
        asked = self.asked | {each.source.name for each in questions}
        return replace(self, asked=asked, waited=self.waited + time.monotonic() - began)

    async def _having_told(self, orders: Sequence[Order], done: list[Order]) -> "Context":
        for each in orders:
            await carry_out(self.hub, each)
            done.append(each)
        told = self.told | {(each.verb, each.consent.id) for each in orders}
        registered = {each.consent.id: each.consent for each in orders if each.verb == "register"}
        return replace(self, told=told, registered={**self.registered, **registered})

    def demand(self, *questions: Question | ServiceQuestion | None) -> None:
        """Raises: Due: some of these have not been asked in this request."""
        due = [each for each in questions if each is not None and each.source.name not in self.asked]
        if due:
            raise Due(due)

    def order(self, orders: Sequence[Order]) -> None:
        """Raises: OrdersDue: services have not been told some of these in this request."""
        due = [each for each in orders if (each.verb, each.consent.id) not in self.told]
        if due and not self.rehearsing:
            raise OrdersDue(due)

    def _observe(self, leaf: Leaf) -> None:
        """By which rule nothing was shown is not counted: where few ask, it would tell the withheld from the absent."""
        outcome = str(leaf.content.get("outcome", ""))
        for rule in (leaf.content.get("rules") if outcome != "nothing" else ()) or ("-",):
            self.hub.observe_decision(rule, outcome)


class Due(Exception):
    """The population register, or security services, are to be asked before the work goes on; nothing is done yet."""

    def __init__(self, questions: Sequence[Question | ServiceQuestion]) -> None:
        super().__init__()
        self.questions = questions


class Refused(Forbidden):
    """A rule refuses the request before any data are looked at; `place` is the rule."""


def told_of(store: Store, resource_type: str, fhir_id: str, person: str = "") -> Known:
    """What is known of the patient that a resource belongs to: the same work where there is no such resource.

    Takes: `person`: whose grounds are wanted where it belongs to no patient.
    """
    now = store.now()
    pk = locate(store.reader(), store.keys.identity, resource_type, fhir_id)
    found = known(store.reader(), pk or NO_PATIENT, now, "" if pk else person)
    return nobody(now) if pk is None else found


def recalled(store: Store, caller: Caller, number: int) -> Known:
    """What is known of the patient whose resource has this number, or what this caller was told of it a moment ago, as long as
    it still stands. The same work where there is no such resource."""
    connection = store.reader()
    start = store.starts.of(connection, number)
    return store.memory.known(connection, caller, number, start, store.now())


def check_caller(context: Context) -> None:
    """Raises: Refused: R01, R03: who may not ask for anything, whoever the patient is."""
    _check(refusal(grounds(context.hub.clock(), context.caller, nobody(context.began), named=True, services_up=True)))


def check_refusal(seen: Sight) -> None:
    """Raises: Refused: R01, R03 and the like; the same for every patient."""
    _check(seen.release.refusal)


def _check(row: Row | None) -> None:
    if row is not None:
        raise Refused("the caller's sign-in or commission does not allow this request", row.rule)


NOTICES: dict[str, tuple[str, str]] = {
    "relation-required": (
        "Patientrelation saknas. Registrera patientrelation för att gå vidare.",
        "There is no patient relation. Register one to continue.",
    ),
    "need-required": (
        "Behov saknas. Ange att uppgifterna kan antas ha betydelse.",
        "No need is stated. State that the data may matter.",
    ),
    "consent-required": (
        "Samtycke saknas. Bara er egen vårdgivares uppgifter visas.",
        "There is no consent. Only your own care provider's data are shown.",
    ),
    "consent-refused": (
        "Patienten har sagt nej till att ni tar del av uppgifter från andra. Bara er egen vårdgivares uppgifter visas.",
        "The patient has said no to your reading what others hold. Only your own care provider's data are shown.",
    ),
    "own-unit-only": (
        "Ingen patient är namngiven. Bara den egna enhetens uppgifter visas.",
        "No patient is named. Only your own unit's data are shown.",
    ),
    "log-only": (
        "Loggranskare ser inga journaluppgifter. Åtkomstloggen läses på AuditEvent och /access/log.",
        "A log reviewer sees no record. The access log is read at AuditEvent and /access/log.",
    ),
    "no-source": (
        "Klienten är inte registrerad för någon källa, och ser inga uppgifter.",
        "The client is registered for no source, and sees no data.",
    ),
    "patient-required": (
        "Ingen är namngiven. Namnge barnet, eller den ni företräder, med personnummer (Patient?identifier=) eller id.",
        "Nobody is named. Name the child, or whom you represent, by personal number (Patient?identifier=) or id.",
    ),
    "incomplete": ("Resultatet kan vara ofullständigt.", "The result may be incomplete."),
}


def notice_outcomes(codes: tuple[str, ...]) -> list[Resource]:
    """An issue for each notice; they depend on the grounds alone."""
    return [issue for code in codes for issue in notice(code, *NOTICES[code])["issue"]]
