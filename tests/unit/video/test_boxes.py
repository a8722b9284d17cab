import numpy as np
import pytest

from reknown.video.boxes import boxes_of, measured, overlaps


def test_boxes_come_back_from_what_is_measured() -> None:
    boxes = np.array([[1.0, 2, 5, 10], [-3, 0, 7, 4]])
    assert measured(boxes)[0] == pytest.approx([3, 6, 0.5, 8])
    assert boxes_of(measured(boxes)) == pytest.approx(boxes)


def test_overlap_of_enlarged_boxes() -> None:
    a, b = np.array([[0.0, 0, 2, 2]]), np.array([[2.0, 0, 4, 2], [1.0, 0, 3, 2]])
    assert overlaps(a, b, 1.0).tolist() == pytest.approx(np.array([[0, 1 / 3]]))
    assert overlaps(a, b, 2.0).tolist() == pytest.approx(np.array([[1 / 3, 3 / 5]]))
