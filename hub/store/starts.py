"""Where requests begin: to whom a place belongs and how that patient stands, looked up for all the requests of a turn at once.

A request that said which place it begins at is given what was looked up at the beginning of a turn for which it waited: after it
came, so it sees all that was acknowledged before; and its log entry is refused if the patient's epoch has moved since
(`hub.store.audit_log`).
"""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import Connection, Text, literal, select, union_all

from hub.store.prepared import ForMany
from hub.store.tables import NO_PATIENT, freshness, locator, patient

P = ParamSpec("P")
T = TypeVar("T")
State = Sequence[tuple[Any, ...]]
"""The patient's row and what is noted of sources, as `hub.store.known` reads them."""
Start = tuple[int | None, State]
"""The patient key of a place, None: there is no such place; and the state of that patient, or of what belongs to none."""


class Starts:
    """State: for each thread the place that the request at work began at, and what was looked up of it."""

    def __init__(self) -> None:
        self._given = threading.local()

    def begun(self, place: int, start: Start | None, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work of a request that begins at `place`. Takes: `start`: what was looked up for it, if anything was."""
        self._given.start = {place: start} if start else {}
        try:
            return work(*args, **kwargs)
        finally:
            self._given.start = {}

    def of(self, connection: Connection, place: int) -> Start:
        """As it was looked up for the request at work, or else as it is."""
        given: Mapping[int, Start] = getattr(self._given, "start", {})
        return given.get(place) or look_up(connection, (place,))[place]


def look_up(connection: Connection, places: Collection[int]) -> Mapping[int, Start]:
    """Of each place. In two statements, so that what does not exist costs the same."""
    located = dict(_LOCATED.rows(connection, places))
    states: dict[int, list[tuple[Any, ...]]] = {located.get(place, NO_PATIENT): [] for place in places}
    for row in _STATES.rows(connection, states.keys()):
        states[row[-1]].append(row)
    return {place: (located.get(place), states[located.get(place, NO_PATIENT)]) for place in places}


def state_of(connection: Connection, pk: int) -> State:
    """How one patient stands."""
    return _STATES.rows(connection, (pk,))


def _stated(pks: Sequence[Any]) -> Any:
    text = Text()
    nothing = literal("", text)
    of_patient = select(nothing, patient.c.fhir_id, patient.c.recorded, patient.c.epoch, nothing, nothing, patient.c.pk)
    of_sources = select(
        literal("freshness", text),
        freshness.c.source,
        freshness.c.asked,
        freshness.c.succeeded,
        freshness.c.contract,
        freshness.c.fault + "\n" + freshness.c.partial,
        freshness.c.pk,
    )
    return union_all(of_patient.where(patient.c.pk.in_(pks)), of_sources.where(freshness.c.pk.in_(pks)))


_LOCATED = ForMany(lambda rids: select(locator.c.rid, locator.c.pk).where(locator.c.rid.in_(rids)))
_STATES = ForMany(_stated)
