"""Turns the OpenCV Zoo's SFace into the graph that runs here, in float32.

The same file gives the same bytes. Any other is refused: a graph that looks like this network
but computes something else would pass for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.conversion import Graph
from reknown.vision.packs.quantised import (
    attributes_of,
    damage_refused,
    parsed,
    unpacked_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

    Doubles = NDArray[np.float64]

Part = TypeVar("Part")

_SFACE_SIDE, _SFACE_DIMENSION = 112, 128
_SFACE_LAYERS = (
    *("Sub", "Mul"),
    *("Conv", "BatchNormalization", "PRelu") * 27,
    *("BatchNormalization", "Dropout", "Flatten", "Gemm", "BatchNormalization"),
)
# How many tensors each layer takes at most, and the attributes that change what it computes.
_SFACE_INPUTS = {"BatchNormalization": 5, "Gemm": 3}
_SFACE_ATTRIBUTES: Mapping[str, Mapping[str, object]] = {
    "BatchNormalization": {"training_mode": 0},
    "Flatten": {"axis": 1},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": 0},
}


def sface_network(data: bytes) -> bytes:
    """`chip` RGB 0-255 (1, 3, 112, 112) -> `output` (1, 128), not of unit length.

    Normalisations are folded into the layers before them. Raises `ModelFileError` for other
    networks.
    """
    with damage_refused("SFace"):
        return _SfaceReader(parsed(data)).read()


class _SfaceReader:
    """Follows SFace, one chain of layers, and writes it again."""

    def __init__(self, model: ModelProto) -> None:
        self._source = model.graph
        self._weights = unpacked_weights(model)
        self._graph = Graph("sface")
        self._last = "chip"
        self._layer: tuple[Mapping[str, Any], Doubles, Doubles] | None = None
        self._scale: tuple[Doubles, Doubles] | None = None
        self._dense: tuple[Doubles, Doubles] | None = None

    def read(self) -> bytes:
        """Layer by layer; each has to take what the one before it gives."""
        steps = {
            "Sub": self._constant,
            "Mul": self._constant,
            "Conv": self._convolution,
            "BatchNormalization": self._normalisation,
            "PRelu": self._slopes,
            "Dropout": lambda _: None,
            "Flatten": self._flatten,
            "Gemm": self._dense_layer,
        }
        nodes = [n for n in self._source.node if n.output[0] not in self._weights]
        nodes = [n for n in nodes if n.op_type != "Constant"]  # how much to drop out
        if tuple(node.op_type for node in nodes) != _SFACE_LAYERS:
            raise ModelFileError("not SFace: it has other layers")
        previous = self._source.input[0].name
        for node in nodes:
            _check_sface_layer(node, previous)
            steps[node.op_type](node)
            previous = node.output[0]
        if [output.name for output in self._source.output] != [previous]:
            raise ModelFileError("not SFace: it has other outputs")
        return self._finish()

    def _finish(self) -> bytes:
        kernel, bias = _required(self._dense)
        weights = [self._graph.weight(a.astype(np.float32)) for a in (kernel.T, bias)]
        self._graph.add("Gemm", [self._last, *weights], "output")
        side = _SFACE_SIDE
        return self._graph.finish({"chip": (1, 3, side, side)}, {"output": (1, _SFACE_DIMENSION)})

    def _constant(self, node: NodeProto) -> None:
        number = self._weight(node, 1).reshape(()).astype(np.float32)
        self._last = self._graph.add(node.op_type, [self._last, self._graph.weight(number)])

    def _convolution(self, node: NodeProto) -> None:
        kernel, attributes = self._weight(node, 1), attributes_of(node)
        side, filters = kernel.shape[-1], len(kernel)
        stride, group = attributes["strides"][0], attributes["group"]
        expected = {
            "dilations": [1, 1],
            "group": group,
            "kernel_shape": [side, side],
            "pads": [side // 2] * 4,
            "strides": [stride, stride],
        }
        if attributes != expected or stride not in (1, 2) or group not in (1, filters):
            raise ModelFileError("not SFace: another convolution")
        self._layer = attributes, kernel, np.zeros(filters)

    def _normalisation(self, node: NodeProto) -> None:
        gamma, beta, mean, variance = np.stack([self._weight(node, i) for i in range(1, 5)])
        epsilon = attributes_of(node)["epsilon"]
        scale = gamma / np.sqrt(variance + epsilon)
        shift = beta - mean * scale
        if self._dense is not None:
            kernel, bias = self._dense
            scale, shift = (part.reshape(len(kernel)) for part in (scale, shift))
            self._dense = kernel * scale[:, None], bias * scale + shift
        elif self._layer is not None:
            attributes, kernel, bias = self._layer
            scale, shift = (part.reshape(len(kernel)) for part in (scale, shift))
            folded = kernel * scale[:, None, None, None]
            self._layer = attributes, folded, bias * scale + shift
        else:
            self._scale = scale, shift

    def _slopes(self, node: NodeProto) -> None:
        attributes, kernel, bias = _required(self._layer)
        slopes = self._weight(node, 1).reshape(len(kernel))
        graph, self._layer = self._graph, None
        weights = [graph.weight(array.astype(np.float32)) for array in (kernel, bias)]
        names = ("kernel_shape", "strides", "pads", "group")
        x = graph.add("Conv", [self._last, *weights], **{name: attributes[name] for name in names})
        self._last = prelu(graph, x, slopes)

    def _flatten(self, _: NodeProto) -> None:
        self._last = self._graph.add("Flatten", [self._last])

    def _dense_layer(self, node: NodeProto) -> None:
        scale, shift = _required(self._scale)
        kernel, bias = self._weight(node, 1), self._weight(node, 2)
        if attributes_of(node).get("transB") != 1 or len(kernel) != _SFACE_DIMENSION:
            raise ModelFileError("not SFace: its output is another")
        by_channel = kernel.reshape(len(kernel), len(scale), -1)
        bias = bias.reshape(len(kernel)) + (by_channel * shift[None, :, None]).sum(axis=(1, 2))
        self._dense = (by_channel * scale[None, :, None]).reshape(kernel.shape), bias

    def _weight(self, node: NodeProto, place: int) -> Doubles:
        return self._weights[node.input[place]].astype(np.float64)


def _check_sface_layer(node: NodeProto, previous: str) -> None:
    attributes = attributes_of(node)
    fixed = _SFACE_ATTRIBUTES.get(node.op_type, {})
    changed = any(attributes.get(name, value) != value for name, value in fixed.items())
    if (
        node.input[0] != previous
        or len(node.input) > _SFACE_INPUTS.get(node.op_type, 2)
        or len(node.output) != 1
        or changed
    ):
        raise ModelFileError(f"not SFace: {node.op_type} where none belongs")


def prelu(graph: Graph, x: str, slopes: Doubles) -> str:
    """PReLU, which ONNX Runtime does not fuse, of depthwise convolutions, which it does.

    With slopes a (channels,) up to 1 it is a * x + ReLU((1 - a) * x).
    """
    if slopes.max() <= 1:
        above = graph.add("Relu", [_scaled(graph, x, 1 - slopes)])
    else:
        above = _scaled(graph, graph.add("Relu", [x]), 1 - slopes)
    return graph.add("Add", [_scaled(graph, x, slopes), above])


def _scaled(graph: Graph, x: str, factors: Doubles) -> str:
    kernel = factors.reshape(-1, 1, 1, 1).astype(np.float32)
    return graph.add("Conv", [x, graph.weight(kernel)], kernel_shape=[1, 1], group=len(kernel))


def _required(part: Part | None) -> Part:
    if part is None:
        raise ModelFileError("not SFace: its layers stand in another order")
    return part
