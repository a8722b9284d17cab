from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.faces import Pose
from reknown.vision.attributes.head import fit_head, mean_head, pose_of, turned

HEAD = mean_head()
YAWS, PITCHES, ROLLS = st.floats(-89, 89), st.floats(-80, 80), st.floats(-179, 179)


def test_the_mean_head_is_symmetric_and_its_eyes_are_one_apart() -> None:
    right, left = HEAD[[33, 133]].mean(axis=0), HEAD[[362, 263]].mean(axis=0)
    assert right == pytest.approx(left * [-1, 1, 1], abs=1e-3)
    assert np.linalg.norm(left - right) == pytest.approx(1, abs=1e-3)
    # the tip of the nose is the point nearest to the camera
    assert HEAD[:, 2].argmin() in {1, 4}


@given(YAWS, PITCHES, ROLLS)
def test_a_rotation_is_that_of_its_pose(yaw: float, pitch: float, roll: float) -> None:
    pose = pose_of(turned(Pose(yaw, pitch, roll)))
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=1e-6)


@given(YAWS, PITCHES, ROLLS, st.floats(0.01, 1e4))
def test_a_turned_head_is_found_as_it_was_turned(
    yaw: float, pitch: float, roll: float, scale: float
) -> None:
    rotation = turned(Pose(yaw, pitch, roll))
    fit = fit_head(HEAD, scale * HEAD @ rotation.T + [300, 200, 7])
    assert fit.rotation == pytest.approx(rotation, abs=1e-6)
    assert fit.scale == pytest.approx(scale, rel=1e-6)
    assert fit.face == pytest.approx(HEAD, abs=1e-6)


@pytest.mark.parametrize(
    ("pose", "moves"),
    [
        (Pose(30, 0, 0), (1, 0)),  # towards the right side of the image
        (Pose(0, 30, 0), (0, -1)),  # up
    ],
)
def test_signs_are_those_of_the_five_point_pose(pose: Pose, moves: tuple[int, int]) -> None:
    nose = (HEAD @ turned(pose).T)[1] - HEAD[1]
    assert nose[0] * moves[0] + nose[1] * moves[1] > 0.2


def test_points_that_have_collapsed_give_numbers_still() -> None:
    fit = fit_head(HEAD, np.zeros((468, 3)))
    assert np.isfinite(fit.face).all()
    assert np.isfinite([fit.scale, pose_of(fit.rotation).yaw]).all()
