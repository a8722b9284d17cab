from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.cli.demo_images import EILEEN, GRACE
from reknown.vision.detect.onet import (
    SIDE,
    average_landmarks,
    crops,
    locate_landmarks,
    moved,
    normalised,
    run_in_parts,
    squares,
)
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.cli.demo_images import Portrait

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

# Right eye, left eye, nose, mouth corners, in ratios of the square.
SEEN = np.array([(0.2, 0.3), (0.6, 0.25), (0.45, 0.5), (0.3, 0.7), (0.65, 0.75)], np.float32)
FACES = {EILEEN: (118.0, 50.0, 200.0, 165.0), GRACE: (172.0, 110.0, 348.0, 345.0)}


class Says:
    """Sees the same wherever it looks, and keeps how many views it was given at a time."""

    def __init__(self, shift: tuple[float, ...] = (0, 0, 0, 0)) -> None:
        self.sizes: list[int] = []
        self._shift = np.array(shift, np.float32)

    def run(self, values: Floats) -> dict[str, Floats]:
        assert values.shape[1:] == (3, SIDE, SIDE)
        self.sizes.append(len(values))
        landmarks = np.tile(SEEN.T.reshape(-1), (len(values), 1))
        return {"box": np.tile(self._shift, (len(values), 1)), "landmarks": landmarks}


@pytest.fixture(scope="module")
def onet(cache_folder: Path) -> OnnxNetwork:
    return OnnxNetwork(PackStore(cache_folder).open("opencv")["onet"])


def _boxes(*boxes: tuple[float, ...]) -> Floats:
    return np.array(boxes, np.float32).reshape(-1, 4)


def test_squares_have_the_longer_side_and_the_same_centre() -> None:
    boxes = _boxes((10, 20, 30, 80), (-5, 0, 5, 4), (3, 3, 3, 3))
    np.testing.assert_array_equal(
        squares(boxes), _boxes((-10, 20, 50, 80), (-5, -3, 5, 7), (3, 3, 3, 3))
    )


def test_boxes_move_by_shares_of_their_sides() -> None:
    box, share = _boxes((10, 20, 30, 60)), _boxes((0.5, -0.25, 0.1, 0))
    np.testing.assert_allclose(moved(box, share), _boxes((20, 10, 32, 60)), rtol=1e-6)


def test_pixels_become_numbers_from_minus_one_to_one() -> None:
    views = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    views[0, 0, 0], views[0, 0, 1] = 0, 255
    expected = (views.astype(np.float32).transpose(0, 3, 1, 2) - 127.5) / 128
    found = normalised(views)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("side", "smooth"), [(40, cv2.INTER_LINEAR), (150, cv2.INTER_AREA)])
def test_a_crop_within_the_image_is_that_part_scaled(side: int, smooth: int) -> None:
    pixels = np.asarray(GRACE.crop())
    (crop,) = crops(pixels, _boxes((100.3, 49.6, 100.3 + side, 49.6 + side)), SIDE)
    part = pixels[50 : 50 + side, 100 : 100 + side]
    np.testing.assert_array_equal(crop, cv2.resize(part, (SIDE, SIDE), interpolation=smooth))


def test_what_lies_outside_the_image_is_black() -> None:
    pixels = np.full((SIDE, 2 * SIDE, 3), 200, np.uint8)
    half = SIDE // 2
    whole = np.full((SIDE, SIDE, 3), 200, np.uint8)
    at = [(0, 0), (-half, 0), (0, -half), (2 * SIDE - half, 0), (0, half), (-half, -half)]
    seen = crops(pixels, _boxes(*((x, y, x + SIDE, y + SIDE) for x, y in at)), SIDE)
    expected = np.stack([whole] * len(at))
    expected[1, :, :half] = expected[2, :half] = expected[3, :, half:] = expected[4, half:] = 0
    expected[5, :half] = expected[5, :, :half] = 0
    np.testing.assert_array_equal(seen, expected)


NUMBERS = st.floats(-1e4, 1e4, width=32) | st.floats(width=32) | st.sampled_from([0.0, 30, 40])


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.floats(0, width=32)), max_size=4))
def test_squares_anywhere_and_of_any_size_are_cut(places: list[tuple[float, ...]]) -> None:
    """Also such as no detector should ever ask for."""
    pixels = np.full((30, 40, 3), 200, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        corners = np.array(places, np.float32).reshape(-1, 3)
        boxes = np.hstack([corners[:, :2], corners[:, :2] + corners[:, 2:]])
        cut = crops(pixels, boxes, 8)
    assert cut.shape == (len(places), 8, 8, 3)
    assert cut.dtype == np.uint8
    outside = ~((boxes[:, :2] < [40, 30]) & (boxes[:, 2:] > 0)).all(axis=1)
    assert not cut[outside].any()


def test_a_square_beyond_all_measure_takes_no_memory() -> None:
    pixels = np.full((100, 100, 3), 200, np.uint8)
    tracemalloc.start()
    cut = crops(pixels, _boxes((-1e5, -1e5, 1e5, 1e5), (-1e30, -1e30, 1e30, 1e30)), SIDE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not cut.any()
    assert peak < 10**6


def test_landmarks_are_the_mean_of_those_in_the_square_and_in_its_mirror_image() -> None:
    network = Says()
    boxes = _boxes((10, 20, 50, 100), (0, 0, 30, 20))
    found = average_landmarks(network, np.zeros((200, 200, 3), np.uint8), boxes)
    back = SEEN[[1, 0, 2, 4, 3]] * [-1, 1] + [1, 0]
    mean = (SEEN + back) / 2
    expected = [[-10, 20] + mean * 80, [0, -5] + mean * 30]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert network.sizes == [4]
    assert found.dtype == np.float32


def test_a_box_is_moved_to_the_face_before_its_landmarks_are_taken() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    found = locate_landmarks(Says((0.5, 0.25, 0.5, 0.75)), pixels, _boxes((20, 20, 60, 40)))
    # The square 20, 10, 60, 50; moved 40, 20, 80, 80; its square 30, 20, 90, 80.
    expected = average_landmarks(Says(), pixels, _boxes((30, 20, 90, 80)))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_each_face_is_looked_at_alone() -> None:
    network = Says()
    boxes = _boxes(*((i, i, i + 40, i + 50) for i in range(5)))
    found = locate_landmarks(network, np.zeros((100, 100, 3), np.uint8), boxes)
    assert network.sizes == [1, 2] * 5
    np.testing.assert_allclose(np.diff(found, axis=0), 1, rtol=1e-4)


def test_no_boxes_give_no_landmarks() -> None:
    network = Says()
    found = locate_landmarks(network, np.zeros((100, 100, 3), np.uint8), _boxes())
    assert found.shape == (0, 5, 2)
    assert network.sizes == []


def test_many_views_are_looked_at_in_parts() -> None:
    network = Says()
    outputs = run_in_parts(network, np.zeros((150, SIDE, SIDE, 3), np.uint8))
    assert network.sizes == [64, 64, 22]
    assert outputs["landmarks"].shape == (150, 10)
    assert outputs["box"].shape == (150, 4)


@pytest.mark.parametrize("portrait", FACES, ids=lambda portrait: portrait.name)
def test_landmarks_hardly_depend_on_the_box(onet: OnnxNetwork, portrait: Portrait) -> None:
    """Larger, smaller and shifted boxes all lead to the same points."""
    box = np.array(FACES[portrait], np.float32)
    side = max(box[2:] - box[:2])
    shifts = np.array(
        [(0, 0, 0, 0), (-1, -1, 1, 1), (1, 1, -1, -1), (1, 0, 1, 0), (0, -1, 0, -1)], np.float32
    )
    found = locate_landmarks(onet, np.asarray(portrait.crop()), box + shifts * side * 0.05)
    eyes = float(np.linalg.norm(found[0, 1] - found[0, 0]))
    assert np.abs(found - found[0]).max() < 0.06 * eyes
    eye, other_eye, nose, mouth, other_mouth = found[0]
    assert eye[0] < nose[0] < other_eye[0]
    assert mouth[0] < nose[0] < other_mouth[0]
    assert max(eye[1], other_eye[1]) < nose[1] < min(mouth[1], other_mouth[1])


@pytest.mark.parametrize("portrait", FACES, ids=lambda portrait: portrait.name)
def test_the_landmarks_of_a_mirrored_image_are_mirrored(
    onet: OnnxNetwork, portrait: Portrait
) -> None:
    pixels = np.asarray(portrait.crop())
    width = pixels.shape[1]
    box = np.array(FACES[portrait], np.float32)
    other = np.array([width - box[2], box[1], width - box[0], box[3]], np.float32)
    plain = average_landmarks(onet, pixels, box[None])[0]
    mirrored = average_landmarks(onet, np.ascontiguousarray(pixels[:, ::-1]), other[None])[0]
    back = mirrored[[1, 0, 2, 4, 3]] * [-1, 1] + [width, 0]
    np.testing.assert_allclose(back, plain, atol=0.01)


def test_other_faces_change_no_bit_of_the_landmarks(onet: OnnxNetwork) -> None:
    pixels = np.asarray(GRACE.crop())
    face = np.array(FACES[GRACE], np.float32)
    boxes = np.stack([face, face + 7, face - 11, face * np.float32(0.9)])
    together = locate_landmarks(onet, pixels, boxes)
    singly = [locate_landmarks(onet, pixels, box[None])[0] for box in boxes]
    np.testing.assert_array_equal(together, singly)
    np.testing.assert_array_equal(locate_landmarks(onet, pixels, boxes[::-1]), singly[::-1])
