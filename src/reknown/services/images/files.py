"""Files that may be images, wherever they lie and whatever they are called."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_BYTES = ImageLimits().max_bytes


def require_places(places: Iterable[Path]) -> None:
    """Raises `InputError` unless there is a folder or a file at each of the `places`."""
    for place in places:
        try:
            place.stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no such file"
            raise InputError(f"cannot read {place}: {reason.lower()}") from error


def files_below(places: Iterable[Path]) -> Iterator[Path]:
    """The files in these folders, at any depth, in order of name; a place may be a file itself.

    Left out is what cannot be an image: no regular file, empty, or above the limit for
    images. Names say nothing, as they may have changed. Links to folders are not followed;
    folders that cannot be read come as if they were files, to be complained of in their turn.
    """
    for place in places:
        if not place.is_dir():
            yield place
            continue
        unread: list[OSError] = []
        for folder, below, names in os.walk(place, onerror=unread.append):
            below.sort()
            paths = (Path(folder, name) for name in sorted(names))
            yield from (path for path in paths if _may_be_image(path))
        yield from (Path(error.filename) for error in unread)


def _may_be_image(path: Path) -> bool:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return True  # reading it says why that does not work
    return stat.S_ISREG(found.st_mode) and 0 < found.st_size <= _MAX_BYTES
