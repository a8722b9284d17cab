"""Toy networks, manifests that name them, and a cache with a user's manifest folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray
    from onnx import NodeProto

MANIFEST = """
name = "{name}"
summary = "for tests"
non_commercial = {non_commercial}

[detector]
kind = "yunet"
[detector.files.yunet]
{yunet}

[embedder]
kind = "sface"
points = [[38.0, 52.0], [74.0, 52.0], [56.0, 72.0], [41.5, 92.0], [70.5, 92.0]]
[embedder.files.sface]
{sface}
"""
FILE = """
source = "{source}"
sha256 = "{sha256}"
size = {size}
licence = "MIT"
training_data = "none"
"""


class Toy:
    """Collects the nodes and random weights of a small network."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []

    def weight(self, *shape: int, low: float = -0.5, high: float = 0.5) -> str:
        return self.constant(self._random.uniform(low, high, shape).astype(np.float32))

    def constant(self, values: NDArray[np.generic]) -> str:
        self._weights.append(numpy_helper.from_array(values, f"w{len(self._weights)}"))
        return self._weights[-1].name

    def add(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def finish(self, source: str, size: list[int], outputs: dict[str, list[int]]) -> bytes:
        graph = helper.make_graph(
            self._nodes,
            "toy",
            [helper.make_tensor_value_info(source, TensorProto.FLOAT, size)],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
            self._weights,
        )
        opset = [helper.make_opsetid("", 21)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=10)
        return bytes(model.SerializeToString())


@pytest.fixture(scope="session")
def yunet_file() -> bytes:
    """YuNet's outputs of one layer each; what fixes the input's size is only its declaration."""
    toy = Toy()
    outputs = {}
    for stride in (8, 16, 32):
        cells = toy.add("MaxPool", "input", kernel_shape=[stride] * 2, strides=[stride] * 2)
        for name, width in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
            x = toy.add("Conv", cells, toy.weight(width, 3, 1, 1), toy.weight(width))
            x = toy.add("Transpose", x, perm=[0, 2, 3, 1])
            shape = toy.constant(np.array([1, -1, width]))
            toy.add("Reshape", x, shape, output=f"{name}_{stride}")
            outputs[f"{name}_{stride}"] = [1, (640 // stride) ** 2, width]
    return toy.finish("input", [1, 3, 640, 640], outputs)


@pytest.fixture(scope="session")
def sface_file() -> bytes:
    """SFace's layers, narrow; about 1 MB: several reads."""
    toy = Toy()
    x = toy.add("Sub", "data", toy.constant(np.array([127.5], np.float32)))
    x = toy.add("Mul", x, toy.constant(np.array([1 / 128], np.float32)))
    width = 10
    for number in range(27):
        side, group = (1, 1) if number % 2 == 0 and number else (3, width if number else 1)
        kernel = toy.weight(width, 3 if not number else width // group, side, side)
        stride = 2 if number in {0, 1, 3} else 1
        x = toy.add(
            "Conv", x, kernel, dilations=[1, 1], group=group, kernel_shape=[side] * 2,
            pads=[side // 2] * 4, strides=[stride] * 2,
        )  # fmt: skip
        x = _normalised(toy, x, width)
        x = toy.add("PRelu", x, toy.weight(width, 1, 1, low=-0.5, high=0.8 + number % 3))
    x = toy.add("Dropout", _normalised(toy, x, width))
    x = toy.add("Flatten", x)
    dense = toy.weight(128, width * 14 * 14), toy.weight(128)
    x = toy.add("Gemm", x, *dense, alpha=1.0, beta=1.0, transA=0, transB=1)
    return toy.finish("data", [1, 3, 112, 112], {_normalised(toy, x, 128): [1, 128]})


def _normalised(toy: Toy, x: str, width: int) -> str:
    parts = [toy.weight(width) for _ in range(3)]
    gamma = toy.weight(width, low=0.5, high=1.5)
    variance = toy.weight(width, low=0.1, high=1)
    return toy.add("BatchNormalization", x, gamma, *parts[:2], variance, epsilon=1e-3)


@pytest.fixture
def manifest_text(yunet_file: bytes, sface_file: bytes) -> Callable[..., str]:
    def make(name: str, base: str = "https://example.org", non_commercial: bool = False) -> str:
        files = {
            role: FILE.format(
                source=f"{base}/{role}.onnx",
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
            )
            for role, data in (("yunet", yunet_file), ("sface", sface_file))
        }
        return MANIFEST.format(name=name, non_commercial=str(non_commercial).lower(), **files)

    return make


@pytest.fixture
def user_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir()
    return folder


@pytest.fixture
def store(tmp_path: Path, user_folder: Path) -> PackStore:
    return PackStore(tmp_path / "cache", [user_folder])
