"""Turns the OpenCV Zoo's YuNet and SFace into the graphs that run here.

Both come in float32 and with weights quantised in blocks; either way the result computes in
float32. ONNX Runtime would unpack quantised weights at every call.

The same file gives the same bytes. Any other is refused: a graph that looks like one of these
networks but computes something else would pass for it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import onnx
from onnx import ModelProto, helper, numpy_helper, shape_inference

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.conversion import Graph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from onnx import NodeProto, TensorShapeProto

    Dimension = TensorShapeProto.Dimension
    Weights = dict[str, NDArray[np.generic]]
    Doubles = NDArray[np.float64]

Part = TypeVar("Part")

_YUNET_STRIDES = (8, 16, 32)
_YUNET_WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_YUNET_LAYERS = frozenset(
    {"Conv", "Relu", "MaxPool", "Sigmoid", "Resize", "Add", "Transpose", "Reshape"}
)
# What exports that take any size reckon shapes with while they run.
_RECKONING = frozenset({"Shape", "Gather", "Unsqueeze", "Concat"})
_TRIAL_SIDE = 64
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


def yunet_network(data: bytes) -> bytes:
    """`input` BGR 0-255 (1, 3, height, width), sides multiples of 32, as YuNet answers it.

    The file fixes height and width although nothing in the network depends on them.
    Raises `ModelFileError` for other networks.
    """
    with _damage_refused("YuNet"):
        model = _parsed(data)
        _unpack_in_place(model)
        graph = model.graph
        if {node.op_type for node in graph.node} - _YUNET_LAYERS - _RECKONING:
            raise ModelFileError("not YuNet: it has other layers")
        if len(graph.input) != 1 or len(_input_sizes(model)) != 4:
            raise ModelFileError("not YuNet: it takes no picture")
        _check_yunet_shapes(model)
        for place, name in ((2, "height"), (3, "width")):
            _input_sizes(model)[place].dim_param = name
        for output in graph.output:
            output.type.tensor_type.shape.dim[1].dim_param = f"cells_{output.name}"
        return bytes(model.SerializeToString(deterministic=True))


def sface_network(data: bytes) -> bytes:
    """`chip` RGB 0-255 (1, 3, 112, 112) -> `output` (1, 128), not of unit length.

    Normalisations are folded into the layers before them. Raises `ModelFileError` for other
    networks.
    """
    with _damage_refused("SFace"):
        return _SfaceReader(_parsed(data)).read()


@contextmanager
def _damage_refused(network: str) -> Iterator[None]:
    """Whatever reading stumbles over in a foreign file becomes one error."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(f"not {network}, or damaged") from error


def _input_sizes(model: ModelProto) -> Sequence[Dimension]:
    return list(model.graph.input[0].type.tensor_type.shape.dim)


def _check_yunet_shapes(model: ModelProto) -> None:
    """Works out all shapes for a small picture: a cell for every 8, 16 and 32 pixels."""
    trial = ModelProto()
    trial.CopyFrom(model)
    for size, number in zip(_input_sizes(trial), (1, 3, _TRIAL_SIDE, _TRIAL_SIDE), strict=True):
        size.dim_value = number
    for value in trial.graph.output:
        value.type.tensor_type.ClearField("shape")
    try:
        graph = shape_inference.infer_shapes(trial, strict_mode=True, data_prop=True).graph
    except shape_inference.InferenceError as error:
        raise ModelFileError("not YuNet: its layers do not fit together") from error
    shapes = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    shapes |= {weight.name: list(weight.dims) for weight in graph.initializer}
    outputs = {
        f"{name}_{stride}": [1, (_TRIAL_SIDE // stride) ** 2, width]
        for name, width in _YUNET_WIDTHS.items()
        for stride in _YUNET_STRIDES
    }
    found = {value.name: shapes[value.name] for value in graph.output}
    if _RECKONING & {node.op_type for node in graph.node}:  # only running it would tell
        found = {name: shape or outputs[name] for name, shape in found.items()}
    if found != outputs:
        raise ModelFileError("not YuNet: it has other outputs")
    for node in graph.node:
        if node.op_type == "Conv":
            _check_convolution(node, *(shapes[name] for name in node.input))


def _check_convolution(node: NodeProto, x: list[int], kernel: list[int], bias: list[int]) -> None:
    """What ONNX Runtime would find out only when it runs."""
    group = _attributes(node).get("group", 1)
    if group < 1 or x[1] != group * kernel[1] or bias != kernel[:1]:
        raise ModelFileError("not YuNet: its layers do not fit together")


class _SfaceReader:
    """Follows SFace, one chain of layers, and writes it anew."""

    def __init__(self, model: ModelProto) -> None:
        self._source = model.graph
        self._weights = _weights(model)
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
        kernel, attributes = self._weight(node, 1), _attributes(node)
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
        epsilon = _attributes(node)["epsilon"]
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
        if _attributes(node).get("transB") != 1 or len(kernel) != _SFACE_DIMENSION:
            raise ModelFileError("not SFace: its output is another")
        by_channel = kernel.reshape(len(kernel), len(scale), -1)
        bias = bias.reshape(len(kernel)) + (by_channel * shift[None, :, None]).sum(axis=(1, 2))
        self._dense = (by_channel * scale[None, :, None]).reshape(kernel.shape), bias

    def _weight(self, node: NodeProto, place: int) -> Doubles:
        return self._weights[node.input[place]].astype(np.float64)


def _check_sface_layer(node: NodeProto, previous: str) -> None:
    attributes = _attributes(node)
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


def _parsed(data: bytes) -> ModelProto:
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own, which is nobody's subclass
        raise ModelFileError("not an ONNX file: damaged") from error


def _attributes(node: NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _weights(model: ModelProto) -> Weights:
    """All constants by name, the quantised ones unpacked and in the shapes that they get."""
    found: Weights = {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}
    if not all(w.dtype.kind in "iuf" and np.isfinite(w).all() for w in found.values()):
        raise ModelFileError("an ONNX file whose weights are no numbers")
    for node in model.graph.node:
        known = [found[name] for name in node.input if name in found]
        if node.op_type == "DequantizeLinear" and len(known) == len(node.input) == 3:
            found[node.output[0]] = _dequantised(node, *known)
            del found[node.input[0]]  # none is unpacked twice, whatever a file asks for
        elif node.op_type == "Reshape" and len(known) == 2:
            found[node.output[0]] = known[0].reshape(known[1])
    return found


def _dequantised(
    node: NodeProto,
    values: NDArray[np.generic],
    scale: NDArray[np.generic],
    zero: NDArray[np.generic],
) -> NDArray[np.float32]:
    """(values - zero) * scale, each scale and zero point being that of a block along an axis.

    One scale and one zero point, of whatever shape, are those of all values.
    """
    attributes = _attributes(node)
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    if block > 0:
        blocks = list(values.shape)
        blocks[axis] = -(-blocks[axis] // block)
        if not scale.size == zero.size == np.prod(blocks):
            raise ModelFileError(f"{node.input[0]} is quantised in an unknown way")
        whole = np.arange(values.shape[axis]) // block
        scale, zero = (np.take(part.reshape(blocks), whole, axis) for part in (scale, zero))
    else:
        scale, zero = scale.reshape(()), zero.reshape(())
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
    # The sizes in between are those of one size of picture.
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(weights)
