from typing import Any

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.gallery.grouping.sightings import marks, sightings

UNIT = np.eye(3, dtype=np.float32)


@pytest.mark.parametrize(
    "wrong",
    [
        {"vectors": UNIT[0]},
        {"vectors": UNIT * 2},
        {"vectors": UNIT + np.float32(np.nan)},
        {"vectors": UNIT + np.float32(np.inf)},
        {"photos": [0, 1]},
        {"photos": [0.0, 1.0, 2.0]},
        {"groups": [0, 1, -2]},
        {"groups": [0, 1]},
        {"fresh": [1, 0, 1]},
        {"firm": [True, False]},
    ],
)
def test_arrays_that_do_not_fit_are_refused(wrong: dict[str, Any]) -> None:
    given: dict[str, Any] = {"vectors": UNIT, "photos": [0, 1, 2]} | wrong
    with pytest.raises(InputError):
        sightings(**given)


def test_those_in_no_group_are_fresh() -> None:
    assert sightings(UNIT, [0, 1, 2], groups=[4, -1, 4]).fresh.tolist() == [False, True, False]


def test_means_of_several_views_are_shorter_than_one() -> None:
    assert len(sightings(UNIT * 0.8, [0, 1, 2])) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"apart": [(0, 3)]}, {"apart": [(-1, 0)]}, {"apart": [(1, 1)]}, {"never": [(1, 2, 3)]},
     {"never": [(4, 4)]}],
)  # fmt: skip
def test_marks_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        marks(sightings(UNIT, [0, 1, 2]), **wrong)
