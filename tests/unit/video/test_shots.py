from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import videos
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.templates import Template, compare
from reknown.video.shots import cut_out, sign, take_shot
from video_faces import face

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine


def frame(x: float = 0.5, image: Image.Image | None = None) -> NDArray[np.uint8]:
    actor = image or videos.eileen(240)
    ((pixels, _),) = videos.scene([0], [(actor, videos.still((x, 0.5)))])
    return pixels


def found(engine: Engine, pixels: NDArray[np.uint8]) -> DetectedFace:
    return engine.detect(pixels)[0]


def coarse(engine: Engine, pixels: NDArray[np.uint8]) -> DetectedFace:
    """The face as the search of a frame at half its size finds it."""
    return found(engine, np.asarray(Image.fromarray(pixels).reduce(2)))


def test_a_shot_is_as_good_as_a_photograph(engine: Engine) -> None:
    pixels = frame()
    shot = take_shot(engine, cut_out(pixels, coarse(engine, pixels), 40), with_jpeg=False)
    (direct,) = engine.embed(pixels, [found(engine, pixels)])
    assert engine.calibration is not None
    score = compare(direct, Template(shot.vector, engine.space))
    assert engine.calibration.similarity(score) > 99
    assert np.linalg.norm(shot.vector) == pytest.approx(1, abs=1e-5)
    assert (shot.shot.time_ms, shot.shot.jpeg) == (40, b"")


def test_a_shot_says_where_in_the_frame_it_is(engine: Engine) -> None:
    pixels = frame(0.3)
    seen = coarse(engine, pixels)
    shot = take_shot(engine, cut_out(pixels, seen, 0), with_jpeg=False).shot
    assert shot.face.box.overlap(seen.box) > 0.7
    nose, other = shot.face.landmarks.nose, seen.landmarks.nose
    assert (nose.x, nose.y) == pytest.approx((other.x, other.y), abs=0.01)


def test_an_image_comes_with_it_if_asked_for(engine: Engine) -> None:
    pixels = frame()
    shot = take_shot(engine, cut_out(pixels, coarse(engine, pixels), 0), with_jpeg=True).shot
    with Image.open(io.BytesIO(shot.jpeg)) as image:
        assert (image.format, max(image.size)) == ("JPEG", 160)


def test_a_face_that_is_not_found_again_is_taken_as_it_was(engine: Engine) -> None:
    pixels = np.full((360, 640, 3), 90, np.uint8)
    shot = take_shot(engine, cut_out(pixels, face(), 0), with_jpeg=False)
    assert shot.shot.face.box.overlap(face().box) == pytest.approx(1)
    assert np.isfinite(shot.vector).all()


numbers = st.floats(-0.5, 1.5)


@given(numbers, numbers, st.floats(0.001, 2))
def test_a_cut_out_lies_within_the_frame(x: float, y: float, side: float) -> None:
    pixels = np.zeros((90, 160, 3), np.uint8)
    part = cut_out(pixels, face(x, y, side), 0)
    assert part.pixels.size > 0
    assert max(part.pixels.shape[:2]) <= 320
    place = part.place
    assert place.left >= 0
    assert place.top >= 0
    assert place.left + place.width <= 1 + 1 / 160
    assert place.top + place.height <= 1 + 1 / 90


def test_a_cut_out_shows_the_face_with_what_is_around_it() -> None:
    part = cut_out(np.zeros((400, 400, 3), np.uint8), face(side=0.2), 7)
    assert part.place.overlap(BoundingBox(0.3, 0.3, 0.4, 0.4)) > 0.99
    assert (part.pixels.shape, part.time_ms, part.score) == ((160, 160, 3), 7, 60.0)


def test_one_face_looks_like_itself_and_not_like_another(engine: Engine) -> None:
    def signature(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.asarray(sign(pixels, [found(engine, pixels)])[0])

    one, moved = (signature(frame(x)) for x in (0.4, 0.6))
    darker = signature((frame() * 0.7).astype(np.uint8))
    other = signature(frame(image=videos.grace(240)))
    assert one @ moved > 0.9
    assert one @ darker > 0.9
    assert one @ other < 0.7


def test_nothing_has_no_signature() -> None:
    assert sign(np.zeros((90, 160, 3), np.uint8), []).shape == (0, 576)
    assert np.isfinite(sign(np.zeros((90, 160, 3), np.uint8), [face()])).all()
