"""A mesh -> how the head is turned and what the face does, apart from that.

The mean head in `head.csv` is the mean of the meshes of 50 volunteers who looked into the camera
(the odd numbers of the neutral images of the Face Research Lab London Set), made symmetric. Its
unit is the distance of the eyes, each taken as the middle of its corners; x is to the image's
right, y down, z away from the camera, and the origin lies between the eyes.
`bench/mean_head.py` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.faces import Pose

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How the mean head lies in a mesh.

    `rotation` (3, 3) turns it, `scale` is pixels of the image for each unit, and `face` (468, 3)
    is the mesh turned back and scaled to the mean head's units.
    """

    rotation: Doubles
    scale: float
    face: Doubles


def mean_head() -> Doubles:
    """The mean head, (468, 3)."""
    text = (files(__package__ or "") / "head.csv").read_text("utf-8")
    rows = [[float(number) for number in line.split(",")] for line in text.splitlines()[1:]]
    return np.array(rows, np.float64)


def fit_head(head: Doubles, mesh: Doubles) -> Fit:
    """Turns, scales and moves `head` (468, 3) nearest to `mesh`, by least squares.

    Umeyama, IEEE PAMI 13 (1991).
    """
    at, centre = head.mean(axis=0), mesh.mean(axis=0)
    from_head, from_mesh = head - at, mesh - centre
    left, sizes, right = np.linalg.svd(from_mesh.T @ from_head)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * signs) @ right
    scale = max(float((sizes * signs).sum() / (from_head**2).sum()), np.finfo(float).tiny)
    return Fit(rotation, scale, from_mesh @ rotation / scale + at)


def turned(pose: Pose) -> Doubles:
    """The rotation (3, 3) of a head in this pose: by yaw, then by pitch, then by roll."""
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    cos, sin = np.cos(yaw), np.sin(yaw)
    by_yaw = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    cos, sin = np.cos(pitch), np.sin(pitch)
    by_pitch = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    cos, sin = np.cos(roll), np.sin(roll)
    by_roll = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return np.asarray(by_roll @ by_pitch @ by_yaw)


def pose_of(rotation: Doubles) -> Pose:
    """The pose of such a rotation, in degrees; yaw and roll -180 to 180, pitch -90 to 90."""
    angles = (
        np.arctan2(rotation[2, 0], rotation[2, 2]),
        np.arcsin(np.clip(-rotation[2, 1], -1, 1)),
        np.arctan2(-rotation[0, 1], rotation[1, 1]),
    )
    return Pose(*(float(np.degrees(angle)) for angle in angles))
