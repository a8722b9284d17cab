from __future__ import annotations

import base64
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.proofs.merkle import (
    EMPTY_ROOT,
    STRIDE,
    Frontier,
    consistency_proof,
    fold,
    inclusion_proof,
    is_consistent,
    is_included,
    leaf_hash,
    packed,
    root_of,
    unpacked,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHARED = Path(os.environ.get("REKNOWN_SHARED", Path(__file__).parents[4] / "shared"))
_VECTORS = _SHARED / "vectors" / "rfc9162"


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = _split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The definition of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_consistency(old: int, leaves: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """The definition of RFC 6962, 2.1.2."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = _split(len(leaves))
    if old <= split:
        left = naive_consistency(old, leaves[:split], whole=whole)
        return [*left, naive_root(leaves[split:])]
    right = naive_consistency(old - split, leaves[split:], whole=False)
    return [*right, naive_root(leaves[:split])]


def _split(count: int) -> int:
    power = 1
    while power * 2 < count:
        power *= 2
    return power


class _Kept:
    """The nodes of a tree as tables keep them: leaves, and every eighth level."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.frontier = Frontier()
        self._kept: dict[tuple[int, int], bytes] = {}
        for index, leaf in enumerate(leaves):
            self._kept[0, index] = leaf_hash(leaf)
            for level, place, node in self.frontier.append(leaf_hash(leaf)):
                self._kept[level, place] = node

    def node(self, level: int, index: int) -> bytes:
        base = level - level % STRIDE
        span = 1 << level - base
        return fold([self._kept[base, index * span + each] for each in range(span)])


_Leaves = st.integers(0, 700).map(lambda count: [b"%d" % each for each in range(count)])


@given(_Leaves)
@settings(max_examples=40, deadline=None)
def test_the_tree_is_that_of_the_definition(leaves: list[bytes]) -> None:
    tree = _Kept(leaves)
    assert tree.frontier.root() == naive_root(leaves) == root_of(len(leaves), tree.node)
    again = unpacked(len(leaves), packed(tree.frontier))
    assert (again.size, again.hashes) == (tree.frontier.size, tree.frontier.hashes)


@given(_Leaves.filter(bool), st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_are_those_of_the_definition(leaves: list[bytes], data: st.DataObject) -> None:
    tree, size = _Kept(leaves), len(leaves)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_proof(index, size, tree.node)
    assert path == naive_path(index, leaves)
    assert is_included(index, size, leaf_hash(leaves[index]), path, naive_root(leaves))
    assert not is_included(index, size, leaf_hash(b"another"), path, naive_root(leaves))
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, tree.node)
    assert proof == naive_consistency(old, leaves)
    roots = naive_root(leaves[:old]), naive_root(leaves)
    assert is_consistent(old, size, proof, *roots)
    assert old == size or not is_consistent(old, size, proof, *roots[::-1])


@given(st.integers(0, 2**40), st.lists(st.binary(min_size=0, max_size=33), max_size=6))
def test_a_frontier_of_another_size_is_none(size: int, hashes: list[bytes]) -> None:
    fits = len(hashes) == size.bit_count() and all(len(each) == 32 for each in hashes)
    if not fits:
        with pytest.raises(ValueError, match="frontier"):
            Frontier(size, hashes)


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


_FIRST = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243",
        "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
# Those of certificate transparency's first eight leaves, one root for each size of the tree.
_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def test_the_first_leaves_of_certificate_transparency() -> None:
    tree = Frontier()
    for leaf, root in zip(_FIRST, _ROOTS, strict=True):
        tree.append(leaf_hash(leaf))
        assert tree.root().hex() == root


def test_the_known_roots_take_right_proofs_and_no_wrong_ones() -> None:
    """Also where the public vectors are not: all proofs of the known trees, and each broken."""
    roots = [bytes.fromhex(root) for root in _ROOTS]
    kept = _Kept(_FIRST)
    tried = 0
    for new, root in enumerate(roots, start=1):
        for index in range(new):
            proof = inclusion_proof(index, new, kept.node)
            leaf = leaf_hash(_FIRST[index])
            assert is_included(index, new, leaf, proof, root)
            for wrong in _broken(proof):
                assert not is_included(index, new, leaf, wrong, root)
                tried += 1
            for other in (index - 1, index + 1, new):
                assert not is_included(other, new, leaf, proof, root)
            assert not is_included(index, new, leaf_hash(b"other"), proof, root)
            assert not is_included(index, new, b"", proof, root)
        for old in range(1, new):
            proof = consistency_proof(old, new, kept.node)
            assert is_consistent(old, new, proof, roots[old - 1], root)
            for wrong in _broken(proof):
                assert not is_consistent(old, new, wrong, roots[old - 1], root)
                tried += 1
            assert not is_consistent(old, new, proof, root, roots[old - 1])
            assert not is_consistent(new, old, proof, root, roots[old - 1])
        assert not is_consistent(0, new, [], EMPTY_ROOT, root)
    assert tried > 400


def _broken(proof: list[bytes]) -> Iterator[list[bytes]]:
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]
    for place, each in enumerate(proof):
        yield proof[:place] + proof[place + 1 :]
        yield [*proof[:place], bytes([each[0] ^ 1]) + each[1:], *proof[place + 1 :]]
        yield [*proof[:place], each[:-1], *proof[place + 1 :]]


@pytest.mark.skipif(not _VECTORS.exists(), reason="the vectors of RFC 9162 are not here")
@pytest.mark.parametrize(("kind", "count"), [("inclusion", 98), ("consistency", 98)])
def test_the_public_vectors(kind: str, count: int) -> None:
    files = sorted((_VECTORS / kind).rglob("*.json"))
    assert len(files) == count
    verdict = {"inclusion": _included, "consistency": _consistent}[kind]
    for file in files:
        vector = json.loads(file.read_text())
        assert verdict(vector) is not vector["wantErr"], f"{file.name}: {vector['desc']}"


def _included(vector: dict[str, Any]) -> bool:
    return is_included(
        vector["leafIdx"],
        vector["treeSize"],
        _bytes(vector["leafHash"]),
        [_bytes(each) for each in vector["proof"] or ()],
        _bytes(vector["root"]),
    )


def _consistent(vector: dict[str, Any]) -> bool:
    return is_consistent(
        vector["size1"],
        vector["size2"],
        [_bytes(each) for each in vector["proof"] or ()],
        _bytes(vector["root1"]),
        _bytes(vector["root2"]),
    )


def _bytes(text: str | None) -> bytes:
    return base64.b64decode(text or "")
