from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.slabs import BLOCK, Slab, decoded

if TYPE_CHECKING:
    from numpy.typing import NDArray


def filled(vectors: NDArray[np.float32]) -> Slab:
    slab = Slab(vectors.shape[1], len(vectors) + 3)
    keys = np.arange(len(vectors), dtype=np.int64) * 2
    slab.append(keys, keys % 5, keys + 7, vectors.astype(np.float32))
    return slab


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 21))
def test_an_error_is_never_larger_than_it_says(seed: int, rows: int, dimension: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(rows, dimension)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    slab = filled(vectors)
    decodes = decoded(slab.view(0), 0, rows)[:, :dimension]
    missing = np.linalg.norm(vectors.astype(np.float64) - decodes, axis=1)
    errors = slab.errors[:rows]
    assert (missing <= errors).all()
    # and hardly smaller, or the exact comparison would have much to do
    assert (errors <= missing + 1e-6).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 21))
def test_with_and_without_a_compiler_codes_are_the_same(
    seed: int, rows: int, dimension: int
) -> None:
    if kernel.load_kernel() is None:
        pytest.skip("there was no C compiler when Reknown was installed")
    rng = np.random.default_rng(seed)
    vectors = (rng.normal(size=(rows, dimension)) / 8).astype(np.float32)
    vectors[rng.integers(0, rows)] *= np.float32(rng.choice([0, 1, 1e3, np.inf, np.nan]))
    compiled = filled(vectors)
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(kernel, "load_kernel", lambda: None)
        plain = filled(vectors)
    for one, other in zip(compiled.arrays(rows), plain.arrays(rows), strict=True):
        lanes = (one, other)
        if one.ndim == 4:  # lanes behind the last row hold anything
            lanes = tuple(a.transpose(0, 2, 1, 3).reshape(-1, a.shape[1] * 4)[:rows] for a in lanes)  # type: ignore[assignment]
        np.testing.assert_allclose(*lanes, rtol=1e-6)


def test_what_is_removed_leaves_nothing_behind() -> None:
    vectors = (np.eye(20, 8) + 0.1).astype(np.float32)
    slab = filled(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    rows = slab.find(np.array([0, 6, 7, 38, 99], np.int64))
    assert rows.tolist() == [0, 3, 19]
    slab.remove(rows)
    assert slab.find(np.array([0, 2, 6], np.int64)).tolist() == [1]
    assert (slab.rows, slab.gaps, len(slab.present())) == (20, 3, 17)
    assert (slab.codes[rows // BLOCK, :, rows % BLOCK] == 128).all()
    assert not slab.scales[rows].any()
    assert not slab.users[rows].any()
    kept = slab.compacted()
    assert (kept.rows, kept.gaps) == (17, 0)
    assert kept.keys[:17].tolist() == [key for key in range(0, 40, 2) if key not in {0, 6, 38}]
    assert kept.room >= slab.room
    decodes = decoded(kept.view(0), 0, 17)
    before = decoded(slab.view(0), 0, 20)[slab.present()]
    np.testing.assert_array_equal(decodes, before)


@given(st.sets(st.integers(0, 60), min_size=1), st.sets(st.integers(-5, 70)))
def test_a_row_is_found_once_whatever_else_is_asked_for(here: set[int], asked: set[int]) -> None:
    slab = Slab(4, len(here))
    keys = np.array(sorted(here), np.int64)
    slab.append(keys, keys, keys, np.tile(np.eye(1, 4, dtype=np.float32), (len(here), 1)))
    rows = slab.find(np.array(sorted(asked), np.int64))
    assert slab.keys[rows].tolist() == sorted(here & asked)
