"""The hash tree of the log: leaves, the frontier that grows with each leaf, the root. Values in, values out.

Source: RFC 9162 section 2.1 (Merkle tree hash, SHA-256, prefixes 0x00 for leaves and 0x01 for nodes).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

HASH_SIZE = 32
"""Bytes."""


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


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash over leaf hashes, level by level: cheaper than a frontier where all are at hand."""
    level = list(leaves)
    while (count := len(level)) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, count - 1, 2)]
        if count & 1:
            above.append(level[-1])
        level = above
    return level[0] if level else hashlib.sha256(b"").digest()


def frontier(leaves: Iterable[bytes]) -> Frontier:
    """The frontier over `leaves`."""
    grown = Frontier()
    for leaf in leaves:
        grown = grown.grown(leaf)
    return grown
