"""Making checkpoints: the log as it is now, signed, goes to a file outside the database, and to a witness if there is one.

Nothing is signed that does not continue what was signed before: a log that was cut off or written anew is told of instead.
"""

import errno
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from hub import checkpoint_keys
from hub.audit import Frontier, consistent
from hub.checkpoint_keys import SigningKey
from hub.checkpoints import MARK, START, Checkpoint, Invalid, ShardHead, digest, read, signed, split
from hub.removals import parsed
from hub.store.audit_reading import Head, heads
from hub.store.audit_removed import removal_notes
from hub.store.audit_tree import consistency_of, keep_nodes, root_at
from hub.store.store import Store

ENDING = 16_384
"""Bytes from the end of the file that hold the last note, unless there are very many shards."""
SHORTER = "the log is shorter than its last checkpoint says"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The file of checkpoints, and the keys they are signed with."""

    path: Path
    folder: Path
    """Where the keys lie."""

    def notes(self) -> list[str]:
        """Every note, oldest first, unread. Raises: Invalid: the file ends within one."""
        return split(self.path.read_text("utf-8")) if self.path.exists() else []

    def needed(self, removals: Iterable[str] = ()) -> list[str]:
        """The notes that an export is verified by, oldest first, unread: those that removals (statements) reach to, and the last.

        Raises: Invalid: the file ends within one, or a statement is none; OSError: there is no file.
        """
        said = (parsed(each.partition("\n\n")[0] + "\n").shards for each in removals)
        sizes = [sum(each.frontier.size for each in shards) for shards in said]
        with self.path.open("r", encoding="utf-8") as file:
            found = [*(note_of(file, size) for size in sizes), last_note(file)]
        return list(filter(None, dict.fromkeys(found)))

    def make(self, store: Store) -> Checkpoint | None:
        """Sign the log as it is now. Gives: the checkpoint; None: nothing was written since the last.

        Raises: Invalid: the log does not continue from the last checkpoint, or file and keys do not fit; OSError.
        """
        with self.held() as file:
            key = checkpoint_keys.load_or_create(self.folder, store.now())  # while nobody rotates it
            note = last_note(file)
            former = read(note, key.keys) if note else None
            found = tuple(map(_signable, heads(store.reader())))
            check_continues(store.reader(), former.shards if former else (), found)
            if sum(each.size for each in found) == (former.size if former else 0):
                return None
            before = digest(note) if note else START
            at = max(store.now(), former.at if former else 0, key.keys[-1].since)
            made = Checkpoint(key.origin, found, at, before)
            with store.database.writing() as connection:
                for each in found:
                    keep_nodes(connection, each.shard, each.size)
            _append(file, signed(made, key.private))
        return made

    def rotate(self, store: Store) -> SigningKey:
        """Make a key that follows the one there is, from after all that this one signed on, whatever the clock says.

        Raises: Invalid: file and keys do not fit; OSError.
        """
        with self.held() as file:
            note = last_note(file)
            held = checkpoint_keys.load(self.folder)
            said = [read(note, held.keys).at] if note else []
            said += [parsed(each.partition("\n\n")[0] + "\n").at for each in removal_notes(store.reader())]
            return checkpoint_keys.rotate(self.folder, max([store.now(), *(at + 1 for at in said)]))

    async def witness(self, send: Callable[[str], Awaitable[bool]]) -> int:
        """Hand what the witness has not taken yet to it, in order. Gives: how many it took; what it did not is kept for later."""
        mark, notes = self.path.with_name(self.path.name + ".witnessed"), self.notes()
        taken = _taken(mark.read_text("ascii") if mark.exists() else "", notes)
        sent = 0
        for note in notes[taken:]:
            if not await send(note):
                break
            sent += 1
            mark.write_text(f"{taken + sent} {digest(note)}", "ascii")
        return sent

    @contextmanager
    def held(self) -> Iterator[IO[str]]:
        """The file, for one process at a time."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _signable(head: Head) -> ShardHead:
    try:
        return ShardHead(head.shard, head.size, Frontier.from_bytes(head.size, head.frontier).root)
    except ValueError:
        raise Invalid("the head of the log is not written as one") from None


def _append(file: IO[str], note: str) -> None:
    """Write a note whole, or not at all. Raises: OSError."""
    handle, content = file.fileno(), note.encode()
    size = os.fstat(handle).st_size
    try:
        if os.write(handle, content) < len(content):  # past Python's buffer, which would try the rest again when it is closed
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, size)
        raise


def _taken(mark: str, notes: Sequence[str]) -> int:
    """How many of the notes the witness took; none, where it was another file's notes that it took."""
    count, _, last = mark.partition(" ")
    taken = int(count or 0)
    return taken if taken <= len(notes) and (not last or digest(notes[taken - 1]) == last) else 0


def last_note(file: IO[str]) -> str:
    """The last note of a file of checkpoints, however many there are; empty: there is none.

    Raises: Invalid: the file ends within one.
    """
    size = os.fstat(file.fileno()).st_size
    for length in (ENDING, size):
        start = max(0, size - length)
        try:
            notes = split(os.pread(file.fileno(), length, start).decode("utf-8", "replace"))
        except Invalid:
            if start == 0:
                raise
            continue
        if len(notes) > 1 or start == 0:  # the first may be cut
            break
    return notes[-1] if notes else ""


def note_of(file: IO[str], entries: int) -> str:
    """The note that counts so many entries; empty: there is none. Each counts more than the one before it: it is looked for by
    halves, however many there are."""
    low, high = 0, os.fstat(file.fileno()).st_size  # where notes begin, or the file ends
    while high - low > ENDING:
        after = _begin_after(file, (low + high) // 2)
        if after is None or after[0] >= high:
            break
        low, high = (after[0], high) if after[1] <= entries else (low, after[0])
    notes = split(os.pread(file.fileno(), high - low, low).decode())
    return next((each for each in notes if _counted(each) == entries), "")


def _begin_after(file: IO[str], place: int) -> tuple[int, int] | None:
    """Where a note begins soon after a place in the file, and how many entries it counts; None: none does."""
    content = os.pread(file.fileno(), ENDING, place)
    signature = content.find(f"\n\n{MARK}".encode())
    end = content.find(b"\n", signature + 2) + 1 if signature >= 0 else 0
    counted = _counted(content[end:].decode(errors="replace")) if end else None
    return None if counted is None else (place + end, counted)


def _counted(note: str) -> int | None:
    """How many entries a note says that there are; None: it is cut off before it says so."""
    lines = note.split("\n", 2)
    return int(lines[1]) if len(lines) == 3 and lines[1].isdigit() else None


def check_continues(connection: Connection, former: Sequence[ShardHead], now: Sequence[ShardHead]) -> None:
    """Raises: Invalid: the trees are not those over the entries, or do not begin as `former` says."""
    begun = {each.shard: each for each in former}
    if any(each.shard not in {head.shard for head in now} and each.size for each in former):
        raise Invalid(SHORTER)
    for each in now:
        first = begun.get(each.shard, ShardHead(each.shard, 0, b""))
        if each.size < first.size:
            raise Invalid(SHORTER)
        try:
            holds = _holds(connection, first, each) if first.size else root_at(connection, each.shard, each.size) == each.root
        except LookupError:
            raise Invalid("the log lacks entries that its last checkpoint or its head counts") from None
        if not holds:
            raise Invalid("the log is another than its last checkpoint or its head says")


def _holds(connection: Connection, first: ShardHead, now: ShardHead) -> bool:
    """Whether the entries, or what is kept in their place, are those that were signed, and the tree now goes on from them."""
    path = consistency_of(connection, now.shard, first.size, now.size)
    return root_at(connection, now.shard, first.size) == first.root and consistent(
        first.size, now.size, path, first.root, now.root
    )
