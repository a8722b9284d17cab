import numpy as np
import pytest

from reknown.gallery.grouping import neighbours
from reknown.gallery.grouping.neighbours import nearest
from unit.gallery.grouping.drawn import people

DRAWN = people([9, 5, 3, 1, 1, 30], noise=0.8)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("k", [1, 4, 100])
def test_the_best_of_each_are_found_whatever_the_blocks(
    k: int, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_PROBES", size)
    monkeypatch.setattr(neighbours, "_REFERENCES", size)
    probes = np.array([0, 3, 20, 48])
    found = nearest(DRAWN.vectors, probes, 0.4, k)
    scores = DRAWN.vectors @ DRAWN.vectors.T
    np.fill_diagonal(scores, -1)
    for probe in probes:
        enough = np.flatnonzero(scores[probe] >= 0.4)
        best = enough[np.argsort(-scores[probe, enough], kind="stable")][:k]
        assert set(found.second[found.first == probe].tolist()) == set(best.tolist())
    assert found.scores == pytest.approx(scores[found.first, found.second])


def test_no_row_is_its_own_neighbour_but_its_copy_is() -> None:
    twice = np.concatenate([DRAWN.vectors[:1]] * 2)
    found = nearest(twice, np.array([0, 1]), 0.9, 5)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_nobody_is_compared_with_nothing() -> None:
    assert len(nearest(DRAWN.vectors, np.empty(0, np.intp), 0.1, 5)) == 0
    assert len(nearest(DRAWN.vectors, np.array([1]), 1.1, 5)) == 0
