"""What every detector makes of real images, and of images that show no face."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from reknown.cli.demo_images import EILEEN, GRACE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.cli.demo_images import Portrait
    from reknown.vision.analyze import Engine
    from reknown.vision.detect.base import Detections, Detector

    Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module", params=["engine", "public_domain"], ids=["yunet", "mtcnn"])
def detector(request: pytest.FixtureRequest) -> Detector:
    engine: Engine = request.getfixturevalue(request.param)
    return engine.detector


def _shape(height: int, width: int, kind: str) -> Pixels:
    if kind == "noise":
        return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    rows, columns = np.indices((height, width))
    pattern = {
        "black": np.zeros_like(rows),
        "white": np.ones_like(rows),
        "stripes": columns // 8 % 2,
        "checkerboard": (rows // 8 + columns // 8) % 2,
    }[kind]
    return np.repeat(np.asarray(pattern * 255, np.uint8)[..., None], 3, axis=2)


def _assert_sound(found: Detections) -> None:
    count = len(found.scores)
    assert found.boxes.shape == (count, 4)
    assert found.landmarks.shape == (count, 5, 2)
    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.landmarks).all()
    assert (np.diff(found.scores) <= 0).all()
    assert ((found.scores >= 0) & (found.scores <= 1.0001)).all()


@pytest.mark.parametrize(
    ("portrait", "eyes"),
    [
        (EILEEN, [(134, 101), (177, 103)]),
        (GRACE, [(216, 192), (303, 188)]),
    ],
)
def test_both_portraits_are_found_with_the_eyes_where_they_are(
    detector: Detector, portrait: Portrait, eyes: list[tuple[int, int]]
) -> None:
    found = detector.detect(np.asarray(portrait.crop()))
    _assert_sound(found)
    assert len(found.scores) == 1
    distance = eyes[1][0] - eyes[0][0]
    assert np.abs(found.landmarks[0, :2] - eyes).max() < 0.1 * distance
    left, top, right, bottom = found.boxes[0]
    assert left < eyes[0][0] < eyes[1][0] < right
    assert top < eyes[0][1] < bottom


def test_the_landmarks_stand_in_their_order(detector: Detector) -> None:
    found = detector.detect(np.asarray(GRACE.crop()))
    eye, other_eye, nose, mouth, other_mouth = found.landmarks[0]
    assert eye[0] < nose[0] < other_eye[0]
    assert mouth[0] < other_mouth[0]
    assert max(eye[1], other_eye[1]) < nose[1] < min(mouth[1], other_mouth[1])


def test_two_hundred_faces_in_one_image_are_all_found(detector: Detector) -> None:
    tile = np.asarray(Image.fromarray(astronaut()[:200, 130:330]).resize((160, 160)))
    found = detector.detect(np.tile(tile, (10, 20, 1)))
    _assert_sound(found)
    cells = {(int(x // 160), int(y // 160)) for x, y in found.landmarks[:, 2]}
    assert len(cells) == 200
    assert len(found.scores) == 200


@pytest.mark.parametrize("kind", ["black", "white", "noise", "stripes", "checkerboard"])
def test_images_without_faces_have_hardly_any(detector: Detector, kind: str) -> None:
    found = detector.detect(_shape(1000, 1000, kind))
    _assert_sound(found)
    assert len(found.scores) <= 2


@pytest.mark.parametrize("size", [(80, 80), (80, 10_000), (10_000, 80), (81, 979), (2000, 3000)])
@pytest.mark.parametrize("kind", ["black", "noise"])
def test_every_shape_is_taken(detector: Detector, size: tuple[int, int], kind: str) -> None:
    _assert_sound(detector.detect(_shape(*size, kind)))


def test_a_face_in_a_very_long_image_is_found(detector: Detector) -> None:
    strip = np.zeros((80, 10_000, 3), np.uint8)
    strip[:, 5000:5080] = np.asarray(EILEEN.crop().resize((80, 80)))
    found = detector.detect(strip)
    _assert_sound(found)
    assert len(found.scores) == 1
    assert 5000 < found.landmarks[0, 2, 0] < 5080


@pytest.mark.parametrize(("axis", "flipped"), [(0, False), (0, True), (1, False), (1, True)])
def test_a_face_cut_by_the_edge_is_found(detector: Detector, axis: int, flipped: bool) -> None:
    """A quarter of the face is missing at one side; the box may reach beyond the image."""
    pixels = np.asarray(GRACE.crop())
    left, top, right, bottom = detector.detect(pixels).boxes[0].round().astype(int)
    cut = {
        (0, False): pixels[top + (bottom - top) // 5 :],
        (0, True): pixels[: bottom - (bottom - top) // 5],
        (1, False): pixels[:, left + (right - left) // 5 :],
        (1, True): pixels[:, : right - (right - left) // 5],
    }[axis, flipped]
    found = detector.detect(cut)
    _assert_sound(found)
    assert len(found.scores) == 1


def test_an_image_is_left_as_it_is(detector: Detector) -> None:
    pixels = np.asarray(GRACE.crop()).copy()
    before = pixels.copy()
    detector.detect(pixels)
    assert (pixels == before).all()
