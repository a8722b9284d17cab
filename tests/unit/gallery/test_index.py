from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from reknown.gallery import index as module
from reknown.gallery.index import ExactIndex

Floats = NDArray[np.float32]


def naive(references: Floats, probe: Floats, k: int) -> tuple[list[int], list[float]]:
    scores = (references.astype(np.float64) * probe).sum(axis=1)
    rows = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:k]
    return rows, [float(scores[row]) for row in rows]


def units(rng: np.random.Generator, count: int, dimension: int) -> Floats:
    vectors = rng.normal(size=(count, dimension)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    references=st.integers(0, 60),
    distinct=st.integers(1, 8),
    probes=st.integers(0, 4),
    k=st.integers(1, 70),
    rows=st.integers(1, 20),
)
def test_finds_what_sorting_everything_finds(
    seed: int, references: int, distinct: int, probes: int, k: int, rows: int
) -> None:
    rng = np.random.default_rng(seed)
    # many of the references are equal, so that most scores tie
    vectors = units(rng, distinct, 37)[rng.integers(0, distinct, references)]
    asked = units(rng, probes, 37)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_ROWS", rows)
        found = ExactIndex(vectors).search(asked, k)
    assert [(r.tolist(), s.tolist()) for r, s in found] == [
        naive(vectors, probe, k) for probe in asked
    ]


def test_tells_apart_what_float32_cannot() -> None:
    rng = np.random.default_rng(5)
    vectors = np.repeat(units(rng, 1, 384), 3000, axis=0)
    vectors += rng.integers(-2, 3, vectors.shape).astype(np.float32) * np.float32(2**-28)
    probe = units(rng, 1, 384)
    ((rows, scores),) = ExactIndex(vectors).search(probe, 10)
    assert (rows.tolist(), scores.tolist()) == naive(vectors, probe[0], 10)
    assert len(np.unique(scores.astype(np.float32))) < 10


@given(
    seed=st.integers(0, 999), k=st.integers(1, 60), least=st.floats(-1, 1), rows=st.integers(1, 20)
)
def test_leaves_out_only_what_does_not_count(seed: int, k: int, least: float, rows: int) -> None:
    rng = np.random.default_rng(seed)
    vectors, probe = units(rng, 50, 5), units(rng, 1, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK_ROWS", rows)
        ((found, scores),) = ExactIndex(vectors).search(probe, k, least)
    expected = [pair for pair in zip(*naive(vectors, probe[0], k), strict=True) if pair[1] >= least]
    got = zip(found.tolist(), scores.tolist(), strict=True)
    assert [pair for pair in got if pair[1] >= least] == expected


@pytest.mark.parametrize("probes", [1, 100])
def test_memory_stays_bounded(probes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = units(np.random.default_rng(1), 10_000, 8)
    # 4 million bytes of scores, were it done at once
    monkeypatch.setattr(module, "_BLOCK_SCORES", 100_000)
    index = ExactIndex(vectors)
    tracemalloc.start()
    found = index.search(vectors[:probes], 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [int(rows[0]) for rows, _ in found] == list(range(probes))
    assert peak < 3_000_000
