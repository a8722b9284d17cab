"""A film of a camera, written while it goes on: whatever ends it, what is there can be played."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
from av.video.frame import PictureType

from reknown.video.encoding import add_video, encodable, even

if TYPE_CHECKING:
    from datetime import datetime
    from io import FileIO

    from numpy.typing import NDArray

_MILLISECONDS = Fraction(1, 1000)
_RATE = 25
# Each frame is out as soon as it is in, by one thread: the watch needs the others.
_AT_ONCE = {"tune": "zerolatency"}
# Each part of a second can be played without those after it, and is in the file when it is over.
_IN_PARTS = {
    "movflags": "empty_moov+default_base_moof",
    "frag_duration": "1000000",
    "flush_packets": "1",
}
_WHOLE_MS = 5000


class FilmWriter:
    """Writes H.264 in a fragmented MP4 to a file that it owns and does not read."""

    def __init__(self, file: FileIO) -> None:
        self._output = _Output(file)
        self._container: Any = None
        self._stream: Any = None
        self._size = (0, 0)
        self._first_ms = self._last = self._whole_at = 0
        self.frames = 0

    @property
    def duration_ms(self) -> int:
        """From its first frame to its last."""
        return self._last

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self._output.size

    @property
    def sha256(self) -> str:
        """That of its bytes so far."""
        return self._output.digest.hexdigest()

    def write(self, pixels: NDArray[np.uint8], time_ms: int, at: datetime) -> None:
        """One more RGB frame of that time, `at` by the wall's clock; raises as PyAV does.

        All are as large as the first one: another one is fitted in.
        """
        if self._container is None:
            self._begin(even(pixels), time_ms, at)
        frame = _fitted(pixels, self._size)
        # two frames of one millisecond are shown one after the other
        self._last = max(time_ms - self._first_ms, self._last + 1) if self.frames else 0
        made = encodable(frame, self._last, _MILLISECONDS)
        if self._last >= self._whole_at:
            made.pict_type, self._whole_at = PictureType.I, self._last + _WHOLE_MS
        self._container.mux(self._stream.encode(made))
        self.frames += 1

    def close(self) -> None:
        """Writes its end, down to the disk; raises as `write` does, and is closed all the same."""
        try:
            if self._container is not None:
                self._container.mux(self._stream.encode(None))
                self._container.close()
        finally:
            self._output.close()

    def _begin(self, pixels: NDArray[np.uint8], time_ms: int, at: datetime) -> None:
        self._first_ms, self._size = time_ms, (pixels.shape[1], pixels.shape[0])
        self._container = av.open(self._output, "w", format="mp4", options=_IN_PARTS)
        self._container.metadata["creation_time"] = at.astimezone(UTC).isoformat()
        self._stream = add_video(self._container, pixels, _RATE, _MILLISECONDS, _AT_ONCE)
        self._stream.codec_context.thread_count = 1


class _Output:
    """A file that can only be added to, and the digest of what is in it."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        left = memoryview(bytes(data))
        while left:
            count = self._file.write(left) or 0
            self.digest.update(left[:count])
            self.size += count
            left = left[count:]
        return len(data)

    def close(self) -> None:
        try:
            os.fsync(self._file.fileno())
        finally:
            self._file.close()


def _fitted(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The frame in this width and height, with black beside or above what it does not fill."""
    width, height = size
    found = pixels.shape[:2]
    if (found[0] - found[0] % 2, found[1] - found[1] % 2) == (height, width):
        return even(pixels)
    scale = min(width / found[1], height / found[0])
    inner = max(round(found[1] * scale), 1), max(round(found[0] * scale), 1)
    made = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    shrunk = cv2.resize(pixels, inner, interpolation=cv2.INTER_AREA)
    made[top : top + inner[1], left : left + inner[0]] = shrunk
    return made
