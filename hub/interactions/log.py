"""Reading the access log: a patient the own, a reviewer the own care provider's. Reading it is itself logged. R06, R72."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hub.caller import Caller
from hub.catalogue import called
from hub.errors import Forbidden, HubError, InvalidRequest
from hub.fhir.identifiers import Identifier
from hub.interactions import logbook, readers
from hub.interactions.context import Context, check_caller
from hub.interactions.follow_ups import put_verdict
from hub.interactions.log_about import told_beside
from hub.interactions.log_filters import wanted
from hub.store import audit_index
from hub.store.audit_index import Place
from hub.store.audit_log import Leaf
from hub.store.audit_reading import Logged, of_patient
from hub.store.patients import find, locate
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
READERS = ("patient", "reviewer")
WHO_READS = (
    "the access log is read by the patient whose it is, and by the care provider's log reviewer: "
    "no relation, need or consent opens it to anybody else"
)
VERDICTS = ("justified", "investigated", "unjustified")
"""Befogad, utreds, obehörig."""
FINAL = ("justified", "unjustified")


async def access_log(context: Context, after: str, count: int, asked: Mapping[str, str]) -> dict[str, Any]:
    """A page of entries, oldest first.

    Takes: `after`: where the page before ended, as it said; `asked`: what a reviewer filters by (`hub.interactions.log_filters`).
    Gives: `entries`, and `next` to ask on from, or nothing when the end is reached.
    Raises: Forbidden: neither a patient nor a reviewer; InvalidRequest.
    """
    page: dict[str, Any] = await logged(context, "read-log", _page, after, count, asked)
    return page


async def logged(context: Context, action: str, work: Callable[..., tuple[Any, Leaf]], *arguments: Any) -> Any:
    """Do `work` on the log, its own entry durable before anything of it is told."""
    try:
        return await context.durable(work, context, *arguments)
    except HubError as fault:
        await context.refuse(action, "AuditEvent", fault)
        raise


def _page(store: Store, context: Context, after: str, count: int, asked: Mapping[str, str]) -> tuple[dict[str, Any], Leaf]:
    caller = context.caller
    check_reader(context)
    if caller.kind == "patient":
        if asked:
            raise InvalidRequest("a patient's own log is read whole", next(iter(asked)))
        pk, page = _own(store, context, after, count)
    else:
        pk, page = NO_PATIENT, _of_provider(store, context, after, count, asked)
    about = {"parameters": sorted(asked)} if asked else {}
    return page, logbook.administered(caller, "read-log", pk, "", context.request_id, released=len(page["entries"]), **about)


def check_reader(context: Context) -> None:
    """Raises: Refused: R01, R03; Forbidden: the caller does not read the log (R06, R72)."""
    check_caller(context)
    if context.caller.kind not in READERS:
        raise Forbidden(WHO_READS)


def own_key(store: Store, caller: Caller) -> int:
    """The patient key of a patient who signed in; NO_PATIENT: there is nobody of that number here."""
    system, _, value = caller.person.rpartition("|")
    return find(store.reader(), store.keys.identity, Identifier(system, value)) or NO_PATIENT


def _own(store: Store, context: Context, after: str, count: int) -> tuple[int, dict[str, Any]]:
    pk, number = own_key(store, context.caller), number_of(after)
    found = of_patient(store.reader(), pk, number, count) if pk != NO_PATIENT else []
    more = {"next": str(found[-1].number)} if len(found) == count else {}
    return pk, {"entries": [shown(context, each) for each in found]} | more


def _of_provider(store: Store, context: Context, after: str, count: int, asked: Mapping[str, str]) -> dict[str, Any]:
    audit_index.bring_up(store.database, store.reader())
    found = audit_index.search(store.reader(), wanted(store, context, asked), place_of(after), count)
    beside = told_beside(store, context, found)
    entries = [
        shown(context, each.logged) | told | {"verdicts": [_verdict(said) for said in each.verdicts]}
        for each, told in zip(found, beside, strict=True)
    ]
    last = found[-1].logged if found else None
    return {"entries": entries} | ({"next": f"{last.at}.{last.shard}.{last.seq}"} if last and len(found) == count else {})


def shown(context: Context, entry: Logged) -> dict[str, Any]:
    """An entry as its reader sees it: units and providers by name, as the directory tells it; staff with protected identity
    unnamed to the patient."""
    content, directory = entry.content, context.hub.directory
    who = dict(content.get("who", {}))
    unit, provider = who.get("unit"), who.get("provider")
    if context.caller.kind == "patient" and is_protected(context, entry):
        who = {name: value for name, value in who.items() if name not in ("subject", "name")}
    names = {"unitName": called(directory.units, unit), "providerName": called(directory.providers, provider)}
    held = {name: content[name] for name in SHOWN if name in content}
    if "details" in held and context.caller.kind == "patient" and names_protected(context, entry):
        held["details"] = {name: value for name, value in held["details"].items() if name != "reader"}
    if "details" in held and "reason" in (beside := entry.unshown):
        held["details"] = held["details"] | {"reason": beside["reason"]}
    named = who | {name: value for name, value in names.items() if value}
    return {"shard": entry.shard, "seq": entry.seq, "at": instant(entry.at), "who": named} | held


def is_readers(store: Store, context: Context, entry: Logged) -> bool:
    """Whether an entry is the caller's to see: of the own record, or of the own care provider."""
    if context.caller.kind == "patient":
        return entry.pk != NO_PATIENT and entry.pk == own_key(store, context.caller)
    return context.caller.kind == "reviewer" and entry.content.get("who", {}).get("provider") == context.caller.provider


def is_protected(context: Context, entry: Logged) -> bool:
    """Whether whose entry it is has a protected identity."""
    return readers.is_protected(context.hub.directory, entry.content.get("who", {}).get("subject", ""))


def names_protected(context: Context, entry: Logged) -> bool:
    """Whether the text of an entry names anybody with a protected identity: whose it is, or the reader who was asked about."""
    asked_about = entry.content.get("details", {}).get("reader", "")
    return is_protected(context, entry) or readers.is_protected(context.hub.directory, asked_about)


def _verdict(said: Logged) -> dict[str, Any]:
    content = said.content
    note = said.unshown.get("note", "")
    return {"verdict": content["verdict"], "at": instant(said.at), "by": content["who"]["subject"]} | (
        {"note": note} if note else {}
    )


async def give_verdict(context: Context, shard: int, seq: int, verdict: str, note: str) -> dict[str, Any]:
    """What a reviewer says of one of the own provider's entries. It is an entry of its own, and none is changed by it.

    On the entry of an emergency it closes the Task to follow it up, together with its own entry or not at all.
    Raises: Forbidden; InvalidRequest: no such verdict, or no such entry of the own provider.
    """
    try:
        return await context.hub.store(_reviewed, context, shard, seq, verdict, note)
    except HubError as fault:
        await context.refuse("review", "AuditEvent", fault)
        raise


def _reviewed(store: Store, context: Context, shard: int, seq: int, verdict: str, note: str) -> dict[str, Any]:
    caller = context.caller
    check_caller(context)
    if caller.kind != "reviewer":
        raise Forbidden("accesses are reviewed by the care provider's log reviewer")
    if verdict not in VERDICTS:
        raise InvalidRequest(f"one of {', '.join(VERDICTS)}", "verdict")
    found = audit_index.one(store.database, store.reader(), caller.provider, shard, seq)
    if found is None:
        raise InvalidRequest("there is no such entry of your care provider", "seq")
    about = {"about": f"{shard}.{seq}", "verdict": verdict}
    with store.database.writing() as connection:
        task = put_verdict(connection, store, found, verdict, verdict in FINAL)
        done = about | ({"details": {"task": task}} if task else {})
        leaf = logbook.administered(caller, "review", NO_PATIENT, "", context.request_id, **done)
        store.audit.append_in(connection, replace(leaf, kept={"note": note} if note else None))
    return about | {"note": note} | ({"follow-up": task} if task else {})


async def watch(context: Context, patient: str, watched: bool, note: str) -> dict[str, Any]:
    """Say that a patient is of public interest, or no longer: whoever looks is then told of. It is an entry of the log.

    Raises: Forbidden; InvalidRequest: nobody has that id.
    """
    return dict(await logged(context, "watch", _watched, patient, watched, note))


def _watched(store: Store, context: Context, patient: str, watched: bool, note: str) -> tuple[dict[str, Any], Leaf]:
    caller = context.caller
    check_caller(context)
    if caller.kind != "reviewer":
        raise Forbidden("who is watched over is said by the care provider's log reviewer")
    if locate(store.reader(), store.keys.identity, "Patient", patient) is None:
        raise InvalidRequest("no patient has that id", "patient")
    about = {"about": f"Patient/{patient}"}
    leaf = logbook.administered(caller, "watch" if watched else "unwatch", NO_PATIENT, "", context.request_id, **about)
    told = {"patient": patient, "watched": watched}
    return told | ({"note": note} if note else {}), replace(leaf, kept={"note": note} if note else None)


def number_of(after: str) -> int:
    """Where a patient's page ended. Raises: InvalidRequest."""
    return _numbers(after, 1)[0] if after else 0


def place_of(after: str) -> Place | None:
    """Where a reviewer's page ended. Raises: InvalidRequest."""
    if not after:
        return None
    at, shard, seq = _numbers(after, 3)
    return at, shard, seq


def _numbers(written: str, count: int) -> tuple[int, ...]:
    parts = written.split(".")
    if len(parts) != count or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        raise InvalidRequest("give back what `next` said", "after")
    return tuple(map(int, parts))
