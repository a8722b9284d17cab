"""Folders of people's files: what of them is left alone, wherever one is walked through."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator

IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".avif", ".bmp", ".gif", ".heic", ".heif"}
    | {".hif", ".tif", ".tiff", ".webp"}
)
HIDDEN = "hidden files and folders, and those of the system"
LINKS = "links, which are not followed"
OTHERS = "files that are no images by their names"
# What network storage, Windows, macOS and Linux put beside people's files.
_OF_SYSTEMS = frozenset(
    {"@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "recycler"}
    | {"system volume information", "thumbs.db", "desktop.ini", "__macosx", "lost+found"}
)


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or a system's own."""
    return name.startswith(".") or name.lower() in _OF_SYSTEMS


def images_at(places: Iterable[Path], left_out: Counter[str]) -> Iterator[Path]:
    """These files, and in place of a folder the images below it, by name and in its order.

    Links are not followed, what is hidden is left alone; `left_out` counts all that by reason. A
    folder that cannot be read comes as if it were a file, to be complained of in its turn.
    """
    for place in places:
        if not place.is_dir():
            yield place
            continue
        unread: list[OSError] = []
        for folder, below, names in os.walk(place, onerror=unread.append):
            below[:] = sorted(
                name for name in below if not _left_alone(Path(folder, name), left_out)
            )
            for path in (Path(folder, name) for name in sorted(names)):
                if _left_alone(path, left_out):
                    continue
                if path.suffix.lower() in IMAGE_ENDINGS:
                    yield path
                else:
                    left_out[OTHERS] += 1
        yield from (Path(error.filename) for error in unread)


def _left_alone(path: Path, left_out: Counter[str]) -> bool:
    reason = LINKS if path.is_symlink() else HIDDEN if is_hidden(path.name) else None
    if reason is not None:
        left_out[reason] += 1
    return reason is not None
