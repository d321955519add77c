"""A folder that another system drops files into: each whole file is handed over once, in the order of their names. Kind `files`.

A file is whole when its size and time stand still between two looks; names that begin with `.` or end in `.part` or `.tmp`
are not looked at. It goes to the mapper that its name tells (`FILES`); one of no known name goes to the first contract, whose
mapper refuses it. What is accepted moves to `done/`, what is refused or has faults to `problems/` (kept and reported either
way); what could not be stored stays, and is tried again.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hub.config import SourceConfig
from hub.sources import Deliver, Fault, SourceFailed, Verdict
from hub.sources._check import Step, failed

FILES = {"vardplaner_": "csv_care_plans", "vardteam_": "csv_care_team"}
"""How a file's name begins -> the mapper that reads it."""
MAX_BYTES = 20_000_000
DONE, PROBLEMS = "done", "problems"
UNFINISHED = (".part", ".tmp", ".filepart")

Note = Callable[..., object]
"""Takes an event in words and its fields (source, error): the warning method of the hub's log."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at one look: if nothing of this has changed at the next, it is whole."""

    path: Path
    size: int
    changed: int
    """Nanoseconds."""


class FolderWatcher:
    """Watches one source's folder. State: how its files looked last, and what was handed over but could not be moved."""

    def __init__(self, config: SourceConfig, deliver: Deliver, note: Note, *, every: float = 2.0) -> None:
        self.config = config
        self.folder = Path(config.address)
        self._deliver = deliver
        self._note = note
        self._every = every
        self._last: frozenset[Seen] = frozenset()
        self._delivered: dict[Seen, str] = {}
        self._faults: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to watch. A folder that is not there yet is waited for."""
        self._task = asyncio.create_task(self._watch())

    async def aclose(self) -> None:
        """Stop. A file that is being handed over is finished first."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> int:
        """One look: hand over each file that has stood still since the last one. Gives: how many were handed over."""
        present = await asyncio.to_thread(lambda: frozenset(_present(self.folder)))
        still = sorted(present & self._last, key=lambda seen: seen.path.name)
        self._last = present
        return sum([await self._handed(seen) for seen in still])

    async def _watch(self) -> None:
        """Look again and again; a fault of the file system is noted, once, and never ends it."""
        while True:
            try:
                await self.look()
                self._faults.clear()
            except OSError as fault:
                self._note_once("the folder cannot be read", type(fault).__name__)
            await asyncio.sleep(self._every)

    async def _handed(self, seen: Seen) -> bool:
        """Hand over one file and put it where its verdict says; finished even when the watcher is closing."""
        work = asyncio.ensure_future(self._delivery(seen))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await work
            raise

    async def _delivery(self, seen: Seen) -> bool:
        """One file; a fault of its own is noted and costs no other file."""
        try:
            place = self._delivered.get(seen) or await self._verdict(seen)
            self._delivered[seen] = place  # should it not be possible to move it, it is still handed over only once
            await asyncio.to_thread(_move, seen.path, place)
        except Exception as fault:  # whatever it is, the file stays, the next look tries again, and the watcher lives
            self._note_once("a file could not be taken", type(fault).__name__)
            return False
        del self._delivered[seen]
        return True

    async def _verdict(self, seen: Seen) -> str:
        """Hand a file over. Gives: where it then belongs."""
        if seen.size > MAX_BYTES:
            self._note("a file is larger than the hub reads", source=self.config.name, bytes=seen.size)
            return PROBLEMS
        content = await asyncio.to_thread(seen.path.read_bytes)
        contract = mapper_of(seen.path.name, self.config)
        delivery = await self._deliver(self.config.name, contract, content, seen.path.name)
        return DONE if delivery.verdict is Verdict.ACCEPTED else PROBLEMS

    def _note_once(self, event: str, error: str) -> None:
        """Say it when it begins, not at every look."""
        if (event + error) not in self._faults:
            self._faults.add(event + error)
            self._note(event, source=self.config.name, error=error)


def mapper_of(name: str, config: SourceConfig) -> str:
    """The source's mapper for a file of this name; one of no known name goes to the first, which will refuse it."""
    named = next((mapper for prefix, mapper in FILES.items() if name.lower().startswith(prefix)), "")
    return named if named in config.contracts else (*config.contracts, *FILES.values())[0]


async def check(config: SourceConfig) -> AsyncIterator[Step]:
    """Try the folder step by step: there, readable and writable (files are moved), the last file."""
    folder = Path(config.address)
    if not await asyncio.to_thread(folder.is_dir):
        yield Step("folder", False, "there is no such folder", "check `address`, and that the share is mounted")
        return
    yield Step("folder", True, "there")
    if not await asyncio.to_thread(os.access, folder, os.R_OK | os.W_OK | os.X_OK):
        yield failed("access", SourceFailed(Fault.REFUSED, "the hub may not read, or not move, what lies there"))
        return
    yield Step("access", True, "readable, and files can be moved")
    last = await asyncio.to_thread(_latest, folder)
    if last is None:
        yield Step("last file", False, "none has come yet", "ask the source when it drops its files")
        return
    place, when = last
    yield Step(
        "last file", place != PROBLEMS, f"{when:%Y-%m-%d %H:%M} UTC, in {place}", "hub message list" if place == PROBLEMS else ""
    )


def _present(folder: Path) -> Iterator[Seen]:
    """The files that may be whole."""
    for entry in os.scandir(folder):
        if not entry.name.startswith(".") and not entry.name.endswith(UNFINISHED):
            with suppress(FileNotFoundError):  # it was renamed under our eyes
                if entry.is_file(follow_symlinks=False):
                    held = entry.stat(follow_symlinks=False)
                    yield Seen(Path(entry.path), held.st_size, held.st_mtime_ns)


def _move(path: Path, place: str) -> None:
    """Into a folder beside; under a name with the time where the plain one is taken."""
    target = path.parent / place
    target.mkdir(exist_ok=True)
    name = path.name if not (target / path.name).exists() else f"{path.stem}.{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{path.suffix}"
    with suppress(FileNotFoundError):
        path.replace(target / name)


def _latest(folder: Path) -> tuple[str, datetime] | None:
    """Where the newest file lies, and its time."""
    found = [("waiting", seen) for seen in _present(folder)]
    for place in (DONE, PROBLEMS):
        if (folder / place).is_dir():
            found += [(place, seen) for seen in _present(folder / place)]
    newest = max(found, key=lambda row: row[1].changed, default=None)
    return (newest[0], datetime.fromtimestamp(newest[1].changed / 1e9, UTC)) if newest else None
