from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.vision.detect.mtcnn import MtcnnDetector, MtcnnSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class _SeesFacesEverywhere:
    """Stands for any of the three networks; counts the crops that it is given."""

    def __init__(self) -> None:
        self.crops = 0

    def run(self, values: Floats) -> dict[str, Floats]:
        count, _, height, width = values.shape
        if width in {24, 48} and height == width:
            self.crops += count
            faces = np.tile(np.array([0.01, 0.99], np.float32), (count, 1))
            box, points = np.zeros((count, 4), np.float32), np.full((count, 10), 0.5, np.float32)
            return {"face": faces, "box": box, "landmarks": points}
        rows, columns = (height - 10) // 2 + 1, (width - 10) // 2 + 1
        face = np.full((1, 2, rows, columns), 0.99, np.float32)
        return {"face": face, "box": np.zeros((1, 4, rows, columns), np.float32)}


@pytest.mark.parametrize("most", [10, 500])
def test_the_work_on_faces_everywhere_is_bounded(most: int) -> None:
    refine, output = _SeesFacesEverywhere(), _SeesFacesEverywhere()
    settings = MtcnnSettings(max_candidates=most)
    detector = MtcnnDetector(_SeesFacesEverywhere(), refine, output, settings)
    found = detector.detect(np.zeros((1500, 1500, 3), np.uint8))
    # The last network sees every face three times: once to judge it, twice for its landmarks.
    assert 0 < refine.crops <= most
    assert 0 < output.crops <= 3 * most
    assert 0 < len(found.scores) <= most
