"""Who else may read and write a data folder: nobody."""

from __future__ import annotations

import logging
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DATABASE = "reknown.db"
KEYS = "keys.db"
# The master key is refused by whoever opens it, as a secret that others have seen is none.
_FILES = tuple(f"{name}{end}" for name in (DATABASE, KEYS) for end in ("", "-wal", "-shm"))
_logger = logging.getLogger(__name__)
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def close_to_others(folder: Path) -> None:
    """Takes from other users what they may do in the folder, and says so.

    Raises `DatabaseError` where only its owner could do that.
    """
    for path, mode in _open_to_others(folder):
        try:
            path.chmod(mode & ~OTHERS)
        except OSError as error:
            raise DatabaseError(
                f"other users can access {path}, and it belongs to one of them: give a data folder "
                "of your own"
            ) from error
        _logger.warning("other users could access %s: now its owner alone can", path)


def make_folder(folder: Path) -> None:
    """A data folder for what is of this machine alone; where it cannot be, it is done without."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def open_to_others(folder: Path) -> list[Path]:
    """What other users could read or write: the folder itself, the database, its log."""
    return [path for path, _ in _open_to_others(folder)]


def _open_to_others(folder: Path) -> Iterator[tuple[Path, int]]:
    for path in (folder, *(folder / name for name in _FILES)):
        try:
            found = os.stat(path)
        except FileNotFoundError:
            continue
        if found.st_mode & OTHERS:
            yield path, stat.S_IMODE(found.st_mode)
