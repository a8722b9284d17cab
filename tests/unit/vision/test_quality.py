from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reknown.biometrics.faces import FaceQuality, Pose, QualityMeasure
from reknown.vision.pose import estimate_pose
from reknown.vision.quality import assess, with_magnitude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]

FACE = np.array([(80.0, 80), (130, 80), (105, 107), (85, 130), (125, 130)])
FRONTAL = Pose(0.0, 0.0, 0.0)


def _flat(value: int, side: int = 200) -> Pixels:
    return np.full((side, side, 3), value, np.uint8)


def _sigmoid(x: float, centre: float, width: float) -> float:
    return float(1 / (1 + np.exp((centre - x) / width)))


@pytest.fixture(scope="module")
def portrait(
    engine: Engine, eileen_pixels: NDArray[np.uint8]
) -> tuple[Pixels, NDArray[np.float64]]:
    """The image and its landmarks in pixels."""
    (face,) = engine.detect(eileen_pixels)
    points = [(p.x * 300, p.y * 300) for p in face.landmarks.points()]
    return eileen_pixels, np.array(points)


def test_blur_lowers_sharpness_step_by_step(portrait: tuple[Pixels, NDArray[np.float64]]) -> None:
    pixels, points = portrait
    measured = [assess(pixels, points, FRONTAL).sharpness]
    for sigma in (1, 2, 4, 8):
        blurred = np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)
        measured.append(assess(blurred, points, FRONTAL).sharpness)
    natives = [measure.native for measure in measured]
    scores = [measure.score for measure in measured]
    assert natives == sorted(natives, reverse=True)
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 70
    assert scores[-1] < 10


def test_darkening_lowers_luminance_and_not_sharpness(
    portrait: tuple[Pixels, NDArray[np.float64]],
) -> None:
    pixels, points = portrait
    qualities = [
        assess((pixels * share).astype(np.uint8), points, FRONTAL) for share in (1, 0.5, 0.3, 0.15)
    ]
    scores = [quality.luminance_mean.score for quality in qualities]
    assert scores == sorted(set(scores), reverse=True)
    sharpness = [quality.sharpness.native for quality in qualities]
    assert sharpness == pytest.approx([sharpness[0]] * 4, rel=0.15)


def test_a_smaller_image_lowers_the_inter_eye_score_and_leaves_the_head_size(
    portrait: tuple[Pixels, NDArray[np.float64]],
) -> None:
    pixels, points = portrait
    qualities = []
    for side in (600, 300, 150, 80):
        scaled = np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA))
        qualities.append(assess(scaled.astype(np.uint8), points * side / 300, FRONTAL))
    scores = [quality.inter_eye_distance.score for quality in qualities]
    assert scores == sorted(set(scores), reverse=True)
    heads = [quality.head_size.native for quality in qualities]
    assert heads == pytest.approx([heads[0]] * 4)


@pytest.mark.parametrize("distance", [10, 50, 70, 90, 150])
def test_inter_eye_distance_is_mapped_as_in_ofiq(distance: float) -> None:
    measure = assess(_flat(128), FACE * distance / 50, FRONTAL).inter_eye_distance
    assert measure.native == pytest.approx(distance)
    assert measure.score == round(100 * _sigmoid(distance, 70, 20))


def test_inter_eye_distance_is_corrected_for_yaw() -> None:
    measure = assess(_flat(128), FACE, Pose(60, 0, 0)).inter_eye_distance
    assert measure.native == pytest.approx(100)


@pytest.mark.parametrize(
    ("degrees", "score"), [(0, 100), (30, 75), (-45, 50), (60, 25), (90, 0), (135, 0), (-180, 0)]
)
def test_each_angle_is_mapped_as_in_ofiq(degrees: float, score: int) -> None:
    quality = assess(_flat(128), FACE, Pose(degrees, degrees, degrees))
    for measure in (quality.yaw, quality.pitch, quality.roll):
        assert (measure.native, measure.score) == (degrees, score)


@pytest.mark.parametrize("grey", [0, 26, 51, 77, 128, 204, 230, 255])
def test_luminance_is_mapped_as_in_ofiq(grey: int) -> None:
    measure = assess(_flat(grey), FACE, FRONTAL).luminance_mean
    x = grey / 255
    assert measure.native == pytest.approx(x, abs=1e-6)
    expected = 100 * _sigmoid(x, 0.2, 0.05) * (1 - _sigmoid(x, 0.8, 0.05))
    assert measure.score == pytest.approx(expected, abs=0.51)


@pytest.mark.parametrize(
    ("share", "score"), [(0.45, 100), (0.5, 54), (0.4, 54), (0.35, 24), (0.2, 1), (0.8, 0)]
)
def test_head_size_is_mapped_as_in_ofiq(share: float, score: int) -> None:
    height = round(1.4 * 50 / share)
    measure = assess(_flat(128, height), FACE, FRONTAL).head_size
    assert measure.native == pytest.approx(share, abs=0.005)
    assert measure.score == pytest.approx(score, abs=2)


def test_the_unified_score_follows_the_weakest_link(
    portrait: tuple[Pixels, NDArray[np.float64]],
) -> None:
    pixels, points = portrait
    good = assess(pixels, points, FRONTAL).unified_score.score
    dark = assess((pixels * 0.1).astype(np.uint8), points, FRONTAL).unified_score.score
    turned = assess(pixels, points, Pose(80, 0, 0)).unified_score.score
    leaning = assess(pixels, points, Pose(0, 0, 80)).unified_score.score
    assert dark < good - 15
    assert turned < good - 15
    assert leaning == good


@given(
    arrays.arrays(np.float32, (5, 2), elements=st.floats(-1e6, 1e6, width=32)),
    st.sampled_from(["noise", "black", "white", "one pixel"]),
)
def test_any_landmarks_on_any_image_give_scores_in_range(
    points: NDArray[np.float32], kind: str
) -> None:
    images = {
        "noise": np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8),
        "black": _flat(0, 80),
        "white": _flat(255, 80),
        "one pixel": _flat(128, 1),
    }
    quality = assess(images[kind], points, estimate_pose(points))
    assert quality.magnitude is None
    for field in fields(FaceQuality):
        if field.name != "magnitude":
            _assert_sound(getattr(quality, field.name))


def _assert_sound(measure: QualityMeasure) -> None:
    assert isinstance(measure.score, int)
    assert 0 <= measure.score <= 100
    assert np.isfinite(measure.native)


def _quality(yaw: int = 60, pitch: int = 60) -> FaceQuality:
    seen = assess(_flat(128), FACE, FRONTAL)
    return replace(seen, yaw=QualityMeasure(0.0, yaw), pitch=QualityMeasure(0.0, pitch))


@pytest.mark.parametrize(
    ("turn", "magnitude", "score", "together"),
    [
        ((60, 60), 10.5, 50, 53.13),  # cbrt(50 * 50 * 60)
        ((90, 40), 12.5, 88, 77.50),  # 100 / (1 + exp(-2)) = 88.08; sqrt(90 * 40) = 60
        ((60, 60), 8.5, 12, 20.43),
        ((100, 100), 30.0, 100, 100.0),
        ((60, 60), 0.0, 0, 3.91),  # a score below 1 counts as 1
        ((0, 100), 12.5, 88, 42.65),
    ],
)
def test_the_magnitude_counts_twice_as_much_as_the_pose(
    turn: tuple[int, int], magnitude: float, score: int, together: float
) -> None:
    seen = _quality(*turn)
    known = with_magnitude(seen, magnitude)
    assert known.magnitude == QualityMeasure(magnitude, score)
    assert known.unified_score.native == pytest.approx(together, abs=0.005)
    assert known.unified_score.score == round(known.unified_score.native)
    assert replace(known, unified_score=seen.unified_score, magnitude=None) == seen


def test_light_sharpness_and_size_count_no_more_once_there_is_a_magnitude() -> None:
    seen, none = _quality(), QualityMeasure(0.0, 0)
    dark = replace(seen, luminance_mean=none, sharpness=none, inter_eye_distance=none)
    known = with_magnitude(seen, 11.0).unified_score
    assert with_magnitude(dark, 11.0).unified_score == known


def test_without_a_magnitude_the_quality_is_what_the_image_shows() -> None:
    assert with_magnitude(_quality(), None) == _quality()


@given(
    st.integers(0, 100),
    st.lists(st.floats(0, 1e9), min_size=2, max_size=2),
    st.lists(st.integers(0, 100), min_size=2, max_size=2),
)
def test_a_greater_magnitude_and_a_better_pose_never_lower_the_quality(
    yaw: int, magnitudes: list[float], poses: list[int]
) -> None:
    fainter, clearer = (with_magnitude(_quality(yaw), m) for m in sorted(magnitudes))
    worse, better = (with_magnitude(_quality(yaw, p), magnitudes[0]) for p in sorted(poses))
    for low, high in ((fainter, clearer), (worse, better)):
        assert low.unified_score.native <= high.unified_score.native * (1 + 1e-12)
        assert low.unified_score.score <= high.unified_score.score
        assert low.magnitude is not None
        for measure in (low.unified_score, low.magnitude):
            _assert_sound(measure)


def test_a_template_tells_blur_where_the_image_shows_detail(
    engine: Engine, eileen_pixels: NDArray[np.uint8]
) -> None:
    """Noise over a blurred face looks sharp; its template does not."""
    noise = np.random.default_rng(0).normal(0, 12, (300, 300, 3))
    blurred = np.asarray(cv2.GaussianBlur(eileen_pixels, (0, 0), 4), np.float64)
    pixels = np.clip(blurred + noise, 0, 255).astype(np.uint8)
    (face,) = engine.detect(pixels)
    ((known, _),) = engine.extract(pixels, [face])
    assert face.quality.sharpness.score > 50
    assert face.quality.unified_score.score > 50
    assert known.quality.unified_score.score < 25
