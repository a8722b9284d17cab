"""Turns the weights that come inside Python packages into ONNX graphs.

Conversion is deterministic: the same weights give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from onnx import NodeProto

    from reknown.vision.packs.dlib_format import Convolution, DlibNetwork

    Shape = Sequence[int | str]

_OPSET = 17
_IR_VERSION = 8


class Graph:
    """Collects nodes and weights; each method returns the name of the tensor it makes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[NodeProto] = []
        self._weights: list[TensorProto] = []

    def weight(self, values: NDArray[np.generic]) -> str:
        """A constant."""
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        """What an operator makes of its inputs; `output` is its name where that matters."""
        name = output or f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def finish(self, inputs: dict[str, Shape], outputs: dict[str, Shape]) -> bytes:
        """Serialises the graph; `inputs` and `outputs` map float32 tensors to their shapes."""
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()],
            [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in outputs.items()],
            initializer=self._weights,
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
            producer_name="reknown",
        )
        return bytes(model.SerializeToString(deterministic=True))


# --- dlib's ResNet ------------------------------------------------------------------------

_CHIP = 150
_RGB_MEAN = np.array([122.782, 117.001, 104.298], np.float32)
_FIRST_SIDE, _FIRST_WIDTH = 35, 32
_STAGES = ((32, 3, False), (64, 3, True), (128, 2, True), (256, 2, True))
_TRUNK_CONVOLUTIONS = 27
_MAP_WIDTH, _MAP_SIDE = 256, 4
_MAPS: Shape = ("n", _MAP_WIDTH, _MAP_SIDE, _MAP_SIDE)


def dlib_trunk(network: DlibNetwork) -> bytes:
    """`chips` RGB 0-255 (n, 3, 150, 150) -> `maps` (n, 256, 4, 4), all but the last block."""
    layers = iter(network.convolutions)
    graph = Graph("trunk")
    x = graph.add("Sub", ["chips", graph.weight(_RGB_MEAN.reshape(1, 3, 1, 1))])
    x = graph.add("Mul", [x, graph.weight(np.array(1 / 256, np.float32))])
    x = graph.add("Relu", [_convolution(graph, x, next(layers))])
    x = graph.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    side, width = _FIRST_SIDE, _FIRST_WIDTH
    for stage_width, blocks, down in _STAGES:
        if down:
            x = _down_block(graph, x, layers, side, stage_width - width)
            side, width = side // 2, stage_width
        for _ in range(blocks):
            x = _residual_block(graph, x, layers)
    graph.add("Identity", [x], "maps")
    return graph.finish({"chips": ("n", 3, _CHIP, _CHIP)}, {"maps": _MAPS})


def dlib_head(network: DlibNetwork) -> bytes:
    """`maps` (n, 256, 4, 4) -> `output` (n, 128), the last block and the dense layer."""
    graph = Graph("head")
    layers = iter(network.convolutions[_TRUNK_CONVOLUTIONS:])
    x = graph.add("GlobalAveragePool", [_down_block(graph, "maps", layers, _MAP_SIDE, 0)])
    pooled = graph.add("Flatten", [x])
    graph.add("MatMul", [pooled, graph.weight(network.dense)], "output")
    return graph.finish({"maps": _MAPS}, {"output": ("n", network.dense.shape[1])})


def _convolution(graph: Graph, x: str, layer: Convolution) -> str:
    return graph.add(
        "Conv",
        [x, graph.weight(layer.kernel), graph.weight(layer.bias)],
        kernel_shape=list(layer.kernel.shape[2:]),
        strides=[layer.stride] * 2,
        pads=[layer.padding] * 4,
    )


def _residual_block(graph: Graph, x: str, layers: Iterator[Convolution]) -> str:
    y = graph.add("Relu", [_convolution(graph, x, next(layers))])
    y = _convolution(graph, y, next(layers))
    return graph.add("Relu", [graph.add("Add", [y, x])])


def _down_block(
    graph: Graph, x: str, layers: Iterator[Convolution], side: int, new_channels: int
) -> str:
    y = graph.add("Relu", [_convolution(graph, x, next(layers))])
    y = _convolution(graph, y, next(layers))
    shortcut = graph.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
    shortcut = _pad_end(graph, shortcut, new_channels, 0)
    y = _pad_end(graph, y, 0, 1 - side % 2)
    return graph.add("Relu", [graph.add("Add", [y, shortcut])])


def _pad_end(graph: Graph, x: str, channels: int, rows_and_columns: int) -> str:
    """dlib adds tensors of unequal size as if the smaller ended in zeros."""
    if not channels and not rows_and_columns:
        return x
    ends = [0, channels, rows_and_columns, rows_and_columns]
    return graph.add("Pad", [x, graph.weight(np.array([0] * 4 + ends, np.int64))])


# --- MTCNN --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pool:
    size: int
    padding: str


@dataclass(frozen=True, slots=True)
class _Cascade:
    """One network of the cascade: `side` None = fully convolutional, any input size."""

    side: int | None
    pools: tuple[_Pool | None, ...]
    heads: dict[str, int]


_SAME, _VALID = "SAME_UPPER", "VALID"
_MTCNN = {
    "pnet": _Cascade(None, (_Pool(2, _SAME), None, None), {"box": 4, "face": 2}),
    "rnet": _Cascade(24, (_Pool(3, _SAME), _Pool(3, _VALID), None), {"box": 4, "face": 2}),
    "onet": _Cascade(
        48,
        (_Pool(3, _SAME), _Pool(3, _VALID), _Pool(2, _SAME), None),
        {"box": 4, "landmarks": 10, "face": 2},
    ),
}


def mtcnn_network(role: str, weights: Sequence[NDArray[np.float32]]) -> bytes:
    """One of MTCNN's networks ("pnet", "rnet", "onet") from Keras' arrays in layer order.

    Input `x`: (RGB - 127.5) / 128, (n, 3, height, width). Outputs (n, ...): `box`, the
    regression of left, top, right, bottom; `landmarks` (O-Net: five x, then five y, in
    units of the box); `face`, the probabilities of no face and face.
    """
    layout, arrays = _MTCNN[role], iter(weights)
    graph = Graph(role)
    x = "x"
    for pool in layout.pools:
        x = _prelu_convolution(graph, x, arrays)
        if pool is not None:
            x = graph.add(
                "MaxPool", [x], kernel_shape=[pool.size] * 2, strides=[2, 2], auto_pad=pool.padding
            )
    if layout.side is not None:
        x = graph.add("Flatten", [graph.add("Transpose", [x], perm=[0, 3, 2, 1])])
        x = _dense(graph, x, arrays)
        x = graph.add("PRelu", [x, graph.weight(next(arrays))])
    for name in layout.heads:
        scores = name if name != "face" else ""
        head = _dense if layout.side is not None else _keras_convolution
        scores = head(graph, x, arrays, scores)
        if name == "face":
            graph.add("Softmax", [scores], name, axis=1)
    spatial: Shape = ("h", "w") if layout.side is None else ()
    side: Shape = ("height", "width") if layout.side is None else (layout.side, layout.side)
    return graph.finish(
        {"x": ("n", 3, *side)}, {name: ("n", n, *spatial) for name, n in layout.heads.items()}
    )


def _keras_convolution(
    graph: Graph, x: str, arrays: Iterator[NDArray[np.float32]], output: str = ""
) -> str:
    kernel, bias = next(arrays).transpose(3, 2, 0, 1), next(arrays)
    inputs = [x, graph.weight(kernel), graph.weight(bias)]
    return graph.add("Conv", inputs, output, kernel_shape=list(kernel.shape[2:]))


def _prelu_convolution(graph: Graph, x: str, arrays: Iterator[NDArray[np.float32]]) -> str:
    """PReLU as slope * x + (1 - slope) * ReLU(x): ONNX Runtime's own is twice as slow here."""
    x = _keras_convolution(graph, x, arrays)
    slope = next(arrays).reshape(-1, 1, 1)
    below = graph.add("Mul", [x, graph.weight(slope)])
    above = graph.add("Mul", [graph.add("Relu", [x]), graph.weight(1 - slope)])
    return graph.add("Add", [below, above])


def _dense(graph: Graph, x: str, arrays: Iterator[NDArray[np.float32]], output: str = "") -> str:
    return graph.add("Gemm", [x, graph.weight(next(arrays)), graph.weight(next(arrays))], output)
