"""Reads the float32 arrays out of MTCNN's `.lz4` weight files without unpickling them.

Each file is a joblib dump: a pickled list in which every array is announced by a
`NumpyArrayWrapper` object and then stands in the stream as raw bytes, aligned to 16. A
pickle can run code when it is loaded; since the shapes are known in advance it need not be.
"""

from __future__ import annotations

import math
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


def read_arrays(data: bytes, shapes: Sequence[tuple[int, ...]]) -> list[NDArray[np.float32]]:
    """The arrays of one weight file, float32, in the order and of the `shapes` given.

    Raises `ModelFileError` when the file does not hold exactly these arrays.
    """
    try:
        raw = lz4.frame.decompress(data)
    except RuntimeError as error:
        raise ModelFileError(f"not an LZ4 file: {error}") from error
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
