from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from decoding import decode_image
from portraits import blurred, dark_and_squeezed, dimmed, distorted, tiny
from reknown.api.wire_faces import QUALITY_FILTERS
from reknown.biometrics.faces import QualityMeasure
from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER, QualityFilter, Reason
from reknown.cli.demo_images import EILEEN, GRACE, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from reknown.biometrics.faces import DetectedFace
    from reknown.cli.demo_images import Portrait
    from reknown.vision.analyze import Engine


@pytest.fixture(scope="session")
def good(engine: Engine, eileen_pixels: NDArray[np.uint8]) -> DetectedFace:
    return engine.detect(eileen_pixels)[0]


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
    assert DEFAULT_FILTER.objections(good) == ()
    assert ANY_QUALITY.objections(good) == ()


@pytest.mark.parametrize(
    ("native", "reason", "text"),
    [
        (
            {"inter_eye_distance": 9.9},
            Reason.TOO_SMALL,
            "too small: inter eye distance 9.9 pixels, minimum 10",
        ),
        (
            {"luminance_mean": 14},
            Reason.BAD_LIGHT,
            "too dark or too bright: luminance mean 14, minimum 15",
        ),
        (
            {"sharpness": 7},
            Reason.BLURRED,
            "too blurry: sharpness 7, minimum 8",
        ),
        (
            {"unified_score": 24},
            Reason.LOW_QUALITY,
            "of low quality: unified quality score 24, minimum 25",
        ),
    ],
)
def test_each_fault_is_said_in_numbers(
    good: DetectedFace, native: dict[str, float], reason: Reason, text: str
) -> None:
    (objection,) = DEFAULT_FILTER.objections(spoilt(good, **native))
    assert objection.reason is reason
    assert str(objection) == text


@pytest.mark.parametrize("angles", [{"yaw": 60.5}, {"yaw": -60.5}, {"pitch": 61}, {"pitch": -61}])
def test_turned_heads(good: DetectedFace, angles: dict[str, float]) -> None:
    (objection,) = DEFAULT_FILTER.objections(turned(good, **angles))
    assert objection.reason is Reason.TURNED_AWAY
    assert "maximum 60" in str(objection)


def test_leaning_heads_are_fine(good: DetectedFace) -> None:
    assert DEFAULT_FILTER.objections(turned(good, roll=170, yaw=60, pitch=-60)) == ()


def test_what_is_just_asked_is_enough(good: DetectedFace) -> None:
    just = spoilt(good, inter_eye_distance=10, luminance_mean=15, sharpness=8, unified_score=25)
    assert DEFAULT_FILTER.objections(replace(just, confidence=0.8)) == ()


def test_what_is_not_clearly_a_face(good: DetectedFace) -> None:
    (objection,) = DEFAULT_FILTER.objections(replace(good, confidence=0.5))
    assert objection.reason is Reason.NOT_CLEARLY_A_FACE
    assert objection.measured == pytest.approx(50)
    assert objection.required == pytest.approx(80)


def test_the_unified_score_counts_only_once_there_is_a_template(good: DetectedFace) -> None:
    poor = spoilt(good, unified_score=0)
    assert DEFAULT_FILTER.first_objections(poor) == ()
    assert [objection.reason for objection in DEFAULT_FILTER.objections(poor)] == [
        Reason.LOW_QUALITY
    ]


def test_how_much_of_the_unified_score_is_asked_is_a_choice(good: DetectedFace) -> None:
    mediocre = spoilt(good, unified_score=49)
    assert DEFAULT_FILTER.objections(mediocre) == ()
    (objection,) = QualityFilter(min_unified=50).objections(mediocre)
    assert (objection.reason, objection.required) == (Reason.LOW_QUALITY, 50)


def test_all_that_speaks_against_a_face_is_said_at_the_end(good: DetectedFace) -> None:
    bad = spoilt(good, inter_eye_distance=1, luminance_mean=0, unified_score=0)
    first, every = DEFAULT_FILTER.first_objections(bad), DEFAULT_FILTER.objections(bad)
    assert [objection.reason for objection in first] == [Reason.TOO_SMALL]
    assert every[:1] == first
    assert [o.reason for o in every[1:]] == [Reason.BAD_LIGHT, Reason.LOW_QUALITY]


def test_what_spoils_no_template_is_no_reason(good: DetectedFace) -> None:
    odd = replace(spoilt(good, luminance_mean=0, sharpness=0), confidence=0.3)
    assert len(DEFAULT_FILTER.objections(odd)) == 3
    seen = replace(odd, quality=replace(odd.quality, magnitude=QualityMeasure(12.0, 82)))
    assert DEFAULT_FILTER.objections(seen) == ()
    poor = spoilt(seen, unified_score=24)
    assert [objection.reason for objection in DEFAULT_FILTER.objections(poor)] == [
        Reason.NOT_CLEARLY_A_FACE,
        Reason.BAD_LIGHT,
        Reason.BLURRED,
        Reason.LOW_QUALITY,
    ]


@pytest.mark.parametrize("portrait", [EILEEN, GRACE])
def test_a_dark_portrait_whose_template_is_good_passes(engine: Engine, portrait: Portrait) -> None:
    assert not any(_reasons(engine, jpeg(dimmed(portrait.crop(), 0.15))).values())


def test_all_faults_are_told_and_any_quality_has_none(good: DetectedFace) -> None:
    bad = spoilt(good, inter_eye_distance=1, luminance_mean=0, sharpness=0, unified_score=0)
    worst = turned(replace(bad, confidence=0.0), yaw=179)
    assert len(QualityFilter(min_unified=50).objections(worst)) == len(Reason)
    assert ANY_QUALITY.first_objections(worst) == ()
    assert ANY_QUALITY.objections(worst) == ()


def _reasons(engine: Engine, data: bytes) -> dict[str, set[Reason]]:
    """By filter of the protocol what it has against the largest face of an image."""
    pixels = decode_image(data).pixels
    ((face, _),) = engine.extract(pixels, engine.detect(pixels)[:1])
    return {
        name: {objection.reason for objection in quality.objections(face)}
        for name, quality in QUALITY_FILTERS.items()
    }


@pytest.mark.parametrize("portrait", [EILEEN, GRACE])
@pytest.mark.parametrize("side", [300, 200, 150])
def test_a_sharp_portrait_passes_every_filter(
    engine: Engine, portrait: Portrait, side: int
) -> None:
    image = portrait.crop().resize((side, side))
    assert not any(_reasons(engine, jpeg(image)).values())


@pytest.mark.parametrize("portrait", [EILEEN, GRACE])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda image: blurred(image, image.width / 35), Reason.BLURRED),
        (dark_and_squeezed, Reason.BAD_LIGHT),
        (lambda image: tiny(image, 50), Reason.TOO_SMALL),
        (lambda image: distorted(image, 180), Reason.LOW_QUALITY),
    ],
    ids=["blurred", "dark", "tiny", "distorted"],
)
def test_a_spoilt_portrait_is_refused_by_all_filters_but_none(
    engine: Engine,
    portrait: Portrait,
    spoil: Callable[[Image.Image], Image.Image],
    reason: Reason,
) -> None:
    found = _reasons(engine, jpeg(spoil(portrait.crop())))
    assert found["NONE"] == set()
    for name in ("AUTO", "LOW", "MEDIUM", "HIGH"):
        assert reason in found[name]


def test_the_filters_part_what_lies_between(engine: Engine) -> None:
    """The more blurred, the fewer let it pass; each begins where the one before still did."""
    passed = []
    for radius in (0, 2, 2.6, 3.2, 4):
        found = _reasons(engine, jpeg(blurred(EILEEN.crop(), radius)))
        passed.append([name for name in ("LOW", "MEDIUM", "HIGH") if not found[name]])
    assert passed == [
        ["LOW", "MEDIUM", "HIGH"],
        ["LOW", "MEDIUM", "HIGH"],
        ["LOW", "MEDIUM"],
        ["LOW"],
        [],
    ]


def test_a_pack_without_magnitudes_is_judged_by_the_image_alone(public_domain: Engine) -> None:
    assert not any(_reasons(public_domain, jpeg(EILEEN.crop())).values())
    found = _reasons(public_domain, jpeg(blurred(EILEEN.crop(), 6)))
    assert found["AUTO"] == {Reason.BLURRED}
    assert found["HIGH"] == {Reason.BLURRED, Reason.LOW_QUALITY}
