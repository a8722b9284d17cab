"""Reads TensorFlow Lite files: one graph of operators over float32 tensors.

The layout is that of the schema that TensorFlow publishes
(tensorflow/compiler/mlir/lite/schema/schema.fbs); the numbers below are its fields' numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.flatbuffer import FlatTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_IDENTIFIER = b"TFL3"
_MODEL_CODES, _MODEL_GRAPHS, _MODEL_BUFFERS = 1, 2, 4
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 0, 1, 2, 3
_OLD_CODE, _CODE = 0, 3  # operators beyond 127 came later and have a field of their own
_SHAPE, _TYPE, _BUFFER = 0, 1, 2
_OPERATOR_CODE, _INPUTS, _OUTPUTS, _OPTIONS = 0, 1, 2, 4
_TYPES = {0: "<f4", 2: "<i4"}
_OPERATORS = {
    0: "Add",
    3: "Conv",
    4: "DepthwiseConv",
    17: "MaxPool",
    22: "Reshape",
    34: "Pad",
    54: "PRelu",
}

_MOST_SIDES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """A tensor; `values` of this shape where the file fixes them."""

    shape: tuple[int, ...]
    values: NDArray[np.generic] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """What makes tensors of others, all named by their numbers; `options` as the file has them."""

    kind: str
    inputs: tuple[int, ...]
    output: int
    options: FlatTable | None


@dataclass(frozen=True, slots=True, eq=False)
class TfliteGraph:
    """A whole file, operators in the order in which they run."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_tflite(data: bytes) -> TfliteGraph:
    """The graph of a file; raises `ModelFileError` for one that is damaged or has other operators.

    An operator only takes tensors that the file fixes, that are inputs of the graph or that
    operators before it have made.
    """
    model = FlatTable.root(data, _IDENTIFIER)
    graphs = model.tables(_MODEL_GRAPHS)
    if len(graphs) != 1:
        raise ModelFileError("a TensorFlow Lite file of several graphs is refused")
    (graph,) = graphs
    buffers = model.tables(_MODEL_BUFFERS)
    tensors = tuple(_tensor(table, buffers) for table in graph.tables(_GRAPH_TENSORS))
    kinds = [_kind(table) for table in model.tables(_MODEL_CODES)]
    found = TfliteGraph(
        tensors=tensors,
        operators=tuple(_operator(table, kinds) for table in graph.tables(_GRAPH_OPERATORS)),
        inputs=graph.integers(_GRAPH_INPUTS),
        outputs=graph.integers(_GRAPH_OUTPUTS),
    )
    _check_order(found)
    return found


def _tensor(table: FlatTable, buffers: tuple[FlatTable, ...]) -> Tensor:
    shape = table.integers(_SHAPE, _MOST_SIDES)
    form = _TYPES.get(table.integer(_TYPE, "<b"))
    number = table.integer(_BUFFER, "<I")
    if form is None or number >= len(buffers) or any(side < 0 for side in shape):
        raise ModelFileError("a TensorFlow Lite file with tensors of an unknown kind is refused")
    data = buffers[number].bytes(0)
    if not data:
        return Tensor(shape)
    if len(data) != np.dtype(form).itemsize * math.prod(shape):
        raise ModelFileError("not a TensorFlow Lite file: a tensor is cut off")
    values: NDArray[np.generic] = np.frombuffer(data, form).reshape(shape)
    if not np.isfinite(values).all():
        raise ModelFileError("a TensorFlow Lite file whose weights are no numbers is refused")
    return Tensor(shape, values)


def _kind(table: FlatTable) -> str:
    code = max(table.integer(_OLD_CODE, "<b"), table.integer(_CODE))
    if code not in _OPERATORS:
        raise ModelFileError(f"a TensorFlow Lite file with operator {code} is refused")
    return _OPERATORS[code]


def _operator(table: FlatTable, kinds: list[str]) -> Operator:
    code, outputs = table.integer(_OPERATOR_CODE, "<I"), table.integers(_OUTPUTS)
    if code >= len(kinds) or len(outputs) != 1:
        raise ModelFileError("not a TensorFlow Lite file: damaged")
    return Operator(kinds[code], table.integers(_INPUTS), outputs[0], table.table(_OPTIONS))


def _check_order(graph: TfliteGraph) -> None:
    known = {n for n, tensor in enumerate(graph.tensors) if tensor.values is not None}
    made = set(graph.inputs)
    for operator in graph.operators:
        fixed = operator.output in known or operator.output in made
        if fixed or not all(n in known or n in made for n in operator.inputs):
            raise ModelFileError("not a TensorFlow Lite file: its operators do not fit together")
        made.add(operator.output)
    if not made.issuperset(graph.outputs) or any(n >= len(graph.tensors) or n < 0 for n in made):
        raise ModelFileError("not a TensorFlow Lite file: its operators do not fit together")
