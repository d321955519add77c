"""`hub audit`: whether the log is whole, what it proves, and whether its decisions come out again."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from hub.cli._common import LookedAt, console, noted, opened_store, patient_key, plainly, stop

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


def verify(
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

    with opened_store(config) as (store, held):
        row, removals, said = _checkpoints(store, held, keys, checkpoints)
        if since > len(row):
            stop(f"there are {len(row)} checkpoints: name one, from 1")
        before = max(since, len(row) - 1 if since_last else 0)
        if patient:
            pk = patient_key(store, patient)
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


def prove(
    seq: Annotated[int, typer.Argument(help="The entry's number in its shard.")],
    config: LookedAt = None,
    shard: Annotated[int, typer.Option(help="The entry's shard.")] = 0,
    resource: Annotated[str, typer.Option(help="Also prove that the answer held this version: ID/VERSION.")] = "",
) -> None:
    """Prove that an entry stands in the log under its last checkpoint, and what its answer held: JSON to standard output."""
    from hub.fhir.json import dumps
    from hub.store.audit_proofs import proof

    with opened_store(config) as (store, held), plainly():
        row, notes = _own(held)
        if not row:
            stop("there is no checkpoint yet: see `hub audit checkpoint`")
        found = proof(store.reader(), shard, seq, row[-1], resource)
        noted(store.database, held, "read-log", released=1)
    sys.stdout.buffer.write(dumps(found | {"checkpoint": notes[-1]}) + b"\n")


def saw(
    person: Annotated[str, typer.Argument(help="HSA-id, or the subject that the log names.")],
    resource: Annotated[str, typer.Argument(help="TYPE/ID.")],
    config: LookedAt = None,
) -> None:
    """Which answers to a person held a resource, in which version; `hub audit prove` proves each."""
    from hub.interactions.scopes import GIVEN, chosen
    from hub.store.audit_proofs import seen_by
    from hub.store.patients import locate
    from hub.store.values import instant

    with opened_store(config) as (store, held):
        kind, _, fhir_id = resource.partition("/")
        scopes = (GIVEN, *(chosen(each.source) for each in held.clients if each.source))
        located = (locate(store.reader(), store.keys.identity, scope + kind, fhir_id) for scope in scopes)
        pks = sorted({pk for pk in located if pk is not None})
        if not pks:
            stop("no resource has that id; it is written as TYPE/ID")
        found = [each for pk in pks for each in seen_by(store.reader(), pk, person, fhir_id)]
        noted(store.database, held, "read-log", released=len(found))
    if not found:
        console.print(f"no answer to anybody whom the log names {person} held it")
        return
    table = Table("shard", "seq", "at", "version", "proof")
    for entry, line in found:
        proof = f"hub audit prove {entry.seq} --shard {entry.shard} --resource {line}"
        table.add_row(str(entry.shard), str(entry.seq), instant(entry.at)[:19], line.partition("/")[2], proof)
    console.print(table)


def consistency(
    first: Annotated[int, typer.Argument(help="Number of the earlier checkpoint, from 1.")],
    second: Annotated[int, typer.Argument(help="Number of the later one.")],
    config: LookedAt = None,
) -> None:
    """Prove that the log of one checkpoint begins with the log of another: JSON to standard output."""
    from hub.fhir.json import dumps
    from hub.store.audit_proofs import growth

    with opened_store(config) as (store, held), plainly():
        row, notes = _own(held)
        if not 1 <= first <= second <= len(row):
            stop(f"there are {len(row)} checkpoints: name an earlier and a later, from 1")
        found = growth(store.reader(), row[first - 1], row[second - 1])
    sys.stdout.buffer.write(dumps({"shards": found, "checkpoints": [notes[first - 1], notes[second - 1]]}) + b"\n")


def replay(
    config: LookedAt = None,
    count: Annotated[int, typer.Option(help="How many of the newest entries.", min=1)] = 1000,
) -> None:
    """Make the decisions of the log again, from what was known then; says which come out otherwise."""
    from hub.app import put_together
    from hub.interactions import replaying
    from hub.store.audit_reading import every, heads

    with opened_store(config) as (store, held), plainly():
        running = put_together(held)
        made = other = untold = 0
        for head in heads(store.reader()):
            for entry in every(store.reader(), head.size, head.shard, after=max(-1, head.size - count - 1)):
                found = replaying.replay(store, running.hub, entry)
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


def _period(first: int, last: int) -> str:
    from hub.store.values import instant

    return f", {instant(first)[:19]} to {instant(last)[:19]}" if first else ""
