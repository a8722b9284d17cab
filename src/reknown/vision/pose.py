"""Landmarks -> head pose, by fitting a mean head seen from far away (weak perspective)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.faces import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Millimetres, x to the image's right, y down, z away from the camera; origin between the
# eyes. Width and height follow the mean face that the alignment uses, scaled to the mean
# adult distance of the pupils (63 mm); the nose's depth is the mean protrusion of its tip.
_HEAD = np.array(
    [
        [-31.5, 0.0, 0.0],
        [31.5, 0.0, 0.0],
        [0.0, 35.3, -32.0],
        [-28.3, 67.0, -8.0],
        [28.3, 67.0, -8.0],
    ]
)
_MAX_STEPS = 12
_CONVERGED = 1e-3
_DAMPING = 1e-3
_PROBE = 1e-5
_PROBES = np.vstack([np.zeros(4), _PROBE * np.eye(4), -_PROBE * np.eye(4)])


def estimate_pose(landmarks: NDArray[np.floating]) -> Pose:
    """The pose for `landmarks` (5, 2) in pixels: eye, eye, nose, mouth corner, mouth corner.

    Gauss-Newton over yaw, pitch, roll and scale. From five points yaw and roll are good to
    a few degrees, but pitch is rough, thirty degrees off on some faces: a long nose or a
    smile looks like a tilted head.
    """
    points = np.asarray(landmarks, np.float64)
    points = points - points.mean(axis=0)
    eyes = points[1] - points[0]
    scale = max(float(np.linalg.norm(points)), 1e-9) / float(np.linalg.norm(_HEAD[:, :2]))
    state = np.array([0.0, 0.0, np.arctan2(eyes[1], eyes[0]), np.log(scale)])
    for _ in range(_MAX_STEPS):
        projected = _project(state + _PROBES).reshape(len(_PROBES), -1) / scale
        residual = points.ravel() / scale - projected[0]
        jacobian = (projected[1:5] - projected[5:]).T / (2 * _PROBE)
        normal = jacobian.T @ jacobian + _DAMPING * np.eye(4)
        step = np.clip(np.linalg.solve(normal, jacobian.T @ residual), -0.3, 0.3)
        state = state + step
        state[:2] = np.clip(state[:2], -np.pi / 2, np.pi / 2)
        if np.abs(step).max() < _CONVERGED:
            break
    yaw, pitch, roll = np.degrees(state[:3])
    return Pose(float(yaw), float(pitch), float((roll + 180) % 360 - 180))


def _project(states: NDArray[np.float64]) -> NDArray[np.float64]:
    """The turned head for (m, 4) states: yaw, then pitch, then roll; (m, 5, 2), centred."""
    yaw, pitch, roll, log_scale = (states[:, i, None] for i in range(4))
    x, y, z = _HEAD.T
    x, z = x * np.cos(yaw) - z * np.sin(yaw), x * np.sin(yaw) + z * np.cos(yaw)
    y = y * np.cos(pitch) + z * np.sin(pitch)
    turned = np.stack(
        [x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)], axis=2
    )
    centred = turned - turned.mean(axis=1, keepdims=True)
    return np.asarray(np.exp(log_scale)[..., None] * centred)
