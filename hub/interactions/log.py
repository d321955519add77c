"""Reading the access log: a patient the own, a reviewer the own care provider's. Reading it is itself logged. R06, R72."""

from typing import Any

from hub.caller import Caller
from hub.errors import Forbidden, HubError
from hub.fhir.identifiers import Identifier
from hub.interactions import logbook
from hub.interactions.context import Context, check_caller
from hub.store import audit_reading
from hub.store.audit_log import Leaf
from hub.store.audit_reading import Logged
from hub.store.patients import find
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import instant

SHOWN = (
    "action",
    "outcome",
    "type",
    "rules",
    "grounds",
    "details",
    "released",
    "total",
    "reason",
    "patient",
    "request",
    "parameters",
)
SCAN = 20_000
"""Entries looked through for one page of a reviewer's list."""


async def access_log(context: Context, after: int, count: int) -> dict[str, Any]:
    """A page of entries, oldest first.

    Takes: `after`: sequence number of the last entry seen; `count`: entries at most.
    Gives: `entries`, and `next` to ask on from, or nothing when the end is reached.
    Raises: Forbidden: neither a patient nor a reviewer.
    """
    try:
        return await context.durable(_page, context, after, count)
    except HubError as fault:
        await context.refuse("read-log", "AuditEvent", fault)
        raise


def _page(store: Store, context: Context, after: int, count: int) -> tuple[dict[str, Any], Leaf]:
    caller = context.caller
    check_caller(context)
    pk, found, last = NO_PATIENT, [], after
    if caller.kind == "patient":
        system, _, value = caller.person.rpartition("|")
        pk = find(store.reader(), store.keys.identity, Identifier(system, value)) or -1
        found = audit_reading.entries(store.reader(), pk=pk, after=after, limit=count)
        more = len(found) == count
        last = found[-1].seq if found else after
    elif caller.kind == "reviewer":
        read = audit_reading.entries(store.reader(), after=after, limit=SCAN)
        for entry in read:
            if entry.content.get("who", {}).get("provider") == caller.provider:
                found.append(entry)
            last = entry.seq
            if len(found) == count:
                break
        more = len(found) == count or len(read) == SCAN
    else:
        raise Forbidden("the access log is read by the patient, or by the care provider's log reviewer")
    page = {"entries": [_shown(context, caller, each) for each in found]} | ({"next": last} if more else {})
    return page, logbook.administered(caller, "read-log", max(pk, NO_PATIENT), "", context.request_id, released=len(found))


def _shown(context: Context, caller: Caller, entry: Logged) -> dict[str, Any]:
    """An entry as its reader sees it: units and providers by name, staff with protected identity unnamed."""
    content = entry.content
    directory = context.hub.directory
    who = dict(content.get("who", {}))
    unit, provider = directory.units.get(who.get("unit", "")), directory.providers.get(who.get("provider", ""))
    staff = directory.staff.get(who.get("subject", ""))
    if caller.kind == "patient" and staff and staff.protected:
        who = {name: value for name, value in who.items() if name not in ("subject", "name")}
    names = {"unitName": unit.name if unit else "", "providerName": provider.name if provider else ""}
    shown = {name: content[name] for name in SHOWN if name in content}
    return {
        "seq": entry.seq,
        "at": instant(entry.at),
        "who": who | {name: value for name, value in names.items() if value},
    } | shown
