"""Memory that a decoder writes pixels into and its pool reads them from, without a copy."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import weakref
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Larger images cost so much to decode that new memory for them does not matter.
_KEPT_BYTES = 4 * 2**20
_KEPT_ROOMS = 4


class PixelRoom:
    """Shared memory of fixed size for a decoder to write RGB into.

    Those to be used again have a `number` from 1 on and are handed over once.
    """

    def __init__(self, size: int, number: int = 0) -> None:
        self.size = size
        self.number = number
        self._file = _nameless_file(size)
        self._memory = mmap.mmap(self._file, size, mmap.MAP_SHARED, mmap.PROT_READ)
        self._handed_over = weakref.finalize(self, os.close, self._file)

    @contextmanager
    def handed_over(self) -> Iterator[list[int]]:
        """Its descriptor to be sent along, for the first time."""
        yield [self._file] if self._handed_over.alive else []
        self._handed_over()

    def pixels(self, width: int, height: int) -> NDArray[np.uint8]:
        """RGB uint8 (height, width, 3), read only; raises `ValueError` when it has no such size."""
        size = 3 * width * height
        if not size or size > self.size:
            raise ValueError("there is no room for that")
        return np.frombuffer(self._memory, np.uint8, size).reshape(height, width, 3)


class PixelRooms:
    """Those of one decoder: small ones are used again when nobody looks at their pixels."""

    def __init__(self) -> None:
        self._free: deque[PixelRoom] = deque()
        self._made = 0

    def take(self, pixels: int) -> PixelRoom:
        """PixelRoom for so many."""
        if 3 * pixels <= _KEPT_BYTES:
            if self._free:
                return self._free.pop()
            if self._made < _KEPT_ROOMS:
                self._made += 1
                return PixelRoom(_KEPT_BYTES, self._made)
        return PixelRoom(3 * pixels)

    def give_back(self, room: PixelRoom) -> None:
        """To be used again at once."""
        if room.number:
            self._free.append(room)

    def give_back_after(self, pixels: NDArray[np.uint8], room: PixelRoom) -> None:
        """Once the pixels and all views of them are gone."""
        # without a lock: it may run anywhere, in the middle of anything
        weakref.finalize(_ground(pixels), self.give_back, room).atexit = False


def _ground(pixels: NDArray[np.uint8]) -> object:
    """What every view of the pixels keeps alive."""
    base: object = pixels
    while isinstance(base, np.ndarray):
        base = base.base
    return base


def _nameless_file(size: int) -> int:
    """Who has it can neither cut nor lengthen it under our feet, where the system allows."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return os.dup(file.fileno())
    descriptor = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.truncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return descriptor
