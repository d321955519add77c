"""`hub audit`: the access log listed, signed, exported and handed over, and removed when its time has passed."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hub.cli._common import LookedAt, console, looked_at, noted, opened, opened_store, patient_key, plainly, stop

audit = typer.Typer(help="The access log.", no_args_is_help=True)


@audit.command("list")
def audit_list(
    config: LookedAt = None,
    count: Annotated[int, typer.Option(help="How many of the newest.", min=1)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Whole entries, a line each.")] = False,
) -> None:
    """The newest entries of the log."""
    from hub.store import audit_reading
    from hub.store.values import instant

    with opened(config) as store:
        found = audit_reading.newest(store.reader(), count)
        noted(store, looked_at(config), "read-log", released=len(found))
    if as_json:
        for each in found:
            sys.stdout.write(each.entry.decode() + "\n")
        return
    table = Table("shard", "seq", "at", "who", "unit", "did", "type", "outcome", "rules", "released")
    for each in found:
        held = each.content
        who = held.get("who", {})
        table.add_row(
            str(each.shard),
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


@audit.command("checkpoint")
def audit_checkpoint(config: LookedAt = None) -> None:
    """Sign the log as it is now."""
    from hub.checkpointing import Checkpoints

    with opened_store(config) as (store, held), plainly():
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

    with opened_store(config) as (store, held), plainly():
        pk = patient_key(store, patient) if patient else 0
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

    with opened_store(config) as (store, held), plainly():
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

    with opened_store(config) as (store, held):
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

    with opened_store(config) as (store, _):
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


def rotate(config: LookedAt = None) -> None:
    """Make a new key for checkpoints, and sign with it. The old one still verifies what it signed, and nothing later."""
    from hub import checkpoint_keys
    from hub.checkpointing import Checkpoints

    with opened_store(config) as (store, held), plainly():
        signed = Checkpoints(held.checkpoint_file, held.data)
        signed.make(store)
        noted(store.database, held, "rotate-key")
        key = signed.rotate(store)
        signed.make(store)
    console.print(f"the log is signed by key {len(key.keys)}: keep a copy of {held.data / checkpoint_keys.PUBLIC_FILE} elsewhere")
