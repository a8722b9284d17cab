"""Video files: opened, and analysed where nothing can be harmed."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.biometrics.tracks import VideoAnalysis
    from reknown.services.context import Platform
    from reknown.video.isolation import Progress


@contextmanager
def open_clip(path: Path) -> Iterator[BinaryIO]:
    """The open file; raises `InputError` for what is not a readable file (a folder, a pipe)."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a name of a file"
        raise InputError(f"cannot read {path}: {reason.lower()}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"cannot read {path}: not a regular file")
    with os.fdopen(descriptor, "rb") as file:
        yield file


def analyse_clip(
    platform: Platform, path: Path, pack: str, progress: Progress, *, cut_outs: bool = False
) -> VideoAnalysis:
    """All faces of a video file, with cut-outs of their best views if wanted.

    Raises `InputError`, `VideoError`, `ModelError`.
    """
    with open_clip(path) as file:
        return platform.executor.analyse(file, pack, progress, cut_outs=cut_outs)
