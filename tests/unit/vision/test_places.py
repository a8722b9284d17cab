from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.geometry import BoundingBox, Landmarks, Point
from reknown.vision.places import ImagePart, turned_back
from video_faces import face

_SHARES = st.floats(0, 1)


@given(_SHARES, _SHARES, st.sampled_from([1, 2, 3]))
def test_a_point_of_a_turned_copy_is_where_its_pixel_was(x: float, y: float, turns: int) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    row, column = min(int(y * 40), 39), min(int(x * 60), 59)
    pixels[row, column] = 1
    copy = np.rot90(pixels, turns)
    ((turned_row, turned_column),) = np.argwhere(copy)
    place = Point((turned_column + 0.5) / copy.shape[1], (turned_row + 0.5) / copy.shape[0])
    moved = turned_back(replace(face(), landmarks=Landmarks(*[place] * 5)), turns)
    assert moved.landmarks.nose.x == pytest.approx((column + 0.5) / 60)
    assert moved.landmarks.nose.y == pytest.approx((row + 0.5) / 40)


@pytest.mark.parametrize(
    ("turns", "box", "roll"),
    [
        (1, BoundingBox(0.4, 0.1, 0.4, 0.3), 95),
        (2, BoundingBox(0.6, 0.4, 0.3, 0.4), -175),
        (3, BoundingBox(0.2, 0.6, 0.4, 0.3), -85),
    ],
)
def test_a_box_is_turned_back_and_the_head_leans_as_it_does_in_the_image(
    turns: int, box: BoundingBox, roll: float
) -> None:
    seen = replace(face(), box=BoundingBox(0.1, 0.2, 0.3, 0.4))
    moved = turned_back(replace(seen, pose=replace(seen.pose, roll=5.0)), turns)
    assert moved.pose.roll == pytest.approx(roll)
    found = moved.box
    assert (found.left, found.top, found.width, found.height) == pytest.approx(
        (box.left, box.top, box.width, box.height)
    )


def test_what_is_seen_in_a_part_or_with_a_margin_is_where_it_is_in_the_image() -> None:
    seen = replace(face(), box=BoundingBox(0.5, 0.5, 0.25, 0.25))
    part = ImagePart(100, 50, 300, 150, 400, 200).in_image(seen).box
    assert part == BoundingBox(0.5, 0.5, 0.125, 0.125)
    margin = ImagePart(-100, -50, 500, 250, 400, 200).in_image(seen).box
    assert margin == BoundingBox(0.5, 0.5, 0.375, 0.375)
