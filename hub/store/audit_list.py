"""One patient's list in the log: whether each entry follows the one before it, and stands in the tree."""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import Connection

from hub.audit import HASH_SIZE, included, leaf_hash
from hub.checkpoints import Checkpoint, Invalid, ShardHead
from hub.removals import Removal
from hub.store.audit_check import Verdict
from hub.store.audit_export import list_of
from hub.store.audit_reading import Logged
from hub.store.audit_removed import begun, ends_of
from hub.store.audit_tree import inclusion_of


def verify_list(connection: Connection, pk: int, row: Sequence[Checkpoint], removals: Sequence[Removal] = ()) -> Verdict:
    """Check one list, and by the last of `row` that its entries stand in the signed tree.

    What this cannot show: that nothing was taken from the end of the list, and that there is no second list of the patient; the
    whole check does.
    """
    try:
        after = begun(removals, row, lambda shard: ends_of(connection, shard))
    except Invalid as broken:
        return Verdict(str(broken), 0)
    last = next((each.ends[pk] for each in after.values() if pk in each.ends), (0, bytes(HASH_SIZE)))
    removed, count, covered, first, at = last[0], 0, 0, 0, 0
    heads = {each.shard: each for each in row[-1].shards} if row else {}
    for entry in list_of(connection, pk, sorted(heads) or (0,)):
        fault = _fault(entry, pk, *last)
        head = heads.get(entry.shard)
        if not fault and head and entry.seq < head.size:
            covered += 1
            fault = _unproven(connection, entry, head)
        if fault:
            return Verdict(fault, count)
        last, count = (entry.number, entry.leaf), count + 1
        first, at = first or entry.at, entry.at
    return Verdict("", count, first, at, covered, removed)


def _unproven(connection: Connection, entry: Logged, head: ShardHead) -> str:
    try:
        path = inclusion_of(connection, entry.shard, entry.seq, head.size)
    except LookupError:
        return f"entries of the log are missing, so that entry {entry.seq} cannot be proven"
    if included(entry.leaf, entry.seq, head.size, path, head.root):
        return ""
    return f"entry {entry.seq} is not in the tree of the last checkpoint"


def _fault(entry: Logged, pk: int, number: int, before: bytes) -> str:
    content = entry.readable
    if leaf_hash(entry.entry) != entry.leaf:
        return f"entry {entry.seq} is not what its leaf hash says"
    if content is None:
        return f"entry {entry.seq} cannot be read"
    if entry.number != number + 1:
        return f"{entry.number - number - 1} entries are missing before entry {entry.seq}"
    if (content.get("seq"), content.get("at"), content.get("shard", entry.shard)) != (entry.seq, entry.at, entry.shard):
        return f"entry {entry.seq} lies in another's place"
    if "v" in content and (content["key"], content["number"], content["prev"]) != (pk, number + 1, before.hex()):
        return f"entry {entry.seq} does not follow the one before it in the patient's list"
    if content.get("kept", "") != (sha256(entry.kept).hexdigest() if entry.kept else ""):
        return f"entry {entry.seq} keeps something else beside it than it says"
    return ""
