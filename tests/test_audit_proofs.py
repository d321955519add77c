"""Proofs in the hash tree: the values that Certificate Transparency's implementations test themselves with, and laws.

Source: the eight leaves, roots and paths of github.com/google/certificate-transparency (merkle tests), which
github.com/transparency-dev/merkle carries on (testonly/constants.go).
"""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.audit import consistency, consistent, frontier, included, inclusion, leaf_hash, node_hash, over, root_of, tree_head

LEAVES = [
    leaf_hash(bytes.fromhex(each))
    for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SECOND = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
THIRD_AND_FOURTH = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
LAST_FOUR = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
FIFTH = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
LAST_TWO = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
FIFTH_AND_SIXTH = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size):
    assert root_of(LEAVES[:size]).hex() == frontier(LEAVES[:size]).root.hex() == ROOTS[size - 1]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (0, 8, [SECOND, THIRD_AND_FOURTH, LAST_FOUR]),
        (5, 8, [FIFTH, LAST_TWO, ROOTS[3]]),
        (2, 3, [ROOTS[1]]),
        (1, 5, [ROOTS[0], THIRD_AND_FOURTH, FIFTH]),
    ],
    ids=str,
)
def test_inclusion_paths_are_the_published_ones(index, size, path):
    assert [each.hex() for each in inclusion(index, size, over(LEAVES))] == path
    assert included(LEAVES[index], index, size, list(map(bytes.fromhex, path)), bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(
    ("first", "size", "path"),
    [
        (1, 1, []),
        (1, 8, [SECOND, THIRD_AND_FOURTH, LAST_FOUR]),
        (6, 8, [FIFTH_AND_SIXTH, LAST_TWO, ROOTS[3]]),
        (2, 5, [THIRD_AND_FOURTH, FIFTH]),
    ],
    ids=str,
)
def test_consistency_paths_are_the_published_ones(first, size, path):
    assert [each.hex() for each in consistency(first, size, over(LEAVES))] == path
    roots = (bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[size - 1]))
    assert consistent(first, size, list(map(bytes.fromhex, path)), *roots)


@cache
def leaves(size):
    return [leaf_hash(str(number).encode()) for number in range(size)]


SIZES = st.integers(1, 300)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(size=SIZES, data=st.data())
def test_a_path_proves_its_own_leaf_in_its_own_place_and_nothing_else(size, data):
    held, index = leaves(size), data.draw(st.integers(0, size - 1))
    path, root = inclusion(index, size, over(held)), root_of(held)
    assert included(held[index], index, size, path, root)
    other = data.draw(st.integers(0, size - 1))
    assert included(held[other], index, size, path, root) is (other == index)
    assert included(held[index], other, size, path, root) is (other == index)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not included(held[index], index, size, path[:at] + path[at + 1 :], root)
        assert not included(held[index], index, size, [*path, root], root)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(size=SIZES, data=st.data())
def test_a_tree_is_consistent_with_each_beginning_of_it_and_with_no_other(size, data):
    held, first = leaves(size), data.draw(st.integers(1, size))
    path, root = consistency(first, size, over(held)), root_of(held)
    assert consistent(first, size, path, root_of(held[:first]), root)
    changed = [*held[: first - 1], leaf_hash(b"another")]
    assert not consistent(first, size, path, root_of(changed), root)
    assert not consistent(first, size, path, root_of(held[:first]), node_hash(root, root))


@pytest.mark.parametrize("ask", [lambda: inclusion(8, 8, over(LEAVES)), lambda: inclusion(-1, 8, over(LEAVES))])
def test_what_is_not_in_the_tree_has_no_path(ask):
    with pytest.raises(ValueError, match="no such leaf"):
        ask()


@pytest.mark.parametrize("first", [0, 9])
def test_a_tree_that_never_was_has_no_path(first):
    with pytest.raises(ValueError, match="never"):
        consistency(first, 8, over(LEAVES))
    assert not consistent(first, 8, [], b"", b"")


def test_the_head_over_all_shards_moves_with_each_of_them():
    shards = [(0, 5, b"a" * 32), (1, 7, b"b" * 32)]
    heads = {tree_head(shards), tree_head(shards[::-1]), tree_head([(0, 6, b"a" * 32), shards[1]]), tree_head(shards[:1])}
    assert len(heads) == 4
