"""The compiled scan: which rows may be among the best of a probe."""

from __future__ import annotations

import ctypes
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.gallery.vectors.probes import Promising

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from reknown.gallery.vectors.probes import CodedProbes, Criteria
    from reknown.gallery.vectors.slabs import SlabView

LIBRARY = Path(__file__).with_name("libkernel.so")

_LONG, _INT, _FLOAT, _POINTER = ctypes.c_int64, ctypes.c_int32, ctypes.c_float, ctypes.c_void_p


class KernelKind(IntEnum):
    """For which processors a scan is compiled; the numbers are those of `kernel.c`."""

    PORTABLE = 0
    AVX2 = 1
    AVX512 = 2
    NEON = 3


@cache
def load_kernel() -> ctypes.CDLL | None:
    """The library, None where there was no compiler when Reknown was installed."""
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError:
        return None
    declared: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "best_kind": (_INT, ()),
        "encode": (None, (_POINTER, *[_LONG] * 4, *[_POINTER] * 3, ctypes.c_double)),
        "read": (ctypes.c_uint64, (_POINTER, _LONG)),
        "scan_new": (_POINTER, (*[_LONG] * 2, *[_POINTER] * 4, _LONG, _FLOAT, _INT, _INT)),
        "scan_run": (_INT, (_POINTER, _INT, *[_POINTER] * 5, _LONG, _LONG)),
        "scan_count": (_LONG, (_POINTER, _LONG, ctypes.POINTER(_FLOAT))),
        "scan_take": (None, (_POINTER, _LONG, _POINTER, _POINTER)),
        "scan_free": (None, (_POINTER,)),
    }
    for name, (result, arguments) in declared.items():
        function = getattr(library, f"reknown_{name}")
        function.restype, function.argtypes = result, arguments
    return library


def best_kind(library: ctypes.CDLL) -> KernelKind:
    """The fastest that this processor runs."""
    return KernelKind(library.reknown_best_kind())


def encode(
    library: ctypes.CDLL,
    vectors: NDArray[np.float32],
    place: int,
    codes: NDArray[np.uint8],
    measures: tuple[NDArray[np.float32], NDArray[np.float32]],
    longest: float,
) -> None:
    """Writes codes, and `measures`: scales and errors, of vectors from row `place` on."""
    vectors = np.ascontiguousarray(vectors, np.float32)
    rows, dimension = vectors.shape
    pointers = (array.ctypes.data for array in (codes, *measures))
    library.reknown_encode(
        vectors.ctypes.data, rows, dimension, codes.shape[1], place, *pointers, longest
    )


def scan(
    library: ctypes.CDLL,
    kind: KernelKind,
    slabs: Iterable[SlabView],
    probes: CodedProbes,
    criteria: Criteria,
) -> list[Promising]:
    """What may be among the best of each probe; raises `MemoryError`."""
    count, groups = probes.codes.shape[0], probes.codes.shape[1] // 4
    pointers = (a.ctypes.data for a in (probes.codes, probes.scales, probes.factors, probes.slacks))
    flags = int(criteria.distinct), int(criteria.owned_only)
    state = library.reknown_scan_new(count, groups, *pointers, criteria.k, criteria.floor, *flags)
    if not state:
        raise MemoryError
    try:
        for slab in slabs:
            arrays = (slab.codes, slab.scales, slab.errors, slab.users)
            chosen = None if slab.chosen is None else slab.chosen.ctypes.data
            pointers = (array.ctypes.data for array in arrays)
            ended = library.reknown_scan_run(state, kind, *pointers, chosen, slab.first, slab.rows)
            if ended:
                raise MemoryError
        return [_take(library, state, number) for number in range(count)]
    finally:
        library.reknown_scan_free(state)


def _take(library: ctypes.CDLL, state: int, number: int) -> Promising:
    cut = _FLOAT()
    count = library.reknown_scan_count(state, number, ctypes.byref(cut))
    rows, uppers = np.empty(count, np.int64), np.empty(count, np.float32)
    library.reknown_scan_take(state, number, rows.ctypes.data, uppers.ctypes.data)
    return Promising(rows, uppers, cut.value)
