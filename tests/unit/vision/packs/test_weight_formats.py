from __future__ import annotations

import tracemalloc

import lz4.frame
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from networks import convert
from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.dlib_format import read_dlib_network
from reknown.vision.packs.keras_arrays import mtcnn_shapes, read_arrays

WRAPPER = b"K\x10ub"
INTEGERS = st.integers(-(2**63), 2**63) | st.integers(-2, 4)


def _integer(value: int) -> bytes:
    magnitude = abs(value)
    count = (magnitude.bit_length() + 7) // 8
    return bytes([count | (0x80 if value < 0 else 0)]) + magnitude.to_bytes(count, "little")


def _tensor(values: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    sizes = shape or (values.size, 1, 1, 1)
    return b"".join(map(_integer, (2, *sizes))) + values.astype("<f4").tobytes()


def _layer(name: bytes) -> bytes:
    return bytes([1, len(name)]) + name


def test_shapes_of_mtcnn() -> None:
    pnet = [(3, 3, 3, 10), (10,), (1, 1, 10), (3, 3, 10, 16), (16,), (1, 1, 16)]
    pnet += [(3, 3, 16, 32), (32,), (1, 1, 32), (1, 1, 32, 4), (4,), (1, 1, 32, 2), (2,)]
    assert mtcnn_shapes("pnet") == pnet
    assert mtcnn_shapes("rnet")[6:] == [
        *[(2, 2, 48, 64), (64,), (1, 1, 64)],
        *[(576, 128), (128,), (128,), (128, 4), (4,), (128, 2), (2,)],
    ]
    assert mtcnn_shapes("onet")[9:] == [
        *[(2, 2, 64, 128), (128,), (1, 1, 128), (1152, 256), (256,), (256,)],
        *[(256, 4), (4,), (256, 10), (10,), (256, 2), (2,)],
    ]


def test_affine_layers_are_folded_in() -> None:
    kernel, bias = np.arange(2, dtype=np.float32), np.array([3.0, 4.0], np.float32)
    data = _layer(b"con_4") + _tensor(np.concatenate([kernel, bias]))
    data += b"".join(map(_integer, (2, 1, 1, 1, 1, 0, 0)))
    data += _layer(b"affine_") + _tensor(np.array([2.0, 3.0, 10.0, 20.0]))
    data += _layer(b"fc_2") + _integer(1) + _integer(2) + _tensor(np.array([5.0, 6.0]))
    network = read_dlib_network(data)
    (convolution,) = network.convolutions
    np.testing.assert_array_equal(convolution.kernel.ravel(), [0, 3])
    np.testing.assert_array_equal(convolution.bias, [16, 32])
    np.testing.assert_array_equal(network.dense, [[5], [6]])
    with pytest.raises(ModelFileError, match="1 convolutions where 29 belong"):
        convert("resnet", data)


@given(
    st.lists(INTEGERS, min_size=4, max_size=4),
    st.lists(INTEGERS, min_size=7, max_size=7),
    st.binary(max_size=64),
)
def test_damaged_dlib_files_are_refused(shape: list[int], details: list[int], junk: bytes) -> None:
    head = _layer(b"con_4") + b"".join(map(_integer, (2, *shape))) + junk
    data = head + b"".join(map(_integer, details)) + _layer(b"affine_") + _tensor(np.ones(2))
    with pytest.raises(ModelFileError):
        read_dlib_network(data)
    with pytest.raises(ModelFileError):
        read_dlib_network(junk)


@given(INTEGERS, INTEGERS, st.lists(INTEGERS, min_size=4, max_size=4), st.binary(max_size=16))
def test_damaged_dense_layers_are_refused(
    outputs: int, inputs: int, shape: list[int], junk: bytes
) -> None:
    data = _layer(b"fc_2") + b"".join(map(_integer, (outputs, inputs, 3, *shape))) + junk
    with pytest.raises(ModelFileError):
        read_dlib_network(data)


def test_overflowing_weights_are_refused() -> None:
    data = _layer(b"con_4") + _tensor(np.full(2, 3e38, np.float32))
    data += b"".join(map(_integer, (1, 1, 1, 1, 1, 0, 0)))
    data += _layer(b"affine_") + _tensor(np.full(2, 3e38, np.float32))
    with pytest.raises(ModelFileError, match="overflow"):
        read_dlib_network(data)


@given(st.binary(max_size=300))
def test_junk_is_no_weight_file(junk: bytes) -> None:
    with pytest.raises(ModelFileError):
        read_arrays(junk, [(2, 2)])
    with pytest.raises(ModelFileError):
        read_arrays(lz4.frame.compress(junk), [(20, 20)])


def test_arrays_are_found_behind_their_padding() -> None:
    values = np.arange(4, dtype="<f4")
    raw = b"x" * 11 + WRAPPER + bytes([0]) + values.tobytes()
    (array,) = read_arrays(lz4.frame.compress(raw), [(2, 2)])
    np.testing.assert_array_equal(array, values.reshape(2, 2))
    for shapes in ([(2, 1)], [(2, 2), (1,)], [(3, 2)]):
        twice = raw if shapes != [(2, 1)] else raw + raw
        with pytest.raises(ModelFileError):
            read_arrays(lz4.frame.compress(twice), shapes)


def test_claimed_sizes_are_not_allocated() -> None:
    bomb = lz4.frame.compress(bytes(200_000_000))
    claim = b"".join(map(_integer, (2, 2**20, 2**10, 2**10, 2**10)))
    tracemalloc.start()
    with pytest.raises(ModelFileError, match="cut off or larger"):
        read_arrays(bomb, [(2, 2)])
    with pytest.raises(ModelFileError, match="file ends"):
        read_dlib_network(_layer(b"con_4") + claim)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000
