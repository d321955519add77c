"""The hash tree of the log: leaves, the frontier that grows with each leaf, roots and proofs. Values in, values out.

Source: RFC 9162 section 2.1 (Merkle tree hash, SHA-256, prefixes 0x00 for leaves and 0x01 for nodes; proofs).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_SIZE = 32
"""Bytes."""
Subtree = Callable[[int, int], bytes]
"""The Merkle tree hash over the leaves from one place up to another."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one log entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """A tree in short: the roots of its full subtrees, largest first; as many as `size` has one-bits."""

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def grown(self, leaf: bytes) -> "Frontier":
        """The frontier of the tree with one leaf more."""
        roots, at = [*self.roots, leaf], self.size
        while at & 1:
            right, left = roots.pop(), roots.pop()
            roots.append(node_hash(left, right))
            at >>= 1
        return Frontier(self.size + 1, tuple(roots))

    @property
    def root(self) -> bytes:
        """The Merkle tree hash; of an empty tree the hash of nothing."""
        if not self.roots:
            return hashlib.sha256(b"").digest()
        root = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            root = node_hash(left, root)
        return root

    def to_bytes(self) -> bytes:
        """The roots, one after the other."""
        return b"".join(self.roots)

    @classmethod
    def from_bytes(cls, size: int, content: bytes) -> "Frontier":
        """What `to_bytes` wrote.

        Raises: ValueError: not as many roots as a tree of `size` leaves has.
        """
        roots = tuple(content[at : at + HASH_SIZE] for at in range(0, len(content), HASH_SIZE))
        if len(roots) != size.bit_count() or len(content) % HASH_SIZE:
            raise ValueError("the frontier does not fit the size of the tree")
        return cls(size, roots)


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The hash of each of many entries."""
    sha256 = hashlib.sha256
    return [sha256(b"\x00" + each).digest() for each in entries]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash over leaf hashes, level by level: cheaper than a frontier where all are at hand."""
    level, sha256 = list(leaves), hashlib.sha256
    while len(level) > 1:
        above = [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]
        if len(level) & 1:
            above.append(level[-1])
        level = above
    return level[0] if level else sha256(b"").digest()


def frontier(leaves: Iterable[bytes]) -> Frontier:
    """The frontier over `leaves`."""
    grown = Frontier()
    for leaf in leaves:
        grown = grown.grown(leaf)
    return grown


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The path that proves leaf `index` of a tree of `size` leaves. RFC 9162 section 2.1.3.1.

    Raises: ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + split(end - start)
        left = index < middle
        path.append(subtree(middle, end) if left else subtree(start, middle))
        start, end = (start, middle) if left else (middle, end)
    return path[::-1]


def consistency(first: int, size: int, subtree: Subtree) -> list[bytes]:
    """The path that proves that the tree of `size` leaves begins with the tree of `first`. RFC 9162 section 2.1.4.1.

    Raises: ValueError: it cannot.
    """
    if not 0 < first <= size:
        raise ValueError("the tree was never that large")
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while first != end:
        middle = start + split(end - start)
        if first <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    return ([] if whole else [subtree(start, end)]) + path[::-1]


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that `leaf` is number `index` of the tree of `size` leaves with that root. Section 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for each in path:
        if not last:
            return False
        if at & 1 or at == last:
            found = node_hash(each, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, each)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistent(first: int, size: int, path: Sequence[bytes], first_root: bytes, root: bytes) -> bool:
    """Whether `path` proves that the tree of `size` leaves with `root` begins with that of `first`. Section 2.1.4.2."""
    if first == size:
        return not path and first_root == root
    if not 0 < first < size:
        return False
    steps = list(path) if first & (first - 1) else [first_root, *path]
    if not steps:
        return False
    at, last = first - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = steps[0]
    for each in steps[1:]:
        if not last:
            return False
        if at & 1 or at == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, each)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == root


def over(leaves: Sequence[bytes]) -> Subtree:
    """Subtrees of a tree whose leaf hashes are all at hand."""
    return lambda start, end: root_of(leaves[start:end])


def tree_head(shards: Iterable[tuple[int, int, bytes]]) -> bytes:
    """The head over all shards: the Merkle root over a line for each, (shard, size, root) in their order."""
    return root_of([leaf_hash(f"{shard} {size} {root.hex()}".encode()) for shard, size, root in shards])


def split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
