from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reknown.services.quality_filter import ANY_QUALITY, SPOILERS, QualityFilter, Reason

if TYPE_CHECKING:
    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine
    from reknown.vision.images import DecodedImage


@pytest.fixture(scope="session")
def good(engine: Engine, eileen_image: DecodedImage) -> DetectedFace:
    return engine.detect(eileen_image)[0]


def spoilt(face: DetectedFace, **native: float) -> DetectedFace:
    """The face with other quality: a `score` for most, a `native` value for distances."""
    changes: dict[str, Any] = {}
    for name, value in native.items():
        kind = "native" if name == "inter_eye_distance" else "score"
        changes[name] = replace(getattr(face.quality, name), **{kind: value})
    return replace(face, quality=replace(face.quality, **changes))


def turned(face: DetectedFace, **angles: float) -> DetectedFace:
    return replace(face, pose=replace(face.pose, **angles))


def test_a_good_face_passes(good: DetectedFace) -> None:
    assert SPOILERS.objections(good) == ()
    assert ANY_QUALITY.objections(good) == ()


@pytest.mark.parametrize(
    ("native", "reason", "text"),
    [
        (
            {"inter_eye_distance": 13.9},
            Reason.TOO_SMALL,
            "too small: InterEyeDistance 13.9 pixels, at least 14 is asked",
        ),
        (
            {"luminance_mean": 14},
            Reason.BAD_LIGHT,
            "too dark or too bright: LuminanceMean 14 of 100, at least 15 is asked",
        ),
        (
            {"sharpness": 7},
            Reason.BLURRED,
            "too blurred: Sharpness 7 of 100, at least 8 is asked",
        ),
    ],
)
def test_each_fault_is_said_in_numbers(
    good: DetectedFace, native: dict[str, float], reason: Reason, text: str
) -> None:
    (objection,) = SPOILERS.objections(spoilt(good, **native))
    assert objection.reason is reason
    assert str(objection) == text


@pytest.mark.parametrize("angles", [{"yaw": 60.5}, {"yaw": -60.5}, {"pitch": 61}, {"pitch": -61}])
def test_turned_heads(good: DetectedFace, angles: dict[str, float]) -> None:
    (objection,) = SPOILERS.objections(turned(good, **angles))
    assert objection.reason is Reason.TURNED_AWAY
    assert "at most 60 is asked" in str(objection)


def test_leaning_heads_are_fine(good: DetectedFace) -> None:
    assert SPOILERS.objections(turned(good, roll=170, yaw=60, pitch=-60)) == ()


def test_what_is_just_asked_is_enough(good: DetectedFace) -> None:
    just = spoilt(good, inter_eye_distance=14, luminance_mean=15, sharpness=8)
    assert SPOILERS.objections(replace(just, confidence=0.9)) == ()


def test_what_is_not_clearly_a_face(good: DetectedFace) -> None:
    (objection,) = SPOILERS.objections(replace(good, confidence=0.5))
    assert objection.reason is Reason.NOT_CLEARLY_A_FACE
    assert objection.measured == pytest.approx(50)
    assert objection.required == pytest.approx(90)


def test_the_unified_score_counts_only_where_asked(good: DetectedFace) -> None:
    poor = spoilt(good, unified_score=49)
    assert SPOILERS.objections(poor) == ()
    (objection,) = QualityFilter(min_unified=50).objections(poor)
    assert objection.reason is Reason.LOW_QUALITY


def test_all_faults_are_told_and_any_quality_has_none(good: DetectedFace) -> None:
    bad = spoilt(good, inter_eye_distance=1, luminance_mean=0, sharpness=0, unified_score=0)
    worst = turned(replace(bad, confidence=0.0), yaw=179)
    assert len(QualityFilter(min_unified=50).objections(worst)) == len(Reason)
    assert ANY_QUALITY.objections(worst) == ()
