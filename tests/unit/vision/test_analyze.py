from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.geometry import Point
from reknown.vision.detect.base import Detections
from reknown.vision.embed.base import Embeddings
from reknown.vision.quality import with_magnitude

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]

FACE = np.array([(40.0, 40), (60, 40), (50, 52), (42, 60), (58, 60)], np.float32)
BOX = np.array([30.0, 20, 70, 80], np.float32)


class _Says:
    """A detector that always finds the same."""

    sure = 0.9
    upright = 0.0

    def __init__(self, boxes: object, landmarks: object, scores: object) -> None:
        self._found = Detections(
            np.array(boxes, np.float32), np.array(landmarks, np.float32),
            np.array(scores, np.float32),
        )  # fmt: skip

    def detect(self, pixels: NDArray[np.uint8]) -> Detections:
        return self._found


@pytest.fixture
def image() -> Pixels:
    return np.random.default_rng(0).integers(0, 256, (100, 200, 3), np.uint8)


def test_boxes_and_landmarks_become_ratios_of_the_image(engine: Engine, image: Pixels) -> None:
    says = replace(engine, detector=_Says([BOX], [FACE], [0.9]))
    (face,) = says.detect(image)
    box = face.box
    assert (box.left, box.top, box.width, box.height) == pytest.approx((0.15, 0.2, 0.2, 0.6))
    eye, mouth = face.landmarks.right_eye, face.landmarks.mouth_left
    assert (eye.x, eye.y) == pytest.approx((0.2, 0.4))
    assert (mouth.x, mouth.y) == pytest.approx((0.29, 0.6))
    assert face.confidence == pytest.approx(0.9)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["box", "landmark", "score"])
def test_detections_that_are_no_numbers_are_dropped(
    engine: Engine, image: Pixels, bad: float, where: str
) -> None:
    boxes, faces = np.stack([BOX, BOX]), np.stack([FACE, FACE])
    scores = np.array([0.9, 0.8])
    {"box": boxes[0, 1:2], "landmark": faces[0, 3, :1], "score": scores[:1]}[where][:] = bad
    (face,) = replace(engine, detector=_Says(boxes, faces, scores)).detect(image)
    assert face.confidence == pytest.approx(0.8)


@pytest.mark.parametrize("box", [(30, 20, 30, 80), (30, 20, 70, 20), (70, 80, 30, 20)])
def test_boxes_without_an_inside_are_dropped(
    engine: Engine, image: Pixels, box: tuple[float, ...]
) -> None:
    assert replace(engine, detector=_Says([box], [FACE], [0.9])).detect(image) == ()


def test_five_landmarks_in_one_place_are_still_a_face(engine: Engine, image: Pixels) -> None:
    says = replace(engine, detector=_Says([BOX], [np.full((5, 2), 50)], [0.9]))
    (face,) = says.detect(image)
    (template,) = says.embed(image, [face])
    assert np.isfinite(template.vector).all()
    assert face.quality.inter_eye_distance.native == 0


def test_the_largest_face_comes_first_however_sure_the_detector_is(
    engine: Engine, image: Pixels
) -> None:
    boxes = [BOX * [1, 1, 1, 0.6], BOX * [1, 1, 1, 1.1], BOX]
    found = replace(engine, detector=_Says(boxes, [FACE] * 3, [0.99, 0.7, 0.8])).detect(image)
    assert [face.confidence for face in found] == pytest.approx([0.7, 0.8, 0.99])


def test_only_the_part_within_the_image_counts_as_size(engine: Engine, image: Pixels) -> None:
    boxes = [(-500, -500, 20, 20), (0, 0, 50, 50)]
    large, small = replace(engine, detector=_Says(boxes, [FACE] * 2, [0.7, 0.8])).detect(image)
    assert (large.confidence, small.confidence) == pytest.approx((0.8, 0.7))
    assert small.box.left == pytest.approx(-2.5)


def test_confidence_stays_between_0_and_1(engine: Engine, image: Pixels) -> None:
    says = replace(engine, detector=_Says([BOX, BOX], [FACE, FACE], [1.5, -0.5]))
    assert sorted(face.confidence for face in says.detect(image)) == [0, 1]


def test_no_faces_give_no_templates(engine: Engine, image: Pixels) -> None:
    nothing = _Says(np.empty((0, 4)), np.empty((0, 5, 2)), np.empty(0))
    says = replace(engine, detector=nothing)
    assert says.detect(image) == ()
    assert says.embed(image, []) == ()
    assert says.extract(image, []) == ()


def test_templates_come_in_the_order_of_the_faces(
    engine: Engine, eileen_pixels: NDArray[np.uint8]
) -> None:
    (face,) = engine.detect(eileen_pixels)
    other = replace(face, landmarks=replace(face.landmarks, nose=Point(0.1, 0.1)))
    first, second = engine.embed(eileen_pixels, [face, other])
    again, once_more = engine.embed(eileen_pixels, [other, face])
    assert np.allclose(first.vector, once_more.vector, atol=1e-5)
    assert np.allclose(second.vector, again.vector, atol=1e-5)
    assert first.space == engine.space


class _Numbers:
    """An embedder whose templates are the right eye, and whose magnitudes count the faces."""

    def __init__(self, *, magnitudes: bool = True) -> None:
        self.sizes: list[int] = []
        self._magnitudes = magnitudes

    def embed(self, pixels: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Embeddings:
        first = sum(self.sizes)
        self.sizes.append(len(landmarks))
        counted = np.arange(first, first + len(landmarks), dtype=np.float32)
        return Embeddings(landmarks[:, 0], counted if self._magnitudes else None)


def _crowd(engine: Engine, embedder: _Numbers) -> Engine:
    """Finds twenty faces, each a pixel to the right of the one before."""
    faces = [FACE + np.array([number, 0]) for number in range(20)]
    return replace(engine, detector=_Says([BOX] * 20, faces, [0.9] * 20), embedder=embedder)


def test_the_faces_of_a_crowd_are_embedded_in_batches(engine: Engine, image: Pixels) -> None:
    embedder = _Numbers()
    crowd = _crowd(engine, embedder)
    templates = crowd.embed(image, crowd.detect(image))
    assert embedder.sizes == [8, 8, 4]
    assert [template.magnitude for template in templates] == list(range(20))
    expected = FACE[0] + [(number, 0) for number in range(20)]
    assert np.allclose([template.vector for template in templates], expected, atol=1e-3)
    assert {type(template.magnitude) for template in templates} == {float}


def test_each_face_comes_with_its_template_and_what_that_shows_of_it(
    engine: Engine, image: Pixels
) -> None:
    crowd = _crowd(engine, _Numbers())
    faces = crowd.detect(image)
    pairs = crowd.extract(image, faces)
    for number, (face, (seen, template)) in enumerate(zip(faces, pairs, strict=True)):
        assert template.magnitude == number
        assert seen == replace(face, quality=with_magnitude(face.quality, number))


def test_a_pack_without_magnitudes_leaves_the_quality_as_it_was(
    engine: Engine, image: Pixels
) -> None:
    crowd = _crowd(engine, _Numbers(magnitudes=False))
    faces = crowd.detect(image)
    pairs = crowd.extract(image, faces)
    assert [face for face, _ in pairs] == list(faces)
    assert {template.magnitude for _, template in pairs} == {None}
    assert {face.quality.magnitude for face in faces} == {None}


def test_only_sface_tells_how_recognisable_a_face_is(
    engine: Engine, public_domain: Engine, eileen_pixels: NDArray[np.uint8]
) -> None:
    ((face, template),) = engine.extract(eileen_pixels, engine.detect(eileen_pixels))
    assert template.magnitude == pytest.approx(12.8, abs=0.5)
    assert face.quality.magnitude is not None
    assert face.quality.magnitude.native == template.magnitude
    ((face, template),) = public_domain.extract(eileen_pixels, public_domain.detect(eileen_pixels))
    assert (face.quality.magnitude, template.magnitude) == (None, None)
