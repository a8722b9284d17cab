"""Pixels and five landmarks -> pose and attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.faces import FaceAttributes, Gaze, Judgement, Pose
from reknown.vision.attributes.head import Fit, fit_head, pose_of, turned
from reknown.vision.attributes.iris import locate_eyes
from reknown.vision.attributes.measures import GazeGeometry, gaze_direction, measure
from reknown.vision.attributes.mesh import face_square, locate_mesh
from reknown.vision.attributes.points import named_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.attributes.classifiers import FaceClassifiers
    from reknown.vision.attributes.part import AttributeMeasure, FaceMeshPart
    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]
    Doubles = NDArray[np.float64]

# Below it the network itself says that it sees no face.
_PRESENT = 0.5
_EXTREME = 60.0
# In sides of the square. Faces spread by 0.15 or so, those in profile by half as much.
_LEAST_EXTENT = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class FittedMesh:
    """A face's `mesh` (468, 3) in pixels, how the mean head lies in it, and the head's pose.

    `landmarks` (5, 2) are those by which it was found.
    """

    landmarks: NDArray[np.floating]
    mesh: Doubles
    fit: Fit
    pose: Pose


@dataclass(frozen=True, slots=True, eq=False)
class FaceMeshAnalyst:
    """Measures faces with the networks of a `part`; safe for many threads.

    `classifiers` are the operator's own, if there are any.
    """

    mesh: Network
    iris: Network
    part: FaceMeshPart
    head: Doubles
    classifiers: FaceClassifiers | None = None

    def look(self, pixels: Pixels, landmarks: NDArray[np.floating]) -> FittedMesh | None:
        """The mesh of the face with these `landmarks` (5, 2) in pixels of the RGB image.

        None where the network sees no face, or one without an extent.
        """
        if not np.isfinite(landmarks).all():
            return None
        square = face_square(landmarks)
        found = locate_mesh(self.mesh, pixels, square)
        if not (found.presence >= _PRESENT and np.isfinite(found.points).all()):
            return None
        if found.points[:, :2].std(axis=0).min() < _LEAST_EXTENT * square.side:
            return None
        fit = fit_head(self.head, found.points)
        return FittedMesh(landmarks, found.points, fit, self._corrected(pose_of(fit.rotation)))

    def attributes(self, pixels: Pixels, seen: FittedMesh) -> FaceAttributes | None:
        """What the face does, None where the network for eyes gives no numbers."""
        eyes = locate_eyes(self.iris, pixels, seen.mesh)
        if not all(np.isfinite(part).all() for eye in eyes for part in (eye.contour, eye.iris)):
            return None
        measured = measure(pixels, seen.mesh, seen.fit, eyes)
        judged = {m.attribute: _judge(m, measured) for m in self.part.measures}
        height, width = pixels.shape[:2]
        table = self.part.gaze
        geometry = GazeGeometry(table.radius, table.inward, table.down, table.back)
        yaw, pitch = gaze_direction(geometry, turned(seen.pose), seen.fit.scale, eyes)
        open_eyes = judged.get("eyes_open")
        own = self.classifiers
        return FaceAttributes(
            **judged,
            classified={} if own is None else own.classify(pixels, seen.landmarks),
            gaze=Gaze(yaw, pitch, table.within * (_yes(open_eyes) if open_eyes else 1.0)),
            points=named_points(seen.mesh, eyes, (width, height)),
        )

    def _corrected(self, pose: Pose) -> Pose:
        correction = self.part.pose
        yaw = float(np.clip(pose.yaw * correction.yaw_gain, -180, 180))
        square = (pose.yaw / 100) ** 2
        pitch = pose.pitch + correction.pitch_offset + correction.pitch_by_yaw * square
        return Pose(yaw, float(np.clip(pitch, -90, 90)), pose.roll)


def _judge(model: AttributeMeasure, measured: Mapping[str, float]) -> Judgement:
    logit = model.bias + sum(w * measured[name] for name, w in model.weights.items())
    probability = 1 / (1 + float(np.exp(np.clip(-logit, -_EXTREME, _EXTREME))))
    value = probability >= 0.5
    return Judgement(value, probability if value else 1 - probability)


def _yes(judged: Judgement) -> float:
    return judged.confidence if judged.value else 1 - judged.confidence
