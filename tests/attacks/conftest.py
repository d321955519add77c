"""A log with checkpoints that somebody kept elsewhere, a forger who may write anything to the database, and both verifiers."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from hub import checkpoint_keys
from hub.audit import Frontier, leaf_hash
from hub.checkpointing import Checkpoints
from hub.checkpoints import Invalid, read_all
from hub.fhir.json import dumps, loads
from hub.keys import Keys
from hub.store.audit_check import judge
from hub.store.audit_export import header, whole_lines
from hub.store.audit_log import Leaf
from hub.store.audit_reading import Head, Logged, every, heads
from hub.store.store import Store

_path = Path(__file__).parents[2] / "tools" / "verify_audit.py"
_spec = importlib.util.spec_from_file_location("verify_audit", _path)
alone = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(alone)

PERSONS = (11, 22, 33)
STEP = 1_000_000


@dataclass(frozen=True)
class World:
    """What the verifiers are given. `rows`: what the database holds; `notes`, `public`: what the hub's folder holds;
    `kept`, `known`: checkpoints and public keys as they were kept elsewhere."""

    rows: tuple[Logged, ...]
    head: Head
    notes: tuple[str, ...]
    public: str
    kept: tuple[str, ...]
    known: str

    def hub(self) -> str:
        """What the hub's own check says; empty: it finds nothing."""
        try:
            _, keys = checkpoint_keys.read_public(self.known)
            row = read_all(self.kept, keys)
            return judge([self.head], lambda _: self.rows, row).fault
        except Invalid as fault:
            return str(fault)

    def alone(self) -> str:
        """What the verifier without the hub says of an export."""
        origin, keys = json.loads(self.public)["origin"], checkpoint_keys.read_public(self.public)[1]
        lines = b"".join((header("whole", origin, keys, self.notes, {}), *whole_lines(self.rows)))
        try:
            alone.verify(lines.decode(), self.known, "".join(self.kept))
        except (alone.Broken, ValueError, KeyError, TypeError) as fault:
            return str(fault) or type(fault).__name__
        return ""

    def forged(self, rows: list[Logged], pretend: str = "all") -> "World":
        """The same with other entries. `pretend`: how far the forger goes on to make it look right: `nothing`; `leaves`: each
        leaf hash is that of its entry; `all`: places, lists, leaf hashes and the head are written anew to fit."""
        if pretend == "nothing":
            return replace(self, rows=tuple(rows))
        if pretend == "leaves":
            return replace(self, rows=tuple(replace(row, leaf=leaf_hash(row.entry)) for row in rows))
        made, chains, tree = [], {}, Frontier()
        for row in rows:
            number, before = chains.get(row.pk, (0, bytes(32)))
            place = {"seq": tree.size, "at": row.at, "key": row.pk, "number": number + 1, "prev": before.hex()}
            entry = dumps(loads(row.entry) | place)
            leaf = leaf_hash(entry)
            made.append(replace(row, seq=tree.size, number=number + 1, leaf=leaf, entry=entry))
            chains[row.pk] = (number + 1, leaf)
            tree = tree.grown(leaf)
        return replace(self, rows=tuple(made), head=Head(0, tree.size, tree.to_bytes()))


class Clock:
    def __init__(self) -> None:
        self.now = 2_000_000_000 * STEP

    def __call__(self) -> int:
        self.now += STEP
        return self.now


@dataclass
class Place:
    """A hub's log in the making."""

    store: Store
    folder: Path
    signed: Checkpoints

    def log(self, count: int) -> None:
        for number in range(count):
            self.store.audit.append(Leaf(PERSONS[number % 3], {"action": "read", "who": {"subject": f"SE-{number}"}}))

    def world(self, kept: tuple[str, ...] = ()) -> World:
        """As it is now, with the checkpoints that somebody kept, all of them if not given."""
        connection = self.store.reader()
        [head] = heads(connection)
        public, notes = (self.folder / checkpoint_keys.PUBLIC_FILE).read_text(), tuple(self.signed.notes())
        return World(tuple(every(connection, head.size)), head, notes, public, kept or notes, public)


@pytest.fixture
def place(database_url, tmp_path):
    """A log of 30 entries of three persons, signed after each ten."""
    clock = Clock()
    store = Store(database_url, Keys(b"k" * 32, b"c" * 32))
    store.now = clock
    store.audit._clock = clock
    held = Place(store, tmp_path / "keys", Checkpoints(tmp_path / "checkpoints.txt", tmp_path / "keys"))
    for _ in range(3):
        held.log(10)
        held.signed.make(store)
    yield held
    store.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The same log in memory, for those that only forge what is read."""
    folder = tmp_path_factory.mktemp("log")
    clock = Clock()
    store = Store(f"sqlite:///{folder / 'hub.db'}", Keys(b"k" * 32, b"c" * 32))
    store.database.migrate()
    store.now = clock
    store.audit._clock = clock
    held = Place(store, folder, Checkpoints(folder / "checkpoints.txt", folder))
    for _ in range(3):
        held.log(10)
        held.signed.make(store)
    found = held.world()
    store.close()
    assert (found.hub(), found.alone()) == ("", "")
    return found


@pytest.fixture
def found() -> Callable[[World], tuple[str, str]]:
    """Both verifiers find what was done; gives what each says."""

    def both(given: World) -> tuple[str, str]:
        said = given.hub(), given.alone()
        assert all(said), said
        return said

    return both


@pytest.fixture(scope="session")
def verifier():
    """The verifier that knows nothing of the hub."""
    return alone
