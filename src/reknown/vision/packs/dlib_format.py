"""Reads the weights out of dlib's serialised face recognition network (`.dat`).

The format is dlib's own (`dlib/serialize.h`, `dlib/dnn/layers.h`): an integer is one
control byte (low four bits: how many little-endian bytes follow, top bit: negative), a
string is an integer length and its bytes, a tensor is the integers 2, samples, channels,
rows, columns and then raw little-endian float32. Layers stand in forward order, each
introduced by the name of its type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_TENSOR_VERSION = 2
_MAX_INTEGER_BYTES = 8
_CONVOLUTION = b"con_4"
_AFFINE = b"affine_"
_DENSE = b"fc_2"


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """One convolution with the affine layer that follows it already folded in.

    `kernel` is float32 (filters, channels, rows, columns), `bias` float32 (filters,).
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    padding: int


@dataclass(frozen=True, slots=True, eq=False)
class DlibNetwork:
    """The weights in forward order; `dense` is float32 (inputs, outputs), without bias."""

    convolutions: tuple[Convolution, ...]
    dense: NDArray[np.float32]


class _ByteReader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def skip_past(self, marker: bytes) -> bool:
        """Moves behind the next length-prefixed `marker`; False when none is left."""
        found = self._data.find(bytes([1, len(marker)]) + marker, self._at)
        if found < 0:
            return False
        self._at = found + 2 + len(marker)
        return True

    def integer(self) -> int:
        control = self._take(1)[0]
        count = control & 0x0F
        if count > _MAX_INTEGER_BYTES:
            raise ModelFileError(f"integer of {count} bytes at offset {self._at}")
        value = int.from_bytes(self._take(count), "little")
        return -value if control & 0x80 else value

    def tensor(self) -> NDArray[np.float32]:
        if (version := self.integer()) != _TENSOR_VERSION:
            raise ModelFileError(f"tensor of version {version} at offset {self._at}")
        shape = tuple(self.integer() for _ in range(4))
        if min(shape) < 0:
            raise ModelFileError(f"tensor of shape {shape} at offset {self._at}")
        raw = self._take(4 * int(np.prod(shape, dtype=object)))
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(shape)

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise ModelFileError(f"file ends at offset {len(self._data)}, {count} bytes wanted")
        self._at += count
        return taken


def read_dlib_network(data: bytes) -> DlibNetwork:
    """Parses a whole `.dat` file.

    Raises `ModelFileError` when the bytes are not a dlib network of convolutions,
    affine layers and one dense layer.
    """
    try:
        with np.errstate(over="raise", invalid="raise"):
            convolutions = tuple(_convolutions(data))
        dense = _dense(data)
    except (ArithmeticError, ValueError, MemoryError) as error:
        raise ModelFileError(f"not a dlib network: {error}") from error
    return DlibNetwork(convolutions, dense)


def _convolutions(data: bytes) -> Iterator[Convolution]:
    reader = _ByteReader(data)
    while reader.skip_past(_CONVOLUTION):
        params = reader.tensor().reshape(-1)
        filters, rows, columns, stride, _, padding, _ = (reader.integer() for _ in range(7))
        if not reader.skip_past(_AFFINE):
            raise ModelFileError("a convolution without the affine layer that belongs to it")
        gamma, beta = reader.tensor().reshape(2, filters)
        kernel = params[:-filters].reshape(filters, -1, rows, columns)
        yield Convolution(
            kernel=kernel * gamma[:, None, None, None],
            bias=params[-filters:] * gamma + beta,
            stride=stride,
            padding=padding,
        )


def _dense(data: bytes) -> NDArray[np.float32]:
    reader = _ByteReader(data)
    if not reader.skip_past(_DENSE):
        raise ModelFileError("no dense layer")
    outputs, inputs = reader.integer(), reader.integer()
    return reader.tensor().reshape(inputs, outputs)
