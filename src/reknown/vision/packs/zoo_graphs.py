"""Turns the OpenCV Zoo's YuNet and SFace into the graphs that run here.

Both come in float32 and with weights quantised in blocks; either way the result computes in
float32. ONNX Runtime would unpack quantised weights at every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import onnx
from onnx import helper, numpy_helper

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.conversion import Graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

    Weights = dict[str, NDArray[np.generic]]
    Doubles = NDArray[np.float64]

Part = TypeVar("Part")

_YUNET_STRIDES = (8, 16, 32)
_SFACE_SIDE, _SFACE_DIMENSION, _SFACE_CONVOLUTIONS = 112, 128, 27


def yunet_network(data: bytes) -> bytes:
    """`input` BGR 0-255 (1, 3, height, width), sides multiples of 32, as YuNet answers it.

    The file fixes height and width although nothing in the network depends on them.
    Raises `ModelFileError` for other networks.
    """
    model = _parsed(data)
    graph = model.graph
    _unpack_in_place(model)
    expected = {f"{o}_{s}" for s in _YUNET_STRIDES for o in ("cls", "obj", "bbox", "kps")}
    if len(graph.input) != 1 or {output.name for output in graph.output} != expected:
        raise ModelFileError("not YuNet: it has other inputs or outputs")
    shape = graph.input[0].type.tensor_type.shape
    if len(shape.dim) != 4:
        raise ModelFileError("not YuNet: its input is no picture")
    shape.dim[2].dim_param, shape.dim[3].dim_param = "height", "width"
    for output in graph.output:
        output.type.tensor_type.shape.dim[1].dim_param = f"cells_{output.name}"
    return bytes(model.SerializeToString(deterministic=True))


def sface_network(data: bytes) -> bytes:
    """`chip` RGB 0-255 (1, 3, 112, 112) -> `output` (1, 128), not of unit length.

    Normalisations are folded into the layers before them. Raises `ModelFileError` for other
    networks.
    """
    reader = _SfaceReader(_parsed(data))
    reader.read()
    if reader.convolutions != _SFACE_CONVOLUTIONS or reader.dense is None:
        raise ModelFileError("not SFace: it has other layers")
    return reader.finish()


class _SfaceReader:
    """Follows SFace, one chain of layers, and writes it anew."""

    def __init__(self, model: ModelProto) -> None:
        self._weights = _weights(model)
        self._nodes = [n for n in model.graph.node if n.output[0] not in self._weights]
        self._graph = Graph("sface")
        self._last = "chip"
        self._layer: tuple[Mapping[str, Any], Doubles, Doubles] | None = None
        self._scale: tuple[Doubles, Doubles] | None = None
        self.dense: tuple[Doubles, Doubles] | None = None
        self.convolutions = 0
        self._input = model.graph.input[0].name if model.graph.input else ""

    def read(self) -> None:
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
        previous = self._input
        for node in self._nodes:
            if node.op_type == "Constant":  # how much to drop out
                continue
            if node.op_type not in steps or node.input[0] != previous:
                raise ModelFileError(f"not SFace: {node.op_type} where none belongs")
            try:
                steps[node.op_type](node)
            except (KeyError, IndexError, ValueError) as error:
                raise ModelFileError(f"not SFace: {node.op_type} is damaged") from error
            previous = node.output[0]

    def finish(self) -> bytes:
        """The graph as bytes."""
        assert self.dense is not None
        kernel, bias = self.dense
        weights = [self._graph.weight(a.astype(np.float32)) for a in (kernel.T, bias)]
        self._graph.add("Gemm", [self._last, *weights], "output")
        side = _SFACE_SIDE
        return self._graph.finish({"chip": (1, 3, side, side)}, {"output": (1, _SFACE_DIMENSION)})

    def _constant(self, node: NodeProto) -> None:
        number = self._weight(node, 1).reshape(()).astype(np.float32)
        self._last = self._graph.add(node.op_type, [self._last, self._graph.weight(number)])

    def _convolution(self, node: NodeProto) -> None:
        kernel = self._weight(node, 1)
        self._layer = (_attributes(node), kernel, np.zeros(len(kernel)))
        self.convolutions += 1

    def _normalisation(self, node: NodeProto) -> None:
        gamma, beta, mean, variance = (self._weight(node, i) for i in range(1, 5))
        epsilon = _attributes(node)["epsilon"]
        scale = gamma / np.sqrt(variance + epsilon)
        shift = beta - mean * scale
        if self.dense is not None:
            kernel, bias = self.dense
            self.dense = kernel * scale[:, None], bias * scale + shift
        elif self._layer is not None:
            attributes, kernel, bias = self._layer
            folded = kernel * scale[:, None, None, None]
            self._layer = attributes, folded, bias * scale + shift
        else:
            self._scale = scale, shift

    def _slopes(self, node: NodeProto) -> None:
        """PReLU, which ONNX Runtime does not fuse, of depthwise convolutions, which it does.

        With slopes a up to 1 it is a * x + ReLU((1 - a) * x).
        """
        attributes, kernel, bias = _required(self._layer)
        slopes = self._weight(node, 1).reshape(-1)
        graph, self._layer = self._graph, None
        weights = [graph.weight(array.astype(np.float32)) for array in (kernel, bias)]
        names = ("kernel_shape", "strides", "pads", "group")
        x = graph.add("Conv", [self._last, *weights], **{name: attributes[name] for name in names})
        if slopes.max() <= 1:
            above = graph.add("Relu", [_scaled(graph, x, 1 - slopes)])
        else:
            above = _scaled(graph, graph.add("Relu", [x]), 1 - slopes)
        self._last = graph.add("Add", [_scaled(graph, x, slopes), above])

    def _flatten(self, _: NodeProto) -> None:
        self._last = self._graph.add("Flatten", [self._last])

    def _dense_layer(self, node: NodeProto) -> None:
        scale, shift = _required(self._scale)
        kernel, bias = self._weight(node, 1), self._weight(node, 2)
        if _attributes(node).get("transB") != 1 or len(kernel) != _SFACE_DIMENSION:
            raise ModelFileError("not SFace: its output is another")
        by_channel = kernel.reshape(len(kernel), len(scale), -1)
        bias = bias + (by_channel * shift[None, :, None]).sum(axis=(1, 2))
        self.dense = (by_channel * scale[None, :, None]).reshape(kernel.shape), bias

    def _weight(self, node: NodeProto, place: int) -> Doubles:
        return self._weights[node.input[place]].astype(np.float64)


def _scaled(graph: Graph, x: str, factors: Doubles) -> str:
    kernel = factors.reshape(-1, 1, 1, 1).astype(np.float32)
    return graph.add("Conv", [x, graph.weight(kernel)], kernel_shape=[1, 1], group=len(kernel))


def _required(part: Part | None) -> Part:
    if part is None:
        raise ModelFileError("not SFace: its layers stand in another order")
    return part


def _parsed(data: bytes) -> ModelProto:
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own, which is nobody's subclass
        raise ModelFileError("not an ONNX file: damaged") from error


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _weights(model: ModelProto) -> Weights:
    """All constants by name, the quantised ones unpacked and in the shapes that they get."""
    try:
        return _unpacked(model)
    except (ValueError, TypeError, IndexError) as error:
        raise ModelFileError("an ONNX file whose weights are damaged") from error


def _unpacked(model: ModelProto) -> Weights:
    found: Weights = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
    for node in model.graph.node:
        known = [found[name] for name in node.input if name in found]
        if node.op_type == "DequantizeLinear" and len(known) == len(node.input) == 3:
            found[node.output[0]] = _dequantised(node, *known)
        elif node.op_type == "Reshape" and len(known) == 2:
            found[node.output[0]] = known[0].reshape(known[1])
    return found


def _dequantised(
    node: NodeProto,
    values: NDArray[np.generic],
    scale: NDArray[np.generic],
    zero: NDArray[np.generic],
) -> NDArray[np.float32]:
    """(values - zero) * scale, each scale and zero point being that of a block along an axis."""
    attributes = _attributes(node)
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if scale.size > 1:
        if not block or scale.ndim != values.ndim:
            raise ModelFileError(f"{node.input[0]} is quantised in an unknown way")
        whole = np.arange(values.shape[axis]) // block
        scale, zero = (np.take(part, whole, axis) for part in (scale, zero))
    signed, origin, step = (part.astype(np.float32) for part in (values, zero, scale))
    return np.asarray((signed - origin) * step, np.float32)


def _unpack_in_place(model: ModelProto) -> None:
    graph = model.graph
    given = {weight.name for weight in graph.initializer}
    unpacked = {name: w for name, w in _weights(model).items() if name not in given}
    kept = [node for node in graph.node if node.output[0] not in unpacked]
    used = {name for node in kept for name in node.input}
    weights = [w for w in graph.initializer if w.name in used]
    weights += [numpy_helper.from_array(w, n) for n, w in unpacked.items() if n in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(weights)
