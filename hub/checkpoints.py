"""Signed checkpoints: how large the log was, and its root, said by a key of the hub, to be kept where the database is not.

A checkpoint is a signed note: lines of text, an empty line, a signature line. Each names the one before it by its digest, so that
one left out or given twice shows. Source: https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note (Ed25519, type 0x01).
"""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.audit import tree_head

START = "-"
"""Stands for the checkpoint before the first."""
MARK = "\u2014 "


class Invalid(ValueError):
    """A checkpoint, a key or a row of them does not hold; the text says why, without values."""


class Said(Protocol):
    """What a key of the log signs: a text that begins with the log's name, said at a time."""

    @property
    def origin(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def at(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ShardHead:
    """One shard's tree: how many entries, and their root."""

    shard: int
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What one says. `at`: microseconds; `before`: digest of the one before it."""

    origin: str
    shards: tuple[ShardHead, ...]
    at: int
    before: str

    @property
    def size(self) -> int:
        """Entries in all."""
        return sum(each.size for each in self.shards)

    @property
    def root(self) -> bytes:
        """The tree head over all shards."""
        return tree_head((each.shard, each.size, each.root) for each in self.shards)

    @property
    def text(self) -> str:
        """What is signed."""
        shards = "".join(f"shard {each.shard} {each.size} {b64encode(each.root).decode()}\n" for each in self.shards)
        root = b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\n{shards}time {self.at}\nbefore {self.before}\n"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that checkpoints were signed with, and when it was the one: from `since` up to `until`, microseconds."""

    public: bytes
    since: int
    until: int | None
    """None: it still is."""
    endorsed: bytes = b""
    """The key before it signed that this one follows; of the first key nothing."""

    def id(self, origin: str) -> bytes:
        """Four bytes by which a signature names its key."""
        return hashlib.sha256(origin.encode() + b"\n\x01" + self.public).digest()[:4]


def signed(said: Said, private: bytes) -> str:
    """A checkpoint, or another text of the log, as a signed note."""
    key = Ed25519PrivateKey.from_private_bytes(private)
    named = PublicKey(public_of(private), 0, None).id(said.origin)
    signature = b64encode(named + key.sign(said.text.encode())).decode()
    return f"{said.text}\n{MARK}{said.origin} {signature}\n"


def read(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """What a note says, once its signature holds by a key that was the one at its time.

    Raises: Invalid.
    """
    text, _, last = note.partition("\n\n")
    checkpoint = _parsed(text + "\n")
    check_signed(checkpoint, last, keys, "the checkpoint")
    return checkpoint


def check_signed(said: Said, last: str, keys: Sequence[PublicKey], what: str) -> None:
    """Raises: Invalid: `last` is not the signature line of a key that was the log's when it was said; with the words `what`."""
    mark, _, written = last.removesuffix("\n").rpartition(" ")
    if mark != f"{MARK}{said.origin}":
        raise Invalid(f"{what} is not signed as it should be")
    signature = decoded(written)
    key = next((each for each in keys if each.id(said.origin) == signature[:4]), None)
    if key is None:
        raise Invalid(f"{what} is signed by a key that is not known")
    check_signature(key.public, signature[4:], said.text.encode(), f"{what}'s signature does not hold")
    if not (key.since <= said.at and (key.until is None or said.at < key.until)):
        raise Invalid(f"{what} is signed by a key that was not the hub's at its time")


def read_all(notes: Iterable[str], keys: Sequence[PublicKey]) -> list[Checkpoint]:
    """A row of checkpoints, oldest first: each follows the one before it.

    Raises: Invalid: the text names the first that does not.
    """
    found: list[Checkpoint] = []
    before = START
    for number, note in enumerate(notes, 1):
        try:
            checkpoint = read(note, keys)
            if checkpoint.before != before:
                raise Invalid("it does not follow the one before it")
            if found:
                _check_grown(found[-1], checkpoint)
        except Invalid as fault:
            raise Invalid(f"checkpoint {number}: {fault}") from None
        found.append(checkpoint)
        before = digest(note)
    return found


def digest(note: str) -> str:
    """By which the next checkpoint names this one."""
    return hashlib.sha256(note.encode()).hexdigest()


def split(content: str) -> list[str]:
    """The notes of a file, each ending in its signature line."""
    notes, held = [], ""
    for line in content.splitlines(keepends=True):
        held += line
        if line.startswith(MARK):
            notes.append(held)
            held = ""
    if held:
        raise Invalid("the file of checkpoints ends within one")
    return notes


def public_of(private: bytes) -> bytes:
    """The public half of a private key, 32 bytes each."""
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def endorsement(origin: str, public: bytes, since: int) -> bytes:
    """What a key signs of the one that follows it."""
    return f"{origin}\nnext key\n{public.hex()}\n{since}\n".encode()


def check_keys(origin: str, keys: Sequence[PublicKey]) -> None:
    """Each key follows the one before it without a gap, and by its signature.

    Raises: Invalid.
    """
    for former, key in pairwise(keys):
        said = endorsement(origin, key.public, key.since)
        if former.until != key.since:
            raise Invalid("a key does not begin where the one before it ends")
        check_signature(former.public, key.endorsed, said, "a key is not endorsed by the one before it")


def check_signature(public: bytes, signature: bytes, said: bytes, why: str) -> None:
    """Raises: Invalid: the signature is not that of `said`; with the words `why`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, said)
    except (InvalidSignature, ValueError):
        raise Invalid(why) from None


def _check_grown(former: Checkpoint, checkpoint: Checkpoint) -> None:
    if checkpoint.origin != former.origin or checkpoint.at < former.at:
        raise Invalid("it is older than the one before it, or of another log")
    heads = {each.shard: each for each in checkpoint.shards}
    for each in former.shards:
        grown = heads.get(each.shard)
        if grown is None or grown.size < each.size:
            raise Invalid("the log was larger before")
        if grown.size == each.size and grown.root != each.root:
            raise Invalid("the log was another before")


def _parsed(text: str) -> Checkpoint:
    lines = text.splitlines()
    try:
        origin, _, _, *shards, time, before = lines
        heads = tuple(_shard(each) for each in shards)
        made = Checkpoint(origin, heads, int(time.removeprefix("time ")), before.removeprefix("before "))
    except ValueError:
        raise Invalid("the checkpoint is not written as one") from None
    if made.text != text:
        raise Invalid("the checkpoint is not written as one, or its root is not that of its shards")
    return made


def _shard(line: str) -> ShardHead:
    word, shard, size, root = line.split(" ")
    if word != "shard":
        raise ValueError(word)
    return ShardHead(int(shard), int(size), decoded(root))


def decoded(written: str) -> bytes:
    """Bytes that a note has as base64. Raises: Invalid."""
    try:
        return b64decode(written, validate=True)
    except ValueError:
        raise Invalid("the checkpoint is not written as one") from None
