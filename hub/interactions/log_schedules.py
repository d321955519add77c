"""Who was away, as the care provider's own system tells: PractitionerRoles that the clients of its sources have written.

For the log reviewer's cue alone, like the rest of what cues are judged by; nobody is shown a role, nor why somebody was away.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.consent.release import Equals, Outcome, Release, Row, any_of, closed
from hub.directory import Directory
from hub.fhir.availability import is_away, is_on_leave
from hub.fhir.identifiers import HSA_ID, HSA_ID_OF_BASE_PROFILES, hsa_id
from hub.fhir.identity import rid
from hub.fhir.json import loads
from hub.fhir.query import read_query
from hub.fhir.resource import Resource
from hub.fhir.result_parameters import MAX_COUNT
from hub.hub import Hub
from hub.store.search import View, Views
from hub.store.store import Store
from hub.store.tables import FOREVER, NO_PATIENT
from hub.store.values import micros

ROLE = "PractitionerRole"
NAMED = ("practitioner:identifier", "practitioner.identifier")
"""A role names who it is of by HSA-id, or points at a Practitioner of its source that does."""
_FROM_HSA = f"{HSA_ID}|"


@dataclass(frozen=True, slots=True)
class Schedules:
    """What the systems of one care provider tell of its staff. State: the roles that were looked up."""

    store: Store
    directory: Directory
    systems: Sequence[str]
    """Their names as sources."""
    _roles: dict[str, Sequence[Resource]] = field(default_factory=dict)

    def are_away(self, employee: str, unit: str, at: datetime) -> bool:
        """Whether every role that the employee (HSA-id) has at a unit says that the person was away at a time.

        A role counts as it stood then; of what was told since, leave alone. Nothing is known: False.
        """
        if not self.systems or not employee:
            return False
        held = self._roles.get(employee)
        if held is None:
            held = self._roles[employee] = self._looked_up(employee)
        here = [role for role in held if self._unit(role) in ("", unit.upper())]
        return bool(here) and all(is_on_leave(role, at) or self._was_away(role, at) for role in here)

    def _looked_up(self, employee: str) -> list[Resource]:
        found: dict[str, Resource] = {}
        view = self._view(FOREVER - 1)
        views = Views({ROLE: view, "Practitioner": view}, self.systems)
        for name in NAMED:
            asked = [(name, _FROM_HSA + employee), ("_count", str(MAX_COUNT))]
            query = read_query(ROLE, asked, now=self.store.clock())
            page = self.store.search.page(self.store.reader(), view, query, others=views)
            found |= {each.fhir_id: loads(each.bytes) for each in page.hits}
        return list(found.values())

    def _was_away(self, role: Resource, at: datetime) -> bool:
        stood = self._read(ROLE, role["id"], micros(at))
        return stood is not None and is_away(stood, at)

    def _unit(self, role: Resource) -> str:
        """The unit that a role is at; empty: it names none that the directory knows, and counts for all."""
        reference = role.get("organization", {})
        named = [reference.get("identifier", {})]
        kind, _, id = reference.get("reference", "").partition("/")
        if kind == "Organization":
            named += (self._read(kind, id, FOREVER - 1) or {}).get("identifier", ())
        ids = (hsa_id(each.get("value")) for each in named if each.get("system") in (HSA_ID, HSA_ID_OF_BASE_PROFILES))
        return next((each for each in ids if each in self.directory.units), "") or ""

    def _read(self, kind: str, id: str, asof: int) -> Resource | None:
        number = rid(self.store.keys.identity, kind, id)
        found = self.store.search.read(self.store.reader(), self._view(asof), kind, number, id)
        return loads(found.bytes) if found else None

    def _view(self, asof: int) -> View:
        told = Row(any_of(*(Equals("source", name) for name in self.systems)), Outcome.PERMIT, "SCHEDULE")
        return View("patient", Release(closed([told])), pk=NO_PATIENT, asof=asof)


def schedules_of(hub: Hub, provider: str) -> Schedules:
    """The schedules of a care provider's staff: what the clients of sources that it owns have written."""
    written = {each.source for each in hub.config.clients}
    own = [each.name for each in hub.config.sources if each.name in written and hsa_id(each.owner) == hsa_id(provider)]
    return Schedules(hub.store, hub.directory, own)
