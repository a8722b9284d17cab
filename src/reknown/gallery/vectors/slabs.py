"""Templates in 8 bits, in slabs that never move: what is added costs nothing for what is there.

The layout is that of `kernel.c`. A row that is deleted stays as a gap until many are gone.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.gallery.vectors import kernel
from reknown.gallery.vectors.probes import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

BLOCK, GROUP = 16, 4
NOBODY = 0
"""The key of the user of a face that has none."""

ZERO = 128
"""The code of 0."""

BESIDE = 32
"""The bytes of a row beside its codes."""

_HUGE = 2**21
# What is made of so many takes half a megabyte.
_VALUES = 2**13
_LEAST = np.float32(1e-30)


def groups_of(dimension: int) -> int:
    """How many times four values a template takes."""
    return -(-dimension // GROUP)


@dataclass(frozen=True, slots=True, eq=False)
class SlabView:
    """The first `rows` rows of a slab as a scan sees them; the first of them is row `first`.

    Where `chosen` uint8 (rows,) is given, rows with 0 are passed over, blocks of them unread.
    """

    codes: NDArray[np.uint8]
    scales: NDArray[np.float32]
    errors: NDArray[np.float32]
    keys: NDArray[np.int64]
    users: NDArray[np.int64]
    created: NDArray[np.int64]
    first: int
    rows: int
    chosen: NDArray[np.uint8] | None = None

    def up_to(self, key: int) -> SlabView:
        """Without the rows of faces with higher keys."""
        return replace(self, rows=int(self.keys[: self.rows].searchsorted(key, "right")))

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.intp]:
        """The rows of those of these keys, each told once, that are here and not gone."""
        rows: NDArray[np.intp] = np.searchsorted(self.keys[: self.rows], keys)
        inside = rows < self.rows
        keys, rows = keys[inside], rows[inside]
        rows = rows[self.keys[rows] == keys]
        found: NDArray[np.intp] = rows[self.errors[rows] >= 0]
        return found

    def present(self) -> NDArray[np.intp]:
        """Its rows that are no gaps."""
        return np.flatnonzero(self.errors[: self.rows] >= 0)


class Slab:
    """Room for so many templates, in order of their keys.

    `codes` uint8 (blocks, groups, 16, 4), `scales` and `errors` float32 (room,), `keys` of faces,
    `users` and `created`, in microseconds since 1970, int64 (room,). One thread writes at a time;
    others may read the first `rows` rows meanwhile, as they were or as they become.
    """

    def __init__(self, dimension: int, room: int) -> None:
        room = -(-room // BLOCK) * BLOCK
        self.dimension = dimension
        self.codes: NDArray[np.uint8] = _empty((room // BLOCK, groups_of(dimension), BLOCK, GROUP))
        self.scales, self.errors = np.empty(room, np.float32), np.empty(room, np.float32)
        self.keys, self.users, self.created = (np.empty(room, np.int64) for _ in range(3))
        self.rows = self.gaps = 0

    @property
    def room(self) -> int:
        """How many more rows it takes."""
        return len(self.keys) - self.rows

    @property
    def nbytes(self) -> int:
        """The memory that its rows take."""
        return self.rows * (groups_of(self.dimension) * GROUP + BESIDE)

    def arrays(self, rows: int) -> tuple[NDArray[Any], ...]:
        """All that is to be kept of so many rows: whole blocks of codes, then columns."""
        columns = (self.keys, self.users, self.created, self.scales, self.errors)
        return (self.codes[: -(-rows // BLOCK)], *(column[:rows] for column in columns))

    def view(self, first: int) -> SlabView:
        """Its rows as they are now, called `first` and so on."""
        columns = (self.keys, self.users, self.created)
        return SlabView(self.codes, self.scales, self.errors, *columns, first, self.rows)

    def append(
        self,
        keys: NDArray[np.int64],
        users: NDArray[np.int64],
        created: NDArray[np.int64],
        vectors: NDArray[np.float32],
    ) -> None:
        """Adds rows, for which there is room and whose keys are higher than those before."""
        place, end = self.rows, self.rows + len(keys)
        self.keys[place:end], self.users[place:end] = keys, users
        self.created[place:end] = created
        measures = self.scales, self.errors
        library = kernel.load_kernel()
        if library is None:
            _encode(vectors, place, self.codes, measures)
        else:
            kernel.encode(library, vectors, place, self.codes, measures, LONGEST)
        self.rows = end

    def find(self, keys: NDArray[np.int64]) -> NDArray[np.intp]:
        """The rows of those of these keys, each told once, that are here and not gone."""
        return self.view(0).find(keys)

    def remove(self, rows: NDArray[np.intp]) -> None:
        """Makes these rows gaps, with nothing left of their templates."""
        self.errors[rows] = -np.inf
        self.scales[rows] = 0
        self.users[rows] = NOBODY
        self.created[rows] = 0
        self.codes[rows // BLOCK, :, rows % BLOCK] = ZERO
        self.gaps += len(rows)

    def present(self) -> NDArray[np.intp]:
        """Its rows that are no gaps."""
        return self.view(0).present()

    def compacted(self) -> Slab:
        """The same without gaps."""
        rows = self.present()
        made = Slab(self.dimension, len(rows) + self.room)
        made.rows = len(rows)
        for name in ("keys", "users", "created", "scales", "errors"):
            getattr(made, name)[: len(rows)] = getattr(self, name)[rows]
        places = np.arange(len(rows))
        made.codes[places // BLOCK, :, places % BLOCK] = self.codes[rows // BLOCK, :, rows % BLOCK]
        return made


def decoded(slab: SlabView, start: int, end: int) -> NDArray[np.float32]:
    """Rows `start`, a multiple of 16, to `end` as the codes say they are: (end - start, width)."""
    blocks = slab.codes[start // BLOCK : -(-end // BLOCK)].astype(np.float32) - ZERO
    rows = blocks.transpose(0, 2, 1, 3).reshape(len(blocks) * BLOCK, -1)[: end - start]
    return rows * slab.scales[start:end, None]


def _encode(
    vectors: NDArray[np.float32],
    place: int,
    codes: NDArray[np.uint8],
    measures: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """As `reknown_encode` does."""
    some = max(1, _VALUES // vectors.shape[1])
    for start in range(0, len(vectors), some):
        _encode_some(vectors[start : start + some], place + start, codes, measures)


def _encode_some(
    vectors: NDArray[np.float32],
    place: int,
    codes: NDArray[np.uint8],
    measures: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    rows = np.arange(place, place + len(vectors))
    exact = vectors.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        square = (exact * exact).sum(axis=1)
    sound = np.isfinite(square) & (square <= LONGEST**2) & (np.abs(vectors).max(axis=1) >= _LEAST)
    safe = np.where(sound[:, None], vectors, np.float32(0))
    largest = np.abs(safe).max(axis=1)
    scales = np.where(sound, largest / np.float32(127), np.float32(0))
    inverse = np.divide(np.float32(127), largest, where=sound, out=np.zeros_like(largest))
    rounded = np.rint(safe * inverse[:, None])
    rest = safe.astype(np.float64) - (rounded * scales[:, None]).astype(np.float64)
    missing = np.sqrt((rest * rest).sum(axis=1)) * (1 + 1e-6) + 1e-7
    width = codes.shape[1] * GROUP
    padded = np.full((len(vectors), width), ZERO, np.uint8)
    padded[:, : vectors.shape[1]] = rounded + ZERO
    codes[rows // BLOCK, :, rows % BLOCK] = padded.reshape(len(vectors), -1, GROUP)
    measures[0][rows], measures[1][rows] = scales, np.where(sound, missing, np.inf)


def _empty(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Memory in large pages, which a scan reads a third faster; none is taken before it is used."""
    size = prod(shape)
    if size < _HUGE or not hasattr(mmap, "MADV_HUGEPAGE"):
        return np.empty(shape, np.uint8)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8).reshape(shape)


def walk(slabs: Iterable[Slab]) -> Iterator[SlabView]:
    """All rows, numbered from 0 through all slabs."""
    first = 0
    for slab in slabs:
        view = slab.view(first)
        yield view
        first += view.rows
