"""Turns the OpenCV Zoo's YuNet into the graph that runs here.

The same file gives the same bytes. Any other is refused: a graph that looks like this network
but computes something else would pass for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onnx import ModelProto, shape_inference

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.quantised import (
    attributes_of,
    damage_refused,
    parsed,
    unpack_in_place,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onnx import NodeProto, TensorShapeProto

    Dimension = TensorShapeProto.Dimension

_YUNET_STRIDES = (8, 16, 32)
_YUNET_WIDTHS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
_YUNET_LAYERS = frozenset(
    {"Conv", "Relu", "MaxPool", "Sigmoid", "Resize", "Add", "Transpose", "Reshape"}
)
# What exports that take any size reckon shapes with while they run.
_RECKONING = frozenset({"Shape", "Gather", "Unsqueeze", "Concat"})
_TRIAL_SIDE = 64


def yunet_network(data: bytes) -> bytes:
    """`input` BGR 0-255 (1, 3, height, width), sides multiples of 32, as YuNet answers it.

    The file fixes height and width although nothing in the network depends on them.
    Raises `ModelFileError` for other networks.
    """
    with damage_refused("YuNet"):
        model = parsed(data)
        unpack_in_place(model)
        graph = model.graph
        if {node.op_type for node in graph.node} - _YUNET_LAYERS - _RECKONING:
            raise ModelFileError("not YuNet: it has other layers")
        if len(graph.input) != 1 or len(_input_sizes(model)) != 4:
            raise ModelFileError("not YuNet: it takes no image")
        _check_yunet_shapes(model)
        for place, name in ((2, "height"), (3, "width")):
            _input_sizes(model)[place].dim_param = name
        for output in graph.output:
            output.type.tensor_type.shape.dim[1].dim_param = f"cells_{output.name}"
        return bytes(model.SerializeToString(deterministic=True))


def _input_sizes(model: ModelProto) -> Sequence[Dimension]:
    return list(model.graph.input[0].type.tensor_type.shape.dim)


def _check_yunet_shapes(model: ModelProto) -> None:
    """Works out all shapes for a small image: a cell for every 8, 16 and 32 pixels."""
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
    group = attributes_of(node).get("group", 1)
    if group < 1 or x[1] != group * kernel[1] or bias != kernel[:1]:
        raise ModelFileError("not YuNet: its layers do not fit together")
