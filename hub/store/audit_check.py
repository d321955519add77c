"""Whether the log holds: every entry is what its hash says, in its place, in its patient's list; and so is the tree over all.

What this cannot show by itself: a log that was cut off, or written anew, together with its heads. Only a checkpoint that is kept
elsewhere shows that (`hub.checkpoints`).
"""

from collections.abc import Iterable
from hashlib import sha256

from sqlalchemy import Connection

from hub.audit import HASH_SIZE, Frontier, leaf_hash
from hub.store.audit_reading import Head, Logged, every, heads

NOTHING = (0, bytes(HASH_SIZE))


class Check:
    """Entries of one shard are checked one after the other. State: the tree so far, the last of each patient key."""

    def __init__(self, shard: int = 0) -> None:
        self._shard = shard
        self._chains: dict[int, tuple[int, bytes]] = {}
        self._at = 0
        self._versioned = False
        self.tree = Frontier()

    def fault(self, entry: Logged) -> str:
        """What does not fit of the next entry, in words; empty if it fits, and then it counts."""
        number, before = self._chains.get(entry.pk, NOTHING)
        if entry.shard != self._shard or entry.seq != self.tree.size:
            return f"entry {self.tree.size} is missing"
        if leaf_hash(entry.entry) != entry.leaf:
            return f"entry {entry.seq} is not what its leaf hash says"
        content = entry.content
        if (content.get("seq"), content.get("at")) != (entry.seq, entry.at):
            return f"entry {entry.seq} lies in another's place"
        if entry.at < self._at:
            return f"entry {entry.seq} is older than the one before it"
        if "v" not in content and self._versioned:
            return f"entry {entry.seq} has the form of entries long before it"
        if "v" in content:
            if (content.get("shard"), content.get("key")) != (entry.shard, entry.pk):
                return f"entry {entry.seq} lies in another's list"
            if (content.get("number"), content.get("prev")) != (number + 1, before.hex()):
                return f"entry {entry.seq} does not follow the one before it in the same patient's list"
            self._versioned = True
        if content.get("kept", "") != (sha256(entry.kept).hexdigest() if entry.kept else ""):
            return f"entry {entry.seq} keeps something else beside it than it says"
        if entry.number != number + 1:
            return f"entry {entry.seq} is counted wrong in its patient's list"
        self.skip(entry)
        return ""

    def skip(self, entry: Logged) -> None:
        """Let an entry count unread, by its leaf hash: what was checked before, as the root of a checkpoint then shows."""
        self._chains[entry.pk] = (entry.number, entry.leaf)
        self._at = entry.at
        self.tree = self.tree.grown(entry.leaf)


def verify(logged: Iterable[Logged], head: Head, check: Check | None = None) -> str:
    """The first thing that does not fit, in words; empty when all does.

    Takes: entries of the head's shard in order; `check`: what has counted before them.
    """
    check = check or Check(head.shard)
    for entry in logged:
        fault = check.fault(entry)
        if fault:
            return fault
    if check.tree.size != head.size:
        return f"the log has {check.tree.size} entries, its head says {head.size}"
    return "" if check.tree.to_bytes() == head.frontier else "the hash tree over the entries is not the one its head says"


def whole(connection: Connection) -> tuple[int, str]:
    """How many entries there are, and the first thing that does not fit in any shard."""
    size = 0
    for head in heads(connection):
        size += head.size
        fault = verify(every(connection, head.size, head.shard), head)
        if fault:
            return size, fault if head.shard == 0 else f"shard {head.shard}: {fault}"
    return size, ""
