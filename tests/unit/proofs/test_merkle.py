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
    from collections.abc import Sequence

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


def test_the_first_leaves_of_certificate_transparency() -> None:
    leaves = [
        "", "00", "10", "2021", "3031", "40414243",
        "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    ]  # fmt: skip
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf_hash(bytes.fromhex(leaf)))
    known = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert tree.root().hex() == known


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
