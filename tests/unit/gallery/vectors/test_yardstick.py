from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.gallery.vectors.slabs import Slab
from reknown.gallery.vectors.yardstick import ROWS, SUBJECTS, best_strangers

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION = 20


@pytest.fixture
def vectors() -> NDArray[np.float32]:
    drawn = np.random.default_rng(4).normal(size=(200, DIMENSION))
    unit: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(
        np.float32
    )
    return unit


def slab(vectors: NDArray[np.float32], users: NDArray[np.int64] | None = None) -> Slab:
    keys = np.arange(1, len(vectors) + 1)
    made = Slab(DIMENSION, 2 * ROWS)
    nobody = np.zeros(len(vectors), np.int64)
    made.append(keys, nobody if users is None else users, nobody, vectors)
    return made


def test_the_best_of_the_first_subjects_is_told(vectors: NDArray[np.float32]) -> None:
    probes = vectors[150:153]
    found = best_strangers([slab(vectors).view(0)], probes, [set()] * 3)
    expected = (vectors[:SUBJECTS] @ probes.T).max(axis=0)
    assert found == pytest.approx(expected.tolist(), abs=0.01)


def test_a_subject_counts_by_its_first_reference(vectors: NDArray[np.float32]) -> None:
    users = np.repeat(np.arange(1, 101), 2)
    (found,) = best_strangers([slab(vectors, users).view(0)], vectors[180:181], [set()])
    expected = (vectors[: 2 * SUBJECTS : 2] @ vectors[180]).max()
    assert found == pytest.approx(float(expected), abs=0.01)


def test_who_is_known_is_no_stranger(vectors: NDArray[np.float32]) -> None:
    users = np.repeat(np.arange(1, 101), 2)
    # a candidate by its second reference
    (found,) = best_strangers([slab(vectors, users).view(0)], vectors[10:11], [{12}])
    others = np.delete(vectors[: 2 * SUBJECTS : 2], 5, axis=0)
    assert found == pytest.approx(float((others @ vectors[10]).max()), abs=0.01)


def test_gaps_are_passed_over(vectors: NDArray[np.float32]) -> None:
    held = slab(vectors)
    held.remove(np.arange(10))
    (found,) = best_strangers([held.view(0)], vectors[150:151], [set()])
    expected = (vectors[10 : SUBJECTS + 10] @ vectors[150]).max()
    assert found == pytest.approx(float(expected), abs=0.01)


def test_too_few_subjects_tell_nothing(vectors: NDArray[np.float32]) -> None:
    few = slab(vectors[: SUBJECTS - 1])
    assert best_strangers([few.view(0)], vectors[:1], [set()]) == []
    one = slab(vectors, np.ones(200, np.int64))
    assert best_strangers([one.view(0)], vectors[:1], [set()]) == []
    assert best_strangers([], vectors[:1], [set()]) == []
    assert best_strangers([slab(vectors).view(0)], vectors[:0], []) == []
