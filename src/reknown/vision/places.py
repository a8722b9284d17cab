"""Faces found in a part of an image, or in a copy that was turned: where they are in the image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reknown.biometrics.faces import DetectedFace, Pose
from reknown.biometrics.geometry import BoundingBox, Landmarks, Point

if TYPE_CHECKING:
    from collections.abc import Callable

    Place = Callable[[Point], Point]


@dataclass(frozen=True, slots=True)
class ImagePart:
    """A part of an image of `width` x `height`, or a frame around it, in pixels.

    It begins at `left` and `top`, which are below zero for a frame.
    """

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int

    def in_image(self, face: DetectedFace) -> DetectedFace:
        """A face of the window as one of the image."""
        wide, high = self.right - self.left, self.bottom - self.top

        def place(point: Point) -> Point:
            return Point(
                (self.left + point.x * wide) / self.width,
                (self.top + point.y * high) / self.height,
            )

        return _moved(face, place)


def turned_back(face: DetectedFace, turns: int) -> DetectedFace:
    """A face of a copy that was turned by `turns` times 90 degrees against the clock.

    Landmarks keep their names, as eyes are those of the face however it lies.
    """
    places: dict[int, Place] = {
        1: lambda point: Point(1 - point.y, point.x),
        2: lambda point: Point(1 - point.x, 1 - point.y),
        3: lambda point: Point(point.y, 1 - point.x),
    }
    moved, pose = _moved(face, places[turns]), face.pose
    roll = (pose.roll + 90 * turns + 180) % 360 - 180
    return replace(moved, pose=Pose(pose.yaw, pose.pitch, roll))


def _moved(face: DetectedFace, place: Place) -> DetectedFace:
    box = face.box
    corners = [
        place(Point(box.left, box.top)),
        place(Point(box.left + box.width, box.top + box.height)),
    ]
    (left, right), (top, bottom) = (
        sorted(values) for values in ((p.x for p in corners), (p.y for p in corners))
    )
    return replace(
        face,
        box=BoundingBox(left, top, right - left, bottom - top),
        landmarks=Landmarks(*map(place, face.landmarks.points())),
    )
