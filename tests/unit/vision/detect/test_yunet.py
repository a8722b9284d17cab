from __future__ import annotations

import numpy as np
import pytest

from reknown.vision.detect.base import RelocatingDetector
from reknown.vision.detect.onet import OnetLocator
from reknown.vision.detect.yunet import YunetDetector, YunetSettings

STRIDES = (8, 16, 32)


class Recorder:
    """Answers one face in a chosen cell of one stride and keeps what it was asked."""

    def __init__(self, stride: int, column: int, row: int, scores: tuple[float, float]) -> None:
        self.asked: list[np.ndarray] = []
        self._face = (stride, column, row, scores)

    def run(self, values: np.ndarray) -> dict[str, np.ndarray]:
        self.asked.append(values)
        return synthetic_outputs(values.shape[3], values.shape[2], *self._face)


def synthetic_outputs(
    width: int, height: int, stride: int, column: int, row: int, scores: tuple[float, float]
) -> dict[str, np.ndarray]:
    outputs = {}
    for s in STRIDES:
        for name, n in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            outputs[f"{name}_{s}"] = np.zeros((1, width // s * (height // s), n), np.float32)
    cell = row * (width // stride) + column
    outputs[f"cls_{stride}"][0, cell] = scores[0]
    outputs[f"obj_{stride}"][0, cell] = scores[1]
    outputs[f"bbox_{stride}"][0, cell] = [0.5, 0.25, np.log(4), np.log(6)]
    outputs[f"kps_{stride}"][0, cell] = [-1, -1, 1, -1, 0, 0, -1, 1, 1, 1]
    return outputs


def test_one_face_is_decoded() -> None:
    network = Recorder(16, 3, 2, (0.81, 1.2))
    found = YunetDetector(network, YunetSettings()).detect(np.zeros((100, 200, 3), np.uint8))
    assert network.asked[0].shape == (1, 3, 128, 224)
    centre, half = np.array([3.5, 2.25]) * 16, np.array([4, 6]) * 8
    np.testing.assert_allclose(found.boxes, [[*(centre - half), *(centre + half)]], rtol=1e-6)
    points = np.array([[2, 1], [4, 1], [3, 2], [2, 3], [4, 3]]) * 16
    np.testing.assert_allclose(found.landmarks, [points])
    np.testing.assert_allclose(found.scores, [0.9])
    assert {a.dtype for a in (found.boxes, found.landmarks, found.scores)} == {np.dtype("f4")}


def test_pixels_arrive_as_bgr_with_black_around() -> None:
    network = Recorder(8, 0, 0, (0, 0))
    image = np.full((100, 200, 3), (10, 20, 30), np.uint8)
    found = YunetDetector(network, YunetSettings()).detect(image)
    (values,) = network.asked
    np.testing.assert_array_equal(values[0, :, 99, 199], [30, 20, 10])
    assert not values[0, :, 100:].any()
    assert not values[0, :, :, 200:].any()
    assert found.boxes.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)


@pytest.mark.parametrize(
    ("size", "inner"),
    [
        ((2000, 1001), (320, 160)),
        ((1280, 333), (444, 115)),
        ((90, 4000), (34, 1508)),
        ((30, 1500), (30, 1500)),
        ((320, 320), (320, 320)),
    ],
)
def test_large_images_are_scaled_down_and_boxes_back(
    size: tuple[int, int], inner: tuple[int, int]
) -> None:
    """To 320 pixels a side; long ones to half of 320 x 320, so that faces are left in them."""
    network = Recorder(32, 0, 1, (1, 1))
    detector = YunetDetector(network, YunetSettings(max_side=320))
    found = detector.detect(np.zeros((size[1], size[0], 3), np.uint8))
    canvas = tuple(-(-side // 32) * 32 for side in inner)
    assert network.asked[0].shape == (1, 3, canvas[1], canvas[0])
    scale = np.array(inner) / size
    np.testing.assert_allclose(found.landmarks[0, 2], np.array([0, 32]) / scale, rtol=1e-5)


def test_overlapping_boxes_are_one_face() -> None:
    class Twice(Recorder):
        def run(self, values: np.ndarray) -> dict[str, np.ndarray]:
            outputs = super().run(values)
            for name in ("cls_8", "obj_8", "bbox_8", "kps_8"):
                outputs[name][0, 11] = outputs[name][0, 10]
            outputs["cls_8"][0, 11] = 0.9
            return outputs

    found = YunetDetector(Twice(8, 10, 0, (1, 1)), YunetSettings()).detect(
        np.zeros((128, 128, 3), np.uint8)
    )
    np.testing.assert_allclose(found.scores, [1.0])


def test_an_image_that_looks_like_faces_everywhere_costs_a_bounded_effort() -> None:
    class Everywhere(Recorder):
        def run(self, values: np.ndarray) -> dict[str, np.ndarray]:
            outputs = super().run(values)
            for name in ("cls_8", "obj_8"):
                outputs[name][:] = 0.9
            outputs["cls_8"][0, 5] = 1.0
            return outputs

    settings = YunetSettings(max_candidates=7)
    found = YunetDetector(Everywhere(8, 0, 0, (0.9, 0.9)), settings).detect(
        np.zeros((640, 640, 3), np.uint8)
    )
    assert len(found.scores) <= 7
    assert found.scores[0] == pytest.approx((1.0 * 0.9) ** 0.5)


def test_with_onet_the_landmarks_are_its() -> None:
    """It sees every face in the middle of its box, a third up and down from there."""

    class Onet:
        def __init__(self) -> None:
            self.sizes: list[int] = []

        def run(self, values: np.ndarray) -> dict[str, np.ndarray]:
            self.sizes.append(len(values))
            xs, ys = [0.3, 0.7, 0.5, 0.35, 0.65], [0.3, 0.3, 0.5, 0.7, 0.7]
            landmarks = np.tile(np.array([*xs, *ys], np.float32), (len(values), 1))
            return {"box": np.zeros((len(values), 4), np.float32), "landmarks": landmarks}

    onet = Onet()
    yunet = YunetDetector(Recorder(16, 3, 2, (1, 1)), YunetSettings())
    detector = RelocatingDetector(yunet, OnetLocator(onet))
    assert detector.sure == yunet.sure
    found = detector.detect(np.zeros((100, 200, 3), np.uint8))
    (box,) = found.boxes
    centre, side = (box[:2] + box[2:]) / 2, max(box[2:] - box[:2])
    expected = np.array([[-0.2, -0.2], [0.2, -0.2], [0, 0], [-0.15, 0.2], [0.15, 0.2]])
    np.testing.assert_allclose(found.landmarks[0], centre + expected * side, rtol=1e-5)
    assert onet.sizes == [1, 2]


def test_an_image_without_faces_asks_onet_nothing() -> None:
    yunet = YunetDetector(Recorder(8, 0, 0, (0, 0)), YunetSettings())
    found = RelocatingDetector(yunet, OnetLocator(Never())).detect(
        np.zeros((100, 100, 3), np.uint8)
    )
    assert found.landmarks.shape == (0, 5, 2)


class Never:
    def run(self, values: np.ndarray) -> dict[str, np.ndarray]:
        raise AssertionError
