"""Memory that a decoder writes pixels into and its pool reads them from, without a copy."""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import weakref
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A PPM begins with its sizes.
_LONGEST_HEAD = 64
# Larger ones cost so much to decode that new memory for them does not matter.
_KEPT_SIZE = 4 * 2**20
_KEPT = 4


class Room:
    """Shared memory of fixed size; `descriptor` is for a decoder to write a PPM into."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.descriptor = _nameless_file(size)
        weakref.finalize(self, os.close, self.descriptor)
        self._memory = mmap.mmap(self.descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ)

    def pixels(self, width: int, height: int) -> NDArray[np.uint8]:
        """RGB uint8 (height, width, 3), read only; raises `ValueError` when it has no such size."""
        head = len(b"P6\n%d %d\n255\n" % (width, height))
        size = 3 * width * height
        if not size or head + size > self.size:
            raise ValueError("there is no room for that")
        flat = np.frombuffer(self._memory, np.uint8, size, head)
        return flat.reshape(height, width, 3)


class Rooms:
    """Those of one decoder: small ones are used again when nobody looks at their pixels."""

    def __init__(self) -> None:
        self._free: deque[Room] = deque()

    def take(self, pixels: int) -> Room:
        """Room for so many."""
        size = 3 * pixels + _LONGEST_HEAD
        if size > _KEPT_SIZE:
            return Room(size)
        return self._free.pop() if self._free else Room(_KEPT_SIZE)

    def give_back_after(self, pixels: NDArray[np.uint8], room: Room) -> None:
        """Once the pixels and all views of them are gone."""
        if room.size == _KEPT_SIZE and len(self._free) < _KEPT:
            # without a lock: it may run anywhere, in the middle of anything
            weakref.finalize(_ground(pixels), self._free.append, room).atexit = False


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
