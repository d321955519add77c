"""Proofs to hand over: that an entry stands in the log, that an answer held a resource, that the log only grew."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from hub.audit import consistent, included, inclusion, leaf_hash, over
from hub.checkpoints import Checkpoint
from hub.store.audit_export import list_of
from hub.store.audit_reading import Logged, entries, heads
from hub.store.audit_tree import consistency_of, inclusion_of


def proof(connection: Connection, shard: int, seq: int, last: Checkpoint, resource: str = "") -> dict[str, Any]:
    """An entry with its path to the last checkpoint's root; of an answer also the path of one version that it held.

    Takes: `resource`: `id/version`, or nothing.
    Raises: ValueError: there is no such entry under the checkpoint, or the answer did not hold the version; or the log was
    changed, so that no proof would hold.
    """
    size = next((each.size for each in last.shards if each.shard == shard), 0)
    found = entries(connection, after=seq - 1, limit=1, shard=shard)
    if not found or found[0].seq != seq or seq >= size:
        raise ValueError("there is no such entry under the last checkpoint")
    path = inclusion_of(connection, shard, seq, size)
    root = next(each.root for each in last.shards if each.shard == shard)
    if not included(leaf_hash(found[0].entry), seq, size, path, root):
        raise ValueError("the entry is not the one that the last checkpoint covers")
    held = {"shard": shard, "seq": seq, "size": size, "entry": found[0].entry.decode(), "path": [each.hex() for each in path]}
    return held | ({"released": _released(found[0].unshown.get("released", []), resource)} if resource else {})


def seen_by(connection: Connection, pk: int, person: str, fhir_id: str) -> Iterator[tuple[Logged, str]]:
    """Entries of answers to a person that held a resource of a patient key, each with its `id/version`."""
    for entry in list_of(connection, pk, [head.shard for head in heads(connection)]):
        if entry.content.get("who", {}).get("subject", "").upper() == person.upper():
            yield from ((entry, line) for line in entry.unshown.get("released", ()) if line.partition("/")[0] == fhir_id)


def _released(lines: list[str], resource: str) -> dict[str, Any]:
    if resource not in lines:
        raise ValueError("the answer did not hold that version")
    index, leaves = lines.index(resource), [leaf_hash(line.encode()) for line in lines]
    path = [each.hex() for each in inclusion(index, len(lines), over(leaves))]
    return {"line": resource, "index": index, "size": len(lines), "path": path}


def growth(connection: Connection, first: Checkpoint, second: Checkpoint) -> list[dict[str, Any]]:
    """For each shard of the earlier checkpoint the path from its tree to the later one's.

    Raises: ValueError: the log was changed, so that no proof would hold.
    """
    later, found = {each.shard: each for each in second.shards}, []
    for each in first.shards:
        if not each.size:
            continue
        size, root = later[each.shard].size, later[each.shard].root
        try:
            path = consistency_of(connection, each.shard, each.size, size)
        except LookupError:
            raise ValueError("the log of the earlier checkpoint was removed, so that no proof can be made") from None
        if not consistent(each.size, size, path, each.root, root):
            raise ValueError("the log is not the one that both checkpoints cover")
        found.append({"shard": each.shard, "from": each.size, "to": size, "path": [step.hex() for step in path]})
    return found
