"""/fhir/AuditEvent: the log as FHIR, for the reviewer of a care provider and for the patient. R06, R72; IHE BALP."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from hub.errors import InvalidRequest, NotFound, NotSupported
from hub.fhir.audit_event import CODES, OUTCOMES, PATTERNS, Entry, audit_event, consent_decision, disclosure
from hub.fhir.bundle import Hit, Link, searchset
from hub.fhir.json import dumps
from hub.fhir.parameters.date import span
from hub.fhir.resource import Resource
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.interactions.log import (
    check_reader,
    is_protected,
    is_readers,
    logged,
    number_of,
    own_key,
    place_of,
)
from hub.interactions.log_filters import wanted
from hub.interactions.readers import KNOWN_TO_PATIENT
from hub.store import audit_facts, audit_index, log_outbox
from hub.store.audit_index import Wanted
from hub.store.audit_log import Leaf
from hub.store.audit_reading import Logged, entries, of_patient
from hub.store.patients import locate
from hub.store.store import Store
from hub.store.tables import NO_PATIENT
from hub.store.values import instant

PAGE = "_page"
ROUNDS = 50
"""How often as many entries as a page has are looked at for one of whose events something is asked."""
MOST_LOOKED_AT = 5000
"""Entries that one request looks at for these, unless a page has more."""
WRITTEN = frozenset(("C", "U", "D"))
"""Actions that the event of a write alone has."""
_CODES: Mapping[str, Sequence[str]] = {"action": CODES, "outcome": tuple(OUTCOMES)}
_ID = "log-"
_WRITTEN = re.compile(r"log-(?P<shard>[0-9]{1,9})-(?P<seq>[0-9]{1,18})(-decision|-disclosure-[0-9]{1,4})?", re.ASCII)


def asks_of_log(context: Context, resource_type: object) -> bool:
    """Whether a request for resources of this type is one for the log. A source's client has AuditEvents of its own."""
    return resource_type == "AuditEvent" and context.caller.kind != "system"


def check_asks_alone(context: Context, asked: Sequence[tuple[str, str]]) -> None:
    """Refuse a search for something else that looks at the log as well: no events lie where it would look for them.

    Raises: Forbidden, NotSupported: `_has`, `_include`, `_revinclude`, `_type` or a chain names the log, and the caller does not
    read it, or does.
    """
    for name, value in asked if context.caller.kind != "system" else ():
        parameter, kinds = name.partition(":")[0], value.split(",")
        beside = (parameter == "_revinclude" and value.startswith("AuditEvent:")) or (
            parameter == "_include" and value.endswith(":AuditEvent")
        )
        if ":AuditEvent" in name or beside or (parameter == "_type" and "AuditEvent" in kinds):
            check_reader(context)
            raise NotSupported("the access log is searched alone, at AuditEvent", parameter)


def check_has_history(context: Context, resource_type: str) -> None:
    """Refuse whoever asks of the log its history. Raises: Forbidden: the caller does not read the log; NotSupported."""
    if asks_of_log(context, resource_type):
        check_reader(context)
        raise NotSupported("an event of the access log has no versions: it is read and searched", "_history")


async def search_events(context: Context, asked: Sequence[tuple[str, str]]) -> bytes:
    """A searchset of the events that the caller may see, oldest first.

    Takes: `_id`; or `patient`, `date` (ge, lt, or a day; more than once: all hold), `agent` (HSA-id), `action`, `outcome` (any of
    several); `_count`, and `_page` of a next link.
    Raises: Forbidden: the caller does not read the log, or no scope covers it; NotSupported: another parameter, or one in a way
    that is not understood; InvalidRequest.
    """
    return bytes(await logged(context, "read-log", _searched, tuple(asked)))


async def read_event(context: Context, id: str) -> bytes:
    """One event by its id. Raises: Forbidden: as `search_events`; NotFound: there is none, or it is not this caller's to see."""
    found = await logged(context, "read-log", _read, id)
    if found is None:
        raise NotFound("there is no such resource").in_log()
    return dumps(found)


def _searched(store: Store, context: Context, asked: tuple[tuple[str, str], ...]) -> tuple[bytes, Leaf]:
    check_reader(context)
    caller, given = context.caller, _given(asked)
    caller.require("s", "AuditEvent")
    counted = "_count" in given
    count = min(int(given.pop("_count", "100")), 1000)
    after = given.pop(PAGE, "")
    if "_id" in given:
        if set(given) != {"_id"} or after:
            raise NotSupported("an event is asked for by its id alone", "_id")
        pk, found, following = _own(store, context), _with_id(store, context, given["_id"]), ""
        told = [each for entry in found for each in events(store, context, entry)]
    elif caller.kind == "patient":
        if set(given) - {"patient"}:
            raise NotSupported("a patient's own log is read whole", sorted(set(given) - {"patient"})[0])
        pk = own_key(store, caller)
        mine = pk != NO_PATIENT and _patient_key(store, given, pk) == pk
        found = of_patient(store.reader(), pk, number_of(after), count) if mine else []
        told = [each for entry in found for each in events(store, context, entry)]
        following = str(found[-1].number) if len(found) == count else ""
    else:
        pk, (found, told, following) = NO_PATIENT, _of_provider(store, context, given, after, count)
    url = f"{context.hub.base}/AuditEvent"
    understood = [*sorted(given.items()), *([("_count", count)] if counted else [])]
    links = [Link("self", f"{url}?{urlencode(understood)}" if understood else url)]
    if following:
        links.append(Link("next", f"{url}?{urlencode([*sorted(given.items()), ('_count', count), (PAGE, following)])}"))
    hits = [Hit(dumps(each), f"{url}/{each['id']}") for each in told]
    leaf = logbook.administered(caller, "read-log", pk, "", context.request_id, released=len(found), parameters=sorted(given))
    return searchset(hits, links=links, total=None), leaf


def _of_provider(
    store: Store, context: Context, given: dict[str, str], after: str, count: int
) -> tuple[list[Logged], list[Resource], str]:
    """Entries of the reviewer's care provider of which something is told, those of their events that are asked for, and where the
    next page begins: after `count` entries, or as many more as it takes to tell of something."""
    audit_index.bring_up(store.database, store.reader())
    chosen, place = _wanted(store, context, given), place_of(after)
    found: list[Logged] = []
    told: list[Resource] = []
    for _ in range(max(1, min(ROUNDS, MOST_LOOKED_AT // count))):
        part = [each.logged for each in audit_index.search(store.reader(), chosen, place, count)]
        for entry in part:
            asked_for = [each for each in events(store, context, entry) if _fits(each, given)]
            found += [entry] if asked_for else []
            told += asked_for
        if len(part) < count:
            return found, told, ""
        place = (part[-1].at, part[-1].shard, part[-1].seq)
        if told:
            break
    return found, told, ".".join(map(str, place or ()))


def _fits(event: Resource, given: Mapping[str, str]) -> bool:
    """Whether an event is one that is asked for: of an entry not all are."""
    return all(name not in given or event[name] in _codes(given, name, known) for name, known in _CODES.items())


def _read(store: Store, context: Context, id: str) -> tuple[Resource | None, Leaf]:
    check_reader(context)
    caller = context.caller
    caller.require("r", "AuditEvent")
    mine = _with_id(store, context, id)
    leaf = logbook.administered(caller, "read-log", _own(store, context), "", context.request_id, released=len(mine))
    told = [each for entry in mine for each in events(store, context, entry) if each["id"] == id]
    return (told[0] if told else None), leaf


def _with_id(store: Store, context: Context, id: str) -> list[Logged]:
    """The one entry of that id, if it is this caller's to see."""
    written = _WRITTEN.fullmatch(id)
    if not written:
        return []
    shard, seq = int(written["shard"]), int(written["seq"])
    found = entries(store.reader(), after=seq - 1, limit=1, shard=shard)
    return [each for each in found if each.seq == seq and is_readers(store, context, each)]


def _own(store: Store, context: Context) -> int:
    return own_key(store, context.caller) if context.caller.kind == "patient" else NO_PATIENT


def events(store: Store, context: Context, entry: Logged) -> list[Resource]:
    """An entry as its reader sees it; where it holds a decision on a patient's record by staff, that is an event of its own.

    So is what it disclosed of the record of another care provider; to a patient only of what the patient is shown (R70, R71).
    """
    told = [event(context, entry)]
    content = entry.content
    if content.get("named") and content.get("patient") and "unit" in content.get("who", {}):
        consents = audit_facts.consents_among(store.reader(), entry.pk, content.get("grounds", []))
        named = context.caller.kind != "patient" or not is_protected(context, entry)
        about = Entry(content, _id(entry), instant(entry.at), context.hub.base, consents, named)
        told += [consent_decision(about), *_disclosures(store, context, entry, about)]
    return told


def _disclosures(store: Store, context: Context, entry: Logged, about: Entry) -> Iterator[Resource]:
    ids = [line.partition("/")[0] for line in entry.unshown.get("released", ())]
    kinds: dict[str, list[str]] = {}
    shown = KNOWN_TO_PATIENT if context.caller.kind == "patient" else None
    for _, kind, provider, _ in log_outbox.custodians(store.reader(), entry.pk, ids, (), shown):
        if (
            provider
            and provider.upper() != about.content["who"].get("provider", "").upper()
            and kind not in kinds.get(provider, ())
        ):
            kinds.setdefault(provider, []).append(kind)
    for number, provider in enumerate(sorted(kinds), 1):
        found = context.hub.directory.providers.get(provider.upper())
        yield disclosure(about, number, provider, found.name if found else "", kinds[provider])


def event(context: Context, entry: Logged) -> Resource:
    """An entry as its reader sees it."""
    named = not (context.caller.kind == "patient" and is_protected(context, entry))
    return audit_event(Entry(entry.content, _id(entry), instant(entry.at), context.hub.base, named=named))


def _id(entry: Logged) -> str:
    return f"{_ID}{entry.shard}-{entry.seq}"


def _patient_key(store: Store, given: Mapping[str, str], otherwise: int) -> int | None:
    """Of the patient that is asked for, if one is."""
    if "patient" not in given:
        return otherwise
    return locate(store.reader(), store.keys.identity, "Patient", given["patient"].rpartition("/")[2])


def _given(asked: tuple[tuple[str, str], ...]) -> dict[str, str]:
    names = ("_id", "patient", "date", "agent", "action", "outcome", "_count", PAGE)
    given: dict[str, str] = {}
    for name, value in asked:
        if name in ("_format", "_pretty"):
            continue
        if name not in names:
            raise NotSupported(f"the parameters of the log are {', '.join(names[:-1])}", name)
        if name in given and name != "date":
            raise NotSupported("is asked once", name)
        if "," in value and name not in ("action", "outcome"):
            raise NotSupported("has one value", name)
        given[name] = f"{given[name]},{value}" if name in given else value
    count = given.get("_count", "1")
    if not (count.isascii() and count.isdigit() and len(count) < 10 and int(count)):
        raise InvalidRequest("not a whole number of 1 or more", "_count")
    return given


def _wanted(store: Store, context: Context, given: dict[str, str]) -> Wanted:
    plain = {"patient": given["patient"].rpartition("/")[2]} if "patient" in given else {}
    chosen = wanted(store, context, plain | ({"person": given["agent"].rpartition("|")[2]} if "agent" in given else {}))
    for each in given.get("date", "").split(",") if "date" in given else ():
        chosen = _dated(chosen, each)
    if "action" in given:
        codes = _codes(given, "action", CODES)
        if WRITTEN.issuperset(codes):  # other events are made of entries of any action
            chosen = replace(chosen, actions=[name for name, each in PATTERNS.items() if each.action in codes])
    if "outcome" in given:
        codes = _codes(given, "outcome", tuple(OUTCOMES))
        chosen = replace(chosen, outcomes=[each for code in codes for each in OUTCOMES[code]] or ["-"])
    return chosen


def _codes(given: Mapping[str, str], name: str, known: Sequence[str]) -> list[str]:
    """Codes that a token parameter names, with their system or without. Raises: InvalidRequest: another than the known."""
    codes = [each.rpartition("|")[2] for each in given[name].split(",")]
    if not set(codes) <= set(known):
        raise InvalidRequest(f"one of {', '.join(known)}", name)
    return codes


def _dated(chosen: Wanted, written: str) -> Wanted:
    prefix, value = (written[:2], written[2:]) if written[:2] in ("ge", "gt", "le", "lt", "eq") else ("eq", written)
    try:
        low, high = span(value)
    except ValueError:
        raise InvalidRequest("is not a date", "date") from None
    bounds: dict[str, dict[str, Any]] = {
        "ge": {"since": low},
        "gt": {"since": high},
        "le": {"until": high},
        "lt": {"until": low},
        "eq": {"since": low, "until": high},
    }
    return replace(chosen, **bounds[prefix])
