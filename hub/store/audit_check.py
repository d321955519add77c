"""Whether the log holds: every entry is what its hash says, in its place, in its patient's list; and so is the tree over all.

So is what lies beside the trees (`hub.store.audit_beside`). What this cannot show by itself: a log that was cut off, or written
anew, together with its heads. Only a checkpoint that is kept elsewhere shows that (`hub.checkpoints`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from types import MappingProxyType

from sqlalchemy import Connection

from hub.audit import HASH_SIZE, Frontier, leaf_hash
from hub.checkpoints import Checkpoint, Invalid
from hub.removals import Removal
from hub.store.audit_beside import beside
from hub.store.audit_reading import Head, Logged, every, heads
from hub.store.audit_removed import Begun, begun, ends_of

NOTHING = (0, bytes(HASH_SIZE))
FROM_THE_FIRST = Begun(Frontier(), {})


class Check:
    """Entries of one shard are checked one after the other. State: the tree so far, the last of each patient key."""

    def __init__(self, shard: int = 0, after: Begun = FROM_THE_FIRST) -> None:
        self._shard = shard
        self._chains: dict[int, tuple[int, bytes]] = dict(after.ends)
        self._at = 0
        self._versioned = False
        self.tree = after.tree

    def fault(self, entry: Logged) -> str:
        """What does not fit of the next entry, in words; empty if it fits, and then it counts."""
        number, before = self._chains.get(entry.pk, NOTHING)
        if entry.shard != self._shard or entry.seq != self.tree.size:
            return f"entry {self.tree.size} is missing"
        if leaf_hash(entry.entry) != entry.leaf:
            return f"entry {entry.seq} is not what its leaf hash says"
        content = entry.readable
        if content is None:
            return f"entry {entry.seq} cannot be read"
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
        self._count(entry)
        return ""

    def passed_over(self, entry: Logged) -> str:
        """As `fault`, of an entry that was checked before: it counts by its leaf hash, as the root of a checkpoint then shows."""
        if entry.shard != self._shard or entry.seq != self.tree.size:
            return f"entry {self.tree.size} is missing"
        self._count(entry)
        return ""

    def _count(self, entry: Logged) -> None:
        self._chains[entry.pk] = (entry.number, entry.leaf)
        self._at = entry.at
        self.tree = self.tree.grown(entry.leaf)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a check. `fault`: the first thing that does not fit, in words; empty when all does."""

    fault: str
    entries: int
    """How many were looked at."""
    first: int = 0
    last: int = 0
    """Microseconds: from when they are, and until when."""
    covered: int = 0
    """How many of all are under the last checkpoint."""
    removed: int = 0
    """How many were removed before these, once their retention had passed."""


def whole(connection: Connection) -> tuple[int, str]:
    """How many entries there are, and the first thing that does not fit in any shard."""
    found = verify_all(connection, ())
    return found.entries, found.fault


def verify_all(connection: Connection, row: Sequence[Checkpoint], since: int = 0, removals: Sequence[Removal] = ()) -> Verdict:
    """Check every shard as the database has it; see `judge`.

    Takes: `removals`: what was removed of the log, by statements that are read and so believed.
    """
    try:
        after = begun(removals, row, lambda shard: ends_of(connection, shard))
    except Invalid as fault:
        return Verdict(str(fault), 0)

    def read(head: Head) -> Iterable[Logged]:
        return every(connection, head.size, head.shard, _begun(after, head).tree.size - 1)

    held = heads(connection)
    found = judge(held, read, row, since, after)
    if found.fault:
        return found
    return replace(found, fault=beside(connection, held, {shard: each.tree.size for shard, each in after.items()}))


def judge(
    held: Sequence[Head],
    read: Callable[[Head], Iterable[Logged]],
    row: Sequence[Checkpoint],
    since: int = 0,
    after: Mapping[int, Begun] = MappingProxyType({}),
) -> Verdict:
    """Check entries, lists and trees, and that each tree was at each checkpoint what the checkpoint says.

    Takes: `read`: the entries of a shard in order; `row`: checkpoints, oldest first, read and so believed; `since`: how many of
    them may be taken as checked before; `after`: from where each shard goes on, where its beginning was removed.
    """
    done: list[Verdict] = []
    missing = {each.shard for checkpoint in row for each in checkpoint.shards} - {head.shard for head in held}
    if missing:
        return Verdict(f"shard {min(missing)} is missing, and a checkpoint names it", 0)
    for head in held:
        wanted = {each.size: (n, each.root) for n, cp in enumerate(row, 1) for each in cp.shards if each.shard == head.shard}
        skipped = max((size for size, (n, _) in wanted.items() if n <= since), default=0)
        found = _shard(read(head), head, wanted, skipped, _begun(after, head))
        if found.fault:
            return found if head.shard == 0 else replace(found, fault=f"shard {head.shard}: {found.fault}")
        done.append(found)
    firsts, lasts = [each.first for each in done if each.entries], [each.last for each in done if each.entries]
    removed = sum(each.tree.size for each in after.values())
    covered = row[-1].size - removed if row else 0
    return Verdict("", sum(each.entries for each in done), min(firsts, default=0), max(lasts, default=0), covered, removed)


def _begun(after: Mapping[int, Begun], head: Head) -> Begun:
    return after.get(head.shard, FROM_THE_FIRST)


def _shard(logged: Iterable[Logged], head: Head, wanted: Mapping[int, tuple[int, bytes]], skipped: int, after: Begun) -> Verdict:
    check, first, last = Check(head.shard, after), 0, 0
    for entry in logged:
        fault = check.passed_over(entry) if entry.seq < skipped else check.fault(entry)
        number, root = wanted.get(check.tree.size, (0, b""))
        if not fault and number and check.tree.root != root:
            fault = f"the log up to entry {entry.seq} is another than checkpoint {number} says"
        if fault:
            return Verdict(fault, check.tree.size)
        first, last = first or entry.at, entry.at
    return Verdict(_ending(check, head, wanted), check.tree.size - max(skipped, after.tree.size), first, last)


def _ending(check: Check, head: Head, wanted: Mapping[int, tuple[int, bytes]]) -> str:
    size = check.tree.size
    if size != head.size:
        return f"the log has {size} entries, its head says {head.size}"
    if max(wanted, default=0) > size:
        return f"the log ends at entry {size - 1}, and a checkpoint counts {max(wanted)}"
    return "" if check.tree.to_bytes() == head.frontier else "the hash tree over the entries is not the one its head says"
