"""Signed statements of removal: up to which checkpoint the log was removed once its retention had passed, and what is kept of it.

What is removed is the beginning of every shard, up to a checkpoint: so the frontier that is kept in its place is held to a root
that was signed then, and the checkpoint's time bounds how old all of it is. Of each list that a removed entry stood in, number
and leaf hash of the last one are kept; a statement has the Merkle root over them, so that what remains of a list is whole by
proof.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from hub.audit import Frontier, leaf_hash
from hub.checkpoints import START, Checkpoint, Invalid, PublicKey, check_signed, decoded, digest
from hub.config import LEAST_YEARS

YEAR = 365 * 86_400 * 1_000_000
"""Microseconds; calendar years are never shorter."""
NOBODY = "-"
"""Stands for the care provider of entries that name none."""


@dataclass(frozen=True, slots=True)
class RemovedShard:
    """The beginning of a shard that is gone: its frontier, and the lists that had entries there: how many, and their root."""

    shard: int
    frontier: Frontier
    lists: int
    root: bytes


@dataclass(frozen=True, slots=True)
class KeptFor:
    """Of a care provider: the years that its entries were kept, and how many were removed this time."""

    provider: str
    years: int
    entries: int


@dataclass(frozen=True, slots=True)
class Removal:
    """What one says. `checkpoint`: digest of the text of the one up to which it reaches; `at`: microseconds; `before`: digest of
    the removal before it."""

    origin: str
    checkpoint: str
    shards: tuple[RemovedShard, ...]
    kept: tuple[KeptFor, ...]
    at: int
    before: str

    @property
    def text(self) -> str:
        """What is signed."""
        shards = "".join(
            f"shard {each.shard} {each.frontier.size} {_written(each.frontier.to_bytes())} {each.lists} {_written(each.root)}\n"
            for each in self.shards
        )
        kept = "".join(f"kept {each.provider} {each.years} {each.entries}\n" for each in self.kept)
        return f"{self.origin}\nremoval\ncheckpoint {self.checkpoint}\n{shards}{kept}time {self.at}\nbefore {self.before}\n"

    @property
    def years(self) -> int:
        """The shortest time for which something of it was kept."""
        return min((each.years for each in self.kept if each.entries), default=LEAST_YEARS)


def list_line(key: int, number: int, leaf: bytes) -> bytes:
    """The leaf hash of the end of one list, as a statement's root counts it."""
    return leaf_hash(f"{key} {number} {leaf.hex()}".encode())


def name_of(checkpoint: Checkpoint) -> str:
    """By which a removal names the checkpoint up to which it reaches."""
    return sha256(checkpoint.text.encode()).hexdigest()


def read_removals(notes: Iterable[str], keys: Sequence[PublicKey]) -> list[Removal]:
    """Every removal, oldest first, each signed, and following the one before it.

    Raises: Invalid: the text names the first that does not.
    """
    found: list[Removal] = []
    before = START
    for number, note in enumerate(notes, 1):
        try:
            removal = _read(note, keys)
            if removal.before != before or (found and removal.at < found[-1].at):
                raise Invalid("it does not follow the one before it")
        except Invalid as fault:
            raise Invalid(f"removal {number}: {fault}") from None
        found.append(removal)
        before = digest(note)
    return found


def check_removals(removals: Sequence[Removal], row: Sequence[Checkpoint]) -> None:
    """Each reaches to a checkpoint, leaves the tree that was signed there, and came when the time of retention had passed.

    Raises: Invalid: the text names the first that does not.
    """
    named = {name_of(each): each for each in row}
    for number, removal in enumerate(removals, 1):
        checkpoint = named.get(removal.checkpoint)
        if checkpoint is None:
            raise Invalid(f"removal {number}: there is no checkpoint that it reaches to")
        if removal.at - checkpoint.at < max(LEAST_YEARS, removal.years) * YEAR:
            raise Invalid(f"removal {number}: it came before the time of retention had passed")
        left = [(each.shard, each.frontier.size, each.frontier.root) for each in removal.shards]
        if left != [(each.shard, each.size, each.root) for each in checkpoint.shards]:
            raise Invalid(f"removal {number}: what it left is not the tree of its checkpoint")


def _read(note: str, keys: Sequence[PublicKey]) -> Removal:
    text, _, last = note.partition("\n\n")
    removal = parsed(text + "\n")
    check_signed(removal, last, keys, "the removal")
    return removal


def parsed(text: str) -> Removal:
    """What a text says, believed or not. Raises: Invalid."""
    lines = text.splitlines()
    try:
        origin, word, checkpoint, *rest, time, before = lines
        shards = tuple(_shard(line) for line in rest if line.startswith("shard "))
        kept = tuple(_kept(line) for line in rest if line.startswith("kept "))
        made = Removal(
            origin,
            checkpoint.removeprefix("checkpoint "),
            shards,
            kept,
            int(time.removeprefix("time ")),
            before.removeprefix("before "),
        )
    except ValueError:
        raise Invalid("the removal is not written as one") from None
    if word != "removal" or made.text != text:
        raise Invalid("the removal is not written as one")
    return made


def _shard(line: str) -> RemovedShard:
    _, shard, size, roots, lists, root = line.split(" ")
    return RemovedShard(int(shard), Frontier.from_bytes(int(size), decoded(roots[1:])), int(lists), decoded(root[1:]))


def _kept(line: str) -> KeptFor:
    _, provider, years, entries = line.split(" ")
    return KeptFor(provider, int(years), int(entries))


def _written(content: bytes) -> str:
    """As base64, after a sign: it may be empty."""
    return f"={b64encode(content).decode()}"
