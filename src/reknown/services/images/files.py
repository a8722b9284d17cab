"""Files that may be images, wherever they lie and whatever they are called."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.vision.folders import walk
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MAX_BYTES = ImageLimits().max_bytes


def require_places(places: Iterable[Path]) -> None:
    """Raises `InputError` unless there is a folder or a file at each of the `places`."""
    for place in places:
        try:
            place.stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no such file"
            raise InputError(f"cannot read {place}: {reason.lower()}") from error


def files_below(places: Iterable[Path], *, hidden: bool = False) -> Iterator[Path]:
    """The files in these folders, at any depth, in order of name; a place may be a file itself.

    Left out is what cannot be an image: no regular file, empty, or above the limit for
    images. Names say nothing, as they may have changed. What is hidden or the system's own is
    left alone but with `hidden`, for those who look for known bytes; links to folders are not
    followed. A folder that cannot be read comes as if it were a file, to be complained of in its
    turn.
    """
    for place in places:
        if place.is_dir():
            found = walk(place, links=True, hidden=hidden)
            yield from (path for path in found if _may_be_image(path))
        else:
            yield place


def is_folder(place: Path | str) -> bool:
    """Whether there is one; for what cannot be looked at, reading it says why."""
    try:
        return stat.S_ISDIR(os.stat(place).st_mode)
    except (OSError, ValueError):
        return False


def is_file(place: Path | str) -> bool:
    """Whether there is a regular file for sure."""
    try:
        return stat.S_ISREG(os.stat(place).st_mode)
    except (OSError, ValueError):
        return False


def _may_be_image(path: Path) -> bool:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return True  # reading it says why that does not work
    # a folder that cannot be read comes through too
    if stat.S_ISDIR(found.st_mode):
        return True
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MAX_BYTES
