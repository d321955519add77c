"""transaction: many changes, all or nothing, whose entries may point at each other. http://hl7.org/fhir/R4/http.html#trules

One writing transaction with one log entry for each change and each reading. It may write several patients: what a source's
client sends together stands together.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hub.errors import Conflict, HubError, InvalidRequest, Several, Unprocessable
from hub.fhir.bundle_request import Asked, at, in_order
from hub.fhir.pointing import dangling
from hub.fhir.query import Query
from hub.fhir.relinked import relinked
from hub.fhir.resource import Resource
from hub.interactions.changes import Change, Written, carried_out, new_id
from hub.interactions.context import Context
from hub.interactions.matching import Condition, lock_view, meets
from hub.interactions.write import as_found, condition, prepared
from hub.refresh import Unasked
from hub.store.audit_log import Leaf
from hub.store.database import Connection
from hub.store.store import Store


@dataclass(frozen=True, slots=True)
class Sought:
    """A reference that names what it means by a search: as it is written, where in its resource, and the search."""

    written: str
    place: str
    query: Query


@dataclass(frozen=True, slots=True)
class Step:
    """One entry that writes."""

    asked: Asked
    change: Change
    sought: tuple[Sought, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """One entry that reads. `answer`: takes down what it is answered with; it raises what it is refused with."""

    asked: Asked
    answer: Callable[[Context], Coroutine[Any, Any, None]]


async def transaction(context: Context, steps: Sequence[Step], readings: Sequence[Reading] = ()) -> Mapping[int, Written]:
    """Carry out all of it, what is read after what is written. Gives: what was written, by the entry's number in the Bundle.

    Raises: as `hub.interactions.write.write` and what reads, with the entry as the place; then nothing of it is done.
    InvalidRequest: two entries write one resource. Unprocessable, Several: a reference by search finds nothing, or several.
    """
    missed: list[Leaf] = []
    try:
        if not steps:
            for reading in readings:
                with at(reading.asked):
                    await reading.answer(_part(context, reading))
            return {}
        ready: list[Step] = []
        sought: dict[str, tuple[Asked, Sought, Condition]] = {}
        for step in steps:
            with at(step.asked):
                ready.append(replace(step, change=await prepared(context, step.change)))
                for each in step.sought:
                    sought[each.written] = (step.asked, each, await _condition(context, each))
        return await context.current(lambda given: given.hub.store(_together, given, ready, sought, readings, missed))
    except HubError as fault:
        for leaf in missed:
            await context.hub.store.commit(leaf)
        await context.refuse("transaction", "Bundle", fault)
        raise


async def _condition(context: Context, sought: Sought) -> Condition:
    try:
        return await condition(context, sought.query)
    except HubError as fault:
        fault.retold(lambda issue: replace(issue, place=sought.place))
        raise


def _together(
    store: Store,
    context: Context,
    steps: Sequence[Step],
    sought: Mapping[str, tuple[Asked, Sought, Condition]],
    readings: Sequence[Reading],
    missed: list[Leaf],
) -> Mapping[int, Written]:
    """`missed`: takes down what the log is to be told of the reading by which all of it fails."""

    def work(connection: Connection) -> tuple[Mapping[int, Written], list[Leaf]]:
        missed.clear()
        lock_view(connection, store, context.caller)  # so that two of one source never wait for each other's patients
        written, leaves = _Work(connection, store.inside(connection), context, steps).done(sought)
        for reading in readings:
            within = store.within(connection)
            try:
                with at(reading.asked):
                    _at_once(reading.answer(_part(context, reading, within)))
            except HubError:
                missed.extend(replace(each, epochs=()) for each in within.leaves)
                raise
            leaves += within.leaves
        return written, leaves

    return store.write(work)


def _part(context: Context, reading: Reading, store: Store | None = None) -> Context:
    """The context of the request that an entry is; with `store`: as part of a transaction, in which no source is asked."""
    found = replace(context, request_id=f"{context.request_id}-{reading.asked.number}")
    if store is None:
        return found
    hub = replace(context.hub, store=store)
    return replace(found, hub=hub, refresher=Unasked(hub))


def _at_once(work: Coroutine[Any, Any, None]) -> None:
    """Run to its end what never waits: an interaction over `hub.store.store.Within`."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("something waits inside a transaction")


def _pointing(asked: Asked, resource: Resource) -> Resource:
    """The resource, its links rewritten.

    Raises: InvalidRequest: it refers to an entry that is not there.
    """
    with at(asked):
        for place in dangling(resource):
            raise InvalidRequest("no entry of the Bundle has that fullUrl", place)
    return resource


class _Work:
    """A transaction under way. State: what was written so far, and which resource each entry means."""

    def __init__(self, connection: Connection, store: Store, context: Context, steps: Sequence[Step]) -> None:
        self._connection, self._store, self._context = connection, store, context
        by_number = {step.asked.number: step for step in steps}
        self._steps = [by_number[each.number] for each in in_order([step.asked for step in steps])]
        self._written: dict[int, Written] = {}
        self._leaves: list[Leaf] = []

    def done(self, sought: Mapping[str, tuple[Asked, Sought, Condition]]) -> tuple[Mapping[int, Written], list[Leaf]]:
        deletions = [step for step in self._steps if step.change.action == "delete"]
        for step in deletions:
            self._carry_out(step, step.change)
        links = {written: self._found(*each) for written, each in sought.items()}
        meant = {step.asked.number: self._meant(step) for step in self._steps[len(deletions) :]}
        links |= {
            step.asked.full_url: meant[n] for step in self._steps if (n := step.asked.number) in meant and step.asked.full_url
        }
        for step in self._steps[len(deletions) :]:
            change = step.change
            if change.resource is not None:
                change = replace(change, resource=_pointing(step.asked, relinked(change.resource, links, step.asked.full_url)))
            self._carry_out(step, change)
            self._check_meant(step, meant[step.asked.number])
        self._check_apart()
        return self._written, self._leaves

    def _carry_out(self, step: Step, change: Change) -> None:
        with at(step.asked):
            written, leaf = carried_out(self._connection, self._store, self._context, change)
            if leaf is None:
                written, leaf = as_found(self._store, self._context, change.action, written)
            self._written[step.asked.number] = written
            self._leaves.append(leaf)

    def _found(self, asked: Asked, sought: Sought, condition: Condition) -> str:
        """The one resource that a reference by search finds, among what was there before."""
        with at(asked):
            hits = meets(self._connection, self._store, self._context, condition)
            if len(hits) > 1:
                raise Several("a reference by search means more than one resource", sought.place)
            if not hits:
                raise Unprocessable("a reference by search finds nothing", sought.place)
        return f"{sought.query.resource_type}/{hits[0].fhir_id}"

    def _meant(self, step: Step) -> str:
        """The resource that an entry will have written, as others refer to it."""
        change = step.change
        with at(step.asked):
            hits = meets(self._connection, self._store, self._context, change.condition) if change.condition else ()
            if len(hits) > 1:
                raise Several("more than one resource meets the condition")
        given = (change.resource or {}).get("id") if change.action == "update" else None
        fhir_id = hits[0].fhir_id if hits else change.id or given or new_id(self._store, self._context, change)
        return f"{change.type}/{fhir_id}"

    def _check_meant(self, step: Step, meant: str) -> None:
        """Raises: Conflict: the condition is met by what an earlier entry wrote, and others refer to something else."""
        written = self._written[step.asked.number]
        if f"{written.resource_type}/{written.fhir_id}" != meant:
            raise Conflict("the condition is met by what another entry of the transaction writes", step.asked.place)

    def _check_apart(self) -> None:
        """Raises: InvalidRequest: two entries write one resource."""
        seen: set[tuple[str, str]] = set()
        for step in self._steps:
            written = self._written[step.asked.number]
            if written.fhir_id:
                named = (written.resource_type, written.fhir_id)
                if named in seen:
                    raise InvalidRequest("another entry of the transaction writes the same resource", step.asked.place)
                seen.add(named)
