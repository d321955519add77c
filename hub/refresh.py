"""Asking the sources that are stale, in parallel, under one deadline. Never raises: what each did is noted with the patient.

One question a (patient, source, contract) at a time, however many wait for it. What is late goes on, and is there next time.
"""

import asyncio
import time
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from hub.config import SourceConfig
from hub.enrolment import Identified, known_number, note_register, take_awaited, without_register
from hub.fhir.identifiers import Identifier
from hub.hub import Hub
from hub.ingest import Ingested, ingest
from hub.mappers import SourceMessage
from hub.service_questions import ServiceQuestion, told_by
from hub.sources import Deliver, Delivery, Fault, Fetched, SourceFailed, Verdict
from hub.store import messages, patients
from hub.store.audit_log import Leaf
from hub.store.known import Freshness, note_freshness
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import micros
from hub.told_grounds import note_silence, take_told

RETRY_SECONDS = 60.0
FORM = "not-what-the-contract-says"


@dataclass(frozen=True, slots=True)
class Question:
    """One contract of one source, about one patient."""

    pk: int
    number: Identifier
    source: SourceConfig
    contract: str


@dataclass(slots=True)
class Refresher:
    """State: the questions that are on their way, so that nobody asks twice, and the messages that are being taken in."""

    hub: Hub
    running: dict[tuple[object, ...], "asyncio.Task[object]"] = field(default_factory=dict)
    taking: set[str] = field(default_factory=set)

    async def refresh(self, questions: Sequence[Question | ServiceQuestion], deadline: float) -> None:
        """Ask all of them, for at most `deadline` seconds; what is late goes on in the background."""
        tasks = {self._asking(each) for each in questions}
        if tasks:
            await asyncio.wait(tasks, timeout=deadline)

    async def identify(self, number: Identifier) -> Identified:
        """The patient of a number: the register is asked where it is not fresh.

        Gives: what was known before, with what went wrong, if the register does not answer in time.
        """
        pk, fresh = await self.hub.store(known_number, self.hub, number)
        register = self.hub.register
        if fresh or register is None:
            return Identified(pk)
        task = self._asked(register, number)
        await asyncio.wait([task], timeout=self.hub.config.deadline)
        if not task.done():
            return Identified(pk, Fault.TIMEOUT)
        found = None if task.cancelled() or task.exception() else task.result()
        if isinstance(found, Identified):
            return found if found.pk is not None else Identified(pk, found.fault)
        return Identified(pk, Fault.FORM)

    async def close(self) -> None:
        """End what is on its way."""
        tasks = list(self.running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _single(self, key: tuple[object, ...], work: Coroutine[object, object, object]) -> "asyncio.Task[object]":
        found = self.running.get(key)
        if found:
            work.close()
            return found
        task: asyncio.Task[object] = asyncio.create_task(work)
        self.running[key] = task
        task.add_done_callback(lambda _: self._ended(key))
        return task

    def _asking(self, question: Question | ServiceQuestion) -> "asyncio.Task[object]":
        if isinstance(question, ServiceQuestion):
            key = (question.pk, question.kept, question.source.name, question.contract)
            return self._single(key, self._ask_service(question))
        if question.source.kind == "register":
            return self._asked(question.source, question.number)
        return self._single((question.pk, question.source.name, question.contract), self._ask(question))

    def _ended(self, key: tuple[object, ...]) -> None:
        task = self.running.pop(key)
        if not task.cancelled() and task.exception():  # the store failed: nobody waits any more, so the metrics tell of it
            self.hub.observe_source(str(key[-2]), str(key[-1]), "not-stored", 0.0)

    def _asked(self, register: SourceConfig, number: Identifier) -> "asyncio.Task[object]":
        key = ("register", str(number), register.name, register.contracts[0])
        return self._single(key, self._ask_register(register, number))

    async def _ask(self, question: Question) -> None:
        name, contract = question.source.name, question.contract
        await self.hub.store.commit(asking(question.pk, question.source, contract))
        began = time.monotonic()
        try:
            fetched = await self.hub.fetchers[name].fetch(contract, question.number)
        except SourceFailed as failed:
            self.hub.observe_source(name, contract, str(failed.fault), time.monotonic() - began)
            await self.hub.store(_note_failure, self.hub, question, failed)
            return
        outcome = await self.hub.store(_take_in, self.hub, question, fetched)
        self.hub.observe_source(name, contract, outcome, time.monotonic() - began)

    async def _ask_service(self, question: ServiceQuestion) -> None:
        name, contract = question.source.name, question.contract
        await self.hub.store.commit(asking(question.pk, question.source, contract))
        began, asked = time.monotonic(), self.hub.store.now()
        try:
            told = await told_by(self.hub.services[name], question, self.hub.clock())
        except SourceFailed as failed:
            self.hub.observe_source(name, contract, str(failed.fault), time.monotonic() - began)
            await self.hub.store(note_silence, question, failed.fault, asked)
            return
        self.hub.observe_source(name, contract, "answered", time.monotonic() - began)
        await self.hub.store(take_told, self.hub, question, told, asked)

    async def _ask_register(self, register: SourceConfig, number: Identifier) -> Identified:
        contract = register.contracts[0]
        pk = await self.hub.store(_pk_of, number)
        await self.hub.store.commit(asking(pk, register, contract))
        began = time.monotonic()
        try:
            fetched = await self.hub.fetchers[register.name].fetch(contract, number)
        except SourceFailed as failed:
            self.hub.observe_source(register.name, contract, str(failed.fault), time.monotonic() - began)
            await self.hub.store(note_register, register, number, str(failed.fault))
            return Identified(None, failed.fault)
        self.hub.observe_source(register.name, contract, "answered", time.monotonic() - began)
        found, awaited = await self.hub.store(take_awaited, self.hub, register, contract, number, fetched)
        if awaited:
            self._retrying()
        return found

    def deliver(self) -> Deliver:
        """What listeners hand their messages to; it returns when the message is durable."""

        async def delivered(source: str, mapper: str, content: bytes, name: str) -> Delivery:
            message = SourceMessage(source, mapper, content, self.hub.clock(), None, name)
            done = await self._taken_in(message)
            await self.hub.store(_note_push, self.hub, source, mapper, done)
            verdict = {"unmappable": Verdict.REJECTED, "partly": Verdict.ERROR}.get(done.status, Verdict.ACCEPTED)
            told = ("error", "fatal", *(("warning",) if verdict is Verdict.ACCEPTED else ()))
            problems = tuple((each.place, each.problem) for each in done.issues if each.severity in told)
            return Delivery(verdict, problems)

        return delivered

    async def _taken_in(self, message: SourceMessage, late: bool = False) -> Ingested:
        """Take in a message; where it names patients whom nobody knows, the register is asked, and it is taken in again.

        What the register says after the deadline is waited for in the background.
        """
        id = messages.message_id(message)
        self.taking.add(id)
        try:
            return await self._taken(message, late)
        finally:
            self.taking.discard(id)

    async def _taken(self, message: SourceMessage, late: bool) -> Ingested:
        done = await self.hub.store(ingest, self.hub, (message,), late=late)
        if not done.strangers:
            return done
        register = self.hub.register
        if register is None:
            await self.hub.store(without_register, done.strangers)
            return await self.hub.store(ingest, self.hub, (message,), late=late)
        asked = [self._asked(register, number) for number in done.strangers]
        _, late_ones = await asyncio.wait(asked, timeout=self.hub.config.deadline)
        if late_ones:
            key = ("waiting", messages.message_id(message), message.source, message.format)
            self._single(key, self._again(message, late_ones))
        return await self.hub.store(ingest, self.hub, (message,), late=late)

    async def _again(self, message: SourceMessage, asked: "set[asyncio.Task[object]]") -> None:
        await asyncio.wait(asked)
        await self.hub.store(ingest, self.hub, (message,), late=True)

    async def retry_waiting(self) -> int:
        """Take in again what waits for patients whom the register could not be asked about. Gives: how many still wait."""
        found = await self._retrying()
        return found if isinstance(found, int) else 0

    def _retrying(self) -> "asyncio.Task[object]":
        return self._single(("waiting", "hub", "messages"), self._all_waiting())

    async def _all_waiting(self) -> int:
        """Oldest first, a batch at a time, every one of them once, however many stay."""
        still, after = 0, (0, "")
        while batch := await self.hub.store(_waiting, after):
            for each in batch:
                if each.id not in self.taking:
                    done = await self._taken_in(each.message, late=True)
                    still += done.status == "waiting"
            after = (micros(batch[-1].message.received), batch[-1].id)
        return still

    async def keep_retrying(self, every: float = RETRY_SECONDS) -> None:
        """Try what waits again and again, until cancelled. A fault of the store is counted, and the next round tries again."""
        while True:
            await asyncio.sleep(every)
            with suppress(Exception):  # `_ended` counts it
                await self.retry_waiting()


def asking(pk: int, source: SourceConfig, contract: str) -> Leaf:
    """The log entry of a question to a source: it is durable before a number leaves the hub."""
    content = {"action": "fetch", "outcome": "permit", "who": {"kind": "hub"}, "source": source.name, "contract": contract}
    return Leaf(pk, content)


def _pk_of(store: Store, number: Identifier) -> int:
    return patients.find(store.reader(), store.keys.identity, number) or NO_PATIENT


def _waiting(store: Store, after: tuple[int, str]) -> list[messages.Kept]:
    return messages.waiting(store.reader(), after)


class Unasked(Refresher):
    """Asks nobody: for what must not wait. What is known already has to do."""

    async def refresh(self, questions: Sequence[Question | ServiceQuestion], deadline: float) -> None:
        return None

    async def identify(self, number: Identifier) -> Identified:
        pk, _ = await self.hub.store(known_number, self.hub, number)
        return Identified(pk)


def _note_failure(store: Store, hub: Hub, question: Question, failed: SourceFailed) -> None:
    now = store.now()
    with store.database.appending() as connection:
        note_freshness(
            connection, question.pk, [Freshness(question.source.name, question.contract, now, None, str(failed.fault), "")]
        )
        if failed.content:
            message = SourceMessage(question.source.name, question.contract, failed.content, hub.clock(), question.number)
            told = {"issues": [{"place": question.contract, "problem": str(failed.fault), "severity": "error"}]}
            messages.keep(connection, message, question.pk, "unmappable", told)


def _take_in(store: Store, hub: Hub, question: Question, fetched: Fetched) -> str:
    given = [
        SourceMessage(question.source.name, question.contract, each, hub.clock(), question.number) for each in fetched.contents
    ]
    done = ingest(store, hub, given, question.pk, partial=bool(fetched.partial)) if given else None
    now = store.now()
    unread = done is not None and done.status == "unmappable"
    partial = fetched.partial or (done.status if done and done.status == "partly" else "")
    told = Freshness(question.source.name, question.contract, now, None if unread else now, FORM if unread else "", partial)
    with store.database.appending() as connection:
        note_freshness(connection, question.pk, [told])
    return FORM if unread else "partly" if partial else "answered"


def _note_push(store: Store, hub: Hub, source: str, mapper: str, done: Ingested) -> None:
    """Note that a message came, and whether something of it is missing: of its patient, or where that cannot be told of all."""
    now, unread = store.now(), done.status == "unmappable"
    partial = done.status if unread or done.status == "partly" else ""
    config = hub.source(source)
    of_one = done.concerned if config and config.kind != "files" and len(done.concerned) == 1 else ()
    told = Freshness(source, mapper, now, None if unread else now, FORM if unread else "", partial)
    whole = replace(told, partial="")
    for pk, row in ((NO_PATIENT, whole if of_one else told), *((pk, told) for pk in of_one)):
        with store.database.appending() as connection:  # one transaction writes one patient
            note_freshness(connection, pk, [row])
    if not unread:
        hub.pushed[source] = now
    (hub.pushed_partly.add if partial and not of_one else hub.pushed_partly.discard)((source, mapper))


def questions(hub: Hub, pk: int, number: Identifier, wanted: Iterable[tuple[SourceConfig, str]]) -> list[Question]:
    """Questions about one patient."""
    return [Question(pk, number, source, contract) for source, contract in wanted if source.name in hub.fetchers]
