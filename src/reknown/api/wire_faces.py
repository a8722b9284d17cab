"""Faces as the wire shows them. What no model here measures is left out, never made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.api import shapes
from reknown.api.names import image_id
from reknown.api.wire_attributes import NOTHING_MORE, Wish, with_attributes
from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER, QualityFilter, Reason
from reknown.biometrics.records import KnownGender

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.quality_filter import Objection
    from reknown.biometrics.records import FaceRecord, Profile

# Amazon names the eyes from the viewer's side, biometrics from the subject's.
_LANDMARKS: tuple[shapes.LandmarkType, ...] = (
    "eyeLeft",
    "eyeRight",
    "nose",
    "mouthLeft",
    "mouthRight",
)
_GENDERS: Mapping[KnownGender, shapes.KnownGenderType] = {
    KnownGender.MALE: "Male",
    KnownGender.FEMALE: "Female",
    KnownGender.NONBINARY: "Nonbinary",
    KnownGender.UNLISTED: "Unlisted",
}
_REASONS: Mapping[Reason, shapes.Reason] = {
    Reason.NOT_CLEARLY_A_FACE: "LOW_CONFIDENCE",
    Reason.TOO_SMALL: "SMALL_BOUNDING_BOX",
    Reason.TURNED_AWAY: "EXTREME_POSE",
    Reason.BAD_LIGHT: "LOW_BRIGHTNESS",
    Reason.BLURRED: "LOW_SHARPNESS",
    Reason.LOW_QUALITY: "LOW_FACE_QUALITY",
}
# Faces worse than these are missed more often than one in two, five, ten: bench/degradations.py.
QUALITY_FILTERS: Mapping[shapes.QualityFilter, QualityFilter] = {
    "NONE": ANY_QUALITY,
    "AUTO": DEFAULT_FILTER,
    "LOW": DEFAULT_FILTER,
    "MEDIUM": QualityFilter(min_unified=40),
    "HIGH": QualityFilter(min_unified=60),
}


def face_detail(face: DetectedFace, wish: Wish = NOTHING_MORE) -> shapes.FaceDetail:
    """A detected face with what is measured of it, and the attributes that are asked for."""
    detail = shapes.FaceDetail(
        bounding_box=bounding_box(face.box),
        confidence=percent(face.confidence),
        landmarks=_landmarks(face),
        pose=_pose(face),
        quality=_quality(face),
    )
    return with_attributes(detail, face, wish)


def compared_face(face: DetectedFace) -> shapes.ComparedFace:
    """The same in the shape that comparisons use."""
    return shapes.ComparedFace(
        bounding_box=bounding_box(face.box),
        confidence=percent(face.confidence),
        landmarks=_landmarks(face),
        pose=_pose(face),
        quality=_quality(face),
    )


def stored_face(record: FaceRecord, version: str) -> shapes.Face:
    """A reference of a collection whose template space has this version."""
    return shapes.Face(
        face_id=record.face_id,
        bounding_box=bounding_box(record.box),
        image_id=image_id(record.image.sha256),
        external_image_id=record.external_id,
        confidence=percent(record.confidence),
        index_faces_model_version=version,
        user_id=record.user,
    )


def known_gender(profile: Profile) -> shapes.KnownGender | None:
    """What the operator has told, if anything."""
    told = profile.known_gender
    return None if told is None else shapes.KnownGender(type=_GENDERS[told])


def bounding_box(box: BoundingBox) -> shapes.BoundingBox:
    """As ratios of the upright image."""
    return shapes.BoundingBox(width=box.width, height=box.height, left=box.left, top=box.top)


def percent(share: float) -> float:
    """0 to 1 as 0 to 100."""
    return min(100.0, 100 * share)


def reasons(objections: Iterable[Objection]) -> tuple[shapes.Reason, ...]:
    """The reason codes of these objections."""
    return tuple(_REASONS[objection.reason] for objection in objections)


def refusals(objections: Iterable[Objection]) -> tuple[shapes.ReknownRefusal, ...]:
    """The objections with what was measured."""
    return tuple(
        shapes.ReknownRefusal(
            reason=_REASONS[objection.reason],
            measure=objection.measure,
            measured=objection.measured,
            required=objection.required,
            message=str(objection),
        )
        for objection in objections
    )


def _landmarks(face: DetectedFace) -> tuple[shapes.Landmark, ...]:
    return tuple(
        shapes.Landmark(type=name, x=point.x, y=point.y)
        for name, point in zip(_LANDMARKS, face.landmarks.points(), strict=True)
    )


def _pose(face: DetectedFace) -> shapes.Pose:
    return shapes.Pose(roll=face.pose.roll, yaw=face.pose.yaw, pitch=face.pose.pitch)


def _quality(face: DetectedFace) -> shapes.ImageQuality:
    return shapes.ImageQuality(
        brightness=percent(face.quality.luminance_mean.native),
        sharpness=float(face.quality.sharpness.score),
    )
