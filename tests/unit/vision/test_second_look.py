from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from decoding import decode_image
from portraits import dimmed
from reknown.cli.demo_images import EILEEN, jpeg
from reknown.vision.extraction import ExtractionPolicy, extract
from reknown.vision.second_look import look, stretched
from video_faces import face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine, Look

    Pixels = NDArray[np.uint8]


@dataclass
class _Sees:
    """An engine that finds this the first time, and that the second."""

    answers: list[tuple[DetectedFace, ...]]
    sure: float = 0.8
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
