"""Image -> faces -> templates: the engine that everything else calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.faces import DetectedFace
from reknown.biometrics.geometry import BoundingBox, Landmarks, Point
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.vision.pose import estimate_pose
from reknown.vision.quality import assess, with_magnitude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.vision.attributes.analyst import FaceMeshAnalyst
    from reknown.vision.detect.base import Detections, Detector
    from reknown.vision.embed.base import Embedder, Embeddings

# Faces of a crowd are embedded in batches, so that their chips do not fill memory.
_TOGETHER = 8


class Look(Enum):
    """How closely faces are looked at: with five points, a mesh, or a mesh and the eyes."""

    GLANCE = "glance"
    POSE = "pose"
    ATTRIBUTES = "attributes"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Engine:
    """A loaded model pack; safe to use from several threads at once.

    `pixels` is uint8 RGB (height, width, 3), boxes and landmarks are ratios of it.
    `calibration` is None for a pack whose scores have not been measured yet; `memory` is about
    how many bytes it takes once it has been in use. `analyst` gives what measures meshes, None
    where nothing does, and loads it when it is first called.
    """

    detector: Detector
    embedder: Embedder
    space: TemplateSpace
    calibration: Calibration | None
    memory: int = 0
    analyst: Callable[[], FaceMeshAnalyst | None] = lambda: None

    def detect(
        self, pixels: NDArray[np.uint8], look: Look = Look.GLANCE, largest: int | None = None
    ) -> tuple[DetectedFace, ...]:
        """All faces or the `largest` ones, largest first; raises `ModelFileError`.

        Where nothing measures meshes, or a mesh does not show a face, poses are of five points.
        """
        found = self.detector.detect(pixels)
        boxes = sorted(
            ((_box(pixels, found.boxes[i]), i) for i in _finite(found)),
            key=lambda each: -each[0].area,
        )
        analyst = None if look is Look.GLANCE else self.analyst()
        return tuple(
            _face(pixels, box, found.landmarks[i], float(found.scores[i]), analyst, look)
            for box, i in boxes[:largest]
        )

    def embed(
        self, pixels: NDArray[np.uint8], faces: Sequence[DetectedFace]
    ) -> tuple[Template, ...]:
        """One template for each face, in the same order."""
        if not faces:
            return ()
        height, width = pixels.shape[:2]
        points = [[(p.x * width, p.y * height) for p in face.landmarks.points()] for face in faces]
        landmarks = np.array(points, np.float32)
        parts = (landmarks[i : i + _TOGETHER] for i in range(0, len(faces), _TOGETHER))
        made = [self.embedder.embed(pixels, part) for part in parts]
        return tuple(template for part in made for template in self._templates(part))

    def extract(
        self, pixels: NDArray[np.uint8], faces: Sequence[DetectedFace]
    ) -> tuple[tuple[DetectedFace, Template], ...]:
        """Each face with its quality as its template shows it, and that template."""
        pairs = zip(faces, self.embed(pixels, faces), strict=True)
        return tuple(
            (replace(face, quality=with_magnitude(face.quality, template.magnitude)), template)
            for face, template in pairs
        )

    def _templates(self, made: Embeddings) -> Iterator[Template]:
        for number, vector in enumerate(made.vectors):
            magnitude = None if made.magnitudes is None else float(made.magnitudes[number])
            yield Template(vector, self.space, magnitude)


def _finite(found: Detections) -> NDArray[np.intp]:
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    good = np.isfinite(found.boxes).all(axis=1) & np.isfinite(found.landmarks).all(axis=(1, 2))
    return np.flatnonzero(good & np.isfinite(found.scores) & (sides > 0).all(axis=1))


def _box(pixels: NDArray[np.uint8], box: NDArray[np.float32]) -> BoundingBox:
    height, width = pixels.shape[:2]
    left, top, right, bottom = (float(v) for v in box)
    return BoundingBox(left / width, top / height, (right - left) / width, (bottom - top) / height)


def _face(
    pixels: NDArray[np.uint8],
    box: BoundingBox,
    landmarks: NDArray[np.float32],
    confidence: float,
    analyst: FaceMeshAnalyst | None,
    look: Look,
) -> DetectedFace:
    height, width = pixels.shape[:2]
    seen = None if analyst is None else analyst.look(pixels, landmarks)
    pose = estimate_pose(landmarks) if seen is None else seen.pose
    attributes = None
    if analyst is not None and seen is not None and look is Look.ATTRIBUTES:
        attributes = analyst.attributes(pixels, seen)
    points = (Point(float(x) / width, float(y) / height) for x, y in landmarks)
    return DetectedFace(
        box=box,
        landmarks=Landmarks(*points),
        confidence=min(max(confidence, 0.0), 1.0),
        pose=pose,
        quality=assess(pixels, landmarks, pose),
        attributes=attributes,
    )
