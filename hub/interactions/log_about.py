"""What a log reviewer is told beside an entry: its cues, each with its rule in words, and the Task of an emergency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.directory import Staff
from hub.fhir.custody import FOLLOW_UP
from hub.fhir.follow_up_task import follow_up
from hub.interactions import kept_tasks
from hub.interactions.context import Context
from hub.interactions.log_cues import CUES, HOUR, About
from hub.interactions.log_schedules import Schedules, schedules_of
from hub.store import audit_facts, audit_index
from hub.store.audit_facts import Person
from hub.store.audit_index import Found
from hub.store.audit_reading import Logged
from hub.store.patients import find_all
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import moment


@dataclass(frozen=True, slots=True)
class _Page:
    """What is the same for all entries of a page."""

    store: Store
    context: Context
    keys: Mapping[str, int]
    """HSA-id -> patient key, of staff whose personal number the directory has."""
    tasks: Mapping[str, Mapping[str, str]]
    """Id of an emergency -> its Task."""
    schedules: Schedules

    def about(self, entry: Logged) -> About:
        """What the cues of an entry are judged by."""
        content, connection, patient = entry.content, self.store.reader(), entry.pk != NO_PATIENT
        who = content.get("who", {})
        staff = self.context.hub.directory.staff.get(who.get("subject", ""))
        provider = who.get("provider", "")
        withdrawn = audit_facts.withdrawn_before(connection, entry.pk, provider, entry.at) if patient and provider else None
        own = self.keys.get(staff.hsa_id, NO_PATIENT) if staff else NO_PATIENT
        return About(
            content=content,
            at=moment(entry.at),
            staff_family=staff.family if staff else "",
            patient_family=self._person(entry.pk).family,
            hour=audit_index.near(
                connection, self.context.caller.provider, who.get("subject", ""), entry.at - HOUR, entry.at + 1
            ),
            contact=audit_facts.contact_near(connection, entry.pk, who["unit"], entry.at) if patient and "unit" in who else None,
            withdrawn=moment(withdrawn) if withdrawn is not None else None,
            own=patient and own == entry.pk,
            address=self._person(own).address,
            patient_address=self._person(entry.pk).address,
            colleague=patient and self._is_colleague(staff, who.get("unit", ""), entry.pk),
            watched=patient and audit_index.watched(connection, self.context.caller.provider, content.get("patient", "")),
            away=self.schedules.are_away(who.get("subject", ""), who.get("unit", ""), moment(entry.at)),
        )

    def _person(self, pk: int) -> Person:
        register = self.context.hub.register
        if pk == NO_PATIENT or register is None:
            return audit_facts.NOBODY
        return audit_facts.person_of(self.store.reader(), pk, register.name)

    def _is_colleague(self, staff: Staff | None, unit: str, pk: int) -> bool:
        """Whether the patient works where the entry's person works, or worked then."""
        units = {unit.upper(), *(staff.units if staff else ())}
        others = (self.context.hub.directory.staff[each] for each, key in self.keys.items() if key == pk)
        return any(other is not staff and units & set(other.units) for other in others)


def told_beside(store: Store, context: Context, found: Sequence[Found]) -> list[dict[str, Any]]:
    """For each entry `cues`, by name, with their rules in words; of an emergency also `follow-up`: its Task and status."""
    numbers = {each.hsa_id: each.person for each in context.hub.directory.staff.values() if each.person}
    keys = find_all(store.reader(), store.keys.identity, numbers.values())
    page = _Page(
        store,
        context,
        {hsa_id: keys[number] for hsa_id, number in numbers.items() if number in keys},
        _tasks(store, context) if any(_emergency(each) for each in found) else {},
        schedules_of(context.hub, context.caller.provider),
    )
    return [_beside(page, each.logged) for each in found]


def _beside(page: _Page, entry: Logged) -> dict[str, Any]:
    about = page.about(entry)
    told: dict[str, Any] = {"cues": [{"cue": cue.name, "sv": cue.sv, "en": cue.en} for cue in CUES if cue.holds(about)]}
    task = next((page.tasks[each] for each in entry.content.get("grounds", ()) if each in page.tasks), None)
    return told | ({"follow-up": task} if task else {})


def _emergency(found: Found) -> bool:
    return found.logged.content.get("action") == "register-assertion"


def _tasks(store: Store, context: Context) -> dict[str, Mapping[str, str]]:
    held = kept_tasks.tasks(store.reader(), store, kept_tasks.of_owner(context.caller.provider, FOLLOW_UP))
    return {id: {"id": task["id"], "status": task["status"]} for task in held for id in follow_up(task).assertions}
