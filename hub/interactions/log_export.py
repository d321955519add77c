"""The access log handed over: to a reviewer what was filtered, to a patient the whole own list with the proof that it is whole.

The entry of the export is durable first, then the log is signed, and only then is anything written out: so the last entry of a
patient's list is that of its own export, and no entry before it can have been left out.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from hub import checkpoint_keys
from hub.checkpointing import Checkpoints
from hub.checkpoints import Invalid, read
from hub.errors import AuditUnavailable, InvalidRequest
from hub.fhir.json import dumps
from hub.interactions import logbook
from hub.interactions.context import Context
from hub.interactions.log import check_reader, logged, names_protected, own_key, shown
from hub.interactions.log_events import event
from hub.interactions.log_filters import wanted
from hub.store import audit_index
from hub.store.audit_export import ended_line, header, list_of, part_lines
from hub.store.audit_log import Leaf
from hub.store.audit_reading import Logged
from hub.store.audit_removed import removal_notes
from hub.store.audit_tree import Missing
from hub.store.store import Store
from hub.store.tables import NO_PATIENT

FORMS = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson", "fhir": "application/fhir+json; charset=utf-8"}
ENDINGS = {"csv": "csv", "ndjson": "ndjson", "fhir": "json"}
"""How the name of a file ends that holds a form."""
MOST = 10_000
"""Entries of one export of a reviewer's. What holds more is refused, not cut off: nobody would see that there was more."""
COLUMNS = (
    "at",
    "subject",
    "name",
    "role",
    "unit",
    "provider",
    "patient",
    "action",
    "type",
    "outcome",
    "rules",
    "released",
    "shard",
    "seq",
)


async def export_log(context: Context, form: str, asked: Mapping[str, str]) -> tuple[bytes, str]:
    """Content and media type. A patient gets `ndjson` alone, whole: `tools/verify_audit.py` verifies it.

    Raises: Forbidden; InvalidRequest: no such form; AuditUnavailable: the log cannot be signed.
    """
    pk = await logged(context, "export-log", _begun, form, asked)
    return await context.hub.store(_written, context, pk, form, asked), FORMS[form]


def _begun(store: Store, context: Context, form: str, asked: Mapping[str, str]) -> tuple[int, Leaf]:
    check_reader(context)
    if form not in FORMS:
        raise InvalidRequest(f"one of {', '.join(FORMS)}", "form")
    caller, pk = context.caller, NO_PATIENT
    if caller.kind == "patient":
        if form != "ndjson" or asked:
            raise InvalidRequest("a patient's own log is exported whole, as ndjson", "form")
        pk = own_key(store, caller)
    else:
        audit_index.bring_up(store.database, store.reader())
        if audit_index.are_more(store.reader(), wanted(store, context, asked), MOST):
            raise InvalidRequest(f"there are more than {MOST} entries: choose fewer, by `since` and `until`", "until")
    about = {"form": form} | ({"parameters": sorted(asked)} if asked else {})
    return pk, logbook.administered(caller, "export-log", pk, "", context.request_id, **about)


def _written(store: Store, context: Context, pk: int, form: str, asked: Mapping[str, str]) -> bytes:
    config, connection = context.hub.config, store.reader()
    signed = Checkpoints(config.checkpoint_file, config.data)
    try:
        signed.make(store)
        removals = removal_notes(connection) if context.caller.kind == "patient" else []
        notes, key = signed.needed(removals), checkpoint_keys.load(config.data)
        last = read(notes[-1], key.keys)
    except (Invalid, OSError):
        raise AuditUnavailable("the access log cannot be signed") from None
    if context.caller.kind == "patient":
        lines = part_lines(
            connection,
            list_of(connection, pk, [each.shard for each in last.shards]) if pk != NO_PATIENT else (),
            last,
            shown=lambda each: not names_protected(context, each),
        )
        begun = ended_line(connection, pk) if pk != NO_PATIENT else ()
        return _proven(header("list", key.origin, key.keys, notes, {}, removals), begun, lines)
    audit_index.bring_up(store.database, connection)
    found = [each.logged for each in audit_index.search(connection, wanted(store, context, asked), None, MOST)]
    match form:
        case "ndjson":
            lines = part_lines(connection, found, last)
            return _proven(header("part", key.origin, key.keys, notes, dict(asked)), lines)
        case "csv":
            return _csv(context, found, asked, notes[-1])
        case _:
            return _bundle(context, found, asked, notes[-1])


def _proven(first: bytes, *lines: Iterable[bytes]) -> bytes:
    """Raises: AuditUnavailable: the log lacks entries, so that there is no proof."""
    try:
        return b"".join((first, *chain.from_iterable(lines)))
    except Missing as fault:
        raise AuditUnavailable(str(fault)) from None


def _csv(context: Context, found: list[Logged], asked: Mapping[str, str], note: str) -> bytes:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(["filter", *(f"{name}={value}" for name, value in sorted(asked.items()))])
    rows.writerow(["checkpoint", *note.strip().splitlines()])
    rows.writerow(COLUMNS)
    for each in found:
        held = shown(context, each)
        held |= held.pop("who") | {"rules": " ".join(held.get("rules", ()))}
        rows.writerow([_cell(held.get(name, "")) for name in COLUMNS])
    return written.getvalue().encode()


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _bundle(context: Context, found: list[Logged], asked: Mapping[str, str], note: str) -> bytes:
    """A collection: first what was asked for and the log's checkpoint, then the events."""
    said = [{"name": f"filter-{name}", "valueString": value} for name, value in sorted(asked.items())]
    about = {"resourceType": "Parameters", "parameter": [*said, {"name": "checkpoint", "valueString": note}]}
    entries = [{"resource": about}, *({"resource": event(context, each)} for each in found)]
    return dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})
