from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import ModelFileError
from reknown.vision.inference import OnnxNetwork
from reknown.vision.packs.flatbuffer import FlatTable
from reknown.vision.packs.manifest import ATTRIBUTES
from reknown.vision.packs.sources import read_source
from reknown.vision.packs.store import PackStore
from reknown.vision.packs.tflite_format import read_tflite
from reknown.vision.packs.tflite_graph import iris_network, mesh_network, tflite_network
from unit.vision.packs.tflite_files import SAME, VALID, FlatBuffer, Network

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

SIDE = 8
RANDOM = np.random.default_rng(7)


def drawn(*shape: int) -> NDArray[np.float32]:
    return RANDOM.normal(size=shape).astype(np.float32)


def windows(image: Doubles, size: int, stride: int, padding: int, fill: float) -> Doubles:
    """Every window of an image (height, width, channels): (rows, columns, size, size, channels).

    TensorFlow pads as much as the last window needs, the odd pixel at the end.
    """
    if padding == SAME:
        rows = -(-image.shape[0] // stride)
        missing = max((rows - 1) * stride + size - image.shape[0], 0)
        around = (missing // 2, missing - missing // 2)
        image = np.pad(image, (around, around, (0, 0)), constant_values=fill)
    seen = np.lib.stride_tricks.sliding_window_view(image, (size, size), axis=(0, 1))
    return seen[::stride, ::stride].transpose(0, 1, 3, 4, 2)


def ran(network: Network, output: int, image: NDArray[np.float32]) -> Doubles:
    """What the converted network makes of an image, as (height, width, channels)."""
    shape = network.shapes[output]
    size = int(np.prod(shape))
    graph = tflite_network(network.file([0], [output]), SIDE, {"made": size})
    made = OnnxNetwork(graph).run(np.ascontiguousarray(image.transpose(2, 0, 1)[None]))["made"]
    return made.reshape(shape[3], *shape[1:3]).transpose(1, 2, 0).astype(np.float64)


def convolution(padding: int, stride: int, depthwise: bool = False) -> dict[int, Any]:
    options = {0: ("<b", padding), 1: ("<i", stride), 2: ("<i", stride)}
    return options | {3: ("<i", 1)} if depthwise else options


@pytest.mark.parametrize("padding", [SAME, VALID])
@pytest.mark.parametrize(("size", "stride"), [(1, 1), (3, 1), (3, 2), (2, 2)])
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolutions(padding: int, size: int, stride: int, depthwise: bool) -> None:
    network, image = Network(), drawn(SIDE, SIDE, 3)
    network.tensor(1, SIDE, SIDE, 3)
    filters = 3 if depthwise else 5
    kernel = drawn(1, size, size, 3) if depthwise else drawn(5, size, size, 3)
    bias = drawn(filters)
    seen = windows(image.astype(np.float64), size, stride, padding, 0.0)
    rule = "ijklc,klc->ijc" if depthwise else "ijklc,fklc->ijf"
    expected = np.einsum(rule, seen, kernel[0] if depthwise else kernel) + bias
    output = network.add(
        "DepthwiseConv" if depthwise else "Conv",
        [0, network.weight(kernel), network.weight(bias)],
        (1, *expected.shape),
        convolution(padding, stride, depthwise),
    )
    assert np.allclose(ran(network, output, image), expected, atol=1e-5)


@pytest.mark.parametrize(("padding", "size", "stride"), [(SAME, 3, 2), (VALID, 2, 2), (SAME, 2, 2)])
def test_pools(padding: int, size: int, stride: int) -> None:
    network, image = Network(), drawn(SIDE, SIDE, 3)
    network.tensor(1, SIDE, SIDE, 3)
    expected = windows(image.astype(np.float64), size, stride, padding, -np.inf).max(axis=(2, 3))
    sides = {3: ("<i", size), 4: ("<i", size)}
    options = convolution(padding, stride) | sides
    output = network.add("MaxPool", [0], (1, *expected.shape), options)
    assert np.allclose(ran(network, output, image), expected)


@pytest.mark.parametrize("highest", [0.9, 1.4])
def test_slopes(highest: float) -> None:
    network, image = Network(), drawn(SIDE, SIDE, 3)
    network.tensor(1, SIDE, SIDE, 3)
    slopes = np.array([-0.3, 0.2, highest], np.float32).reshape(1, 1, 3)
    output = network.add("PRelu", [0, network.weight(slopes)], (1, SIDE, SIDE, 3))
    expected = np.where(image > 0, image, image * slopes)
    assert np.allclose(ran(network, output, image), expected, atol=1e-6)


def test_sums_and_further_channels() -> None:
    network, image = Network(), drawn(SIDE, SIDE, 3)
    network.tensor(1, SIDE, SIDE, 3)
    amounts = network.weight(np.array([[0, 0], [0, 0], [0, 0], [0, 2]], np.int32))
    wider = network.add("Pad", [0, amounts], (1, SIDE, SIDE, 5))
    output = network.add("Add", [wider, wider], (1, SIDE, SIDE, 5))
    expected = np.concatenate([2 * image, np.zeros((SIDE, SIDE, 2))], axis=2)
    assert np.allclose(ran(network, output, image), expected)


def refused(network: Network, output: int) -> str:
    size = int(np.prod(network.shapes[output]))
    with pytest.raises(ModelFileError) as caught:
        tflite_network(network.file([0], [output]), SIDE, {"made": size})
    return str(caught.value)


def test_what_the_file_claims_of_a_layer_has_to_be_so() -> None:
    network = Network()
    network.tensor(1, SIDE, SIDE, 3)
    kernel, bias = network.weight(drawn(5, 3, 3, 3)), network.weight(drawn(5))
    taken = [0, kernel, bias]
    for shape, options in (
        ((1, SIDE - 1, SIDE, 5), convolution(SAME, 1)),
        ((1, SIDE, SIDE, 4), convolution(SAME, 1)),
        ((1, SIDE, SIDE, 5), convolution(SAME, 1) | {3: ("<b", 1)}),  # followed by a ReLU
        ((1, SIDE, SIDE, 5), convolution(SAME, 1) | {4: ("<i", 2)}),  # dilated
        ((1, SIDE, SIDE, 5), convolution(SAME, 0)),
        ((1, SIDE, SIDE, 5), convolution(2, 1)),
    ):
        assert refused(network, network.add("Conv", taken, shape, options))
    narrow = network.weight(drawn(5, 3, 3, 2))
    output = network.add("Conv", [0, narrow, bias], (1, SIDE, SIDE, 5), convolution(SAME, 1))
    assert refused(network, output)
    assert refused(network, network.add("PRelu", [0, bias], (1, SIDE, SIDE, 3)))
    amounts = network.weight(np.array([[0, 0], [0, 0], [1, 0], [0, 2]], np.int32))
    assert refused(network, network.add("Pad", [0, amounts], (1, SIDE, SIDE, 5)))
    more = 2**24
    amounts = network.weight(np.array([[0, 0], [0, 0], [0, 0], [0, more]], np.int32))
    assert refused(network, network.add("Pad", [0, amounts], (1, SIDE, SIDE, 3 + more)))


def test_operators_take_only_what_is_there() -> None:
    network = Network()
    network.tensor(1, SIDE, SIDE, 3)
    later = network.tensor(1, SIDE, SIDE, 3)
    network.add("Add", [0, later], (1, SIDE, SIDE, 3))
    with pytest.raises(ModelFileError, match="do not fit together"):
        read_tflite(network.file([0], [later]))
    with pytest.raises(ModelFileError, match="do not fit together"):
        read_tflite(network.file([99], [0]))


@pytest.fixture(scope="module")
def store(cache_folder: Path) -> PackStore:
    return PackStore(cache_folder)


@pytest.fixture(scope="module")
def mesh_file(store: PackStore) -> bytes:
    return read_source(store.any_manifest(ATTRIBUTES).files()["mesh"], store.cache)


@pytest.fixture(scope="module")
def iris_file(store: PackStore) -> bytes:
    return read_source(store.any_manifest(ATTRIBUTES).files()["iris"], store.cache)


def test_a_file_cannot_ask_for_more_than_its_vectors_may_hold() -> None:
    buffer = FlatBuffer()
    table = FlatTable.root(buffer.finish(buffer.table({0: ("ints", range(9))})), b"TFL3")
    assert table.integers(0) == tuple(range(9))
    with pytest.raises(ModelFileError):
        table.integers(0, most=8)
    buffer = FlatBuffer()
    table = FlatTable.root(buffer.finish(buffer.table({0: ("ints", range(4097))})), b"TFL3")
    for read in (table.integers, table.tables):
        with pytest.raises(ModelFileError):
            read(0)


def test_the_same_file_gives_the_same_bytes(mesh_file: bytes, iris_file: bytes) -> None:
    assert mesh_network(mesh_file) == mesh_network(mesh_file)
    assert iris_network(iris_file) == iris_network(iris_file)


def test_one_network_is_not_taken_for_the_other(mesh_file: bytes, iris_file: bytes) -> None:
    with pytest.raises(ModelFileError):
        mesh_network(iris_file)
    with pytest.raises(ModelFileError):
        iris_network(mesh_file)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_damage_is_refused_or_harmless(mesh_file: bytes, data: st.DataObject) -> None:
    """Offsets stand everywhere but in the weights; whatever they say, nothing else is raised."""
    graph = mesh_file[:4096] + mesh_file[-60_000:]
    damaged = bytearray(data.draw(st.sampled_from([mesh_file, graph])))
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.integers(0, min(len(damaged), 60_000) - 1))
        where = place if data.draw(st.booleans()) else len(damaged) - 1 - place
        damaged[where] = data.draw(st.integers(0, 255))
    try:
        made = mesh_network(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    except ModelFileError:
        return
    assert made[:1] == b"\x08"


@pytest.mark.parametrize(
    "data", [b"", b"TFL3", b"\0\0\0\0TFL3", b"\xff\xff\xff\xffTFL3" + bytes(9)]
)
def test_what_is_no_file_of_that_kind(data: bytes) -> None:
    with pytest.raises(ModelFileError):
        mesh_network(data)
