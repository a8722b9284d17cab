"""The cameras file as it is now: whoever corrects it need not end what watches other cameras."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from reknown.video.live.cameras import load_cameras

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reknown.video.live.cameras import Camera


class CamerasFile:
    """The `cameras` in the file, by name, as they were when it was read last.

    Raises what `load_cameras` does.
    """

    cameras: Mapping[str, Camera]

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._read()

    def read_again(self) -> bool:
        """Reads the file if it was written since, and says whether its cameras are others now.

        Raises `InputError`, once, where it became wrong: the cameras stay as they were.
        """
        before = self.cameras
        if self._stamp() != self._seen:
            self._read()
        return self.cameras != before

    def _read(self) -> None:
        self._seen = self._stamp()  # before it is read: what is written meanwhile is read next time
        self.cameras = load_cameras(self._path)

    def _stamp(self) -> tuple[int, ...] | None:
        """Another one once it was written, replaced, or given other rights."""
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_ctime_ns, found.st_size
