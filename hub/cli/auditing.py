"""`hub audit`: the access log listed, verified, signed, exported; a place in it proven."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from hub.cli._common import LookedAt, answering, console, database_url, looked_at, noted, opened, plainly, stop

audit = typer.Typer(help="The access log.", no_args_is_help=True)
Keys = Annotated[
    Path | None, typer.Option("--keys", help="Public keys as they were kept elsewhere; if not given, the hub's own.")
]
Kept = Annotated[
    Path | None, typer.Option("--checkpoints", help="Checkpoints as they were kept elsewhere; if not given, the hub's own.")
]

OF_ONE_LIST = (
    "What this cannot show: that nothing was taken from the end of the list, and that there is no second list of this patient; "
    "the check of the whole log does."
)
BY_HASHES = (
    "What this cannot show: that the first {} entries are what their hashes say; they were counted by these, and not read."
)


@audit.command("list")
def audit_list(
    config: LookedAt = None,
    count: Annotated[int, typer.Option(help="How many of the newest.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Whole entries, a line each.")] = False,
) -> None:
    """The newest entries of the log."""
    from hub.store import audit_reading
    from hub.store.values import instant

    with opened(config) as store:
        size = audit_reading.head_of(store.reader()).size
        found = audit_reading.entries(store.reader(), after=size - count - 1, limit=count)
        noted(store, looked_at(config), "read-log", released=len(found))
    if as_json:
        for each in found:
            sys.stdout.write(each.entry.decode() + "\n")
        return
    table = Table("seq", "at", "who", "unit", "did", "type", "outcome", "rules", "released")
    for each in found:
        held = each.content
        who = held.get("who", {})
        table.add_row(
            str(each.seq),
            instant(each.at)[:19],
            who.get("subject", "–"),
            who.get("unit", ""),
            held.get("action", ""),
            held.get("type", ""),
            held.get("outcome", ""),
            " ".join(held.get("rules", ())),
            str(held.get("released", "")),
        )
    console.print(table)


@audit.command("verify")
def audit_verify(
    config: LookedAt = None,
    since_last: Annotated[bool, typer.Option("--since-last", help="Only what came after the last checkpoint but one.")] = False,
    since: Annotated[int, typer.Option("--since", help="Only what came after this checkpoint, by its number from 1.", min=0)] = 0,
    patient: Annotated[str, typer.Option(help="Only the list of this patient, by logical id.")] = "",
    keys: Keys = None,
    checkpoints: Kept = None,
) -> None:
    """Read the log and say whether anything was changed; if so, what first."""
    from hub.store.audit_check import verify_all
    from hub.store.audit_list import verify_list

    with _store(config) as (store, held):
        row, removals, said = _checkpoints(store, held, keys, checkpoints)
        if since > len(row):
            stop(f"there are {len(row)} checkpoints")
        before = max(since, len(row) - 1 if since_last else 0)
        if patient:
            pk = _patient(store, patient)
            found = verify_list(store.reader(), pk, row, removals)
            said.append(OF_ONE_LIST)
        else:
            found = verify_all(store.reader(), row, before, removals)
            said += [BY_HASHES.format(row[before - 1].size)] if before else []
    if found.fault:
        stop(f"the log does not hold: {found.fault}")
    if found.removed:
        said = [_gone(found.removed, removals[-1].at), *said]
    console.print(
        f"unbroken: {found.entries} entries{_period(found.first, found.last)}, {found.covered} under {len(row)} checkpoints."
    )
    for line in said:
        console.print(line)


@audit.command("checkpoint")
def audit_checkpoint(config: LookedAt = None) -> None:
    """Sign the log as it is now."""
    from hub.checkpointing import Checkpoints

    with _store(config) as (store, held), plainly():
        made = Checkpoints(held.checkpoint_file, held.data).make(store)
    console.print(f"signed: {made.size} entries, in {held.checkpoint_file}" if made else "nothing was written since the last one")


@audit.command("export")
def audit_export(
    file: Path,
    config: LookedAt = None,
    patient: Annotated[str, typer.Option(help="Only the list of this patient, by logical id.")] = "",
) -> None:
    """Write the log to a file that `tools/verify_audit.py` verifies without the hub."""
    from hub import checkpoint_keys
    from hub.checkpointing import Checkpoints
    from hub.checkpoints import read
    from hub.store.audit_export import ended_line, ended_lines, header, list_of, part_lines, whole, whole_lines
    from hub.store.audit_removed import removal_notes

    with _store(config) as (store, held), plainly():
        pk = _patient(store, patient) if patient else 0
        noted(store.database, held, "export-log", pk, patient)
        signed = Checkpoints(held.checkpoint_file, held.data)
        signed.make(store)
        connection, key = store.reader(), checkpoint_keys.load(held.data)
        removals = removal_notes(connection)
        notes = signed.needed(removals)
        last = read(notes[-1], key.keys)
        shards = [each.shard for each in last.shards]
        kind, asked = ("list", {"patient": patient}) if patient else ("whole", {})
        with file.open("xb") as target:
            target.write(header(kind, key.origin, key.keys, notes, asked, removals))
            target.writelines(ended_line(connection, pk) if patient else ended_lines(connection))
            chosen = part_lines(connection, list_of(connection, pk, shards), last) if patient else None
            target.writelines(chosen or whole_lines(whole(connection, last)))
    console.print(f"wrote {file}: {last.size} entries are under its last checkpoint")


@audit.command("prove")
def audit_prove(
    seq: Annotated[int, typer.Argument(help="The entry's number in its shard.")],
    config: LookedAt = None,
    shard: Annotated[int, typer.Option(help="The entry's shard.")] = 0,
    resource: Annotated[str, typer.Option(help="Also prove that the answer held this version: ID/VERSION.")] = "",
) -> None:
    """Prove that an entry stands in the log under its last checkpoint, and what its answer held: JSON to standard output."""
    from hub.fhir.json import dumps
    from hub.store.audit_proofs import proof

    with _store(config) as (store, held), plainly():
        row, notes = _own(held)
        if not row:
            stop("there is no checkpoint yet: see `hub audit checkpoint`")
        found = proof(store.reader(), shard, seq, row[-1], resource)
        noted(store.database, held, "read-log", released=1)
    sys.stdout.buffer.write(dumps(found | {"checkpoint": notes[-1]}) + b"\n")


@audit.command("expire")
def audit_expire(
    config: LookedAt = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove entries whose retention has passed: all up to a checkpoint, so that the log can still be verified."""
    import getpass

    from hub import expiring
    from hub.interactions.logbook import operated
    from hub.store.audit_retention import sweep
    from hub.store.log_outbox import positions
    from hub.store.values import instant

    with _store(config) as (store, held), plainly():
        taken = {each.shard: each.sent for each in positions(store.reader())} if held.log_service else {}
        found, kept = expiring.look(store, held, taken)
        for each in kept:
            console.print(f"shard {each.shard}: entry {each.seq} of {instant(each.at)[:19]} must be kept: {each.why}")
        for provider in found.kept if found else ():
            console.print(f"{provider.provider}: {provider.entries} entries, kept for {provider.years} years")
        if found is None or dry_run:
            left = 0 if dry_run else sweep(store.database)
            console.print(
                f"{found.entries} entries may be removed" if found else f"nothing is due; {left} left over were deleted"
            )
            return
        until = instant(found.checkpoint.at)
        leaf = operated(getpass.getuser(), "expire-log", entries=found.entries, until=until)
        gone = expiring.expire(store, held, found, leaf)
    console.print(f"removed {gone} entries, all written before {until[:19]}")


@audit.command("position")
def audit_position(config: LookedAt = None) -> None:
    """How far the log went to the log service, in each shard."""
    from hub.store.log_outbox import positions
    from hub.store.values import instant

    with _store(config) as (store, held):
        if held.log_service is None:
            stop("no [log_service] is configured")
        found = positions(store.reader())
    table = Table("shard", "taken", "of", "left", "oldest left")
    for each in found:
        oldest = instant(each.oldest)[:19] if each.oldest is not None else ""
        table.add_row(str(each.shard), str(each.sent), str(each.size), str(each.left), oldest)
    console.print(table)


@audit.command("partitions")
def audit_partitions(config: LookedAt = None) -> None:
    """On PostgreSQL: make the log's partitions of this month and the next twelve, as the owner of the tables."""
    from hub.store.partitions import keep_months, missing

    with _store(config) as (store, _):
        if store.database.sqlite:
            stop("SQLite keeps the log in one table")
        made = keep_months(store.database, store.now())
        if missing(store.database.reader(), store.now()):
            stop("the role may not make partitions: run this as the owner of the tables")
    console.print(f"made {len(made)} partitions: {', '.join(f'{year}-{month:02}' for year, month in made) or 'all were there'}")


@audit.command("rights")
def audit_rights(role: Annotated[str, typer.Argument(help="The role that the hub runs as on PostgreSQL.")]) -> None:
    """The SQL by which that role may add to the log and change nothing in it: for the owner of the tables to run."""
    from hub.store.rights import statements

    with plainly():
        for statement in statements(role):
            sys.stdout.write(f"{statement};\n")


@audit.command("saw")
def audit_saw(
    person: Annotated[str, typer.Argument(help="HSA-id, or the subject that the log names.")],
    resource: Annotated[str, typer.Argument(help="TYPE/ID.")],
    config: LookedAt = None,
) -> None:
    """Which answers to a person held a resource, in which version; `hub audit prove` proves each."""
    from hub.store.audit_proofs import seen_by
    from hub.store.patients import locate
    from hub.store.values import instant

    with _store(config) as (store, held):
        kind, _, fhir_id = resource.partition("/")
        pk = locate(store.reader(), store.keys.identity, kind, fhir_id)
        found = list(seen_by(store.reader(), pk, person, fhir_id)) if pk is not None else []
        noted(store.database, held, "read-log", released=len(found))
    table = Table("shard", "seq", "at", "version", "proof")
    for entry, line in found:
        proof = f"hub audit prove {entry.seq} --shard {entry.shard} --resource {line}"
        table.add_row(str(entry.shard), str(entry.seq), instant(entry.at)[:19], line.partition("/")[2], proof)
    console.print(table)


@audit.command("consistency")
def audit_consistency(
    first: Annotated[int, typer.Argument(help="Number of the earlier checkpoint, from 1.")],
    second: Annotated[int, typer.Argument(help="Number of the later one.")],
    config: LookedAt = None,
) -> None:
    """Prove that the log of one checkpoint begins with the log of another: JSON to standard output."""
    from hub.fhir.json import dumps
    from hub.store.audit_proofs import growth

    with _store(config) as (store, held), plainly():
        row, notes = _own(held)
        if not 1 <= first <= second <= len(row):
            stop(f"there are {len(row)} checkpoints")
        found = growth(store.reader(), row[first - 1], row[second - 1])
    sys.stdout.buffer.write(dumps({"shards": found, "checkpoints": [notes[first - 1], notes[second - 1]]}) + b"\n")


def _own(held: Any) -> tuple[list[Any], list[str]]:
    from hub import checkpoint_keys
    from hub.checkpointing import Checkpoints
    from hub.checkpoints import read_all

    notes = Checkpoints(held.checkpoint_file, held.data).notes()
    return (read_all(notes, checkpoint_keys.load(held.data).keys) if notes else []), notes


def _checkpoints(store: Any, held: Any, keys: Path | None, kept: Path | None) -> tuple[list[Any], list[Any], list[str]]:
    """The checkpoints to verify by, what was removed of the log, and what cannot be shown with them."""
    from hub import checkpoint_keys
    from hub.checkpoints import read_all, split
    from hub.removals import read_removals
    from hub.store.audit_removed import removal_notes

    said = []
    path, public = kept or held.checkpoint_file, keys or held.data / checkpoint_keys.PUBLIC_FILE
    if kept is None:
        said.append(
            "What this cannot show: a log that was written anew together with the checkpoints beside it; give --checkpoints."
        )
    if not path.exists():
        return [], [], ["What this cannot show: a log cut off or written anew together with its head; there is no checkpoint."]
    with plainly(f"{path}: "):
        _, named = checkpoint_keys.read_public(public.read_text("ascii"))
        row = read_all(split(path.read_text("utf-8")), named)
    with plainly("the log does not hold: "):
        removals = read_removals(removal_notes(store.reader()), named)
    return row, removals, said


def _gone(removed: int, at: int) -> str:
    from hub.store.values import instant

    return (
        f"The first {removed} entries were removed once their retention had passed, the last of them at {instant(at)[:19]}, as "
        "signed. What this cannot show: what they said."
    )


def _patient(store: Any, fhir_id: str) -> int:
    from hub.store.patients import locate

    pk = locate(store.reader(), store.keys.identity, "Patient", fhir_id)
    if pk is None:
        stop("no patient has that id")
    return pk


def _period(first: int, last: int) -> str:
    from hub.store.values import instant

    return f", {instant(first)[:19]} to {instant(last)[:19]}" if first else ""


@audit.command("replay")
def audit_replay(
    config: LookedAt = None,
    count: Annotated[int, typer.Option(help="How many of the newest entries.")] = 1000,
) -> None:
    """Make the decisions of the log again, from what was known then; says which come out otherwise."""
    from hub.app import put_together
    from hub.interactions.replaying import replay
    from hub.store.audit_reading import every, heads

    with _store(config) as (store, held), plainly():
        running = put_together(held)
        made = other = untold = 0
        for head in heads(store.reader()):
            for entry in every(store.reader(), head.size, head.shard, after=max(-1, head.size - count - 1)):
                found = replay(store, running.hub, entry)
                made += found.decision
                untold += found.too_little
                if found.fault:
                    other += 1
                    console.print(f"shard {entry.shard}, entry {entry.seq}: {found.fault}")
        running.hub.store.close()
    console.print(f"{made} decisions were made again, {other} came out otherwise")
    if untold:
        console.print(
            f"{untold} decisions were not made again: their entries, of an older form, do not say all that they rest on"
        )
    raise typer.Exit(1 if other else 0)


def rotate(config: LookedAt = None) -> None:
    """Make a new key for checkpoints, and sign with it. The old one still verifies what it signed, and nothing later."""
    from hub import checkpoint_keys
    from hub.checkpointing import Checkpoints

    with _store(config) as (store, held), plainly():
        signed = Checkpoints(held.checkpoint_file, held.data)
        signed.make(store)
        noted(store.database, held, "rotate-key")
        key = signed.rotate(store)
        signed.make(store)
    console.print(f"the log is signed by key {len(key.keys)}: keep a copy of {held.data / checkpoint_keys.PUBLIC_FILE} elsewhere")


@contextlib.contextmanager
def _store(config: Path | None) -> Iterator[tuple[Any, Any]]:
    """The store of a configuration that has one, and the configuration."""
    from hub import keys as key_files
    from hub.store.store import Store

    with opened(config), plainly():  # there is a database
        held = looked_at(config)
        store = Store(database_url(held), key_files.load(held.data), audit_shards=held.audit_shards)
    try:
        with answering():
            yield store, held
    finally:
        store.close()
