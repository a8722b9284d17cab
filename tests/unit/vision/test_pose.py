from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reknown.vision.pose import _HEAD, estimate_pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine


def _landmarks(yaw: float, pitch: float, roll: float, scale: float) -> np.ndarray:
    """The mean head turned by textbook rotation matrices and seen from far away."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    about_z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(scale * (_HEAD @ about_y.T @ about_x.T @ about_z.T)[:, :2] + 500)


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-179, 179), st.floats(0.1, 30))
def test_a_turned_head_is_found_again(yaw: float, pitch: float, roll: float, scale: float) -> None:
    pose = estimate_pose(_landmarks(yaw, pitch, roll, scale))
    assert (pose.yaw, pose.pitch) == pytest.approx((yaw, pitch), abs=0.5)
    assert (pose.roll - roll + 180) % 360 - 180 == pytest.approx(0, abs=0.5)


@given(arrays.arrays(np.float32, (5, 2), elements=st.floats(-1e4, 1e4, width=32)))
def test_any_points_give_angles_in_range(points: np.ndarray) -> None:
    pose = estimate_pose(points)
    assert abs(pose.yaw) <= 90
    assert abs(pose.pitch) <= 90
    assert abs(pose.roll) <= 180


def test_the_mirror_image_looks_the_other_way() -> None:
    points = _landmarks(25, 10, 15, 2)
    mirrored = points[[1, 0, 2, 4, 3]] * [-1, 1]
    pose = estimate_pose(mirrored)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-25, 10, -15), abs=0.1)


def test_a_real_portrait_looks_almost_into_the_camera(
    engine: Engine, eileen_pixels: NDArray[np.uint8]
) -> None:
    (face,) = engine.detect(eileen_pixels)
    assert abs(face.pose.yaw) < 20
    assert abs(face.pose.pitch) < 40
    assert abs(face.pose.roll) < 20
