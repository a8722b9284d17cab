"""YuNet and SFace rewritten: the same answers, and nothing but them accepted."""

from __future__ import annotations

import os
import random
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import AttributeProto, ModelProto, TensorProto, helper, numpy_helper

from networks import convert
from reknown.biometrics.errors import ModelFileError
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.conversion import Graph
from reknown.vision.packs.sface_graph import prelu
from reknown.vision.packs.sources import read_source

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from onnx import NodeProto

    from reknown.vision.packs.store import PackStore

    Change = Callable[[ModelProto], object]
    Floats = NDArray[np.float32]

ROLES = ["yunet", "sface"]
SIDES = {"yunet": 64, "sface": 112}
INTEGERS = st.integers(-(2**40), 2**40) | st.integers(-1, 3)


@pytest.fixture
def yunet(yunet_file: bytes) -> ModelProto:
    return onnx.load_model_from_string(yunet_file)


@pytest.fixture
def sface(sface_file: bytes) -> ModelProto:
    return onnx.load_model_from_string(sface_file)


def _real(store: PackStore, role: str) -> bytes:
    return read_source(store.manifest("opencv").files()[role], store.cache)


def _run(role: str, graph: bytes, seed: int = 0) -> dict[str, Floats]:
    side = SIDES[role]
    values = np.random.default_rng(seed).uniform(0, 255, (1, 3, side, side))
    return OnnxNetwork(graph).run(values.astype(np.float32))


def _weight(model: ModelProto, name: str) -> TensorProto:
    weights: list[TensorProto] = [w for w in model.graph.initializer if w.name == name]
    (weight,) = weights
    return weight


def _replace(model: ModelProto, name: str, values: NDArray[np.generic]) -> None:
    _weight(model, name).CopyFrom(numpy_helper.from_array(values, name))


def _node(model: ModelProto, operator: str, number: int = 0) -> NodeProto:
    nodes: list[NodeProto] = [node for node in model.graph.node if node.op_type == operator]
    return nodes[number]


# --- The same answers ---------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_the_same_file_gives_the_same_bytes(store: PackStore, role: str) -> None:
    data = _real(store, role)
    assert convert(role, data) == convert(role, data)


def test_a_rewritten_sface_answers_as_the_file_does(sface_file: bytes) -> None:
    """Whatever its weights are: folded normalisations, slopes above 1 and below 0."""
    (expected,) = _run("sface", sface_file).values()
    (found,) = _run("sface", convert("sface", sface_file)["sface"]).values()
    assert found.shape == (1, 128)
    np.testing.assert_allclose(found, expected, atol=2e-5 * float(np.linalg.norm(expected)))


def test_a_rewritten_yunet_answers_as_the_file_does_and_takes_other_sizes(
    yunet_file: bytes,
) -> None:
    graph = OnnxNetwork(convert("yunet", yunet_file)["yunet"])
    values = np.random.default_rng(0).uniform(0, 255, (1, 3, 640, 640)).astype(np.float32)
    expected, found = OnnxNetwork(yunet_file).run(values), graph.run(values)
    assert found.keys() == expected.keys()
    for name, output in expected.items():
        np.testing.assert_array_equal(found[name], output)
    corner = graph.run(np.ascontiguousarray(values[:, :, :96, :32]))
    assert corner["kps_32"].shape == (1, 3, 10)
    np.testing.assert_array_equal(corner["kps_32"], expected["kps_32"][:, [0, 20, 40]])


def test_an_export_that_takes_any_size_is_taken() -> None:
    path = Path(os.environ.get("REKNOWN_SHARED", "../shared"), "models", "yunet_n_dynamic.onnx")
    if not path.is_file():
        pytest.skip(f"no such export at {path}: set REKNOWN_SHARED")
    data = path.read_bytes()
    expected, found = _run("yunet", data), _run("yunet", convert("yunet", data)["yunet"])
    assert found.keys() == expected.keys()
    for name, output in expected.items():
        np.testing.assert_array_equal(found[name], output)


@given(
    st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=6),
    arrays(np.float32, 8, elements=st.floats(-1000, 1000, width=32)),
)
def test_prelu_of_convolutions_is_prelu(slopes: list[float], values: Floats) -> None:
    """With slopes of any sign, above 1 and below."""
    factors = np.array(slopes)
    graph = Graph("prelu")
    graph.add("Identity", [prelu(graph, "x", factors)], "y")
    size = (1, len(slopes), 2, 4)
    x = np.broadcast_to(values.reshape(1, 1, 2, 4), size).copy()
    found = OnnxNetwork(graph.finish({"x": size}, {"y": size})).run(x)["y"]
    expected = np.where(x > 0, x, x * factors[:, None, None])
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=4e-6 * np.abs(x).max() + 1e-30)


# --- Weights quantised in blocks ----------------------------------------------------------

# Ten values each: values, scales, zero points, axis, block, and what they stand for.
BLOCKS: dict[str, tuple[Any, Any, Any, int | None, int, list[Any]]] = {
    "three blocks in each row, the last one cut": (
        [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]],
        [[1, 10, 100], [0.5, 0.25, 2]],
        [[0, 1, 2], [6, 6, -6]],
        *(1, 2, [1, 2, 20, 30, 300, 0, 0.5, 0.5, 0.75, 32]),
    ),
    "blocks down the columns, the last one cut": (
        [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]],
        [[1, 10], [2, 20], [4, 40]],
        [[0, 2], [5, 5], [-1, 1]],
        *(0, 2, [1, 0, 3, 20, 0, 20, 4, 60, 40, 360]),
    ),
    "the axis counted from the end": (
        [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]],
        [[1, 2], [3, 4]],
        [[0, 0], [0, 0]],
        *(-1, 3, [1, 2, 3, 8, 10, 18, 21, 24, 36, 40]),
    ),
    "a row of blocks": (
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        [1, 10, 100],
        [1, 1, 1],
        *(0, 4, [0, 1, 2, 3, 40, 50, 60, 70, 800, 900]),
    ),
    "blocks larger than the row": (
        [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]],
        [[1], [2]],
        [[0], [6]],
        *(1, 64, [1, 2, 3, 4, 5, 0, 2, 4, 6, 8]),
    ),
    "one block with a scale that is no matrix": (
        [[-128, 127, 0, 1, 2, 3, 4, 5, 6, 7]],
        0.5,
        -1,
        *(1, 64, [-63.5, 64, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4]),
    ),
    "no blocks": (
        [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]],
        [0.5],
        [1],
        *(None, 0, [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5]),
    ),
}


def _quantise(
    model: ModelProto, values: object, scale: object, zero: object, axis: int | None, block: int
) -> str:
    """Has the bias of `kps_8` come from a quantised weight; returns the bias's name."""
    (head,) = (n for n in model.graph.node if n.op_type == "Conv" and n.output[0] == _head(model))
    inputs: dict[str, NDArray[Any]] = {
        "quantised": np.array(values, np.int8),
        "scale": np.array(scale, np.float32),
        "zero": np.array(zero, np.int8),
    }
    weights = [numpy_helper.from_array(value, name) for name, value in inputs.items()]
    model.graph.initializer.extend(weights)
    model.graph.initializer.append(numpy_helper.from_array(np.array([10]), "shape"))
    attributes: dict[str, Any] = {} if axis is None else {"axis": axis, "block_size": block}
    added = [
        helper.make_node("DequantizeLinear", list(inputs), ["unpacked"], **attributes),
        helper.make_node("Reshape", ["unpacked", "shape"], ["bias"]),
    ]
    head.input[2] = "bias"
    nodes = [*added, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return "bias"


def _head(model: ModelProto) -> str:
    """The output of the convolution behind `kps_8`."""
    makers = {node.output[0]: node for node in model.graph.node}
    transposed = makers["kps_8"].input[0]
    return str(makers[transposed].input[0])


@pytest.mark.parametrize("case", BLOCKS)
def test_blocks_are_unpacked_as_by_hand(yunet: ModelProto, case: str) -> None:
    values, scale, zero, axis, block, expected = BLOCKS[case]
    name = _quantise(yunet, values, scale, zero, axis, block)
    made = onnx.load_model_from_string(convert("yunet", yunet.SerializeToString())["yunet"])
    bias = numpy_helper.to_array(_weight(made, name))
    assert bias.dtype == np.float32
    np.testing.assert_array_equal(bias, np.array(expected, np.float32))
    names = {weight.name for weight in made.graph.initializer}
    assert not names & {"quantised", "scale", "zero", "shape"}
    assert "DequantizeLinear" not in {node.op_type for node in made.graph.node}


TEN = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]


@pytest.mark.parametrize(
    ("scale", "zero", "axis", "block"),
    [
        ([[1, 2]], [[0, 0]], 1, 2),
        ([[1, 2, 3], [1, 2, 3]], [[0, 0, 0]], 1, 2),
        ([1, 2, 3, 4, 5], [0, 0, 0, 0, 0], 1, 0),
        ([[1], [2]], [[0], [0]], 2, 5),
        ([[1], [2]], [[0], [0]], 1, -5),
        (1, 0, 1, 2),
        ([1e39], [0], None, 0),
        ([3e38], [0], None, 0),
        ([np.nan], [0], None, 0),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_scales_that_fit_no_blocks_are_refused(
    yunet: ModelProto, scale: object, zero: object, axis: int | None, block: int
) -> None:
    with np.errstate(over="ignore"):
        _quantise(yunet, TEN, scale, zero, axis, block)
    with pytest.raises(ModelFileError):
        convert("yunet", yunet.SerializeToString())


@given(
    st.lists(INTEGERS, max_size=3),
    st.lists(INTEGERS, max_size=3),
    st.lists(INTEGERS, max_size=3),
    INTEGERS,
    INTEGERS,
)
def test_sizes_that_are_made_up_are_refused(
    yunet_file: bytes, values: list[int], scale: list[int], shape: list[int], axis: int, block: int
) -> None:
    model = onnx.load_model_from_string(yunet_file)
    _quantise(model, TEN, [[1], [2]], [[0], [0]], axis, block)
    for name, sizes in (("quantised", values), ("scale", scale), ("zero", scale)):
        _weight(model, name).dims[:] = sizes
    _replace(model, "shape", np.array(shape, np.int64))
    with pytest.raises(ModelFileError):
        convert("yunet", model.SerializeToString())


def test_a_file_cannot_have_more_unpacked_than_it_holds(yunet: ModelProto) -> None:
    """Neither by scales across its values nor by unpacking one weight again and again."""
    column, row = np.zeros((1, 10**6), np.int8), np.ones((10**6, 1), np.float32)
    _quantise(yunet, TEN, 1, 0, 1, 64)
    across = ModelProto()
    across.CopyFrom(yunet)
    _replace(across, "quantised", column)
    _replace(across, "scale", row)
    _replace(across, "zero", row.astype(np.int8))
    again = ModelProto()
    again.CopyFrom(yunet)
    _replace(again, "quantised", np.zeros((1, 10**6), np.int8))
    for number in range(200):
        again.graph.node.insert(0, helper.make_node(
            "DequantizeLinear", ["quantised", "scale", "zero"], [f"u{number}"], axis=1,
            block_size=10**6,
        ))  # fmt: skip
    files = [model.SerializeToString() for model in (across, again)]
    tracemalloc.start()
    for data in files:
        with pytest.raises(ModelFileError):
            convert("yunet", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000


# --- Nothing but them ---------------------------------------------------------------------


def _drop(model: ModelProto, operator: str, number: int) -> None:
    """A layer is missing; the next one takes what it took."""
    node = _node(model, operator, number)
    for other in model.graph.node:
        other.input[:] = [node.input[0] if n == node.output[0] else n for n in other.input]
    model.graph.node.remove(node)


def _swap(model: ModelProto, first: str, second: str, number: int) -> None:
    """The second of two layers comes before the first."""
    nodes = list(model.graph.node)
    a, b = _node(model, first, number), _node(model, second, number)
    i, j = nodes.index(a), nodes.index(b)
    b.input[0], a.input[0] = a.input[0], a.output[0]
    b.output[0], a.output[0] = a.output[0], b.output[0]
    nodes[i], nodes[j] = b, a
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _set(model: ModelProto, operator: str, number: int = 0, **attributes: object) -> None:
    node = _node(model, operator, number)
    for name, value in attributes.items():
        for old in [a for a in node.attribute if a.name == name]:
            node.attribute.remove(old)
        node.attribute.append(helper.make_attribute(name, value))


def _fill(model: ModelProto, operator: str, place: int, values: object) -> None:
    _replace(model, _node(model, operator).input[place], np.array(values))


def _scale(model: ModelProto, operator: str, place: int, factor: float) -> None:
    weight = _weight(model, _node(model, operator).input[place])
    values = numpy_helper.to_array(weight) * np.float32(factor)
    weight.CopyFrom(numpy_helper.from_array(values, weight.name))


def _overflow(model: ModelProto) -> None:
    """Each weight is a float32, their product is none."""
    _scale(model, "BatchNormalization", 1, 2e38)
    _scale(model, "BatchNormalization", 4, 0)


def _nest(model: ModelProto) -> None:
    body = AttributeProto(name="body", type=AttributeProto.GRAPH)
    body.g.CopyFrom(model.graph)
    model.graph.node[0].attribute.append(body)


def _point_outside(model: ModelProto) -> None:
    weight = model.graph.initializer[1]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../etc/passwd")


def _retype(model: ModelProto) -> None:
    model.graph.initializer[1].data_type = 71


OF_ANY: dict[str, Change] = {
    "no graph": lambda m: m.ClearField("graph"),
    "no layers": lambda m: m.graph.ClearField("node"),
    "no weights": lambda m: m.graph.ClearField("initializer"),
    "no input": lambda m: m.graph.ClearField("input"),
    "no output": lambda m: m.graph.ClearField("output"),
    "another output": lambda m: m.graph.output.add(name="more"),
    "a layer without inputs": lambda m: m.graph.node[0].ClearField("input"),
    "a layer without outputs": lambda m: m.graph.node[0].ClearField("output"),
    "layers in another order": lambda m: m.graph.node.reverse(),
    "an unknown layer": lambda m: setattr(m.graph.node[5], "op_type", "Softmax"),
    "a layer that fills memory": lambda m: setattr(m.graph.node[5], "op_type", "ConstantOfShape"),
    "nested graphs": _nest,
    "data in other files": _point_outside,
    "weights of an unknown type": _retype,
    "an attribute of no type": lambda m: _node(m, "Conv").attribute.add(name="strides"),
    "weights that are words": lambda m: _fill(m, "Conv", 1, ["a"]),
    "complex weights": lambda m: _fill(m, "Conv", 1, [1j]),
    "weights that are no numbers": lambda m: _scale(m, "Conv", 1, np.nan),
    "endless weights": lambda m: _scale(m, "Conv", 1, np.inf),
    "weights of another shape": lambda m: _fill(m, "Conv", 1, np.zeros(30, np.float32)),
    "one weight": lambda m: _fill(m, "Conv", 1, np.float32(1)),
    "an empty weight": lambda m: _fill(m, "Conv", 1, np.zeros((0, 3, 3, 3), np.float32)),
    "no stride": lambda m: _set(m, "Conv", strides=[0, 0]),
    "a stride that is a word": lambda m: _set(m, "Conv", strides="2"),
    "no group": lambda m: _set(m, "Conv", group=0),
    "too many groups": lambda m: _set(m, "Conv", group=5),
    "a window of another size": lambda m: _set(m, "Conv", kernel_shape=[9, 9]),
    "padding that fills memory": lambda m: _set(m, "Conv", pads=[10**6] * 4),
    "no dilation": lambda m: _set(m, "Conv", dilations=[0, 0]),
}
OF_SFACE: dict[str, Change] = {
    "a convolution is missing": lambda m: _drop(m, "Conv", 5),
    "a normalisation is missing": lambda m: _drop(m, "BatchNormalization", 3),
    "slopes are missing": lambda m: _drop(m, "PRelu", 26),
    "the last normalisation is missing": lambda m: _drop(m, "BatchNormalization", 28),
    "slopes before the normalisation": lambda m: _swap(m, "BatchNormalization", "PRelu", 4),
    "a layer passed by": lambda m: _node(m, "PRelu", 9).input.__setitem__(
        0, _node(m, "PRelu", 8).input[0]
    ),
    "the image once more": lambda m: _node(m, "Conv", 9).input.__setitem__(0, "data"),
    "two names for one output": lambda m: m.graph.node[9].output.append("more"),
    "the output of another layer": lambda m: setattr(
        m.graph.output[0], "name", _node(m, "Gemm").output[0]
    ),
    "a convolution with a bias": lambda m: _node(m, "Conv").input.append(
        _node(m, "PRelu").input[1]
    ),
    "a wider dilation": lambda m: _set(m, "Conv", dilations=[2, 2]),
    "padding by rule": lambda m: _set(m, "Conv", auto_pad="SAME_UPPER"),
    "a larger stride": lambda m: _set(m, "Conv", strides=[3, 3]),
    "an uneven stride": lambda m: _set(m, "Conv", strides=[2, 1]),
    "uneven padding": lambda m: _set(m, "Conv", pads=[1, 1, 0, 0]),
    "normalisation by batch": lambda m: _set(m, "BatchNormalization", training_mode=1),
    "epsilon that is a word": lambda m: _set(m, "BatchNormalization", epsilon="a"),
    "negative variance": lambda m: _scale(m, "BatchNormalization", 4, -1),
    "one gamma for all": lambda m: _fill(m, "BatchNormalization", 1, np.ones(1, np.float32)),
    "folding overflows": _overflow,
    "slopes by pixel": lambda m: _fill(m, "PRelu", 1, np.ones((10, 112, 112), np.float32)),
    "one slope for all": lambda m: _fill(m, "PRelu", 1, np.ones((1, 1, 1), np.float32)),
    "flattened otherwise": lambda m: _set(m, "Flatten", axis=2),
    "dropout in training": lambda m: _node(m, "Dropout").input.extend(["", "training"]),
    "a product that is scaled": lambda m: _set(m, "Gemm", alpha=2.0),
    "a bias that is scaled": lambda m: _set(m, "Gemm", beta=0.0),
    "a transposed product": lambda m: _set(m, "Gemm", transA=1),
    "transposed weights": lambda m: _set(m, "Gemm", transB=0),
    "fewer outputs": lambda m: _fill(m, "Gemm", 1, np.ones((64, 1960), np.float32)),
    "one bias for all": lambda m: _fill(m, "Gemm", 2, np.ones(1, np.float32)),
    "a mean colour": lambda m: _fill(m, "Sub", 1, np.ones((3, 1, 1), np.float32)),
}
OF_YUNET: dict[str, Change] = {
    "a layer is missing": lambda m: _drop(m, "Reshape", 3),
    "another name": lambda m: setattr(m.graph.output[2], "name", "box_8"),
    "an output without sizes": lambda m: m.graph.output[2].type.tensor_type.ClearField("shape"),
    "no type": lambda m: m.graph.output[2].ClearField("type"),
    "an image without height": lambda m: m.graph.input[0].type.tensor_type.shape.dim.pop(),
    "an image of four colours": lambda m: _fill(m, "Conv", 1, np.ones((1, 4, 1, 1), np.float32)),
    "two inputs": lambda m: m.graph.input.add(name="more"),
    "five numbers for a box": lambda m: _fill(m, "Reshape", 1, [1, -1, 5]),
    "two faces a cell": lambda m: _fill(m, "Conv", 1, np.ones((2, 3, 1, 1), np.float32)),
    "one bias for all": lambda m: _replace(m, _node(m, "Conv", 3).input[2], np.ones(1, np.float32)),
    "cells of another size": lambda m: _set(m, "MaxPool", strides=[4, 4]),
    "weights quantised without a zero": lambda m: m.graph.node.insert(
        0, helper.make_node("DequantizeLinear", ["w0", "w1"], ["u"])
    ),
}


@pytest.mark.parametrize("change", OF_ANY | OF_SFACE)
def test_what_is_not_sface_is_refused(sface: ModelProto, change: str) -> None:
    (OF_ANY | OF_SFACE)[change](sface)
    with pytest.raises(ModelFileError):
        convert("sface", sface.SerializeToString())


@pytest.mark.parametrize("change", OF_ANY | OF_YUNET)
def test_what_is_not_yunet_is_refused(yunet: ModelProto, change: str) -> None:
    (OF_ANY | OF_YUNET)[change](yunet)
    with pytest.raises(ModelFileError):
        convert("yunet", yunet.SerializeToString())


@pytest.mark.parametrize("role", ROLES)
def test_files_of_other_networks_are_refused(store: PackStore, role: str) -> None:
    (other,) = set(ROLES) - {role}
    onet = read_source(store.manifest("opencv").files()["onet"], store.cache)
    converted = convert("onet", onet)["onet"]
    for data in (_real(store, other), onet, converted, b"", b"\x08\x08", b"\x89PNG\r\n", bytes(99)):
        with pytest.raises(ModelFileError):
            convert(role, data)


@pytest.mark.parametrize("role", ROLES)
def test_a_converted_graph_is_no_source(store: PackStore, role: str) -> None:
    """YuNet's is, as it differs from the file only in what it allows."""
    made = convert(role, _real(store, role))[role]
    if role == "yunet":
        assert convert(role, made)[role] == made
        return
    with pytest.raises(ModelFileError):
        convert(role, made)


@pytest.mark.parametrize("role", ROLES)
def test_a_file_cut_off_anywhere_is_refused(store: PackStore, role: str) -> None:
    data = _real(store, role)
    chance = random.Random(1)
    lengths = [*range(40), len(data) - 1, *(chance.randrange(len(data)) for _ in range(40))]
    for length in lengths:
        with pytest.raises(ModelFileError):
            convert(role, data[:length])


@pytest.mark.parametrize(("role", "times"), [("yunet", 250), ("sface", 12)])
def test_damage_is_refused_or_leaves_a_network_of_the_same_form(
    store: PackStore, role: str, times: int
) -> None:
    """Bits flipped and pieces copied elsewhere; other weights only the digest can tell."""
    data = _real(store, role)
    expected = {name: value.shape for name, value in _run(role, convert(role, data)[role]).items()}
    chance = random.Random(2)
    for number in range(times):
        damaged = bytearray(data)
        at, size = chance.randrange(100_000), chance.randrange(200)
        if number % 3:
            damaged[at] ^= 1 << chance.randrange(8)
        else:
            damaged[at : at + size] = damaged[at + 5000 : at + 5000 + size]
        try:
            outputs = _run(role, convert(role, bytes(damaged))[role])
        except ModelFileError:
            continue
        assert {name: value.shape for name, value in outputs.items()} == expected
