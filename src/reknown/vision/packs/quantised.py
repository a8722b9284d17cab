"""Reads ONNX files of the OpenCV Zoo, whose weights may be quantised in blocks.

ONNX Runtime would unpack them at every call.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

    Weights = dict[str, NDArray[np.generic]]


@contextmanager
def damage_refused(network: str) -> Iterator[None]:
    """Whatever reading stumbles over in a foreign file becomes one error."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise ModelFileError(f"not {network}, or damaged") from error


def parsed(data: bytes) -> ModelProto:
    """The file; raises `ModelFileError` for anything but ONNX."""
    try:
        return onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's own, which is nobody's subclass
        raise ModelFileError("not an ONNX file: damaged") from error


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """By name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def unpacked_weights(model: ModelProto) -> Weights:
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
    attributes = attributes_of(node)
    axis, block = attributes.get("axis", 1), attributes.get("block_size", 0)
    step, origin = (part.astype(np.float32) for part in (scale, zero))
    if block > 0:
        blocks = list(values.shape)
        blocks[axis] = -(-blocks[axis] // block)
        if not step.size == origin.size == np.prod(blocks):
            raise ModelFileError(f"{node.input[0]} is quantised in an unknown way")
        whole = np.arange(values.shape[axis]) // block
        step, origin = (np.take(part.reshape(blocks), whole, axis) for part in (step, origin))
    else:
        step, origin = step.reshape(()), origin.reshape(())
    # in place: SFace has ten million of them
    weights = values.astype(np.float32)
    weights -= origin
    weights *= step
    return weights


def unpack_in_place(model: ModelProto) -> None:
    """Puts float32 weights in the place of quantised ones."""
    graph = model.graph
    given = {weight.name for weight in graph.initializer}
    unpacked = {name: w for name, w in unpacked_weights(model).items() if name not in given}
    kept = [node for node in graph.node if node.output[0] not in unpacked]
    used = {name for node in kept for name in node.input}
    weights = [w for w in graph.initializer if w.name in used]
    weights += [numpy_helper.from_array(w, n) for n, w in unpacked.items() if n in used]
    # The sizes in between are those of one size of image.
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(kept)
    graph.initializer.extend(weights)
