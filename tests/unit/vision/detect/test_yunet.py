from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from skimage.data import astronaut

from reknown.vision.detect.yunet import YunetDetector, YunetSettings
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.onnx_guard import check_onnx

REAL_FILE = Path(os.environ.get("REKNOWN_SHARED", "../shared"), "models", "yunet_n_dynamic.onnx")
SIDE = 640
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


def synthetic_graph(outputs: dict[str, np.ndarray]) -> bytes:
    """As in the 2023mar export: one input size, constant answers."""
    zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
    nodes = [
        helper.make_node("ReduceSum", ["input"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
    ]
    weights, values = [zero], []
    for name, array in outputs.items():
        weights.append(numpy_helper.from_array(array, f"{name}_value"))
        nodes.append(helper.make_node("Add", [f"{name}_value", "nothing"], [name]))
        values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape))
    inputs = [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, SIDE, SIDE])]
    graph = helper.make_graph(nodes, "yunet", inputs, values, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return check_onnx(model.SerializeToString())


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
    picture = np.full((100, 200, 3), (10, 20, 30), np.uint8)
    found = YunetDetector(network, YunetSettings()).detect(picture)
    (values,) = network.asked
    np.testing.assert_array_equal(values[0, :, 99, 199], [30, 20, 10])
    assert not values[0, :, 100:].any()
    assert not values[0, :, :, 200:].any()
    assert found.boxes.shape == (0, 4)
    assert found.landmarks.shape == (0, 5, 2)


@pytest.mark.parametrize(("width", "height"), [(1280, 333), (2000, 1001), (90, 4000)])
def test_large_pictures_are_scaled_down_and_boxes_back(width: int, height: int) -> None:
    network = Recorder(32, 0, 1, (1, 1))
    settings = YunetSettings(max_side=320)
    found = YunetDetector(network, settings).detect(np.zeros((height, width, 3), np.uint8))
    longer = max(width, height)
    assert max(network.asked[0].shape) == 320
    scale = np.array([round(n * 320 / longer) / n for n in (width, height)])
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


@pytest.mark.parametrize(("width", "height"), [(300, 200), (1280, 960)])
def test_graphs_of_one_size_get_that_size(width: int, height: int) -> None:
    network = OnnxNetwork(synthetic_graph(synthetic_outputs(SIDE, SIDE, 16, 4, 5, (1, 1))))
    assert network.input_shape == (1, 3, SIDE, SIDE)
    detector = YunetDetector(network, YunetSettings(), (SIDE, SIDE))
    found = detector.detect(np.zeros((height, width, 3), np.uint8))
    np.testing.assert_allclose(found.landmarks[0, 2], np.array([64, 80]) * max(width / SIDE, 1))


@pytest.fixture(scope="module")
def real_network() -> OnnxNetwork:
    if not REAL_FILE.is_file():
        pytest.skip(f"no YuNet file at {REAL_FILE}: set REKNOWN_SHARED")
    return OnnxNetwork(check_onnx(REAL_FILE.read_bytes()))


@pytest.mark.parametrize("fixed", [None, (SIDE, SIDE)])
def test_the_real_network_answers_as_with_opencv(
    real_network: OnnxNetwork, fixed: tuple[int, int] | None
) -> None:
    picture = astronaut()
    found = YunetDetector(real_network, YunetSettings(), fixed).detect(picture)
    reference = cv2.FaceDetectorYN.create(str(REAL_FILE), "", picture.shape[:2], 0.6, 0.3)
    _, rows = reference.detect(np.ascontiguousarray(picture[..., ::-1]))
    (box,) = found.boxes
    expected = [*box[:2], *(box[2:] - box[:2]), *found.landmarks[0].ravel(), found.scores[0]]
    np.testing.assert_allclose(rows, [expected], rtol=1e-4)
    eye, other_eye, nose, mouth, other_mouth = found.landmarks[0]
    assert eye[0] < nose[0] < other_eye[0]
    assert mouth[0] < nose[0] < other_mouth[0]
    assert max(eye[1], other_eye[1]) < nose[1] < min(mouth[1], other_mouth[1])
    assert found.scores[0] > 0.9
    assert real_network.input_shape == (None, 3, None, None)
