"""Turns MediaPipe's face mesh and iris networks into ONNX graphs.

The same file gives the same bytes. Tensors are turned from (height, width, channels), as
TensorFlow Lite has them, to (channels, height, width). Any other file is refused: a graph that
looks like one of these networks but computes something else would pass for it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.conversion import Graph
from reknown.vision.packs.quantised import damage_refused
from reknown.vision.packs.sface_graph import prelu
from reknown.vision.packs.tflite_format import read_tflite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from reknown.vision.packs.flatbuffer import FlatTable
    from reknown.vision.packs.tflite_format import Operator, TfliteGraph

    Weights = NDArray[np.generic]

MESH_SIDE, IRIS_SIDE = 192, 64
MESH_POINTS, EYE_POINTS, IRIS_POINTS = 468, 71, 5
# Of what an operator gives: thirty times what a face mesh needs, 64 MiB.
_MOST_VALUES = 2**24
# Fields of the options of convolutions and of pooling.
_PADDING, _STRIDE_X, _STRIDE_Y, _ACTIVATION = 0, 1, 2, 3
_POOL_WIDTH, _POOL_HEIGHT, _POOL_ACTIVATION = 3, 4, 5
_MULTIPLIER, _DEPTHWISE_ACTIVATION = 3, 4
_DILATION_X, _DILATION_Y = 4, 5  # one further for depthwise ones
_AUTO_PAD = {0: "SAME_UPPER", 1: "VALID"}


def mesh_network(data: bytes) -> bytes:
    """`x` RGB 0-1 (1, 3, 192, 192) -> `points` (1, 1404), x, y, z in pixels; `face` (1, 1), logit.

    Raises `ModelFileError` for other networks.
    """
    return tflite_network(data, MESH_SIDE, {"points": 3 * MESH_POINTS, "face": 1})


def iris_network(data: bytes) -> bytes:
    """`x` RGB 0-1 (1, 3, 64, 64) -> `eye` (1, 213) and `iris` (1, 15), x, y, z in pixels.

    Of an eye that is the right one of its person; the left one is to be mirrored. Raises
    `ModelFileError` for other networks.
    """
    return tflite_network(data, IRIS_SIDE, {"eye": 3 * EYE_POINTS, "iris": 3 * IRIS_POINTS})


def tflite_network(data: bytes, side: int, outputs: Mapping[str, int]) -> bytes:
    """`x` (1, 3, side, side) -> `outputs`, by name the numbers of their values, (1, number) each.

    A file has them in this order. Raises `ModelFileError` for networks of other sizes.
    """
    with damage_refused("this network"):
        return _Writer(read_tflite(data), side).write(outputs)


class _Writer:
    """Writes operator after operator, each with the shapes that the file claims for it."""

    def __init__(self, source: TfliteGraph, side: int) -> None:
        self._source = source
        self._side = side
        self._graph = Graph("tflite")
        self._names: dict[int, str] = {}

    def write(self, outputs: Mapping[str, int]) -> bytes:
        """The graph with these outputs, by name the numbers of values."""
        source = self._source
        shapes = [source.tensors[number].shape for number in source.inputs]
        if shapes != [(1, self._side, self._side, 3)] or len(source.outputs) != len(outputs):
            raise ModelFileError("not this network: it takes or gives something else")
        self._names[source.inputs[0]] = "x"
        steps = {
            "Add": self._add,
            "Conv": self._convolution,
            "DepthwiseConv": self._depthwise,
            "MaxPool": self._pool,
            "Pad": self._pad,
            "PRelu": self._prelu,
            "Reshape": self._reshape,
        }
        for operator in source.operators:
            _require(math.prod(self._shape(operator.output)) <= _MOST_VALUES)
            self._names[operator.output] = steps[operator.kind](operator)
        for number, (name, size) in zip(source.outputs, outputs.items(), strict=True):
            if math.prod(self._shape(number)) != size:
                raise ModelFileError("not this network: its outputs are others")
            self._graph.add("Flatten", [self._names[number]], name)
        sizes: dict[str, Sequence[int | str]] = {n: (1, size) for n, size in outputs.items()}
        return self._graph.finish({"x": (1, 3, self._side, self._side)}, sizes)

    def _add(self, operator: Operator) -> str:
        _require(_option(operator, 0, "<b") == 0)
        one, other = operator.inputs
        _require(self._shape(one) == self._shape(other) == self._shape(operator.output))
        return self._graph.add("Add", [self._names[one], self._names[other]])

    def _convolution(self, operator: Operator) -> str:
        _require(_option(operator, _ACTIVATION, "<b") == 0)
        kernel = self._weights(operator, 1)  # filters, height, width, channels
        _require(kernel.shape[3] == self._shape(operator.inputs[0])[3])
        return self._convolved(operator, kernel.transpose(0, 3, 1, 2), 1)

    def _depthwise(self, operator: Operator) -> str:
        _require(_option(operator, _DEPTHWISE_ACTIVATION, "<b") == 0)
        _require(_option(operator, _MULTIPLIER) == 1)
        kernel = self._weights(operator, 1)  # 1, height, width, channels
        _require(kernel.shape[3] == self._shape(operator.inputs[0])[3])
        return self._convolved(operator, kernel.transpose(3, 0, 1, 2), kernel.shape[3])

    def _convolved(self, operator: Operator, kernel: Weights, groups: int) -> str:
        shift = 1 if operator.kind == "DepthwiseConv" else 0
        dilations = (
            _option(operator, field + shift, default=1) for field in (_DILATION_X, _DILATION_Y)
        )
        _require(tuple(dilations) == (1, 1))
        bias = self._weights(operator, 2)
        size, strides = kernel.shape[2:], _strides(operator)
        self._check_sides(operator, size, strides)
        _require(bias.shape == kernel.shape[:1] == self._shape(operator.output)[3:])
        weights = [self._graph.weight(part.astype(np.float32)) for part in (kernel, bias)]
        return self._graph.add(
            "Conv",
            [self._names[operator.inputs[0]], *weights],
            kernel_shape=list(size),
            strides=list(strides),
            group=groups,
            auto_pad=_padding(operator),
        )

    def _pool(self, operator: Operator) -> str:
        _require(_option(operator, _POOL_ACTIVATION, "<b") == 0)
        size = (_option(operator, _POOL_HEIGHT), _option(operator, _POOL_WIDTH))
        strides = _strides(operator)
        self._check_sides(operator, size, strides)
        _require(self._shape(operator.inputs[0])[3] == self._shape(operator.output)[3])
        return self._graph.add(
            "MaxPool",
            [self._names[operator.inputs[0]]],
            kernel_shape=list(size),
            strides=list(strides),
            auto_pad=_padding(operator),
        )

    def _pad(self, operator: Operator) -> str:
        """With zeros, further channels at the end."""
        amounts = self._weights(operator, 1)
        before, after = self._shape(operator.inputs[0]), self._shape(operator.output)
        more = after[3] - before[3]
        _require(after[:3] == before[:3] and more > 0)
        _require(amounts.tolist() == [[0, 0], [0, 0], [0, 0], [0, more]])
        ends = np.array([0, 0, 0, 0, 0, more, 0, 0], np.int64)
        return self._graph.add("Pad", [self._names[operator.inputs[0]], self._graph.weight(ends)])

    def _prelu(self, operator: Operator) -> str:
        slopes = self._weights(operator, 1)
        shape = self._shape(operator.inputs[0])
        _require(slopes.shape == (1, 1, shape[3]) and shape == self._shape(operator.output))
        return prelu(
            self._graph, self._names[operator.inputs[0]], slopes.reshape(-1).astype(np.float64)
        )

    def _reshape(self, operator: Operator) -> str:
        """Of a row of channels alone: there the order of the axes makes no difference."""
        shape = self._shape(operator.inputs[0])
        _require(shape[:3] == (1, 1, 1) and self._shape(operator.output) == (1, shape[3]))
        return self._names[operator.inputs[0]]

    def _check_sides(
        self, operator: Operator, size: tuple[int, ...], strides: tuple[int, int]
    ) -> None:
        """The output has the height and width that TensorFlow's rules give it."""
        before, after = self._shape(operator.inputs[0]), self._shape(operator.output)
        _require(all(side > 0 for side in (*size, *strides)))
        whole = _padding(operator) == "SAME_UPPER"
        sides = [
            -(-(full if whole else full - window + 1) // stride)
            for full, window, stride in zip(before[1:3], size, strides, strict=True)
        ]
        _require(list(after[1:3]) == sides)

    def _shape(self, number: int) -> tuple[int, ...]:
        return self._source.tensors[number].shape

    def _weights(self, operator: Operator, place: int) -> Weights:
        values = self._source.tensors[operator.inputs[place]].values
        if values is None:
            raise ModelFileError("not this network: weights are missing")
        return values


def _strides(operator: Operator) -> tuple[int, int]:
    return _option(operator, _STRIDE_Y), _option(operator, _STRIDE_X)


def _padding(operator: Operator) -> str:
    return _AUTO_PAD[_option(operator, _PADDING, "<b")]


def _option(operator: Operator, field: int, form: str = "<i", default: int = 0) -> int:
    options: FlatTable | None = operator.options
    return default if options is None else options.integer(field, form, default)


def _require(fits: bool) -> None:
    if not fits:
        raise ModelFileError("not this network: its layers are others")
