from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from decoding import decode_image
from portraits import dimmed
from reknown.biometrics.geometry import BoundingBox
from reknown.cli.demo_images import EILEEN, jpeg
from reknown.vision.extraction import ExtractionPolicy, extract
from reknown.vision.handling import SecondLook
from reknown.vision.second_look import look, stretched
from video_faces import face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine, Look

    Pixels = NDArray[np.uint8]


_TURNS = {
    1: Image.Transpose.ROTATE_90,
    2: Image.Transpose.ROTATE_180,
    3: Image.Transpose.ROTATE_270,
}


@dataclass
class _Sees:
    """An engine that finds this the first time, and that the second."""

    answers: list[tuple[DetectedFace, ...]]
    sure: float = 0.8
    upright: float = 0.89
    asked: list[Pixels] = field(default_factory=list)

    @property
    def detector(self) -> Any:
        return self

    def detect(self, pixels: Pixels, look: Look, largest: int | None) -> tuple[DetectedFace, ...]:
        self.asked.append(pixels)
        return self.answers.pop(0)


def _dark(values: int = 20) -> Pixels:
    return np.random.default_rng(0).integers(0, values, (60, 80, 3), np.uint8)


def test_an_image_with_faces_is_looked_at_once_and_is_not_touched() -> None:
    engine, pixels = _Sees([(face(),)]), _dark()
    seen = look(cast("Engine", engine), pixels)
    assert seen.pixels is pixels
    assert (seen.faces, seen.stretched, len(engine.asked)) == ((face(),), False, 1)


def test_an_image_that_uses_all_values_gets_no_second_look() -> None:
    engine = _Sees([()])
    seen = look(cast("Engine", engine), _dark(256))
    assert (seen.faces, seen.stretched, len(engine.asked)) == ((), False, 1)


def test_a_second_look_has_to_be_sure_and_says_how_dark_the_image_is() -> None:
    sure, unsure = replace(face(), confidence=0.8), replace(face(), confidence=0.79)
    engine, pixels = _Sees([(), (sure, unsure)]), _dark()
    seen = look(cast("Engine", engine), pixels)
    assert seen.stretched
    assert np.array_equal(seen.pixels, engine.asked[1])
    assert seen.pixels.max() == 255
    (found,) = seen.faces
    light, before = found.quality.luminance_mean, sure.quality.luminance_mean
    assert light.native < 0.1 < before.native
    assert replace(found, quality=replace(found.quality, luminance_mean=before)) == sure


@given(st.integers(0, 255), st.integers(0, 255))
def test_stretching_keeps_the_order_of_values(one: int, other: int) -> None:
    low, high = sorted((one, other))
    ramp = np.linspace(low, high, 4000).astype(np.uint8)
    better = stretched(np.repeat(ramp[:, None], 3, axis=1)[:, None])
    if better is None:
        assert high - low > 160 or high == low or high - low < 2
    else:
        values = better[:, 0, 0].astype(int)
        assert (np.diff(values) >= 0).all()
        assert (values[0], values[-1]) == (0, 255)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_image_of_one_colour_is_left_alone(level: int) -> None:
    assert stretched(np.full((40, 40, 3), level, np.uint8)) is None


def test_a_face_in_the_dark_is_found_and_its_template_resembles_its_mate(
    engine: Engine, eileen: bytes
) -> None:
    policy = ExtractionPolicy(engine.space)
    data = jpeg(dimmed(EILEEN.crop(), 0.03))
    assert engine.detect(decode_image(data).pixels) == ()
    found = extract(engine, decode_image, data, policy)
    assert found.stretched
    ((seen, template),) = found.fit
    assert seen.quality.luminance_mean.score < 5
    plain = extract(engine, decode_image, eileen, policy)
    assert not plain.stretched
    ((_, mate),) = plain.fit
    assert engine.calibration is not None
    assert float(template.vector @ mate.vector) > engine.calibration.score(90)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_on_its_side_is_found_and_its_template_resembles_its_mate(
    engine: Engine, eileen: bytes, turns: int
) -> None:
    policy, looks = ExtractionPolicy(engine.space), (SecondLook.TURNED,)
    data = jpeg(EILEEN.crop().transpose(_TURNS[turns]))
    found = extract(engine, decode_image, data, policy, looks)
    assert found.turned == (360 - 90 * turns)
    assert found.image.warnings == (
        f"its faces do not stand upright: it was turned by {found.turned} degrees against the "
        "clock",
    )
    ((seen, template),) = found.fit
    assert abs((seen.pose.roll + 90 * turns + 180) % 360 - 180) < 15
    plain = extract(engine, decode_image, eileen, policy, looks)
    assert (plain.turned, plain.image.warnings) == (0, ())
    ((_, mate),) = plain.fit
    assert engine.calibration is not None
    assert float(template.vector @ mate.vector) > engine.calibration.score(95)
    assert not extract(engine, decode_image, data, policy, ()).turned


def _seen(confidence: float) -> DetectedFace:
    return replace(face(), confidence=confidence)


@pytest.mark.parametrize(
    ("first", "others", "turned"),
    [
        ((), ((), (), ()), 0),
        ((), ((), (0.79,), ()), 0),
        ((), ((), (0.8,), ()), 180),
        ((), ((0.85,), (0.9,), (0.95,)), 270),
        ((0.7,), ((0.9,), (), ()), 90),
        ((0.7,), ((), (), ()), 0),
        ((0.88,), ((0.89,), (), ()), 0),  # not by much
        ((0.85, 0.85), ((0.93,), (), ()), 0),  # two as it stands, one on its side
    ],
)
def test_a_turn_has_to_be_sure_and_to_outdo_the_image_as_it_stands(
    first: tuple[float, ...], others: tuple[tuple[float, ...], ...], turned: int
) -> None:
    answers = [tuple(map(_seen, each)) for each in (first, *others)]
    if any(c >= 0.8 for each in others for c in each):
        answers.append(max(answers[1:], key=lambda each: sum(f.confidence for f in each)))
    engine = _Sees(answers)
    seen = look(cast("Engine", engine), _dark(256), looks=(SecondLook.TURNED,))
    assert seen.turned == turned
    assert len(seen.faces) == (1 if turned else len(first))


def test_an_upright_face_costs_no_further_look() -> None:
    engine = _Sees([(_seen(0.89),)])
    assert not look(cast("Engine", engine), _dark(256), looks=tuple(SecondLook)).turned
    assert len(engine.asked) == 1


def test_turns_are_looked_for_in_a_small_copy() -> None:
    engine = _Sees([(), (), (), (), ()])
    pixels = np.zeros((1500, 3000, 3), np.uint8)
    look(cast("Engine", engine), pixels, looks=(SecondLook.TURNED,))
    assert [max(asked.shape) for asked in engine.asked] == [3000, 640, 640, 640]


@pytest.mark.parametrize(("left", "found"), [(0.3, True), (0.0, False)])
def test_a_face_found_with_a_margin_has_to_be_in_the_image(left: float, found: bool) -> None:
    inner = replace(_seen(0.9), box=BoundingBox(left, 0.4, 0.2, 0.2))
    engine, pixels = _Sees([(), (inner,)]), _dark(256)
    seen = look(cast("Engine", engine), pixels, looks=(SecondLook.MARGIN,))
    assert (bool(seen.faces), seen.margin) == (found, found)
    assert engine.asked[1].shape == (90, 120, 3)
    if found:
        assert seen.faces[0].box.left == pytest.approx((0.3 * 120 - 20) / 80)
        assert seen.pixels is pixels
