"""The log written out, to be verified by whoever has neither the hub nor its database (`tools/verify_audit.py`).

Lines of JSON. The first: what it is, the log's name, its public keys, the checkpoints that it is verified by (the last, and those
that removals reach to), what was asked for. Then an entry a line: its exact text, or only its leaf hash where it may not be
shown; in a part of the log with the path to the last checkpoint's root. The last line counts the entries, so that a file that was
cut off shows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from hub.checkpoints import Checkpoint, PublicKey
from hub.fhir.json import dumps
from hub.store.audit_reading import Logged, entries, every
from hub.store.audit_removed import end_of, ends_of, proof_of_end, removed_sizes
from hub.store.audit_tree import inclusion_of


def header(
    kind: str,
    origin: str,
    keys: Sequence[PublicKey],
    notes: Sequence[str],
    asked: dict[str, Any],
    removals: Sequence[str] = (),
) -> bytes:
    """The first line. `kind`: whole, list (one patient's) or part; `removals`: statements of what was removed of the log."""
    shown = [
        {"public": each.public.hex(), "since": each.since, "until": each.until, "endorsed": each.endorsed.hex()} for each in keys
    ]
    held = {"export": 1, "kind": kind, "origin": origin, "keys": shown, "checkpoints": list(notes), "asked": asked}
    return _line(held | ({"removals": list(removals)} if removals else {}))


def whole(connection: Connection, last: Checkpoint) -> Iterator[Logged]:
    """Every entry up to a checkpoint, shard after shard."""
    removed = removed_sizes(connection)
    for head in last.shards:
        yield from every(connection, head.size, head.shard, removed.get(head.shard, 0) - 1)


def ended_lines(connection: Connection) -> Iterator[bytes]:
    """Of each list that removed entries stood in, a line."""
    for shard in sorted(removed_sizes(connection)):
        for key, number, leaf in ends_of(connection, shard):
            yield _line({"shard": shard, "ended": {"key": key, "number": number, "leaf": leaf.hex()}})


def ended_line(connection: Connection, pk: int) -> Iterator[bytes]:
    """Of one list that removed entries stood in, where it goes on from, with the path to the root that the removal signed."""
    found = end_of(connection, pk)
    if found:
        yield _line(proof_of_end(connection, *found))


def whole_lines(chosen: Iterable[Logged]) -> Iterator[bytes]:
    """All entries, a line each, and the count."""
    count = 0
    for each in chosen:
        count += 1
        yield _line({"shard": each.shard, "seq": each.seq, "entry": each.entry.decode()})
    yield _line({"entries": count})


def part_lines(
    connection: Connection, chosen: Iterable[Logged], last: Checkpoint, shown: Callable[[Logged], bool] = lambda _: True
) -> Iterator[bytes]:
    """The chosen entries that a checkpoint covers, each with its path, and the count.

    Takes: `shown`: whether the text of an entry may be shown to whoever gets this.
    """
    sizes, count = {each.shard: each.size for each in last.shards}, 0
    for each in chosen:
        if each.seq >= sizes.get(each.shard, 0):
            continue
        count += 1
        path = [step.hex() for step in inclusion_of(connection, each.shard, each.seq, sizes[each.shard])]
        text = {"entry": each.entry.decode()} if shown(each) else {"leaf": each.leaf.hex()}
        yield _line({"shard": each.shard, "seq": each.seq} | text | {"path": path})
    yield _line({"entries": count})


def list_of(connection: Connection, pk: int, shards: Iterable[int]) -> Iterator[Logged]:
    """Every entry of one patient key, in order."""
    removed = removed_sizes(connection)
    for shard in shards:
        after = removed.get(shard, 0) - 1
        while found := entries(connection, pk=pk, after=after, shard=shard):
            yield from found
            after = found[-1].seq


def _line(content: dict[str, Any]) -> bytes:
    return dumps(content) + b"\n"
