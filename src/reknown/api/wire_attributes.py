"""Attributes of faces as the wire shows them.

What is not measured is left out; with `Unmeasured.NEUTRAL` it is there and says nothing, for
programs that read it unguarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, get_args

from msgspec import structs

from reknown.api import shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reknown.biometrics.faces import DetectedFace, FaceAttributes, Judgement

_ALL = frozenset(get_args(shapes.Attribute)) - {"ALL", "DEFAULT"}
_EYE_DIRECTION, _OCCLUDED = "EYE_DIRECTION", "FACE_OCCLUDED"
# Amazon leaves these two out of what it says about videos.
_IN_VIDEOS = _ALL - {_EYE_DIRECTION, _OCCLUDED}
# Amazon names what it sees from the viewer's side, biometrics from the subject's.
_LANDMARKS: Mapping[str, shapes.LandmarkType] = {
    "right_brow_outer": "leftEyeBrowLeft",
    "right_brow_inner": "leftEyeBrowRight",
    "right_brow_top": "leftEyeBrowUp",
    "left_brow_inner": "rightEyeBrowLeft",
    "left_brow_outer": "rightEyeBrowRight",
    "left_brow_top": "rightEyeBrowUp",
    "right_eye_outer": "leftEyeLeft",
    "right_eye_inner": "leftEyeRight",
    "right_eye_top": "leftEyeUp",
    "right_eye_bottom": "leftEyeDown",
    "left_eye_inner": "rightEyeLeft",
    "left_eye_outer": "rightEyeRight",
    "left_eye_top": "rightEyeUp",
    "left_eye_bottom": "rightEyeDown",
    "nose_right": "noseLeft",
    "nose_left": "noseRight",
    "mouth_top": "mouthUp",
    "mouth_bottom": "mouthDown",
    "right_pupil": "leftPupil",
    "left_pupil": "rightPupil",
    "jaw_right_upper": "upperJawlineLeft",
    "jaw_right_middle": "midJawlineLeft",
    "chin": "chinBottom",
    "jaw_left_middle": "midJawlineRight",
    "jaw_left_upper": "upperJawlineRight",
}
_AGES = (0, 120)


class Unmeasured(Enum):
    """What becomes of attributes that nothing measures."""

    OMIT = "omit"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which attributes are asked for beyond the default ones, and what of the unmeasured."""

    names: frozenset[str] = frozenset()
    unmeasured: Unmeasured = Unmeasured.OMIT

    @classmethod
    def of(cls, asked: Iterable[str] | None, unmeasured: Unmeasured) -> Wish:
        """Of the list in a request: absent and empty ones ask for nothing more."""
        names = frozenset(asked or ()) - {"DEFAULT"}
        return cls(_ALL if "ALL" in names else names, unmeasured)

    @classmethod
    def of_video(cls, unmeasured: Unmeasured, *, everything: bool) -> Wish:
        """Of a request about a video, which asks for all attributes or for none."""
        return cls(_IN_VIDEOS if everything else frozenset(), unmeasured)

    @property
    def measured(self) -> bool:
        """Whether anything is asked for beyond the default."""
        return bool(self.names)


NOTHING_MORE = Wish()


def with_attributes(detail: shapes.FaceDetail, face: DetectedFace, wish: Wish) -> shapes.FaceDetail:
    """The detail of a face with the attributes that are asked for."""
    if not wish.names:
        return detail
    found = {} if face.attributes is None else _measured(face.attributes)
    if wish.unmeasured is Unmeasured.NEUTRAL:
        found = _NEUTRAL | found
    wanted = {_MEMBERS[name]: value for name, value in found.items() if name in wish.names}
    further = _landmarks(face.attributes) if wish.names >= _IN_VIDEOS else ()
    landmarks = (*(detail.landmarks or ()), *further)
    return structs.replace(detail, landmarks=landmarks, **wanted)


def _measured(found: FaceAttributes) -> dict[str, object]:
    judged = {
        "EYES_OPEN": _as(shapes.EyeOpen, found.eyes_open),
        "MOUTH_OPEN": _as(shapes.MouthOpen, found.mouth_open),
        "SMILE": _as(shapes.Smile, found.smile),
        "SUNGLASSES": _as(shapes.Sunglasses, found.sunglasses),
    }
    known: dict[str, object] = {name: each for name, each in judged.items() if each is not None}
    if found.gaze is not None:
        gaze = found.gaze
        known[_EYE_DIRECTION] = shapes.EyeDirection(
            yaw=gaze.yaw, pitch=gaze.pitch, confidence=100 * gaze.confidence
        )
    return known | dict(_classified(found.classified))


def _classified(found: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[str, object]]:
    """What an operator's classifiers answer."""
    for attribute, shares in found.items():
        best = max(shares, key=lambda label: shares[label])
        sure = 100 * shares[best]
        name = attribute.upper()
        if name == "AGE_RANGE":
            low, high = best.split("-")
            yield name, shapes.AgeRange(low=int(low), high=int(high))
        elif name == "GENDER":
            value: shapes.GenderType = "Female" if best == "female" else "Male"
            yield name, shapes.Gender(value=value, confidence=sure)
        elif name == "EMOTIONS":
            yield name, _emotions(shares)
        else:
            yield name, _YES_OR_NO[name](value=best == "yes", confidence=sure)


def _emotions(shares: Mapping[str, float]) -> tuple[shapes.Emotion, ...]:
    ranked = sorted(shares.items(), key=lambda each: -each[1])
    return tuple(
        shapes.Emotion(type=_EMOTIONS[label], confidence=100 * share) for label, share in ranked
    )


def _as(shape: type[shapes.Shape], judged: Judgement | None) -> object:
    return None if judged is None else shape(value=judged.value, confidence=100 * judged.confidence)


def _landmarks(found: FaceAttributes | None) -> tuple[shapes.Landmark, ...]:
    points = {} if found is None else found.points
    return tuple(
        shapes.Landmark(type=_LANDMARKS[name], x=point.x, y=point.y)
        for name, point in points.items()
    )


_MEMBERS = {
    "AGE_RANGE": "age_range",
    "BEARD": "beard",
    "EMOTIONS": "emotions",
    _EYE_DIRECTION: "eye_direction",
    "EYEGLASSES": "eyeglasses",
    "EYES_OPEN": "eyes_open",
    _OCCLUDED: "face_occluded",
    "GENDER": "gender",
    "MOUTH_OPEN": "mouth_open",
    "MUSTACHE": "mustache",
    "SMILE": "smile",
    "SUNGLASSES": "sunglasses",
}
_EMOTIONS: Mapping[str, shapes.EmotionName] = {
    name.lower(): name for name in get_args(shapes.EmotionName)
}
_YES_OR_NO: Mapping[str, type[shapes.Shape]] = {
    "BEARD": shapes.Beard,
    "EYEGLASSES": shapes.Eyeglasses,
    _OCCLUDED: shapes.FaceOccluded,
    "MUSTACHE": shapes.Mustache,
}
# The enumeration of genders has two values and none for "not known".
_NEUTRAL: dict[str, object] = {
    "AGE_RANGE": shapes.AgeRange(low=_AGES[0], high=_AGES[1]),
    "BEARD": shapes.Beard(value=False, confidence=0.0),
    "EMOTIONS": (),
    _EYE_DIRECTION: shapes.EyeDirection(yaw=0.0, pitch=0.0, confidence=0.0),
    "EYEGLASSES": shapes.Eyeglasses(value=False, confidence=0.0),
    "EYES_OPEN": shapes.EyeOpen(value=False, confidence=0.0),
    _OCCLUDED: shapes.FaceOccluded(value=False, confidence=0.0),
    "GENDER": shapes.Gender(value="Female", confidence=0.0),
    "MOUTH_OPEN": shapes.MouthOpen(value=False, confidence=0.0),
    "MUSTACHE": shapes.Mustache(value=False, confidence=0.0),
    "SMILE": shapes.Smile(value=False, confidence=0.0),
    "SUNGLASSES": shapes.Sunglasses(value=False, confidence=0.0),
}
