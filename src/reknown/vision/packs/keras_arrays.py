"""Reads the float32 arrays out of MTCNN's `.lz4` weight files without unpickling them.

Each file is a joblib dump: a pickled list in which every array is announced by a
`NumpyArrayWrapper` object and then stands in the stream as raw bytes, aligned to 16. A
pickle can run code when it is loaded; since the shapes are known in advance it need not be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import lz4.frame
import numpy as np

from reknown.biometrics.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_ALIGNMENT = 16
_END_OF_WRAPPER = b"K\x10ub"
_PADDING = 0xFF
_OVERHEAD = 4096  # a wrapper takes a few hundred bytes


@dataclass(frozen=True, slots=True)
class _Layout:
    """Convolutions, of `widths` channels from one to the next; a dense layer; the heads."""

    kernels: tuple[int, ...]
    widths: tuple[int, ...]
    dense: int
    heads: tuple[int, ...]


_MTCNN = {
    "pnet": _Layout((3, 3, 3), (3, 10, 16, 32), 0, (4, 2)),
    "rnet": _Layout((3, 3, 2), (3, 28, 48, 64), 128, (4, 2)),
    "onet": _Layout((3, 3, 3, 2), (3, 32, 64, 64, 128), 256, (4, 10, 2)),
}


def read_arrays(data: bytes, shapes: Sequence[tuple[int, ...]]) -> list[NDArray[np.float32]]:
    """The arrays of one weight file, float32, in the order and of the `shapes` given.

    Raises `ModelFileError` when the file does not hold exactly these arrays.
    """
    raw = _decompress(data, sum(4 * math.prod(shape) + _OVERHEAD for shape in shapes))
    arrays = []
    at = 0
    for shape in shapes:
        start = _array_start(raw, at)
        at = start + 4 * math.prod(shape)
        if at > len(raw):
            raise ModelFileError(f"the file ends inside the array of shape {shape}")
        arrays.append(np.frombuffer(raw[start:at], "<f4").astype(np.float32).reshape(shape))
    if raw.find(_END_OF_WRAPPER, at) >= 0:
        raise ModelFileError(f"more than the {len(shapes)} arrays expected")
    return arrays


def mtcnn_shapes(role: str) -> list[tuple[int, ...]]:
    """The shapes in the file of "pnet", "rnet" or "onet", in the order of the layers.

    Kernel, bias and PReLU slopes of each layer, then kernel and bias of each head.
    """
    layout = _MTCNN[role]
    shapes: list[tuple[int, ...]] = []
    for kernel, (inputs, outputs) in zip(layout.kernels, pairwise(layout.widths), strict=True):
        shapes += [(kernel, kernel, inputs, outputs), (outputs,), (1, 1, outputs)]
    last = layout.widths[-1]
    cell: tuple[int, ...] = (1, 1)
    if layout.dense:
        shapes += [(9 * last, layout.dense), (layout.dense,), (layout.dense,)]
        last, cell = layout.dense, ()
    for head in layout.heads:
        shapes += [(*cell, last, head), (head,)]
    return shapes


def _decompress(data: bytes, limit: int) -> bytes:
    """Never more than `limit` bytes, whatever size the file claims for itself."""
    decompressor = lz4.frame.LZ4FrameDecompressor()
    try:
        raw = bytes(decompressor.decompress(data, max_length=limit))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ModelFileError(f"not an LZ4 file: {error}") from error
    if not decompressor.eof:
        raise ModelFileError("the LZ4 file is cut off or larger than its arrays")
    return raw


def _array_start(raw: bytes, at: int) -> int:
    """Behind the next wrapper and the padding that its first byte counts."""
    wrapper = raw.find(_END_OF_WRAPPER, at)
    if wrapper < 0:
        raise ModelFileError("fewer arrays than expected")
    length_at = wrapper + len(_END_OF_WRAPPER)
    padding = raw[length_at : length_at + 1]
    start = length_at + 1 + (padding[0] if padding else 0)
    if start % _ALIGNMENT or any(b != _PADDING for b in raw[length_at + 1 : start]):
        raise ModelFileError(f"no array at offset {start}")
    return start
