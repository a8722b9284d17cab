from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.vision.text.quads import as_read, in_reading_order, part_of, sides, strip, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray


def quad(
    left: float, top: float, width: float, height: float, turn: float = 0.0
) -> NDArray[np.float32]:
    """A rectangle turned with the clock around its middle."""
    centre = (left + width / 2, top + height / 2)
    corners = cv2.boxPoints((centre, (width, height), turn))
    return as_read(np.asarray(corners, np.float32))


def test_upright_text_begins_at_the_top_left() -> None:
    assert quad(10, 20, 100, 30).tolist() == [[10, 20], [110, 20], [110, 50], [10, 50]]
    assert quad(10, 20, 30, 30).tolist() == [[10, 20], [40, 20], [40, 50], [10, 50]]


def test_what_stands_is_read_upwards_along_its_longer_side() -> None:
    standing = quad(10, 20, 30, 100)
    assert sides(standing) == (100, 30)
    assert standing[0].tolist() == [10, 120]


@given(st.floats(-80, 80), st.floats(2, 20))
def test_long_text_is_read_to_the_right_however_it_is_turned(turn: float, ratio: float) -> None:
    found = quad(500, 500, 40 * ratio, 40, turn)
    along = found[1] - found[0]
    assert along[0] > 0
    assert np.degrees(np.arctan2(along[1], along[0])) == pytest.approx(turn, abs=0.5)
    assert sides(found) == pytest.approx((40 * ratio, 40), rel=1e-3)


def test_a_strip_shows_what_the_quad_shows_upright() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    image[80:120, 100:150] = (255, 0, 0)
    image[80:120, 150:200] = (0, 0, 255)
    upright = quad(100, 80, 100, 40)
    cut = strip(image, upright, 48, 1000)
    assert cut.shape == (48, 120, 3)
    assert cut[24, 20].tolist() == [255, 0, 0]
    assert cut[24, 100].tolist() == [0, 0, 255]
    assert strip(image, turned(upright, 2), 48, 1000)[24, 20].tolist() == [0, 0, 255]
    assert strip(image, turned(upright, 1), 48, 1000).shape == (48, 19, 3)


def test_a_strip_is_never_wider_than_allowed_and_never_empty() -> None:
    image = np.full((100, 100, 3), 9, np.uint8)
    assert strip(image, quad(0, 40, 100, 1), 48, 64).shape == (48, 64, 3)
    assert strip(image, np.zeros((4, 2), np.float32), 48, 64).shape == (48, 1, 3)


def test_large_text_is_averaged_and_not_skipped_over() -> None:
    image = np.zeros((192, 1600, 3), np.uint8)
    image[:, ::2] = 255
    cut = strip(image, quad(0, 0, 1600, 192), 48, 1000)
    assert cut.shape == (48, 400, 3)
    assert abs(cut.astype(int) - 127).max() < 10


def test_parts_share_the_line_of_the_whole() -> None:
    part = part_of(quad(0, 0, 100, 20, 30), 0.25, 0.5)
    assert sides(part) == pytest.approx((25, 20), rel=1e-3)


def test_rows_are_read_from_the_top_and_each_from_the_left() -> None:
    boxes = [(200, 52, 90, 20), (10, 12, 90, 20), (10, 50, 90, 22), (200, 10, 90, 20)]
    quads = [quad(*box) for box in boxes]
    assert in_reading_order(quads) == [1, 3, 2, 0]
    assert in_reading_order([]) == []
