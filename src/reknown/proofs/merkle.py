"""Proofs out of a tree whose nodes can be asked for (RFC 6962, 2.1.1 and 2.1.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.proofs.reknown_check import (
    EMPTY_ROOT,
    HASH_BYTES,
    STRIDE,
    Frontier,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # the hash of the complete subtree at this level and index
    Nodes = Callable[[int, int], bytes]

__all__ = [
    "EMPTY_ROOT",
    "STRIDE",
    "Frontier",
    "consistency_proof",
    "fold",
    "inclusion_proof",
    "is_consistent",
    "is_included",
    "leaf_hash",
    "node_hash",
    "packed",
    "root_of",
    "unpacked",
]


def packed(frontier: Frontier) -> bytes:
    """As a column keeps it."""
    return b"".join(frontier.hashes)


def unpacked(size: int, hashes: bytes) -> Frontier:
    """What `packed` made; raises `ValueError` for anything else."""
    parts = (hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES))
    return Frontier(size, parts)


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over neighbours of one level, of which there are a power of two."""
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


def root_of(size: int, nodes: Nodes) -> bytes:
    """Of the first `size` leaves."""
    return _root(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """That the leaf at `index` is among the first `size`; `0 <= index < size`."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_root(middle, end, nodes))
            end = middle
        else:
            path.append(_root(start, middle, nodes))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """That the first `new` leaves begin with the first `old`; `0 < old <= new`."""
    path: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_root(middle, end, nodes))
            end = middle
        else:
            path.append(_root(start, middle, nodes))
            start = middle
    # whoever asks has the root of the old tree, which is this node if it begins at 0
    return [_root(start, end, nodes), *path[::-1]] if start else path[::-1]


def _root(start: int, end: int, nodes: Nodes) -> bytes:
    count = end - start
    if not count & (count - 1):
        level = count.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _split(count)
    return node_hash(_root(start, middle, nodes), _root(middle, end, nodes))


def _split(count: int) -> int:
    """The largest power of two below it."""
    return 1 << (count - 1).bit_length() - 1
